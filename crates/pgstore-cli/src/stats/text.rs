//! The report for people.

use super::report::{Bucket, MOST, Sessions, Space, Stats, Upkeep};
use crate::table::{Table, grouped};

/// How long the longest bar of the histogram is.
const BAR: u64 = 40;

pub(super) fn shown(stats: &Stats) -> String {
    let is_sampled = stats.sampled_percent < 100.0;
    let parts = [
        heading(stats, is_sampled),
        sessions(&stats.sessions, is_sampled),
        "live sessions by their last use\n".to_owned(),
        histogram(&stats.last_used, is_sampled),
        space(&stats.space, stats.sessions.rows),
        upkeep(&stats.upkeep),
    ];
    format!(
        "{}{}\n{}{}\n{}\n{}",
        parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]
    )
}

fn heading(stats: &Stats, is_sampled: bool) -> String {
    match is_sampled {
        true => format!(
            "{}, estimated from {:.1} % of its pages\n",
            stats.table, stats.sampled_percent
        ),
        false => format!("{}\n", stats.table),
    }
}

fn sessions(of: &Sessions, is_sampled: bool) -> String {
    let about = |number| count(number, is_sampled);
    let capped = |number: u64| match number >= MOST.unsigned_abs() {
        true => format!("{}+", grouped(number)),
        false => grouped(number),
    };
    let oldest = of.oldest_due_seconds.map(duration);
    let oldest = oldest.map(|oldest| format!("the oldest for {oldest}"));
    let mut table = Table::new(&[1]);
    table.line(["rows", &about(of.rows), ""]);
    table.line(["  live", &about(of.live), ""]);
    table.line([
        "    until the browser closes",
        &about(of.live_until_browser_closes),
        "",
    ]);
    table.line(["    with an owner", &about(of.live_with_owner), ""]);
    table.line(["  expired", &about(of.expired), ""]);
    table.line([
        "    waiting for a sweep",
        &about(of.due),
        &oldest.unwrap_or_default(),
    ]);
    table.line(["  with a time that is NULL", &about(of.without_times), ""]);
    table.line([
        "  written last by another program",
        &about(of.peer_written),
        "",
    ]);
    table.line(["  with the key of another row", &about(of.sharing_keys), ""]);
    table.line([
        "  with expires_on = 'epoch'",
        &capped(of.expires_on_epoch),
        "",
    ]);
    table.line(["  with expires_on NULL", &capped(of.expires_on_null), ""]);
    table.line(["earlier IDs", &capped(of.earlier_ids), ""]);
    table.text()
}

fn count(number: u64, is_sampled: bool) -> String {
    let about = if is_sampled { "~" } else { "" };
    format!("{about}{}", grouped(number))
}

fn histogram(buckets: &[Bucket], is_sampled: bool) -> String {
    let most = buckets.iter().map(|bucket| bucket.sessions).max();
    let most = most.unwrap_or_default().max(1);
    let mut table = Table::new(&[1]);
    for bucket in buckets {
        let name = match bucket.within_seconds {
            Some(seconds) => format!("  within {}", duration(seconds)),
            None => "  longer ago".to_owned(),
        };
        let bar = usize::try_from((bucket.sessions * BAR).div_ceil(most)).unwrap_or_default();
        table.line([&name, &count(bucket.sessions, is_sampled), &"#".repeat(bar)]);
    }
    table.text()
}

fn space(space: &Space, rows: u64) -> String {
    let mut table = Table::new(&[1]);
    let all = space.table_bytes + space.beside_table_bytes;
    let per_row = all
        .checked_div(rows)
        .map(|bytes| format!("{} for each row", size(bytes)));
    table.line([
        "table",
        &size(space.table_bytes),
        &per_row.unwrap_or_default(),
    ]);
    table.line(["long values and maps", &size(space.beside_table_bytes), ""]);
    table.line([
        "earlier IDs, with indexes",
        &size(space.earlier_ids_bytes),
        "",
    ]);
    table.line(["indexes", &size(space.indexes_bytes), ""]);
    for index in &space.indexes {
        table.line([&format!("  {}", index.name), &size(index.bytes), ""]);
    }
    table.text()
}

fn upkeep(upkeep: &Upkeep) -> String {
    let percent =
        |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.1} %"));
    let mut table = Table::new(&[1]);
    let updates = format!("of {} updates", grouped(upkeep.updates));
    table.line(["HOT updates", &percent(upkeep.hot_percent), &updates]);
    let dead = format!("{} of them", grouped(upkeep.dead_rows));
    table.line(["dead rows", &percent(upkeep.dead_percent), &dead]);
    table.line([
        "last vacuum",
        upkeep.last_vacuum.as_deref().unwrap_or("never"),
        "",
    ]);
    table.text()
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut shown, mut unit) = (bytes, 0);
    while shown >= 10_240 && unit + 1 < UNITS.len() {
        shown /= 1024;
        unit += 1;
    }
    format!("{} {}", grouped(shown), UNITS[unit])
}

/// In the largest unit that gives 1 at least.
fn duration(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..60 => (1, "second"),
        60..3600 => (60, "minute"),
        3600..86_400 => (3600, "hour"),
        _ => (86_400, "day"),
    };
    crate::table::counted(seconds / unit, name)
}
