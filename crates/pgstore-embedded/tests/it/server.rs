//! What a server can do for the process that owns it.

use std::error::Error;
use std::path::Path;
use std::thread;

use pgstore_embedded::{EmbeddedPostgres, StartError};

use crate::support::{answer, ask, is_mentioned_by_a_process, is_up};

#[test]
fn a_server_answers_over_tcp_and_over_its_socket_and_is_gone_when_stopped() {
    let server = EmbeddedPostgres::start().expect("a server");
    let (url, folder) = (server.url().to_owned(), server.folder().to_owned());
    assert_eq!(answer(&url, "SHOW TimeZone"), "UTC");
    assert_eq!(answer(&server.socket_url(), "SHOW server_encoding"), "UTF8");
    server.stop().expect("nothing is left over");
    assert!(!is_up(&url));
    assert!(!folder.exists());
    assert!(!is_mentioned_by_a_process(&folder));
}

#[test]
fn a_panic_leaves_nothing() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let owner = thread::spawn(move || {
        let server = EmbeddedPostgres::start().expect("a server");
        sender
            .send(server.folder().to_owned())
            .expect("the test listens");
        panic!("this panic is part of the test");
    });
    let folder = receiver.recv().expect("a folder");
    owner.join().expect_err("the panic");
    assert!(!folder.exists());
    assert!(!is_mentioned_by_a_process(&folder));
}

#[test]
fn settings_make_a_hostile_server() {
    let settings = [
        ("TimeZone", "America/New_York"),
        ("DateStyle", "SQL, DMY"),
        ("fsync", "on"),
    ];
    let server = EmbeddedPostgres::with_settings(&settings).expect("a server");
    assert_eq!(answer(server.url(), "SHOW TimeZone"), "America/New_York");
    assert_eq!(answer(server.url(), "SHOW DateStyle"), "SQL, DMY");
    assert_eq!(answer(server.url(), "SHOW fsync"), "on");
}

#[test]
fn the_environment_and_arguments_reach_initdb() {
    let builder = EmbeddedPostgres::builder()
        .env("TZ", "Asia/Tokyo")
        .initdb_arg("--data-checksums");
    let server = builder.start().expect("a server");
    let written = "SELECT setting FROM pg_file_settings WHERE name = 'timezone'";
    assert_eq!(answer(server.url(), written), "Asia/Tokyo");
    assert_eq!(answer(server.url(), "SHOW data_checksums"), "on");
}

#[test]
fn servers_run_side_by_side() {
    let start = || EmbeddedPostgres::start().expect("a server");
    let (first, second) = thread::scope(|scope| {
        let threads = (scope.spawn(start), scope.spawn(start));
        (
            threads.0.join().expect("no panic"),
            threads.1.join().expect("no panic"),
        )
    });
    assert_ne!(first.port(), second.port());
    first.stop().expect("nothing is left over");
    assert!(is_up(second.url()));
}

#[test]
fn a_durable_server_comes_back_from_a_kill_with_its_port_and_data() {
    let mut server = EmbeddedPostgres::builder()
        .durable()
        .start()
        .expect("a server");
    let url = server.url().to_owned();
    ask(&url, "CREATE TABLE kept AS SELECT 42 AS answer").expect("the server answers");
    server.kill().expect("a dead server");
    assert!(!is_up(&url));
    server.restart().expect("the server is back");
    assert_eq!(server.url(), url);
    assert_eq!(answer(&url, "SELECT answer FROM kept"), "42");
}

#[test]
fn a_server_that_runs_is_restarted_in_order() {
    let mut server = EmbeddedPostgres::start().expect("a server");
    ask(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer").expect("the server answers");
    let before = server.pid();
    server.restart().expect("the server is back");
    assert_ne!(server.pid(), before);
    assert_eq!(answer(server.url(), "SELECT answer FROM kept"), "42");
    server.shut_down().expect("a server that is down");
    assert!(!is_up(server.url()));
    server.stop().expect("nothing is left over");
}

#[test]
fn a_killed_server_is_removed_as_well() {
    let mut server = EmbeddedPostgres::start().expect("a server");
    server.kill().expect("a dead server");
    server.stop().expect("nothing is left over");
}

#[test]
fn missing_binaries_are_an_error_that_names_the_package() {
    let nowhere = Path::new("/nonexistent/bin");
    let error = EmbeddedPostgres::builder()
        .bin_dir(nowhere)
        .start()
        .expect_err("no binaries");
    let text = error.to_string();
    assert!(matches!(error, StartError::NotInstalled { searched } if searched == [nowhere]));
    assert!(
        text.contains("install") && text.contains("postgresql"),
        "{text}"
    );
    assert!(text.contains("/nonexistent/bin"), "{text}");
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_with_the_servers_words() {
    let error = EmbeddedPostgres::with_settings(&[("no_such", "1")]).expect_err("a bad setting");
    assert!(
        matches!(&error, StartError::Exited { log, .. } if log.contains("no_such")),
        "{error}"
    );
}

#[test]
fn a_locale_that_does_not_exist_is_an_error_with_initdbs_words() {
    let error = EmbeddedPostgres::builder()
        .locale("xx_XX")
        .start()
        .expect_err("a bad locale");
    assert!(matches!(&error, StartError::Initdb { output, .. } if output.contains("xx_XX")));
    assert!(error.source().is_none());
}
