//! What stands in for TLS in a build without it.

use tokio_postgres::tls::{MakeTlsConnect, NoTls, NoTlsError, NoTlsStream};

use super::super::super::connect_error::ConnectError;
use super::TlsSettings;

/// Nothing.
#[derive(Clone, Debug)]
pub(in super::super::super) struct Tls;

/// Connects without TLS.
#[derive(Clone, Debug)]
pub(in super::super::super) struct Connector;

impl Tls {
    pub(in super::super::super) fn load(_: &TlsSettings) -> Result<Self, ConnectError> {
        Ok(Self)
    }

    pub(in super::super::super) fn connector(&self) -> Connector {
        Connector
    }
}

impl Connector {
    pub(in super::super::super) fn has_begun(&self) -> bool {
        false
    }
}

impl<S> MakeTlsConnect<S> for Connector {
    type Stream = NoTlsStream;
    type TlsConnect = NoTls;
    type Error = NoTlsError;

    fn make_tls_connect(&mut self, _: &str) -> Result<NoTls, NoTlsError> {
        Ok(NoTls)
    }
}
