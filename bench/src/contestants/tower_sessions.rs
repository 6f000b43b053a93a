//! tower-sessions with its sqlx store.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_sessions::cookie::time;
use tower_sessions::session::{Error, Id, Session};
use tower_sessions::{Expiry, SessionManagerLayer};
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::postgres::PgPoolOptions;

use super::inner::{Handling, Served, ok};
use super::ours::new_value;
use super::{Answer, InProcess, POOL};
use crate::Outcome;
use crate::dataset::{Dataset, text, tower_id};
use crate::random::Random;
use crate::work::{Cell, Work};

/// tower-sessions: its `Session`, and its layer.
pub(crate) struct TowerSessions {
    store: Arc<PostgresStore>,
    service: Served,
    ids: Vec<Id>,
}

impl TowerSessions {
    pub(crate) async fn start(url: &str, dataset: Dataset) -> Outcome<TowerSessions> {
        let options = PgPoolOptions::new().max_connections(u32::try_from(POOL)?);
        let store = PostgresStore::new(options.connect(url).await?);
        let ids: Vec<Id> = (0..dataset.visitors())
            .map(|visitor| tower_id(dataset.row(visitor)))
            .collect();
        let cookies: Outcome<_> = ids.iter().map(|&id| cookie(id)).collect();
        let layer = SessionManagerLayer::new(store.clone()).with_expiry(month());
        Ok(TowerSessions {
            service: Served::new(layer.layer(service_fn(handle)), cookies?),
            store: Arc::new(store),
            ids,
        })
    }

    fn session(&self, id: Option<Id>) -> Session {
        Session::new(id, Arc::clone(&self.store), Some(month()))
    }

    async fn read(&self, visitor: usize) -> Outcome<()> {
        let session = self.session(Some(self.ids[visitor]));
        match session.get::<i64>("visits").await? {
            Some(_) => Ok(()),
            None => Err("the session has no value".into()),
        }
    }

    async fn save(&self, visitor: usize, random: &mut Random) -> Outcome<()> {
        let session = self.session(Some(self.ids[visitor]));
        session.insert("visits", new_value(random)).await?;
        Ok(session.save().await?)
    }

    async fn insert(&self, bytes: usize) -> Outcome<()> {
        let session = self.session(None);
        session.insert("user", "ada@example.org").await?;
        session.insert("visits", 1_i64).await?;
        session.insert("text", text(bytes)).await?;
        Ok(session.save().await?)
    }
}

impl InProcess for TowerSessions {
    fn operation<'a>(&'a self, cell: Cell, mut random: Random) -> Answer<'a> {
        let visitor = random.below(self.ids.len());
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

async fn use_session(session: &Session, handling: Handling) -> Result<(), Error> {
    match handling {
        Handling::Leave => Ok(()),
        Handling::Read => session.get::<i64>("visits").await.map(drop),
        Handling::Change => {
            let visits = session.get::<i64>("visits").await?.unwrap_or(0);
            session.insert("visits", visits + 1).await
        }
    }
}

fn cookie(id: Id) -> Outcome<HeaderMap> {
    let value = HeaderValue::try_from(format!("id={id}"))?;
    Ok(HeaderMap::from_iter([(header::COOKIE, value)]))
}

fn month() -> Expiry {
    Expiry::OnInactivity(time::Duration::days(30))
}
