//! A schema of its own for each test, on `DATABASE_URL` or on one embedded server per run.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use pgstore::{
    PgStore, PgStoreOptions, SessionId, StatementNames, StatementStrategy, TablePlacement,
};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls};

use super::pooler::{self, Kind, Pooler};
use super::secrets::{self, Shown, Told};
use super::server::Server;

/// In the URLs of servers that ask for none.
const PASSWORD: &str = "qU7xV2mK9rT4wZ1pL6sN8dF3hJ5gB0cY";

/// An empty schema. It is dropped with this value, unless its server is about to go as a whole.
pub(crate) struct Database {
    server_url: String,
    schema: String,
    goes_with_us: bool,
    /// If there is one, the schema lies in a database of the same name.
    pooler: Option<&'static Pooler>,
}

impl Database {
    /// A new schema, with nothing in it.
    pub(crate) async fn fresh() -> Self {
        match pooler::before(Server::current()) {
            None => Self::fresh_on(server_url()).await,
            Some(pooler) => Self::fresh_behind(pooler).await,
        }
    }

    /// A database of its own, since a pooler passes no `options` on.
    async fn fresh_behind(pooler: &'static Pooler) -> Self {
        let name = format!("test_{}", unique());
        let create = format!("CREATE DATABASE {name}");
        let client = client(server_url()).await;
        client.batch_execute(&create).await.unwrap();
        let sees = format!("ALTER DATABASE {name} SET search_path = {name}");
        client.batch_execute(&sees).await.unwrap();
        let url = server_url().replacen("/postgres?", &format!("/{name}?"), 1);
        let mut database = Self::with_schema(&url, name).await;
        database.pooler = Some(pooler);
        database
    }

    /// The same, on a server of the test's own.
    pub(crate) async fn fresh_on(server_url: &str) -> Self {
        Self::with_schema(server_url, format!("test_{}", unique())).await
    }

    async fn with_schema(server_url: &str, schema: String) -> Self {
        client(server_url)
            .await
            .batch_execute(&format!("CREATE SCHEMA {schema}"))
            .await
            .expect("a schema is created");
        Self {
            server_url: server_url.to_owned(),
            schema,
            goes_with_us: Server::current().goes_with_us(),
            pooler: None,
        }
    }

    /// The name of the schema.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// A URL whose connections find the schema's tables and no others.
    pub(crate) fn url(&self) -> String {
        match self.pooler {
            None => self.url_with(""),
            Some(pooler) => pooler.url(&self.schema),
        }
    }

    /// The same, past a pooler, with more server options, such as `-cTimeZone=America/New_York`.
    pub(crate) fn url_with(&self, options: &str) -> String {
        let odd = Server::current().options();
        let all = format!("-csearch_path={}{odd} {options}", self.schema);
        let all = all.replace('=', "%3D").replace(' ', "%20");
        let url = with_parameter(&self.server_url, &format!("options={all}"));
        with_password(url)
    }

    /// The same for another role.
    pub(crate) fn url_as(&self, role: &str) -> String {
        self.url_with(&format!("-crole={role}"))
    }

    /// A connection of the test's own, past a pooler.
    pub(crate) async fn client(&self) -> Client {
        client(&self.url_with("")).await
    }

    /// A store on the schema, its table created.
    pub(crate) async fn store(&self) -> PgStore {
        self.store_with(PgStoreOptions::new()).await
    }

    /// The same with these options.
    pub(crate) async fn store_with(&self, options: PgStoreOptions) -> PgStore {
        let placement = match Server::current() {
            Server::Distributed => TablePlacement::Distributed,
            Server::Friendly | Server::Hostile => TablePlacement::AsItIs,
        };
        let store = tried(options)
            .placement(placement)
            .connect(&self.url())
            .await
            .told()
            .expect("the store connects");
        store.migrate().await.told().expect("the table is created");
        store.shown()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.goes_with_us {
            return;
        }
        let (url, schema) = (self.server_url.clone(), self.schema.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("the runtime starts");
            runtime.block_on(async {
                let drop = format!("DROP SCHEMA {schema} CASCADE");
                client(&url).await.batch_execute(&drop).await
            })
        });
        // A schema that stays behind fails no test.
        let _ = dropping.join();
    }
}

/// The options with the form of statements that `PGSTORE_STATEMENTS` asks for: `single` or `unnamed`. Trials
/// of the forms themselves do not ask here.
pub(crate) fn tried(options: PgStoreOptions) -> PgStoreOptions {
    match std::env::var("PGSTORE_STATEMENTS").as_deref() {
        Err(_) => options,
        Ok("single") => options.strategy(StatementStrategy::OnePerCaller),
        Ok("unnamed") => options.statement_names(StatementNames::Unnamed),
        Ok(other) => panic!("PGSTORE_STATEMENTS is single or unnamed, not {other}"),
    }
}

/// The options of a store behind the trial's own proxy. Its statements would take turns there, so they ask for
/// names, which is safe unless there is a pooler, too.
pub(crate) fn overlapping(options: PgStoreOptions) -> PgStoreOptions {
    match Kind::wanted() {
        None => options.statement_names(StatementNames::Named),
        Some(_) => options,
    }
}

/// Connects as the test itself, past the library.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the test connects");
    tokio::spawn(connection);
    client
}

/// Something no other test has, fit for names of roles and schemas.
pub(crate) fn unique() -> String {
    let id = SessionId::generate().expect("the system gives random bytes");
    String::from_utf8_lossy(&id.as_bytes()[..16]).to_lowercase()
}

/// `DATABASE_URL`, or the server that all trials of this kind share.
pub(crate) fn server_url() -> &'static str {
    Server::current().url()
}

/// The tests' servers ask for no password. The URL has one all the same, so that it can be searched for in
/// all that is said.
fn with_password(url: String) -> String {
    let config: Config = url.parse().expect("the test has a URL");
    let (url, password) = match config.get_password() {
        Some(own) => (url, own),
        None => (
            with_parameter(&url, &format!("password={PASSWORD}")),
            PASSWORD.as_bytes(),
        ),
    };
    secrets::password(password);
    url
}

fn with_parameter(url: &str, parameter: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{parameter}")
}

/// A session's ID as a parameter of the test's own statements. The driver logs parameters by their
/// `Debug`.
pub(crate) struct Key<'a>(pub(crate) &'a SessionId);

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl ToSql for Key<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.as_bytes().to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&[u8] as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

/// A row's sealed data as a parameter of the test's own statements, for the same reason.
pub(crate) struct Data<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Data(..)")
    }
}

impl ToSql for Data<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&[u8] as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}
