//! A workload in which everything that is counted happens, with data of users that can be recognised.

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;
use pgstore::store::{Fault, FaultyStore};
use pgstore::testing::TestClock;
use pgstore::{
    FirstSweep, Keys, MemoryStore, OnConflict, PgStore, PgStoreOptions, Session, SessionError,
    SessionManager, Store, StoreErrorKind, SweepOptions,
};
use tokio::task::JoinSet;

use crate::support::app::NOW;
use crate::support::browser::next_request;
use crate::support::database::{Database, Key};
use crate::support::secrets::{self, Told, fresh_id};

/// Stands in every owner, label, key and value of the workload.
pub(super) const OF_A_USER: &str = "Lovelace";

const NAME: &str = "s";

pub(super) async fn run() {
    let database = Database::fresh().await;
    let scene = Scene::new(&database).await;
    scene.lives_of_sessions().await;
    scene.rows_that_do_not_count().await;
    scene.concurrent_changes().await;
    scene.cookies_that_do_not_count().await;
    scene.sweep().await;
    many_callers(&database).await;
    a_lost_connection(&database).await;
    failures().await;
    logouts().await;
    scene.store.close().await;
}

/// An application whose keys were changed, on one database.
struct Scene {
    database_client: tokio_postgres::Client,
    store: PgStore,
    clock: TestClock,
    sessions: SessionManager,
    /// The same before the change.
    before: SessionManager,
    /// The same, which overwrites no value.
    careful: SessionManager,
}

impl Scene {
    async fn new(database: &Database) -> Self {
        let store = database.store().await;
        let clock = TestClock::at(NOW);
        let (new, old) = (&[7; 32][..], &[8; 32][..]);
        let manager = |keys: Keys| {
            let manager = SessionManager::builder(store.clone(), keys);
            manager.clock(clock.clone())
        };
        let current = || secrets::keys(&[new, b"", old]);
        Self {
            database_client: database.client().await,
            sessions: manager(current()).build().unwrap(),
            before: manager(secrets::keys(&[old])).build().unwrap(),
            careful: manager(current())
                .on_conflict(OnConflict::Error)
                .build()
                .unwrap(),
            store,
            clock,
        }
    }

    /// A session of the user, and the headers of the browser's next request.
    async fn log_in(&self, manager: &SessionManager) -> HeaderMap {
        let session = manager.get(&HeaderMap::new(), NAME).unwrap();
        session.set_owner(OF_A_USER).unwrap();
        session.set_label(OF_A_USER).unwrap();
        session.insert(key("visits"), OF_A_USER).unwrap();
        save(manager, &session).await.unwrap()
    }

    async fn lives_of_sessions(&self) {
        let manager = &self.sessions;
        let cookie = self.log_in(manager).await; // inserted
        change(manager, &cookie, "visits").await.unwrap(); // found, updated
        let same = manager.get(&cookie, NAME).unwrap();
        same.insert(key("visits"), "visits").unwrap();
        save(manager, &same).await.unwrap(); // unchanged
        self.clock.advance(Duration::from_secs(5 * 24 * 60 * 60));
        read(manager, &cookie).await; // touched
        let renewed = manager.get(&cookie, NAME).unwrap();
        renewed.renew().unwrap();
        let cookie_of_the_new_id = save(manager, &renewed).await.unwrap(); // renamed
        read(manager, &cookie).await; // replaced
        let ended = manager.get(&cookie_of_the_new_id, NAME).unwrap();
        ended.destroy().unwrap();
        save(manager, &ended).await.unwrap(); // deleted
        read(manager, &cookie_of_the_new_id).await; // absent
        let cookie = self.log_in(&self.before).await;
        read(manager, &cookie).await; // older keys
        let cookie = self.log_in(manager).await;
        self.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
        read(manager, &cookie).await; // expired
    }

    async fn rows_that_do_not_count(&self) {
        let cookie = self.log_in(&self.sessions).await;
        let id = self.sessions.get(&cookie, NAME).unwrap().id().await;
        let damage = "UPDATE http_sessions SET data = 'no sealed text' WHERE key = $1";
        let id = id.unwrap().unwrap();
        let damaged = self.database_client.execute(damage, &[&Key(&id)]).await;
        assert_eq!(damaged.unwrap(), 1);
        let session = self.sessions.get(&cookie, NAME).unwrap();
        let error = session.get::<String>("visits").await.unwrap_err();
        assert!(matches!(error, SessionError::Undecodable(_)));
    }

    async fn concurrent_changes(&self) {
        let cookie = self.log_in(&self.sessions).await;
        let [first, second] = [(); 2].map(|()| self.sessions.get(&cookie, NAME).unwrap());
        for session in [&first, &second] {
            session.get::<String>(key("visits")).await.unwrap();
        }
        first.insert(key("visits"), "first").unwrap();
        second.insert(key("visits"), "second").unwrap();
        save(&self.sessions, &first).await.unwrap();
        save(&self.sessions, &second).await.unwrap(); // replayed, overwritten
        let [third, fourth] = [(); 2].map(|()| self.careful.get(&cookie, NAME).unwrap());
        for session in [&third, &fourth] {
            session.get::<String>(key("visits")).await.unwrap();
        }
        third.insert(key("visits"), "third").unwrap();
        fourth.insert(key("visits"), "fourth").unwrap();
        save(&self.careful, &third).await.unwrap();
        let refused = save(&self.careful, &fourth).await; // conflict
        assert!(matches!(refused, Err(SessionError::Conflict(_))));
        let late = self.sessions.get(&cookie, NAME).unwrap();
        late.get::<String>(key("visits")).await.unwrap();
        let ended = self.sessions.get(&cookie, NAME).unwrap();
        ended.destroy().unwrap();
        save(&self.sessions, &ended).await.unwrap();
        late.insert(key("visits"), OF_A_USER).unwrap();
        let gone = save(&self.sessions, &late).await;
        assert!(matches!(gone, Err(SessionError::Gone)));
    }

    async fn cookies_that_do_not_count(&self) {
        let stranger = secrets::keys(&[b"a key of somebody else"]);
        let forger = SessionManager::builder(MemoryStore::new(), stranger);
        let forged = self.log_in(&forger.build().unwrap()).await;
        read(&self.sessions, &forged).await; // not_signed
        for (cookie, value) in [
            ("s", OF_A_USER.to_owned()), // not_signed
            ("s", "%%".to_owned()),      // encoding
            ("s", "A".repeat(5000)),     // too_long
            ("s", "A".repeat(70_000)),   // too_many
            ("s-csrf", "%%".to_owned()),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, format!("{cookie}={value}").parse().unwrap());
            read(&self.sessions, &headers).await;
        }
    }

    async fn sweep(&self) {
        self.log_in(&self.sessions).await;
        self.clock.advance(Duration::from_secs(40 * 24 * 60 * 60));
        let options = SweepOptions::new().first(FirstSweep::AtOnce);
        let sweeper = self.sessions.start_sweeping(options);
        let swept = sweeper.next_sweep().await.unwrap();
        assert!(swept.removed > 0 && !swept.lag.is_zero());
        sweeper.stop().await;
    }
}

/// Loads that wait for each other, and one that may not.
async fn many_callers(database: &Database) {
    let options = PgStoreOptions::new().connections(2).queue(50);
    let store = options.connect(&database.url()).await.told().unwrap();
    let mut loads = JoinSet::new();
    for _ in 0..100 {
        let (store, id) = (store.clone(), fresh_id());
        loads.spawn(async move { store.load(&id, time()).await.map_err(|error| error.kind()) });
    }
    let answers = loads.join_all().await;
    assert!(answers.contains(&Err(StoreErrorKind::Unavailable)));
    store.close().await;
}

async fn a_lost_connection(database: &Database) {
    let url = format!("{}&application_name={}", database.url(), database.schema());
    let store = PgStoreOptions::new().connect(&url).await.told().unwrap();
    store.load(&fresh_id(), time()).await.unwrap();
    let end =
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1";
    let client = database.client().await;
    client.execute(end, &[&database.schema()]).await.unwrap();
    store.load(&fresh_id(), time()).await.unwrap();
    store.close().await;
}

/// A table that is missing, and a server that is.
async fn failures() {
    let empty = Database::fresh().await;
    let store = PgStoreOptions::new().connect(&empty.url()).await.unwrap();
    let missing = store.load(&fresh_id(), time()).await.unwrap_err();
    assert_eq!(missing.kind(), StoreErrorKind::NotMigrated);
    store.close().await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable";
    let deadline = Duration::from_millis(100);
    let options = PgStoreOptions::new().deadline(deadline);
    let store = options.connect_lazily(nowhere).unwrap();
    let unavailable = store.load(&fresh_id(), time()).await.unwrap_err();
    assert!(unavailable.is_unavailable());
}

/// One logout that continues in the background and succeeds, and one that is given up.
async fn logouts() {
    for fault in [StoreErrorKind::Unavailable, StoreErrorKind::Closed] {
        let store = FaultyStore::new(MemoryStore::new());
        let keys = secrets::keys(&[b"the hash key of those who log out"]);
        let manager = SessionManager::builder(store.clone(), keys)
            .build()
            .unwrap();
        let session = manager.get(&HeaderMap::new(), NAME).unwrap();
        session.insert(key("visits"), OF_A_USER).unwrap();
        let cookie = save(&manager, &session).await.unwrap();
        store.every("delete", Fault::Fails(fault));
        let ended = manager.get(&cookie, NAME).unwrap();
        ended.destroy().unwrap();
        save(&manager, &ended).await.unwrap_err();
        if fault == StoreErrorKind::Unavailable {
            store.mend();
        }
        manager.close(Duration::from_secs(5)).await.unwrap();
    }
}

/// A key that a careless application makes of what its user entered.
fn key(name: &str) -> String {
    format!("{name} of {OF_A_USER}")
}

async fn read(manager: &SessionManager, headers: &HeaderMap) {
    let session = manager.get(headers, NAME).unwrap();
    session.get::<String>(key("visits")).await.unwrap();
    save(manager, &session).await.unwrap();
}

async fn change(
    manager: &SessionManager,
    headers: &HeaderMap,
    value: &str,
) -> Result<HeaderMap, SessionError> {
    let session = manager.get(headers, NAME).unwrap();
    session.get::<String>(key("visits")).await?;
    session.insert(key("visits"), value)?;
    save(manager, &session).await
}

/// Saves it, and gives the headers of the browser's next request.
async fn save(manager: &SessionManager, session: &Session) -> Result<HeaderMap, SessionError> {
    let mut response = HeaderMap::new();
    manager.save(session, &mut response).await?;
    Ok(next_request(&response))
}

fn time() -> pgstore::Timestamp {
    pgstore::Timestamp::from_unix_seconds(NOW)
}
