//! Where the password comes from: the string, the environment, a file.

use pgstore::store::ConnectErrorKind;

use super::certificates::write;
use super::servers::{PASSWORD, named, with_tls};
use super::{connect, connect_in, told};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

#[apply(trial)]
async fn the_environment_says_all() {
    let port = with_tls().port().to_string();
    let variables = [
        ("PGHOST", "db.test"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGUSER", "app"),
        ("PGPASSWORD", PASSWORD),
        ("PGDATABASE", "postgres"),
        ("PGSSLMODE", "require"),
        ("PGTARGETSESSIONATTRS", "read-write"),
    ];
    for text in ["", "postgres://", "postgresql:///"] {
        connect_in(&variables, text).await.unwrap().close().await;
    }
    let error = connect_in(&variables, "password=hunter2")
        .await
        .told()
        .unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Password, "{}", told(&error));
}

#[apply(trial)]
async fn a_password_file_is_used_when_only_its_owner_may_read_it() {
    let path = std::env::temp_dir().join(crate::support::database::unique());
    let port = with_tls().port();
    let lines = format!("other:*:*:*:hunter2\ndb.test:{port}:postgres:app:{PASSWORD}\n");
    let text = named("db.test", &format!("user=app passfile={}", path.display()));
    write(&path, &lines, 0o600);
    connect(&text).await.unwrap().close().await;

    write(&path, &lines, 0o640);
    let error = connect(&text).await.told().unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Password, "{}", told(&error));
    std::fs::remove_file(path).unwrap();
}

#[apply(trial)]
async fn the_password_file_in_the_home_folder_is_the_default() {
    let home = std::env::temp_dir().join(crate::support::database::unique());
    std::fs::create_dir(&home).unwrap();
    write(
        &home.join(".pgpass"),
        &format!("*:*:*:app:{PASSWORD}"),
        0o600,
    );
    let variables = [("HOME", home.to_str().unwrap())];
    let text = named("db.test", "user=app");
    connect_in(&variables, &text).await.unwrap().close().await;
    std::fs::remove_dir_all(home).unwrap();
}
