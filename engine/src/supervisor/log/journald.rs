//! Journal entries in systemd's native protocol, with the fields that Docker's journald driver sets.
//!
//! ```text
//! NAME=value\n                               a value of one line
//! NAME\n <length, 64 bits little endian> value\n   any other
//! ```

use super::delivery::{Address, Destination, Flow};
use super::notes::Notes;
use super::options::LogOptionError;
use crate::state::container::ContainerRecord;
use crate::supervisor::step::Stream;
use std::path::Path;

const SOCKET: &str = "/run/systemd/journal/socket";
/// Severities of syslog, which the journal uses too.
const ERROR: &str = "3";
const INFORMATIONAL: &str = "6";

/// The host's journal.
pub(super) fn destination(notes: &Notes, record: &ContainerRecord) -> Result<Destination, LogOptionError> {
    if !Path::new(SOCKET).exists() {
        return Err(LogOptionError::NoJournal);
    }
    let mut fixed = Vec::new();
    let tag = notes.tag.clone().unwrap_or_default();
    let own: [(&str, String); 6] = [
        ("CONTAINER_ID", record.id.short().to_owned()),
        ("CONTAINER_ID_FULL", record.id.to_string()),
        ("CONTAINER_NAME", record.spec.name.to_string()),
        ("CONTAINER_TAG", tag.clone()),
        ("IMAGE_NAME", record.spec.image.to_string()),
        ("SYSLOG_IDENTIFIER", tag),
    ];
    own.iter().for_each(|(name, value)| field(&mut fixed, name, value.as_bytes()));
    notes.values.iter().for_each(|(name, value)| field(&mut fixed, &field_name(name), value.as_bytes()));
    let encode = move |stream, text: &[u8], _| {
        let mut entry = fixed.clone();
        let priority = if stream == Stream::Stderr { ERROR } else { INFORMATIONAL };
        field(&mut entry, "PRIORITY", priority.as_bytes());
        field(&mut entry, "MESSAGE", text);
        entry
    };
    Ok(Destination { address: Address::Unix(SOCKET.into(), Flow::Datagrams), encode: Box::new(encode) })
}

fn field(entry: &mut Vec<u8>, name: &str, value: &[u8]) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value);
    entry.push(b'\n');
}

/// Names of fields are upper case and begin with a letter.
fn field_name(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_uppercase(),
        _ => '_',
    });
    letters.collect::<String>().trim_start_matches(|letter: char| !letter.is_ascii_alphabetic()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_lines_unless_their_value_has_several() {
        let mut entry = Vec::new();
        field(&mut entry, &field_name("_com.example-x"), b"1");
        field(&mut entry, "MESSAGE", b"a\nb");
        assert_eq!(entry, b"COM_EXAMPLE_X=1\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n");
    }
}
