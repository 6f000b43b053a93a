//! `pgstore inspect`: what a cookie or a row's data holds.

use std::ffi::OsString;
use std::io::{self, BufRead as _};

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use pgstore::wire::{Opened, SecureCookie};
use pgstore::{Clock as _, OpenError, SystemClock};

use crate::content::Content;
use crate::failure::Failure;
use crate::json;
use crate::key_list::{KeyArguments, KeyList};
use crate::other_hash::with_sha256;
use crate::output::print;

/// Open a cookie's value or a row's data and print it as one JSON object.
///
/// {"issued_at": <unix seconds>, "value": …}, where the value is a cookie's string or a row's map.
///
/// A value of Go's interface type is {"type": "<registered name>", "value": …}. Maps are arrays of
/// [key, value]; structs objects with all fields of the type, zero ones too; []uint8 base64; times
/// RFC 3339; complex numbers [re, im]; a string that is not UTF-8 is base64 with the type
/// "string(bytes)"; what a Go marshaler wrote is {"opaque": "<hex>"}.
///
/// Of several lines on stdin each gets a line; one that does not open is {"error": "<reason>"}, and the
/// exit code is 1 then. A line as psql shows a bytea, \\x and hexadecimal, is read as its bytes.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The cookie's name, under which data is sealed as well. Any text.
    #[arg(long, allow_hyphen_values = true)]
    name: String,

    #[command(flatten)]
    keys: KeyArguments,

    /// The time as of which it is opened. Default: now.
    #[arg(long, value_name = "UNIX_SECONDS", allow_hyphen_values = true)]
    at: Option<i64>,

    /// The maximal age; 0: do not check.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true,
          default_value_t = SecureCookie::DEFAULT_MAX_AGE)]
    max_age: i64,

    /// The cookie's value or the row's data, of any length; `-` reads them from stdin, one a line.
    text: OsString,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let keys = self.keys.read()?;
        let codec = SecureCookie::new(keys.keys()?)
            .max_age(self.max_age)
            .max_length(0);
        let opener = |text: &[u8]| self.opened(&codec, &keys, text);
        match self.text == "-" {
            false => opener(self.text.as_encoded_bytes()),
            true => each_line(opener),
        }
    }

    /// A text's line of JSON.
    fn opened(&self, codec: &SecureCookie, keys: &KeyList, text: &[u8]) -> Result<String, Failure> {
        let bytes = text.strip_prefix(b"\\x");
        let bytes = bytes.and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex).ok());
        let opened = self.open(codec, keys, bytes.as_deref().unwrap_or(text))?;
        json::object(opened.issued_at, &opened.value)
    }

    fn open(
        &self,
        codec: &SecureCookie,
        keys: &KeyList,
        text: &[u8],
    ) -> Result<Opened<Content>, OpenError> {
        let now = self
            .at
            .unwrap_or_else(|| SystemClock::default().now().unix_seconds());
        let open = |text: &[u8]| codec.open(&self.name, text, now, Content::decode);
        match open(text) {
            Err(OpenError::NotSigned) => match with_sha256(keys, &self.name, text) {
                Some(text) => open(text.as_bytes()),
                None => Err(OpenError::NotSigned),
            },
            opened => opened,
        }
    }
}

/// Prints a line for each line of stdin, as soon as it is there. One line alone is as a text in the
/// arguments: if it does not open, that is the command's error.
fn each_line(opener: impl Fn(&[u8]) -> Result<String, Failure>) -> Result<String, Failure> {
    let mut lines = io::stdin().lock().split(b'\n');
    let mut next = || lines.next().transpose().map_err(Failure::Input);
    let first = next()?.unwrap_or_default();
    let Some(second) = next()? else {
        return opener(trimmed(&first));
    };
    let (mut failed, mut all, mut empty) = (0, 0, 0);
    let mut line = Some(first);
    let mut second = Some(second);
    while let Some(text) = line {
        let text = trimmed(&text);
        empty += 1;
        if !text.is_empty() {
            // Empty lines at the end are none.
            for is_last in (1..=empty).map(|place| place == empty) {
                let opened = opener(if is_last { text } else { b"" });
                all += 1;
                failed += u64::from(opened.is_err());
                print(&opened.unwrap_or_else(|failure| json::error(&failure.one_line())))?;
            }
            empty = 0;
        }
        line = match second.take() {
            Some(second) => Some(second),
            None => next()?,
        };
    }
    match failed {
        0 => Ok(String::new()),
        _ => Err(Failure::NotAllOpen { failed, all }),
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
