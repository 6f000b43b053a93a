//! aws-lc-rs, installed by the application: it has what ring lacks. In a binary of its own, since a
//! process has one provider.

#![allow(clippy::unwrap_used)] // Tests may panic.
#![cfg(feature = "tls-aws-lc-rs")]

use pgstore_embedded::EmbeddedPostgres;
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// `ring`, the provider of the default features, has no P-521.
#[tokio::test]
async fn a_certificate_that_only_the_installed_provider_can_check_is_taken() {
    aws_lc_rs::default_provider().install_default().unwrap();
    let certificate = include_str!("data/p521.crt");
    let server = EmbeddedPostgres::builder()
        .file("own.crt", certificate)
        .file("own.key", include_str!("data/p521.key"))
        .setting("ssl", "on")
        .setting("ssl_cert_file", "own.crt")
        .setting("ssl_key_file", "own.key");
    let start = move || server.start();
    let server = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
    let (host, root) = (
        format!("host=db.test hostaddr=127.0.0.1 port={}", server.port()),
        server.folder().join("data/own.crt").display().to_string(),
    );
    for mode in [
        "require".to_owned(),
        format!("verify-full sslrootcert='{root}'"),
    ] {
        let text = format!("{host} user=postgres dbname=postgres sslmode={mode}");
        let (client, _task) = pgstore_connect::connect(&text).await.unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let row = client.query_one(sql, &[]).await.unwrap();
        assert!(row.get::<_, bool>(0), "{mode}");
    }
}
