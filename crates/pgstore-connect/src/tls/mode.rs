//! `sslmode`.

use std::fmt;

use tokio_postgres::config::SslMode as DriverSslMode;

/// How far a connection is protected: `sslmode`. `Display` is the value in connection strings.
///
/// [`connection_strings`](crate::connection_strings) says which attacks each mode prevents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SslMode {
    /// Without TLS.
    Disable,
    /// Without TLS; with it if the server refuses otherwise.
    Allow,
    /// With TLS if the server offers it. No certificate is checked.
    #[default]
    Prefer,
    /// With TLS. The certificate is checked only if there is a root certificate.
    Require,
    /// With TLS, and a certificate that a trusted authority has signed.
    VerifyCa,
    /// The same, and the certificate must be for the host's name.
    VerifyFull,
}

impl SslMode {
    pub(crate) const ALL: [Self; 6] = [
        Self::Disable,
        Self::Allow,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Whether a connection without TLS is out of the question.
    pub(crate) fn demands_tls(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }

    /// What the second attempt is, for messages.
    pub(crate) fn second_attempt(self) -> &'static str {
        match self {
            Self::Allow => "with TLS",
            _ => "without TLS",
        }
    }

    /// The first attempt at an address, and the one to make if that fails, as the driver calls
    /// them.
    pub(crate) fn attempts(self) -> (DriverSslMode, Option<DriverSslMode>) {
        match self {
            Self::Disable => (DriverSslMode::Disable, None),
            Self::Allow => (DriverSslMode::Disable, Some(DriverSslMode::Require)),
            Self::Prefer => (DriverSslMode::Prefer, Some(DriverSslMode::Disable)),
            Self::Require | Self::VerifyCa | Self::VerifyFull => (DriverSslMode::Require, None),
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
