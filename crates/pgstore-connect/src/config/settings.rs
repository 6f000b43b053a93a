//! A connection string and its environment, read: what every connection uses.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::SslNegotiation;
use zeroize::Zeroizing;

use crate::option::Opt;
use crate::parameters;
use crate::passfile::{self, Wanted};
use crate::tls::TlsConfig;
use crate::{Host, SslMode, TargetSessionAttrs};

/// Where, as which user and how to connect: a connection string, completed from the environment.
///
/// Parsing reads no file and opens no connection; password files and certificates are read at each
/// connection. `Debug` shows hosts and modes, and neither user nor password.
///
/// ```no_run
/// use pgstore_connect::Config;
///
/// # async fn example() -> Result<(), pgstore_connect::ConnectError> {
/// let config = Config::parse("postgres://app@db1,db2/web?target_session_attrs=read-write")?;
/// let (client, task) = config.connect().await?;
/// client.batch_execute("SELECT 1").await.expect("it works");
/// println!("connected to {}", task.host());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) hosts: Vec<Host>,
    pub(crate) target: TargetSessionAttrs,
    pub(crate) shuffles: bool,
    pub(crate) tls: TlsConfig,
    pub(crate) timeout: Duration,
    /// What is the same for every host.
    pub(super) common: tokio_postgres::Config,
    pub(super) user: Option<String>,
    pub(super) database: String,
    pub(super) password: Option<Zeroizing<String>>,
    pub(crate) passfile: Option<PathBuf>,
}

impl Config {
    /// The hosts, in the order of the connection string.
    ///
    /// ```
    /// use pgstore_connect::Config;
    ///
    /// let config = Config::parse("postgres://app@db1,db2:7/web")?;
    /// assert_eq!(config.hosts()[1].to_string(), "db2:7");
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// How far connections are protected: `sslmode`.
    ///
    /// ```
    /// use pgstore_connect::{Config, SslMode};
    ///
    /// let config = Config::parse("host=localhost sslmode=disable")?;
    /// assert_eq!(config.ssl_mode(), SslMode::Disable);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn ssl_mode(&self) -> SslMode {
        self.tls.mode
    }

    /// Which of the hosts is taken: `target_session_attrs`.
    ///
    /// ```
    /// use pgstore_connect::{Config, TargetSessionAttrs};
    ///
    /// let config = Config::parse("host=db1,db2 target_session_attrs=primary")?;
    /// assert_eq!(config.target_session_attrs(), TargetSessionAttrs::Primary);
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn target_session_attrs(&self) -> TargetSessionAttrs {
        self.target
    }

    /// How long one attempt at one address of one host may take.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pgstore_connect::Config;
    ///
    /// let config = Config::parse("host=localhost connect_timeout=2")?;
    /// assert_eq!(config.connect_timeout(), Duration::from_secs(2));
    /// # Ok::<(), pgstore_connect::ConfigError>(())
    /// ```
    #[must_use]
    pub fn connect_timeout(&self) -> Duration {
        self.timeout
    }

    /// The same with more run-time parameters.
    pub(crate) fn with_parameters(&self, added: &[(&str, &str)]) -> Self {
        let options = self.common.get_options().unwrap_or_default();
        let mut options = Zeroizing::new(options.to_owned());
        for (name, value) in added {
            parameters::add(&mut options, name, value);
        }
        let mut config = self.clone();
        config.common.options(options.as_str());
        config
    }

    /// The driver's configuration for one of the hosts, without its address.
    pub(crate) fn driver_config(&self, host: &Host) -> tokio_postgres::Config {
        let mut config = self.common.clone();
        config.port(host.port()).dbname(&self.database);
        if self.tls.is_direct && host.socket_folder().is_none() {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        if let Some(user) = &self.user {
            config.user(user);
        }
        if let Some(password) = self.password_for(host) {
            config.password(password.as_bytes());
        }
        config
    }

    /// What a server may repeat of the connection string, with the name of the option.
    pub(crate) fn values(&self) -> Vec<(&'static str, String)> {
        let named = |option: Opt, value: &str| (option.name(), value.to_owned());
        let user = self.user.iter().map(|user| named(Opt::User, user));
        let name = self.common.get_application_name();
        let name = name.map(|name| named(Opt::ApplicationName, name));
        let pieces = self.common.get_options().map(pieces_of).unwrap_or_default();
        let pieces = pieces.iter().map(|piece| named(Opt::Options, piece));
        let database = named(Opt::DbName, &self.database);
        user.chain([database]).chain(pieces).chain(name).collect()
    }

    /// Warns where a mode that checks no certificate leads to another machine.
    pub(crate) fn warn_if_unverified(&self) {
        let is_lax = matches!(self.tls.mode, SslMode::Allow | SslMode::Prefer);
        if let Some(host) = self.hosts.iter().find(|host| is_lax && !host.is_local()) {
            tracing::warn!(
                %host,
                "`sslmode` allow and prefer check no certificate, so another server can pose as \
                 this one; use verify-full unless you trust the network"
            );
        }
    }

    fn password_for(&self, host: &Host) -> Option<Zeroizing<String>> {
        let from_file = || {
            let wanted = Wanted {
                host: &host.passfile_name(),
                port: host.port(),
                database: &self.database,
                user: self.user.as_deref().unwrap_or_default(),
            };
            passfile::look_up(self.passfile.as_deref()?, &wanted)
        };
        self.password.clone().or_else(from_file)
    }
}

/// The pieces of `options` that a server may name, but for the parameters that everybody knows.
fn pieces_of(options: &str) -> Vec<String> {
    let is_between = |c: char| c.is_whitespace() || "=,\\".contains(c);
    let pieces = options.split(is_between).flat_map(|piece| {
        let bare = piece.trim_start_matches('-');
        // `-cname` is `-c name`, and `--some-name` sets `some_name`.
        let name = piece.strip_prefix("-c").unwrap_or(bare);
        [piece, bare, name]
            .map(str::to_owned)
            .into_iter()
            .chain([bare.replace('-', "_")])
    });
    pieces
        .filter(|piece| !parameters::is_known(piece))
        .collect()
}

impl fmt::Debug for Config {
    /// Without what a slip of the pen may put a password into.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<_> = self.hosts.iter().map(ToString::to_string).collect();
        f.debug_struct("Config")
            .field("hosts", &hosts)
            .field("sslmode", &self.tls.mode)
            .field("target_session_attrs", &self.target)
            .field("connect_timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
