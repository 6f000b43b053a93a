//! The demo as a program: what it says, and how it stops.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::program::{Program, command};
use crate::support::{apply, trial};

async fn connect(demo: &Program) -> TcpStream {
    let authority = demo.site.strip_prefix("http://").unwrap();
    TcpStream::connect(authority).await.unwrap()
}

#[apply(trial)]
async fn without_settings_it_brings_its_own_database_and_keys_and_stops() {
    let demo = Program::with(&[]).await;
    for setting in ["DATABASE_URL is not set", "SESSION_KEYS is not set"] {
        assert!(
            demo.said.iter().any(|line| line.contains(setting)),
            "{setting}"
        );
    }
    assert!(demo.interrupt().await.success());
}

/// A client that never finishes its request does not keep the program from stopping.
#[apply(trial)]
async fn it_stops_beside_half_a_request() {
    let demo = Program::start().await;
    let mut client = connect(&demo).await;
    client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    assert!(demo.interrupt().await.success());
}

async fn get(demo: &Program, path: &str) -> String {
    let mut client = connect(demo).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

#[apply(trial)]
async fn operators_are_told_whether_it_is_ready() {
    let demo = Program::start().await;
    let answer = get(&demo, "/ready").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(!answer.contains("set-cookie"));
}

#[apply(trial)]
async fn it_says_where_prometheus_reads_and_the_figures_are_there() {
    let demo = Program::start().await;
    let mut said = demo.said.iter();
    let url = said.find_map(|line| line.strip_prefix("Prometheus reads "));
    let path = url.unwrap().strip_prefix(&demo.site).unwrap();
    let answer = get(&demo, path).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\npgstore_connections{"), "{answer}");
}

#[apply(trial)]
async fn what_is_wrong_with_the_settings_is_said() {
    let wrong = [
        ("PORT", "many", "PORT must be a number"),
        ("SESSION_KEYS", "0g", "key number 1"),
        (
            "DATABASE_URL",
            "postgres://nobody@127.0.0.1:1/none",
            "127.0.0.1",
        ),
    ];
    for (name, value, expected) in wrong {
        let output = command(&[(name, value)]).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains(expected), "{said}");
    }
}
