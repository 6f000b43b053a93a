//! actix-session's trait.

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;

use crate::failure::Failure;
use crate::postgres_store::PostgresStore;
use crate::state::State;

impl SessionStore for PostgresStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let loaded = self.load_state(key.as_ref()).await;
        loaded.map_err(|failure| match failure {
            Failure::Decode => LoadError::Deserialization(failure.into()),
            _ => LoadError::Other(failure.into()),
        })
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let created = self.create_state(&state, ttl).await;
        let key = created.map_err(|failure| match failure {
            Failure::Encode => SaveError::Serialization(failure.into()),
            _ => SaveError::Other(failure.into()),
        })?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let updated = self.update_state(key.as_ref(), &state, ttl).await;
        updated.map_err(|failure| match failure {
            Failure::Encode => UpdateError::Serialization(failure.into()),
            _ => UpdateError::Other(failure.into()),
        })?;
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(self.extend_state(key.as_ref(), ttl).await?)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(self.delete_state(key.as_ref()).await?)
    }
}
