//! The sources of defaults: variables, the home folder, the operating system's user.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The variables that complete a connection string.
#[derive(Clone, Default)]
pub(crate) enum Environment {
    /// Those of the process.
    #[default]
    Process,
    /// These and no others.
    Fixed(Arc<HashMap<String, String>>),
}

impl Environment {
    /// A variable; an empty one counts as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(variables) => variables.get(name).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// A file in the home folder, where there is one.
    pub(crate) fn home_file(&self, name: &str) -> Option<PathBuf> {
        let home = match self {
            Self::Process => std::env::home_dir(),
            Self::Fixed(_) => self.variable("HOME").map(PathBuf::from),
        };
        home.map(|home| home.join(name))
    }

    /// The operating system's user, libpq's default for `user`.
    pub(crate) fn user(&self) -> Option<String> {
        whoami::username().ok()
    }
}

impl fmt::Debug for Environment {
    /// Without the variables: one of them is the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process => "Process",
            Self::Fixed(_) => "Fixed(..)",
        })
    }
}
