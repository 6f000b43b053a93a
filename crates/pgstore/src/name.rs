//! A cookie's name. Everything that the session seals is signed together with it.

use std::sync::Arc;

use crate::error_text::debug_as_text;
use crate::wire::ErrorClass;

/// A cookie's name: a token of RFC 7230, as Go requires.
///
/// ```
/// use pgstore::{CookieError, CookieName};
///
/// let name = CookieName::new("__Host-session")?;
/// assert_eq!(name.as_str(), "__Host-session");
/// assert!(matches!(CookieName::new("a name"), Err(CookieError::Name { .. })));
/// # Ok::<(), CookieError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CookieName(Arc<str>);

/// The end of the name of the cookie that carries a stranger's CSRF seed.
const OF_SEED: &str = "-csrf";

/// The length that a name may have. Browsers keep 4096 bytes of name and value, and a sealed ID or
/// seed takes at most 200 of them.
const LONGEST: usize = 4096 - 200 - OF_SEED.len();

impl CookieName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`CookieError::Name`] if it is empty or has a character that a token cannot have;
    /// [`CookieError::NameTooLong`] if browsers would not keep a cookie of that name.
    // Go: gorilla/sessions sessions.go isCookieNameValid.
    pub fn new(name: impl Into<String>) -> Result<Self, CookieError> {
        let name = name.into();
        if name.is_empty() || !name.bytes().all(is_token) {
            Err(CookieError::Name { name })
        } else if name.len() > LONGEST {
            Err(CookieError::NameTooLong { bytes: name.len() })
        } else {
            Ok(Self(name.into()))
        }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the cookie that carries a stranger's CSRF seed. It has the prefix of this name, so
    /// that browsers enforce the same attributes.
    pub(crate) fn of_seed(&self) -> Self {
        Self(format!("{}{OF_SEED}", self.0).into())
    }

    /// Whether a text is the name of the cookie that carries a stranger's CSRF seed.
    pub(crate) fn is_of_seed(&self, text: &[u8]) -> bool {
        text.strip_prefix(self.0.as_bytes()) == Some(OF_SEED.as_bytes())
    }

    /// Whether the name has this prefix. Browsers compare prefixes without regard to case.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        self.0
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }
}

/// Why browsers would drop a cookie without a message: its name, or its attributes under that name.
/// It is refused when the manager, the layer or the session is made.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is not a token: letters, digits and ``!#$%&'*+-.^_`|~`` are allowed.
    #[error(
        "invalid character in the cookie name {name:?}: use letters, digits and !#$%&'*+-.^_`|~"
    )]
    #[non_exhaustive]
    Name {
        /// The name as given.
        name: String,
    },
    /// The name leaves no room for a value.
    #[error("the cookie name is {bytes} bytes long: use at most {LONGEST}")]
    #[non_exhaustive]
    NameTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A name that begins with `__Host-` requires attributes that are not set.
    #[error(
        "a cookie name that begins with __Host- requires Secure, Path=/ and no Domain: set these in the cookie options, or use another name"
    )]
    HostPrefix,
    /// A name that begins with `__Secure-` requires an attribute that is not set.
    #[error(
        "a cookie name that begins with __Secure- requires Secure: set it in the cookie options, or use another name"
    )]
    SecurePrefix,
    /// A cookie for requests from other sites must not be sent over plain http.
    #[error(
        "a cookie with SameSite=None requires Secure: set both in the cookie options, or another SameSite"
    )]
    SameSiteNone,
    /// The manager's options have a negative maximal age, which would end every session at once.
    #[error(
        "a negative maximal age for all sessions would end each at once: set a positive one in the cookie options; to end one session, destroy it"
    )]
    Deletes,
    /// Browsers keep no cookie longer than 400 days.
    #[error("the cookie's maximal age is more than 400 days: set a shorter one")]
    MaxAge,
}

debug_as_text!(CookieError);

impl CookieError {
    /// Returns [`ErrorClass::Usage`], always.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
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
            assert_eq!(
                CookieName::new(bad),
                Err(CookieError::Name {
                    name: bad.to_owned()
                })
            );
        }
        assert!(CookieName::new("__Host-session.id!").is_ok());
        assert!(CookieName::new("n".repeat(LONGEST)).is_ok());
        let error = CookieName::new("n".repeat(LONGEST + 1)).unwrap_err();
        assert_eq!(error, CookieError::NameTooLong { bytes: LONGEST + 1 });
    }
}
