//! Why no connection could be had, in words an operator can act on.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
#[cfg(feature = "tls")]
use std::path::Path;
use std::sync::Arc;

use super::failure::without_details;
use crate::wire::Blame;

/// Why [`PgStore::connect`](super::PgStore::connect) failed. It never holds the password.
///
/// Branch on [`kind`](ConnectError::kind); `Display` says what to mend, [`source`](Error::source)
/// what was behind it. Where several hosts were tried, [`attempts`](ConnectError::attempts) has
/// what came of each.
#[derive(Clone, Debug)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    /// The server's address, where one was tried.
    server: Option<String>,
    /// What the kind says it about: an option's name, a file, a reason.
    subject: Cow<'static, str>,
    attempts: Arc<[ConnectError]>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`ConnectError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The connection string cannot be read.
    Settings,
    /// The connection string has an option that there is not, or that is not supported.
    UnknownOption,
    /// An option or its environment variable has a value that it cannot have.
    BadValue,
    /// A file of certificates or keys is missing or of no use.
    File,
    /// TLS is asked for, and the Cargo feature `tls` is off.
    TlsNotBuilt,
    /// There is no host of that name.
    UnknownHost,
    /// Nothing listens there: the port is refused, or there is no socket.
    Refused,
    /// The network does not lead there, or the connection broke.
    Unreachable,
    /// TLS is asked for, and the server has none.
    NoTls,
    /// The server's certificate is not signed by an authority that is trusted, or has expired.
    UntrustedCertificate,
    /// The server's certificate is for another name.
    MisnamedCertificate,
    /// TLS came to nothing for another reason.
    Tls,
    /// The password is wrong, or there is none and the server wants one.
    Password,
    /// The server lets this user not in: there is no such role, no rule of `pg_hba.conf`, no
    /// client certificate.
    Authentication,
    /// The server has no database of that name.
    NoDatabase,
    /// All connections that the server, the database or the role may have are in use.
    TooManyConnections,
    /// The server is starting up or shutting down.
    NotReady,
    /// There are servers, and none is what `target_session_attrs` asks for.
    NoMatchingHost,
    /// Several hosts were tried and failed for different reasons.
    AllHostsFailed,
    /// No connection came about within the time it is given.
    Timeout,
    /// Anything else.
    Other,
}

impl ConnectError {
    fn new(kind: ConnectErrorKind) -> Self {
        Self {
            kind,
            server: None,
            subject: Cow::Borrowed(""),
            attempts: Arc::default(),
            cause: None,
        }
    }

    fn about(kind: ConnectErrorKind, subject: impl Into<Cow<'static, str>>) -> Self {
        Self {
            subject: subject.into(),
            ..Self::new(kind)
        }
    }

    /// The reason must not quote the connection string.
    pub(super) fn settings(reason: &'static str) -> Self {
        Self::about(ConnectErrorKind::Settings, reason)
    }

    /// `None` for what may be a piece of the password.
    pub(super) fn unknown_option(name: Option<String>) -> Self {
        let name = name.map(|name| name.escape_debug().to_string());
        Self::about(ConnectErrorKind::UnknownOption, name.unwrap_or_default())
    }

    pub(super) fn bad_value(option: &'static str, expected: &'static str) -> Self {
        let subject = format!("`{option}` must be {expected}");
        Self::about(ConnectErrorKind::BadValue, subject)
    }

    #[cfg(feature = "tls")]
    pub(super) fn file(
        option: &'static str,
        path: &Path,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let subject = format!("`{option}`: {} cannot be used", path.display());
        Self::about(ConnectErrorKind::File, subject).because(cause)
    }

    pub(super) fn no_tls_feature(mode: &'static str) -> Self {
        Self::about(ConnectErrorKind::TlsNotBuilt, mode)
    }

    /// A client certificate and a key that do not go together.
    #[cfg(feature = "tls")]
    pub(super) fn tls_setup(cause: tokio_rustls::rustls::Error) -> Self {
        let subject = "`sslcert` and `sslkey` cannot be used";
        Self::about(ConnectErrorKind::File, subject).because(cause)
    }

    pub(super) fn unknown_host(cause: std::io::Error) -> Self {
        Self::new(ConnectErrorKind::UnknownHost).because(cause)
    }

    pub(super) fn no_tls() -> Self {
        Self::new(ConnectErrorKind::NoTls)
    }

    pub(super) fn wrong_target() -> Self {
        Self::new(ConnectErrorKind::NoMatchingHost)
    }

    pub(super) fn timeout() -> Self {
        Self::new(ConnectErrorKind::Timeout)
    }

    /// The task that was connecting ended without a word: its runtime was shut down.
    pub(super) fn abandoned() -> Self {
        Self::new(ConnectErrorKind::Other)
    }

    /// The driver knows no password and says so without a code of the server's.
    pub(super) fn without_password(cause: tokio_postgres::Error) -> Self {
        Self::new(ConnectErrorKind::Password).because(without_details(cause))
    }

    /// The application's pool gives no connection for a reason of its own, such as being closed.
    #[cfg(feature = "deadpool")]
    pub(super) fn pool(cause: deadpool_postgres::PoolError) -> Self {
        Self::new(ConnectErrorKind::Other).because(cause)
    }

    pub(super) fn from_driver(cause: tokio_postgres::Error) -> Self {
        Self::new(kind_of(&cause)).because(without_details(cause))
    }

    /// What came of all hosts, in the order they were tried.
    pub(super) fn of_all(mut attempts: Vec<Self>) -> Self {
        if attempts.len() == 1 {
            return attempts.swap_remove(0);
        }
        let kinds = || attempts.iter().map(|attempt| attempt.kind);
        let kind = match kinds().next() {
            Some(first) if kinds().all(|kind| kind == first) => first,
            _ if kinds().any(|kind| kind == ConnectErrorKind::NoMatchingHost) => {
                ConnectErrorKind::NoMatchingHost
            }
            // What ended the search before its time.
            _ => match kinds().next_back() {
                Some(last) if is_final(last) => last,
                _ => ConnectErrorKind::AllHostsFailed,
            },
        };
        Self {
            attempts: attempts.into(),
            ..Self::new(kind)
        }
    }

    pub(super) fn at(self, server: impl fmt::Display) -> Self {
        Self {
            server: Some(server.to_string()),
            ..self
        }
    }

    fn because(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: Some(cause.into().into()),
            ..self
        }
    }

    /// Whether the other hosts are not asked any more: as in libpq, who is refused is refused.
    pub(super) fn ends_the_search(&self) -> bool {
        is_final(self.kind)
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    /// Who can mend it: [`Blame::Usage`] for a connection string or a file that is wrong,
    /// [`Blame::Internal`] for what a server or the network said.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self.kind {
            ConnectErrorKind::Settings
            | ConnectErrorKind::UnknownOption
            | ConnectErrorKind::BadValue
            | ConnectErrorKind::File
            | ConnectErrorKind::TlsNotBuilt => Blame::Usage,
            _ => Blame::Internal,
        }
    }

    /// What came of each host where several were tried, in that order; else nothing.
    #[must_use]
    pub fn attempts(&self) -> &[ConnectError] {
        &self.attempts
    }

    /// The address that was tried, such as `db.internal:5432`; `None` before and for several.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        let server = match (&self.server, self.attempts.is_empty()) {
            (Some(server), _) => server,
            (None, true) => "the server",
            (None, false) => "each host",
        };
        match self.kind {
            ConnectErrorKind::Settings => {
                write!(f, "the connection string cannot be read: {subject}")
            }
            ConnectErrorKind::UnknownOption if subject.is_empty() => f.write_str(
                "the connection string has an unknown option after `password` (a password with \
                 spaces needs single quotes)",
            ),
            ConnectErrorKind::UnknownOption => write!(
                f,
                "the connection string has an option that is not supported: `{subject}`"
            ),
            ConnectErrorKind::BadValue | ConnectErrorKind::File => f.write_str(subject),
            ConnectErrorKind::TlsNotBuilt => write!(
                f,
                "`sslmode={subject}` needs the Cargo feature `tls` of pgstore"
            ),
            ConnectErrorKind::UnknownHost => write!(f, "{server}: there is no host of that name"),
            ConnectErrorKind::Refused => write!(f, "{server}: no PostgreSQL listens there"),
            ConnectErrorKind::Unreachable => write!(f, "{server} cannot be reached"),
            ConnectErrorKind::NoTls => {
                write!(f, "{server} offers no TLS, and `sslmode` demands it")
            }
            ConnectErrorKind::UntrustedCertificate => write!(
                f,
                "{server} has a certificate that is not trusted by `sslrootcert`"
            ),
            ConnectErrorKind::MisnamedCertificate => write!(
                f,
                "{server} has a certificate for another name, and `sslmode` is verify-full"
            ),
            ConnectErrorKind::Tls => write!(f, "{server}: TLS did not come about"),
            ConnectErrorKind::Password => write!(
                f,
                "{server} refused the password, or wants one and was given none (a password file \
                 that others may read is ignored)"
            ),
            ConnectErrorKind::Authentication => write!(f, "{server} refused the database user"),
            ConnectErrorKind::NoDatabase => write!(f, "{server} has no database of that name"),
            ConnectErrorKind::TooManyConnections => {
                write!(f, "{server} has as many connections as it may have")
            }
            ConnectErrorKind::NotReady => write!(f, "{server} takes no connections at present"),
            ConnectErrorKind::NoMatchingHost => {
                write!(f, "{server} is not what `target_session_attrs` asks for")
            }
            ConnectErrorKind::AllHostsFailed => f.write_str("no host could be connected to"),
            ConnectErrorKind::Timeout => write!(f, "{server} did not answer in time"),
            ConnectErrorKind::Other => write!(f, "no connection to {server} came about"),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            return self.describe(f);
        }
        f.write_str("no host could be connected to")?;
        let mut separator = ": ";
        for attempt in &*self.attempts {
            write!(f, "{separator}{attempt}")?;
            if let Some(cause) = &attempt.cause {
                write!(f, " ({cause})")?;
            }
            separator = "; ";
        }
        Ok(())
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| &**cause as &(dyn Error + 'static))
    }
}

fn is_final(kind: ConnectErrorKind) -> bool {
    matches!(
        kind,
        ConnectErrorKind::Password | ConnectErrorKind::Authentication
    )
}

fn kind_of(error: &tokio_postgres::Error) -> ConnectErrorKind {
    match error.code().map(|state| state.code()) {
        Some("28P01") => ConnectErrorKind::Password,
        Some(code) if code.starts_with("28") => ConnectErrorKind::Authentication,
        Some("3D000") => ConnectErrorKind::NoDatabase,
        Some("53300") => ConnectErrorKind::TooManyConnections,
        Some("57P01" | "57P02" | "57P03") => ConnectErrorKind::NotReady,
        Some(_) => ConnectErrorKind::Other,
        None => tls_kind(error)
            .or_else(|| io_kind(error))
            .unwrap_or(ConnectErrorKind::Other),
    }
}

/// The first in an error's chain of causes of which something can be said.
fn find<T>(
    error: &(dyn Error + 'static),
    said_of: impl Fn(&(dyn Error + 'static)) -> Option<T>,
) -> Option<T> {
    let mut chain = std::iter::successors(Some(error), |&error| error.source());
    chain.find_map(said_of)
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<ConnectErrorKind> {
    use std::io::ErrorKind;
    find(error, |cause| {
        let kind = cause.downcast_ref::<std::io::Error>()?.kind();
        Some(match kind {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => ConnectErrorKind::Refused,
            ErrorKind::TimedOut => ConnectErrorKind::Timeout,
            _ => ConnectErrorKind::Unreachable,
        })
    })
}

#[cfg(feature = "tls")]
fn tls_kind(error: &(dyn Error + 'static)) -> Option<ConnectErrorKind> {
    use tokio_rustls::rustls::{CertificateError, Error as TlsError};
    find(error, |cause| {
        // An io::Error is no source of its own contents.
        let inside = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
        Some(match inside.downcast_ref::<TlsError>()? {
            TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => ConnectErrorKind::MisnamedCertificate,
            TlsError::InvalidCertificate(_) => ConnectErrorKind::UntrustedCertificate,
            _ => ConnectErrorKind::Tls,
        })
    })
}

#[cfg(not(feature = "tls"))]
fn tls_kind(_: &(dyn Error + 'static)) -> Option<ConnectErrorKind> {
    None
}
