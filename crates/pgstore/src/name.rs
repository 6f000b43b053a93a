//! A cookie's name, which is also signed into everything that the session seals.

use std::sync::Arc;

use crate::wire::ErrorClass;

/// A cookie's name: a token of RFC 7230, as Go demands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CookieName(Arc<str>);

/// How long a name may be: browsers keep 4096 bytes of name and value, of which a sealed ID takes
/// at most 200.
const LONGEST: usize = 4096 - 200;

impl CookieName {
    /// Takes a name if it can be one.
    ///
    /// # Errors
    /// [`CookieError::Name`], when it is empty or has a character that no token has;
    /// [`CookieError::NameTooLong`], when browsers would not keep a cookie of that name.
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

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it begins so. Browsers look at the prefixes of names without regard to case.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        self.0
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }
}

/// What is wrong with a cookie's name, or with its attributes under that name. Browsers would
/// drop the cookie without a word, so it is refused when the layer or the session is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is not a token: letters, digits and ``!#$%&'*+-.^_`|~`` are.
    #[error("invalid character in the cookie name {name:?}, or none at all")]
    #[non_exhaustive]
    Name {
        /// The name as given.
        name: String,
    },
    /// The name leaves no room for a value.
    #[error("the cookie name is {bytes} bytes long, the limit is {LONGEST}")]
    #[non_exhaustive]
    NameTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A name that begins with `__Host-` promises more than the attributes hold.
    #[error("a cookie name that begins with __Host- wants Secure, Path=/ and no Domain")]
    HostPrefix,
    /// A name that begins with `__Secure-` promises more than the attributes hold.
    #[error("a cookie name that begins with __Secure- wants Secure")]
    SecurePrefix,
    /// A cookie for requests from everywhere must be kept from plain http.
    #[error("SameSite=None wants Secure")]
    SameSiteNone,
    /// The manager's options have a negative maximal age, which would end every session at once.
    #[error("a negative maximal age deletes a session: set it on the session, not for all of them")]
    Deletes,
    /// Browsers keep no cookie longer than 400 days.
    #[error("the cookie's maximal age is more than 400 days")]
    MaxAge,
}

impl CookieError {
    /// Always [`ErrorClass::Usage`].
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
