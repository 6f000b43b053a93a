//! The limits that end a session, as far as its row shows them. Loading, listing and saving share
//! them.

use std::time::Duration;

use super::meta::RowMeta;
use crate::clock::Timestamp;
use crate::options::MaxAge;
use crate::store::{Row, RowExtras};
use crate::wire::SecureCookie;

/// Which part of its lifetime a session's `expires_on` may be late, at most. Saves meanwhile keep
/// it, so that they change no indexed column.
const COARSENESS: u32 = 16;

/// How exactly a row tells its last use: its data has whole seconds.
const PRECISION: Duration = Duration::from_secs(1);

/// The limits that end an application's sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    codec: &'a SecureCookie,
    /// That of sessions without one of their own.
    max_age: MaxAge,
    absolute_timeout: Option<Duration>,
}

impl<'a> Limits<'a> {
    pub(crate) fn new(
        codec: &'a SecureCookie,
        max_age: MaxAge,
        absolute_timeout: Option<Duration>,
    ) -> Self {
        Self {
            codec,
            max_age,
            absolute_timeout,
        }
    }

    /// When the row's session ends unless it is used again, or `None` if it has ended. That needs no
    /// look into its data, whose key depends on the name of its cookie. A row whose data is no sealed
    /// text has no session.
    pub(crate) fn end_of_live(self, row: &Row, now: Timestamp) -> Option<Timestamp> {
        let sealed_at = SecureCookie::claimed_date(&row.data)?;
        let end = self.end(&RowMeta::of(row, sealed_at));
        let is_over = row.is_expired(now)
            || end <= now && !row.ends_with_the_browser()
            || self.is_past_the_absolute_timeout(row, now)
            || !self.is_young(&row.extras, sealed_at, now);
        (!is_over).then_some(end)
    }

    /// Whether what was sealed at that time still opens.
    // Go: securecookie.go Decode: exactly as old as the maximal age is fine.
    pub(super) fn is_young(self, extras: &RowExtras, sealed_at: i64, now: Timestamp) -> bool {
        match own_max_age(extras) {
            Some(own) => sealed_at >= now.unix_seconds().saturating_sub(own),
            None => self.codec.is_young(sealed_at, now.unix_seconds()),
        }
    }

    pub(super) fn is_past_the_absolute_timeout(self, row: &Row, now: Timestamp) -> bool {
        let timeout = self.absolute_timeout;
        timeout.is_some_and(|timeout| row.created_on.min(now).plus(timeout) <= now)
    }

    /// When the session ends unless it is used again: `expires_on`, unless that is rounded up.
    pub(super) fn end(self, row: &RowMeta) -> Timestamp {
        match self.has_its_max_age(row) {
            true => row.expires_on.min(self.idle_end(row)),
            false => row.expires_on,
        }
    }

    /// The maximal age in seconds that the last write gave the row. It is another one than the
    /// application's if a Go program, a session value or an earlier configuration set `expires_on`.
    pub(super) fn given_age(self, row: &RowMeta) -> i64 {
        match self.has_its_max_age(row) {
            true => i64::try_from(self.lifetime(&row.extras).as_secs()).unwrap_or(i64::MAX),
            false => row.lifetime(),
        }
    }

    /// The `expires_on` of a row that is written now: the end of its session, rounded up, so that it
    /// seldom changes. `stored` is the one that the row has.
    pub(super) fn expires_on(self, row: NewTimes<'_>, stored: Option<Timestamp>) -> Timestamp {
        let end = row.used.plus(self.lifetime(row.extras));
        let rounded = stored
            .filter(|stored| (end..=self.latest(end, row.extras)).contains(stored))
            .unwrap_or_else(|| end.plus(self.step(row.extras)));
        self.capped(rounded, row.created_on)
    }

    /// The earliest `expires_on` that does not count as rounded up.
    pub(super) fn beyond_rounding(self, row: NewTimes<'_>) -> Timestamp {
        let end = row.used.plus(self.lifetime(row.extras));
        self.latest(end, row.extras).plus(Duration::from_micros(1))
    }

    /// How long a row lives whose session has this maximal age. The row of a browser session lives as
    /// long as its data opens.
    // Go: pgstore.go save writes expires_on = now for a MaxAge of 0, so that the next Cleanup ends
    // the session while the browser is still open.
    pub(super) fn lifetime_of(self, max_age: MaxAge) -> Duration {
        match max_age {
            MaxAge::For(age) => age,
            MaxAge::UntilBrowserCloses | MaxAge::Delete => self.codec.lifetime(),
        }
    }

    fn lifetime(self, extras: &RowExtras) -> Duration {
        self.lifetime_of(extras.max_age.map_or(self.max_age, MaxAge::from))
    }

    /// Whether `expires_on` is what the maximal age gives, rounded up or not.
    fn has_its_max_age(self, row: &RowMeta) -> bool {
        let end = self.idle_end(row);
        let earliest = self.capped(end, row.created_on).minus(PRECISION);
        (earliest..=self.latest(end, &row.extras)).contains(&row.expires_on)
    }

    fn idle_end(self, row: &RowMeta) -> Timestamp {
        row.last_use().plus(self.lifetime(&row.extras))
    }

    /// The latest time that counts as this end, rounded up.
    fn latest(self, end: Timestamp, extras: &RowExtras) -> Timestamp {
        end.plus(self.step(extras)).plus(PRECISION)
    }

    fn step(self, extras: &RowExtras) -> Duration {
        self.lifetime(extras) / COARSENESS
    }

    fn capped(self, end: Timestamp, created_on: Timestamp) -> Timestamp {
        match self.absolute_timeout {
            Some(timeout) => end.min(created_on.plus(timeout)),
            None => end,
        }
    }
}

/// What decides when a row expires that is about to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewTimes<'a> {
    pub(super) created_on: Timestamp,
    /// When its session was last used.
    pub(super) used: Timestamp,
    pub(super) extras: &'a RowExtras,
}

/// The session's own maximal age in seconds, unless it ends with the browser.
pub(super) fn own_max_age(extras: &RowExtras) -> Option<i64> {
    extras.max_age.filter(|own| *own > 0)
}
