//! States as opaque sessions.

use std::time::Duration;

use actix_web::cookie::time::Duration as Ttl;
use pgstore::opaque::OpaqueContent;
use pgstore::store::Written;
use pgstore::{SessionId, Timestamp};

use crate::failure::Failure;
use crate::postgres_store::PostgresStore;
use crate::state::State;

/// How many keys are tried for a new session. Already the second one is never needed with 256 random
/// bits.
const KEYS: usize = 8;

impl PostgresStore {
    pub(crate) async fn load_state(&self, key: &str) -> Result<Option<State>, Failure> {
        let Some(content) = self.sessions.load(key).await? else {
            return Ok(None);
        };
        let state = serde_json::from_slice(&content.data);
        state.map(Some).map_err(|_| Failure::Decode)
    }

    /// Writes a new session, and returns the key that was drawn for it.
    pub(crate) async fn create_state(&self, state: &State, ttl: &Ttl) -> Result<String, Failure> {
        let content = self.content(state, ttl)?;
        for _ in 0..KEYS {
            let key = draw()?;
            if self.sessions.create(&key, content.clone()).await? == Written::Saved {
                return Ok(key);
            }
        }
        Err(Failure::NoFreeKey)
    }

    /// Replaces the state of a session that has not ended.
    pub(crate) async fn update_state(
        &self,
        key: &str,
        state: &State,
        ttl: &Ttl,
    ) -> Result<(), Failure> {
        let content = self.content(state, ttl)?;
        match self.sessions.save(key, content).await? {
            Written::Saved => Ok(()),
            Written::Missed => {
                tracing::info!(
                    "a session has ended while a request was changing it: its changes are dropped"
                );
                Err(Failure::Gone)
            }
        }
    }

    /// Lets a session live on. If it has ended, nothing is lost, so that is no error.
    pub(crate) async fn extend_state(&self, key: &str, ttl: &Ttl) -> Result<(), Failure> {
        if self.sessions.extend(key, self.end(ttl)).await? == Written::Missed {
            tracing::debug!("a session has ended while a request was reading it");
        }
        Ok(())
    }

    pub(crate) async fn delete_state(&self, key: &str) -> Result<(), Failure> {
        Ok(self.sessions.delete(key).await?)
    }

    fn content(&self, state: &State, ttl: &Ttl) -> Result<OpaqueContent, Failure> {
        Ok(OpaqueContent {
            data: serde_json::to_vec(state).map_err(|_| Failure::Encode)?,
            expires_on: self.end(ttl),
            owner: self.owner.as_ref().and_then(|owner| owner.find(state)),
        })
    }

    /// When a session ends that lives that long from now on. A negative time counts as none.
    fn end(&self, ttl: &Ttl) -> Timestamp {
        let ttl = Duration::try_from(*ttl).unwrap_or(Duration::ZERO);
        self.sessions.now().plus(ttl)
    }
}

/// A new key: 256 bits of the operating system's generator in base32.
fn draw() -> Result<String, Failure> {
    let id = SessionId::generate()?;
    Ok(String::from_utf8_lossy(id.as_bytes()).into_owned())
}
