//! The options a connection string gives, not yet looked at.

use zeroize::Zeroizing;

use super::super::connect_error::ConnectError;
use super::option::Opt;
use super::{url, words};

/// What was given, one value for each option: the last one wins, as in libpq.
#[derive(Default)]
pub(super) struct Given(Vec<(Opt, Zeroizing<String>)>);

impl Given {
    /// Reads a URL or a keyword string.
    pub(super) fn read(text: &str) -> Result<Self, ConnectError> {
        let url = ["postgresql://", "postgres://"];
        match url.iter().find_map(|scheme| text.strip_prefix(scheme)) {
            Some(rest) => url::read(rest),
            None => words::read(text),
        }
    }

    pub(super) fn set(&mut self, option: Opt, value: String) {
        self.0.retain(|(other, _)| *other != option);
        self.0.push((option, Zeroizing::new(value)));
    }

    pub(super) fn value(&self, option: Opt) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| *other == option);
        found.map(|(_, value)| value.as_str())
    }
}
