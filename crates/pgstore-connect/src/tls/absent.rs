//! A build without TLS: what stands in for the types of `attempt.rs`, and does nothing.

use tokio_postgres::tls::{MakeTlsConnect, NoTls, NoTlsError, NoTlsStream};

use super::TlsConfig;
use crate::ConnectError;

/// No TLS, and no files to read.
#[derive(Clone, Debug)]
pub(crate) struct WithoutTls;

/// One attempt without TLS.
#[derive(Clone, Debug)]
pub(crate) struct AttemptWithoutTls;

impl WithoutTls {
    pub(crate) fn load(_: &TlsConfig) -> Result<Self, ConnectError> {
        Ok(Self)
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn attempt(&self) -> AttemptWithoutTls {
        AttemptWithoutTls
    }
}

impl AttemptWithoutTls {
    pub(crate) fn has_begun(&self) -> bool {
        false
    }
}

impl<S> MakeTlsConnect<S> for AttemptWithoutTls {
    type Stream = NoTlsStream;
    type TlsConnect = NoTls;
    type Error = NoTlsError;

    fn make_tls_connect(&mut self, _: &str) -> Result<NoTls, NoTlsError> {
        Ok(NoTls)
    }
}
