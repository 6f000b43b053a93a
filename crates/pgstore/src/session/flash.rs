//! Flashes: messages for the next page, each shown once. Go programs read and write the same ones.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::SessionError;
use super::operation::{Operation, Taken};
use super::record::{NewRow, OpenedRow};
use super::save::{Outcome, SaveTurn, Waited, outcome_unknown, pause, took_too_long};
use super::shared::Session;
use super::state::{Attempt, Replaces};
use crate::store::Lookup;
use crate::wire::{Draft, GoValue, Key};

/// The key of flashes that are added without one.
// Go: gorilla/sessions sessions.go flashesKey.
const FLASHES: &str = "_flash";

/// How many attempts to take flashes are made while other requests keep saving first.
const MAX_TRIES: u32 = 100;

impl Session {
    /// Adds a message for the next page that asks for messages.
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
    /// As [`insert`](Session::insert). If a value that is not a list is stored under `_flash`, the
    /// next read or the save fails, and nothing is saved.
    // Go: gorilla/sessions Session.AddFlash, which panics there.
    pub fn add_flash<T: Serialize>(&self, message: T) -> Result<(), SessionError> {
        self.add_flash_to(FLASHES, message)
    }

    /// Adds a message to another list, such as `"errors"`.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.add_flash_to("errors", "The name is missing.")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`add_flash`](Session::add_flash).
    pub fn add_flash_to<T: Serialize>(
        &self,
        list: impl Into<Key>,
        message: T,
    ) -> Result<(), SessionError> {
        let list = list.into();
        let draft = Draft::new(&list, message)?;
        draft.check(&list, &self.rows().go_peer)?;
        self.record(Operation::Append(list, draft))
    }

    /// Takes the messages: each is returned to one request, once.
    ///
    /// They are removed from the row at once, not when the response is sent: of several requests at the
    /// same time only one gets a message. With the middleware, a response that
    /// [saves nothing](crate::SaveOn), a failed save in whose place an error is sent, an error or a panic of
    /// the service, and a client that disconnects put them back. Without it, call
    /// [`discard_changes`](Session::discard_changes) and save again. A session that could not be read
    /// ([`is_degraded`](Session::is_degraded)) has none.
    ///
    /// Cost: one statement more than [`get`](Session::get) if there are messages, none otherwise. It is a
    /// save of its own. The read and all retries are within one
    /// [`save_deadline`](crate::SessionManagerBuilder::save_deadline).
    ///
    /// ```
    /// # async fn page(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// for message in session.flashes::<String>().await? {
    ///     println!("<p>{message}</p>");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Value`] when a message is of another type; then none is taken. Otherwise as
    /// [`get`](Session::get) and [`remove`](Session::remove).
    // Go: gorilla/sessions Session.Flashes, which takes them when the session is saved, so that
    // two requests show the same one.
    pub async fn flashes<T: DeserializeOwned>(&self) -> Result<Vec<T>, SessionError> {
        self.flashes_from(FLASHES).await
    }

    /// Takes the messages of another list.
    ///
    /// ```
    /// # async fn page(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let errors: Vec<String> = session.flashes_from("errors").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`flashes`](Session::flashes).
    pub async fn flashes_from<T: DeserializeOwned>(
        &self,
        list: impl Into<Key>,
    ) -> Result<Vec<T>, SessionError> {
        let list = list.into();
        let taken = timeout_at(self.save_until(), self.take_in_time(&list));
        taken.await.unwrap_or_else(|_| Err(took_too_long()))
    }

    async fn take_in_time<T: DeserializeOwned>(&self, list: &Key) -> Result<Vec<T>, SessionError> {
        self.load().await?;
        if self.state().is_degraded() {
            return Ok(Vec::new()); // The session could not be read; the page is shown without.
        }
        self.state().must_be_changeable()?;
        let mut messages = Vec::new();
        let is_stored = self.state().row().is_some();
        if is_stored && !self.state().has_discarded(list) {
            let Some(stored) = self.take_stored(list).await? else {
                return Ok(Vec::new()); // Another request has ended the session.
            };
            messages = stored;
        }
        messages.extend(self.take_unsaved(list)?);
        Ok(messages)
    }

    /// Takes the messages that this request has added.
    fn take_unsaved<T: DeserializeOwned>(&self, list: &Key) -> Result<Vec<T>, SessionError> {
        let mut state = self.state();
        let values = state.values().cloned().unwrap_or_default();
        let elements = values.list(list)?;
        let messages = read_all(&elements)?;
        if !elements.is_empty() {
            let list = list.clone();
            state.record(Operation::Take(Taken { list, elements }))?;
        }
        Ok(messages)
    }

    /// Takes the messages that are stored, and leaves this request's other changes for its save.
    /// `None` when the row is gone.
    async fn take_stored<T: DeserializeOwned>(
        &self,
        list: &Key,
    ) -> Result<Option<Vec<T>>, SessionError> {
        let _asking = self.lock_store().await;
        let _turn = self.take_turn_for(list).await?;
        self.resolve_earlier_attempts().await?;
        for missed in 0..MAX_TRIES {
            if missed > 0 {
                tokio::time::sleep(pause(missed)?).await;
            }
            let Some(mut row) = self.row_without_changes().await? else {
                return Ok(None);
            };
            let elements = row.values.list(list)?;
            let messages = read_all(&elements)?;
            if elements.is_empty() {
                return Ok(Some(messages));
            }
            row.values.remove_from_list(list, &elements)?;
            let list = list.clone();
            let taken = Taken { list, elements };
            if self.write_back(row, taken).await? {
                return Ok(Some(messages));
            }
            self.state().note_stale();
        }
        Err(SessionError::Contended)
    }

    /// Waits for other saves of the session on this node, if there are messages to take.
    async fn take_turn_for(&self, list: &Key) -> Result<Option<SaveTurn>, SessionError> {
        let id = {
            let state = self.state();
            let elements = state.values().map(|values| values.list(list)).transpose()?;
            let has_some = elements.is_some_and(|elements| !elements.is_empty());
            state.stored_id().filter(|_| has_some)
        };
        let Some(id) = id else {
            return Ok(None);
        };
        let turn = self.rows().turns.take(&id).await;
        if turn.waited() == Waited::Yes {
            self.state().note_stale();
        }
        Ok(Some(turn))
    }

    /// The row without this request's changes, or `None` when there is none.
    async fn row_without_changes(&self) -> Result<Option<OpenedRow>, SessionError> {
        if let Some(row) = self.state().unchanged_row() {
            return Ok(Some(row));
        }
        let Some(cookie) = self.state().cookie().cloned() else {
            return Ok(None);
        };
        let found = self.rows().look_up(&cookie).await?;
        let row = found.row().cloned();
        if row.is_some() {
            self.take_in(found)?;
        }
        Ok(row)
    }

    /// Writes the row without the messages. Returns whether the row was still the one that was read.
    async fn write_back(&self, mut row: OpenedRow, taken: Taken) -> Result<bool, SessionError> {
        let (id, covers) = {
            let state = self.state();
            (state.stored_id(), state.covers_nothing())
        };
        let Some(id) = id else {
            return Ok(false);
        };
        let new_row = NewRow {
            values: &row.values,
            extras: row.meta.extras.with_save_token()?,
            used_at: self.usage().last_use(&row.meta),
        };
        let sealed = self.rows().seal_next(new_row, &row.meta)?;
        let attempt = Attempt {
            covers,
            id: id.clone(),
            meta: sealed.meta(),
            replaces: Replaces::Version(row.meta.version),
            takes: Some(taken.clone()),
        };
        let update = self.rows().update(&id, &row.meta, &sealed.row);
        match self.attempt(attempt, update).await? {
            Outcome::Saved(()) => {
                row.meta = sealed.meta();
                let read = self.take_in(Lookup::Row(id, row));
                match read.is_ok() {
                    true => self.state().note_taken(taken),
                    false => self.state().put_back(taken), // The handler gets an error in their place.
                }
                read.map(|()| true)
            }
            Outcome::Missed => Ok(false),
            // The statement may still arrive and remove messages that no request would show.
            Outcome::Lost => Err(outcome_unknown()),
        }
    }
}

fn read_all<T: DeserializeOwned>(elements: &[Option<GoValue>]) -> Result<Vec<T>, SessionError> {
    let read = elements.iter().flatten().map(GoValue::read);
    Ok(read.collect::<Result<_, _>>()?)
}
