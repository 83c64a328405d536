//! Times as people and docker write them. The calendar is UTC.

use crate::error::CommandError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;

/// How long ago, in docker's words: `About a minute`, `3 hours`.
pub(crate) fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds / 60;
    // docker rounds hours, and cuts everything else off.
    let hours = (seconds + 1800) / 3600;
    match (seconds, minutes, hours) {
        (0, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, 2..60, _) => format!("{minutes} minutes"),
        (.., 1) => "About an hour".to_owned(),
        (.., ..48) => format!("{hours} hours"),
        (.., ..336) => format!("{} days", hours / 24),
        (.., ..1440) => format!("{} weeks", hours / 24 / 7),
        (.., ..17_520) => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

/// How long before `now`; a time in the future counts as now.
pub(crate) fn ago(time: SystemTime, now: SystemTime) -> String {
    format!("{} ago", roughly(now.duration_since(time).unwrap_or_default()))
}

/// RFC 3339 with nanoseconds: `2026-01-31T08:00:00.000000000Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (date, clock) = calendar(since_epoch.as_secs());
    format!("{date}T{clock}.{:09}Z", since_epoch.subsec_nanos())
}

/// As docker's lists print it: `2026-01-31 08:00:00 +0000 UTC`.
pub(crate) fn listed(time: SystemTime) -> String {
    let (date, clock) = calendar(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    format!("{date} {clock} +0000 UTC")
}

/// Reads RFC 3339, a date, seconds since 1970, or how long before `now` (`1h30m`).
pub(crate) fn parse(text: &str, now: SystemTime) -> Option<SystemTime> {
    if let Ok(seconds) = text.parse::<f64>() {
        return UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?);
    }
    match parse_duration(text) {
        Some(duration) => now.checked_sub(duration),
        None => parse_date(text),
    }
}

/// The same of what may have been given.
pub(crate) fn parse_option(text: Option<&str>, now: SystemTime) -> Result<Option<SystemTime>, CommandError> {
    let parse = |text: &str| parse(text, now).ok_or_else(|| CommandError::NoSuchTime(text.to_owned()));
    text.map(parse).transpose()
}

/// As docker compose's events have it: `2026-01-31 08:00:00.000000`.
pub(crate) fn with_microseconds(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (date, clock) = calendar(since_epoch.as_secs());
    format!("{date} {clock}.{:06}", since_epoch.subsec_micros())
}

fn calendar(seconds: u64) -> (String, String) {
    let (year, month, day) = date(seconds / SECONDS_PER_DAY);
    let second = seconds % SECONDS_PER_DAY;
    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    (format!("{year:04}-{month:02}-{day:02}"), clock)
}

/// The date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`): years begin in March, so that the leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The other way round (`days_from_civil`), for years from 1970.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_valid = (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let shifted_year = year - u64::from(is_valid && month <= 2);
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day.saturating_sub(1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468).filter(|_| is_valid)
}

/// `2026-01-31[T08:00[:00[.5]]][Z|+01:00]`.
fn parse_date(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_once(['T', ' ']).unwrap_or((text.trim_end_matches('Z'), ""));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let day = days(parts.next()??, parts.next()??, parts.next()??)?;
    let (clock, offset) = split_offset(rest)?;
    let mut parts = clock.split(':').filter(|part| !part.is_empty());
    let hour: u64 = parts.next().map_or(Some(0), |part| part.parse().ok())?;
    let minute: u64 = parts.next().map_or(Some(0), |part| part.parse().ok())?;
    let (second, nanoseconds) = parts.next().map_or(Some((0, 0)), seconds)?;
    let is_valid = hour < 24 && minute < 60 && second < 61 && parts.next().is_none();
    let whole = (day * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second).checked_add_signed(-offset)?;
    is_valid.then(|| UNIX_EPOCH + Duration::new(whole, nanoseconds))
}

/// `08` or `08.5`, to the nanosecond: times that were printed are found again.
fn seconds(text: &str) -> Option<(u64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.get(..9).unwrap_or(fraction);
    let nanoseconds = if digits.is_empty() { 0 } else { format!("{digits:0<9}").parse().ok()? };
    Some((whole.parse().ok()?, nanoseconds))
}

/// Splits `08:00:00+01:00` into the clock and the seconds east of Greenwich.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    let Some(place) = text.find(['+', '-']) else { return Some((text.trim_end_matches('Z'), 0)) };
    let (clock, zone) = text.split_at(place);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    Some((clock, if zone.starts_with('-') { -seconds } else { seconds }))
}

/// Go's durations: `1h30m`, `10s`, `1.5h`, `200ms`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[number..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| number + end);
        let factor = match &rest[number..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        seconds += rest[..number].parse::<f64>().ok()? * factor;
        rest = &rest[unit..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn durations_are_rounded_as_docker_does() {
        for (seconds, expected) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (120, "2 minutes"),
            (3600, "About an hour"),
            (9000, "3 hours"),
            (3 * 86_400, "3 days"),
            (20 * 86_400, "2 weeks"),
            (90 * 86_400, "3 months"),
            (800 * 86_400, "2 years"),
        ] {
            assert_eq!(roughly(Duration::from_secs(seconds)), expected, "{seconds} seconds");
        }
    }

    #[test]
    fn dates_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(at(0)), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(rfc3339(at(951_782_400)), "2000-02-29T00:00:00.000000000Z");
        assert_eq!(listed(at(1_795_198_803)), "2026-11-20 18:20:03 +0000 UTC");
    }

    #[test]
    fn times_are_read_in_every_form_that_docker_takes() {
        let now = at(1_795_198_803);
        for (text, expected) in [
            ("2026-11-20T18:20:03Z", 1_795_198_803),
            ("2026-11-20T19:20:03+01:00", 1_795_198_803),
            ("2026-11-20T18:20", 1_795_198_800),
            ("2026-11-20", 1_795_132_800),
            ("1795198803", 1_795_198_803),
            ("1h30m", 1_795_193_403),
            ("10s", 1_795_198_793),
        ] {
            assert_eq!(parse(text, now), Some(at(expected)), "{text}");
        }
        for text in ["", "soon", "10x", "2026-13-01", "2026-11-20T25:00", "1e400", "-5m"] {
            let parsed = parse(text, now);
            assert!(parsed.is_none() || text.is_empty(), "{text} is {parsed:?}");
        }
    }
}
