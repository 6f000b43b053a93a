//! The sessions of a user: listing them and ending them.

use pgstore::{SessionHandle, SessionInfo, StoreError};

use crate::postgres_store::PostgresStore;

/// They need [`owner_from`](PostgresStore::owner_from). actix-session shows no handler the key of
/// its session, so the list cannot mark the current one.
impl PostgresStore {
    /// Lists a user's sessions, the last saved first, at most a thousand. Cost: one statement.
    ///
    /// ```no_run
    /// # async fn devices(
    /// #     store: pgstore_actix_session::PostgresStore,
    /// # ) -> Result<(), pgstore::StoreError> {
    /// for one in store.sessions_of("user-42").await? {
    ///     println!("{} since {}", one.handle, one.created);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sessions_of(&self, owner: &str) -> Result<Vec<SessionInfo>, StoreError> {
        self.sessions.sessions_of(owner, None).await
    }

    /// Ends one of a user's sessions, and returns whether there was one. The handle of another user's
    /// session is treated like an unknown one.
    ///
    /// ```no_run
    /// use pgstore::{SessionHandle, StoreError};
    ///
    /// # async fn sign_out(
    /// #     store: pgstore_actix_session::PostgresStore,
    /// #     device: SessionHandle,
    /// # ) -> Result<(), StoreError> {
    /// if !store.revoke("user-42", &device).await? {
    ///     println!("That device is signed out already.");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the session is not known to be removed.
    pub async fn revoke(&self, owner: &str, handle: &SessionHandle) -> Result<bool, StoreError> {
        self.sessions.revoke(owner, handle).await
    }

    /// Ends all of a user's sessions and returns how many there were. Call it after a change of the
    /// password. A login at the same moment may remain.
    ///
    /// To keep the session of the request, renew it afterwards: it gets a new key.
    ///
    /// ```no_run
    /// use actix_session::Session;
    /// use pgstore_actix_session::PostgresStore;
    ///
    /// # async fn sign_out_others(
    /// #     store: PostgresStore,
    /// #     session: Session,
    /// # ) -> Result<(), pgstore::StoreError> {
    /// store.revoke_all("user-42").await?;
    /// session.renew();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the sessions are not known to be removed.
    pub async fn revoke_all(&self, owner: &str) -> Result<u64, StoreError> {
        self.sessions.revoke_all(owner).await
    }
}
