//! One line of a container's log file, in Docker's json-file format:
//!
//! ```text
//! {"log":"hello\n","stream":"stdout","time":"2026-11-20T18:25:13.123456789Z"}
//! ```

use super::time;
use crate::supervisor::step::Stream;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    stream: Stream,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attrs: Cow<'a, BTreeMap<String, String>>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

/// Appends one line to `buffer`, with what is noted about it; bytes that are not UTF-8 become replacement characters.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    stream: Stream,
    text: &[u8],
    attrs: &BTreeMap<String, String>,
    time: SystemTime,
) {
    let (log, time) = (String::from_utf8_lossy(text), Cow::Owned(time::format(time)));
    let entry = Entry { log, stream, attrs: Cow::Borrowed(attrs), time };
    serde_json::to_writer(&mut *buffer, &entry).expect("a Vec takes any bytes and the keys are strings");
    buffer.push(b'\n');
}

/// Reads one line; `None` for one that a crash cut short.
pub(crate) fn decode(line: &str) -> Option<(Stream, SystemTime, String)> {
    let entry: Entry<'_> = serde_json::from_str(line).ok()?;
    Some((entry.stream, time::parse(&entry.time)?, entry.log.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut buffer = Vec::new();
        let attrs = BTreeMap::from([("tag".to_owned(), "x".to_owned())]);
        encode(&mut buffer, Stream::Stderr, b"a \"b\"\xff\n", &attrs, UNIX_EPOCH);
        let text = String::from_utf8(buffer).expect("UTF-8");
        assert_eq!(
            text,
            "{\"log\":\"a \\\"b\\\"\u{fffd}\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"x\"},\"time\":\"1970-01-01T00:00:00.000000000Z\"}\n"
        );
        let decoded = decode(text.trim_end()).expect("decoded");
        assert_eq!(decoded, (Stream::Stderr, UNIX_EPOCH, "a \"b\"\u{fffd}\n".to_owned()));
    }

    #[test]
    fn half_a_line_is_skipped() {
        assert_eq!(decode("{\"log\":\"a"), None);
    }
}
