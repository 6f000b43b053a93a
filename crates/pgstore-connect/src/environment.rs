//! Where defaults come from: variables, the home folder, the operating system's user.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The variables that a connection string is completed from.
#[derive(Clone, Default)]
pub(in super::super) enum Environment {
    /// The process's own.
    #[default]
    Process,
    /// These and no others.
    Given(Arc<HashMap<String, String>>),
}

impl Environment {
    /// A variable; an empty one counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Given(variables) => variables.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// A file in the home folder, where there is one.
    pub(super) fn home_file(&self, name: &str) -> Option<PathBuf> {
        let home = match self {
            Self::Process => std::env::home_dir(),
            Self::Given(_) => self.variable("HOME").map(PathBuf::from),
        };
        home.map(|home| home.join(name))
    }

    /// The operating system's user, libpq's default for `user`.
    pub(super) fn user(&self) -> Option<String> {
        whoami::username().ok()
    }
}

impl fmt::Debug for Environment {
    /// Without the variables: one of them is the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "Process",
            Self::Given(_) => "Given(..)",
        })
    }
}
