//! A node whose clock is far off the server's says so when it connects.
//!
//! Rows get their times from the clocks of all nodes: one that is far ahead ends the others' sessions.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use super::types::Micros;
use crate::clock::{Clock, Timestamp};

/// As much as a sweep waits for by default before it removes what is past its time.
const TOLERATED: Duration = Duration::from_secs(60);

/// Asks the server for the time, for this long at most. If it does not answer, the next statement
/// finds out.
pub(super) async fn compare(client: &Client, clock: &dyn Clock, within: Duration) {
    let _ = timeout(within, ask_and_compare(client, clock)).await;
}

async fn ask_and_compare(client: &Client, clock: &dyn Clock) {
    let (extras, asked) = (clock.now(), Instant::now());
    let sql = include_str!("sql/server_time.sql");
    let answer = client.query_typed(sql, &[]).await;
    let rows = answer.unwrap_or_default();
    let theirs: Option<Micros> = rows.first().and_then(|row| row.try_get(0).ok());
    let Some(theirs) = theirs.and_then(Micros::finite) else {
        return;
    };
    if let Some(seconds_ahead) = far_off(extras, asked.elapsed(), theirs) {
        tracing::warn!(
            seconds_ahead,
            "this machine's clock is far off the one of the session store's server"
        );
    }
}

/// By how many seconds our clock is ahead of theirs, which was read at some time during the round
/// trip that began at `ours`; `None` when that is tolerable.
fn far_off(extras: Timestamp, round_trip: Duration, theirs: Timestamp) -> Option<i64> {
    let (earliest, latest) = (
        extras.minus(TOLERATED),
        extras.plus(round_trip).plus(TOLERATED),
    );
    let is_tolerable = (earliest..=latest).contains(&theirs);
    (!is_tolerable).then(|| extras.unix_seconds().saturating_sub(theirs.unix_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_beyond_the_round_trip_is_tolerated() {
        let extras = Timestamp::from_unix_seconds(1000);
        let round_trip = Duration::from_secs(5);
        for (theirs, ahead) in [
            (939, Some(61)),
            (940, None),
            (1000, None),
            (1065, None),
            (1066, Some(-66)),
        ] {
            let theirs = Timestamp::from_unix_seconds(theirs);
            assert_eq!(far_off(extras, round_trip, theirs), ahead, "{theirs:?}");
        }
    }
}
