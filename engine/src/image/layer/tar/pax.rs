//! PAX records: `<length> <key>=<value>\n`, where the length counts the whole record.

use super::{TarError, Time, sparse};

const XATTR: &[u8] = b"SCHILY.xattr.";

/// What the records before a header say of it.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) modified: Option<Time>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: sparse::Records,
}

impl Overrides {
    /// Takes in the records of one extended header.
    pub(super) fn read(&mut self, mut records: &[u8]) -> Result<(), TarError> {
        while !records.is_empty() {
            let (key, value, rest) = split(records).ok_or(TarError::Malformed("a PAX record"))?;
            self.set(key, value)?;
            records = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarError> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number(value)?),
            b"uid" => self.uid = Some(number(value)?),
            b"gid" => self.gid = Some(number(value)?),
            b"mtime" => self.modified = Some(time(value)?),
            _ => {
                if let Some(name) = key.strip_prefix(XATTR) {
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                } else if let Some(name) = key.strip_prefix(sparse::RECORD) {
                    self.sparse.set(name, value)?;
                }
            }
        }
        Ok(())
    }
}

/// The first record's key and value, and the records after it.
fn split(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
    let (record, rest) = records.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    Some((&body[..equals], &body[equals + 1..], rest))
}

fn number(value: &[u8]) -> Result<u64, TarError> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or(TarError::Malformed("a number in a PAX record"))
}

/// `[-]seconds[.fraction]`; a negative time with a fraction rounds down.
fn time(value: &[u8]) -> Result<Time, TarError> {
    let malformed = TarError::Malformed("a time in a PAX record");
    let Ok(text) = std::str::from_utf8(value) else { return Err(malformed) };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let Ok(whole) = seconds.parse::<i64>() else { return Err(malformed) };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanoseconds: u32 = digits.parse().map_err(|_| TarError::Malformed("a time in a PAX record"))?;
    if seconds.starts_with('-') && nanoseconds > 0 {
        return Ok(Time { seconds: whole.saturating_sub(1), nanoseconds: 1_000_000_000 - nanoseconds });
    }
    Ok(Time { seconds: whole, nanoseconds })
}

/// Appends one record.
pub(super) fn push(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = key.len() + value.len() + 3; // space, equals, newline
    let mut length = body;
    while length != body + decimal_digits(length) {
        length = body + decimal_digits(length);
    }
    records.extend_from_slice(length.to_string().as_bytes());
    for part in [b" ", key, b"=", value, b"\n"] {
        records.extend_from_slice(part);
    }
}

fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Appends an extended attribute.
pub(super) fn push_xattr(records: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    push(records, &[XATTR, name].concat(), value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_newlines() {
        let mut records = Vec::new();
        push_xattr(&mut records, b"security.capability", b"\x01\n\x00=\n");
        push(&mut records, b"path", b"a b");
        let mut read = Overrides::default();
        read.read(&records).expect("read");
        assert_eq!(read.xattrs, [(b"security.capability".to_vec(), b"\x01\n\x00=\n".to_vec())]);
        assert_eq!(read.path.as_deref(), Some(&b"a b"[..]));
    }

    #[test]
    fn the_length_counts_its_own_digits() {
        for size in 0..1200 {
            let mut records = Vec::new();
            push(&mut records, b"k", &vec![b'v'; size]);
            let (_, value, rest) = split(&records).expect("one record");
            assert_eq!((value.len(), rest.len()), (size, 0));
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        for records in ["5 a=b\n", "99999999 a=b\n", "6 a=bc", "x a=b\n", "-1 a=b\n", "2 ", "12 size=-10\n"] {
            assert!(Overrides::default().read(records.as_bytes()).is_err(), "{records:?} was accepted");
        }
    }

    #[test]
    fn times_before_1970_round_down() {
        assert_eq!(time(b"-1.25").expect("valid"), Time { seconds: -2, nanoseconds: 750_000_000 });
        assert_eq!(time(b"12.5").expect("valid"), Time { seconds: 12, nanoseconds: 500_000_000 });
        assert!(time(b"1.x").is_err());
    }
}
