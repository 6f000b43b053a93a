//! `sslmode` and its files, against a real server.

use pgstore_connect::ConnectError;

use crate::servers::{PASSWORD, bare, file, named};
use crate::{ask, connect_in, connected, is, refused, told, unique};

const IS_ENCRYPTED: &str = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

fn with(mode: &str, root: &str) -> String {
    let root = file(root);
    format!("user=app password={PASSWORD} sslmode={mode} sslrootcert={root}")
}

/// `true` or `false`.
async fn is_encrypted(text: &str) -> String {
    let (client, _task) = connected(text).await;
    ask(&client, IS_ENCRYPTED).await
}

async fn assert_refused(text: &str, is: fn(&ConnectError) -> bool, word: &str) {
    let (error, told) = refused(text).await;
    assert!(is(&error) && told.contains(word), "{told}");
}

#[tokio::test]
async fn verify_full_accepts_the_right_name() {
    // Without a name, the certificate must be for the address.
    for host in ["db.test", "127.0.0.1", ""] {
        let text = named(host, &with("verify-full", "authority.pem"));
        assert_eq!(is_encrypted(&text).await, "true");
    }
}

#[tokio::test]
async fn verify_full_refuses_a_wrong_name() {
    for host in ["other.test", "under_score.test", "a..b"] {
        let text = named(host, &with("verify-full", "authority.pem"));
        assert_refused(&text, is!(WrongCertificateName), host).await;
    }
}

#[tokio::test]
async fn verify_full_refuses_an_unknown_authority() {
    let text = named("db.test", &with("verify-full", "stranger.pem"));
    assert_refused(&text, is!(UntrustedCertificate), "sslrootcert").await;
}

#[tokio::test]
async fn verify_full_works_in_a_url() {
    let root = file("authority.pem").replace('/', "%2F");
    let port = crate::servers::with_tls().port();
    let url = format!(
        "postgres://postgres@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={root}"
    );
    assert_eq!(is_encrypted(&url).await, "true");
}

#[tokio::test]
async fn verify_ca_ignores_the_name_and_refuses_an_unknown_authority() {
    let text = named("other.test", &with("verify-ca", "authority.pem"));
    assert_eq!(is_encrypted(&text).await, "true");
    let text = named("other.test", &with("verify-ca", "stranger.pem"));
    assert_refused(&text, is!(UntrustedCertificate), "sslrootcert").await;
}

#[tokio::test]
async fn require_checks_nothing_unless_there_is_a_root_certificate() {
    let rest = format!("user=app password={PASSWORD} sslmode=require");
    assert_eq!(is_encrypted(&named("other.test", &rest)).await, "true");
    let text = named("other.test", &with("require", "authority.pem"));
    assert_eq!(is_encrypted(&text).await, "true");
    let text = named("db.test", &with("require", "stranger.pem"));
    assert_refused(&text, is!(UntrustedCertificate), "sslrootcert").await;
}

#[tokio::test]
async fn a_root_certificate_in_the_home_folder_is_used() {
    let home = std::env::temp_dir().join(unique());
    std::fs::create_dir_all(home.join(".postgresql")).unwrap();
    let variables = [("HOME", home.to_str().unwrap()), ("PGPASSWORD", PASSWORD)];
    let text = named("db.test", "user=app sslmode=verify-full");

    let error = connect_in(&variables, &text).await.unwrap_err();
    assert!(is!(File)(&error), "{}", told(&error));
    assert!(told(&error).contains(".postgresql/root.crt"), "{error}");

    let root = home.join(".postgresql/root.crt");
    std::fs::copy(file("authority.pem"), &root).unwrap();
    connect_in(&variables, &text).await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn a_client_certificate_lets_in() {
    let root = file("authority.pem");
    let base = format!("user=certified sslmode=verify-full sslrootcert={root}");
    let (certificate, key) = (file("client.pem"), file("client.key"));
    let rest = format!("{base} sslcert={certificate} sslkey={key}");
    let (client, _task) = connected(&named("db.test", &rest)).await;
    let sql = "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(ask(&client, sql).await.contains("CN=certified"));
    assert_refused(&named("db.test", &base), is!(UserRefused), "certificate").await;
}

#[tokio::test]
async fn files_that_are_missing_or_of_no_use_are_named() {
    let (client, key) = (file("client.pem"), file("client.key"));
    let open = file("open.key");
    type Is = fn(&ConnectError) -> bool;
    let tests: [(String, Is, &str); 6] = [
        (
            "sslrootcert=/nowhere/root.pem".to_owned(),
            is!(File),
            "the file that `sslrootcert` names",
        ),
        (
            format!("sslrootcert={}", file("empty.pem")),
            is!(File),
            "no certificate in PEM format",
        ),
        (
            "sslcert=/nowhere/client.pem".to_owned(),
            is!(File),
            "the file that `sslcert` names",
        ),
        (
            format!("sslcert={client} sslkey=/nowhere/client.key"),
            is!(File),
            "the file that `sslkey` names",
        ),
        (format!("sslcert={client} sslkey={open}"), is!(File), "0600"),
        (
            format!("sslcert={} sslkey={key}", file("authority.pem")),
            is!(ClientCertificate),
            "`sslcert` and `sslkey`",
        ),
    ];
    for (files, is, word) in tests {
        let rest = format!("user=app password=hunter2 sslmode=require {files}");
        let (error, told) = refused(&named("db.test", &rest)).await;
        assert!(is(&error) && told.contains(word), "{told}");
        for piece in ["/nowhere", ".pem", "client.key", "open.key"] {
            assert!(!told.contains(piece), "{told}");
        }
    }
}

#[tokio::test]
async fn require_without_tls_on_the_server_is_an_error_of_its_own() {
    let root = file("authority.pem");
    for mode in ["require", "verify-ca", "verify-full"] {
        let rest = format!("user=app password={PASSWORD} sslmode={mode} sslrootcert={root}");
        let word = format!("offers no TLS, and `sslmode={mode}`");
        assert_refused(&bare(&rest), is!(NoTls), &word).await;
    }
}

#[tokio::test]
async fn prefer_uses_tls_where_there_is_some_and_goes_without_where_there_is_none() {
    for mode in ["", "sslmode=prefer"] {
        let rest = format!("user=app password={PASSWORD} {mode}");
        assert_eq!(is_encrypted(&named("other.test", &rest)).await, "true");
        assert_eq!(is_encrypted(&bare(&rest)).await, "false");
    }
}

#[tokio::test]
async fn prefer_and_allow_find_the_way_that_the_rules_permit() {
    for (user, mode, encrypted) in [
        ("plain", "prefer", "false"),
        ("secure", "prefer", "true"),
        ("plain", "allow", "false"),
        ("secure", "allow", "true"),
        ("app", "allow", "false"),
    ] {
        let rest = format!("user={user} password={PASSWORD} sslmode={mode}");
        let text = named("db.test", &rest);
        assert_eq!(is_encrypted(&text).await, encrypted, "{user} {mode}");
    }
}

#[tokio::test]
async fn disable_goes_without() {
    let text = named(
        "db.test",
        &format!("user=app password={PASSWORD} sslmode=disable"),
    );
    assert_eq!(is_encrypted(&text).await, "false");
    let text = named(
        "db.test",
        &format!("user=secure password={PASSWORD} sslmode=disable"),
    );
    assert_refused(&text, is!(UserRefused), "<user>").await;
}

#[tokio::test]
async fn the_systems_authorities_do_not_know_this_one() {
    let (error, told) = refused(&named("db.test", "user=postgres sslrootcert=system")).await;
    // Some machines have no authorities.
    let is_expected = is!(UntrustedCertificate)(&error) || is!(NoSystemCertificates)(&error);
    assert!(is_expected, "{told}");
}

#[tokio::test]
async fn the_passwords_proof_is_bound_to_the_connection() {
    let rest = format!("user=app password={PASSWORD} channel_binding=require");
    let text = named("db.test", &format!("{rest} sslmode=require"));
    assert_eq!(is_encrypted(&text).await, "true");
    // Without TLS there is nothing to bind it to.
    let text = named("db.test", &format!("{rest} sslmode=disable"));
    assert_refused(&text, is!(ChannelBinding), "`channel_binding=require`").await;
    // A server that asks for no password proves nothing, and without a password nothing is proved.
    for rest in ["user=postgres", "user=app"] {
        let rest = format!("{rest} channel_binding=require sslmode=require");
        let text = named("db.test", &rest);
        assert_refused(&text, is!(ChannelBinding), "`channel_binding=require`").await;
    }
}
