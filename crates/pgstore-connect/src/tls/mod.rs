//! `sslmode` and its files: what is asked for, and TLS that does it.

#[cfg(not(feature = "tls-no-provider"))]
mod absent;
#[cfg(feature = "tls-no-provider")]
mod attempt;
#[cfg(feature = "tls-no-provider")]
mod bare_key;
#[cfg(feature = "tls-no-provider")]
mod binding;
#[cfg(feature = "tls-no-provider")]
mod der;
#[cfg(feature = "tls-no-provider")]
mod files;
mod mode;
#[cfg(feature = "tls-no-provider")]
mod provider;
#[cfg(feature = "tls-no-provider")]
mod verifier;

use std::path::PathBuf;

#[cfg(not(feature = "tls-no-provider"))]
pub(crate) use absent::{AttemptWithoutTls as TlsAttempt, WithoutTls as LoadedTls};
#[cfg(feature = "tls-no-provider")]
pub(crate) use attempt::{LoadedTls, TlsAttempt};
pub use mode::SslMode;

/// What the options say about TLS.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "tls-no-provider"),
    allow(
        dead_code,
        reason = "a build without TLS checks the options and does not use them"
    )
)]
pub(crate) struct TlsConfig {
    pub(crate) mode: SslMode,
    pub(crate) roots: Roots,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) default_certificate: Option<PathBuf>,
    pub(crate) default_key: Option<PathBuf>,
    pub(crate) sni: bool,
    /// `sslnegotiation=direct`: TLS begins at once, and says what it carries.
    pub(crate) is_direct: bool,
}

/// Which authorities are trusted: `sslrootcert`.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "tls-no-provider"),
    allow(dead_code, reason = "as for `TlsConfig`")
)]
pub(crate) enum Roots {
    /// Those of the operating system.
    System,
    File(PathBuf),
    /// `~/.postgresql/root.crt`, if that exists.
    Default(Option<PathBuf>),
}
