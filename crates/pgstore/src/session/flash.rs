//! Flashes: messages for the next page, shown once. Interchangeable with Go's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operation::{Operation, Taken};
use super::rows::{Arrival, Draft, OpenedRow, RowMeta};
use super::save::{Tried, pause};
use super::settle::{Attempt, Over, unknown};
use super::state::Source;
use super::{Session, SessionError};
use crate::wire::{self, Key, Typed};

/// Where flashes live unless told otherwise.
// Go: gorilla/sessions sessions.go flashesKey.
const FLASHES: &str = "_flash";

/// How often messages are tried to be taken while other requests keep coming first.
const MOST_TRIES: u32 = 100;

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
        let draft = wire::Draft::new(&list, message)?;
        self.record(Operation::Append(list, draft))
    }

    /// Takes the messages: each is returned to one request, once.
    ///
    /// They are taken from the row at once, not when the response leaves: of several requests at
    /// the same time only one gets a message. A response of the 5xx classes, an error or a panic
    /// of the service puts them back.
    ///
    /// Cost: one statement more than [`get`](Session::get) if there are messages, none if not.
    ///
    /// A session that could not be read ([`is_degraded`](Session::is_degraded)) gives none.
    ///
    /// # Errors
    /// [`SessionError::Value`] when a message is not of the type asked for; none is taken then.
    /// Otherwise as [`get`](Session::get) and [`remove`](Session::remove).
    // Go: gorilla/sessions Session.Flashes, which takes them when the session is saved, so that
    // two requests show the same one.
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
        let list = list.into();
        self.load().await?;
        if matches!(self.state().source(), Some(Source::Unknown)) {
            return Ok(Vec::new()); // Nobody could read what there is; the pages of strangers go on.
        }
        self.state().must_be_changeable()?;
        let mut messages = Vec::new();
        if self.state().row().is_some() {
            let Some(stored) = self.take_from_the_row(&list).await? else {
                return Ok(Vec::new()); // The session has ended, and this request is the last to know.
            };
            messages = stored;
        }
        messages.extend(self.take_what_is_not_stored_yet(&list)?);
        Ok(messages)
    }

    /// What this request has added itself.
    fn take_what_is_not_stored_yet<T: DeserializeOwned>(
        &self,
        list: &Key,
    ) -> Result<Vec<T>, SessionError> {
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

    /// What the row has, whatever this request is about to do to it. `None` when it is gone.
    async fn take_from_the_row<T: DeserializeOwned>(
        &self,
        list: &Key,
    ) -> Result<Option<Vec<T>>, SessionError> {
        let _asking = self.0.io.lock().await;
        self.settle_earlier_attempts().await?;
        for missed in 0..MOST_TRIES {
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
            if let Some(meta) = self.write_back(&row, taken.clone()).await? {
                row.meta = meta;
                let mut state = self.state();
                state.note_taken(taken);
                state.arrive(Arrival::Row(row))?;
                return Ok(Some(messages));
            }
            self.state().note_stale();
        }
        Err(SessionError::Contended)
    }

    /// The row without what this request is about to do to it, or `None` when there is none.
    async fn row_without_changes(&self) -> Result<Option<OpenedRow>, SessionError> {
        if let Some(row) = self.state().unchanged_row() {
            return Ok(Some(row));
        }
        let Some(cookie) = self.state().presented().cloned() else {
            return Ok(None);
        };
        let arrival = self.0.rows.look_up(&cookie).await?;
        let row = arrival.row().cloned();
        if row.is_some() {
            self.arrive(arrival)?;
        }
        Ok(row)
    }

    /// Writes other values into the row, now. `None` when it is not what it was.
    async fn write_back(
        &self,
        row: &OpenedRow,
        taken: Taken,
    ) -> Result<Option<RowMeta>, SessionError> {
        let rows = &self.0.rows;
        let (id, covers) = self.state().nothing_but_values();
        let Some(id) = id else {
            return Ok(None);
        };
        let sealed = rows.next(
            Draft {
                values: &row.values,
                extras: row.meta.extras.with_save_token()?,
                max_age: covers.max_age(),
                used_at: self.0.usage.last(&row.meta),
            },
            &row.meta,
        )?;
        let attempt = Attempt {
            covers,
            id: id.clone(),
            meta: sealed.meta(),
            over: Over::Row(row.meta.version),
            takes: Some(taken),
        };
        let meta = attempt.meta.clone();
        let update = rows.update(&id, &row.meta, &sealed.row);
        match self.attempt(attempt, update).await? {
            Tried::Saved => Ok(Some(meta)),
            Tried::Missed => Ok(None),
            // It may be on its way still: another try could take what nobody is shown.
            Tried::Lost => Err(unknown()),
        }
    }
}

fn read_all<T: DeserializeOwned>(elements: &[Option<Typed>]) -> Result<Vec<T>, SessionError> {
    let read = elements.iter().flatten().map(Typed::read);
    Ok(read.collect::<Result<_, _>>()?)
}
