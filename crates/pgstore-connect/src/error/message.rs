//! What a failure says, and what caused it.

use std::error::Error;
use std::fmt;

use super::ConnectError;
use super::text::{write_attempts, write_with_causes};

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::File {
                option,
                path,
                is_default: true,
                ..
            } => write!(f, "`{option}`: {} cannot be used", path.display()),
            Self::File { option, .. } => {
                write!(f, "the file that `{option}` names cannot be used")
            }
            Self::ClientCertificate { .. } => {
                f.write_str("`sslcert` and `sslkey` cannot be used together")
            }
            Self::NoSystemCertificates => f.write_str(
                "`sslrootcert=system`: the operating system has no certificates of authorities; \
                 install them, or name a file",
            ),
            Self::NoCryptoProvider => f.write_str(
                "TLS needs a rustls `CryptoProvider`: install one when the program starts, or \
                 enable the Cargo feature `tls-ring` or `tls-aws-lc-rs` of pgstore-connect",
            ),
            Self::UnknownHost { host, .. } => write!(f, "{host}: no host of that name was found"),
            Self::NotListening { host, .. } => write!(f, "{host}: no PostgreSQL listens there"),
            Self::Unreachable { host, .. } => write!(f, "{host} cannot be reached"),
            Self::Closed { host } => write!(
                f,
                "{host} closed the connection without an answer, as a proxy does that has no server"
            ),
            Self::Timeout { host, after } => {
                write!(
                    f,
                    "{host} did not answer within {after:?} (`connect_timeout`)"
                )
            }
            Self::NoTls { host, mode } => {
                write!(f, "{host} offers no TLS, and `sslmode={mode}` demands it")
            }
            Self::UntrustedCertificate { host, .. } => write!(
                f,
                "{host} has a certificate that is not trusted by `sslrootcert`"
            ),
            Self::WrongCertificateName { host, .. } => write!(
                f,
                "{host} has a certificate for another name, and `sslmode` is verify-full"
            ),
            Self::UnsupportedCertificate { host, .. } => write!(
                f,
                "{host} has a certificate that this program's TLS cannot check: X.509 version 1, or \
                 a kind of signature that needs another provider (the Cargo feature `tls-aws-lc-rs` \
                 of pgstore-connect, in place of `tls-ring`, has more)"
            ),
            Self::NoCommonAlgorithm { host, .. } => write!(
                f,
                "{host} and this program's TLS have no algorithm in common: perhaps its certificate \
                 has a kind of key that needs another provider (the Cargo feature `tls-aws-lc-rs` of \
                 pgstore-connect, in place of `tls-ring`, has P-521; none has RSA-PSS), or it allows \
                 old ciphers only"
            ),
            Self::Tls { host, .. } => write!(f, "{host}: the TLS handshake failed"),
            Self::ChannelBinding { host } => write!(
                f,
                "{host}: `channel_binding=require` cannot be met: it needs TLS, a password, a server \
                 that asks for it by SCRAM, and a certificate whose signature has a hash function"
            ),
            Self::PasswordMissing { host } => write!(
                f,
                "{host} asks for a password, and there is none (a password file that others may \
                 read is ignored)"
            ),
            Self::PasswordRefused { host, .. } => write!(f, "{host} refused the password"),
            Self::UserRefused { host, .. } => write!(f, "{host} refused the database user"),
            Self::NoDatabase { host, .. } => write!(f, "{host} has no database of that name"),
            Self::TooManyConnections { host, .. } => {
                write!(f, "{host} has no connection left for this user")
            }
            Self::NotReady { host, .. } => {
                write!(f, "{host} is starting up or shutting down")
            }
            Self::Database { host, .. } => write!(f, "{host} refused the connection"),
            Self::WrongTarget { host, wanted } => {
                write!(
                    f,
                    "{host} is not what `target_session_attrs={wanted}` asks for"
                )
            }
            Self::BothModesFailed { mode, attempts, .. } => {
                write_attempts(f, attempts, &format!("; {}: ", mode.second_attempt()))
            }
            Self::Driver { host, .. } => write!(f, "{host}: connecting failed"),
            Self::AllHostsFailed { attempts } => {
                f.write_str("no host could be connected to: ")?;
                write_attempts(f, attempts, "; ")
            }
            Self::RuntimeShutDown => {
                f.write_str("the tokio runtime was shut down while it was connecting")
            }
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::ClientCertificate { source } => Some(&**source),
            Self::UnknownHost { source, .. }
            | Self::NotListening { source, .. }
            | Self::Unreachable { source, .. }
            | Self::UntrustedCertificate { source, .. }
            | Self::WrongCertificateName { source, .. }
            | Self::UnsupportedCertificate { source, .. }
            | Self::NoCommonAlgorithm { source, .. }
            | Self::Tls { source, .. } => Some(&**source),
            Self::Driver { source, .. } => Some(&**source),
            other => other.database_error().map(|error| error as _),
        }
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_with_causes(f, self)
    }
}
