//! Which database, and which table in it.

use std::env;
use std::time::Duration;

use clap::Args;
use pgstore::{PgStore, PgStoreOptions, TableName, TablePlacement};

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Database {
    /// The database, as a URL or in keywords. Better set the environment variable DATABASE_URL:
    /// everybody on the machine can read arguments, with the password in them.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// How long to wait for a database server that starts later. A wrong password is told at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,

    /// The sessions table, with or without a schema.
    #[arg(long, value_name = "NAME", default_value_t, value_parser = TableName::parse)]
    pub(crate) table: TableName,
}

impl Database {
    /// Runs `work` on the store and closes it.
    pub(crate) fn with_store<T>(
        &self,
        work: impl AsyncFnOnce(&PgStore) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.with_store_placed(TablePlacement::AsItIs, work)
    }

    /// The same with a store that places its table so when it migrates.
    pub(crate) fn with_store_placed<T>(
        &self,
        placement: TablePlacement,
        work: impl AsyncFnOnce(&PgStore) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let url = self.url()?;
        let options = PgStoreOptions::new()
            .connections(1)
            .wait_for_server(Duration::from_secs(self.wait.into()))
            .placement(placement)
            .table(self.table.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::Runtime)?;
        runtime.block_on(async {
            let store = options.connect(&url).await?;
            let result = work(&store).await;
            store.close().await;
            result
        })
    }

    fn url(&self) -> Result<String, Failure> {
        let url = self
            .database_url
            .clone()
            .or_else(|| env::var("DATABASE_URL").ok());
        url.filter(|url| !url.trim().is_empty())
            .ok_or(Failure::NoDatabase)
    }
}
