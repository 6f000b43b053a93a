//! Times in arguments and in reports.

use pgstore::{Clock as _, SystemClock, Timestamp};

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a time such as 2026-11-26T10:00:00Z, seconds since 1970, or now")]
pub(crate) struct InvalidTime;

/// Reads `now`, seconds since 1970, or RFC 3339 to the second.
pub(crate) fn parse(text: &str) -> Result<Timestamp, InvalidTime> {
    if text == "now" {
        return Ok(SystemClock::default().now());
    }
    let seconds = text.parse().ok().or_else(|| rfc_3339(text));
    seconds.map(Timestamp::from_unix_seconds).ok_or(InvalidTime)
}

/// RFC 3339 to the second.
pub(crate) fn shown(time: Timestamp) -> String {
    let text = time.to_string();
    let (seconds, _) = text.split_once('.').unwrap_or((&text, ""));
    format!("{seconds}Z")
}

fn rfc_3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = rest.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let is_date = (1970..10_000).contains(&year) && (1..=12).contains(&month);
    if !is_time || !is_date || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - seconds_of(offset)?)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.split(separator).filter(is_number);
    let numbers: Vec<i64> = parts.map_while(|part| part.parse().ok()).collect();
    numbers.try_into().ok()
}

/// The days from 1970 to the first of this month.
fn days_before(year: i64, month: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    let of_years: i64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let of_months: i64 = (1..month)
        .map(|month| match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        })
        .sum();
    of_years + of_months
}

/// `Z`, or `+01:00` and the like.
fn seconds_of(offset: &str) -> Option<i64> {
    if matches!(offset, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = offset.split_at_checked(1)?;
    let [hours, minutes, _] = numbers(&format!("{rest}:0"), ':')?;
    match sign {
        "+" => Some(hours * 3600 + minutes * 60),
        "-" => Some(-(hours * 3600 + minutes * 60)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_second() {
        for (text, seconds) in [
            ("1700000000", Some(1_700_000_000)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000)),
            ("2023-11-14 23:13:20+01:00", Some(1_700_000_000)),
            ("2023-11-14T16:43:20-05:30", Some(1_700_000_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800)),
            ("2024-13-01T00:00:00Z", None),
            ("2024-01-01T25:00:00Z", None),
            ("2024-01-01", None),
            ("2024-01-01T00:00:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            let expected = seconds.map(Timestamp::from_unix_seconds);
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
