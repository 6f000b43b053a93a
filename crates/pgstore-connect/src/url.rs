//! `postgres://user:password@host:port,host:port/database?option=value&…`, without the scheme.
//!
//! Read as libpq does (`fe-connect.c`, `conninfo_uri_parse_options`), with one difference: where an
//! `@` without escape would turn a piece of the password into a host or a database, which messages
//! may print, the URL is refused.

use crate::option::{Name, Opt};
use crate::raw_options::RawOptions;
use crate::{ConfigError, SyntaxError};

pub(crate) fn read(rest: &str) -> Result<RawOptions, ConfigError> {
    let mut options = RawOptions::default();

    // 1. The user and the password, up to the first `@` before any `/`.
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let rest = match rest[..authority_end].split_once('@') {
        Some((credentials, _)) => {
            read_credentials(credentials, &mut options)?;
            &rest[credentials.len() + 1..]
        }
        None => rest,
    };

    // 2. The hosts and ports.
    let (hosts, rest) = read_hosts(rest)?;
    hosts.store(&mut options)?;

    // 3. The database.
    let rest = match rest.strip_prefix('/') {
        Some(rest) => {
            let (database, query) = split_before(rest, '?');
            if database.contains('@') {
                return Err(SyntaxError::UnescapedAt.into());
            }
            if !database.is_empty() {
                options.set(Opt::DbName, decode(database)?);
            }
            query
        }
        None => rest,
    };

    // 4. The options.
    if let Some(query) = rest.strip_prefix('?') {
        read_query(query, &mut options).map_err(|error| match query.contains('@') {
            true => SyntaxError::UnescapedAt.into(),
            false => error,
        })?;
    }
    Ok(options)
}

fn read_credentials(credentials: &str, options: &mut RawOptions) -> Result<(), ConfigError> {
    let (user, password) = split_before(credentials, ':');
    if !user.is_empty() {
        options.set(Opt::User, decode(user)?);
    }
    let password = password.strip_prefix(':').unwrap_or_default();
    if !password.is_empty() {
        options.set(Opt::Password, decode(password)?);
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
    fn store(&self, options: &mut RawOptions) -> Result<(), ConfigError> {
        if !self.hosts.is_empty() {
            if self.hosts.contains('@') {
                return Err(SyntaxError::UnescapedAt.into());
            }
            options.set(Opt::Host, decode(&self.hosts)?);
        }
        if !self.ports.is_empty() {
            options.set(Opt::Port, decode(&self.ports)?);
        }
        Ok(())
    }
}

fn read_hosts(mut rest: &str) -> Result<(Hosts, &str), ConfigError> {
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

fn read_bracketed(rest: &str) -> Result<(&str, &str), ConfigError> {
    let (host, after) = rest.split_once(']').ok_or(SyntaxError::UnclosedBracket)?;
    if host.is_empty() {
        return Err(SyntaxError::EmptyBrackets.into());
    }
    if !(after.is_empty() || after.starts_with([':', '/', '?', ','])) {
        return Err(SyntaxError::TextAfterBracket.into());
    }
    Ok((host, after))
}

fn read_query(query: &str, options: &mut RawOptions) -> Result<(), ConfigError> {
    if query.is_empty() {
        return Ok(());
    }
    for (index, pair) in query.split('&').enumerate() {
        let (name, value) = pair.split_once('=').ok_or(SyntaxError::MissingEquals)?;
        if value.contains('=') {
            return Err(SyntaxError::UnescapedEquals.into());
        }
        let (name, value) = (decode(name)?, decode(value)?);
        match (&*name, &*value) {
            // JDBC's spelling, which libpq accepts, too.
            ("ssl", "true") => options.set(Opt::SslMode, "require".to_owned()),
            _ => options.set_named(Name::find(&name, index + 1)?, value),
        }
    }
    Ok(())
}

/// Percent-decodes; `+` stands for itself.
fn decode(text: &str) -> Result<String, ConfigError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => escaped(bytes.next(), bytes.next()).ok_or(SyntaxError::InvalidEscape)?,
            other => other,
        };
        if byte == 0 {
            return Err(SyntaxError::ZeroByte.into());
        }
        decoded.push(byte);
    }
    String::from_utf8(decoded).map_err(|_| SyntaxError::NotUtf8.into())
}

/// The byte that two hexadecimal digits stand for.
fn escaped(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high?)? << 4 | digit(low?)?).ok()
}

/// What comes before the character, and the rest with it.
fn split_before(text: &str, end: char) -> (&str, &str) {
    split_at_any(text, &[end])
}

fn split_at_any<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}
