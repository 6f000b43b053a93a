//! TLS that fails, and what comes after it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use pgstore_connect::ConnectError;
use pgstore_embedded::EmbeddedPostgres;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::doubles::{Behaviour, Double};
use crate::servers::{file, with_tls};
use crate::{ask, connect, connected, is, log, refused};

#[test]
fn going_on_without_tls_is_logged_as_a_warning() {
    with_tls();
    let heard = log::heard(|| async {
        let double = Double::of(Behaviour::BrokenTls).await;
        let (client, _task) = connected(&double.text("sslmode=prefer")).await;
        assert_eq!(ask(&client, "SELECT 'here'").await, "here");
    });
    let warning = heard.lines().find(|line| line.contains("without TLS"));
    let warning = warning.unwrap_or_else(|| panic!("{heard}"));
    assert!(warning.starts_with("WARN"), "{warning}");
    assert!(warning.contains("the TLS handshake failed"), "{warning}");
}

#[tokio::test]
async fn both_causes_are_told_where_tls_and_plain_text_fail() {
    let double = Double::of(Behaviour::BrokenTlsOnly).await;
    let (error, told) = refused(&double.text("password=hunter2 sslmode=prefer")).await;
    assert!(is!(BothModesFailed)(&error), "{told}");
    let [with_tls, without_tls] = error.attempts() else {
        panic!("{told}");
    };
    assert!(is!(Tls)(with_tls) && is!(Closed)(without_tls), "{told}");
    for words in [
        "the TLS handshake failed",
        "; without TLS: ",
        "closed the connection",
    ] {
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(error.host().is_some() && !error.is_configuration());
}

#[tokio::test]
async fn a_user_that_is_refused_with_tls_and_without_is_told_both_answers() {
    let text = crate::servers::named("db.test", "user=nobody password=hunter2");
    let (error, told) = refused(&text).await;
    assert!(is!(UserRefused)(&error), "{told}");
    for words in ["SSL encryption", "; without TLS: ", "no encryption"] {
        assert!(told.contains(words), "{told}");
    }
}

/// A server that begins with TLS at once, as PostgreSQL 17 does: the real one stands behind it.
async fn direct_server() -> u16 {
    let certificate = CertificateDer::from_pem_file(file("data/server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("data/server.key")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"postgresql"[..]));
                let server = (Ipv4Addr::LOCALHOST, with_tls().port());
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn direct_negotiation_begins_with_tls() {
    let (port, root) = (direct_server().await, file("authority.pem"));
    let text = format!(
        "host=db.test hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres \
         sslmode=verify-full sslrootcert={root} sslnegotiation=direct"
    );
    let (client, task) = connected(&text).await;
    assert_eq!(ask(&client, "SELECT 'here'").await, "here");
    task.cancel_handle().cancel().await.unwrap();
}

#[tokio::test]
async fn direct_negotiation_needs_a_mode_that_demands_tls() {
    for mode in ["disable", "allow", "prefer"] {
        let error = connect(&format!("host=h sslnegotiation=direct sslmode={mode}")).await;
        let error = error.unwrap_err();
        assert!(matches!(error, ConnectError::Config(_)), "{error}");
        assert!(error.to_string().contains("`sslmode`"), "{error}");
    }
}

/// A server with this certificate and key, PEM texts, that admits nobody without TLS.
async fn server_with(certificate: &str, key: &str) -> EmbeddedPostgres {
    let rules = "hostssl all all 127.0.0.1/32 trust\nlocal all all trust\n";
    let server = EmbeddedPostgres::builder()
        .file("own.crt", certificate)
        .file("own.key", key)
        .file("pg_hba.conf", rules)
        .setting("ssl", "on")
        .setting("ssl_cert_file", "own.crt")
        .setting("ssl_key_file", "own.key");
    let start = move || server.start();
    tokio::task::spawn_blocking(start).await.unwrap().unwrap()
}

/// A server with a certificate of X.509 version 1: that of version 3 without its version and its
/// extensions. Its signature is wrong, which matters only to those who check it.
async fn server_of_version_1() -> EmbeddedPostgres {
    let certificate = CertificateDer::from_pem_file(file("data/server.crt")).unwrap();
    let base64 = data_encoding::BASE64_MIME.encode(&of_version_1(&certificate));
    let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}-----END CERTIFICATE-----\n");
    let key = std::fs::read_to_string(file("data/server.key")).unwrap();
    server_with(&pem, &key).await
}

fn of_version_1(certificate: &[u8]) -> Vec<u8> {
    let [whole] = elements(certificate)[..] else {
        panic!()
    };
    let [tbs, algorithm, signature] = elements(contents(whole))[..] else {
        panic!()
    };
    let fields = elements(contents(tbs));
    let kept: Vec<u8> = fields
        .into_iter()
        .filter(|field| field[0] & 0xc0 == 0) // neither `[0]` nor `[3]`
        .flatten()
        .copied()
        .collect();
    sequence(&[&sequence(&[&kept]), algorithm, signature])
}

/// The elements of DER, each with its head; none is longer than 64 kB.
fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (element, rest) = der.split_at(head(der).1);
        elements.push(element);
        der = rest;
    }
    elements
}

fn contents(element: &[u8]) -> &[u8] {
    &element[head(element).0..]
}

/// Where an element's contents begin and end.
fn head(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, 3 + usize::from(der[2])),
        0x82 => (4, 4 + usize::from(u16::from_be_bytes([der[2], der[3]]))),
        short => (2, 2 + usize::from(short)),
    }
}

fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    let contents = elements.concat();
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82], &length[..], &contents].concat()
}

#[tokio::test]
async fn a_certificate_of_version_1_is_taken_where_none_is_checked() {
    let server = server_of_version_1().await;
    let base = format!("host=127.0.0.1 port={} user=postgres", server.port());
    for mode in ["require", "prefer"] {
        let (client, _task) = connected(&format!("{base} sslmode={mode}")).await;
        let sql = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert_eq!(ask(&client, sql).await, "true");
    }
    let root = file("authority.pem");
    let text = format!("{base} sslmode=verify-full sslrootcert={root}");
    let (error, told) = refused(&text).await;
    assert!(is!(UnsupportedCertificate)(&error), "{told}");
}

/// The keys were made for this test, by `openssl req -x509 -newkey ec` and `-newkey rsa-pss`.
#[tokio::test]
async fn a_certificate_with_a_kind_of_key_that_the_provider_lacks_is_told_so() {
    for (certificate, key) in [
        (
            include_str!("../data/p521.crt"),
            include_str!("../data/p521.key"),
        ),
        (
            include_str!("../data/rsa_pss.crt"),
            include_str!("../data/rsa_pss.key"),
        ),
    ] {
        let server = server_with(certificate, key).await;
        let base = format!("host=127.0.0.1 port={} user=postgres", server.port());
        for mode in ["require", "prefer"] {
            let (error, told) = refused(&format!("{base} sslmode={mode}")).await;
            assert!(is!(NoCommonAlgorithm)(&error.attempts()[0]), "{told}");
            assert!(told.contains("tls-aws-lc-rs"), "{told}");
        }
    }
}
