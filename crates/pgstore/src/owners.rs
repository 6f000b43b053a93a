//! An owner's sessions: listed, ended, and used by jobs. Outside of requests, or in those of an
//! account page.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::manager::SessionManager;
use crate::name::CookieName;
use crate::session::{CookieId, SealedRows, Session, SessionError, Usage};
use crate::store::{
    OwnerColumn, PeerWritten, PeerWrittenCursor, Revocation, Row, RowExtras, Which, Written,
};

/// How often a pass over an owner's sessions is repeated while they change under it.
const MOST_PASSES: usize = 50;

/// How many rows of a Go program are looked into at a time.
const BATCH: u32 = 500;

/// One of an owner's sessions, as a list of devices shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// What it is called in forms and paths. It stays when the ID changes.
    pub handle: SessionHandle,
    /// What the owner knows it by.
    pub label: Option<String>,
    /// When it began: at the login, if that renewed it.
    pub created: Timestamp,
    /// When it was last written, which is when it was last used, to within a
    /// [part](SessionManager::touch) of its lifetime. The request that asks does not count yet:
    /// show "now" where [`is_current`](SessionInfo::is_current).
    pub last_used: Timestamp,
    /// When it ends if it is not used any more.
    pub expires: Timestamp,
    /// Whether it is the one of the request that asks.
    pub is_current: bool,
}

impl SessionManager {
    /// An owner's sessions, the last used first, at most a thousand; `current` is marked among
    /// them.
    ///
    /// The owner is what [`set_owner`](Session::set_owner) or [a value](SessionManager::owner_from)
    /// says; sessions of all cookie names count. Cost: one statement, or with a value as the source
    /// a look at every row that a Go program wrote last.
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
        let mut rows = self.store.owned(owner, self.clock.now()).await?;
        if let Some(value) = self.value_rows() {
            rows.retain(|(_, row)| row.extras.save_token.is_some());
            rows.extend(self.adopt(&value, owner).await?);
        }
        let now = self.clock.now();
        let live = rows
            .into_iter()
            .filter(|(_, row)| !self.has_ended(row, now));
        let info = |(id, row): (SessionId, Row)| {
            let is_current =
                current.is_some_and(|current| current.is(&id, row.extras.handle.as_ref()));
            SessionInfo::of(row, is_current)
        };
        let mut all: Vec<_> = live.filter_map(info).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.last_used));
        Ok(all)
    }

    /// Ends one of an owner's sessions, and says whether there was one. Somebody else's handle
    /// answers like one that leads nowhere.
    ///
    /// # Errors
    /// [`SessionError::Store`]; [`SessionError::Contended`] when the session kept changing.
    pub async fn revoke(&self, owner: &str, handle: &SessionHandle) -> Result<bool, SessionError> {
        let ended = self.revoke_which(owner, Which::One(handle)).await?;
        Ok(ended > 0)
    }

    /// Ends all of an owner's sessions and returns how many there were: after a change of the
    /// password, or when an account is closed.
    ///
    /// What a request has under way in one of them is not saved any more. A login that comes at
    /// the same moment may be spared.
    ///
    /// # Errors
    /// As [`revoke`](SessionManager::revoke).
    pub async fn revoke_all(&self, owner: &str) -> Result<u64, SessionError> {
        self.revoke_which(owner, Which::All).await
    }

    /// Ends all sessions of this one's owner but this one, and returns how many there were.
    ///
    /// # Errors
    /// [`SessionError::NoOwner`]; otherwise as [`revoke`](SessionManager::revoke) and
    /// [`Session::owner`].
    pub async fn revoke_all_except(&self, current: &Session) -> Result<u64, SessionError> {
        let owner = current.owner().await?.ok_or(SessionError::NoOwner)?;
        let (id, handle) = (current.id().await?, current.handle().await?);
        let kept = Which::AllBut {
            id: id.as_ref(),
            handle: Some(&handle),
        };
        self.revoke_which(&owner, kept).await
    }

    /// The session with this handle, for a job that works outside of requests, or `None` when it
    /// has ended.
    ///
    /// What the job changes, [`save`](SessionManager::save) saves, with headers that nobody sends. It
    /// does not make the session last longer.
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
    /// [`SessionError::Cookie`] for a name that is none; whatever loading the session may bring.
    pub async fn by_handle(
        &self,
        name: &str,
        handle: &SessionHandle,
    ) -> Result<Option<Session>, SessionError> {
        let name = CookieName::new(name)?;
        let options = self.options_for(&name)?;
        let now = self.clock.now();
        let Some((id, _)) = self.store.find(handle, now).await? else {
            return Ok(None);
        };
        let presented = CookieId {
            id,
            issued_at: now.unix_seconds(),
            by_current_keys: true,
        };
        let session = Session::new(self.rows(name), Some(presented), options, Usage::Background);
        if session.is_degraded().await? {
            return Err(SessionError::Degraded); // Nobody knows whether it has ended.
        }
        Ok((!session.is_new().await?).then_some(session))
    }

    /// Repeats until a pass has seen none: a new ID given at the same moment carries a session
    /// past one.
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
        for _ in 0..MOST_PASSES {
            let revoked = self.store.revoke(&revocation).await?;
            let (mut seen, mut removed) = (revoked.seen, revoked.removed);
            if let Some(value) = &value {
                let of_go = self.revoke_foreign(value, &revocation).await?;
                (seen, removed) = (seen + of_go.0, removed + of_go.1);
            }
            ended += removed;
            if seen == 0 {
                return Ok(ended);
            }
        }
        Err(SessionError::Contended)
    }

    /// How many sessions of the owner a Go program wrote last, and how many of them ended here.
    async fn revoke_foreign(
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
            let written = self.store.delete_version(&id, row.modified_on).await?;
            removed += u64::from(written == Written::Saved);
        }
        Ok((seen, removed))
    }

    /// Brings the columns of ours in line with the values that a Go program wrote, so that its
    /// sessions have a handle.
    async fn adopt(
        &self,
        value: &SealedRows,
        owner: &str,
    ) -> Result<Vec<(SessionId, Row)>, SessionError> {
        let mut adopted = Vec::new();
        for _ in 0..MOST_PASSES {
            let mut overtaken = false;
            for (id, row, extras) in self.peer_written(value, owner).await? {
                let next = in_line(&row, &extras)?;
                match self.store.update(&id, row.modified_on, &next).await? {
                    Written::Saved => adopted.push((id, next)),
                    Written::Missed => overtaken = true,
                }
            }
            if !overtaken {
                break;
            }
        }
        Ok(adopted)
    }

    /// The owner's sessions among those that a Go program wrote last, with what the columns of ours
    /// should say.
    async fn peer_written(
        &self,
        value: &SealedRows,
        owner: &str,
    ) -> Result<Vec<(SessionId, Row, RowExtras)>, SessionError> {
        let (mut theirs, mut after) = (Vec::new(), PeerWrittenCursor::START);
        loop {
            let PeerWritten { rows, next } = self.store.peer_written(after, BATCH).await?;
            theirs.extend(rows.into_iter().filter_map(|(id, row)| {
                let extras = value.look_into(&row)?;
                let is_theirs = extras.owner.as_deref() == Some(owner);
                is_theirs.then_some((id, row, extras))
            }));
            match next {
                // A store that does not get on would be asked for ever.
                Some(next) if next > after => after = next,
                _ => return Ok(theirs),
            }
        }
    }

    /// The rows of the cookie whose owner is a value.
    fn value_rows(&self) -> Option<SealedRows> {
        let (name, _) = self.owner_value.as_ref()?;
        Some(self.rows(name.clone()))
    }
}

/// The same row, with what its values say in the extra columns.
fn in_line(row: &Row, extras: &RowExtras) -> Result<Row, SessionError> {
    let mut extras = extras.with_save_token()?;
    if extras.handle.is_none() {
        extras.handle = Some(SessionHandle::generate()?);
    }
    Ok(Row {
        modified_on: row.modified_on.plus(Duration::from_micros(1)),
        extras,
        ..row.clone()
    })
}

impl SessionInfo {
    fn of(row: Row, is_current: bool) -> Option<Self> {
        Some(Self {
            handle: row.extras.handle?,
            label: row.extras.label,
            created: row.created_on,
            last_used: row.modified_on,
            expires: row.expires_on,
            is_current,
        })
    }
}
