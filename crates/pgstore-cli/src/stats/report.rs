//! What `stats` tells, as JSON has it.

use serde::Serialize;

/// Bounds of the histogram, in seconds: a minute, an hour, a day, a week, thirty days.
pub(super) const BOUNDS: [f64; 5] = [60.0, 3600.0, 86_400.0, 604_800.0, 2_592_000.0];

/// How many of a rare kind are counted at most.
pub(super) const MOST: i64 = 100_000;

#[derive(Debug, Serialize)]
pub(super) struct Stats {
    pub(super) table: String,
    /// The share of the table's pages that were read. Below 100, the counts of `sessions` and
    /// `last_used` are estimates.
    pub(super) sampled_percent: f64,
    pub(super) sessions: Sessions,
    /// Live sessions by the time since their last use.
    pub(super) last_used: Vec<Bucket>,
    pub(super) space: Space,
    pub(super) upkeep: Upkeep,
}

#[derive(Debug, Serialize)]
pub(super) struct Sessions {
    pub(super) rows: u64,
    pub(super) live: u64,
    pub(super) live_until_browser_closes: u64,
    pub(super) live_with_owner: u64,
    pub(super) expired: u64,
    /// Those that the next sweep removes.
    pub(super) due: u64,
    pub(super) oldest_due_seconds: Option<u64>,
    /// Rows with a time that is NULL: no session.
    pub(super) without_times: u64,
    /// Rows that this library did not write last.
    pub(super) peer_written: u64,
    /// Rows whose key another row has, too.
    pub(super) sharing_keys: u64,
    /// Counted up to `MOST`, and never estimated.
    pub(super) expires_on_epoch: u64,
    pub(super) expires_on_null: u64,
    pub(super) earlier_ids: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Bucket {
    /// `null` in the last one, which has no end.
    pub(super) within_seconds: Option<u64>,
    pub(super) sessions: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Space {
    pub(super) table_bytes: u64,
    /// Values that are too long for their row, and the maps of free space.
    pub(super) beside_table_bytes: u64,
    pub(super) indexes_bytes: u64,
    pub(super) earlier_ids_bytes: u64,
    pub(super) indexes: Vec<IndexSize>,
}

#[derive(Debug, Serialize)]
pub(super) struct IndexSize {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// What the server has counted since its statistics were reset.
#[derive(Debug, Serialize)]
pub(super) struct Upkeep {
    pub(super) updates: u64,
    pub(super) hot_updates: u64,
    pub(super) hot_percent: Option<f64>,
    pub(super) dead_rows: u64,
    /// Dead rows of all rows, about: what vacuum has yet to clear.
    pub(super) dead_percent: Option<f64>,
    pub(super) last_vacuum: Option<String>,
}
