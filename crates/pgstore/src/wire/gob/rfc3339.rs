//! Times as text: RFC 3339, extended for times that it cannot express.
//!
//! Years beyond 0–9999 have a sign or more digits, and odd offsets have seconds or more hours. So
//! every time can be parsed from its text again.

use std::{fmt, str::FromStr};

use super::time::Time;
use crate::error_text::debug_as_text;

const DAY: i64 = 86_400;
/// Days in the 400 years after which the Gregorian calendar repeats.
const CYCLE: i64 = 146_097;

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = i128::from(self.seconds) + i128::from(self.offset.unwrap_or(0));
        let days = i64::try_from(local.div_euclid(i128::from(DAY))).unwrap_or(0);
        let second = local.rem_euclid(i128::from(DAY));
        let (year, month, day) = date(days);
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{year:+05}")?,
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos > 0 {
            let fraction = format!("{:09}", self.nanos);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        write_offset(f, self.offset)
    }
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: Option<i32>) -> fmt::Result {
    let Some(offset) = offset else {
        return f.write_str("Z");
    };
    let east = offset.unsigned_abs();
    let sign = if offset < 0 { '-' } else { '+' };
    write!(f, "{sign}{:02}:{:02}", east / 3600, east / 60 % 60)?;
    match east % 60 {
        0 => Ok(()),
        seconds => write!(f, ":{seconds:02}"),
    }
}

/// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// The calculation begins the year in March, so that the leap day is the last day of the year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (cycle * 400 + year + i64::from(month <= 2), month, day)
}

/// The inverse of `date`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = if month > 2 { month - 3 } else { month + 9 };
    let day = (153 * month + 2) / 5 + day - 1;
    cycle * CYCLE + year * 365 + year / 4 - year / 100 + day - 719_468
}

/// A text is not a time in RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a time in RFC 3339, such as 2024-02-29T12:00:00Z")]
pub struct NotRfc3339(());

debug_as_text!(NotRfc3339);

impl FromStr for Time {
    type Err = NotRfc3339;

    fn from_str(text: &str) -> Result<Self, NotRfc3339> {
        parse(text.as_bytes()).ok_or(NotRfc3339(()))
    }
}

fn parse(text: &[u8]) -> Option<Time> {
    let mut rest = text;
    let year = year(&mut rest)?;
    let month = after(b'-', &mut rest)?;
    let day = after(b'-', &mut rest)?;
    if !matches!(eat(&mut rest, 1)?, [b'T' | b't' | b' ']) {
        return None;
    }
    let hour = pair(&mut rest)?;
    let minute = after(b':', &mut rest)?;
    let second = after(b':', &mut rest)?;
    let nanos = fraction(&mut rest)?;
    let offset = offset(rest)?;
    let days = days(year, month, day);
    if date(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = i128::from(days) * i128::from(DAY) + i128::from(hour * 3600 + minute * 60 + second);
    let seconds = i64::try_from(local - i128::from(offset.unwrap_or(0))).ok()?;
    let time = Time::new(seconds, nanos);
    offset.map_or(Some(time), |offset| time.with_offset(offset))
}

/// Four digits, or a sign and 4 to 12 digits, which is more than the seconds can hold.
fn year(rest: &mut &[u8]) -> Option<i64> {
    let Some(b'+' | b'-') = rest.first() else {
        return number(eat(rest, 4)?);
    };
    let negative = eat(rest, 1)? == b"-";
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let year = (4..=12)
        .contains(&digits)
        .then(|| eat(rest, digits))
        .flatten();
    number(year?).map(|year| if negative { -year } else { year })
}

fn fraction(rest: &mut &[u8]) -> Option<u32> {
    if rest.first() != Some(&b'.') {
        return Some(0);
    }
    eat(rest, 1)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut digits = eat(rest, digits)?.to_vec();
    if digits.is_empty() {
        return None;
    }
    digits.resize(9, b'0');
    u32::try_from(number(&digits)?).ok()
}

/// `Z`, or a sign, hours, minutes and, for odd zones, seconds.
#[allow(
    clippy::option_option,
    reason = "the outer is the parser's, the inner is UTC"
)]
fn offset(mut rest: &[u8]) -> Option<Option<i32>> {
    if matches!(rest, b"Z" | b"z") {
        return Some(None);
    }
    let sign = match eat(&mut rest, 1)? {
        b"+" => 1,
        b"-" => -1,
        _ => return None,
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hours = (2..=3)
        .contains(&digits)
        .then(|| eat(&mut rest, digits))
        .flatten();
    let hours = number(hours?)?;
    let minutes = after(b':', &mut rest)?;
    let seconds = if rest.is_empty() {
        0
    } else {
        after(b':', &mut rest)?
    };
    let valid = rest.is_empty() && minutes < 60 && seconds < 60;
    let offset = i32::try_from(sign * (hours * 3600 + minutes * 60 + seconds)).ok()?;
    valid.then_some(Some(offset))
}

/// A separator and two digits.
fn after(separator: u8, rest: &mut &[u8]) -> Option<i64> {
    (eat(rest, 1)? == [separator]).then(|| pair(rest)).flatten()
}

fn pair(rest: &mut &[u8]) -> Option<i64> {
    number(eat(rest, 2)?)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn eat<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (eaten, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(eaten)
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn every_time_comes_back_from_its_text() {
        let mut seconds = 1_i64;
        for step in 0..4000_i64 {
            seconds = seconds
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(step);
            let time = Time::new(seconds >> (step % 60), 1_234_000);
            assert_eq!(time.to_string().parse(), Ok(time));
            let away = time.with_offset(-4512).expect("it is a time");
            assert_eq!(away.to_string().parse(), Ok(away));
        }
    }

    #[test]
    fn texts_are_those_of_go() {
        let time = Time::new(0, 0).with_offset(-4512).expect("it is a time");
        assert_eq!(time.to_string(), "1969-12-31T22:44:48-01:15:12");
        assert_eq!(Time::ZERO.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(
            "2024-02-29T12:00:00.5+02:00"
                .parse::<Time>()
                .expect("it is a time")
                .nanoseconds(),
            500_000_000
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "hello",
            "2024-02-30T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-02-01T24:00:00Z",
            "2024-02-01T00:00:00",
            "2024-02-01T00:00:00.Z",
            "2024-02-01T00:00:00ZZ",
            "2024-02-01",
            "99999-01-01T00:00:00Z",
            "2024-02-01T00:00:00+0200",
            "+1234567890123-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
