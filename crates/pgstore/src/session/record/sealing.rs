//! Opening and sealing a row's data, and the lifetimes that follow from it.

use std::time::Duration;

use crate::clock::{OVERDUE, Timestamp, seconds_since};
use crate::options::MaxAge;
use crate::random::{self, RngError};
use crate::session::SessionError;
use crate::session::cookie_id::CookieId;
use crate::session::go_times::GoTimes;
use crate::session::record::limits::{Limits, NewTimes, own_max_age};
use crate::session::record::meta::{NewRow, OpenedRow, RowMeta, SealedRow};
use crate::session::record::sealed_rows::SealedRows;
use crate::session::save::Age;
use crate::store::{Row, RowExtras};
use crate::telemetry::{self, Sealed};
use crate::wire::Values;

impl SealedRows {
    /// Opens a row. `None` when the session has ended: by the age of its data, as Go counts it, by
    /// the age of the cookie, or by the absolute timeout.
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

    /// Opens a row's data. `None` when the data is too old, or when the session was idle for too long:
    /// the row's `expires_on` may be rounded up.
    fn unseal(&self, row: &Row, now: Timestamp) -> Result<Option<OpenedRow>, SessionError> {
        let (name, now_in_seconds) = (self.name.as_str(), now.unix_seconds());
        let data = self
            .codec
            .open_within(0, name, &row.data, now_in_seconds, Values::decode)
            .map_err(SessionError::Undecodable)?;
        if !data.by_current_keys {
            telemetry::has_older_keys(Sealed::Row);
        }
        let mut opened = OpenedRow {
            values: data.value,
            meta: RowMeta::of(row, data.issued_at),
        };
        opened.meta.heal(now);
        opened.meta.owner = self.extras_of(&opened).owner;
        let is_over = !self.is_young(&row.extras, data.issued_at, now)
            || self.limits().end(&opened.meta) <= now && !row.ends_with_the_browser();
        Ok((!is_over).then_some(opened))
    }

    /// Whether what was sealed at that time still opens.
    fn is_young(&self, extras: &RowExtras, sealed_at: i64, now: Timestamp) -> bool {
        self.limits().is_young(extras, sealed_at, now)
    }

    /// What a row's extra columns must say according to its values, which Go may have written.
    /// `None` for a row that does not open or whose session has ended.
    pub(crate) fn extras_from_values(&self, row: &Row) -> Option<RowExtras> {
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
        self.limits().is_past_the_absolute_timeout(row, now)
    }

    /// The maximal age in seconds that the last write gave the row.
    pub(in crate::session) fn given_age(&self, row: &RowMeta) -> i64 {
        self.limits().given_age(row)
    }

    fn limits(&self) -> Limits<'_> {
        Limits::new(&self.codec, self.max_age, self.policy.absolute_timeout)
    }

    /// How old the row is, for the decision whether to touch it.
    pub(in crate::session) fn age(&self, meta: &RowMeta, browser: MaxAge) -> Age {
        let now = self.clock.now().unix_seconds();
        Age {
            idle: match meta.is_ahead {
                true => OVERDUE,
                false => seconds_since(meta.sealed_at, now),
            },
            lifetime: self.cookie_lifetime(&meta.extras, browser),
        }
    }

    /// For how many seconds a cookie of the session opens.
    pub(in crate::session) fn cookie_lifetime(&self, extras: &RowExtras, browser: MaxAge) -> u64 {
        let own = own_max_age(extras).and_then(|own| u64::try_from(own).ok());
        own.unwrap_or_else(|| {
            let lifetime = self.limits().lifetime_of(browser);
            self.codec.lifetime().min(lifetime).as_secs()
        })
    }

    /// Seals the first row of a session that begins now.
    pub(in crate::session) fn seal_first(
        &self,
        new: NewRow<'_>,
    ) -> Result<SealedRow, SessionError> {
        self.seal(new, None, None)
    }

    /// Seals the row of a renewed session: it begins now, even if its values have a `created_on`.
    pub(in crate::session) fn seal_renewed(
        &self,
        new: NewRow<'_>,
    ) -> Result<SealedRow, SessionError> {
        self.seal(new, Some(self.clock.now()), None)
    }

    /// Seals the row that replaces the one that was read. The session's beginning stays, unless it lies
    /// in the future.
    ///
    /// The version moves forward, so that no earlier one comes again. One that is too far ahead to be
    /// true is left behind: versions are only compared by equality, and the fraction of a second is
    /// random, so that a version from before the wrong clock does not come again either.
    pub(in crate::session) fn seal_next(
        &self,
        new: NewRow<'_>,
        read: &RowMeta,
    ) -> Result<SealedRow, SessionError> {
        let now = self.clock.now();
        let created_on = Some(read.created_on.min(now));
        let sealed = self.seal(new, created_on, Some(read.expires_on))?;
        let SealedRow { mut row, sealed_at } = sealed;
        let moment = Duration::from_micros(1);
        row.modified_on = match read.version.is_too_far_ahead_of(now) {
            true => now.plus(fraction_of_a_second()?),
            false => row.modified_on.max(read.version.plus(moment)),
        };
        // With a version ahead of our clock, the row must not look like one of a browser session,
        // whose `expires_on` is not after `modified_on`.
        row.expires_on = row.expires_on.max(row.modified_on.plus(moment));
        Ok(SealedRow { row, sealed_at })
    }

    /// Seals a row. `stored` is the `expires_on` of the row that it replaces.
    fn seal(
        &self,
        new: NewRow<'_>,
        created_on: Option<Timestamp>,
        stored: Option<Timestamp>,
    ) -> Result<SealedRow, SessionError> {
        let now = self.clock.now();
        let used = new.used_at.unwrap_or(now);
        let go = GoTimes::of(new.values)?;
        let (name, iv) = (self.name.as_str(), self.codec.iv(random::bytes)?);
        let data = self
            .codec
            .seal(name, &new.values.encode(), used.unix_seconds(), iv)
            .map_err(SessionError::TooLarge)?;
        let created_on = created_on.unwrap_or_else(|| go.created_on.unwrap_or(now));
        let times = NewTimes {
            created_on,
            used,
            extras: &new.extras,
        };
        let row = Row {
            data: data.into_bytes(),
            created_on,
            modified_on: now,
            expires_on: self.expires_on(times, &go, stored),
            extras: new.extras,
        };
        Ok(SealedRow {
            row,
            sealed_at: used.unix_seconds(),
        })
    }

    fn expires_on(
        &self,
        times: NewTimes<'_>,
        go: &GoTimes,
        stored: Option<Timestamp>,
    ) -> Timestamp {
        let (limits, end) = (self.limits(), self.limits().expires_on(times, stored));
        let by_value = match self.sources.find_peer_written_rows() {
            true => go.later_than_go(end),
            false => go.later(end),
        };
        match by_value > end {
            true => by_value.max(limits.beyond_rounding(times)),
            false => end,
        }
    }
}

fn fraction_of_a_second() -> Result<Duration, RngError> {
    let random = u32::from_le_bytes(random::bytes()?);
    Ok(Duration::from_micros(u64::from(random % 1_000_000)))
}
