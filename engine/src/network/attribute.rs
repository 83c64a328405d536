//! Netlink attributes: `length u16 | type u16 | value`, padded to four bytes; nested ones hold more.
//!
//! nf_tables wants numbers in network byte order (nf_tables.h: `NLA_U32`, big endian), rtnetlink in
//! the machine's; the latter are written by `rtnetlink`'s own types, and by [`Attributes::bytes`]
//! where it has none.

const HEADER_BYTES: usize = 4;
const NESTED: u16 = 1 << 15;
const KIND_MASK: u16 = 0x3fff;

/// Attributes being written.
#[derive(Debug, Default, Clone)]
pub(crate) struct Attributes(Vec<u8>);

impl Attributes {
    pub(crate) fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = u16::try_from(HEADER_BYTES + value.len()).expect("attributes here are far below 64 KiB");
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// A string with the NUL the kernel expects.
    pub(crate) fn string(&mut self, kind: u16, value: &str) -> &mut Self {
        self.bytes(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// A number in network byte order.
    pub(crate) fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// A long number in network byte order.
    pub(crate) fn long(&mut self, kind: u16, value: u64) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub(crate) fn nested(&mut self, kind: u16, write: impl FnOnce(&mut Attributes)) -> &mut Self {
        let mut inner = Attributes::default();
        write(&mut inner);
        self.bytes(kind | NESTED, &inner.0)
    }

    /// Attributes that are written already.
    pub(crate) fn raw(&mut self, attributes: &[u8]) -> &mut Self {
        self.0.extend(attributes);
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The value of the first attribute of a kind; `None` if it is missing or the bytes are damaged.
pub(crate) fn find(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    iterate(attributes).find(|(found, _)| *found == kind).map(|(_, value)| value)
}

/// Kinds and values in order; ends at the first damaged one.
pub(crate) fn iterate(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(*rest.get(2..)?.first_chunk()?) & KIND_MASK;
        let value = rest.get(HEADER_BYTES..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// A string attribute's text without its NUL.
pub(crate) fn text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or_default().trim_end_matches('\0')
}

/// A number attribute's value.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_attributes_are_padded_and_found_again() {
        let mut written = Attributes::default();
        written.string(1, "ab").nested(2, |inner| {
            inner.number(3, 7);
        });
        assert_eq!(written.as_bytes().len(), 8 + 12);
        assert_eq!(find(written.as_bytes(), 1).map(text), Some("ab"));
        let inner = find(written.as_bytes(), 2).expect("nested");
        assert_eq!(find(inner, 3).and_then(number), Some(7));
    }

    #[test]
    fn damaged_attributes_end_the_list() {
        for bytes in [&[][..], &[9], &[0, 0, 0, 0], &[255, 255, 1, 0, 5]] {
            assert_eq!(iterate(bytes).count(), 0, "{bytes:?}");
        }
    }
}
