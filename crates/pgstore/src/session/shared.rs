//! The session that all clones of one request's `Session` share.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SessionError;
#[cfg(feature = "middleware")]
use super::change::Change;
use super::cookie_change::CookieChange;
use super::cookie_id::CookieId;
use super::operation::Operation;
use super::record::{OpenedRow, RowMeta, SealedRows};
use super::request_cookies::{OpenCookies, UnopenedCookies};
use super::state::SessionState;
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::name::CookieName;
use crate::options::CookieOptions;
use crate::store::Lookup;
use crate::telemetry::{self, Conflicting};
use crate::wire::Values;

/// The session of one request.
///
/// A `Session` costs nothing until it is used. The first method that reads is awaited and sends one
/// query. Changes are made in memory and saved before the response's head is sent. A request that does
/// not use its session costs no query and sets no cookie.
///
/// Clones are the same session. Keys are mostly strings; see [`Key`](crate::Key) for what else Go
/// allows.
///
/// ```
/// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
/// let visits = session.get::<u64>("visits").await?.unwrap_or(0);
/// session.insert("visits", visits + 1)?;
/// # Ok(())
/// # }
/// ```
///
/// # Where do its errors come from?
///
/// Methods that read can fail with the [load errors](SessionError#load-errors). Methods that change
/// fail with [`HeadSent`](SessionError::HeadSent) once the response's head was sent, with
/// [`Destroyed`](SessionError::Destroyed) after [`destroy`](Session::destroy), and with
/// [`Degraded`](SessionError::Degraded) when the session could not be read.
#[derive(Clone)]
pub struct Session(Arc<dyn SessionHolder>);

/// What the clones of a session share: the session itself, or all sessions of its request, which make it
/// when it is first used.
pub(crate) trait SessionHolder: Any + Send + Sync {
    /// What sessions of its name share.
    fn rows(&self) -> &SealedRows;

    /// The session, if it was used.
    fn used(&self) -> Option<&SharedSession>;

    /// The session, which counts as used from now on.
    fn session(&self) -> &SharedSession;
}

/// A session that was used.
pub(crate) struct SharedSession {
    rows: Arc<SealedRows>,
    usage: Usage,
    cookies: UnopenedCookies,
    state: Mutex<SessionState>,
    /// Held while the store is asked, so that it is asked once.
    io: tokio::sync::Mutex<()>,
}

/// Who uses the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    /// The user: the session's lifetime starts again.
    Request,
    /// The application by itself: the session's lifetime does not change.
    Background,
}

impl Usage {
    /// When the session was last used, if not now.
    pub(super) fn last_use(self, row: &RowMeta) -> Option<Timestamp> {
        (self == Self::Background).then(|| row.last_use())
    }
}

impl SharedSession {
    /// The session of a request. Its cookies are opened at its first use.
    pub(crate) fn of_request(
        rows: Arc<SealedRows>,
        cookies: Option<OpenCookies>,
        options: CookieOptions,
    ) -> Self {
        Self::new(rows, UnopenedCookies::new(cookies), options, Usage::Request)
    }

    fn new(
        rows: Arc<SealedRows>,
        cookies: UnopenedCookies,
        options: CookieOptions,
        usage: Usage,
    ) -> Self {
        let (go_peer, on_conflict) = (rows.go_peer.clone(), rows.policy.on_conflict);
        let state = SessionState::new(options, go_peer, on_conflict);
        Self {
            rows,
            usage,
            cookies,
            state: Mutex::new(state),
            io: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn looked_at(&self) -> bool {
        self.state().looked_at
    }

    /// Makes later changes an error, since nothing would save them.
    pub(crate) fn close(&self) {
        self.state().close();
    }

    /// The state, also after a panic: only `update()` runs the application's code on it, and that
    /// code's panics are caught.
    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionHolder for SharedSession {
    fn rows(&self) -> &SealedRows {
        &self.rows
    }

    fn used(&self) -> Option<&SharedSession> {
        Some(self)
    }

    fn session(&self) -> &SharedSession {
        self
    }
}

impl Session {
    pub(crate) fn held_by(holder: Arc<dyn SessionHolder>) -> Self {
        Self(holder)
    }

    /// What holds the session, if it is of this type.
    #[cfg(feature = "middleware")]
    pub(crate) fn holder<H: SessionHolder>(&self) -> Option<Arc<H>> {
        let holder: Arc<dyn Any + Send + Sync> = self.0.clone();
        holder.downcast().ok()
    }

    /// The session that a background job works on.
    pub(crate) fn of_job(rows: Arc<SealedRows>, id: CookieId, options: CookieOptions) -> Self {
        let none = UnopenedCookies::new(None);
        let session = SharedSession::new(rows, none, options, Usage::Background);
        session.state().take_cookies(vec![id]);
        Self(Arc::new(session))
    }

    pub(crate) fn cookie_name(&self) -> &CookieName {
        &self.rows().name
    }

    pub(super) fn rows(&self) -> &SealedRows {
        self.0.rows()
    }

    pub(super) fn usage(&self) -> Usage {
        self.0.session().usage
    }

    /// Whether this is the session with that ID or handle.
    pub(crate) fn is(&self, id: &SessionId, handle: Option<&SessionHandle>) -> bool {
        let state = self.state_for_use(); // The answer depends on the cookie.
        let has_id = state.cookie().is_some_and(|cookie| cookie.id == *id);
        has_id || handle.is_some() && state.stored().handle.as_ref() == handle
    }

    /// Forgets that the handler asked for a new ID, because the browser will never get it.
    #[cfg(feature = "middleware")]
    pub(crate) fn forget_new_id(&self) {
        self.state().forget_new_id();
    }

    /// Whether there is anything to save, as far as is known without a read.
    #[cfg(feature = "middleware")]
    pub(crate) fn is_changed(&self) -> bool {
        self.state().change() != Change::None
    }

    /// Whether the handler ended the session.
    #[cfg(feature = "middleware")]
    pub(crate) fn is_ended(&self) -> bool {
        let state = self.state();
        state.change().ends_the_session() || state.cookie_is_stale()
    }

    pub(crate) fn looked_at(&self) -> bool {
        self.used().is_some_and(SharedSession::looked_at)
    }

    pub(crate) fn used(&self) -> Option<&SharedSession> {
        self.0.used()
    }

    /// Notes that the browser gets a cookie.
    pub(crate) fn note_given(&self, change: &CookieChange) {
        match change {
            CookieChange::Set(given) => self.state().record_cookie(given),
            CookieChange::SetStrangers(..) | CookieChange::RemoveStrangers(_) => {
                self.state().carried_seed.record_told();
            }
            CookieChange::Keep | CookieChange::Remove(_) => {}
        }
    }

    pub(super) async fn read<R>(&self, read: impl FnOnce(&Values) -> R) -> Result<R, SessionError> {
        self.load().await?;
        match self.state().values() {
            Some(values) => Ok(read(values)),
            // Only `discard_changes` makes a session unread again, after the handler.
            None => Ok(read(&Values::new())),
        }
    }

    pub(super) fn record(&self, operation: Operation) -> Result<(), SessionError> {
        self.state_for_use().record(operation)
    }

    /// Reads the session from the store, unless this request has read it.
    pub(super) async fn load(&self) -> Result<(), SessionError> {
        drop(self.state_for_use());
        let _asking = self.lock_store().await;
        self.load_unlocked().await
    }

    pub(super) async fn load_unlocked(&self) -> Result<(), SessionError> {
        if self.state().is_read() {
            return Ok(());
        }
        let cookies = self.state().cookies();
        let found = match cookies.as_slice() {
            [] => Lookup::Absent,
            [cookie] => self.rows().look_up(cookie).await?,
            several => self.look_up_several(several).await?,
        };
        self.take_in(found)
    }

    /// Finds out which of several cookies counts.
    async fn look_up_several(
        &self,
        cookies: &[CookieId],
    ) -> Result<Lookup<OpenedRow>, SessionError> {
        let (place, found) = self.rows().look_up_several(cookies).await?;
        self.state().count_on(place);
        Ok(found)
    }

    pub(super) fn take_in(&self, found: Lookup<OpenedRow>) -> Result<(), SessionError> {
        match self.state().take_in(found) {
            Ok(overwritten) => {
                self.rows().counters.note_overwritten(overwritten);
                Ok(())
            }
            Err(error) => {
                if let SessionError::Conflict(_) = error {
                    telemetry::conflicting(Conflicting::Refused, 1);
                }
                Err(error)
            }
        }
    }

    /// Waits until no other task asks the store about this session.
    pub(super) async fn lock_store(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.session().io.lock().await
    }

    /// The state of a session that is used, so that the response depends on the cookie.
    pub(super) fn state_for_use(&self) -> MutexGuard<'_, SessionState> {
        self.0.session().cookies.open_once(|cookies| {
            let mut state = self.state();
            state.take_cookies(cookies.ids);
            state.carried_seed.greet(cookies.strangers);
        });
        let mut state = self.state();
        state.looked_at = true;
        state
    }

    pub(super) fn state(&self) -> MutexGuard<'_, SessionState> {
        self.0.session().state()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.cookie_name().as_str())
            .finish_non_exhaustive()
    }
}
