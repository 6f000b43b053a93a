//! `sslrootcert`, `sslcert` and `sslkey`: PEM files, read at each connection.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::super::super::connect_error::ConnectError;
use super::super::option::Opt;
use super::verifier::Trusted;
use super::{Mode, Roots, TlsSettings};

type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Whom to trust; `None` when nobody is named and nobody has to be.
pub(super) fn roots(settings: &TlsSettings) -> Result<Option<Trusted>, ConnectError> {
    if matches!(settings.mode, Mode::Allow | Mode::Prefer) {
        return Ok(None);
    }
    let verifies = matches!(settings.mode, Mode::VerifyCa | Mode::VerifyFull);
    match &settings.roots {
        Roots::System => system_roots().map(Some),
        Roots::File(path) => roots_in(path).map(Some),
        Roots::Default(Some(path)) if path.exists() => roots_in(path).map(Some),
        Roots::Default(path) if verifies => {
            let path = path
                .clone()
                .unwrap_or_else(|| "~/.postgresql/root.crt".into());
            Err(unusable(Opt::SslRootCert, &path, "there is no such file"))
        }
        Roots::Default(_) => Ok(None),
    }
}

fn roots_in(path: &Path) -> Result<Trusted, ConnectError> {
    let servers = certificates_in(Opt::SslRootCert, path)?;
    let mut authorities = RootCertStore::empty();
    for certificate in &servers {
        authorities
            .add(certificate.clone())
            .map_err(|error| unusable(Opt::SslRootCert, path, error))?;
    }
    Ok(Trusted {
        authorities,
        servers,
    })
}

fn system_roots() -> Result<Trusted, ConnectError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err(unusable(
            Opt::SslRootCert,
            Path::new("system"),
            "the operating system has no certificates of authorities",
        )),
        false => Ok(Trusted {
            authorities: roots,
            servers: Vec::new(),
        }),
    }
}

/// The certificate to show to the server, with its key.
pub(super) fn client_certificate(
    settings: &TlsSettings,
) -> Result<Option<ClientCertificate>, ConnectError> {
    let existing = |path: &Option<PathBuf>| path.clone().filter(|path| path.exists());
    let certificate = settings
        .certificate
        .clone()
        .or_else(|| existing(&settings.default_certificate));
    let Some(certificate) = certificate else {
        return Ok(None);
    };
    let key = settings
        .key
        .clone()
        .or_else(|| settings.default_key.clone());
    let key = key.unwrap_or_else(|| "~/.postgresql/postgresql.key".into());
    Ok(Some((
        certificates_in(Opt::SslCert, &certificate)?,
        key_in(&key)?,
    )))
}

fn certificates_in(option: Opt, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    match found {
        Ok(none) if none.is_empty() => Err(unusable(option, path, "it holds no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(option, path, error)),
    }
}

fn key_in(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let file = fs::metadata(path).map_err(|error| unusable(Opt::SslKey, path, error))?;
    if is_open_to_others(&file) {
        let advice = "others may read it: chmod 0600 it, or 0640 if root owns it";
        return Err(unusable(Opt::SslKey, path, advice));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(Opt::SslKey, path, error))
}

/// As libpq has it (`fe-secure-openssl.c`, `initialize_SSL`).
#[cfg(unix)]
fn is_open_to_others(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let forbidden = if file.uid() == 0 { 0o037 } else { 0o077 };
    file.mode() & forbidden != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn unusable(
    option: Opt,
    path: &Path,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> ConnectError {
    ConnectError::file(option.name(), path, cause)
}
