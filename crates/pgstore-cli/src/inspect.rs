//! `pgstore inspect`: what a cookie or a row's data holds.

use std::ffi::OsString;
use std::io::{self, Read as _};

use clap::Args;
use pgstore::wire::{GobError, Opened, SecureCookie, gob};
use pgstore::{Clock as _, OpenError, SystemClock, Values};

use crate::failure::Failure;
use crate::json;
use crate::key_list::{KeyArguments, KeyList};
use crate::other_hash::with_sha256;

/// Open a cookie's value or a row's data and print it as one JSON object.
///
/// {"issued_at": <unix seconds>, "value": …}, where the value is a cookie's string or a row's map.
///
/// A value of Go's interface type is {"type": "<registered name>", "value": …}. Maps are arrays of
/// [key, value]; structs objects with all fields of the type, zero ones too; []uint8 base64; times
/// RFC 3339; complex numbers [re, im]; a string that is not UTF-8 is base64 with the type
/// "string(bytes)"; what a Go marshaler wrote is {"opaque": "<hex>"}.
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

    /// The cookie's value or the row's data, of any length; `-` reads it from stdin.
    text: OsString,
}

/// What Go's pgstore seals.
pub(crate) enum Content {
    Cookie(Vec<u8>),
    Data(Values),
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let keys = self.keys.read()?;
        let codec = SecureCookie::new(keys.keys()?)
            .max_age(self.max_age)
            .max_length(0);
        let text = self.text()?;
        let opened = self.open(&codec, &keys, &text)?;
        json::object(opened.issued_at, &opened.value)
    }

    fn text(&self) -> Result<Vec<u8>, Failure> {
        if self.text != "-" {
            return Ok(self.text.as_encoded_bytes().to_vec());
        }
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map_err(Failure::Input)?;
        while matches!(text.last(), Some(b'\r' | b'\n')) {
            text.pop();
        }
        Ok(text)
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
        let open = |text: &[u8]| codec.open(&self.name, text, now, read);
        match open(text) {
            Err(OpenError::NotSigned) => match with_sha256(keys, &self.name, text) {
                Some(text) => open(text.as_bytes()),
                None => Err(OpenError::NotSigned),
            },
            opened => opened,
        }
    }
}

/// A string, or else a session's values.
fn read(gob: &[u8]) -> Result<Content, GobError> {
    match gob::decode_string(gob) {
        Ok(text) => Ok(Content::Cookie(text)),
        Err(GobError::WrongType(_)) => Values::decode(gob).map(Content::Data),
        Err(error) => Err(error),
    }
}
