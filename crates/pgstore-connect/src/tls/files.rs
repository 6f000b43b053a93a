//! `sslrootcert`, `sslcert` and `sslkey`: PEM files, read at each connection.

use std::fs;
use std::path::Path;
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
        Roots::File(path) => roots_in(PemFile::named(Opt::SslRootCert, path)).map(Some),
        Roots::Default(Some(path)) if verifies || path.exists() => {
            roots_in(PemFile::default(Opt::SslRootCert, path)).map(Some)
        }
        Roots::Default(None) if verifies => {
            let usual = "~/.postgresql/root.crt".as_ref();
            roots_in(PemFile::default(Opt::SslRootCert, usual)).map(Some)
        }
        Roots::Default(_) => Ok(None),
    }
}

/// A file, and the option that names it or whose default it is.
#[derive(Clone, Copy)]
struct PemFile<'a> {
    option: Opt,
    path: &'a Path,
    is_default: bool,
}

impl<'a> PemFile<'a> {
    fn named(option: Opt, path: &'a Path) -> Self {
        Self {
            option,
            path,
            is_default: false,
        }
    }

    fn default(option: Opt, path: &'a Path) -> Self {
        Self {
            is_default: true,
            ..Self::named(option, path)
        }
    }

    fn error(self, source: FileError) -> ConnectError {
        ConnectError::File {
            option: self.option.name(),
            path: self.path.to_owned(),
            is_default: self.is_default,
            source,
        }
    }
}

fn roots_in(file: PemFile<'_>) -> Result<Trusted, ConnectError> {
    let servers = certificates_in(file)?;
    let mut authorities = RootCertStore::empty();
    for certificate in &servers {
        let added = authorities.add(certificate.clone());
        added.map_err(|error| file.error(FileError::Invalid(Arc::new(error))))?;
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
    let default = tls.default_certificate.as_deref();
    let certificate = match (tls.certificate.as_deref(), default) {
        (Some(path), _) => PemFile::named(Opt::SslCert, path),
        (None, Some(path)) if path.exists() => PemFile::default(Opt::SslCert, path),
        _ => return Ok(None),
    };
    let key = match (tls.key.as_deref(), tls.default_key.as_deref()) {
        (Some(path), _) => PemFile::named(Opt::SslKey, path),
        (None, Some(path)) => PemFile::default(Opt::SslKey, path),
        (None, None) => PemFile::default(Opt::SslKey, "~/.postgresql/postgresql.key".as_ref()),
    };
    Ok(Some((certificates_in(certificate)?, key_in(key)?)))
}

fn certificates_in(file: PemFile<'_>) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file.path).and_then(|certificates| certificates.collect());
    match found {
        Ok(none) if none.is_empty() => Err(file.error(FileError::Empty)),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(file.error(unusable(error))),
    }
}

fn key_in(key: PemFile<'_>) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let unreadable = |error: std::io::Error| key.error(FileError::Unreadable(error.into()));
    let file = fs::metadata(key.path).map_err(unreadable)?;
    if is_open_to_others(&file) {
        return Err(key.error(FileError::Permissions));
    }
    PrivateKeyDer::from_pem_file(key.path).map_err(|error| key.error(unusable(error)))
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
