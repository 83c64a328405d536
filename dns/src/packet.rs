//! The few bytes of a DNS message that forwarding needs (RFC 1035 section 4.1).
//!
//! ```text
//! 0 id | 2 flags (QR, opcode, …, rcode) | 4 question count | 6 8 10 other counts | 12 question …
//! ```
//! Forwarded messages are passed on as they came, with another id: parsing and writing them anew
//! would drop what we do not know.

pub(crate) const HEADER_BYTES: usize = 12;
const RESPONSE: u8 = 0x80;
const CODE: u8 = 0x0f;
/// The upper two bits of a label's length mark a compression pointer, which no question needs.
const LABEL_MAX: u8 = 63;
const TYPE_AND_CLASS_BYTES: usize = 4;

pub(crate) const SERVER_FAILURE: u8 = 2;
pub(crate) const REFUSED: u8 = 5;

pub(crate) fn id(packet: &[u8]) -> Option<u16> {
    packet.first_chunk().copied().map(u16::from_be_bytes)
}

/// The message with another id.
pub(crate) fn with_id(packet: &[u8], id: u16) -> Vec<u8> {
    let mut renamed = packet.to_vec();
    if let Some(start) = renamed.first_chunk_mut() {
        *start = id.to_be_bytes();
    }
    renamed
}

pub(crate) fn is_response(packet: &[u8]) -> bool {
    packet.get(2).is_some_and(|flags| flags & RESPONSE != 0)
}

pub(crate) fn code(packet: &[u8]) -> u8 {
    packet.get(3).map_or(SERVER_FAILURE, |flags| flags & CODE)
}

/// The bytes of the one question; `None` if there is none, several, or a damaged one.
pub(crate) fn question(packet: &[u8]) -> Option<&[u8]> {
    if packet.get(4..6)? != [0, 1] {
        return None;
    }
    let mut at = HEADER_BYTES;
    loop {
        match *packet.get(at)? {
            0 => return packet.get(HEADER_BYTES..at + 1 + TYPE_AND_CLASS_BYTES),
            length if length <= LABEL_MAX => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

/// A reply without answers: the query's header and question with a response code. That recursion is
/// available is not said, as nobody could be asked.
pub(crate) fn failure(query: &[u8], code: u8) -> Vec<u8> {
    let question = question(query).unwrap_or_default();
    let mut reply = query.get(..HEADER_BYTES).unwrap_or_default().to_vec();
    reply.resize(HEADER_BYTES, 0);
    reply[2] = (reply[2] & 0x79) | RESPONSE;
    reply[3] = code;
    reply[4..].copy_from_slice(&[0, u8::from(!question.is_empty()), 0, 0, 0, 0, 0, 0]);
    reply.extend(question);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03web\0\0\x01\0\x01";

    #[test]
    fn question_is_found() {
        assert_eq!(question(QUERY), Some(&b"\x03web\0\0\x01\0\x01"[..]));
    }

    #[test]
    fn damaged_question_is_none() {
        for end in 0..QUERY.len() {
            assert_eq!(question(&QUERY[..end]), None, "cut at {end}");
        }
        let pointer = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
        assert_eq!(question(pointer), None);
    }

    #[test]
    fn failure_repeats_id_and_question() {
        let reply = failure(QUERY, SERVER_FAILURE);
        assert_eq!((id(&reply), is_response(&reply), code(&reply)), (Some(0x1234), true, SERVER_FAILURE));
        assert_eq!(question(&reply), question(QUERY));
        assert_eq!(failure(b"\x01", REFUSED).len(), HEADER_BYTES);
    }
}
