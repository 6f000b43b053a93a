//! What a driver's error means: by SQLSTATE and type, never by a message's text.

use std::error::Error;
use std::io;
use std::sync::Arc;

use tokio_postgres::config::{ChannelBinding, SslMode as DriverSslMode};

use super::{ConnectError, DatabaseError};
use crate::{Host, SslMode};

/// What was tried when the driver failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempted<'a> {
    pub(crate) host: &'a Host,
    pub(crate) mode: SslMode,
    /// Whether this attempt was not to succeed without TLS.
    pub(crate) demands_tls: bool,
    /// Whether the server agreed to TLS.
    pub(crate) began_tls: bool,
    pub(crate) has_password: bool,
    pub(crate) channel_binding: ChannelBinding,
    /// What the server may repeat, with the name of its option.
    pub(crate) values: &'a [(&'static str, String)],
}

impl<'a> Attempted<'a> {
    /// A request to cancel sends no password.
    pub(crate) fn of_cancelling(host: &'a Host, mode: SslMode, began_tls: bool) -> Self {
        Self {
            host,
            mode,
            demands_tls: mode.attempts().0 == DriverSslMode::Require,
            began_tls,
            has_password: true,
            channel_binding: ChannelBinding::Disable,
            values: &[],
        }
    }
}

/// Names the failure.
pub(crate) fn classify(error: tokio_postgres::Error, attempted: &Attempted<'_>) -> ConnectError {
    let host = attempted.host.clone();
    if let Some(answer) = DatabaseError::from_driver(&error) {
        return refused(host, answer.without_values(attempted.values));
    }
    if error.is_closed() {
        return ConnectError::Closed { host };
    }
    if is_io(&error) {
        return broken(host, io_cause(error));
    }
    // The driver tells the following apart by its messages alone; here the circumstances do.
    if attempted.demands_tls && !attempted.began_tls {
        let mode = attempted.mode;
        return ConnectError::NoTls { host, mode };
    }
    if attempted.channel_binding == ChannelBinding::Require {
        return ConnectError::ChannelBinding { host };
    }
    if !attempted.has_password {
        return ConnectError::PasswordMissing { host };
    }
    let source = Arc::new(error);
    ConnectError::Driver { host, source }
}

/// Whether the other hosts are not asked any more, as in libpq: they share the users.
pub(crate) fn stops_the_search(error: &ConnectError) -> bool {
    match error {
        ConnectError::BothModesFailed { attempts, .. } => attempts.iter().any(stops_the_search),
        other => matches!(
            other,
            ConnectError::PasswordMissing { .. }
                | ConnectError::PasswordRefused { .. }
                | ConnectError::UserRefused { .. }
        ),
    }
}

/// Whether a failure with TLS may be a success without, or the other way round.
pub(crate) fn in_another_mode(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::UserRefused { .. }
            | ConnectError::Tls { .. }
            | ConnectError::UntrustedCertificate { .. }
            | ConnectError::WrongCertificateName { .. }
            | ConnectError::UnsupportedCertificate { .. }
            | ConnectError::NoCommonAlgorithm { .. }
    )
}

fn refused(host: Host, source: DatabaseError) -> ConnectError {
    match source.sqlstate() {
        "28P01" => ConnectError::PasswordRefused { host, source },
        code if code.starts_with("28") => ConnectError::UserRefused { host, source },
        "3D000" => ConnectError::NoDatabase { host, source },
        "53300" => ConnectError::TooManyConnections { host, source },
        "57P01" | "57P02" | "57P03" => ConnectError::NotReady { host, source },
        _ => ConnectError::Database { host, source },
    }
}

/// What became of a connection whose socket failed.
pub(crate) fn broken(host: Host, source: Arc<io::Error>) -> ConnectError {
    if let Some(error) = tls_failure(&host, &source) {
        return error;
    }
    match source.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            ConnectError::NotListening { host, source }
        }
        // Bytes that the other side had not read make the system reset the connection.
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => ConnectError::Closed { host },
        _ => ConnectError::Unreachable { host, source },
    }
}

#[cfg(feature = "tls-no-provider")]
fn tls_failure(host: &Host, source: &Arc<io::Error>) -> Option<ConnectError> {
    use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};
    // An io::Error is no source of its own contents.
    let cause = source.get_ref()?.downcast_ref::<TlsError>()?;
    let (host, source) = (host.clone(), Arc::clone(source));
    Some(match cause {
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ConnectError::WrongCertificateName { host, source },
        TlsError::InvalidCertificate(
            CertificateError::BadEncoding
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            | CertificateError::Other(_),
        ) => ConnectError::UnsupportedCertificate { host, source },
        TlsError::InvalidCertificate(_) => ConnectError::UntrustedCertificate { host, source },
        TlsError::AlertReceived(AlertDescription::HandshakeFailure) => {
            ConnectError::NoCommonAlgorithm { host, source }
        }
        _ => ConnectError::Tls { host, source },
    })
}

#[cfg(not(feature = "tls-no-provider"))]
fn tls_failure(_: &Host, _: &Arc<io::Error>) -> Option<ConnectError> {
    None
}

fn is_io(error: &(dyn Error + 'static)) -> bool {
    error.is::<io::Error>() || error.source().is_some_and(is_io)
}

/// The system's or the TLS library's error, without the driver's words around it.
fn io_cause(error: tokio_postgres::Error) -> Arc<io::Error> {
    let cause = error
        .into_source()
        .map(|cause| cause.downcast::<io::Error>());
    Arc::new(match cause {
        Some(Ok(cause)) => *cause,
        Some(Err(other)) => io::Error::other(other),
        None => io::ErrorKind::Other.into(),
    })
}
