//! What becomes of a session over many requests: time, new IDs, owners, trouble.

mod api_misuse;
mod closing;
mod edge_cases;
mod expiry;
mod flashes_in_doubt;
mod handlers;
mod identity;
mod in_doubt;
mod lifetimes;
mod outage;
mod owners;
mod rotation;
mod skew;
mod start_over;
mod turns;
mod unchanged;

use pgstore::store::{FaultyStore, SpyStore};
use pgstore::{MemoryStore, Session, SessionError, SessionManagerBuilder};

use crate::support::app::{App, Told, Visitor, keys};
use crate::support::browser::Cookies;

/// An application in whose store calls and answers get lost, and one browser that has a session
/// with `user` and a flash.
struct Lab {
    app: App<SpyStore<FaultyStore>>,
    cookies: Cookies,
}

impl Lab {
    async fn new() -> Self {
        Self::with(|sessions| sessions).await
    }

    async fn with(settings: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder) -> Self {
        let store = SpyStore::new(FaultyStore::<MemoryStore>::default());
        let mut lab = Self {
            app: App::build(store, keys(), settings),
            cookies: Cookies::none(),
        };
        let session = lab.session();
        session.insert("user", "ada").unwrap();
        session.insert("n", 0).unwrap();
        session.add_flash("hello").unwrap();
        lab.save(&session).await.unwrap();
        lab.app.store.calls();
        lab
    }

    fn session(&self) -> Session {
        self.app.session(&self.cookies.request())
    }

    /// Another node, whose saves do not wait for those of this one.
    fn elsewhere(&self) -> App<SpyStore<FaultyStore>> {
        App::over(self.app.store.clone())
    }

    async fn save(&mut self, session: &Session) -> Result<Told, SessionError> {
        let mut visitor = Visitor {
            app: &self.app,
            cookies: self.cookies.clone(),
        };
        let (told, result) = visitor.save(session).await;
        self.cookies = visitor.cookies;
        result.map(|()| told)
    }

    fn faults(&self) -> &FaultyStore {
        self.app.store.inner()
    }

    /// How many rows there are.
    fn rows(&self) -> usize {
        self.faults().inner().len()
    }
}
