//! The application's process-wide `CryptoProvider` comes before that of a Cargo feature. In a
//! binary of its own, since a process has one.

#![allow(clippy::unwrap_used)] // Tests may panic.
#![cfg(feature = "tls-no-provider")]

#[path = "it/certificates.rs"]
mod certificates;
#[path = "it/servers.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod servers;

use pgstore_connect::{Config, ConnectError};
use tokio_rustls::rustls::crypto::ring;

use crate::servers::{PASSWORD, file, named};

#[tokio::test]
async fn the_applications_provider_is_used_once_there_is_one() {
    let root = file("authority.pem");
    let rest = format!("user=app password={PASSWORD} sslmode=verify-full sslrootcert={root}");
    let config = Config::builder()
        .environment::<String, String>([])
        .parse(&named("db.test", &rest))
        .unwrap();
    let has_its_own = cfg!(any(feature = "tls-ring", feature = "tls-aws-lc-rs"));
    match config.connect().await {
        Ok(_) => assert!(has_its_own),
        Err(error) => {
            assert!(!has_its_own, "{error:?}");
            assert!(matches!(error, ConnectError::NoCryptoProvider), "{error:?}");
        }
    }

    let mut provider = ring::default_provider();
    let only = ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
    provider.cipher_suites = vec![only];
    provider.install_default().unwrap();
    let (client, _task) = config.connect().await.unwrap();
    let sql = "SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let cipher: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(cipher, "TLS_CHACHA20_POLY1305_SHA256");
}
