//! The task behind a client: its end, and cancelling over a second connection.

use std::time::Duration;

use crate::servers::{PASSWORD, named, with_tls};
use crate::{ask, connected};

#[tokio::test]
async fn the_task_ends_when_the_client_is_dropped() {
    let (client, task) = connected(&with_tls().socket_url()).await;
    let pid = ask(&client, "SELECT pg_backend_pid()::text").await;
    assert!(!task.has_ended());
    drop(client);
    task.ended().await;

    let (watcher, _task) = connected(&with_tls().socket_url()).await;
    let sql = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}");
    while ask(&watcher, &sql).await != "0" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_aborted_task_ends_its_connection() {
    let (client, task) = connected(&with_tls().socket_url()).await;
    task.abort_handle().abort();
    task.ended().await;
    assert!(client.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn a_dropped_task_continues() {
    let (client, _) = connected(&with_tls().socket_url()).await;
    assert_eq!(ask(&client, "SELECT 'on'").await, "on");
}

#[tokio::test]
async fn a_statement_is_cancelled_with_tls_and_without() {
    let root = crate::servers::file("authority.pem");
    let mut texts = vec![
        with_tls().socket_url(),
        named(
            "db.test",
            &format!("user=app password={PASSWORD} sslmode=disable"),
        ),
    ];
    if cfg!(feature = "tls-no-provider") {
        let rest = format!("user=app password={PASSWORD} sslmode=verify-full sslrootcert={root}");
        texts.push(named("db.test", &rest));
    }
    for text in texts {
        let (client, task) = connected(&text).await;
        let cancel = task.cancel_handle();
        let sleeping = client.batch_execute("SELECT pg_sleep(60)");
        // A request that comes before the statement has no effect, so they are repeated.
        let cancelling = async {
            loop {
                cancel.cancel().await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let error = tokio::select! {
            slept = sleeping => slept.unwrap_err(),
            () = cancelling => unreachable!(),
        };
        assert_eq!(error.code().unwrap().code(), "57014");
    }
}

#[tokio::test]
async fn the_server_sees_the_port_of_this_end() {
    const SEEN: &str = "SELECT COALESCE(inet_client_port()::text, 'none')";
    let (client, task) = connected(&with_tls().socket_url()).await;
    assert_eq!(task.local_port(), None);
    assert_eq!(ask(&client, SEEN).await, "none");
    let modes: &[&str] = match cfg!(feature = "tls-no-provider") {
        true => &["disable", "require"],
        false => &["disable"],
    };
    for mode in modes {
        let rest = format!("user=app password={PASSWORD} sslmode={mode}");
        let (client, task) = connected(&named("db.test", &rest)).await;
        let port = task.local_port().expect("it is a TCP connection");
        assert_eq!(ask(&client, SEEN).await, port.to_string(), "{mode}");
    }
}
