//! Stages 3 to 5 for one cookie name: rows of the store opened to values, values sealed to rows.

use std::sync::Arc;
use std::time::Duration;

use super::go_times::GoTimes;
use super::logouts::Logouts;
use super::metadata::Sources;
use super::plan::Age;
use super::stats::Counters;
use super::{CookieId, SessionError};
use crate::clock::{Clock, Timestamp};
use crate::id::SessionId;
use crate::name::CookieName;
use crate::options::MaxAge;
use crate::policy::{OnOutage, OnUndecodable, Policy};
use crate::random;
use crate::store::{Renaming, Retired, Retirement, Row, RowExtras, Store, Written};
use crate::wire::{GoPeer, SecureCookie, Values};

/// The store of one cookie name, with the codec that opens and seals its rows.
#[derive(Clone, Debug)]
pub(crate) struct SealedRows {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) codec: SecureCookie,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who reads the rows besides us.
    pub(crate) go_peer: GoPeer,
    /// The cookie's name, which every row is signed with.
    pub(crate) name: CookieName,
    pub(crate) policy: Policy,
    pub(crate) sources: Sources,
    pub(crate) logouts: Logouts,
    pub(crate) counters: Arc<Counters>,
}

/// What an ID leads to.
pub(super) enum Arrival {
    Nothing,
    /// A dead ID that another one has replaced a moment ago.
    Retired,
    /// The store was away, and the application goes on without.
    Unknown,
    Row(OpenedRow),
    /// The ID was replaced in passing, by this one.
    Moved(SessionId, OpenedRow),
}

impl Arrival {
    /// The row that it brings.
    pub(super) fn row(&self) -> Option<&OpenedRow> {
        match self {
            Self::Row(row) | Self::Moved(_, row) => Some(row),
            Self::Nothing | Self::Retired | Self::Unknown => None,
        }
    }
}

/// A row that is there, opened.
#[derive(Clone)]
pub(super) struct OpenedRow {
    pub(super) values: Values,
    pub(super) meta: RowMeta,
}

/// What is known of a row besides its values.
#[derive(Clone, Debug)]
pub(super) struct RowMeta {
    /// When it was last written: its version.
    pub(super) version: Timestamp,
    /// When the session began.
    pub(super) since: Timestamp,
    /// When its data was sealed, in seconds since the Unix epoch.
    pub(super) sealed_at: i64,
    pub(super) expires_on: Timestamp,
    pub(super) extras: RowExtras,
    /// Whose session it is: what the column says, or the value.
    pub(super) owner: Option<String>,
}

impl RowMeta {
    fn of(row: &Row, sealed_at: i64) -> Self {
        Self {
            version: row.modified_on,
            since: row.created_on,
            sealed_at,
            expires_on: row.expires_on,
            extras: row.extras.clone(),
            owner: row.extras.owner.clone(),
        }
    }

    /// How many seconds it was given to live when it was written. Go reads its clock several
    /// times for one row, so this is rounded.
    pub(super) fn life(&self) -> i64 {
        (self.expires_on.unix_micros() - self.version.unix_micros() + 500_000).div_euclid(1_000_000)
    }
}

/// What is to be written into a row.
pub(super) struct Draft<'a> {
    pub(super) values: &'a Values,
    pub(super) extras: RowExtras,
    pub(super) max_age: MaxAge,
    /// When the session was last used, if not now: a job's changes are no use of it.
    pub(super) used_at: Option<Timestamp>,
}

/// A row that is ready to be written.
pub(super) struct Sealed {
    pub(super) row: Row,
    sealed_at: i64,
}

impl Sealed {
    /// What will be known of it once it is written.
    pub(super) fn meta(&self) -> RowMeta {
        RowMeta::of(&self.row, self.sealed_at)
    }
}

impl SealedRows {
    /// What the cookie's ID leads to: one query, and another one only if there is no row.
    pub(super) async fn look_up(&self, cookie: &CookieId) -> Result<Arrival, SessionError> {
        if self.logouts.has(&cookie.id) {
            return Ok(Arrival::Nothing); // Ended here, and the store will know as soon as it can.
        }
        match self.read(cookie).await {
            Err(SessionError::Store(error))
                if error.is_unavailable() && self.policy.on_outage == OnOutage::Anonymous =>
            {
                tracing::warn!(name = self.name.as_str(), %error, "a session goes unread");
                self.counters.degraded.add(1);
                Ok(Arrival::Unknown)
            }
            Err(error)
                if error.is_undecodable()
                    && self.policy.on_undecodable == OnUndecodable::StartFresh =>
            {
                let error = error.with_causes();
                tracing::warn!(name = self.name.as_str(), error, "a session starts afresh");
                Ok(Arrival::Nothing)
            }
            other => other,
        }
    }

    async fn read(&self, cookie: &CookieId) -> Result<Arrival, SessionError> {
        let now = self.clock.now();
        if let Some(row) = self.store.load(&cookie.id, now).await? {
            return self.open(&row, cookie, now).map(Arrival::from);
        }
        match self.store.retired(&cookie.id, now).await? {
            None => Ok(Arrival::Nothing),
            Some(Retired::Dead) => Ok(Arrival::Retired),
            Some(Retired::Honoured(id, row)) => self.open_successor(id, &row, cookie, now),
        }
    }

    /// The session that an ID replaced in passing leads to, if it is still its owner's.
    fn open_successor(
        &self,
        id: SessionId,
        row: &Row,
        cookie: &CookieId,
        now: Timestamp,
    ) -> Result<Arrival, SessionError> {
        if self.logouts.has(&id) {
            return Ok(Arrival::Retired); // Ended here, as in `look_up`.
        }
        Ok(match self.open(row, cookie, now)? {
            Some(opened) if self.is_still_its_owners(&opened) => Arrival::Moved(id, opened),
            Some(_) => Arrival::Retired,
            None => Arrival::Nothing,
        })
    }

    fn is_still_its_owners(&self, row: &OpenedRow) -> bool {
        row.meta.owner == row.meta.extras.owner
    }

    /// What the row holds, unless the session is over: by the age of its data, as Go counts it, by
    /// that of the cookie, or since its beginning.
    pub(super) fn open(
        &self,
        row: &Row,
        cookie: &CookieId,
        now: Timestamp,
    ) -> Result<Option<OpenedRow>, SessionError> {
        let Some(opened) = self.unseal(row, now)? else {
            return Ok(None);
        };
        let is_too_old = !self.is_young(&opened.meta.extras, cookie.issued_at, now)
            || self.is_past_the_absolute_timeout(row, now);
        Ok((!is_too_old).then_some(opened))
    }

    /// What the row holds, unless its data is too old.
    pub(super) fn unseal(
        &self,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<OpenedRow>, SessionError> {
        let (name, ageless) = (self.name.as_str(), self.codec.clone().max_age(0));
        let data = ageless
            .open(name, &row.data, now.unix_seconds(), Values::decode)
            .map_err(SessionError::Undecodable)?;
        let mut opened = OpenedRow {
            values: data.value,
            meta: RowMeta::of(row, data.issued_at),
        };
        opened.meta.owner = self.extras_of(&opened).owner;
        Ok(self
            .is_young(&row.extras, data.issued_at, now)
            .then_some(opened))
    }

    /// Whether what was sealed then still opens.
    // Go: securecookie.go Decode: exactly as old as the maximal age is fine.
    fn is_young(&self, extras: &RowExtras, sealed_at: i64, now: Timestamp) -> bool {
        match extras.max_age.filter(|own| *own > 0) {
            Some(own) => sealed_at >= now.unix_seconds().saturating_sub(own),
            None => self.codec.is_young(sealed_at, now.unix_seconds()),
        }
    }

    /// What the columns of ours should say, by the values of a row that anybody may have written;
    /// `None` for one that does not open, or has ended.
    pub(crate) fn look_into(&self, row: &Row) -> Option<RowExtras> {
        let now = self.clock.now();
        let opened = self.unseal(row, now).ok()??;
        let is_live = !row.is_expired(now) && !self.is_past_the_absolute_timeout(row, now);
        is_live.then(|| self.extras_of(&opened))
    }

    fn extras_of(&self, row: &OpenedRow) -> RowExtras {
        let mut extras = row.meta.extras.clone();
        self.sources.fill(&mut extras, &row.values);
        extras
    }

    fn is_past_the_absolute_timeout(&self, row: &Row, now: Timestamp) -> bool {
        let timeout = self.policy.absolute_timeout;
        timeout.is_some_and(|timeout| row.created_on.plus(timeout) <= now)
    }

    /// A row's age as far as sliding goes.
    pub(super) fn age(&self, meta: &RowMeta, browser: MaxAge) -> Age {
        let now = self.clock.now().unix_seconds();
        Age {
            idle: now.saturating_sub(meta.sealed_at),
            lifetime: self.life_of_cookies(&meta.extras, browser),
        }
    }

    /// How many seconds a cookie of the session is of use.
    pub(super) fn life_of_cookies(&self, extras: &RowExtras, browser: MaxAge) -> u64 {
        let own = extras.max_age.filter(|own| *own > 0);
        let own = own.and_then(|own| u64::try_from(own).ok());
        own.unwrap_or_else(|| {
            let lifetime = self.codec.lifetime().min(self.lifetime(browser));
            lifetime.as_secs()
        })
    }

    /// The row of a session that begins now.
    pub(super) fn first(&self, draft: Draft<'_>) -> Result<Sealed, SessionError> {
        self.seal(draft, None)
    }

    /// The row of a session that begins anew: now, whatever its values say of an earlier time.
    pub(super) fn renewed(&self, draft: Draft<'_>) -> Result<Sealed, SessionError> {
        self.seal(draft, Some(self.clock.now()))
    }

    /// The row that replaces the one that was read, without moving its beginning.
    pub(super) fn next(&self, draft: Draft<'_>, read: &RowMeta) -> Result<Sealed, SessionError> {
        let Sealed { mut row, sealed_at } = self.seal(draft, Some(read.since))?;
        let moment = Duration::from_micros(1);
        row.modified_on = row.modified_on.max(read.version.plus(moment));
        // A version ahead of our clock must not make it look like a row without an end.
        row.expires_on = row.expires_on.max(row.modified_on.plus(moment));
        Ok(Sealed { row, sealed_at })
    }

    pub(super) async fn insert(&self, id: &SessionId, row: &Row) -> Result<(), SessionError> {
        Ok(self.store.insert(id, row).await?)
    }

    /// Writes the row, if the one there is still the one that was read.
    pub(super) async fn update(
        &self,
        id: &SessionId,
        read: &RowMeta,
        row: &Row,
    ) -> Result<Written, SessionError> {
        Ok(self.store.update(id, read.version, row).await?)
    }

    /// Ends the row, if it is still the one that was read, and writes this one under the new ID.
    /// One that could not be read goes whatever it is.
    pub(super) async fn rename(
        &self,
        old: &SessionId,
        read: Option<&RowMeta>,
        new: &SessionId,
        row: &Row,
        is_in_passing: bool,
    ) -> Result<Written, SessionError> {
        let now = self.clock.now();
        // Whoever has the old ID is led on to the same owner's session only.
        let is_in_passing =
            is_in_passing && read.is_some_and(|read| read.owner == row.extras.owner);
        let Policy {
            retirement, grace, ..
        } = self.policy;
        let renaming = Renaming {
            old,
            seen: read.map(|read| read.version),
            new,
            retirement: Retirement {
                until: now.plus(if is_in_passing {
                    retirement.max(grace)
                } else {
                    retirement
                }),
                previous_grace_until: is_in_passing.then(|| now.plus(grace)),
            },
        };
        Ok(self.store.rename(renaming, row).await?)
    }

    fn seal(&self, draft: Draft<'_>, since: Option<Timestamp>) -> Result<Sealed, SessionError> {
        let now = self.clock.now();
        let used = draft.used_at.unwrap_or(now);
        let special = GoTimes::of(draft.values)?;
        let (name, iv) = (self.name.as_str(), random::bytes()?);
        let data = self
            .codec
            .seal(name, &draft.values.encode(), used.unix_seconds(), iv)
            .map_err(SessionError::TooLarge)?;
        let created_on = since.unwrap_or_else(|| special.created_on.unwrap_or(now));
        let row = Row {
            data: data.into_bytes(),
            created_on,
            modified_on: now,
            expires_on: special.later(self.ends(created_on, draft.max_age, used)),
            extras: draft.extras,
        };
        Ok(Sealed {
            row,
            sealed_at: used.unix_seconds(),
        })
    }

    /// When the row of a session that was last used then ends.
    fn ends(&self, since: Timestamp, max_age: MaxAge, used: Timestamp) -> Timestamp {
        let idle = used.plus(self.lifetime(max_age));
        match self.policy.absolute_timeout {
            Some(timeout) => idle.min(since.plus(timeout)),
            None => idle,
        }
    }

    /// How long a row written now may live. One that ends with the browser lives as long as its
    /// data opens.
    // Go: pgstore.go save writes expires_on = now for a MaxAge of 0, and the next Cleanup takes
    // the session from under the user.
    fn lifetime(&self, max_age: MaxAge) -> Duration {
        match max_age {
            MaxAge::For(age) => age,
            MaxAge::UntilBrowserCloses | MaxAge::Delete => self.codec.lifetime(),
        }
    }
}

impl From<Option<OpenedRow>> for Arrival {
    fn from(row: Option<OpenedRow>) -> Self {
        row.map_or(Self::Nothing, Self::Row)
    }
}
