//! `host=/run/postgresql user='a b'`: libpq's keyword strings (`fe-connect.c`, `conninfo_parse`).
//!
//! What stands after a password without quotes may be the rest of it; it is not named.

use std::iter::Peekable;
use std::str::Chars;

use super::super::connect_error::ConnectError;
use super::given::Given;
use super::option::Opt;

pub(super) fn read(text: &str) -> Result<Given, ConnectError> {
    if text.contains('\0') {
        return Err(ConnectError::settings("it holds a zero byte"));
    }
    let mut given = Given::default();
    let mut rest = text.chars().peekable();
    let mut after_password = false;
    loop {
        skip_spaces(&mut rest);
        if rest.peek().is_none() {
            return Ok(given);
        }
        let name = read_name(&mut rest)?;
        skip_spaces(&mut rest);
        let is_quoted = rest.next_if_eq(&'\'').is_some();
        let value = match is_quoted {
            true => read_quoted(&mut rest)?,
            false => read_bare(&mut rest),
        };
        let option = Opt::named(&name)
            .ok_or_else(|| ConnectError::unknown_option(Some(name).filter(|_| !after_password)))?;
        after_password = option == Opt::Password && !is_quoted;
        given.set(option, value);
    }
}

/// Up to the `=`, which is consumed. Spaces may stand before it.
fn read_name(rest: &mut Peekable<Chars<'_>>) -> Result<String, ConnectError> {
    let mut name = String::new();
    while let Some(c) = rest.next_if(|&c| c != '=' && !is_space(c)) {
        name.push(c);
    }
    skip_spaces(rest);
    match rest.next() {
        Some('=') => Ok(name),
        _ => Err(ConnectError::settings(
            "it neither begins with postgres:// nor consists of keyword=value pairs (a value \
             with spaces needs single quotes)",
        )),
    }
}

fn read_bare(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    while let Some(c) = rest.next_if(|&c| !is_space(c)) {
        match c {
            '\\' => value.extend(rest.next()),
            _ => value.push(c),
        }
    }
    value
}

fn read_quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, ConnectError> {
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\'') => return Ok(value),
            Some('\\') => value.extend(rest.next()),
            Some(c) => value.push(c),
            None => {
                return Err(ConnectError::settings(
                    "a single quote is opened and not closed",
                ));
            }
        }
    }
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|&c| is_space(c)).is_some() {}
}

/// C's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}
