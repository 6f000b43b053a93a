//! The attributes of a session's cookie.

use std::borrow::Cow;
use std::time::Duration;

use crate::name::{CookieError, CookieName};

/// A cookie's attributes: secure by default, or Go's with [`CookieOptions::go`].
///
/// | | default | as in Go |
/// |---|---|---|
/// | Path | `/` | `/` |
/// | Domain | none: this host only | none |
/// | Max-Age and Expires | the manager's maximal age: 30 days | 30 days |
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
#[doc(alias = "Options")]
pub struct CookieOptions {
    pub(crate) path: Cow<'static, str>,
    pub(crate) domain: Cow<'static, str>,
    /// `None` until the application or the manager sets it.
    pub(crate) max_age: Option<MaxAge>,
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
    /// Returns the attributes that Go's pgstore sets by default: Path and 30 days, without
    /// protection from scripts, plain http and other sites.
    ///
    /// ```
    /// use pgstore::CookieOptions;
    ///
    /// let like_go = CookieOptions::go().http_only(true);
    /// # assert_ne!(like_go, CookieOptions::go());
    /// ```
    // Go: pgstore.go NewPGStoreFromPool.
    #[must_use]
    pub fn go() -> Self {
        Self {
            path: "/".into(),
            domain: "".into(),
            max_age: None,
            secure: false,
            http_only: false,
            same_site: SameSite::Unset,
            partitioned: false,
        }
    }

    /// Sets the path below which the browser sends the cookie. Default: `/`.
    ///
    /// An empty path is left out, and the browser takes the request's. Bytes that a cookie cannot
    /// hold are dropped, as in Go.
    ///
    /// ```
    /// # use pgstore::CookieOptions;
    /// let options = CookieOptions::default().path("/app");
    /// ```
    #[must_use]
    #[doc(alias = "with_path")]
    pub fn path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the domain whose hosts all get the cookie. Default: empty, for this host alone.
    ///
    /// A leading dot is dropped, and so is a text that is not a domain, as in Go.
    ///
    /// ```
    /// # use pgstore::CookieOptions;
    /// let options = CookieOptions::default().domain("example.com");
    /// ```
    #[must_use]
    #[doc(alias = "with_domain")]
    pub fn domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Sets how long the browser keeps the cookie, and the store the row. At most 400 days. Default:
    /// [`SessionManagerBuilder::max_age`](crate::SessionManagerBuilder::max_age), which no session
    /// outlives except by its own [`set_max_age`](crate::Session::set_max_age).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{CookieOptions, MaxAge};
    /// let eight_hours = CookieOptions::default().max_age(Duration::from_secs(8 * 60 * 60));
    /// let until_the_browser_closes = CookieOptions::default().max_age(MaxAge::UntilBrowserCloses);
    /// ```
    #[must_use]
    #[doc(alias = "with_expiry")]
    pub fn max_age(mut self, max_age: impl Into<MaxAge>) -> Self {
        self.max_age = Some(max_age.into());
        self
    }

    /// Sets whether the browser sends the cookie over https only. Default: yes.
    ///
    /// Turn it off only for local development over plain http. Browsers treat `localhost` as secure.
    ///
    /// ```
    /// # use pgstore::CookieOptions;
    /// let options = CookieOptions::default().secure(!cfg!(debug_assertions));
    /// ```
    #[must_use]
    #[doc(alias = "with_secure")]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets whether the browser hides the cookie from the page's scripts. Default: yes.
    ///
    /// ```
    /// # use pgstore::CookieOptions;
    /// let options = CookieOptions::go().http_only(true);
    /// ```
    #[must_use]
    #[doc(alias = "with_http_only")]
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets on which requests from other sites the browser sends the cookie. Default:
    /// [`SameSite::Lax`].
    ///
    /// ```
    /// # use pgstore::{CookieOptions, SameSite};
    /// let options = CookieOptions::default().same_site(SameSite::Strict);
    /// ```
    #[must_use]
    #[doc(alias = "with_same_site")]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Sets whether the browser keeps the cookie apart for each top-level site (CHIPS). Default: no.
    ///
    /// ```
    /// # use pgstore::{CookieOptions, SameSite};
    /// // For a page that other sites embed.
    /// let options = CookieOptions::default().same_site(SameSite::None).partitioned(true);
    /// ```
    #[must_use]
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }
}

impl CookieOptions {
    /// The longest time that browsers keep a cookie, in seconds: 400 days.
    // RFC 6265bis, section 5.5.
    pub(crate) const LONGEST: i64 = 400 * 24 * 60 * 60;

    /// The maximal age; 30 days if none was set.
    pub(crate) fn lasting(&self) -> MaxAge {
        self.max_age
            .unwrap_or(MaxAge::For(Duration::from_secs(30 * 24 * 60 * 60)))
    }

    /// The same options, with this maximal age if none was set.
    pub(crate) fn or_max_age(mut self, max_age: MaxAge) -> Self {
        self.max_age.get_or_insert(max_age);
        self
    }

    /// Whether browsers keep a cookie of this name with these attributes.
    // RFC 6265bis, section 4.1.3 (prefixes).
    pub(crate) fn check(&self, name: &CookieName) -> Result<(), CookieError> {
        let for_host_only = self.secure && self.path == "/" && self.domain.is_empty();
        if name.has_prefix("__Host-") && !for_host_only {
            Err(CookieError::HostPrefix)
        } else if name.has_prefix("__Secure-") && !self.secure {
            Err(CookieError::SecurePrefix)
        } else {
            self.check_attributes()
        }
    }

    /// Whether browsers keep a cookie with these attributes under any name.
    // RFC 6265bis, sections 5.6.7 (SameSite) and 5.5 (400 days).
    pub(crate) fn check_attributes(&self) -> Result<(), CookieError> {
        let longest = Duration::from_secs(Self::LONGEST.unsigned_abs());
        match self.lasting() {
            _ if self.same_site == SameSite::None && !self.secure => Err(CookieError::SameSiteNone),
            MaxAge::For(age) if age > longest => Err(CookieError::MaxAge),
            _ => Ok(()),
        }
    }
}

/// How long a session's cookie lasts.
///
/// A number of seconds means what it means in Go: a positive one lasts that long, 0 lasts until the
/// browser closes, a negative one deletes the session.
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
#[allow(clippy::exhaustive_enums)] // Positive, zero and negative are all there is.
pub enum MaxAge {
    /// This long, in whole seconds.
    For(Duration),
    /// Until the browser is closed. On the server the session lasts for the manager's maximal age.
    UntilBrowserCloses,
    /// Not at all: saving deletes the session's row and removes the browser's cookie.
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

/// On which requests from other sites the browser sends a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // RFC 6265bis has these.
pub enum SameSite {
    /// No attribute: the browser decides.
    Unset,
    /// Only when the user follows a link to this site.
    Lax,
    /// Never.
    Strict,
    /// Always. Browsers require [`Secure`](CookieOptions::secure) with it.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, options: CookieOptions) -> Result<(), CookieError> {
        options.check(&CookieName::new(name).unwrap())
    }

    #[test]
    fn prefixed_names_enforce_their_attributes() {
        let secure = CookieOptions::default;
        assert_eq!(check("__Host-s", secure()), Ok(()));
        assert_eq!(
            check("__HOST-s", secure().secure(false)),
            Err(CookieError::HostPrefix)
        );
        assert_eq!(
            check("__Host-s", secure().path("/app")),
            Err(CookieError::HostPrefix)
        );
        assert_eq!(
            check("__Host-s", secure().domain("a.b")),
            Err(CookieError::HostPrefix)
        );
        assert_eq!(
            check("__Secure-s", secure().path("/app").domain("a.b")),
            Ok(())
        );
        assert_eq!(
            check("__secure-s", secure().secure(false)),
            Err(CookieError::SecurePrefix)
        );
    }

    #[test]
    fn same_site_none_requires_secure() {
        let options = CookieOptions::default().same_site(SameSite::None);
        assert_eq!(check("s", options.clone()), Ok(()));
        assert_eq!(
            check("s", options.secure(false)),
            Err(CookieError::SameSiteNone)
        );
    }

    #[test]
    fn no_cookie_lasts_longer_than_400_days() {
        let days = |days: i64| CookieOptions::default().max_age(days * 24 * 60 * 60);
        assert_eq!(check("s", days(400)), Ok(()));
        assert_eq!(check("s", days(401)), Err(CookieError::MaxAge));
    }
}
