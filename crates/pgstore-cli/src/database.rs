//! Which database, and which table in it.

use std::env;
use std::time::Duration;

use clap::Args;
use pgstore::{PgStore, PgStoreOptions, TableName, TablePlacement};
use pgstore_connect::{Config, Connector, TargetSessionAttrs};

use crate::failure::Failure;
use crate::table_client::TableClient;

#[derive(Debug, Args)]
pub(crate) struct Database {
    /// The database, as a URL or in keywords. Better set the environment variable DATABASE_URL:
    /// everybody on the machine can read arguments, with the password in them.
    ///
    /// Without either, PGHOST, PGPORT, PGUSER, PGDATABASE and the other variables of psql count.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,

    /// How long to wait for a database server that starts later. A wrong password is told at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,

    /// The sessions table, with or without a schema. Those of the adapters are tower_sessions and
    /// actix_sessions.
    #[arg(long, value_name = "NAME", default_value_t, value_parser = TableName::parse)]
    pub(crate) table: TableName,
}

/// How long a statement of a few rows may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// Any of them says that the variables of psql are meant.
const VARIABLES: [&str; 5] = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE"];

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
        run(async {
            let options = self.options(DEADLINE).placement(placement);
            let store = options.connect(&self.url()?).await?;
            let result = work(&store).await;
            store.close().await;
            result
        })
    }

    /// Runs `work` on a connection of its own.
    pub(crate) fn with_client<T>(
        &self,
        work: impl AsyncFnOnce(&TableClient) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        run(async { work(&self.client().await?).await })
    }

    /// `deadline` is for one statement.
    pub(crate) async fn store(&self, deadline: Duration) -> Result<PgStore, Failure> {
        Ok(self.options(deadline).connect(&self.url()?).await?)
    }

    fn options(&self, deadline: Duration) -> PgStoreOptions {
        PgStoreOptions::new()
            .connections(1)
            .deadline(deadline)
            .wait_for_server(self.wait())
            .table(self.table.clone())
    }

    pub(crate) async fn client(&self) -> Result<TableClient, Failure> {
        let config = Config::builder()
            .fallback_application_name("pgstore")
            .fallback_target_session_attrs(TargetSessionAttrs::ReadWrite);
        let config = config
            .parse(&self.url()?)
            .map_err(pgstore::ConnectError::from)?;
        let connected = Connector::new(config).connect_within(self.wait()).await?;
        Ok(TableClient::new(connected, self.table.clone()))
    }

    fn wait(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }

    /// An empty text leaves everything to psql's variables.
    fn url(&self) -> Result<String, Failure> {
        let url = self
            .database_url
            .clone()
            .or_else(|| env::var("DATABASE_URL").ok());
        match url.filter(|url| !url.trim().is_empty()) {
            Some(url) => Ok(url),
            None if VARIABLES.iter().any(|name| env::var_os(name).is_some()) => Ok(String::new()),
            None => Err(Failure::NoDatabase),
        }
    }
}

/// Runs a command that talks to a database.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(Failure::Runtime)?.block_on(work)
}
