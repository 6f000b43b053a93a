//! Which implementation of cryptography rustls uses.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;

use crate::ConnectError;

/// The provider that the application has installed for its process; else that of a Cargo feature.
pub(super) fn provider() -> Result<Arc<CryptoProvider>, ConnectError> {
    let installed = CryptoProvider::get_default().cloned();
    let provider = installed.or_else(|| built_in().map(Arc::new));
    provider.ok_or(ConnectError::NoCryptoProvider)
}

#[cfg(feature = "tls-ring")]
fn built_in() -> Option<CryptoProvider> {
    Some(tokio_rustls::rustls::crypto::ring::default_provider())
}

#[cfg(all(feature = "tls-aws-lc-rs", not(feature = "tls-ring")))]
fn built_in() -> Option<CryptoProvider> {
    Some(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc-rs")))]
fn built_in() -> Option<CryptoProvider> {
    None
}
