//! Secrets in what commands write: stars take their place.

use crate::build::OutputStream;

const STARS: &[u8] = b"****";
/// A shorter value would hide ordinary text and tells little.
const SHORTEST: usize = 4;

/// The values to hide, and what each stream has begun to write of one.
#[derive(Default)]
pub(in crate::build) struct Mask {
    values: Vec<Vec<u8>>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Mask {
    /// Hides `value` from now on, and each of its lines.
    pub(in crate::build) fn hide(&mut self, value: &[u8]) {
        let whole = value.trim_ascii_end();
        let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let hidden = [whole].into_iter().chain(lines).filter(|value| value.len() >= SHORTEST);
        self.values.extend(hidden.map(<[u8]>::to_vec));
        // The longest first, so that no part of it is left.
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.values.dedup();
    }

    /// What may be shown of `bytes`. What may be the start of a secret is held back until more comes.
    pub(in crate::build) fn filter(&mut self, stream: OutputStream, bytes: &[u8]) -> Vec<u8> {
        if self.values.is_empty() {
            return bytes.to_vec();
        }
        let pending = match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        };
        pending.extend_from_slice(bytes);
        let (shown, rest) = mask(&self.values, pending, false);
        *pending = rest;
        shown
    }

    /// What was held back.
    pub(in crate::build) fn finish(&mut self, stream: OutputStream) -> Vec<u8> {
        let pending = match stream {
            OutputStream::Stdout => std::mem::take(&mut self.stdout),
            OutputStream::Stderr => std::mem::take(&mut self.stderr),
        };
        mask(&self.values, &pending, true).0
    }
}

/// `text` with the values replaced, and its end that may be the start of one.
fn mask(values: &[Vec<u8>], text: &[u8], is_end: bool) -> (Vec<u8>, Vec<u8>) {
    let mut shown = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(value) = values.iter().find(|value| rest.starts_with(value)) {
            shown.extend_from_slice(STARS);
            rest = &rest[value.len()..];
        } else if !is_end && values.iter().any(|value| value.starts_with(rest)) {
            break;
        } else {
            shown.push(*first);
            rest = tail;
        }
    }
    (shown, rest.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[&str]) -> String {
        let mut mask = Mask::default();
        mask.hide(b"hunter22\n");
        mask.hide(b"first line\nsecond line");
        let mut all: Vec<u8> =
            parts.iter().flat_map(|part| mask.filter(OutputStream::Stdout, part.as_bytes())).collect();
        all.extend(mask.finish(OutputStream::Stdout));
        String::from_utf8(all).expect("text")
    }

    #[test]
    fn a_secret_is_hidden_also_if_it_comes_in_parts() {
        assert_eq!(shown(&["a hunter22 b"]), "a **** b");
        assert_eq!(shown(&["a hun", "ter", "22 b"]), "a **** b");
        assert_eq!(shown(&["only second line\n"]), "only ****\n");
    }

    #[test]
    fn what_only_begins_like_one_is_shown_in_the_end() {
        assert_eq!(shown(&["hunt", "ing"]), "hunting");
        assert_eq!(shown(&["hunter"]), "hunter");
    }

    #[test]
    fn without_secrets_nothing_is_held_back() {
        let mut mask = Mask::default();
        assert_eq!(mask.filter(OutputStream::Stderr, b"abc"), b"abc");
    }
}
