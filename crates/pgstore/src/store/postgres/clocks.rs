//! Compares this machine's clock with the server's when a connection is made.
//!
//! The times in rows come from the clocks of all nodes. A node whose clock is far ahead sees the
//! sessions of the others as expired.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use super::types::Micros;
use crate::clock::{Clock, Timestamp};

/// The difference that is tolerated: as much as a sweep allows for by default.
const TOLERATED: Duration = Duration::from_secs(60);

/// Asks the server for the time, for this long at most. If it does not answer, the next statement
/// finds out.
pub(super) async fn compare(client: &Client, clock: &dyn Clock, within: Duration) {
    let _ = timeout(within, ask_and_compare(client, clock)).await;
}

async fn ask_and_compare(client: &Client, clock: &dyn Clock) {
    let (ours, asked) = (clock.now(), Instant::now());
    let sql = include_str!("sql/server_time.sql");
    let answer = client.query_typed(sql, &[]).await;
    let rows = answer.unwrap_or_default();
    let theirs: Option<Micros> = rows.first().and_then(|row| row.try_get(0).ok());
    let Some(theirs) = theirs.and_then(Micros::finite) else {
        return;
    };
    if let Some(seconds_ahead) = far_off(ours, asked.elapsed(), theirs) {
        tracing::warn!(
            seconds_ahead,
            "this machine's clock differs from the database server's: synchronize both, or sessions end early or late"
        );
    }
}

/// By how many seconds this clock is ahead of the server's, or `None` if that is tolerable. The
/// server read its clock during the round trip that began at `ours`.
fn far_off(ours: Timestamp, round_trip: Duration, theirs: Timestamp) -> Option<i64> {
    let (earliest, latest) = (ours.minus(TOLERATED), ours.plus(round_trip).plus(TOLERATED));
    let is_tolerable = (earliest..=latest).contains(&theirs);
    (!is_tolerable).then(|| ours.unix_seconds().saturating_sub(theirs.unix_seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_beyond_the_round_trip_is_tolerated() {
        let ours = Timestamp::from_unix_seconds(1000);
        let round_trip = Duration::from_secs(5);
        for (theirs, ahead) in [
            (939, Some(61)),
            (940, None),
            (1000, None),
            (1065, None),
            (1066, Some(-66)),
        ] {
            let theirs = Timestamp::from_unix_seconds(theirs);
            assert_eq!(far_off(ours, round_trip, theirs), ahead, "{theirs:?}");
        }
    }
}
