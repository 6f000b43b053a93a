//! What a session's cookie carries besides its value.

use std::time::Duration;

/// A cookie's attributes: secure by default, Go's with [`CookieOptions::go`].
///
/// | | default | as in Go |
/// |---|---|---|
/// | Path | `/` | `/` |
/// | Domain | none: this host only | none |
/// | Max-Age and Expires | 30 days | 30 days |
/// | Secure | yes | no |
/// | HttpOnly | yes | no |
/// | SameSite | `Lax` | none |
/// | Partitioned | no | no |
///
/// ```
/// use std::time::Duration;
/// use pgstore::{CookieOptions, SameSite};
///
/// let options = CookieOptions::default()
///     .same_site(SameSite::Strict)
///     .max_age(Duration::from_secs(8 * 60 * 60));
/// # assert_ne!(options, CookieOptions::go());
/// ```
// Go: gorilla/sessions options.go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieOptions {
    pub(crate) path: String,
    pub(crate) domain: String,
    pub(crate) max_age: MaxAge,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: SameSite,
    pub(crate) partitioned: bool,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
            ..Self::go()
        }
    }
}

impl CookieOptions {
    /// What Go's pgstore sets unless told otherwise: Path and 30 days, and nothing that protects.
    // Go: pgstore.go NewPGStoreFromPool.
    #[must_use]
    pub fn go() -> Self {
        Self {
            path: "/".to_owned(),
            domain: String::new(),
            max_age: MaxAge::For(Duration::from_secs(30 * 24 * 60 * 60)),
            secure: false,
            http_only: false,
            same_site: SameSite::Unset,
            partitioned: false,
        }
    }

    /// Sets the path below which the browser sends the cookie. An empty one is left out, and the
    /// browser takes the request's. Bytes that a cookie cannot hold are dropped, as in Go.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the domain whose hosts all get the cookie; empty for this host alone. A leading dot
    /// is dropped, and so is what is no domain, as in Go.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Sets how long the browser keeps the cookie.
    #[must_use]
    pub fn max_age(mut self, max_age: impl Into<MaxAge>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Sets whether the browser sends the cookie over https only. Turn it off for local
    /// development over plain http, nowhere else.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets whether scripts of the page are kept from reading the cookie.
    #[must_use]
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets on which requests from other sites the browser sends the cookie.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Sets whether the cookie is kept apart for each top-level site (CHIPS).
    #[must_use]
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }
}

/// How long a session's cookie lasts.
///
/// From a number of seconds it is read as in Go: positive lasts that long, 0 until the browser
/// closes, negative deletes the session.
///
/// ```
/// use std::time::Duration;
/// use pgstore::MaxAge;
///
/// assert_eq!(MaxAge::from(60), MaxAge::For(Duration::from_secs(60)));
/// assert_eq!(MaxAge::from(0), MaxAge::UntilBrowserCloses);
/// assert_eq!(MaxAge::from(-1), MaxAge::Delete);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // Positive, zero, negative: there is no fourth.
pub enum MaxAge {
    /// That long; whole seconds count.
    For(Duration),
    /// Until the browser is closed. On the server it lasts as long as the codec's maximal age.
    UntilBrowserCloses,
    /// Not at all: saving deletes the session's row and tells the browser to drop the cookie.
    Delete,
}

impl From<Duration> for MaxAge {
    fn from(duration: Duration) -> Self {
        if duration.as_secs() == 0 {
            Self::UntilBrowserCloses
        } else {
            Self::For(duration)
        }
    }
}

impl From<i64> for MaxAge {
    fn from(seconds: i64) -> Self {
        match u64::try_from(seconds) {
            Ok(seconds) => Duration::from_secs(seconds).into(),
            Err(_) => Self::Delete,
        }
    }
}

/// On which requests from other sites the browser sends the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // RFC 6265bis has these.
pub enum SameSite {
    /// No attribute: the browser decides.
    Unset,
    /// When the user follows a link to this site.
    Lax,
    /// Never.
    Strict,
    /// Always. Browsers want [`Secure`](CookieOptions::secure) with it.
    None,
}
