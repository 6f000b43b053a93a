//! Failures to connect, as users of the store see them. `pgstore-connect` tests each kind.

use http::HeaderMap;
use pgstore::{
    ErrorClass, MemoryStore, OnOutage, PgStoreOptions, Session, SessionError, SessionLayer,
    SessionManager, Store, Timestamp,
};
use tower::ServiceExt as _;

use super::servers::{PASSWORD, named, with_tls};
use super::{connect, told};
use crate::support::browser::next_request;
use crate::support::secrets::{self, Told};
use crate::support::{apply, log, trial};

#[apply(trial)]
async fn what_the_connection_string_has_wrong_is_for_its_author_to_mend() {
    for text in [
        "colour=red",
        "sslmode=maybe",
        "postgres://h?x",
        "sslmode=require sslcert=/no/x hostaddr=127.0.0.1",
    ] {
        let error = connect(text).await.told().unwrap_err();
        assert_eq!(ErrorClass::from(&error), ErrorClass::Usage, "{error}");
    }
    let error = connect("host=/nowhere").await.told().unwrap_err();
    assert_eq!(ErrorClass::from(&error), ErrorClass::Internal);
}

#[apply(trial)]
async fn the_session_gets_its_name_and_options() {
    let text = named(
        "db.test",
        "user=postgres options='-c search_path=somewhere,public'",
    );
    let store = PgStoreOptions::new()
        .environment([("PGAPPNAME", "from-the-environment")])
        .connect(&text)
        .await
        .unwrap();
    let client = crate::support::database::client(with_tls().url()).await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let row = client
        .query_one(sql, &[&"from-the-environment"])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    store.close().await;
}

/// Connecting, failing to, losing the connection.
#[apply(trial)]
async fn nothing_of_the_password_is_logged() {
    let heard = log::heard(trouble).join("\n");
    for event in [
        "PGSERVICE",
        "check no certificate",
        "could not connect to the session store",
        "was lost",
    ] {
        assert!(heard.contains(event), "{heard}");
    }
    for secret in [PASSWORD, "hunter2"] {
        assert!(!heard.contains(secret), "{heard}");
    }
}

async fn trouble() {
    let variables = [("PGSERVICE", "web"), ("PGPASSWORD", "hunter2")];
    let far = PgStoreOptions::new().connect_lazily("postgres://u:hunter2@db.internal/d");
    far.unwrap().close().await;
    let wrong = named("db.test", "user=app");
    let error = super::connect_in(&variables, &wrong)
        .await
        .told()
        .unwrap_err();
    told(&error);

    // A schema of its own, with a table to wait for.
    let name = format!("test_{}", crate::support::database::unique());
    let client = crate::support::database::client(with_tls().url()).await;
    let create = format!(
        "CREATE SCHEMA {name}; GRANT USAGE ON SCHEMA {name} TO app;
         CREATE TABLE {name}.http_sessions ()"
    );
    client.batch_execute(&create).await.unwrap();
    let rest = format!(
        "user=app password={PASSWORD} application_name={name} options='-csearch_path={name}'"
    );
    let store = connect(&named("db.test", &rest)).await.unwrap();
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = $1";
    let id = secrets::fresh_id();
    let now = Timestamp::from_unix_seconds(0);
    // Until it is told of it in the middle of a statement, not between two.
    let lock = format!("BEGIN; LOCK TABLE {name}.http_sessions");
    client.batch_execute(&lock).await.unwrap();
    let load = store.load(&id, now);
    let kill = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE application_name = $1 AND wait_event_type = 'Lock'";
        let watcher = crate::support::database::client(with_tls().url()).await;
        while watcher
            .query_one(waiting, &[&name])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            tokio::task::yield_now().await;
        }
        watcher.query_one(sql, &[&name]).await.unwrap();
        client.batch_execute("ROLLBACK").await.unwrap();
    };
    let (_, ()) = tokio::join!(load, kill);
    store.close().await;
}

/// Reads fail for two seconds while several connections are tried again and again.
#[apply(trial)]
async fn an_outage_is_logged_when_it_begins_and_when_it_ends() {
    let heard = log::heard(|| async {
        let mut server = pgstore_embedded::EmbeddedPostgres::start().unwrap();
        let options = PgStoreOptions::new().deadline(std::time::Duration::from_millis(300));
        let store = options.connect(server.url()).await.unwrap();
        server.kill().unwrap();
        let (id, now) = (secrets::fresh_id(), Timestamp::from_unix_seconds(0));
        let begun = std::time::Instant::now();
        while begun.elapsed() < std::time::Duration::from_secs(2) {
            let _ = store.load(&id, now).await.told();
        }
        server.restart().unwrap();
        let is_up =
            |error: &pgstore::StoreError| error.kind() == pgstore::StoreErrorKind::NotMigrated;
        while !store
            .load(&id, now)
            .await
            .told()
            .is_err_and(|error| is_up(&error))
        {}
        store.close().await;
    });
    let warnings = |words: &str| {
        let lines = heard
            .iter()
            .filter(|line| line.contains(words) && line.contains("Level(Warn)"));
        lines.count()
    };
    assert_eq!(
        warnings("could not connect to the session store"),
        1,
        "{heard:#?}"
    );
    assert_eq!(
        warnings("connected to the session store again"),
        1,
        "{heard:#?}"
    );
}

/// The clock of the runtime stands still but for the pauses between tries, so three minutes take a
/// moment. Nothing listens at the store's port.
#[apply(trial)]
async fn an_outage_is_logged_once_a_minute_and_not_for_each_request() {
    for policy in [OnOutage::Required, OnOutage::Anonymous] {
        let heard = log::heard(move || requests_in_an_outage_of_three_minutes(policy));
        let warnings: Vec<_> = heard
            .iter()
            .filter(|line| line.contains("Level(Warn)"))
            .collect();
        let count = |words: &str| warnings.iter().filter(|line| line.contains(words)).count();
        assert_eq!(
            count("could not connect to the session store; it"),
            1,
            "{warnings:#?}"
        );
        let again = count("still could not connect to the session store");
        assert!((2..=3).contains(&again), "{again} in three minutes");
        assert_eq!(warnings.len(), 1 + again, "{warnings:#?}");
        let words = match policy {
            OnOutage::Anonymous => "the request continues without its session",
            _ => "a session failed",
        };
        let requests = heard.iter().filter(|line| line.contains(words));
        assert!(requests.count() > 30, "each request is logged at debug");
    }
}

async fn requests_in_an_outage_of_three_minutes(policy: OnOutage) {
    let keys = secrets::keys(&[b"the hash key of this outage, of 32 bytes"]);
    let earlier = SessionManager::builder(MemoryStore::new(), keys.clone());
    let earlier = earlier.build().unwrap();
    let session = earlier.get(&HeaderMap::new(), "s").unwrap();
    let mut response = HeaderMap::new();
    session.insert("n", 1).unwrap();
    earlier.save(&session, &mut response).await.unwrap();

    tokio::time::pause();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let url = format!("postgres://app@127.0.0.1:{port}/web?sslmode=disable");
    let store = PgStoreOptions::new().connect_lazily(&url).unwrap();
    let sessions = SessionManager::builder(store.clone(), keys).on_outage(policy);
    let sessions = sessions.build().unwrap();
    let page = |session: Session| async move {
        session.get::<u32>("n").await?;
        session.insert("n", 2)?;
        Ok::<_, SessionError>("")
    };
    let app = axum::Router::new()
        .route("/", axum::routing::get(page))
        .layer(SessionLayer::new(&sessions, "s").unwrap());
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_secs(180) {
        let mut request = http::Request::new(axum::body::Body::empty());
        *request.headers_mut() = next_request(&response);
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 503);
    }
    store.close().await;
}
