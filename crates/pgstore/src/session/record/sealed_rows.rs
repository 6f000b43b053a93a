//! The rows of one cookie name in the store, opened and sealed with the application's keys.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::id::SessionId;
use crate::name::CookieName;
use crate::policy::{OnOutage, OnUndecodable, Policy};
use crate::session::SessionError;
use crate::session::cookie_id::CookieId;
use crate::session::metadata::MetadataSources;
use crate::session::record::meta::{OpenedRow, RowMeta};
use crate::session::save::LogoutRetry;
use crate::session::stats::Counters;
use crate::store::{IdChange, Lookup, PreviousId, Row, Store, Written};
use crate::wire::{GoPeer, SecureCookie};

/// The store of one cookie name, with the codec that opens and seals its rows.
#[derive(Clone, Debug)]
pub(crate) struct SealedRows {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) codec: SecureCookie,
    pub(crate) clock: Arc<dyn Clock>,
    /// Which Go program reads the rows too.
    pub(crate) go_peer: GoPeer,
    /// The cookie's name, which every row is signed with.
    pub(crate) name: CookieName,
    pub(crate) policy: Policy,
    pub(crate) sources: MetadataSources,
    pub(crate) logouts: LogoutRetry,
    pub(crate) counters: Arc<Counters>,
}

impl SealedRows {
    /// What the cookie's ID leads to. Cost: one query, and a second one only if there is no row.
    ///
    /// The policies for outages and undecodable rows apply here.
    pub(in crate::session) async fn look_up(
        &self,
        cookie: &CookieId,
    ) -> Result<Lookup<OpenedRow>, SessionError> {
        match self.load(cookie).await {
            Err(SessionError::Store(error))
                if error.is_unavailable() && self.policy.on_outage == OnOutage::Anonymous =>
            {
                tracing::warn!(
                    name = self.name.as_str(),
                    %error,
                    "the session store is unavailable: the request continues without its session"
                );
                self.counters.degraded.add(1);
                Ok(Lookup::Unknown)
            }
            Err(error)
                if error.is_undecodable()
                    && self.policy.on_undecodable == OnUndecodable::StartFresh =>
            {
                tracing::warn!(
                    name = self.name.as_str(),
                    error = error.with_causes(),
                    "a stored session cannot be opened: the request continues with a new one"
                );
                Ok(Lookup::Absent)
            }
            other => other,
        }
    }

    async fn load(&self, cookie: &CookieId) -> Result<Lookup<OpenedRow>, SessionError> {
        if self.logouts.is_pending(&cookie.id) {
            return Ok(Lookup::Absent); // This node ended it; the store learns of it later.
        }
        let now = self.clock.now();
        match self.store.load(&cookie.id, now).await? {
            Lookup::Row(id, row) => self.open_found(id, &row, cookie, now),
            Lookup::Replaced => Ok(Lookup::Replaced),
            Lookup::Absent => Ok(Lookup::Absent),
            Lookup::Unknown => Ok(Lookup::Unknown),
        }
    }

    /// Opens the row. A successor's row is opened only while the session has the same owner.
    fn open_found(
        &self,
        id: SessionId,
        row: &Row,
        cookie: &CookieId,
        now: Timestamp,
    ) -> Result<Lookup<OpenedRow>, SessionError> {
        let is_successor = id != cookie.id;
        if is_successor && self.logouts.is_pending(&id) {
            return Ok(Lookup::Replaced);
        }
        Ok(match self.open(row, cookie, now)? {
            Some(opened) if is_successor && !has_same_owner(&opened) => Lookup::Replaced,
            Some(opened) => Lookup::Row(id, opened),
            None => Lookup::Absent,
        })
    }

    pub(in crate::session) async fn insert(
        &self,
        id: &SessionId,
        row: &Row,
    ) -> Result<(), SessionError> {
        Ok(self.store.insert(id, row).await?)
    }

    /// Writes the row if the stored one is still the one that was read.
    pub(in crate::session) async fn update(
        &self,
        id: &SessionId,
        read: &RowMeta,
        row: &Row,
    ) -> Result<Written, SessionError> {
        Ok(self.store.update(id, read.version, row).await?)
    }

    /// Replaces the row under the old ID, if it is still the one that was read, by this one under the
    /// new ID. A row that could not be read is replaced whatever its version is.
    pub(in crate::session) async fn rename(
        &self,
        old: &SessionId,
        read: Option<&RowMeta>,
        new: &SessionId,
        row: &Row,
        is_gentle: bool,
    ) -> Result<Written, SessionError> {
        let now = self.clock.now();
        // The old ID leads only to a session of the same owner.
        let is_gentle = is_gentle && read.is_some_and(|read| read.owner == row.extras.owner);
        let Policy {
            retirement, grace, ..
        } = self.policy;
        let previous = PreviousId {
            until: now.plus(match is_gentle {
                true => retirement.max(grace),
                false => retirement,
            }),
            grace_until: is_gentle.then(|| now.plus(grace)),
        };
        let change = IdChange {
            old,
            seen: read.map(|read| read.version),
            new,
            previous,
        };
        Ok(self.store.rename(change, row).await?)
    }
}

/// Whether the row's column still names the owner that its values name.
fn has_same_owner(row: &OpenedRow) -> bool {
    row.meta.owner == row.meta.extras.owner
}
