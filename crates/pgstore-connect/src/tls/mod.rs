//! `sslmode` and its files: what is asked for, and a connector that does it.

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod binding;
#[cfg(feature = "tls")]
mod connector;
#[cfg(feature = "tls")]
mod files;
#[cfg(feature = "tls")]
mod verifier;

use std::path::PathBuf;

use tokio_postgres::config::SslMode;

#[cfg(not(feature = "tls"))]
pub(in super::super) use absent::{Connector, Tls};
#[cfg(feature = "tls")]
pub(in super::super) use connector::{Connector, Tls};

use super::super::connect_error::ConnectError;

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// All that is said about TLS.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "tls"), allow(dead_code))] // Read, then not needed.
pub(in super::super) struct TlsSettings {
    pub(in super::super) mode: Mode,
    pub(super) roots: Roots,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) default_certificate: Option<PathBuf>,
    pub(super) default_key: Option<PathBuf>,
    pub(super) sni: bool,
}

/// Whom to trust: `sslrootcert`.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "tls"), allow(dead_code))] // Read, then not needed.
pub(super) enum Roots {
    /// The operating system's authorities.
    System,
    File(PathBuf),
    /// `~/.postgresql/root.crt`, if it is there.
    Default(Option<PathBuf>),
}

impl Mode {
    /// The attempts at one address, in order, each as the driver calls it.
    pub(in super::super) fn attempts(self) -> &'static [SslMode] {
        match self {
            Self::Disable => &[SslMode::Disable],
            Self::Allow => &[SslMode::Disable, SslMode::Require],
            Self::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Self::Require | Self::VerifyCa | Self::VerifyFull => &[SslMode::Require],
        }
    }

    /// The name, where TLS is a must.
    fn demand(self) -> Option<&'static str> {
        match self {
            Self::Disable | Self::Allow | Self::Prefer => None,
            Self::Require => Some("require"),
            Self::VerifyCa => Some("verify-ca"),
            Self::VerifyFull => Some("verify-full"),
        }
    }

    /// TLS that is a must needs the feature; where it is not, a build without it goes without.
    pub(super) fn refuse_if_not_built_in(self) -> Result<(), ConnectError> {
        match self.demand() {
            Some(name) if cfg!(not(feature = "tls")) => Err(ConnectError::no_tls_feature(name)),
            _ => Ok(()),
        }
    }
}
