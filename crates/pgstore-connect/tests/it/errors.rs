//! Each failure has its own variant and text, and none tells the password.

use pgstore_connect::{ConfigError, ConnectError};

use crate::servers::{PASSWORD, bare, named, with_tls};
use crate::{closed_port, connected, is, log, refused};

#[tokio::test]
async fn each_failure_has_its_own_variant() {
    type Is = fn(&ConnectError) -> bool;
    let (closed, password) = (closed_port(), format!("user=app password={PASSWORD}"));
    let tests: [(String, Is, &str); 10] = [
        (
            named("db.test", "user=app password=hunter2"),
            is!(PasswordRefused),
            "28P01",
        ),
        (
            named("db.test", "user=app"),
            is!(PasswordMissing),
            "password",
        ),
        (bare("user=app"), is!(PasswordMissing), "password"),
        (
            named("db.test", "user=nobody password=hunter2"),
            is!(UserRefused),
            "nobody",
        ),
        (
            "host=nowhere.invalid user=u password=hunter2".to_owned(),
            is!(UnknownHost),
            "nowhere.invalid:5432",
        ),
        (
            format!("host=127.0.0.1 port={closed} user=u password=hunter2"),
            is!(NotListening),
            "127.0.0.1",
        ),
        (
            "host=/nowhere user=u password=hunter2".to_owned(),
            is!(NotListening),
            "/nowhere/.s.PGSQL.5432",
        ),
        (
            named("db.test", "user=crowded password=hunter2"),
            is!(TooManyConnections),
            "53300",
        ),
        (
            format!("{} dbname=none", named("db.test", &password)),
            is!(NoDatabase),
            "3D000",
        ),
        (
            named(
                "db.test",
                "user=postgres password=hunter2 target_session_attrs=standby",
            ),
            is!(WrongTarget),
            "`target_session_attrs=standby`",
        ),
    ];
    for (text, is, word) in tests {
        let (error, told) = refused(&text).await;
        assert!(is(&error) && told.contains(word), "{told}");
        assert!(!error.is_configuration(), "{told}");
        assert!(error.host().is_some(), "{told}");
        let has_code = told.contains("SQLSTATE");
        assert_eq!(error.database_error().is_some(), has_code, "{told}");
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_told_from_a_failure() {
    for text in [
        "colour=red",
        "sslmode=maybe",
        "postgres://h?x",
        "host=@abstract",
    ] {
        let (error, told) = refused(text).await;
        assert!(matches!(error, ConnectError::Config(_)), "{told}");
        assert!(error.is_configuration(), "{told}");
    }
    let (error, told) = refused("sslmode=require sslcert=/no/x hostaddr=127.0.0.1").await;
    assert!(error.is_configuration(), "{told}");
    assert!(!refused("host=/nowhere").await.0.is_configuration());
}

#[tokio::test]
async fn debug_reads_as_a_sentence_with_its_causes() {
    let (error, _) = refused(&named("db.test", "user=app password=hunter2")).await;
    let expected = format!(
        "db.test (127.0.0.1):{} refused the password: password authentication failed for user \
         \"app\" (SQLSTATE 28P01)",
        with_tls().port()
    );
    assert_eq!(format!("{error:?}"), expected);
    let error = ConnectError::from(ConfigError::UnsupportedOption { option: "service" });
    assert_eq!(format!("{error:?}"), error.to_string());
}

/// What a proxy does whose server is away.
#[tokio::test]
async fn a_connection_that_is_closed_without_an_answer_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let closing = tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    for mode in ["disable", "prefer", "require"] {
        let mode = if cfg!(feature = "tls-no-provider") {
            mode
        } else {
            "disable"
        };
        let text = format!("host=127.0.0.1 port={port} user=u password=hunter2 sslmode={mode}");
        let (error, told) = refused(&text).await;
        // Bytes that were not read make the system reset the connection.
        let is_reset = matches!(error, ConnectError::Unreachable { .. });
        assert!(
            is_reset || matches!(error, ConnectError::Closed { .. }),
            "{told}"
        );
    }
    closing.abort();
}

#[tokio::test]
async fn a_socket_is_found_by_its_folder() {
    let server = with_tls();
    connected(&server.socket_url()).await;
    let (folder, port) = (server.folder().display(), server.port());
    connected(&format!("host={folder} port={port} user=postgres")).await;
    // As in libpq, TLS is not used there, and neither are its files.
    if cfg!(feature = "tls-no-provider") {
        let rest = "sslmode=verify-full sslrootcert=/nowhere";
        connected(&format!("host={folder} port={port} user=postgres {rest}")).await;
    }
}

#[tokio::test]
async fn the_connection_gets_its_name_and_options() {
    let rest = "user=postgres options='-c search_path=somewhere,public'";
    let text = named("db.test", rest);
    let variables = [("PGAPPNAME", "from-the-environment")];
    let (client, _task) = crate::connect_in(&variables, &text).await.unwrap();
    let name = crate::ask(&client, "SHOW application_name").await;
    assert_eq!(name, "from-the-environment");
    let path = crate::ask(&client, "SHOW search_path").await;
    assert_eq!(path, "somewhere,public");
}

/// Connecting, failing to, and what is doubtful about the configuration.
#[test]
fn warnings_are_logged_and_the_password_is_not() {
    with_tls();
    let heard = log::heard(|| async {
        let variables = [("PGSERVICE", "web"), ("PGPASSWORD", "hunter2")];
        let wrong = named("db.test", "user=app");
        crate::connect_in(&variables, &wrong).await.unwrap_err();
        let right = named("db.test", &format!("user=app password={PASSWORD}"));
        drop(connected(&right).await);
        let far = "postgres://u:hunter2@db.invalid/d?connect_timeout=1";
        refused(far).await;
    });
    for event in ["PGSERVICE", "check no certificate"] {
        assert!(heard.contains(event), "{heard}");
    }
    for secret in [PASSWORD, "hunter2"] {
        assert!(!heard.contains(secret), "{heard}");
    }
}
