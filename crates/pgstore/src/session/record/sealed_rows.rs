//! The rows of one cookie name in the store, opened and sealed with the application's keys.

use std::sync::Arc;

use crate::clock::{Clock, SKEW_TOLERANCE, Timestamp};
use crate::id::SessionId;
use crate::name::CookieName;
use crate::options::MaxAge;
use crate::policy::Policy;
use crate::session::SessionError;
use crate::session::metadata::MetadataSources;
use crate::session::record::meta::RowMeta;
use crate::session::save::{LogoutRetry, SaveTurns};
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
    /// The maximal age of sessions without one of their own.
    pub(crate) max_age: MaxAge,
    pub(crate) sources: MetadataSources,
    pub(crate) logouts: LogoutRetry,
    pub(crate) turns: SaveTurns,
    pub(crate) counters: Arc<Counters>,
}

impl SealedRows {
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

    /// The version of the row under this ID, if its session lives.
    pub(in crate::session) async fn version(
        &self,
        id: &SessionId,
    ) -> Result<Option<Timestamp>, SessionError> {
        if self.logouts.is_pending(id) {
            return Ok(None);
        }
        let found = self.store.load(id, self.clock.now()).await?;
        Ok(match found {
            Lookup::Row(stored_under, row) if stored_under == *id => Some(row.modified_on),
            _ => None,
        })
    }

    /// Gives the session under the old ID the new one, if its row is still the one that was read. A row
    /// that could not be read is replaced in any version.
    pub(in crate::session) async fn rename(
        &self,
        old: &SessionId,
        read: Option<&RowMeta>,
        new: &SessionId,
        row: &Row,
        is_gentle: bool,
    ) -> Result<Written, SessionError> {
        // The old ID leads only to a session of the same owner.
        let has_grace = is_gentle
            && !self.policy.grace.is_zero()
            && read.is_some_and(|read| read.owner == row.extras.owner);
        let change = IdChange {
            old,
            seen: read.map(|read| read.version),
            new,
            previous: PreviousId {
                until: self.known_until(has_grace),
                // The grace time begins when the new ID comes back. Until then the browser may lack it.
                grace_until: has_grace.then_some(row.expires_on),
            },
        };
        Ok(self.store.rename(change, row).await?)
    }

    /// Notes that a request has brought the ID that a gentle rotation gave: the grace time of the
    /// earlier IDs begins.
    pub(in crate::session) async fn confirm(&self, id: &SessionId) -> Result<(), SessionError> {
        let grace = self.policy.grace.saturating_add(SKEW_TOLERANCE);
        let grace_until = self.clock.now().plus(grace);
        let until = self.known_until(true);
        Ok(self.store.confirm(id, until, grace_until).await?)
    }

    /// Until when an ID that is replaced now is known as replaced.
    fn known_until(&self, has_grace: bool) -> Timestamp {
        let Policy {
            retirement, grace, ..
        } = self.policy;
        let time = match has_grace {
            true => retirement.max(grace),
            false => retirement,
        };
        self.clock.now().plus(time.saturating_add(SKEW_TOLERANCE))
    }
}
