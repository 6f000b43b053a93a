//! The options that a connection string has, as text: their values are not yet looked at.

use zeroize::Zeroizing;

use crate::option::{Name, Opt};

/// One value for each option: the last one counts, as in libpq.
#[derive(Default)]
pub(crate) struct RawOptions {
    options: Vec<(Opt, Zeroizing<String>)>,
    /// Run-time parameters, by name.
    parameters: Vec<(String, Zeroizing<String>)>,
}

impl RawOptions {
    pub(crate) fn set(&mut self, option: Opt, value: String) {
        self.options.retain(|(other, _)| *other != option);
        self.options.push((option, Zeroizing::new(value)));
    }

    /// Sets what the name stands for.
    pub(crate) fn set_named(&mut self, name: Name, value: String) {
        match name {
            Name::Option(option) => self.set(option, value),
            Name::Parameter(name) => {
                self.parameters.retain(|(other, _)| *other != name);
                self.parameters.push((name, Zeroizing::new(value)));
            }
            Name::Ignored(option) => tracing::info!(
                option,
                "the connection string has this option of Go's lib/pq, which means nothing here"
            ),
        }
    }

    pub(crate) fn value(&self, option: Opt) -> Option<&str> {
        let found = self.options.iter().find(|(other, _)| *other == option);
        found.map(|(_, value)| value.as_str())
    }

    /// Names and values of the run-time parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.parameters.iter();
        parameters.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
