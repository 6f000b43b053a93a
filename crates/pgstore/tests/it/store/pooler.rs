//! Migrating through poolers: nothing is left on connections that strangers get next. Where a pooler is
//! missing, the trials are ignored and say so; with `CI=true` they fail.

use libtest_mimic::Completion;
use pgstore::{PgStore, Store};
use pgstore_embedded::EmbeddedPostgres;

use super::migrate::AS_GO_DOES;
use super::things::{at, fresh};
use crate::support::database::client;
use crate::support::pooler::{Kind, Pooler};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// A pooler before a server of its own.
pub(super) struct Pooled {
    pub(super) pooler: Pooler,
    pub(super) server: EmbeddedPostgres,
}

impl Pooled {
    pub(super) async fn start(kind: Kind, settings: &str) -> Result<Self, Completion> {
        let starting = tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
        let server = starting.await.unwrap();
        let pooler = Pooler::start(kind, server.port(), settings).await?;
        Ok(Self { pooler, server })
    }

    pub(super) fn url(&self) -> String {
        self.pooler.url("postgres")
    }
}

#[apply(trial)]
async fn migrating_through_pgbouncer_leaves_nothing_to_strangers() -> Completion {
    for ignored in ["", "ignore_startup_parameters = options\n"] {
        let settings = format!("{ignored}default_pool_size = 3\nquery_wait_timeout = 10\n");
        match leaves_nothing(Kind::Transaction, &settings).await {
            Completion::Completed => {}
            ended => return ended,
        }
    }
    Completion::Completed
}

#[apply(trial)]
async fn migrating_through_a_pooler_of_sessions_leaves_nothing_to_strangers() -> Completion {
    for (kind, settings) in [
        (Kind::Session, "default_pool_size = 3\n"),
        (Kind::Pgpool, "num_init_children = 3\n"),
    ] {
        match leaves_nothing(kind, settings).await {
            Completion::Completed => {}
            ended => return ended,
        }
    }
    Completion::Completed
}

async fn leaves_nothing(kind: Kind, settings: &str) -> Completion {
    let pooled = match Pooled::start(kind, settings).await {
        Ok(pooled) => pooled,
        Err(ended) => return ended,
    };
    let direct = client(pooled.server.url()).await;
    direct.batch_execute(AS_GO_DOES).await.unwrap();
    let fill = "INSERT INTO http_sessions (key, expires_on) SELECT '', now()
                  FROM generate_series(1, 20000)";
    direct.batch_execute(fill).await.unwrap();
    // Columns, and then indexes of a table in use.
    let store = PgStore::connect(&pooled.url()).await.told().unwrap();
    assert_eq!(store.migrate().await.told().unwrap().applied, [2]);
    store.load(&fresh(), at(0)).await.told().unwrap();
    store.close().await;

    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(
        direct.query_one(locks, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
    // Several transactions at once see all of the pooler's connections.
    let strangers = [
        client(&pooled.url()).await,
        client(&pooled.url()).await,
        client(&pooled.url()).await,
    ];
    for stranger in &strangers {
        stranger.batch_execute("BEGIN").await.unwrap();
        for (setting, default) in [
            ("lock_timeout", "0"),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("default_transaction_isolation", "read committed"),
        ] {
            let sql = format!("SELECT source || setting FROM pg_settings WHERE name = '{setting}'");
            let found: String = stranger.query_one(&sql, &[]).await.unwrap().get(0);
            assert_eq!(found, format!("default{default}"), "{kind:?} {setting}");
        }
    }
    Completion::Completed
}
