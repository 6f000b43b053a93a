//! The store: how it is made, and its settings.

use std::collections::HashMap;

use pgstore::opaque::{OpaqueSessions, OwnerOf};
use pgstore::store::Migrated;
use pgstore::{
    Clock, ConnectError, MigrateError, PgStore, PgStoreOptions, SweepHandle, SweepOptions,
    TableName,
};
use serde_json::Value;

use crate::on_gone::OnGone;
use crate::values::Values;

/// A part of each row's key. Changing it would end all sessions.
const CRATE: &str = "tower-sessions";

/// The table, unless the application chooses another one.
const TABLE: &str = "tower_sessions";

/// Sessions of tower-sessions in PostgreSQL. A handle: clones share the connections.
///
/// It implements `SessionStore` and `ExpiredDeletion` of each version of tower-sessions-core whose
/// feature is on.
///
/// ```no_run
/// use pgstore_tower_sessions::PostgresStore;
/// use tower_sessions::SessionManagerLayer;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@localhost/web").await?;
/// store.migrate().await?;
/// let _sweeping = store.start_sweeping(Default::default()); // until it is dropped
/// let app: axum::Router = axum::Router::new().layer(SessionManagerLayer::new(store));
/// # Ok(())
/// # }
/// ```
///
/// # What does it cost?
///
/// One statement for a load, a save, a new session and a logout. Callers that wait at the same time
/// share statements. A save or a logout that finds no session asks a second time.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(crate) sessions: OpaqueSessions,
    pub(crate) owner: Option<OwnerOf<Values>>,
    pub(crate) on_gone: OnGone,
}

impl PostgresStore {
    /// Connects with the default [`options`](PostgresStore::options). The connection string is a URL
    /// or keywords, with the meaning that it has for `psql`.
    ///
    /// It opens one connection and changes nothing in the database; see
    /// [`migrate`](PostgresStore::migrate).
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgstore::ConnectError> {
    /// use pgstore_tower_sessions::PostgresStore;
    ///
    /// let store = PostgresStore::connect("postgres://app:secret@localhost/web").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the connection string is invalid or no connection can be made.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::new(Self::options().connect(url).await?))
    }

    /// The default options: those of [`PgStoreOptions`] with the table `tower_sessions`.
    ///
    /// ```no_run
    /// use pgstore_tower_sessions::PostgresStore;
    ///
    /// # async fn example() -> Result<(), pgstore::ConnectError> {
    /// let options = PostgresStore::options().connections(8);
    /// let store = PostgresStore::new(options.connect("postgres://app@db.internal/web").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn options() -> PgStoreOptions {
        // A test shows that the name is one.
        PgStoreOptions::new().table(TableName::parse(TABLE).unwrap_or_default())
    }

    /// Keeps sessions in this store's table. Give it a table of its own: make the store from
    /// [`options`](PostgresStore::options), or choose a name.
    ///
    /// ```no_run
    /// use pgstore::{PgStoreOptions, TableName};
    /// use pgstore_tower_sessions::PostgresStore;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = PgStoreOptions::new().table(TableName::parse("web.logins")?);
    /// let store = PostgresStore::new(options.connect("postgres://app@db.internal/web").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(store: PgStore) -> Self {
        Self {
            sessions: OpaqueSessions::new(store, CRATE),
            owner: None,
            on_gone: OnGone::default(),
        }
    }

    /// Says which user a session belongs to (default: none), so that
    /// [`sessions_of`](PostgresStore::sessions_of) and [`revoke_all`](PostgresStore::revoke_all) find
    /// it. The owner is stored as readable text beside the session at each save.
    ///
    /// The function gets the session's values. With axum-login, use
    /// [`axum_login_user`](crate::axum_login_user). Sessions that were saved before it was set have no
    /// owner until their next save.
    ///
    /// ```no_run
    /// # use pgstore_tower_sessions::PostgresStore;
    /// # fn example(store: PostgresStore) -> PostgresStore {
    /// store.owner_from(|values| Some(values.get("user")?.as_str()?.to_owned()))
    /// # }
    /// ```
    #[must_use]
    pub fn owner_from(
        self,
        owner: impl Fn(&HashMap<String, Value>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let owner = Some(OwnerOf::new(owner));
        Self { owner, ..self }
    }

    /// What a save of an ended session answers (default [`OnGone::Fail`]).
    ///
    /// ```no_run
    /// use pgstore_tower_sessions::{OnGone, PostgresStore};
    /// use tower_sessions::SessionManagerLayer;
    ///
    /// # fn example(store: PostgresStore) {
    /// let store = store.on_gone(OnGone::Drop);
    /// let layer = SessionManagerLayer::new(store).with_always_save(true);
    /// # }
    /// ```
    #[must_use]
    pub fn on_gone(self, on_gone: OnGone) -> Self {
        Self { on_gone, ..self }
    }

    /// The clock that says which sessions have expired (default [`SystemClock`](pgstore::SystemClock)).
    /// Set another one in tests. tower-sessions itself reads the machine's clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self {
            sessions: self.sessions.clock(clock),
            ..self
        }
    }

    /// Makes the table and its indexes, as far as they are missing. Safe in many processes at once.
    ///
    /// # Errors
    /// When the database cannot be reached or the role may not make tables. The error has the SQL that
    /// is needed.
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        self.sessions.store().migrate().await
    }

    /// Starts a task that removes expired sessions, in batches, until its handle is stopped or
    /// dropped. An error does not end it. Any number of nodes may sweep one table.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use pgstore::SweepOptions;
    ///
    /// # fn example(store: pgstore_tower_sessions::PostgresStore) {
    /// let every_minute = SweepOptions::new().interval(Duration::from_secs(60));
    /// let sweeping = store.start_sweeping(every_minute);
    /// println!("{} rows removed so far", sweeping.stats().removed);
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_sweeping(&self, options: SweepOptions) -> SweepHandle {
        self.sessions.start_sweeping(options)
    }

    /// Waits for the operations under way, for one deadline at most, and closes the connections.
    pub async fn close(&self) {
        self.sessions.store().close().await;
    }
}
