//! What all requests share.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pgstore::{
    CookieOptions, Keys, MaxAge, PgStore, SessionLayer, SessionManager, SweepHandle, SweepOptions,
};
use pgstore_embedded::EmbeddedPostgres;
use tokio::sync::watch;

use crate::client::Client;
use crate::failure;
use crate::figures::Figures;
use crate::outage::Outage;
use crate::site::{self, Activity};
use crate::usual_store::UsualStore;

/// The name of the session's cookie.
pub(crate) const COOKIE_NAME: &str = "session";

/// How long a session lasts after its last use, unless the user chose "remember me".
const MAX_AGE: Duration = Duration::from_secs(8 * 60 * 60);

/// The database. A server that this program started stops when the value is dropped.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)] // There is no third way.
pub enum Database {
    /// The PostgreSQL at this connection string.
    Given(String),
    /// A PostgreSQL that ends with the demo. The administrator's page can stop it for a moment.
    Embedded(Box<EmbeddedPostgres>),
}

impl Database {
    fn url(&self) -> &str {
        match self {
            Self::Given(url) => url,
            Self::Embedded(server) => server.url(),
        }
    }
}

/// The demo, ready to serve.
pub struct Demo {
    pub(crate) app: App,
    store: PgStore,
    sweeper: SweepHandle,
    stopping: watch::Sender<bool>,
}

/// What handlers get.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) sessions: SessionManager,
    pub(crate) layer: SessionLayer,
    pub(crate) client: Client,
    pub(crate) usual: UsualStore,
    pub(crate) figures: Figures,
    pub(crate) outage: Option<Outage>,
    /// Requests that may change something, so that open pages look at once.
    pub(crate) activity: Arc<watch::Sender<Activity>>,
    /// Whether the program is about to end, so that streams end, too.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Demo {
    /// Connects to the database and makes its tables.
    ///
    /// # Errors
    /// If the database cannot be reached or used, or the keys are no keys.
    pub async fn open(
        database: Database,
        keys: Keys,
        figures: Figures,
    ) -> Result<Self, Box<dyn Error>> {
        let store = PgStore::connect(database.url()).await?;
        store.migrate().await?;
        let client = Client::new(database.url())?;
        let usual = UsualStore::open(client.clone()).await?;
        // Without Secure, because the demo is served over plain http on this machine only.
        let cookie = CookieOptions::default().secure(false);
        let sessions = SessionManager::builder(store.clone(), keys)
            .cookie_options(cookie.max_age(MaxAge::UntilBrowserCloses))
            .max_age(MAX_AGE)
            .build()?;
        let (stopping, is_stopping) = watch::channel(false);
        let app = App {
            layer: SessionLayer::new(&sessions, COOKIE_NAME)?.on_failure(failure::answer),
            client,
            usual,
            figures,
            outage: Outage::of(database),
            activity: Arc::default(),
            stopping: is_stopping,
            sessions: sessions.clone(),
        };
        let sweeper = sessions.start_sweeping(SweepOptions::default());
        Ok(Self {
            app,
            store,
            sweeper,
            stopping,
        })
    }

    /// The pages.
    pub fn routes(&self) -> Router {
        site::routes(self.app.clone())
    }

    /// What ends open streams, so that the server can stop.
    pub(crate) fn stopping(&self) -> watch::Sender<bool> {
        self.stopping.clone()
    }

    /// Waits for saves and logouts that run in the background, and closes the connections.
    ///
    /// # Errors
    /// If work in the background did not end within five seconds.
    pub async fn close(self) -> Result<(), Box<dyn Error>> {
        self.stopping.send_replace(true);
        self.sweeper.stop().await;
        self.app.sessions.close(Duration::from_secs(5)).await?;
        self.store.close().await;
        Ok(())
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").finish_non_exhaustive()
    }
}
