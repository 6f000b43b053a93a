//! A row before it is sealed and after it is opened.

use crate::clock::Timestamp;
use crate::store::{Row, RowExtras};
use crate::wire::Values;

/// A stored row whose data was opened.
#[derive(Clone)]
pub(in crate::session) struct OpenedRow {
    pub(in crate::session) values: Values,
    pub(in crate::session) meta: RowMeta,
}

/// A row without its values.
#[derive(Clone, Debug)]
pub(in crate::session) struct RowMeta {
    /// When the row was last written, which is its version.
    pub(in crate::session) version: Timestamp,
    /// When the session began.
    pub(in crate::session) created_on: Timestamp,
    /// When the row's data was sealed, in seconds since the Unix epoch.
    pub(in crate::session) sealed_at: i64,
    pub(in crate::session) expires_on: Timestamp,
    pub(in crate::session) extras: RowExtras,
    /// Whether one of its times is further ahead than clocks differ, so that the row must be written
    /// again with true ones.
    pub(in crate::session) is_ahead: bool,
    /// The session's owner: the column's, or that of the session value that names it.
    pub(in crate::session) owner: Option<String>,
}

impl RowMeta {
    pub(super) fn of(row: &Row, sealed_at: i64) -> Self {
        Self {
            version: row.modified_on,
            created_on: row.created_on,
            sealed_at,
            expires_on: row.expires_on,
            extras: row.extras.clone(),
            is_ahead: false,
            owner: row.extras.owner.clone(),
        }
    }

    /// When the session was last used: its last write, unless that was no use. Then only the second is
    /// known.
    pub(in crate::session) fn last_use(&self) -> Timestamp {
        match self.version.unix_seconds() == self.sealed_at {
            true => self.version,
            false => Timestamp::from_unix_seconds(self.sealed_at),
        }
    }

    /// Takes times that only a wrong clock can have written as now. The version stays, since the next
    /// write names it, and with it the end of the lifetime.
    pub(super) fn heal(&mut self, now: Timestamp) {
        let sealed_at = Timestamp::from_unix_seconds(self.sealed_at);
        let times = [sealed_at, self.version, self.created_on];
        self.is_ahead = times.iter().any(|time| time.is_too_far_ahead_of(now));
        self.created_on = self.created_on.min(now);
        if sealed_at.is_too_far_ahead_of(now) {
            self.sealed_at = now.unix_seconds();
        }
    }

    /// The seconds from the last write to `expires_on`. They are rounded, because Go reads its clock
    /// several times for one row.
    pub(super) fn lifetime(&self) -> i64 {
        (self.expires_on.unix_micros() - self.version.unix_micros() + 500_000).div_euclid(1_000_000)
    }
}

/// What a save writes into a row.
pub(in crate::session) struct NewRow<'a> {
    pub(in crate::session) values: &'a Values,
    pub(in crate::session) extras: RowExtras,
    /// When the session was last used, if not now: a background change does not count as use.
    pub(in crate::session) used_at: Option<Timestamp>,
}

/// A row that is ready to be written.
pub(in crate::session) struct SealedRow {
    pub(in crate::session) row: Row,
    pub(super) sealed_at: i64,
}

impl SealedRow {
    /// The row's metadata once it is written.
    pub(in crate::session) fn meta(&self) -> RowMeta {
        RowMeta::of(&self.row, self.sealed_at)
    }
}
