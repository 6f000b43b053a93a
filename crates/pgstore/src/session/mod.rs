//! What handlers touch: a session's values, flashes, ID and end.
//!
//! A [`Session`] is read at first use and changed in memory. Saving it is the edge's part, once
//! the handler is done: the middleware does it by itself, the direct API when it is told to.

mod attributes;
mod cookie_change;
mod csrf;
mod error;
mod flash;
mod go_times;
mod logouts;
mod metadata;
mod operation;
mod owner;
mod plan;
mod rows;
mod save;
mod settle;
mod state;
mod stats;
mod typed;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use cookie_change::{CookieChange, GivenCookie};
pub use csrf::CsrfToken;
pub use error::SessionError;
pub(crate) use logouts::Logouts;
pub use metadata::InvalidText;
pub(crate) use metadata::{Source as TextSource, Sources};
use operation::Operation;
pub(crate) use rows::SealedRows;
use rows::{Arrival, RowMeta};
use serde::Serialize;
use serde::de::DeserializeOwned;
use state::{Source, State};
pub(crate) use stats::Counters;
pub use stats::SessionStats;
pub use typed::Typed;

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::name::CookieName;
use crate::options::CookieOptions;
use crate::wire::{Draft, Key, Values};

/// The session of one request.
///
/// Having one costs nothing. The first call that reads is awaited and asks the store once;
/// changes are recorded at once and saved when the response's head leaves, if there are any.
/// A request that leaves its session alone costs no query and sets no cookie.
///
/// Clones are the same session. Keys are mostly strings; see [`Key`] for what else Go allows.
///
/// ```
/// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
/// let visits = session.get::<u64>("visits").await?.unwrap_or(0);
/// session.insert("visits", &(visits + 1))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    rows: SealedRows,
    usage: Usage,
    state: Mutex<State>,
    /// Held while the store is asked, so that it is asked once.
    io: tokio::sync::Mutex<()>,
}

/// The ID that the request's cookie named, and how.
#[derive(Clone, Debug)]
pub(crate) struct CookieId {
    pub(crate) id: SessionId,
    /// When the cookie was sealed, in seconds since the Unix epoch.
    pub(crate) issued_at: i64,
    /// Whether with the keys that write today.
    pub(crate) by_current_keys: bool,
}

/// Who uses the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// Its owner: it lasts from now on.
    Request,
    /// The application by itself: it lasts no longer for that.
    Background,
}

impl Usage {
    /// When the session counts as used last, if not now.
    fn last(self, row: &RowMeta) -> Option<Timestamp> {
        (self == Self::Background).then(|| Timestamp::from_unix_seconds(row.sealed_at))
    }
}

impl Session {
    pub(crate) fn new(
        rows: SealedRows,
        presented: Option<CookieId>,
        options: CookieOptions,
        usage: Usage,
    ) -> Self {
        let (go_peer, on_conflict) = (rows.go_peer.clone(), rows.policy.on_conflict);
        let state = State::new(presented, options, go_peer, on_conflict);
        Self(Arc::new(Shared {
            rows,
            usage,
            state: Mutex::new(state),
            io: tokio::sync::Mutex::new(()),
        }))
    }

    /// The value under a key, or `None` when there is none, or a Go `nil`.
    ///
    /// Reading is generous: any integer that fits will do, a struct is read from a Go struct or
    /// from a map, a time from a Go `time.Time`.
    ///
    /// # Errors
    /// [`SessionError::Value`] when the value is of another type, and whatever loading the
    /// session may bring.
    pub async fn get<T: DeserializeOwned>(
        &self,
        key: impl Into<Key>,
    ) -> Result<Option<T>, SessionError> {
        let key = key.into();
        // A copy, so that no code of the application's runs while the state is locked.
        let value = self.read(|values| values.value(&key).cloned()).await?;
        Ok(value.map(|value| value.read_at(&key)).transpose()?)
    }

    /// Whether there is a value under a key.
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn contains(&self, key: impl Into<Key>) -> Result<bool, SessionError> {
        let key = key.into();
        self.read(|values| values.contains(key)).await
    }

    /// A copy of all values, for pages and tools that show them.
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn values(&self) -> Result<Values, SessionError> {
        self.read(Values::clone).await
    }

    /// Whether the session is not stored yet: no cookie, an invalid one, or one whose row is gone.
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    // Go: gorilla/sessions Session.IsNew. Go never clears it when a session is saved.
    pub async fn is_new(&self) -> Result<bool, SessionError> {
        self.load().await?;
        Ok(self.state().row().is_none())
    }

    /// Whether the session could not be read because the store was away, and the application has
    /// chosen to [go on without](crate::OnOutage::Anonymous). It is empty then and cannot be
    /// changed; always `false` under the default, where reading is an error.
    ///
    /// It says whether this request's session could not be looked up, not whether a save would
    /// succeed: without a cookie there is nothing to look up. For that see
    /// [`SessionManager::probe`](crate::SessionManager::probe).
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn is_degraded(&self) -> Result<bool, SessionError> {
        self.load().await?;
        Ok(matches!(self.state().source(), Some(Source::Unknown)))
    }

    /// Puts a value under a key, in place of what is there.
    ///
    /// Where another request puts another value under the same key at the same time, the one that
    /// is saved last wins, unless the application says [otherwise](crate::OnConflict). A value that
    /// depends on the one before belongs into [`update`](Session::update).
    ///
    /// A value that is there already keeps its Go type if the new one fits it, so that a Go
    /// program's `.(int)` still holds. New keys follow the table at [`Values`].
    ///
    /// # Errors
    /// [`SessionError::Value`] when no Go program could hold the value; the session is unchanged.
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late.
    pub fn insert<T: Serialize + ?Sized>(
        &self,
        key: impl Into<Key>,
        value: &T,
    ) -> Result<(), SessionError> {
        let key = key.into();
        let draft = Draft::new(&key, value).or_else(|error| match self.values_if_read() {
            // Keys that are no strings are fine where a Go map of that kind is there to take them.
            Some(values) => values.draft(&key, value),
            None => Err(error),
        })?;
        self.record(Operation::set(key, draft))
    }

    /// Replaces the value under a key by one computed from it; `None` stands for none.
    ///
    /// Unlike a [`get`](Session::get) and an [`insert`](Session::insert), it holds against other
    /// requests: if one of them saves the session first, `update` runs again on what that one
    /// left. So it may run several times, and must do nothing else: the session itself is locked
    /// while it runs.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Not read yet, the session is read when it is saved, and errors come then.
    ///
    /// # Errors
    /// [`SessionError::Value`] when the value is of another type, or no Go program could hold the
    /// new one; [`SessionError::UpdatePanicked`]; the session is unchanged. Otherwise as
    /// [`insert`](Session::insert).
    pub fn update<T, F>(&self, key: impl Into<Key>, update: F) -> Result<(), SessionError>
    where
        T: DeserializeOwned + Serialize,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        self.record(Operation::update(key.into(), update))
    }

    /// Removes the value under a key. That there is none is no error.
    ///
    /// # Errors
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late.
    pub fn remove(&self, key: impl Into<Key>) -> Result<(), SessionError> {
        self.record(Operation::remove(key.into()))
    }

    /// Removes all values; the session stays, with its ID, owner, label and lifetime. To log out,
    /// [`destroy`](Session::destroy) it.
    ///
    /// # Errors
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late.
    pub fn clear(&self) -> Result<(), SessionError> {
        self.record(Operation::Clear)
    }

    /// Gives the session a new ID and kills the old one. Call it at login and whenever the user's
    /// rights change, so that nobody who planted or saw the old ID shares the new session.
    ///
    /// Values, owner, label and lifetime stay, but for the seed of [CSRF tokens](Session::csrf_token): those of earlier pages
    /// are refused from then on. The session begins anew as far as timeouts go. For a minute the old ID is
    /// known to be late: requests under way with it read as anonymous, and what they change is
    /// [`Gone`](SessionError::Gone), so that they cannot undo the new one. Cost: the save becomes
    /// one statement that replaces the row.
    ///
    /// # Errors
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late;
    /// [`SessionError::RngError`].
    // OWASP ASVS 5.0, 7.2.4: a new session token at authentication.
    pub fn renew(&self) -> Result<(), SessionError> {
        let reseed = csrf::reseed()?;
        self.state_for_use().renew(reseed)
    }

    /// Gives the session a new ID in passing, for applications that change IDs from time to time.
    ///
    /// Unlike after [`renew`](Session::renew), requests under way with the old ID go on: for a
    /// [grace time](crate::SessionManager::rotation_grace) it leads to the session, and its holder is
    /// given the new cookie; only while the session's owner is the same, and no
    /// longer than to the next new ID or the session's end. Not for logins: whoever has seen the
    /// old ID shares the session for that time.
    ///
    /// # Errors
    /// As [`renew`](Session::renew).
    pub fn rotate_gently(&self) -> Result<(), SessionError> {
        self.state_for_use().rotate()
    }

    /// Ends the session: its row goes, and the browser is told to drop the cookie.
    ///
    /// If the store cannot be reached the save fails, so that no success is reported; the browser
    /// drops the cookie all the same, and this node goes on trying in the background.
    ///
    /// Afterwards it reads as empty and cannot be changed. Destroying twice is once. Cost: one
    /// statement, and none if the request came without a valid cookie.
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] when it is too late.
    pub fn destroy(&self) -> Result<(), SessionError> {
        self.state_for_use().destroy()
    }

    /// Forgets the changes that are not saved yet, for a request that failed half-way. What
    /// [`renew`](Session::renew) and [`destroy`](Session::destroy) asked for stays.
    ///
    /// [Messages](Session::flashes) that were taken are put back when the session is saved. The
    /// middleware does this for a response of the 5xx classes.
    pub fn discard_changes(&self) {
        self.state().discard_changes();
    }

    /// The ID that the session is stored under, or `None` while it is new. A secret.
    ///
    /// # Errors
    /// Whatever loading the session may bring.
    pub async fn id(&self) -> Result<Option<SessionId>, SessionError> {
        self.load().await?;
        Ok(self.state().stored_id())
    }

    /// The cookie's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.cookie_name().as_str()
    }

    pub(crate) fn cookie_name(&self) -> &CookieName {
        &self.0.rows.name
    }

    /// Whether this is the session of that ID or handle.
    pub(crate) fn is(&self, id: &SessionId, handle: Option<&SessionHandle>) -> bool {
        let state = self.state_for_use(); // The answer depends on the cookie.
        let has_id = state
            .presented()
            .is_some_and(|presented| presented.id == *id);
        has_id || handle.is_some() && state.stored().handle.as_ref() == handle
    }

    /// Forgets that a new ID was asked for: the browser will never hear of it.
    #[cfg(feature = "middleware")]
    pub(crate) fn forget_new_id(&self) {
        self.state().forget_new_id();
    }

    /// Whether there is anything to save, as far as is known without looking.
    #[cfg(feature = "middleware")]
    pub(crate) fn is_changed(&self) -> bool {
        let state = self.state();
        state.change() != plan::Change::None || state.has_taken_perhaps()
    }

    pub(crate) fn looked_at(&self) -> bool {
        self.state().looked_at
    }

    /// From here on, changes are errors: nothing would save them.
    pub(crate) fn close(&self) {
        self.state().close();
    }

    async fn read<R>(&self, read: impl FnOnce(&Values) -> R) -> Result<R, SessionError> {
        self.load().await?;
        match self.state().values() {
            Some(values) => Ok(read(values)),
            // Only `discard_changes` goes back from read to unread, after the handler.
            None => Ok(read(&Values::new())),
        }
    }

    fn values_if_read(&self) -> Option<Values> {
        self.state().values().cloned()
    }

    fn record(&self, operation: Operation) -> Result<(), SessionError> {
        self.state_for_use().record(operation)
    }

    /// Reads the session from the store, unless that has been done.
    async fn load(&self) -> Result<(), SessionError> {
        self.state().looked_at = true;
        let _asking = self.0.io.lock().await;
        self.load_unlocked().await
    }

    async fn load_unlocked(&self) -> Result<(), SessionError> {
        if self.state().is_read() {
            return Ok(());
        }
        let presented = self.state().presented().cloned();
        let arrival = match presented {
            Some(cookie) => self.0.rows.look_up(&cookie).await?,
            None => Arrival::Nothing,
        };
        self.arrive(arrival)
    }

    fn arrive(&self, arrival: Arrival) -> Result<(), SessionError> {
        let overwritten = self.state().arrive(arrival)?;
        self.0.rows.counters.overwritten.add(overwritten);
        Ok(())
    }

    fn state_for_use(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.looked_at = true;
        state
    }

    /// The state, also after a panic: only `update()` runs code of the application's on it, and
    /// that code's panics are caught.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
