//! Our library: its direct API, and its layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use pgstore::{Clock, PgStore, PgStoreOptions, SystemClock};
use pgstore::{Session, SessionError, SessionLayer, SessionManager};
use tower::{Layer, service_fn};

use super::inner::{Handling, Served, ok};
use super::{Answer, InProcess};
use crate::Outcome;
use crate::dataset::{COOKIE, Dataset, key, keys, text};
use crate::random::Random;
use crate::work::{Cell, Work};

/// The library over its own connections.
pub(crate) struct Ours {
    sessions: SessionManager,
    service: Served,
    requests: Vec<HeaderMap>,
    dataset: Dataset,
}

impl Ours {
    /// Over a store with these options.
    pub(crate) async fn start(
        url: &str,
        dataset: Dataset,
        options: PgStoreOptions,
    ) -> Outcome<Ours> {
        Self::over(options.connect(url).await?, dataset)
    }

    /// Over a store of the caller's.
    pub(crate) fn over(store: PgStore, dataset: Dataset) -> Outcome<Ours> {
        Self::with_clock(store, dataset, SystemClock::default())
    }

    /// With a clock of the caller's.
    pub(crate) fn with_clock(store: PgStore, dataset: Dataset, clock: impl Clock) -> Outcome<Ours> {
        let sessions = SessionManager::builder(store, keys()?)
            .max_length(64 * 1024)
            .clock(clock)
            .build()?;
        let layer = SessionLayer::new(&sessions, COOKIE)?;
        let requests = dataset.requests()?;
        Ok(Ours {
            service: Served::new(layer.layer(service_fn(handle)), requests.clone()),
            sessions,
            requests,
            dataset,
        })
    }

    /// Reads a value of a session.
    pub(crate) async fn read(&self, visitor: usize) -> Outcome<()> {
        let session = self.sessions.get(&self.requests[visitor], COOKIE)?;
        match session.get::<i64>("visits").await? {
            Some(_) => Ok(()),
            None => Err("the session has no value".into()),
        }
    }

    /// Loads a session, changes a value and saves it.
    pub(crate) async fn save(&self, visitor: usize, random: &mut Random) -> Outcome<()> {
        let session = self.sessions.get(&self.requests[visitor], COOKIE)?;
        session.insert("visits", new_value(random))?;
        Ok(self.sessions.save(&session, &mut HeaderMap::new()).await?)
    }

    /// Reads a session and saves it unchanged, which touches it when it is time to.
    pub(crate) async fn touch(&self, visitor: usize) -> Outcome<()> {
        let session = self.sessions.get(&self.requests[visitor], COOKIE)?;
        session.get::<i64>("visits").await?;
        Ok(self.sessions.save(&session, &mut HeaderMap::new()).await?)
    }

    /// The manager, for what the benchmark's callers do besides reading and saving.
    pub(crate) fn sessions(&self) -> &SessionManager {
        &self.sessions
    }

    /// The key of a visitor's row.
    pub(crate) fn key(&self, visitor: usize) -> String {
        let visitor = u32::try_from(visitor).unwrap_or(u32::MAX);
        key(self.dataset.row(visitor))
    }

    /// How many sessions can be asked for.
    pub(crate) fn visitors(&self) -> usize {
        self.requests.len()
    }

    /// The first save of a new session.
    pub(crate) async fn insert(&self, bytes: usize) -> Outcome<()> {
        let session = self.sessions.get(&HeaderMap::new(), COOKIE)?;
        session.insert("user", "ada@example.org")?;
        session.insert("visits", 1_i64)?;
        session.insert("text", text(bytes))?;
        Ok(self.sessions.save(&session, &mut HeaderMap::new()).await?)
    }
}

impl InProcess for Ours {
    fn operation<'a>(&'a self, cell: Cell, mut random: Random) -> Answer<'a> {
        let visitor = random.below(self.requests.len());
        match cell.work {
            Work::Read => Box::pin(self.read(visitor)),
            Work::Save => Box::pin(async move { self.save(visitor, &mut random).await }),
            Work::Insert => Box::pin(self.insert(cell.bytes)),
            Work::Mix | Work::Http | Work::Untouched => self.service.request(cell, &mut random),
        }
    }
}

async fn handle(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = ok();
    let extensions = request.extensions();
    let done = match (extensions.get::<Session>(), extensions.get::<Handling>()) {
        (Some(session), Some(handling)) => use_session(session, *handling).await.is_ok(),
        _ => false,
    };
    if !done {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

async fn use_session(session: &Session, handling: Handling) -> Result<(), SessionError> {
    match handling {
        Handling::Leave => Ok(()),
        Handling::Read => session.get::<i64>("visits").await.map(drop),
        Handling::Change => {
            let visits = session.get::<i64>("visits").await?.unwrap_or(0);
            session.insert("visits", visits + 1)
        }
    }
}

/// A value that differs from the stored one.
pub(super) fn new_value(random: &mut Random) -> i64 {
    i64::try_from(random.below(1 << 30)).unwrap_or(1)
}
