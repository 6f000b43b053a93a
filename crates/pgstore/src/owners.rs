//! An owner's sessions: lists them, ends them, and opens one for a background job.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::manager::SessionManager;
use crate::session::{CookieId, SealedRows, Session, SessionError};
use crate::store::{
    Lookup, OwnerColumn, PeerWritten, PeerWrittenCursor, Revocation, Row, RowExtras, Which, Written,
};

/// How often a pass over an owner's sessions is repeated while other requests change them.
pub(crate) const MAX_PASSES: usize = 50;

/// How many rows that a Go program wrote last are read at a time.
const BATCH: u32 = 500;

/// One of an owner's sessions, for a list of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The public name for forms and paths. It stays when the ID changes.
    pub handle: SessionHandle,
    /// The name by which the owner recognises it, such as the device.
    pub label: Option<String>,
    /// When it began: at the login, if the login renewed it.
    pub created: Timestamp,
    /// When it was last written. Last use is recorded at most every
    /// [⅛ of the lifetime](crate::SessionManagerBuilder::touch), and the request that asks is not
    /// recorded yet: show "now" where [`is_current`](SessionInfo::is_current) is true.
    pub last_used: Timestamp,
    /// When it ends unless it is used again. The row's `expires_on` may be later: it is rounded up.
    pub expires: Timestamp,
    /// Whether it is the session of the request that asks.
    pub is_current: bool,
}

impl SessionManager {
    /// Lists an owner's sessions, the last used first: the thousand that began last, if there are
    /// more. `current` is marked in the list.
    ///
    /// These are the sessions that a request would still find: not those that have outlived the
    /// maximal age or the absolute timeout as they are set now, nor those whose logout this node has
    /// yet to store. Data is not opened, because its key depends on the cookie's name: a session that
    /// was sealed with other keys is listed, so that it can be ended.
    ///
    /// The owner is the one that [`set_owner`](Session::set_owner) set, or that
    /// [a session value](crate::SessionManagerBuilder::owner_from) names. Sessions of all cookie names
    /// are listed. Cost: one statement for each thousand rows; if a value names the owner, also a read of the rows that a Go
    /// program wrote last.
    ///
    /// ```
    /// # use pgstore::{Session, SessionError, SessionManager};
    /// # async fn devices(sessions: SessionManager, session: Session) -> Result<(), SessionError> {
    /// if let Some(user) = session.owner().await? {
    ///     for one in sessions.sessions_of(&user, Some(&session)).await? {
    ///         let this = if one.is_current { " (this one)" } else { "" };
    ///         println!("{}: {:?}{this}", one.handle, one.label);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn sessions_of(
        &self,
        owner: &str,
        current: Option<&Session>,
    ) -> Result<Vec<SessionInfo>, SessionError> {
        let mut rows = self.store().owned(owner, self.now()).await?;
        if let Some(value) = self.value_rows() {
            rows.retain(|(_, row)| row.extras.save_token.is_some());
            rows.extend(self.sync_extras(&value, owner).await?);
        }
        let now = self.now();
        let theirs = rows
            .into_iter()
            .filter(|(id, _)| !self.logouts().is_pending(id));
        let info = |(id, row): (SessionId, Row)| {
            let expires = self.limits().end_of_live(&row, now)?;
            let is_current =
                current.is_some_and(|current| current.is(&id, row.extras.handle.as_ref()));
            SessionInfo::of(row, expires, is_current)
        };
        let mut all: Vec<_> = theirs.filter_map(info).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.last_used));
        Ok(all)
    }

    /// Ends one of an owner's sessions, and returns whether there was one. The handle of another
    /// owner's session is treated like an unknown one.
    ///
    /// ```
    /// # use pgstore::{SessionError, SessionHandle, SessionManager};
    /// # async fn sign_out(sessions: SessionManager, handle: SessionHandle) -> Result<(), SessionError> {
    /// if !sessions.revoke("user-42", &handle).await? {
    ///     println!("That device is signed out already.");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Store`]; [`SessionError::Contended`] when other requests kept
    /// changing the session.
    pub async fn revoke(&self, owner: &str, handle: &SessionHandle) -> Result<bool, SessionError> {
        let ended = self.revoke_which(owner, Which::One(handle)).await?;
        Ok(ended > 0)
    }

    /// Ends all of an owner's sessions and returns how many there were. Call it after a change of the
    /// password, or when an account is closed.
    ///
    /// Changes that other requests are making to these sessions are not saved. A login at the same
    /// moment may remain. It works in batches of a thousand: if it fails, a part is done, and another
    /// call continues. 100,000 sessions take some seconds.
    ///
    /// ```
    /// # use pgstore::{SessionError, SessionManager};
    /// # async fn close_account(sessions: SessionManager) -> Result<(), SessionError> {
    /// let ended = sessions.revoke_all("user-42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`revoke`](SessionManager::revoke).
    pub async fn revoke_all(&self, owner: &str) -> Result<u64, SessionError> {
        self.revoke_which(owner, Which::All).await
    }

    /// Ends all other sessions of the current session's owner, and returns how many there were.
    ///
    /// ```
    /// # use pgstore::{Session, SessionError, SessionManager};
    /// # async fn sign_out_others(sessions: SessionManager, session: Session) -> Result<(), SessionError> {
    /// let ended = sessions.revoke_all_except(&session).await?;
    /// session.add_flash(format!("Signed out {ended} other devices."))
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::NoOwner`]; [`SessionError::Gone`] when the current session has ended meanwhile
    /// (then none is ended); otherwise as [`revoke`](SessionManager::revoke) and
    /// [`Session::owner`].
    pub async fn revoke_all_except(&self, current: &Session) -> Result<u64, SessionError> {
        let owner = current.owner().await?.ok_or(SessionError::NoOwner)?;
        let (id, handle) = self.kept(current).await?;
        let kept = Which::AllBut {
            id: id.as_ref(),
            handle: Some(&handle),
        };
        self.revoke_which(&owner, kept).await
    }

    /// Opens the session with this handle for a background job; `None` when it has ended.
    ///
    /// Save the job's changes with [`save`](SessionManager::save) and a header map that is not sent.
    /// They do not extend the session's lifetime.
    ///
    /// ```
    /// # use pgstore::{SessionHandle, SessionManager};
    /// # async fn job(
    /// #     sessions: SessionManager, handle: SessionHandle,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// if let Some(session) = sessions.by_handle("session-key", &handle).await? {
    ///     session.add_flash("Your export is ready.")?;
    ///     sessions.save(&session, &mut http::HeaderMap::new()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Cookie`] for an invalid cookie name; [load errors](SessionError#load-errors).
    pub async fn by_handle(
        &self,
        name: &str,
        handle: &SessionHandle,
    ) -> Result<Option<Session>, SessionError> {
        let named = self.named(name)?;
        let now = self.now();
        let Some((id, _)) = self.store().find(handle, now).await? else {
            return Ok(None);
        };
        let cookie = CookieId::fresh(id, now);
        let session = Session::of_job(Arc::clone(&named.rows), cookie, named.options.clone());
        if session.is_degraded().await? {
            return Err(SessionError::Degraded); // It is unknown whether the session has ended.
        }
        Ok((!session.is_new().await?).then_some(session))
    }

    /// The ID and the handle by which the current session is spared. A row without a handle, which a
    /// Go program wrote, gets it first: then another request that gives the session a new ID at the
    /// same moment keeps the handle.
    async fn kept(
        &self,
        current: &Session,
    ) -> Result<(Option<SessionId>, SessionHandle), SessionError> {
        let (id, handle) = (current.id().await?, current.handle().await?);
        let Some(mut id) = id.filter(|_| !current.has_stored_handle()) else {
            return Ok((current.id().await?, handle));
        };
        let rows = self.rows(current.cookie_name().clone());
        for _ in 0..MAX_PASSES {
            let Lookup::Row(stored_under, row) = self.store().load(&id, self.now()).await? else {
                return Err(SessionError::Gone);
            };
            id = stored_under;
            if let Some(stored) = row.extras.handle {
                return Ok((Some(id), stored));
            }
            let mut extras = rows.extras_from_values(&row).ok_or(SessionError::Gone)?;
            extras.handle = Some(handle.clone());
            let next = with_extras(&row, &extras)?;
            if self.store().update(&id, row.modified_on, &next).await? == Written::Saved {
                return Ok((Some(id), handle));
            }
        }
        Err(SessionError::Contended)
    }

    /// Repeats until a pass sees no session: one that gets a new ID at the same moment escapes a pass.
    async fn revoke_which(&self, owner: &str, which: Which<'_>) -> Result<u64, SessionError> {
        let value = self.value_rows();
        let column = match value {
            Some(_) => OwnerColumn::IsAnIndex,
            None => OwnerColumn::IsTheTruth,
        };
        let revocation = Revocation {
            owner,
            which,
            column,
        };
        let mut ended = 0;
        for _ in 0..MAX_PASSES {
            let revoked = self.store().revoke(&revocation).await?;
            let (mut seen, mut removed) = (revoked.seen, revoked.removed);
            if let Some(value) = &value {
                let by_go = self.revoke_peer_written(value, &revocation).await?;
                (seen, removed) = (seen + by_go.0, removed + by_go.1);
            }
            ended += removed;
            if seen == 0 {
                return Ok(ended);
            }
        }
        Err(SessionError::Contended)
    }

    /// Ends the owner's sessions that a Go program wrote last. Returns how many it saw and removed.
    async fn revoke_peer_written(
        &self,
        value: &SealedRows,
        revocation: &Revocation<'_>,
    ) -> Result<(u64, u64), SessionError> {
        let (mut seen, mut removed) = (0, 0);
        for (id, row, _) in self.peer_written(value, revocation.owner).await? {
            if !revocation.which.includes(&id, &row) {
                continue;
            }
            seen += 1;
            let written = self.store().delete_version(&id, row.modified_on).await?;
            removed += u64::from(written == Written::Saved);
        }
        Ok((seen, removed))
    }

    /// Sets the extra columns according to the values that a Go program wrote, so that these sessions
    /// get a handle.
    async fn sync_extras(
        &self,
        value: &SealedRows,
        owner: &str,
    ) -> Result<Vec<(SessionId, Row)>, SessionError> {
        let mut synced = Vec::new();
        for _ in 0..MAX_PASSES {
            let mut missed = false;
            for (id, row, extras) in self.peer_written(value, owner).await? {
                let next = with_extras(&row, &extras)?;
                match self.store().update(&id, row.modified_on, &next).await? {
                    Written::Saved => synced.push((id, next)),
                    Written::Missed => missed = true,
                }
            }
            if !missed {
                break;
            }
        }
        Ok(synced)
    }

    /// The owner's sessions among those that a Go program wrote last, with the extra columns that
    /// their values ask for.
    async fn peer_written(
        &self,
        value: &SealedRows,
        owner: &str,
    ) -> Result<Vec<(SessionId, Row, RowExtras)>, SessionError> {
        let (mut theirs, mut after) = (Vec::new(), PeerWrittenCursor::START);
        loop {
            let PeerWritten { rows, next } = self.store().peer_written(after, BATCH).await?;
            theirs.extend(rows.into_iter().filter_map(|(id, row)| {
                let extras = value.extras_from_values(&row)?;
                let is_theirs = extras.owner.as_deref() == Some(owner);
                is_theirs.then_some((id, row, extras))
            }));
            match next {
                // A store whose cursor does not advance must not make this loop endless.
                Some(next) if next > after => after = next,
                _ => return Ok(theirs),
            }
        }
    }

    /// The rows of the cookie whose sessions have a value that names their owner.
    fn value_rows(&self) -> Option<SealedRows> {
        let name = self.owner_value_name()?;
        Some(self.rows(name.clone()))
    }
}

/// The row with the extra columns that its values ask for.
fn with_extras(row: &Row, extras: &RowExtras) -> Result<Row, SessionError> {
    Ok(Row {
        modified_on: row.modified_on.plus(Duration::from_micros(1)),
        extras: extras.with_save_token()?,
        ..row.clone()
    })
}

impl SessionInfo {
    pub(crate) fn of(row: Row, expires: Timestamp, is_current: bool) -> Option<Self> {
        Some(Self {
            handle: row.extras.handle?,
            label: row.extras.label,
            created: row.created_on,
            last_used: row.modified_on,
            expires,
            is_current,
        })
    }
}
