//! The program's own defaults for a connection string.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::ConfigError;
use crate::environment::Environment;

/// The program's own defaults, and where variables come from. [`Config::builder`] makes one.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `parse` is called"]
pub struct ConfigBuilder {
    pub(super) environment: Environment,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) application_name: Option<String>,
}

impl ConfigBuilder {
    /// How long one attempt at one address of one host may take (default 5 seconds).
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

    /// Reads a URL or keywords, and completes them from the environment and these defaults.
    ///
    /// ```
    /// use pgstore_connect::{Config, ConfigError};
    ///
    /// let error = Config::builder().parse("host=localhost port=none").unwrap_err();
    /// assert!(matches!(error, ConfigError::InvalidValue { name: "port", .. }));
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When the text or a variable cannot be read; see [`ConfigError`].
    pub fn parse(&self, text: &str) -> Result<Config, ConfigError> {
        super::resolve::resolve(text, self)
    }
}
