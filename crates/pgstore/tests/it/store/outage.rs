//! The server stops and starts again; the store reconnects without help.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pgstore::store::{Row, Written};
use pgstore::{PgStore, PgStoreOptions, SessionId, Store, StoreError, Timestamp};
use pgstore_embedded::EmbeddedPostgres;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::things::{at, fresh, row};
use crate::support::database::client;
use crate::support::secrets::Told;
use crate::support::{apply, trial};

#[apply(trial)]
async fn a_killed_server_is_an_error_in_time_and_works_again_when_it_is_back() {
    let mut server = EmbeddedPostgres::builder().durable().start().unwrap();
    let deadline = Duration::from_secs(2);
    let options = PgStoreOptions::new().deadline(deadline);
    let store = options.connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let id = fresh();
    store.insert(&id, &row("")).await.unwrap();

    server.kill().unwrap();
    // The server's last processes take a moment to end, and answer until then.
    let mut failures_in_a_row = 0;
    while failures_in_a_row < 5 {
        match is_unavailable(&store, deadline).await {
            true => failures_in_a_row += 1,
            false => failures_in_a_row = 0,
        }
    }
    let server = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        server
    });
    let server = server.await.unwrap();
    assert_eq!(
        store.load(&id, at(0)).await.unwrap().into_row(),
        Some(row(""))
    );
    assert_eq!(
        store.update(&id, at(0), &row("")).await.unwrap(),
        Written::Saved
    );
    store.insert(&fresh(), &row("")).await.unwrap();
    store.close().await;
    server.stop().unwrap();
}

/// Whether a load and an insert both fail. A failure must be of the right kind and in time.
async fn is_unavailable(store: &PgStore, deadline: Duration) -> bool {
    let (begun, id, row) = (Instant::now(), fresh(), row(""));
    let (load, insert) = tokio::join!(store.load(&id, at(0)), store.insert(&id, &row));
    assert!(begun.elapsed() < deadline + Duration::from_secs(1));
    let errors = [load.err(), insert.err()];
    let unavailable = |error: &Option<StoreError>| error.as_ref().map(StoreError::is_unavailable);
    assert!(
        !errors.iter().filter_map(unavailable).any(|yes| !yes),
        "{errors:?}"
    );
    errors.iter().all(Option::is_some)
}

/// What one caller wrote to its own row. The row must hold this number, or the next one, whose write
/// was not acknowledged.
struct Acknowledged {
    id: SessionId,
    number: i64,
    failures: usize,
}

#[apply(trial)]
async fn a_server_restarted_under_load_loses_nothing_that_was_acknowledged() {
    const CALLERS: usize = 64;
    let mut server = EmbeddedPostgres::builder().durable().start().unwrap();
    let options = PgStoreOptions::new().deadline(Duration::from_secs(2));
    let store = options.connect(server.url()).await.unwrap();
    store.migrate().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writes = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(call(store.clone(), Arc::clone(&stop), Arc::clone(&writes))))
        .collect();
    for _ in 0..3 {
        more_writes(&writes, 500).await;
        crash(&mut server).await;
        let restarting = tokio::task::spawn_blocking(move || {
            server.restart().unwrap();
            server
        });
        server = restarting.await.unwrap();
        // The callers work again without a restart of this process.
        more_writes(&writes, 500).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut failures = 0;
    for caller in callers {
        let acknowledged = caller.await.unwrap();
        let found = store
            .load(&acknowledged.id, at(0))
            .await
            .unwrap()
            .into_row();
        let number: i64 = String::from_utf8(found.expect("it was acknowledged").data)
            .unwrap()
            .parse()
            .unwrap();
        let expected = acknowledged.number..=acknowledged.number + 1;
        assert!(expected.contains(&number), "{number} in {expected:?}");
        failures += acknowledged.failures;
    }
    assert!(failures > 0, "the server was away");
    let writes = writes.load(Ordering::Relaxed);
    println!("{CALLERS} callers, 3 restarts: {writes} writes, {failures} failures, none lost");
    store.close().await;
    server.stop().unwrap();
}

/// Kills all of the server's processes. If only the first one is killed, the others keep working as
/// long as they are busy.
async fn crash(server: &mut EmbeddedPostgres) {
    let client = client(server.url()).await;
    let others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
    let others = client.query(others, &[]).await.unwrap();
    let others = others.iter().map(|row| row.get::<_, i32>(0).to_string());
    drop(client);
    server.kill().unwrap();
    let kill = Command::new("/bin/sh")
        .args(["-c", "kill -KILL \"$@\" 2>/dev/null", "sh"])
        .args(others)
        .status();
    kill.await.expect("there is a shell");
}

async fn more_writes(writes: &AtomicUsize, more: usize) {
    let (wanted, begun) = (writes.load(Ordering::Relaxed) + more, Instant::now());
    while writes.load(Ordering::Relaxed) < wanted {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Writes successive numbers to a row. After a failure it loads the row and tries again.
async fn call(store: PgStore, stop: Arc<AtomicBool>, writes: Arc<AtomicUsize>) -> Acknowledged {
    let (mut id, mut failures) = (fresh(), 0);
    while store.insert(&id, &numbered(0)).await.is_err() {
        (id, failures) = (fresh(), failures + 1);
    }
    let (mut number, mut seen) = (0, at(0));
    while !stop.load(Ordering::Relaxed) {
        let next = numbered(number + 1);
        match store.update(&id, seen, &next).await {
            Ok(Written::Saved) => {
                (number, seen) = (number + 1, next.modified_on);
                writes.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Written::Missed) => panic!("no other caller writes this row"),
            Err(error) => {
                assert!(error.is_unavailable(), "{error:?}");
                failures += 1;
                // If the error is in doubt, a load tells whether the write took effect.
                seen = version(&store, &id, &mut failures).await;
                let times = seen.unix_micros() - at(0).unix_micros();
                let is_written = times == number + 1;
                assert!(times == number || is_written && error.is_in_doubt());
                number = times;
            }
        }
    }
    Acknowledged {
        id,
        number,
        failures,
    }
}

/// The version of an existing row, as soon as the server answers.
async fn version(store: &PgStore, id: &SessionId, failures: &mut usize) -> Timestamp {
    loop {
        match store.load(id, at(0)).await {
            Ok(found) => return found.into_row().expect("it was acknowledged").modified_on,
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
        *failures += 1;
    }
}

/// A row that says how often it was written, in its data and in its version.
fn numbered(number: i64) -> Row {
    Row {
        modified_on: Timestamp::from_unix_micros(at(0).unix_micros() + number),
        ..row(&number.to_string())
    }
}

#[apply(trial)]
async fn a_server_that_does_not_answer_is_an_error_in_time() {
    let silence = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silence.local_addr().unwrap().port();
    let store = PgStoreOptions::new()
        .deadline(Duration::from_millis(200))
        .connect_timeout(Duration::from_millis(300))
        .connect_lazily(&format!("postgres://u@127.0.0.1:{port}/d"))
        .unwrap();
    let begun = Instant::now();
    for _ in 0..3 {
        let error = store.load(&fresh(), at(0)).await.told().unwrap_err();
        assert!(error.is_unavailable());
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
}
