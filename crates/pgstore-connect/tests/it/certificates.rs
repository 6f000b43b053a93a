//! An authority and the certificates it signs, made for one run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// PEM texts; a certificate that is used comes with its key.
pub(super) struct Certificates {
    pub(super) authority: String,
    /// An authority that has signed nothing.
    stranger: String,
    /// For `db.test` and 127.0.0.1.
    pub(super) server: (String, String),
    /// For the role `certified`.
    client: (String, String),
}

impl Certificates {
    pub(super) fn make() -> Self {
        let (authority, issuer) = authority("authority");
        Self {
            authority,
            stranger: self::authority("stranger").0,
            server: leaf("db.test", &["db.test", "127.0.0.1"], &issuer),
            client: leaf("certified", &[], &issuer),
        }
    }

    /// Writes what clients need, and what they should refuse.
    pub(super) fn write_into(&self, folder: &Path) {
        for (name, contents, mode) in [
            ("authority.pem", &*self.authority, 0o644),
            ("stranger.pem", &self.stranger, 0o644),
            ("client.pem", &self.client.0, 0o644),
            ("client.key", &self.client.1, 0o600),
            ("open.key", &self.client.1, 0o644),
            ("empty.pem", "no certificate\n", 0o644),
        ] {
            write(&folder.join(name), contents, mode);
        }
    }
}

pub(super) fn write(path: &Path, contents: &str, mode: u32) {
    fs::write(path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

/// A certificate and its key.
fn leaf(name: &str, names: &[&str], issuer: &Issuer<'_, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params(name, names).signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn params(name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
