//! Why there is no connection.

mod both_modes;
mod classify;
mod config;
mod database;
mod echo;
mod file;
mod message;
mod text;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{Host, SslMode, TargetSessionAttrs};

pub(crate) use classify::{Attempted, broken, classify, in_another_mode, stops_the_search};
pub use config::{ConfigError, SyntaxError};
pub use database::DatabaseError;
#[cfg(test)]
pub(crate) use echo::without_values;
pub use file::FileError;

/// Why there is no connection.
///
/// Match on the variants; `Display` says what failed, why and what to do, and
/// [`source`](Error::source) what caused it. `Debug` is the same text with all causes, so that an
/// error which `main` returns reads as a sentence. No variant and no text holds a password, or a
/// piece of the connection string that was not recognised.
///
/// Several hosts that failed make one [`AllHostsFailed`](ConnectError::AllHostsFailed);
/// [`attempts`](ConnectError::attempts) lists the failures in either case:
///
/// ```
/// use pgstore_connect::ConnectError;
///
/// fn may_be_back_soon(error: &ConnectError) -> bool {
///     error.attempts().iter().any(|attempt| {
///         matches!(
///             attempt,
///             ConnectError::NotReady { .. } | ConnectError::TooManyConnections { .. }
///         )
///     })
/// }
/// # assert!(!may_be_back_soon(&ConnectError::NoSystemCertificates));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum ConnectError {
    /// The connection string or an environment variable is wrong.
    Config(ConfigError),
    /// A file of certificates or keys cannot be used.
    File {
        /// The option that names it, such as `sslrootcert`.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Whether it is the file in the home folder that is used when none is named. The text
        /// names no other: it would repeat a piece of the connection string.
        is_default: bool,
        /// What is wrong with it.
        source: FileError,
    },
    /// The certificate of `sslcert` and the key of `sslkey` cannot be used together.
    ClientCertificate {
        /// What the TLS library says.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// `sslrootcert=system`, and the operating system has no certificates of authorities.
    NoSystemCertificates,
    /// TLS is needed, the application has installed no rustls `CryptoProvider`, and no Cargo
    /// feature brings one.
    NoCryptoProvider,
    /// The host's name cannot be resolved.
    UnknownHost {
        /// The host.
        host: Host,
        /// What the resolver says.
        source: Arc<io::Error>,
    },
    /// Nothing listens there: the port is closed, or the socket does not exist.
    NotListening {
        /// The host.
        host: Host,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The network does not lead there, or the connection broke.
    Unreachable {
        /// The host.
        host: Host,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The other side closed or reset the connection without an answer: a proxy without a server,
    /// say.
    Closed {
        /// The host.
        host: Host,
    },
    /// The host did not answer in time.
    Timeout {
        /// The host.
        host: Host,
        /// The `connect_timeout` that passed.
        after: Duration,
    },
    /// `sslmode` demands TLS, and the server offers none.
    NoTls {
        /// The host.
        host: Host,
        /// The mode that demands it.
        mode: SslMode,
    },
    /// No authority of `sslrootcert` has signed the server's certificate, or it has expired.
    UntrustedCertificate {
        /// The host.
        host: Host,
        /// What the TLS library says.
        source: Arc<io::Error>,
    },
    /// The server's certificate is for another name.
    WrongCertificateName {
        /// The host.
        host: Host,
        /// What the TLS library says.
        source: Arc<io::Error>,
    },
    /// The TLS library cannot read or check the server's certificate: it is of X.509 version 1, or
    /// its signature is of a kind that the cryptography provider does not have.
    UnsupportedCertificate {
        /// The host.
        host: Host,
        /// What the TLS library says.
        source: Arc<io::Error>,
    },
    /// The server ended the handshake because it can do nothing of what this program's TLS offers
    /// (alert `handshake_failure`): its certificate's key is of a kind that the cryptography provider
    /// does not have (P-521, RSA-PSS), or it allows old ciphers only.
    NoCommonAlgorithm {
        /// The host.
        host: Host,
        /// What the TLS library says.
        source: Arc<io::Error>,
    },
    /// The TLS handshake failed for another reason.
    Tls {
        /// The host.
        host: Host,
        /// What the TLS library says.
        source: Arc<io::Error>,
    },
    /// `channel_binding=require`, and the password's proof cannot be bound to the connection: there
    /// is no TLS, no password, the server does not ask for SCRAM, or the signature of its
    /// certificate has no hash function to bind to (Ed25519).
    ChannelBinding {
        /// The host.
        host: Host,
    },
    /// The server asks for a password, and there is none.
    PasswordMissing {
        /// The host.
        host: Host,
    },
    /// The password is wrong (SQLSTATE 28P01).
    PasswordRefused {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server refuses this user (class 28): the role does not exist, no rule of `pg_hba.conf`
    /// admits it, a client certificate is missing.
    UserRefused {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server has no database of that name (SQLSTATE 3D000).
    NoDatabase {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server, the database or the role has no connection left (SQLSTATE 53300).
    TooManyConnections {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server is starting up or shutting down (SQLSTATE 57P01 to 57P03).
    NotReady {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server answered with another error.
    Database {
        /// The host.
        host: Host,
        /// The server's answer.
        source: DatabaseError,
    },
    /// The server is not what `target_session_attrs` asks for.
    WrongTarget {
        /// The host.
        host: Host,
        /// What was asked for.
        wanted: TargetSessionAttrs,
    },
    /// `sslmode` is `prefer` or `allow`, and the host failed with TLS and without.
    BothModesFailed {
        /// The host.
        host: Host,
        /// The mode that permits both.
        mode: SslMode,
        /// The failure of the first attempt and that of the second one: with TLS and without for
        /// `prefer`, without and with for `allow`.
        attempts: Arc<[ConnectError]>,
    },
    /// The driver failed in another way.
    Driver {
        /// The host.
        host: Host,
        /// What the driver says.
        source: Arc<tokio_postgres::Error>,
    },
    /// Several hosts were tried, and each failed.
    AllHostsFailed {
        /// One failure for each host, in the order in which they were tried.
        attempts: Arc<[ConnectError]>,
    },
    /// The task that was connecting is gone: its tokio runtime was shut down.
    RuntimeShutDown,
}

impl ConnectError {
    /// Whether the program's own configuration is wrong (the connection string, a variable, a
    /// file, a Cargo feature), so that trying again cannot help. Otherwise a server, the network
    /// or the system failed.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = pgstore_connect::connect("sslmode=sometimes").await.unwrap_err();
    /// assert!(error.is_configuration());
    /// # });
    /// ```
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Config(_)
                | Self::File { .. }
                | Self::ClientCertificate { .. }
                | Self::NoSystemCertificates
                | Self::NoCryptoProvider
        )
    }

    /// One failure for each host that was tried, in that order; both failures of a host that was
    /// tried with TLS and without; else the error itself.
    ///
    /// ```no_run
    /// # async fn example() {
    /// if let Err(error) = pgstore_connect::connect("host=db1,db2 user=app").await {
    ///     for attempt in error.attempts() {
    ///         eprintln!("{attempt:?}");
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[ConnectError] {
        match self {
            Self::AllHostsFailed { attempts } | Self::BothModesFailed { attempts, .. } => attempts,
            one => std::slice::from_ref(one),
        }
    }

    /// The host that failed; `None` before one was tried, and for
    /// [`AllHostsFailed`](ConnectError::AllHostsFailed).
    ///
    /// ```
    /// use pgstore_connect::ConnectError;
    ///
    /// fn address(error: &ConnectError) -> Option<String> {
    ///     error.host().map(|host| host.to_string())
    /// }
    /// # assert_eq!(address(&ConnectError::RuntimeShutDown), None);
    /// ```
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        match self {
            Self::UnknownHost { host, .. }
            | Self::NotListening { host, .. }
            | Self::Unreachable { host, .. }
            | Self::Closed { host }
            | Self::Timeout { host, .. }
            | Self::NoTls { host, .. }
            | Self::UntrustedCertificate { host, .. }
            | Self::WrongCertificateName { host, .. }
            | Self::UnsupportedCertificate { host, .. }
            | Self::NoCommonAlgorithm { host, .. }
            | Self::Tls { host, .. }
            | Self::ChannelBinding { host }
            | Self::PasswordMissing { host }
            | Self::PasswordRefused { host, .. }
            | Self::UserRefused { host, .. }
            | Self::NoDatabase { host, .. }
            | Self::TooManyConnections { host, .. }
            | Self::NotReady { host, .. }
            | Self::Database { host, .. }
            | Self::WrongTarget { host, .. }
            | Self::BothModesFailed { host, .. }
            | Self::Driver { host, .. } => Some(host),
            _ => None,
        }
    }

    /// The server's answer, where it gave one.
    ///
    /// ```
    /// use pgstore_connect::ConnectError;
    ///
    /// fn sqlstate(error: &ConnectError) -> Option<&str> {
    ///     error.database_error().map(|answer| answer.sqlstate())
    /// }
    /// # assert_eq!(sqlstate(&ConnectError::RuntimeShutDown), None);
    /// ```
    #[must_use]
    pub fn database_error(&self) -> Option<&DatabaseError> {
        match self {
            Self::PasswordRefused { source, .. }
            | Self::UserRefused { source, .. }
            | Self::NoDatabase { source, .. }
            | Self::TooManyConnections { source, .. }
            | Self::NotReady { source, .. }
            | Self::Database { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether it may pass by itself, since a server may start, a primary may be elected, a name may
    /// be published: trying again later makes sense. A wrong password, user or database is no such
    /// failure.
    ///
    /// ```no_run
    /// # async fn example() {
    /// if let Err(error) = pgstore_connect::connect("host=db1,db2 user=app").await {
    ///     println!("try again: {}", error.may_pass());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::AllHostsFailed { attempts } | Self::BothModesFailed { attempts, .. } => {
                attempts.iter().any(Self::may_pass)
            }
            other => matches!(
                other,
                Self::UnknownHost { .. }
                    | Self::NotListening { .. }
                    | Self::Unreachable { .. }
                    | Self::Closed { .. }
                    | Self::Timeout { .. }
                    | Self::TooManyConnections { .. }
                    | Self::NotReady { .. }
                    | Self::WrongTarget { .. }
            ),
        }
    }

    /// One error of all failures; there is at least one.
    pub(crate) fn of_hosts(mut failures: Vec<Self>) -> Self {
        match failures.len() {
            1 => failures.swap_remove(0),
            _ => Self::AllHostsFailed {
                attempts: failures.into(),
            },
        }
    }
}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
