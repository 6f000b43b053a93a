//! The session's values: read, changed, removed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionError;
use super::operation::Operation;
use super::shared::Session;
use crate::wire::{Draft, Key, Values};

impl Session {
    /// Returns the value under a key, or `None` if there is none or if it is Go's `nil`.
    ///
    /// Any integer type that the stored number fits works; a struct is read from a Go struct or
    /// from a map, a time from a Go `time.Time`.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let user: Option<String> = session.get("user").await?;
    /// let visits = session.get::<u64>("visits").await?.unwrap_or(0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Value`] when the value is of another type; [load
    /// errors](SessionError#load-errors).
    #[doc(alias = "get_value")]
    pub async fn get<T: DeserializeOwned>(
        &self,
        key: impl Into<Key>,
    ) -> Result<Option<T>, SessionError> {
        let key = key.into();
        // A copy, so that no code of the application runs while the state is locked.
        let value = self.read(|values| values.value(&key).cloned()).await?;
        Ok(value.map(|value| value.read_at(&key)).transpose()?)
    }

    /// Whether there is a value under a key.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// if !session.contains("user").await? {
    ///     session.add_flash("Please log in.")?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    #[doc(alias = "contains_key")]
    pub async fn contains(&self, key: impl Into<Key>) -> Result<bool, SessionError> {
        let key = key.into();
        self.read(|values| values.contains(key)).await
    }

    /// Returns a copy of all values, for pages and tools that show them.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// println!("{} values", session.values().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    #[doc(alias = "entries")]
    pub async fn values(&self) -> Result<Values, SessionError> {
        self.read(Values::clone).await
    }

    /// Sets the value under a key, by value or by reference.
    ///
    /// If another request sets the same key at the same time, the later save wins, unless the
    /// application chose [otherwise](crate::OnConflict). Use [`update`](Session::update) for a value
    /// that depends on the previous one.
    ///
    /// A stored value keeps its Go type if the new value fits it, so that a Go program's `.(int)`
    /// still holds. New keys get the types of the table at [`Values`].
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.insert("user", "ada")?;
    /// session.insert("visits", 1_u64)?;
    /// session.insert("tags", &["a", "b"])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Value`] when the value cannot be stored; the session is unchanged.
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late.
    #[doc(alias = "set")]
    pub fn insert<T: Serialize>(&self, key: impl Into<Key>, value: T) -> Result<(), SessionError> {
        let key = key.into();
        let draft = Draft::new(&key, value)?;
        if !self.state().is_read() {
            // Once the session is read, a Go map that is stored may take keys that are not strings.
            draft.check(&key, &self.rows().go_peer)?;
        }
        self.record(Operation::set(key, draft))
    }

    /// Replaces the value under a key by one that the closure computes from it. The closure gets
    /// `None` if there is no value.
    ///
    /// Unlike a [`get`](Session::get) followed by an [`insert`](Session::insert), it loses nothing
    /// to other requests: if one of them saves the session first, the closure runs again on the
    /// value that it saved. The closure may therefore run several times. It must only compute, and
    /// it must not use the session, which is locked meanwhile.
    ///
    /// If the session was not read yet, it is read when it is saved, and errors come then.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Value`] when the stored value is of another type or the new one cannot be
    /// stored; [`SessionError::UpdatePanicked`]. The session is unchanged then. Otherwise as
    /// [`insert`](Session::insert).
    pub fn update<T, F>(&self, key: impl Into<Key>, update: F) -> Result<(), SessionError>
    where
        T: DeserializeOwned + Serialize,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        self.record(Operation::update(key.into(), update))
    }

    /// Removes the value under a key. A missing value is not an error.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.remove("coupon")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late.
    #[doc(alias = "delete")]
    pub fn remove(&self, key: impl Into<Key>) -> Result<(), SessionError> {
        self.record(Operation::remove(key.into()))
    }

    /// Removes all values. The session stays, with its ID, owner, label and lifetime: to log out,
    /// call [`destroy`](Session::destroy).
    ///
    /// If the session was read before, a value that another request has set or changed since is a
    /// [conflict](crate::OnConflict), as for [`insert`](Session::insert): the later save wins, or
    /// nothing is saved.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.clear()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.record(Operation::Clear(None))
    }
}
