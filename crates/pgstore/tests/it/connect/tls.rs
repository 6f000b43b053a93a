//! `sslmode` and its files, against a real server.

use pgstore::Timestamp;
use pgstore::store::ConnectErrorKind;
use pgstore::store::Store;

use super::servers::{PASSWORD, bare, file, named, with_tls};
use super::{ask, connect, connect_in, refused, told};
use crate::support::secrets::{self, Told};
use crate::support::{apply, trial};

const IS_ENCRYPTED: &str = "SELECT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                             WHERE application_name = $1";

fn with(mode: &str, root: &str) -> String {
    let root = file(root);
    format!("user=app password={PASSWORD} sslmode={mode} sslrootcert={root}")
}

#[apply(trial)]
async fn verify_full_accepts_the_right_name() {
    for host in ["db.test", "127.0.0.1"] {
        let text = named(host, &with("verify-full", "authority.pem"));
        assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
    }
}

#[apply(trial)]
async fn verify_full_refuses_a_wrong_name() {
    for host in ["other.test", "under_score.test", "a..b"] {
        let text = named(host, &with("verify-full", "authority.pem"));
        let (kind, told) = refused(&text).await;
        assert_eq!(kind, ConnectErrorKind::MisnamedCertificate, "{told}");
        assert!(told.contains(host), "{told}");
    }
    // Without a name, the address is what the certificate must have.
    let text = named("", &with("verify-full", "authority.pem"));
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
}

#[apply(trial)]
async fn verify_full_refuses_an_unknown_authority() {
    let text = named("db.test", &with("verify-full", "stranger.pem"));
    let (kind, told) = refused(&text).await;
    assert_eq!(kind, ConnectErrorKind::UntrustedCertificate, "{told}");
}

/// As the example of Go's pgstore has it.
#[apply(trial)]
async fn verify_full_as_a_url_reads_and_writes() {
    let root = file("authority.pem").replace('/', "%2F");
    let port = with_tls().port();
    let store = connect(&format!(
        "postgres://postgres@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={root}"
    ))
    .await
    .unwrap();
    store.migrate().await.unwrap();
    let id = secrets::fresh_id();
    let now = Timestamp::from_unix_seconds(0);
    assert_eq!(store.load(&id, now).await.unwrap().into_row(), None);
    store.close().await;
}

#[apply(trial)]
async fn verify_ca_ignores_the_name_and_refuses_an_unknown_authority() {
    let text = named("other.test", &with("verify-ca", "authority.pem"));
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
    let text = named("other.test", &with("verify-ca", "stranger.pem"));
    let (kind, told) = refused(&text).await;
    assert_eq!(kind, ConnectErrorKind::UntrustedCertificate, "{told}");
}

#[apply(trial)]
async fn require_checks_nothing_unless_there_is_a_root_certificate() {
    let text = named(
        "other.test",
        &format!("user=app password={PASSWORD} sslmode=require"),
    );
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
    let text = named("other.test", &with("require", "authority.pem"));
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
    let (kind, told) = refused(&named("db.test", &with("require", "stranger.pem"))).await;
    assert_eq!(kind, ConnectErrorKind::UntrustedCertificate, "{told}");
}

#[apply(trial)]
async fn a_root_certificate_in_the_home_folder_is_used() {
    let home = std::env::temp_dir().join(crate::support::database::unique());
    std::fs::create_dir_all(home.join(".postgresql")).unwrap();
    let variables = [("HOME", home.to_str().unwrap()), ("PGPASSWORD", PASSWORD)];
    let text = named("db.test", "user=app sslmode=verify-full");

    let error = connect_in(&variables, &text).await.told().unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::File);
    assert!(told(&error).contains(".postgresql/root.crt"), "{error}");

    let root = home.join(".postgresql/root.crt");
    std::fs::copy(file("authority.pem"), &root).unwrap();
    connect_in(&variables, &text).await.unwrap().close().await;
    std::fs::remove_dir_all(home).unwrap();
}

#[apply(trial)]
async fn a_client_certificate_lets_in() {
    let root = file("authority.pem");
    let base = format!("user=certified sslmode=verify-full sslrootcert={root}");
    let (certificate, key) = (file("client.pem"), file("client.key"));
    let text = named(
        "db.test",
        &format!("{base} sslcert={certificate} sslkey={key}"),
    );
    let sql = "SELECT client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                WHERE application_name = $1";
    assert!(ask(&text, sql).await.contains("CN=certified"));

    let (kind, told) = refused(&named("db.test", &base)).await;
    assert_eq!(kind, ConnectErrorKind::Authentication, "{told}");
    assert!(told.contains("certificate"), "{told}");
}

#[apply(trial)]
async fn files_that_are_missing_or_of_no_use_are_named() {
    let (client, key) = (file("client.pem"), file("client.key"));
    let open = file("open.key");
    for (files, named_file) in [
        (
            "sslrootcert=/nowhere/root.pem".to_owned(),
            "`sslrootcert`: /nowhere/root.pem",
        ),
        (format!("sslrootcert={}", file("empty.pem")), "empty.pem"),
        (
            "sslcert=/nowhere/client.pem".to_owned(),
            "`sslcert`: /nowhere/client.pem",
        ),
        (
            format!("sslcert={client} sslkey=/nowhere/client.key"),
            "`sslkey`: /nowhere/client.key",
        ),
        (format!("sslcert={client} sslkey={open}"), "0600"),
        (
            format!("sslcert={} sslkey={key}", file("authority.pem")),
            "`sslcert` and `sslkey`",
        ),
    ] {
        let text = named(
            "db.test",
            &format!("user=app password=hunter2 sslmode=require {files}"),
        );
        let (kind, told) = refused(&text).await;
        assert_eq!(kind, ConnectErrorKind::File, "{told}");
        assert!(told.contains(named_file), "{told}");
    }
}

#[apply(trial)]
async fn require_without_tls_on_the_server_is_an_error_of_its_own() {
    let root = file("authority.pem");
    for mode in ["require", "verify-ca", "verify-full"] {
        let rest = format!("user=app password={PASSWORD} sslmode={mode} sslrootcert={root}");
        let (kind, told) = refused(&bare(&rest)).await;
        assert_eq!(kind, ConnectErrorKind::NoTls, "{told}");
        assert!(told.contains("offers no TLS"), "{told}");
    }
}

#[apply(trial)]
async fn prefer_uses_tls_where_there_is_some_and_goes_without_where_there_is_none() {
    for mode in ["", "sslmode=prefer"] {
        let rest = format!("user=app password={PASSWORD} {mode}");
        assert_eq!(ask(&named("other.test", &rest), IS_ENCRYPTED).await, "true");
        assert_eq!(ask(&bare(&rest), IS_ENCRYPTED).await, "false");
    }
}

#[apply(trial)]
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
        assert_eq!(ask(&text, IS_ENCRYPTED).await, encrypted, "{user} {mode}");
    }
}

#[apply(trial)]
async fn disable_goes_without() {
    let text = named(
        "db.test",
        &format!("user=app password={PASSWORD} sslmode=disable"),
    );
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "false");
    let text = named(
        "db.test",
        &format!("user=secure password={PASSWORD} sslmode=disable"),
    );
    assert_eq!(refused(&text).await.0, ConnectErrorKind::Authentication);
}

#[apply(trial)]
async fn the_systems_authorities_do_not_know_ours() {
    let text = named("db.test", "user=postgres sslrootcert=system");
    let (kind, told) = refused(&text).await;
    let kinds = [
        ConnectErrorKind::UntrustedCertificate,
        ConnectErrorKind::File,
    ];
    // A machine without any has no file of them.
    assert!(kinds.contains(&kind), "{told}");
}

#[apply(trial)]
async fn the_passwords_proof_is_bound_to_the_connection() {
    let rest = format!("user=app password={PASSWORD} channel_binding=require");
    let text = named("db.test", &format!("{rest} sslmode=require"));
    assert_eq!(ask(&text, IS_ENCRYPTED).await, "true");
    // Without TLS there is nothing to bind it to.
    assert!(
        connect(&named("db.test", &format!("{rest} sslmode=disable")))
            .await
            .is_err()
    );
}

#[apply(trial)]
async fn a_stuck_statement_is_cancelled_over_tls() {
    use pgstore::store::PgStoreOptions;
    use std::time::Duration;
    let name = crate::support::database::unique();
    let root = file("authority.pem");
    let text = named(
        "db.test",
        &format!("user=postgres sslmode=verify-full sslrootcert={root} application_name={name}"),
    );
    let table = pgstore::store::TableName::parse(&format!("t{name}")).unwrap();
    let store = PgStoreOptions::new()
        .deadline(Duration::from_millis(300))
        .table(table)
        .connect(&text)
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let mut client = crate::support::database::client(with_tls().url()).await;
    let stranger = client.transaction().await.unwrap();
    let lock = format!("LOCK TABLE t{name} IN ACCESS EXCLUSIVE MODE");
    stranger.batch_execute(&lock).await.unwrap();
    let id = secrets::fresh_id();
    store
        .load(&id, Timestamp::from_unix_seconds(0))
        .await
        .told()
        .unwrap_err();

    let watcher = crate::support::database::client(with_tls().url()).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let begun = std::time::Instant::now();
    while watcher
        .query_one(waiting, &[&name])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
    {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    stranger.rollback().await.unwrap();
    let drop = format!("DROP TABLE t{name}");
    watcher.batch_execute(&drop).await.unwrap();
}
