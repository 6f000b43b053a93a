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
use tokio_rustls::rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use tokio_rustls::rustls::{self, ClientConfig};

use super::verifier::{Check, Verifier};
use super::{SslMode, TlsConfig, binding, files, provider};
use crate::ConnectError;

/// TLS as the options describe it, with its files read.
#[derive(Clone, Debug)]
pub(crate) struct LoadedTls {
    /// `None` for `sslmode=disable`.
    config: Option<Arc<ClientConfig>>,
    checks_name: bool,
}

impl LoadedTls {
    /// Reads the files. Each new connection does this, so renewed files are used.
    pub(crate) fn load(tls: &TlsConfig) -> Result<Self, ConnectError> {
        let config = match tls.mode {
            SslMode::Disable => None,
            _ => Some(Arc::new(configure(tls)?)),
        };
        Ok(Self {
            config,
            checks_name: tls.mode == SslMode::VerifyFull,
        })
    }

    /// For connections without TLS.
    pub(crate) fn none() -> Self {
        Self {
            config: None,
            checks_name: false,
        }
    }

    /// For one attempt to connect.
    pub(crate) fn attempt(&self) -> TlsAttempt {
        TlsAttempt {
            tls: self.clone(),
            name: None,
            begun: Arc::default(),
        }
    }
}

fn configure(tls: &TlsConfig) -> Result<ClientConfig, ConnectError> {
    let roots = files::roots(tls)?;
    let check = match (tls.mode, roots) {
        (SslMode::VerifyFull, Some(roots)) => Check::ChainAndName(roots),
        (SslMode::VerifyCa, Some(roots)) => Check::Chain(roots),
        // As in libpq: with a root certificate, `require` is the same as `verify-ca`.
        (SslMode::Require, Some(roots)) => Check::Chain(roots),
        _ => Check::Nothing,
    };
    let provider = provider::provider()?;
    let verifier = Verifier::new(check, provider.signature_verification_algorithms);
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        // The application's provider has no cipher suite for them.
        .map_err(|_| ConnectError::NoCryptoProvider)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match files::client_certificate(tls)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(client_certificate_error)?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = tls.sni;
    if tls.is_direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

fn client_certificate_error(error: rustls::Error) -> ConnectError {
    let source = Arc::new(error);
    ConnectError::ClientCertificate { source }
}

/// The TLS of one attempt; clones belong to the same attempt.
#[derive(Clone, Debug)]
pub(crate) struct TlsAttempt {
    tls: LoadedTls,
    name: Option<ServerName<'static>>,
    begun: Arc<AtomicBool>,
}

impl TlsAttempt {
    /// Whether the server agreed to TLS, so that the handshake began.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }
}

impl<S> MakeTlsConnect<S> for TlsAttempt
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Self;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self, io::Error> {
        // Where names are not checked, one that no certificate can have does no harm.
        let placeholder = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
        let name = ServerName::try_from(host.to_owned()).ok();
        let name = name.or(Some(placeholder).filter(|_| !self.tls.checks_name));
        Ok(Self {
            name,
            ..self.clone()
        })
    }
}

impl<S> TlsConnect<S> for TlsAttempt
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
pub(crate) struct Stream<S>(RustlsStream<S>);

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
