//! What is between this machine and the server: a pooler, or a difference of the clocks.

use std::time::{Duration, SystemTime};

use pgstore::{Clock as _, SystemClock, Timestamp};

use super::checks::CheckName;
use super::finding::Report;
use crate::failure::Failure;
use crate::table_client::TableClient;

/// As much as the library allows for.
const TOLERATED: Duration = Duration::from_secs(60);

pub(super) async fn examine(client: &TableClient, report: &mut Report) -> Result<(), Failure> {
    let clock = SystemClock::default();
    let sql = include_str!("../sql/doctor/process_and_clock.sql");
    let before = clock.now();
    let row = client.row(sql, &[]).await?;
    let after = clock.now();
    let (process, time): (i32, SystemTime) = (row.try_get(0)?, row.try_get(1)?);
    if report.begins(CheckName::Clock) {
        clocks(before, after, time.into(), report);
    }
    if report.begins(CheckName::Pooler) && client.server_process().await != Some(process) {
        report.add(
            CheckName::Pooler,
            "a pooler such as PgBouncer is between here and the server",
            "nothing, with the default StatementNames::Auto: statements are sent without names then. \
             Set no StatementNames::Named, unless the pooler keeps track of names. Once you know, \
             --ignore pooler",
        );
    }
    Ok(())
}

/// The server read its clock between `before` and `after`.
fn clocks(before: Timestamp, after: Timestamp, theirs: Timestamp, report: &mut Report) {
    let earliest = before.minus(TOLERATED);
    let latest = after.plus(TOLERATED);
    if !(earliest..=latest).contains(&theirs) {
        let ahead = before.unix_seconds() - theirs.unix_seconds();
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        let seconds = ahead.unsigned_abs();
        report.add(
            CheckName::Clock,
            &format!(
                "this machine's clock is {seconds} s {direction} the database server's: sessions end \
                 early or late"
            ),
            "synchronize both with NTP",
        );
    }
}

#[cfg(test)]
mod tests {
    use pgstore::TableName;

    use super::*;

    #[test]
    fn a_minute_beyond_the_round_trip_is_tolerated() {
        let at = Timestamp::from_unix_seconds;
        for (theirs, words) in [
            (939, Some("61 s ahead of")),
            (940, None),
            (1065, None),
            (1066, Some("66 s behind")),
        ] {
            let mut report = Report::new(&TableName::default(), &[]);
            clocks(at(1000), at(1005), at(theirs), &mut report);
            let text = report.text();
            assert_eq!(report.has_findings(), words.is_some(), "{text}");
            assert!(text.contains(words.unwrap_or_default()), "{text}");
        }
    }
}
