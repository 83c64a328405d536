//! When a service's image is fetched.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;

/// When an image is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPolicy {
    /// Every time.
    Always,
    /// When it is not there.
    Missing,
    /// The older word for `missing`.
    IfNotPresent,
    /// Never.
    Never,
    /// Not fetched but built.
    Build,
    /// For what Docker plans to add; until then like `missing`.
    Refresh,
    /// When it was fetched longer ago than that.
    #[serde(untagged)]
    Every(Interval),
}

/// `daily`, `weekly` or `every_<duration>`, where a duration is as `1w2d3h4m5s`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval {
    text: String,
    length: Duration,
}

/// A word that says no interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no interval: write `daily`, `weekly` or `every_` and a duration such as `12h` or `1w2d`")]
pub struct IntervalError(String);

impl Interval {
    /// How long an image is good for.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        let seconds = match text {
            "daily" => Some(DAY),
            "weekly" => Some(7 * DAY),
            _ => text.strip_prefix("every_").and_then(seconds),
        };
        let seconds = seconds.ok_or_else(|| IntervalError(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), length: Duration::from_secs(seconds) })
    }
}

/// `1w2d3h4m5s`, in any order.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = (rest[..end].parse::<u64>().ok()?, &rest[end..]);
        let length = match unit.chars().next()? {
            'w' => 7 * DAY,
            'd' => DAY,
            'h' => 60 * 60,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(length)?)?;
        rest = &unit[1..];
    }
    (!text.is_empty()).then_some(total)
}

impl TryFrom<String> for Interval {
    type Error = IntervalError;

    fn try_from(text: String) -> Result<Self, IntervalError> {
        text.parse()
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_words_or_durations() {
        let length = |text: &str| text.parse::<Interval>().ok().map(|interval| interval.length().as_secs());
        assert_eq!(length("daily"), Some(86_400));
        assert_eq!(length("weekly"), Some(604_800));
        assert_eq!(length("every_1w2d3h4m5s"), Some(604_800 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5));
        for wrong in ["every_", "every_5", "every_h", "every_1y", "every_99999999999999999999s", "hourly"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
    }
}
