//! The sessions of a user: listing them and ending them.

use pgstore::{SessionHandle, SessionInfo, StoreError};

use crate::postgres_store::PostgresStore;

/// They need [`owner_from`](PostgresStore::owner_from). An ID is text here, as `Id::to_string` gives it.
impl PostgresStore {
    /// Lists a user's sessions, the last saved first, at most a thousand. The one with the ID
    /// `current` is marked. Cost: one statement.
    ///
    /// ```no_run
    /// use pgstore_tower_sessions::PostgresStore;
    /// use tower_sessions::Session;
    ///
    /// # async fn devices(store: PostgresStore, session: Session) -> Result<(), pgstore::StoreError> {
    /// let current = session.id().map(|id| id.to_string());
    /// for one in store.sessions_of("user-42", current.as_deref()).await? {
    ///     println!("{} since {}, current: {}", one.handle, one.created, one.is_current);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn sessions_of(
        &self,
        owner: &str,
        current: Option<&str>,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        self.sessions.sessions_of(owner, current).await
    }

    /// Ends one of a user's sessions, and returns whether there was one. The handle of another user's
    /// session is treated like an unknown one.
    ///
    /// ```no_run
    /// use pgstore::{SessionHandle, StoreError};
    ///
    /// # async fn sign_out(
    /// #     store: pgstore_tower_sessions::PostgresStore,
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
    /// ```no_run
    /// # async fn close_account(
    /// #     store: pgstore_tower_sessions::PostgresStore,
    /// # ) -> Result<(), pgstore::StoreError> {
    /// let ended = store.revoke_all("user-42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the sessions are not known to be removed.
    pub async fn revoke_all(&self, owner: &str) -> Result<u64, StoreError> {
        self.sessions.revoke_all(owner).await
    }

    /// Ends all of a user's sessions but the one with the ID `current`, and returns how many there
    /// were.
    ///
    /// ```no_run
    /// use pgstore_tower_sessions::PostgresStore;
    /// use tower_sessions::Session;
    ///
    /// # async fn sign_out_others(store: PostgresStore, session: Session) -> Result<(), pgstore::StoreError> {
    /// if let Some(id) = session.id() {
    ///     let ended = store.revoke_all_except("user-42", &id.to_string()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`revoke_all`](PostgresStore::revoke_all).
    pub async fn revoke_all_except(&self, owner: &str, current: &str) -> Result<u64, StoreError> {
        self.sessions.revoke_all_except(owner, current).await
    }
}
