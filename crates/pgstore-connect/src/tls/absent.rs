//! A build without TLS: the same names as in `attempt.rs`, which do nothing.

use tokio_postgres::tls::{MakeTlsConnect, NoTls, NoTlsError, NoTlsStream};

use super::TlsConfig;
use crate::ConnectError;

/// No TLS, and no files to read.
#[derive(Clone, Debug)]
pub(crate) struct LoadedTls;

/// One attempt without TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsAttempt;

impl LoadedTls {
    pub(crate) fn load(_: &TlsConfig) -> Result<Self, ConnectError> {
        Ok(Self)
    }

    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn attempt(&self) -> TlsAttempt {
        TlsAttempt
    }
}

impl TlsAttempt {
    pub(crate) fn has_begun(&self) -> bool {
        false
    }
}

impl<S> MakeTlsConnect<S> for TlsAttempt {
    type Stream = NoTlsStream;
    type TlsConnect = NoTls;
    type Error = NoTlsError;

    fn make_tls_connect(&mut self, _: &str) -> Result<NoTls, NoTlsError> {
        Ok(NoTls)
    }
}
