//! `sslrootcert`, `sslcert` and `sslkey`: PEM files, read at each connection.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::verifier::Trusted;
use super::{Roots, SslMode, TlsConfig};
use crate::option::Opt;
use crate::{ConnectError, FileError};

type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The certificates to trust; `None` where there are none and the mode works without.
pub(super) fn roots(tls: &TlsConfig) -> Result<Option<Trusted>, ConnectError> {
    if matches!(tls.mode, SslMode::Allow | SslMode::Prefer) {
        return Ok(None);
    }
    let verifies = matches!(tls.mode, SslMode::VerifyCa | SslMode::VerifyFull);
    match &tls.roots {
        Roots::System => system_roots().map(Some),
        Roots::File(path) => roots_in(path).map(Some),
        Roots::Default(Some(path)) if verifies || path.exists() => roots_in(path).map(Some),
        Roots::Default(None) if verifies => roots_in("~/.postgresql/root.crt".as_ref()).map(Some),
        Roots::Default(_) => Ok(None),
    }
}

fn roots_in(path: &Path) -> Result<Trusted, ConnectError> {
    let servers = certificates_in(Opt::SslRootCert, path)?;
    let mut authorities = RootCertStore::empty();
    for certificate in &servers {
        let added = authorities.add(certificate.clone());
        added.map_err(|error| {
            file_error(Opt::SslRootCert, path, FileError::Invalid(Arc::new(error)))
        })?;
    }
    Ok(Trusted {
        authorities,
        servers,
    })
}

fn system_roots() -> Result<Trusted, ConnectError> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match authorities.is_empty() {
        true => Err(ConnectError::NoSystemCertificates),
        false => Ok(Trusted {
            authorities,
            servers: Vec::new(),
        }),
    }
}

/// The certificate to show to the server, with its key.
pub(super) fn client_certificate(
    tls: &TlsConfig,
) -> Result<Option<ClientCertificate>, ConnectError> {
    let existing = |path: &Option<PathBuf>| path.clone().filter(|path| path.exists());
    let named = tls.certificate.clone();
    let Some(path) = named.or_else(|| existing(&tls.default_certificate)) else {
        return Ok(None);
    };
    let key = tls.key.clone().or_else(|| tls.default_key.clone());
    let key = key.unwrap_or_else(|| "~/.postgresql/postgresql.key".into());
    let certificates = certificates_in(Opt::SslCert, &path)?;
    Ok(Some((certificates, key_in(&key)?)))
}

fn certificates_in(option: Opt, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|certificates| certificates.collect());
    match found {
        Ok(none) if none.is_empty() => Err(file_error(option, path, FileError::Empty)),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(file_error(option, path, unusable(error))),
    }
}

fn key_in(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let failed = |error| file_error(Opt::SslKey, path, error);
    let file = fs::metadata(path).map_err(|error| failed(FileError::Unreadable(error.into())))?;
    if is_open_to_others(&file) {
        return Err(failed(FileError::Permissions));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| failed(unusable(error)))
}

/// As in libpq (`fe-secure-openssl.c`, `initialize_SSL`).
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

fn unusable(error: PemError) -> FileError {
    match error {
        PemError::Io(error) => FileError::Unreadable(error.into()),
        other => FileError::Invalid(Arc::new(other)),
    }
}

fn file_error(option: Opt, path: &Path, source: FileError) -> ConnectError {
    ConnectError::File {
        option: option.name(),
        path: path.to_owned(),
        source,
    }
}
