//! Each failure has its own variant and text, and none tells the password.

use pgstore_connect::{ConfigError, ConnectError};

use crate::doubles::{Behaviour, Double};
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
            "\"<user>\"",
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
         \"<user>\" (SQLSTATE 28P01)",
        with_tls().port()
    );
    assert_eq!(format!("{error:?}"), expected);
    let error = ConnectError::from(ConfigError::UnsupportedOption { option: "service" });
    assert_eq!(format!("{error:?}"), error.to_string());
}

/// What a proxy does whose server is away: at once, or when it was asked for TLS or for a session.
#[tokio::test]
async fn a_connection_that_is_closed_without_an_answer_is_told() {
    for behaviour in [Behaviour::Close, Behaviour::ReadAndClose, Behaviour::Reset] {
        let double = Double::of(behaviour).await;
        for mode in ["disable", "allow", "prefer", "require", "verify-full"] {
            let mode = if cfg!(feature = "tls-no-provider") {
                mode
            } else {
                "disable"
            };
            let root = crate::servers::file("authority.pem");
            let rest = format!("password=hunter2 sslmode={mode} sslrootcert={root}");
            let (error, told) = refused(&double.text(&rest)).await;
            assert!(matches!(error, ConnectError::Closed { .. }), "{told}");
            assert!(told.contains("closed the connection"), "{told}");
        }
    }
}

#[tokio::test]
async fn nothing_of_the_string_is_repeated_where_the_server_repeats_it() {
    for rest in [
        "user=hunter2",
        "user=postgres dbname=hunter2",
        "user=postgres options='-c hunter2=1'",
        "user=postgres options='-c work_mem=hunter2'",
        "user=postgres work_mem=hunter2",
        "user=postgres hunter2.x=1 statement_timeout=x",
        "user=postgres role=hunter2",
        "user=postgres options='--hunter2'",
        "user=postgres options=hunter2",
        "user=postgres search_path='\"hunter2'",
    ] {
        let (error, _) = refused(&bare(rest)).await; // It searches what is told.
        assert!(error.database_error().is_some(), "{rest}: {error:?}");
    }
    let (error, _) = refused(&bare("user=postgres work_mem=x_1")).await;
    let told = error.database_error().unwrap().message().to_owned();
    assert_eq!(
        told,
        "invalid value for parameter \"work_mem\": \"<options>\""
    );
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

/// As Go's lib/pq takes them.
#[tokio::test]
async fn run_time_parameters_are_passed_on() {
    let rest = "user=postgres search_path='\"my schema\", public' statement_timeout=1234ms \
                timezone=Asia/Tokyo app.tenant='a\\\\b c' binary_parameters=yes";
    let (client, _task) = connected(&named("db.test", rest)).await;
    for (parameter, value) in [
        ("search_path", "\"my schema\", public"),
        ("statement_timeout", "1234ms"),
        ("TimeZone", "Asia/Tokyo"),
        ("app.tenant", "a\\b c"),
    ] {
        assert_eq!(
            crate::ask(&client, &format!("SHOW {parameter}")).await,
            value
        );
    }
    let port = with_tls().port();
    let url = format!(
        "postgres://postgres@127.0.0.1:{port}/postgres?options=-c%20work_mem%3D64kB&work_mem=1MB"
    );
    let (client, _task) = connected(&url).await;
    assert_eq!(crate::ask(&client, "SHOW work_mem").await, "1MB");
}

#[test]
fn an_option_of_lib_pq_alone_is_ignored_with_a_line_in_the_log() {
    let heard = log::heard(|| async {
        let text = "host=h user=u binary_parameters=hunter2";
        pgstore_connect::Config::parse(text).unwrap();
    });
    assert!(heard.contains("option=\"binary_parameters\""), "{heard}");
    assert!(!heard.contains("hunter2"), "{heard}");
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
