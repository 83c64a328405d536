//! Sizes and times as people write them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A text that is not a size or time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a size.
    #[error("`{0}` is not {expected}: {advice}", expected = self.expected(), advice = self.advice())]
    Size(String),
    /// Not a time.
    #[error("`{0}` is not {expected}: {advice}", expected = self.expected(), advice = self.advice())]
    Duration(String),
}

impl UnitError {
    /// What the text should have been.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Size(_) => "a size",
            Self::Duration(_) => "a duration",
        }
    }

    /// How such a text is written.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Size(_) => "write a number with an optional unit, such as `512m` or `1.5gb`",
            Self::Duration(_) => "write numbers with units, such as `1m30s` or `500ms`",
        }
    }
}

/// A number of bytes; -1 is without limit. Written as `512m` (units are powers of 1024), printed as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ByteSize(pub i64);

impl std::str::FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::Size(text.to_owned());
        let trimmed = text.trim();
        if let Ok(bytes) = trimmed.parse::<i64>() {
            return if bytes >= -1 { Ok(Self(bytes)) } else { Err(refuse()) };
        }
        let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let number: f64 = number.parse().map_err(|_| refuse())?;
        let shift = unit_shift(unit.trim()).ok_or_else(refuse)?;
        let bytes = number * f64::from(1 << 10).powi(shift);
        // 2^63 is the first value that does not fit.
        if bytes >= 9_223_372_036_854_775_808.0 {
            return Err(refuse());
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range was checked, fractions of bytes mean nothing"
        )]
        Ok(Self(bytes as i64))
    }
}

/// The power of 1024 that a unit stands for: `k`, `kb` and `kib` are all 1.
fn unit_shift(unit: &str) -> Option<i32> {
    let lower = unit.to_ascii_lowercase();
    let prefix = lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower);
    ["", "k", "m", "g", "t", "p"].iter().zip(0..).find_map(|(name, shift)| (*name == prefix).then_some(shift))
}

impl TryFrom<String> for ByteSize {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time, written and printed as Go does: `1m30s`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GoDuration(pub Duration);

/// Units by length, so that `ms` is not read as `m`.
const TIME_UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
/// Units of whole days, which Compose adds to Go's.
const DAY_UNITS: [(&str, f64); 2] = [("d", 86_400.0), ("w", 604_800.0)];

impl std::str::FromStr for GoDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::Duration(text.to_owned());
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(refuse());
        }
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refuse)?;
            let (number, tail) = rest.split_at(digits);
            let number: f64 = number.parse().map_err(|_| refuse())?;
            let (unit, factor) = TIME_UNITS
                .iter()
                .chain(&DAY_UNITS)
                .find(|(unit, _)| tail.starts_with(unit))
                .ok_or_else(refuse)?;
            seconds += number * factor;
            rest = &tail[unit.len()..];
        }
        // Whole nanoseconds, so that 0.1 s + 0.2 s prints as 300ms.
        let rounded = Duration::try_from_secs_f64(seconds).map_err(|_| refuse())?;
        Ok(Self(rounded))
    }
}

impl TryFrom<String> for GoDuration {
    type Error = UnitError;
    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<GoDuration> for String {
    fn from(duration: GoDuration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.subsec_nanos();
        let seconds = self.0.as_secs();
        if seconds == 0 && nanos > 0 {
            let (unit, factor) = match nanos {
                1_000_000.. => ("ms", 1_000_000),
                1_000.. => ("µs", 1_000),
                _ => ("ns", 1),
            };
            return write!(f, "{}{unit}", decimal(u64::from(nanos / factor), nanos % factor, factor));
        }
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if seconds >= 60 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(seconds % 60, nanos, 1_000_000_000))
    }
}

/// `whole.fraction` without trailing zeros; `fraction` counts parts of `scale`, a power of ten.
fn decimal(whole: u64, fraction: u32, scale: u32) -> String {
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    format!("{whole}.{fraction:0width$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_in_powers_of_1024() {
        let cases = [
            ("512", 512),
            ("1k", 1024),
            ("1.5gb", 1_610_612_736),
            ("64MiB", 67_108_864),
            ("-1", -1),
            ("0", 0),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<ByteSize>(), Ok(ByteSize(bytes)), "{text}");
        }
        for text in ["", "m", "1x", "-2", "1..2m", "99999999p"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5s", "1.5s"),
            ("300ms", "300ms"),
            ("0", "0s"),
            ("10us", "10µs"),
            ("1d", "24h0m0s"),
        ] {
            assert_eq!(text.parse::<GoDuration>().map(|d| d.to_string()), Ok(printed.to_owned()), "{text}");
        }
        for text in ["", "10", "s", "1x", "-1s"] {
            assert!(text.parse::<GoDuration>().is_err(), "{text} was accepted");
        }
    }
}
