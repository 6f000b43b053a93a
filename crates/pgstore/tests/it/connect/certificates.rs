//! An authority and what it signs, made for one run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// The PEM files of the tests, in a folder of their own.
pub(super) struct Certificates {
    folder: PathBuf,
    pub(super) server: (String, String),
    pub(super) authority: String,
}

/// An authority; a server's certificate for `db.test` and 127.0.0.1; a client's for `certified`; an
/// authority that has signed nothing.
pub(super) fn certificates() -> &'static Certificates {
    static MADE: OnceLock<Certificates> = OnceLock::new();
    MADE.get_or_init(make)
}

fn make() -> Certificates {
    let folder =
        std::env::temp_dir().join(format!("pgstore-{}", crate::support::database::unique()));
    fs::create_dir(&folder).unwrap();
    let (authority, issuer) = authority("authority");
    let (stranger, _) = self::authority("stranger");
    let server = leaf("db.test", &["db.test", "127.0.0.1"], &issuer);
    let client = leaf("certified", &[], &issuer);
    let made = Certificates {
        folder,
        server,
        authority: authority.clone(),
    };
    made.write("authority.pem", &authority, 0o644);
    made.write("stranger.pem", &stranger, 0o644);
    made.write("client.pem", &client.0, 0o644);
    made.write("client.key", &client.1, 0o600);
    made.write("open.key", &client.1, 0o644);
    made.write("empty.pem", "no certificate\n", 0o644);
    made
}

impl Certificates {
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, contents: &str, mode: u32) {
        write(&self.folder.join(name), contents, mode);
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
