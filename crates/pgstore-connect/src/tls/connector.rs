//! rustls under the driver.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as RustlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use tokio_rustls::rustls::{self, ClientConfig};

use super::super::super::connect_error::ConnectError;
use super::verifier::{Check, Verifier};
use super::{Mode, TlsSettings, binding, files};

/// TLS as the settings want it, its files read.
#[derive(Clone, Debug)]
pub(in super::super::super) struct Tls {
    /// `None` where TLS is not to be used.
    config: Option<Arc<ClientConfig>>,
    checks_name: bool,
}

impl Tls {
    /// Reads the files. This is done for each new connection, so that renewed ones are used.
    pub(in super::super::super) fn load(settings: &TlsSettings) -> Result<Self, ConnectError> {
        let config = match settings.mode {
            Mode::Disable => None,
            _ => Some(Arc::new(configure(settings)?)),
        };
        Ok(Self {
            config,
            checks_name: settings.mode == Mode::VerifyFull,
        })
    }

    /// A connector for one attempt.
    pub(in super::super::super) fn connector(&self) -> Connector {
        Connector {
            tls: self.clone(),
            name: None,
            begun: Arc::default(),
        }
    }
}

fn configure(settings: &TlsSettings) -> Result<ClientConfig, ConnectError> {
    let roots = files::roots(settings)?;
    let check = match (settings.mode, roots) {
        (Mode::VerifyFull, Some(roots)) => Check::ChainAndName(roots),
        (Mode::VerifyCa, Some(roots)) => Check::Chain(roots),
        // As libpq: with a root certificate at hand, `require` is as good as `verify-ca`.
        (Mode::Require, Some(roots)) => Check::Chain(roots),
        _ => Check::Nothing,
    };
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(check, provider.signature_verification_algorithms);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConnectError::tls_setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match files::client_certificate(settings)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(ConnectError::tls_setup)?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = settings.sni;
    Ok(config)
}

/// Makes one connection's TLS; clones are the same attempt.
#[derive(Clone, Debug)]
pub(in super::super::super) struct Connector {
    tls: Tls,
    name: Option<ServerName<'static>>,
    begun: Arc<AtomicBool>,
}

impl Connector {
    /// Whether the server agreed to TLS, so that the handshake was begun.
    pub(in super::super::super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Self;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self, io::Error> {
        // A name that cannot stand in a certificate is no harm where names are not checked.
        let nobody = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
        let name = ServerName::try_from(host.to_owned()).ok();
        let name = name.or(Some(nobody).filter(|_| !self.tls.checks_name));
        Ok(Self {
            name,
            ..self.clone()
        })
    }
}

impl<S> TlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        self.begun.store(true, Ordering::Relaxed);
        Box::pin(async move {
            let Some(name) = self.name else {
                let misnamed = rustls::CertificateError::NotValidForName;
                return Err(io::Error::other(rustls::Error::from(misnamed)));
            };
            let config = self
                .tls
                .config
                .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
            let stream = TlsConnector::from(config).connect(name, stream).await?;
            Ok(Stream(stream))
        })
    }
}

/// The driver's stream, encrypted.
#[derive(Debug)]
pub(in super::super::super) struct Stream<S>(RustlsStream<S>);

impl<S> TlsStream for Stream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let certificates = session.peer_certificates().unwrap_or_default();
        let end_point = certificates
            .first()
            .and_then(|own| binding::tls_server_end_point(own));
        match end_point {
            Some(hash) => ChannelBinding::tls_server_end_point(hash),
            None => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
