//! The options that a connection string has, as text: their values are not yet looked at.

use zeroize::Zeroizing;

use crate::option::Opt;

/// One value for each option: the last one counts, as in libpq.
#[derive(Default)]
pub(crate) struct RawOptions(Vec<(Opt, Zeroizing<String>)>);

impl RawOptions {
    pub(crate) fn set(&mut self, option: Opt, value: String) {
        self.0.retain(|(other, _)| *other != option);
        self.0.push((option, Zeroizing::new(value)));
    }

    pub(crate) fn value(&self, option: Opt) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| *other == option);
        found.map(|(_, value)| value.as_str())
    }
}
