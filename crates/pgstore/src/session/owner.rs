//! The session's owner, its label, and its public handle.

use super::SessionError;
use super::metadata::{check_label, check_owner};
use super::shared::Session;
use crate::handle::SessionHandle;

impl Session {
    /// Returns the session's owner: what [`set_owner`](Session::set_owner) set, or the value that
    /// the application [names](crate::SessionManagerBuilder::owner_from).
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// if let Some(user) = session.owner().await? {
    ///     println!("a session of {user}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    pub async fn owner(&self) -> Result<Option<String>, SessionError> {
        self.load().await?;
        Ok(self.state().extras(&self.rows().sources).owner)
    }

    /// Sets the session's owner: the application's ID of the user. Call it at login, beside
    /// [`renew`](Session::renew).
    ///
    /// The session is then listed by [`sessions_of`](crate::SessionManager::sessions_of) and can be
    /// [revoked](crate::SessionManager::revoke_all). The owner is stored as readable text.
    ///
    /// ```
    /// # fn login(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.renew()?;
    /// session.set_owner("user-42")?;
    /// session.set_label("Firefox on Linux")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Text`] when it is empty, contains NUL or is longer than 1000 bytes;
    /// [`SessionError::OwnerIsAValue`]; otherwise as [`remove`](Session::remove).
    pub fn set_owner(&self, owner: impl Into<String>) -> Result<(), SessionError> {
        let owner = owner.into();
        check_owner(&owner)?;
        self.change_owner(Some(owner))
    }

    /// Removes the session's owner.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.clear_owner()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`set_owner`](Session::set_owner).
    pub fn clear_owner(&self) -> Result<(), SessionError> {
        self.change_owner(None)
    }

    fn change_owner(&self, owner: Option<String>) -> Result<(), SessionError> {
        if !self.rows().sources.owner.is_setter() {
            return Err(SessionError::OwnerIsAValue);
        }
        let mut state = self.state_for_use();
        state.change_metadata(|metadata| metadata.owner = Some(owner))
    }

    /// Returns the name by which the owner recognises the session, such as the device.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let device = session.label().await?.unwrap_or_else(|| "unknown device".to_owned());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    pub async fn label(&self) -> Result<Option<String>, SessionError> {
        self.load().await?;
        Ok(self.state().extras(&self.rows().sources).label)
    }

    /// Sets the name by which the owner recognises the session, such as the device. An empty label
    /// removes it.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session, user_agent: &str) -> Result<(), pgstore::SessionError> {
    /// session.set_label(user_agent.chars().take(200).collect::<String>())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Text`] when it contains NUL or is longer than 1000 bytes;
    /// [`SessionError::LabelIsAValue`]; otherwise as [`remove`](Session::remove).
    pub fn set_label(&self, label: impl Into<String>) -> Result<(), SessionError> {
        let label = label.into();
        check_label(&label)?;
        if !self.rows().sources.label.is_setter() {
            return Err(SessionError::LabelIsAValue);
        }
        let label = (!label.is_empty()).then_some(label);
        let mut state = self.state_for_use();
        state.change_metadata(|metadata| metadata.label = Some(label))
    }

    /// Returns the session's public handle, which stays when its ID changes: for lists of devices
    /// and for [background jobs](crate::SessionManager::by_handle).
    ///
    /// Every session has a handle from its first save on. One that is not saved yet, or that only a
    /// Go program has saved, gets its handle by this call, which is a change. A new session without
    /// values is not stored, so its handle leads nowhere.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let handle = session.handle().await?;
    /// println!("start_export --session {handle}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors); otherwise as [`remove`](Session::remove).
    pub async fn handle(&self) -> Result<SessionHandle, SessionError> {
        self.load().await?;
        let mut state = self.state();
        if let Some(handle) = state.stored().handle {
            return Ok(handle);
        }
        state.must_be_changeable()?;
        state.handle()
    }

    /// Whether the row that this request has read has a handle.
    pub(crate) fn has_stored_handle(&self) -> bool {
        self.state().stored().handle.is_some()
    }
}
