//! `postgres://user:password@host:port,host:port/database?option=value&…`, without the scheme.
//!
//! Read as libpq does (`fe-connect.c`, `conninfo_uri_parse_options`), but that an `@` that was not
//! escaped is refused where libpq would take a piece of the password for a host or a database,
//! and then print it.

use super::super::connect_error::ConnectError;
use super::given::Given;
use super::option::Opt;

const STRAY_AT: &str = "there is an `@` too many: in a user or password write `@` as %40 and \
                        `/` as %2F";

pub(super) fn read(rest: &str) -> Result<Given, ConnectError> {
    let mut given = Given::default();

    // 1. The user and the password, up to the first `@` before any `/`.
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let rest = match rest[..authority_end].split_once('@') {
        Some((credentials, _)) => {
            read_credentials(credentials, &mut given)?;
            &rest[credentials.len() + 1..]
        }
        None => rest,
    };

    // 2. The hosts and ports.
    let (hosts, rest) = read_hosts(rest)?;
    hosts.store(&mut given)?;

    // 3. The database.
    let rest = match rest.strip_prefix('/') {
        Some(rest) => {
            let (database, query) = split_before(rest, '?');
            if database.contains('@') {
                return Err(ConnectError::settings(STRAY_AT));
            }
            if !database.is_empty() {
                given.set(Opt::DbName, decode(database)?);
            }
            query
        }
        None => rest,
    };

    // 4. The options.
    if let Some(query) = rest.strip_prefix('?') {
        read_query(query, &mut given).map_err(|error| match query.contains('@') {
            true => ConnectError::settings(STRAY_AT),
            false => error,
        })?;
    }
    Ok(given)
}

fn read_credentials(credentials: &str, given: &mut Given) -> Result<(), ConnectError> {
    let (user, password) = split_before(credentials, ':');
    if !user.is_empty() {
        given.set(Opt::User, decode(user)?);
    }
    let password = password.strip_prefix(':').unwrap_or_default();
    if !password.is_empty() {
        given.set(Opt::Password, decode(password)?);
    }
    Ok(())
}

/// The hosts and the ports, as lists with commas.
#[derive(Default)]
struct Hosts {
    hosts: String,
    ports: String,
}

impl Hosts {
    fn store(&self, given: &mut Given) -> Result<(), ConnectError> {
        if !self.hosts.is_empty() {
            if self.hosts.contains('@') {
                return Err(ConnectError::settings(STRAY_AT));
            }
            given.set(Opt::Host, decode(&self.hosts)?);
        }
        if !self.ports.is_empty() {
            given.set(Opt::Port, decode(&self.ports)?);
        }
        Ok(())
    }
}

fn read_hosts(mut rest: &str) -> Result<(Hosts, &str), ConnectError> {
    let mut read = Hosts::default();
    loop {
        let host;
        (host, rest) = match rest.strip_prefix('[') {
            Some(bracketed) => read_bracketed(bracketed)?,
            None => split_at_any(rest, &[':', '/', '?', ',']),
        };
        read.hosts.push_str(host);
        if let Some(after) = rest.strip_prefix(':') {
            let port;
            (port, rest) = split_at_any(after, &['/', '?', ',']);
            read.ports.push_str(port);
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok((read, rest)),
        }
        read.hosts.push(',');
        read.ports.push(',');
    }
}

fn read_bracketed(rest: &str) -> Result<(&str, &str), ConnectError> {
    let (host, after) = rest.split_once(']').ok_or_else(|| {
        ConnectError::settings("an IPv6 address begins with `[` and has no `]` at its end")
    })?;
    if host.is_empty() {
        return Err(ConnectError::settings(
            "there is no address between `[` and `]`",
        ));
    }
    if !(after.is_empty() || after.starts_with([':', '/', '?', ','])) {
        return Err(ConnectError::settings(
            "after the `]` of an IPv6 address only `:`, `/`, `?` or `,` may follow",
        ));
    }
    Ok((host, after))
}

fn read_query(query: &str, given: &mut Given) -> Result<(), ConnectError> {
    if query.is_empty() {
        return Ok(());
    }
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            ConnectError::settings("an option after the `?` has no `=` and value")
        })?;
        if value.contains('=') {
            return Err(ConnectError::settings(
                "an option's value holds an `=`, which must be written %3D",
            ));
        }
        let (name, value) = (decode(name)?, decode(value)?);
        match Opt::named(&name) {
            Some(option) => given.set(option, value),
            // As JDBC has it, and libpq, too.
            None if name == "ssl" && value == "true" => {
                given.set(Opt::SslMode, "require".to_owned());
            }
            None => return Err(ConnectError::unknown_option(Some(name))),
        }
    }
    Ok(())
}

/// Percent-decodes; `+` stands for itself.
fn decode(text: &str) -> Result<String, ConnectError> {
    let malformed = || ConnectError::settings("a `%` is not followed by two hexadecimal digits");
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let digits = bytes.next().zip(bytes.next()).ok_or_else(malformed)?;
                hex(digits.0)
                    .zip(hex(digits.1))
                    .ok_or_else(malformed)
                    .map(|(high, low)| high << 4 | low)?
            }
            other => other,
        };
        if byte == 0 {
            return Err(ConnectError::settings(
                "%00 stands for nothing that may be there",
            ));
        }
        decoded.push(byte);
    }
    String::from_utf8(decoded)
        .map_err(|_| ConnectError::settings("what the `%` escapes stand for is not UTF-8"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// What comes before the character, and the rest with it.
fn split_before(text: &str, end: char) -> (&str, &str) {
    split_at_any(text, &[end])
}

fn split_at_any<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}
