//! What a browser remembers between requests.

use std::fmt;

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

use crate::clock::{Clock, SystemClock, Timestamp};

/// A browser's cookies: it follows the `Set-Cookie` headers of responses and gives the `Cookie`
/// header of the next request.
///
/// A cookie is kept under its name until a response replaces or removes it. A response removes it
/// with a `Max-Age` of zero or less or, if it has no `Max-Age`, with an `Expires` that is past by
/// the system's clock. `Path`, `Domain`, `Secure` and the passing of `Max-Age` are not modelled:
/// every cookie goes with every request.
///
/// ```
/// use http::HeaderMap;
/// use pgstore::testing::Cookies;
///
/// # async fn test(sessions: pgstore::SessionManager) -> Result<(), Box<dyn std::error::Error>> {
/// let mut cookies = Cookies::new();
/// let session = sessions.get(&cookies.request(), "session")?;
/// session.insert("user", "ada")?;
/// let mut response = HeaderMap::new();
/// sessions.save(&session, &mut response).await?;
/// cookies.follow(&response);
///
/// let session = sessions.get(&cookies.request(), "session")?;
/// assert_eq!(session.get::<String>("user").await?.as_deref(), Some("ada"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cookies {
    /// Names and values, in the order in which they were first set.
    pairs: Vec<(String, String)>,
}

impl Cookies {
    /// No cookies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The headers of a request that sends all cookies. It has no header if there are no cookies.
    #[must_use]
    pub fn request(&self) -> HeaderMap {
        let cookies = self.header().map(|cookies| (COOKIE, cookies));
        cookies.into_iter().collect()
    }

    /// The `Cookie` header that sends all cookies, or `None` if there are no cookies.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        if self.pairs.is_empty() {
            return None;
        }
        let pairs = self.pairs.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // They came out of header values, so they fit into one.
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Does what a response's `Set-Cookie` headers say. One that is not ASCII text is ignored.
    pub fn follow(&mut self, response: &HeaderMap) {
        for header in response.get_all(SET_COOKIE) {
            if let Ok(text) = header.to_str() {
                self.follow_one(text);
            }
        }
    }

    /// The value of a cookie, or `None` if the browser has none of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let (_, value) = pairs.find(|(its, _)| its == name)?;
        Some(value)
    }

    /// Sets a cookie as if a response had, for example to a forged value.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.pairs.iter_mut().find(|(its, _)| its == name) {
            Some((_, its)) => value.clone_into(its),
            None => self.pairs.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Forgets a cookie.
    pub fn remove(&mut self, name: &str) {
        self.pairs.retain(|(its, _)| its != name);
    }

    fn follow_one(&mut self, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let Some((name, value)) = pair else {
            return; // A browser ignores a cookie without a name.
        };
        if is_removal(parts) {
            self.remove(name);
        } else {
            self.set(name, value);
        }
    }
}

/// Shows names alone: the values are secrets.
impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.pairs.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// Whether attributes say that the cookie is over. `Max-Age` counts more than `Expires`.
fn is_removal<'a>(attributes: impl Iterator<Item = &'a str>) -> bool {
    let (mut seconds, mut expires) = (None, None);
    for (name, value) in attributes.filter_map(|attribute| attribute.split_once('=')) {
        if name.eq_ignore_ascii_case("max-age") {
            seconds = value.parse::<i64>().ok();
        } else if name.eq_ignore_ascii_case("expires") {
            expires = httpdate::parse_http_date(value).ok();
        }
    }
    match (seconds, expires) {
        (Some(seconds), _) => seconds <= 0,
        (None, Some(expires)) => Timestamp::from(expires) <= SystemClock.now(),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(set_cookies: &[&str]) -> Cookies {
        let mut cookies = Cookies::new();
        let headers = set_cookies
            .iter()
            .map(|text| (SET_COOKIE, text.parse().unwrap()));
        cookies.follow(&headers.collect());
        cookies
    }

    #[test]
    fn cookies_are_kept_by_name() {
        let cookies = after(&["a=1; Path=/; Secure", "b=2=2; Max-Age=60", "a=3"]);
        assert_eq!(cookies.request()[COOKIE], "a=3; b=2=2");
        assert_eq!(cookies.get("b"), Some("2=2"));
        assert_eq!(cookies.get("c"), None);
    }

    #[test]
    fn a_response_removes_a_cookie_by_its_age_or_its_end() {
        for removal in [
            "a=; Max-Age=0",
            "a=x; max-age=-1",
            "a=; Expires=Thu, 01 Jan 1970 00:00:01 GMT",
        ] {
            let cookies = after(&["a=1", "b=2", removal]);
            assert_eq!(cookies.request()[COOKIE], "b=2", "{removal}");
        }
        let past = "a=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=60";
        assert_eq!(after(&[past]).get("a"), Some("1"), "Max-Age counts more");
        let future = "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT";
        assert_eq!(after(&[future]).get("a"), Some("1"));
        assert!(after(&["a=1", "a=; Max-Age=0"]).request().is_empty());
    }

    #[test]
    fn values_are_in_no_debug_output() {
        let cookies = after(&["session=hunter2"]);
        assert_eq!(format!("{cookies:?}"), r#"{"session"}"#);
        assert!(!format!("{:?}", cookies.request()).contains("hunter2"));
    }
}
