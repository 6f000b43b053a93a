//! A tower-sessions app, an actix-session app and one of pgstore itself on one database.

use actix_session::storage::SessionStore as _;
use axum::Router;
use axum::routing::get;
use pgstore::testing::Browser;
use pgstore::{Keys, PgStore, PgStoreOptions, Session, SessionError, SessionLayer, SessionManager};
use pgstore::{Store, TableName};
use pgstore_actix_session::PostgresStore as ActixStore;
use pgstore_tower_sessions::PostgresStore as TowerStore;
use tower_sessions::SessionStore as _;

use crate::app::serve;
use crate::store::key;
use crate::support::{Browser as ActixBrowser, Database, Served};

#[tokio::test(flavor = "multi_thread")]
async fn three_apps_with_a_table_each_leave_each_others_sessions_alone() {
    let database = Database::fresh().await;
    let url = database.schema.url();
    let tower = TowerStore::connect(url).await.unwrap();
    tower.migrate().await.unwrap();
    let own = PgStore::connect(url).await.unwrap();
    own.migrate().await.unwrap();
    let apps = Apps::new(tower, database.store().await, own);
    apps.leave_each_others_sessions_alone().await;
}

/// Against the advice.
#[tokio::test(flavor = "multi_thread")]
async fn three_apps_with_one_table_leave_each_others_sessions_alone() {
    let database = Database::fresh().await;
    let table = TableName::parse("all_sessions").unwrap();
    let options = PgStoreOptions::new().table(table);
    let store = options.connect(database.schema.url()).await.unwrap();
    store.migrate().await.unwrap();
    let (tower, actix) = (
        TowerStore::new(store.clone()),
        ActixStore::new(store.clone()),
    );
    let apps = Apps::new(tower, actix, store);
    apps.leave_each_others_sessions_alone().await;
}

struct Apps {
    tower_store: TowerStore,
    actix_store: ActixStore,
    own_sessions: SessionManager,
    tower: Browser<Router>,
    actix: ActixBrowser,
    own: Browser<Router>,
    _served: Served,
}

impl Apps {
    fn new(tower_store: TowerStore, actix_store: ActixStore, own: impl Store) -> Self {
        let keys = Keys::from_pairs(&[[7; 32]]).unwrap();
        let own_sessions = SessionManager::builder(own, keys).build().unwrap();
        let served = serve(&actix_store);
        Self {
            tower: Browser::new(tower_app(&tower_store)),
            actix: served.browser(),
            own: Browser::new(own_app(&own_sessions)),
            tower_store,
            actix_store,
            own_sessions,
            _served: served,
        }
    }

    async fn leave_each_others_sessions_alone(mut self) {
        for count in 1..=3 {
            assert_eq!(self.add().await, [count; 3]);
        }
        self.no_id_opens_a_session_of_another_app().await;
        self.sweep().await;
        assert_eq!(self.add().await, [4; 3]);

        self.tower.get("/end").await;
        self.expect(self.count().await, [None, Some(4), Some(4)]);
        self.actix.get("/purge").await;
        self.expect(self.count().await, [None, None, Some(4)]);
        assert_eq!(self.add().await, [1, 1, 5]);
        self.own.get("/end").await;
        self.expect(self.count().await, [Some(1), Some(1), None]);
    }

    async fn add(&mut self) -> [u32; 3] {
        [
            self.tower.get("/add").await.text(),
            self.actix.get("/add").await.text,
            self.own.get("/add").await.text(),
        ]
        .map(|count| count.parse().unwrap())
    }

    /// What the apps count without a change.
    async fn count(&self) -> [String; 3] {
        [
            self.tower.clone().get("/number").await.text(),
            self.actix.clone().get("/number").await.text,
            self.own.clone().get("/number").await.text(),
        ]
    }

    fn expect(&self, count: [String; 3], expected: [Option<u32>; 3]) {
        assert_eq!(count, expected.map(|number| format!("{number:?}")));
    }

    async fn no_id_opens_a_session_of_another_app(&self) {
        let tower_id = self.tower.cookies().get("id").unwrap();
        let loaded = self.actix_store.load(&key(tower_id)).await.unwrap();
        assert_eq!(loaded, None);
        let parsed = tower_id.parse::<tower_sessions::session::Id>().unwrap();
        assert!(self.tower_store.load(&parsed).await.unwrap().is_some());
    }

    async fn sweep(&self) {
        for sweeping in [
            self.tower_store.start_sweeping(Default::default()),
            self.actix_store.start_sweeping(Default::default()),
            self.own_sessions.start_sweeping(Default::default()),
        ] {
            assert_eq!(sweeping.sweep_now().await.unwrap(), 0);
        }
    }
}

fn tower_app(store: &TowerStore) -> Router {
    use tower_sessions::{Session, SessionManagerLayer};

    async fn count(session: &Session) -> Option<u32> {
        session.get("number").await.unwrap()
    }
    let add = async |session: Session| {
        let sum = count(&session).await.unwrap_or(0) + 1;
        session.insert("number", sum).await.unwrap();
        sum.to_string()
    };
    Router::new()
        .route("/add", get(add))
        .route(
            "/number",
            get(async |session: Session| format!("{:?}", count(&session).await)),
        )
        .route(
            "/end",
            get(async |session: Session| session.flush().await.unwrap()),
        )
        .layer(SessionManagerLayer::new(store.clone()))
}

fn own_app(sessions: &SessionManager) -> Router {
    async fn add(session: Session) -> Result<String, SessionError> {
        let sum = session.get::<u32>("number").await?.unwrap_or(0) + 1;
        session.insert("number", sum)?;
        Ok(sum.to_string())
    }
    async fn number(session: Session) -> Result<String, SessionError> {
        Ok(format!("{:?}", session.get::<u32>("number").await?))
    }
    Router::new()
        .route("/add", get(add))
        .route("/number", get(number))
        .route("/end", get(async |session: Session| session.destroy()))
        .layer(SessionLayer::new(sessions, "session").unwrap())
}
