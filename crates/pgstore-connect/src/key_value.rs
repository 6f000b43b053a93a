//! `host=/run/postgresql user='a b'`: libpq's keyword strings (`fe-connect.c`, `conninfo_parse`).
//!
//! One difference from libpq: `password=` inside another option's value is refused. A space or a
//! quote is missing there, and messages may print the value.

use std::iter::Peekable;
use std::str::Chars;

use crate::option::{Name, Opt};
use crate::raw_options::RawOptions;
use crate::{ConfigError, SyntaxError};

pub(crate) fn read(text: &str) -> Result<RawOptions, ConfigError> {
    if text.contains('\0') {
        return Err(SyntaxError::ZeroByte.into());
    }
    let mut options = RawOptions::default();
    let mut rest = text.chars().peekable();
    for position in 1.. {
        skip_spaces(&mut rest);
        if rest.peek().is_none() {
            break;
        }
        let (name, value) = read_pair(&mut rest, position)?;
        options.set_named(name, value);
    }
    Ok(options)
}

fn read_pair(
    rest: &mut Peekable<Chars<'_>>,
    position: usize,
) -> Result<(Name, String), ConfigError> {
    let name = read_name(rest)?;
    skip_spaces(rest);
    let is_quoted = rest.next_if_eq(&'\'').is_some();
    let value = match is_quoted {
        true => read_quoted(rest)?,
        false => read_bare(rest),
    };
    let name = Name::find(&name, position)?;
    // Quoted `options` may well set a parameter whose name ends so.
    let may_hold_it = match name {
        Name::Option(Opt::Password) => true,
        Name::Option(Opt::Options) => is_quoted,
        _ => false,
    };
    if !may_hold_it && value.contains("password=") {
        return Err(SyntaxError::PasswordInsideValue.into());
    }
    Ok((name, value))
}

/// Up to the `=`, which is consumed. Spaces may stand before it.
fn read_name(rest: &mut Peekable<Chars<'_>>) -> Result<String, SyntaxError> {
    let mut name = String::new();
    while let Some(c) = rest.next_if(|&c| c != '=' && !is_space(c)) {
        name.push(c);
    }
    skip_spaces(rest);
    match rest.next() {
        Some('=') => Ok(name),
        _ => Err(SyntaxError::NeitherUrlNorKeywords),
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

fn read_quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, SyntaxError> {
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\'') => return Ok(value),
            Some('\\') => value.extend(rest.next()),
            Some(c) => value.push(c),
            None => return Err(SyntaxError::UnclosedQuote),
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
