//! The ways to a [`Config`], and the program's own defaults for a connection string.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::environment::Environment;
use crate::{ConfigError, TargetSessionAttrs};

impl Config {
    /// Reads a URL or keywords, and completes them from the process's environment.
    ///
    /// ```
    /// use pgstore_connect::Config;
    ///
    /// let config = Config::parse("host=db.internal user=app dbname=web sslmode=disable")?;
    /// assert_eq!(config.hosts()[0].to_string(), "db.internal:5432");
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When the text or a variable cannot be read; see [`ConfigError`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::builder().parse(text)
    }

    /// Takes everything from the process's environment (`PGHOST`, `PGUSER`, …) and from defaults.
    ///
    /// ```no_run
    /// let config = pgstore_connect::Config::from_env()?;
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When a variable has a value that it cannot have.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::parse("")
    }

    /// Begins with the program's own defaults, before a text is parsed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore_connect::Config;
    ///
    /// let config = Config::builder()
    ///     .connect_timeout(Duration::from_secs(2))
    ///     .fallback_application_name("invoices")
    ///     .parse("postgres://app@db.internal/web")?;
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }
}

/// The program's own defaults, and where variables come from. [`Config::builder`] makes one.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `parse` is called"]
pub struct ConfigBuilder {
    pub(super) environment: Environment,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) application_name: Option<String>,
    pub(super) target: TargetSessionAttrs,
}

impl ConfigBuilder {
    /// How long one attempt at one address of one host may take (default 5 seconds, at most 100 years).
    ///
    /// A `connect_timeout` in the connection string has priority over it; it has priority over
    /// `PGCONNECT_TIMEOUT`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore_connect::Config;
    ///
    /// let builder = Config::builder().connect_timeout(Duration::from_secs(2));
    /// let config = builder.parse("host=localhost")?;
    /// assert_eq!(config.connect_timeout(), Duration::from_secs(2));
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self {
            connect_timeout: Some(timeout),
            ..self
        }
    }

    /// The name in `pg_stat_activity` where neither the connection string nor `PGAPPNAME` gives
    /// one (default: none).
    ///
    /// ```
    /// use pgstore_connect::Config;
    ///
    /// let builder = Config::builder().fallback_application_name("invoices");
    /// let config = builder.parse("host=localhost")?;
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn fallback_application_name(self, name: impl Into<String>) -> Self {
        Self {
            application_name: Some(name.into()),
            ..self
        }
    }

    /// Which of several hosts is taken where neither the connection string nor `PGTARGETSESSIONATTRS` says
    /// it (default: [`TargetSessionAttrs::Any`]). Where there is one host, there is no choice, and any server
    /// is taken.
    ///
    /// For programs that always write: a list of hosts means a primary and its standbys.
    ///
    /// ```
    /// use pgstore_connect::{Config, TargetSessionAttrs};
    ///
    /// let builder = Config::builder().fallback_target_session_attrs(TargetSessionAttrs::ReadWrite);
    /// let config = builder.parse("host=db1,db2")?;
    /// assert_eq!(config.target_session_attrs(), TargetSessionAttrs::ReadWrite);
    /// let config = builder.parse("host=db1")?;
    /// assert_eq!(config.target_session_attrs(), TargetSessionAttrs::Any);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn fallback_target_session_attrs(self, target: TargetSessionAttrs) -> Self {
        Self { target, ..self }
    }

    /// Uses these variables in place of the process's own: `PGHOST` and the like, and `HOME` for
    /// the files in the home folder.
    ///
    /// For tests, and for programs that must not depend on their environment:
    ///
    /// ```
    /// use pgstore_connect::{Config, SslMode};
    ///
    /// let config = Config::builder()
    ///     .environment([("PGUSER", "app"), ("PGSSLMODE", "disable")])
    ///     .parse("postgres://db.internal/web")?;
    /// assert_eq!(config.ssl_mode(), SslMode::Disable);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    pub fn environment<K, V>(self, variables: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        Self {
            environment: Environment::Fixed(Arc::new(variables.collect::<HashMap<_, _>>())),
            ..self
        }
    }
}
