//! Twenty processes that start at the same time, alone and beside Go's constructors.

use std::env;
use std::process::Stdio;

use pgstore::{PgStore, Store};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::things::{at, fresh, row};
use crate::support::database::Database;
use crate::support::go::GoPeer;
use crate::support::{apply, go_trial, trial};

/// Names the database that a process has to migrate.
const DATABASE: &str = "PGSTORE_TEST_MIGRATE";

/// A process prints this before the number of migrations that it ran.
const APPLIED: &str = "applied: ";

/// What [`process`] runs. Without the variable it does nothing.
#[apply(trial)]
async fn as_one_of_many_processes() {
    let Ok(url) = env::var(DATABASE) else {
        return;
    };
    let store = PgStore::connect(&url).await.unwrap();
    let migrated = store.migrate().await.unwrap();
    store.insert(&fresh(), &row("")).await.unwrap();
    assert_eq!(store.load(&fresh(), at(0)).await.unwrap().into_row(), None);
    println!("{APPLIED}{}", migrated.applied.len());
}

/// Migrates in a process of its own, which runs one trial of this program. Returns how many
/// migrations it applied.
async fn process(url: String) -> usize {
    let module = module_path!().trim_start_matches("it::");
    let output = Command::new(env::current_exe().unwrap())
        .args([&format!("{module}::as_one_of_many_processes"), "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(DATABASE, url)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the process runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}{error}");
    let applied = told.split(APPLIED).nth(1).expect("it says what it did");
    applied.lines().next().unwrap().trim().parse().unwrap()
}

#[apply(trial)]
async fn twenty_processes_migrate_at_once() {
    let database = Database::fresh().await;
    let mut processes = JoinSet::new();
    for _ in 0..20 {
        processes.spawn(process(database.url()));
    }
    let applied: usize = processes.join_all().await.into_iter().sum();
    assert_eq!(applied, 2, "one of them did both, the others waited");
}

#[apply(go_trial)]
async fn processes_migrate_beside_constructors_of_go() {
    let database = Database::fresh().await;
    let mut ours = JoinSet::new();
    let mut theirs = JoinSet::new();
    for _ in 0..10 {
        ours.spawn(process(database.url()));
        let url = database.url();
        theirs.spawn(async move { GoPeer::try_serve(&url, "0102").await.is_some() });
    }
    ours.join_all().await;
    // Go's constructors may fail: most of them do, on the catalogue's unique indexes.
    let served = theirs.join_all().await;
    let served = served.into_iter().filter(|served| *served).count();
    println!("beside 10 migrating processes, {served} of 10 constructors of Go succeeded");
    let go = GoPeer::serve(&database.url(), "0102").await;
    let login = go.post_form("/login", "user=ada", None).await;
    assert_eq!(login.status, 200, "{login:?}");
}
