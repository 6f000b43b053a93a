//! Whose the session is, what the owner knows it by, and its public name.

use super::metadata::{check_text, owner};
use super::{Session, SessionError};
use crate::handle::SessionHandle;

impl Session {
    /// Whose the session is: what [`set_owner`](Session::set_owner) said, or the value that the
    /// application has [named](crate::SessionManager::owner_from).
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn owner(&self) -> Result<Option<String>, SessionError> {
        self.load().await?;
        Ok(self.state().extras(&self.0.rows.sources).owner)
    }

    /// Says whose the session is: the application's ID of the user. At a login, beside
    /// [`renew`](Session::renew).
    ///
    /// Then it stands in [`sessions_of`](crate::SessionManager::sessions_of) and can be
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
    /// [`SessionError::Text`] when it is empty, has a NUL or is longer than 1000 bytes;
    /// [`SessionError::OwnerIsAValue`]; otherwise as [`remove`](Session::remove).
    pub fn set_owner(&self, owner_id: impl Into<String>) -> Result<(), SessionError> {
        let owner = owner(owner_id.into())?;
        self.change_owner(Some(owner))
    }

    /// Says that the session is nobody's any more.
    ///
    /// # Errors
    /// As [`set_owner`](Session::set_owner).
    pub fn clear_owner(&self) -> Result<(), SessionError> {
        self.change_owner(None)
    }

    fn change_owner(&self, owner: Option<String>) -> Result<(), SessionError> {
        if !self.0.rows.sources.owner.is_by_hand() {
            return Err(SessionError::OwnerIsAValue);
        }
        let mut state = self.state_for_use();
        state.change_about(|about| about.owner = Some(owner))
    }

    /// What the owner knows the session by.
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn label(&self) -> Result<Option<String>, SessionError> {
        self.load().await?;
        Ok(self.state().extras(&self.0.rows.sources).label)
    }

    /// Says what the owner knows the session by, such as the device; an empty label is none.
    ///
    /// # Errors
    /// [`SessionError::Text`] when it has a NUL or is longer than 1000 bytes;
    /// [`SessionError::LabelIsAValue`]; otherwise as [`remove`](Session::remove).
    pub fn set_label(&self, label: impl Into<String>) -> Result<(), SessionError> {
        let label = label.into();
        check_text(&label)?;
        if !self.0.rows.sources.label.is_by_hand() {
            return Err(SessionError::LabelIsAValue);
        }
        let label = (!label.is_empty()).then_some(label);
        let mut state = self.state_for_use();
        state.change_about(|about| about.label = Some(label))
    }

    /// The session's public name, which stays when its ID changes: for lists of devices and for
    /// [jobs](crate::SessionManager::by_handle).
    ///
    /// Sessions with an owner have one; others get one by being asked, which is a change. A new
    /// session without values is not stored, and its name leads nowhere.
    ///
    /// # Errors
    /// As [`get`](Session::get) and [`remove`](Session::remove).
    pub async fn handle(&self) -> Result<SessionHandle, SessionError> {
        self.load().await?;
        let mut state = self.state();
        if let Some(handle) = state.stored().handle {
            return Ok(handle);
        }
        state.must_be_changeable()?;
        state.handle()
    }
}
