//! A cookie's name, which is also signed into everything that the session seals.

use std::sync::Arc;

use crate::wire::Blame;

/// A cookie's name: a token of RFC 7230, as Go demands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CookieName(Arc<str>);

impl CookieName {
    /// Takes a name if it can be one.
    ///
    /// # Errors
    /// [`InvalidCookieName`], when it is empty or has a character that no token has.
    // Go: gorilla/sessions sessions.go isCookieNameValid.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidCookieName> {
        let name = name.into();
        if !name.is_empty() && name.bytes().all(is_token) {
            Ok(Self(name.into()))
        } else {
            Err(InvalidCookieName { name })
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A cookie's name is not a token: letters, digits and ``!#$%&'*+-.^_`|~`` are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid character in the cookie name {name:?}, or none at all")]
#[non_exhaustive]
pub struct InvalidCookieName {
    /// The name as given.
    pub name: String,
}

impl InvalidCookieName {
    /// Always [`Blame::Usage`].
    #[must_use]
    pub fn blame(&self) -> Blame {
        Blame::Usage
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_token_are_refused() {
        for bad in ["", "a b", "a=b", "a;b", "ä", "a\0"] {
            assert_eq!(CookieName::new(bad).unwrap_err().name, bad);
        }
        assert!(CookieName::new("__Host-session.id!").is_ok());
    }
}
