//! Times as people say them.

use pgstore::Timestamp;

/// "5 minutes ago".
pub(crate) fn time_ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.unix_seconds().saturating_sub(then.unix_seconds());
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => ago(seconds / 60, "minute"),
        3600..86400 => ago(seconds / 3600, "hour"),
        _ => ago(seconds / 86400, "day"),
    }
}

fn ago(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}
