//! Stages 1 and 6: reads the session's cookie from the request and writes the response's
//! `Set-Cookie`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::clock::Timestamp;
use crate::name::CookieName;
use crate::options::{CookieOptions, MaxAge, SameSite};

/// Returns the values of all cookies of that name, in the order in which the browser sent them.
// Go: net/http cookie.go readCookies.
pub(crate) fn values<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    name: &CookieName,
) -> impl Iterator<Item = &'a [u8]> {
    values_under(headers, |text| text == name.as_str().as_bytes())
}

/// As [`values`], of the cookie that carries a stranger's CSRF seed.
pub(crate) fn seeds<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    name: &CookieName,
) -> impl Iterator<Item = &'a [u8]> {
    values_under(headers, |text| name.is_of_seed(text))
}

fn values_under<'a>(
    headers: impl IntoIterator<Item = &'a HeaderValue>,
    is_name: impl Fn(&[u8]) -> bool,
) -> impl Iterator<Item = &'a [u8]> {
    let pairs = headers
        .into_iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&pair[..equals], &pair[equals + 1..]);
        is_name(key.trim_ascii()).then(|| unquoted(value))
    })
}

/// The `Cookie` headers of a request: usually one; HTTP/2 may split them.
#[derive(Clone)]
pub(crate) enum CookieHeaders {
    None,
    One(HeaderValue),
    Several(Arc<[HeaderValue]>),
}

impl CookieHeaders {
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let mut all = request.get_all(COOKIE).iter();
        match (all.next(), all.next()) {
            (None, _) => Self::None,
            (Some(one), None) => Self::One(one.clone()),
            _ => Self::Several(request.get_all(COOKIE).iter().cloned().collect()),
        }
    }

    pub(crate) fn as_slice(&self) -> &[HeaderValue] {
        match self {
            Self::None => &[],
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// Returns the `Set-Cookie` header that gives the browser `value`, or removes the cookie.
///
/// `None` if the text is not valid in a header. The values and attributes of this crate always are.
// Go: gorilla/sessions cookie.go newCookieFromOptions and net/http cookie.go Cookie.String: the
// attributes stand in this order.
pub(crate) fn set_cookie(
    name: &CookieName,
    value: &str,
    options: &CookieOptions,
    now: Timestamp,
) -> Option<HeaderValue> {
    let value = if options.lasting() == MaxAge::Delete {
        ""
    } else {
        value
    };
    let mut text = format!("{}={value}", name.as_str());
    push_path(&mut text, &options.path);
    push_domain(&mut text, &options.domain);
    push_max_age(&mut text, options.lasting(), now);
    push_if(&mut text, options.http_only, "; HttpOnly");
    push_if(&mut text, options.secure, "; Secure");
    text.push_str(match options.same_site {
        SameSite::Unset => "",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::Strict => "; SameSite=Strict",
        SameSite::None => "; SameSite=None",
    });
    push_if(&mut text, options.partitioned, "; Partitioned");
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn push_if(text: &mut String, condition: bool, attribute: &str) {
    if condition {
        text.push_str(attribute);
    }
}

// Go: net/http cookie.go String and sanitizeCookiePath: a path without a valid byte is shown, empty.
fn push_path(text: &mut String, path: &str) {
    if path.is_empty() {
        return;
    }
    let is_valid = |character: &char| matches!(character, ' '..='~') && *character != ';';
    text.push_str("; Path=");
    text.extend(path.chars().filter(is_valid));
}

fn push_domain(text: &mut String, domain: &str) {
    if is_domain(domain) {
        text.push_str("; Domain=");
        text.push_str(domain.strip_prefix('.').unwrap_or(domain));
    }
}

fn push_max_age(text: &mut String, max_age: MaxAge, now: Timestamp) {
    match max_age {
        MaxAge::For(age) => {
            let expires = http_date(now.plus(age));
            text.push_str(&format!("; Expires={expires}; Max-Age={}", age.as_secs()));
        }
        MaxAge::UntilBrowserCloses => {}
        MaxAge::Delete => {
            let past = http_date(Timestamp::from_unix_seconds(1));
            text.push_str(&format!("; Expires={past}; Max-Age=0"));
        }
    }
}

/// Formats the date as in RFC 9110, limited to the years that its format has.
fn http_date(time: Timestamp) -> String {
    const END_OF_YEAR_9999: u64 = 253_402_300_799;
    let seconds = u64::try_from(time.unix_seconds())
        .unwrap_or(0)
        .min(END_OF_YEAR_9999);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

// Go: net/http cookie.go validCookieDomain.
fn is_domain(domain: &str) -> bool {
    is_domain_name(domain) || domain.parse::<Ipv4Addr>().is_ok()
}

// Go: net/http cookie.go isCookieDomainName, which accepts a dot at the end.
fn is_domain_name(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63)
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 255
        && name.split('.').all(is_label)
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""));
    inner.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(headers: &'a [HeaderValue], name: &str) -> Vec<&'a [u8]> {
        values(headers, &CookieName::new(name).unwrap()).collect()
    }

    #[test]
    fn cookies_of_the_name_are_found_in_all_headers_in_order() {
        let headers =
            ["a=1; b=2;a = 3", "c=4", "a=\"5\"; A=6; a; =7"].map(HeaderValue::from_static);
        assert_eq!(found(&headers, "a"), [&b"1"[..], b" 3", b"5"]);
        assert_eq!(found(&headers, "x"), Vec::<&[u8]>::new());
    }

    #[test]
    fn bytes_that_are_not_text_disturb_nothing() {
        let headers = [HeaderValue::from_bytes(b"\xff\xfe=1; a=\xff; a=2").unwrap()];
        assert_eq!(found(&headers, "a"), [&b"\xff"[..], b"2"]);
    }

    #[test]
    fn the_header_is_marked_sensitive_so_that_no_log_shows_it() {
        let name = CookieName::new("a").unwrap();
        let header = set_cookie(&name, "v", &CookieOptions::default(), Timestamp::UNIX_EPOCH);
        let header = header.unwrap();
        assert!(header.is_sensitive());
        assert_eq!(
            header.to_str().unwrap(),
            "a=v; Path=/; Expires=Sat, 31 Jan 1970 00:00:00 GMT; Max-Age=2592000; HttpOnly; \
             Secure; SameSite=Lax"
        );
    }

    #[test]
    fn a_domain_with_a_dot_at_the_end_and_a_path_of_invalid_bytes_are_shown_as_in_go() {
        let name = CookieName::new("a").unwrap();
        let options = CookieOptions::default().domain("a.com.").path("\u{7f};");
        let header = set_cookie(&name, "v", &options, Timestamp::UNIX_EPOCH).unwrap();
        let text = header.to_str().unwrap();
        assert!(text.starts_with("a=v; Path=; Domain=a.com.; "), "{text}");
        assert!(!is_domain_name("a.com..") && !is_domain_name(".") && !is_domain_name(""));
    }

    #[test]
    fn dates_beyond_what_a_header_can_say_are_its_last() {
        assert_eq!(
            http_date(Timestamp::from_unix_micros(i64::MAX)),
            "Fri, 31 Dec 9999 23:59:59 GMT"
        );
    }

    #[test]
    fn every_set_cookie_header_of_go_is_made_alike() {
        let vectors = include_str!("../tests/vectors/go-vectors.json");
        let vectors: Vec<serde_json::Value> = serde_json::from_str(vectors).unwrap();
        let vectors = vectors
            .iter()
            .filter(|vector| vector["kind"] == "set-cookie");
        let mut count = 0;
        for vector in vectors {
            let (options, header) = (&vector["go_expr"], &vector["encoded"]);
            let (options, header) = (options.as_str().unwrap(), header.as_str().unwrap());
            let name = CookieName::new("sess").unwrap();
            let now = generated_at(header, options);
            let extras = set_cookie(&name, "dmFsdWU=", &options_of(options), now).unwrap();
            assert_eq!(extras.to_str().unwrap(), header, "{}", vector["name"]);
            count += 1;
        }
        assert_eq!(count, 12);
    }

    /// `{Path:/ Domain: MaxAge:60 Secure:false HttpOnly:false Partitioned:false SameSite:0}`
    fn options_of(text: &str) -> CookieOptions {
        let same_site = match field(text, "SameSite").as_str() {
            "2" => SameSite::Lax,
            "3" => SameSite::Strict,
            "4" => SameSite::None,
            _ => SameSite::Unset,
        };
        CookieOptions::go()
            .path(field(text, "Path"))
            .domain(field(text, "Domain"))
            .max_age(field(text, "MaxAge").parse::<i64>().unwrap())
            .secure(field(text, "Secure") == "true")
            .http_only(field(text, "HttpOnly") == "true")
            .partitioned(field(text, "Partitioned") == "true")
            .same_site(same_site)
    }

    fn field(text: &str, name: &str) -> String {
        let names = [
            "Path",
            "Domain",
            "MaxAge",
            "Secure",
            "HttpOnly",
            "Partitioned",
            "SameSite",
        ];
        let rest = text.split_once(&format!("{name}:")).unwrap().1;
        let ends = names
            .iter()
            .filter_map(|next| rest.find(&format!(" {next}:")));
        let end = ends.chain(rest.find('}')).min().unwrap();
        rest[..end].to_owned()
    }

    /// `Expires` is the time at which Go made the header, plus the maximal age.
    fn generated_at(header: &str, options: &str) -> Timestamp {
        let Some((_, expires)) = header.split_once("Expires=") else {
            return Timestamp::UNIX_EPOCH;
        };
        let expires = httpdate::parse_http_date(expires.split(';').next().unwrap()).unwrap();
        let max_age: i64 = field(options, "MaxAge").parse().unwrap();
        Timestamp::from(expires).minus(Duration::from_secs(max_age.try_into().unwrap_or(0)))
    }
}
