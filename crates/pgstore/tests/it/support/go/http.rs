//! One request over HTTP, with nothing done behind the test's back: no redirect is followed and no
//! cookie is kept.

use pgstore::SessionId;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::secrets;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body: a string where it is not JSON.
    pub(crate) json: Value,
}

impl Reply {
    /// All values of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let matching = self.headers.iter().filter(|(header, _)| header == name);
        matching.map(|(_, value)| value.as_str()).collect()
    }

    /// The `Set-Cookie` headers.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.header("set-cookie")
    }

    /// `name=value` as the next request's `Cookie` header, if this reply sets the cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let pairs = self.set_cookies().into_iter();
        let mut pairs = pairs.filter_map(|cookie| cookie.split(';').next());
        pairs
            .find(|pair| pair.split('=').next() == Some(name))
            .map(str::to_owned)
    }

    /// Go's description of the session's value under a string key, or null.
    pub(crate) fn value(&self, key: &str) -> &Value {
        let entries = self.json["values"].as_array().into_iter().flatten();
        let mut matching =
            entries.filter(|entry| entry[0]["t"] == "string" && entry[0]["v"] == key);
        matching.next().map_or(&Value::Null, |entry| &entry[1])
    }
}

/// A server on `127.0.0.1:port`, asked over real HTTP.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) authority: String,
}

impl Site {
    /// A GET request with this `Cookie` header.
    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> Reply {
        request(&self.authority, "GET", path, cookie, None).await
    }

    /// A POST request with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value, cookie: Option<&str>) -> Reply {
        let body = body.to_string();
        let body = Some(("application/json", body.as_str()));
        request(&self.authority, "POST", path, cookie, body).await
    }

    /// A POST request with a form.
    pub(crate) async fn post_form(&self, path: &str, form: &str, cookie: Option<&str>) -> Reply {
        let body = Some(("application/x-www-form-urlencoded", form));
        request(&self.authority, "POST", path, cookie, body).await
    }
}

/// Sends a request to `127.0.0.1:port`; a body comes with its content type.
async fn request(
    authority: &str,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: Option<(&str, &str)>,
) -> Reply {
    // HTTP/1.0: the reply comes whole, not in chunks, and ends with the connection.
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {authority}\r\n");
    if let Some(cookie) = cookie {
        head += &format!("Cookie: {cookie}\r\n");
    }
    let (content_type, body) = body.unwrap_or_default();
    if !content_type.is_empty() {
        head += &format!("Content-Type: {content_type}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n{body}", body.len());

    let mut stream = TcpStream::connect(authority)
        .await
        .expect("the server listens");
    stream
        .write_all(head.as_bytes())
        .await
        .expect("the request leaves");
    let mut reply = Vec::new();
    stream
        .read_to_end(&mut reply)
        .await
        .expect("the reply comes");
    noted(parse(&String::from_utf8_lossy(&reply)))
}

/// The cookies are secrets, and so is the ID that the Go peer tells.
fn noted(reply: Reply) -> Reply {
    reply.set_cookies().into_iter().for_each(secrets::cookie);
    let id = reply.json["id"].as_str();
    if let Some(id) = id.and_then(|id| SessionId::parse(id.as_bytes())) {
        secrets::id(&id);
    }
    reply
}

fn parse(reply: &str) -> Reply {
    let (head, text) = reply
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("not a reply: {reply:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(':'));
    Reply {
        status: status
            .and_then(|status| status.parse().ok())
            .expect("a status line"),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        json: serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}
