//! Servers and networks that say nothing, or too late.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool};
use pgstore::store::{Row, RowExtras, StatementStrategy};
use pgstore::{PgStore, PgStoreOptions, Store, Timestamp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use super::servers::with_tls;
use crate::support::database::Database;
use crate::support::secrets::{self, Told};
use crate::support::{apply, trial};

/// A way to the server that takes its time, and that can forget the connections it carries.
struct Network {
    port: u16,
    /// Connections that were accepted when this was lower are forgotten: what is sent over them is
    /// taken, and never answered.
    forgotten: Arc<AtomicU32>,
    _carrying: JoinSet<()>,
}

#[derive(Clone, Copy, Default)]
struct Delays {
    /// Before a new connection is carried on.
    greeting: Duration,
    /// Before each answer.
    answer: Duration,
}

impl Network {
    async fn with(delays: Delays) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forgotten = Arc::new(AtomicU32::new(0));
        let times = Arc::clone(&forgotten);
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, delays, Arc::clone(&times)));
            }
        });
        Self {
            port,
            forgotten,
            _carrying: carrying,
        }
    }

    fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
    }

    fn url(&self, database: &Database) -> String {
        let there = format!(":{}/", with_tls().port());
        let url = database.url().replace(&there, &format!(":{}/", self.port));
        assert_ne!(url, database.url());
        url
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000 + seconds)
}

fn row() -> Row {
    Row {
        data: b"x".to_vec(),
        created_on: at(0),
        modified_on: at(0),
        expires_on: at(3600),
        extras: RowExtras::default(),
    }
}

async fn carry(client: TcpStream, delays: Delays, forgotten: Arc<AtomicU32>) {
    let age = forgotten.load(Ordering::SeqCst);
    sleep(delays.greeting).await;
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, with_tls().port()));
    let Ok(server) = server.await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        pass(from_client, to_server, Duration::ZERO, age, &forgotten),
        pass(from_server, to_client, delays.answer, age, &forgotten)
    );
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
    age: u32,
    forgotten: &AtomicU32,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        sleep(delay).await;
        let is_carried = forgotten.load(Ordering::SeqCst) == age;
        if is_carried && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// A connection is ready when little is left of the deadline of those who wait for it.
const LATE: Delays = Delays {
    greeting: Duration::from_millis(1_300),
    answer: Duration::from_millis(250),
};

const DEADLINE: Duration = Duration::from_secs(2);

async fn works_soon(store: &PgStore) {
    let id = secrets::fresh_id();
    let mut tries = 0;
    while let Err(error) = store.insert(&id, &row()).await.told() {
        tries += 1;
        assert!(tries < 4, "{error:?}");
    }
    while let Err(error) = store.load(&id, at(0)).await.told() {
        tries += 1;
        assert!(tries < 4, "{error:?}");
    }
}

/// A store over a network that can forget its connections.
async fn forgetful() -> (Database, Network, PgStore) {
    let database = Database::fresh_on(with_tls().url()).await;
    database.store().await;
    let network = Network::with(Delays::default()).await;
    let options = PgStoreOptions::new().deadline(DEADLINE);
    let store = options.connect(&network.url(&database)).await.unwrap();
    (database, network, store)
}

#[apply(trial)]
async fn callers_that_waited_long_for_a_connection_do_not_take_it_from_the_others() {
    let database = Database::fresh_on(with_tls().url()).await;
    database.store().await;
    let network = Network::with(LATE).await;
    let options = PgStoreOptions::new().deadline(DEADLINE);
    let store = options.connect_lazily(&network.url(&database)).unwrap();
    works_soon(&store).await;
}

#[apply(trial)]
async fn the_same_holds_for_the_applications_pool() {
    let database = Database::fresh_on(with_tls().url()).await;
    database.store().await;
    let network = Network::with(LATE).await;
    let manager = Manager::new(network.url(&database).parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let store = PgStoreOptions::new().deadline(DEADLINE).from_pool(pool);
    works_soon(&store).await;
}

#[apply(trial)]
async fn a_network_that_forgets_idle_connections_costs_no_request() {
    let (_database, network, store) = forgetful().await;
    for _ in 0..2 {
        let id = secrets::fresh_id();
        store.insert(&id, &row()).await.unwrap();
        store.load(&id, at(0)).await.unwrap();
        let _ = store.update(&id, at(0), &row()).await.unwrap();
        // The idle time is what the trial is about.
        sleep(DEADLINE + Duration::from_millis(10)).await;
        network.forget();
        let begun = Instant::now();
        store.load(&id, at(0)).await.told().unwrap();
        let _ = store.update(&id, at(0), &row()).await.told().unwrap();
        store
            .insert(&secrets::fresh_id(), &row())
            .await
            .told()
            .unwrap();
        assert!(begun.elapsed() < 2 * DEADLINE, "{:?}", begun.elapsed());
    }
}

#[apply(trial)]
async fn many_idle_connections_that_the_network_forgot_cost_no_request() {
    let database = Database::fresh_on(with_tls().url()).await;
    database.store().await;
    let network = Network::with(Delays::default()).await;
    let name = database.schema();
    let url = format!("{}&application_name={name}", network.url(&database));
    let options = PgStoreOptions::new()
        .deadline(DEADLINE)
        .connections(32)
        .strategy(StatementStrategy::OnePerCaller);
    let store = options.connect(&url).await.unwrap();
    let id = secrets::fresh_id();
    let client = database.client().await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    loop {
        let loads = (0..64).map(|_| store.load(&id, at(0)));
        futures_util::future::join_all(loads).await;
        let open: i64 = client.query_one(sql, &[&name]).await.unwrap().get(0);
        if open >= 16 {
            break;
        }
    }
    // The idle time is what the trial is about.
    sleep(DEADLINE + Duration::from_millis(10)).await;
    network.forget();
    store.load(&id, at(0)).await.told().unwrap();
}

/// A client that hangs up takes its request along.
#[apply(trial)]
async fn a_silent_connection_is_noticed_although_no_caller_waits_for_long() {
    let (_database, network, store) = forgetful().await;
    let id = secrets::fresh_id();
    store.load(&id, at(0)).await.unwrap();
    network.forget();
    let mut tries = 0;
    while timeout(DEADLINE / 3, store.load(&id, at(0))).await.is_err() {
        tries += 1;
        assert!(tries < 10, "the connection is still used");
    }
}

#[apply(trial)]
async fn a_read_leaves_a_connection_that_falls_silent_while_there_is_time_for_another() {
    let (_database, network, store) = forgetful().await;
    let id = secrets::fresh_id();
    store.insert(&id, &row()).await.unwrap();
    store.load(&id, at(0)).await.unwrap();
    network.forget();
    store.load(&id, at(0)).await.told().unwrap();
}

/// The first host takes connections and says nothing; PostgreSQL is the second.
#[apply(trial)]
async fn a_silent_first_host_costs_no_request() {
    let database = Database::fresh_on(with_tls().url()).await;
    database.store().await;
    let silence = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = silence.local_addr().unwrap().port();
    let (port, schema) = (with_tls().port(), database.schema());
    let text = format!(
        "host=127.0.0.1,127.0.0.1 port={silent},{port} user=postgres dbname=postgres \
         sslmode=disable options='-csearch_path={schema}'"
    );
    let options = PgStoreOptions::new()
        .connect_timeout(DEADLINE)
        .deadline(DEADLINE);
    let store = options.connect_lazily(&text).unwrap();
    for _ in 0..5 {
        let (id, begun) = (secrets::fresh_id(), Instant::now());
        store.insert(&id, &row()).await.told().unwrap();
        store.load(&id, at(0)).await.told().unwrap();
        let _ = store.update(&id, at(0), &row()).await.told().unwrap();
        assert!(begun.elapsed() < 2 * DEADLINE, "{:?}", begun.elapsed());
    }
}
