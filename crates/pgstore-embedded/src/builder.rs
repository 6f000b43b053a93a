//! What a server can be asked to be.

use std::path::{Path, PathBuf};

use crate::{EmbeddedPostgres, StartError};

/// Describes a server before it starts.
///
/// ```
/// use pgstore_embedded::EmbeddedPostgres;
///
/// let hostile = EmbeddedPostgres::builder()
///     .setting("TimeZone", "America/New_York")
///     .setting("DateStyle", "SQL, DMY")
///     .start()?;
/// # hostile.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder starts nothing until `start()` is called"]
pub struct Builder {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) initdb_arguments: Vec<String>,
    pub(crate) files: Vec<(String, String)>,
    pub(crate) locale: Option<String>,
    pub(crate) durable: bool,
    pub(crate) bin_dir: Option<PathBuf>,
}

impl Builder {
    /// Sets a parameter of `postgresql.conf`; it goes before our own choice for the same one.
    pub fn setting(mut self, name: &str, value: &str) -> Builder {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets several parameters, as [`setting`](Builder::setting) does.
    pub fn settings(self, settings: &[(&str, &str)]) -> Builder {
        settings
            .iter()
            .fold(self, |builder, (name, value)| builder.setting(name, value))
    }

    /// Sets an environment variable of `initdb` and the server.
    ///
    /// The owner's variables for locales, time zone and PostgreSQL (`LANG`, `LC_*`, `TZ`, `PG*`)
    /// are not passed on, so that a test means the same everywhere.
    pub fn env(mut self, name: &str, value: &str) -> Builder {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes the cluster in this locale, which the machine must have. Default: `C`, in UTF-8.
    pub fn locale(mut self, locale: &str) -> Builder {
        self.locale = Some(locale.to_owned());
        self
    }

    /// Writes a file into the data folder before the server starts, over what `initdb` made:
    /// `pg_hba.conf`, a certificate, `standby.signal`. Only the server may read it.
    pub fn file(mut self, name: &str, contents: &str) -> Builder {
        self.files.push((name.to_owned(), contents.to_owned()));
        self
    }

    /// Adds an argument of `initdb`, such as `--data-checksums`.
    pub fn initdb_arg(mut self, argument: &str) -> Builder {
        self.initdb_arguments.push(argument.to_owned());
        self
    }

    /// Keeps what was committed through a [`kill`](EmbeddedPostgres::kill).
    ///
    /// Default: `fsync`, `synchronous_commit` and `full_page_writes` are off, which saves
    /// milliseconds on each commit.
    pub fn durable(mut self) -> Builder {
        self.durable = true;
        self
    }

    /// Uses the binaries in this folder and looks nowhere else.
    pub fn bin_dir(mut self, folder: impl AsRef<Path>) -> Builder {
        self.bin_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Makes the cluster, starts the server and waits until it accepts connections: 1 to 2 s.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what was missing or which program failed, with what it printed.
    pub fn start(&self) -> Result<EmbeddedPostgres, StartError> {
        EmbeddedPostgres::from_builder(self)
    }
}
