//! A database of its own for each test.

use pgstore_embedded::Schema;
use pgstore_tower_sessions::PostgresStore;

/// The table of the store.
const TABLE: &str = "tower_sessions";

/// A schema, and stores on it.
pub(crate) struct Database {
    pub(crate) schema: Schema,
}

impl Database {
    pub(crate) async fn fresh() -> Self {
        let schema = Schema::fresh().await;
        Self { schema }
    }

    /// A store whose table is made.
    pub(crate) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::connect(self.schema.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// How many rows the store's table has.
    pub(crate) async fn rows(&self) -> i64 {
        self.schema.count(TABLE).await
    }
}
