//! Where the password comes from: the string, the environment, a file.

use std::path::PathBuf;

use pgstore_connect::ConnectError;

use crate::certificates::write;
use crate::servers::{PASSWORD, named, with_tls};
use crate::{connect_in, connected, refused, told, unique};

fn temporary() -> PathBuf {
    std::env::temp_dir().join(unique())
}

#[tokio::test]
async fn the_environment_says_all() {
    let port = with_tls().port().to_string();
    let mut variables = vec![
        ("PGHOST", "db.test"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "app"),
        ("PGPASSWORD", PASSWORD),
        ("PGDATABASE", "postgres"),
        ("PGTARGETSESSIONATTRS", "read-write"),
    ];
    if cfg!(feature = "tls-no-provider") {
        variables.push(("PGSSLMODE", "require"));
    }
    for text in ["", "postgres://", "postgresql:///"] {
        connect_in(&variables, text).await.unwrap();
    }
    let error = connect_in(&variables, "password=hunter2")
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::PasswordRefused { .. }),
        "{}",
        told(&error)
    );
}

#[tokio::test]
async fn a_password_file_is_used_when_only_its_owner_may_read_it() {
    let path = temporary();
    let port = with_tls().port();
    let lines = format!("other:*:*:*:hunter2\ndb.test:{port}:postgres:app:{PASSWORD}\n");
    let text = named("db.test", &format!("user=app passfile={}", path.display()));
    write(&path, &lines, 0o600);
    connected(&text).await;

    write(&path, &lines, 0o640);
    let (error, told) = refused(&text).await;
    assert!(
        matches!(error, ConnectError::PasswordMissing { .. }),
        "{told}"
    );
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_line_of_the_password_file_that_is_not_utf_8_is_lost_alone() {
    let path = temporary();
    write(&path, "", 0o600);
    let mut lines = b"db:*:*:caf\xe9:hunter2\n".to_vec();
    lines.extend(format!("*:*:*:app:{PASSWORD}\n").bytes());
    std::fs::write(&path, lines).unwrap();
    connected(&named(
        "db.test",
        &format!("user=app passfile={}", path.display()),
    ))
    .await;
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn the_password_file_in_the_home_folder_is_the_default() {
    let home = temporary();
    std::fs::create_dir(&home).unwrap();
    write(
        &home.join(".pgpass"),
        &format!("*:*:*:app:{PASSWORD}"),
        0o600,
    );
    let variables = [("HOME", home.to_str().unwrap())];
    let text = named("db.test", "user=app");
    connect_in(&variables, &text).await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}
