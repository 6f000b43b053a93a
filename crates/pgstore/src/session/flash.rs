//! Flashes: messages for the next page, shown once. Interchangeable with Go's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operation::Operation;
use super::{Session, SessionError};
use crate::wire::{Draft, Key, Typed};

/// Where flashes live unless told otherwise.
// Go: gorilla/sessions sessions.go flashesKey.
const FLASHES: &str = "_flash";

impl Session {
    /// Adds a message for the next page that asks for it.
    ///
    /// ```
    /// # async fn handlers(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.add_flash("Welcome back!")?;
    /// // and in the next request:
    /// let messages: Vec<String> = session.flashes().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`insert`](Session::insert). When something that is no list lies under `_flash`, the
    /// error comes with the next read or with the save, and nothing is saved.
    // Go: gorilla/sessions Session.AddFlash, which panics there.
    pub fn add_flash<T: Serialize + ?Sized>(&self, message: &T) -> Result<(), SessionError> {
        self.add_flash_to(FLASHES, message)
    }

    /// Adds a message to a list of its own, such as `"errors"`.
    ///
    /// # Errors
    /// As [`add_flash`](Session::add_flash).
    pub fn add_flash_to<T: Serialize + ?Sized>(
        &self,
        list: impl Into<Key>,
        message: &T,
    ) -> Result<(), SessionError> {
        let list = list.into();
        let draft = Draft::new(&list, message)?;
        self.record(Operation::Append(list, draft))
    }

    /// Takes the messages: they are returned once, and gone when the session is saved.
    ///
    /// Without messages nothing changes and nothing is saved.
    ///
    /// # Errors
    /// [`SessionError::Value`] when a message is not of the type asked for; none is taken then.
    /// Otherwise as [`get`](Session::get) and [`remove`](Session::remove).
    // Go: gorilla/sessions Session.Flashes.
    pub async fn flashes<T: DeserializeOwned>(&self) -> Result<Vec<T>, SessionError> {
        self.flashes_from(FLASHES).await
    }

    /// Takes the messages of a list of its own.
    ///
    /// # Errors
    /// As [`flashes`](Session::flashes).
    pub async fn flashes_from<T: DeserializeOwned>(
        &self,
        list: impl Into<Key>,
    ) -> Result<Vec<T>, SessionError> {
        self.load().await?;
        let list = list.into();
        let mut state = self.state();
        state.must_be_changeable()?;
        let elements = state
            .values()
            .map_or_else(|| Ok(Vec::new()), |values| values.list(&list))?;
        let read = elements.iter().flatten().map(Typed::read);
        let messages = read.collect::<Result<Vec<T>, _>>()?;
        if !elements.is_empty() {
            state.record(Operation::Take(list, elements))?;
        }
        Ok(messages)
    }
}
