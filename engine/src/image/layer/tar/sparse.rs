//! Files with holes: where their data go, in each spelling that tar(1) has had.
//!
//! | Format | The map lies in | The data are |
//! |---|---|---|
//! | GNU, old (type `S`) | the header, then blocks of 21 pairs | the segments, one after the other |
//! | PAX 0.0 | pairs of records `offset`, `numbytes` | the same |
//! | PAX 0.1 | one record `map`: `offset,length,…` | the same |
//! | PAX 1.0 | the data's first blocks: `count\noffset\nlength\n…` | the map, then the same |

use super::read::{read_block, unsigned};
use super::{BLOCK, TarError};
use std::io::{self, Read};

/// Before the names of the records.
pub(super) const RECORD: &[u8] = b"GNU.sparse.";
/// A map with more pairs is an attack: each pair is at least a block of a real file.
const MOST_PAIRS: usize = 1 << 20;
/// A pair in a header: two numbers of twelve bytes.
const PAIR: usize = 24;
/// Where the old format has its pairs, how many more follow, and the file's real size.
const OLD_PAIRS: std::ops::Range<usize> = 386..482;
const OLD_CONTINUES: usize = 482;
const OLD_SIZE: std::ops::Range<usize> = 483..495;
/// The same in the blocks that follow.
const MORE_PAIRS: std::ops::Range<usize> = 0..504;
const MORE_CONTINUES: usize = 504;

/// A stretch of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it begins.
    pub(crate) offset: u64,
    /// How long it is, in bytes.
    pub(crate) length: u64,
}

impl Segment {
    fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// A file with holes: its segments in order, none over another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Map {
    /// The file's size, holes counted.
    pub(super) size: u64,
    /// What is there of it.
    pub(super) segments: Vec<Segment>,
}

impl Map {
    /// Checks a map against the `stored` bytes that the archive has of the file.
    fn new(size: u64, numbers: &[u64], stored: u64) -> Result<Self, TarError> {
        let pairs = numbers.chunks_exact(2).map(|pair| Segment { offset: pair[0], length: pair[1] });
        let map = Self { size, segments: pairs.collect() };
        let (mut end, mut total) = (0, 0u64);
        for segment in &map.segments {
            let wanted = segment.offset.checked_add(segment.length).filter(|wanted| *wanted <= size);
            end = wanted.filter(|_| segment.offset >= end).ok_or(MALFORMED)?;
            total += segment.length;
        }
        let is_whole = numbers.len().is_multiple_of(2) && total == stored;
        if is_whole { Ok(map) } else { Err(MALFORMED) }
    }

    /// Reads the old format's map: `header` and the blocks after it.
    pub(super) fn old(header: &[u8; BLOCK], stored: u64, stream: &mut impl Read) -> Result<Self, TarError> {
        let mut numbers = Vec::new();
        pairs(&header[OLD_PAIRS], &mut numbers)?;
        let size = field(&header[OLD_SIZE])?;
        let mut continues = header[OLD_CONTINUES] != 0;
        while continues {
            let mut block = [0; BLOCK];
            if !read_block(stream, &mut block)? {
                return Err(TarError::Truncated);
            }
            pairs(&block[MORE_PAIRS], &mut numbers)?;
            continues = block[MORE_CONTINUES] != 0;
        }
        Self::new(size, &numbers, stored)
    }
}

const MALFORMED: TarError = TarError::Malformed("the map of a sparse file");

fn field(bytes: &[u8]) -> Result<u64, TarError> {
    unsigned(bytes, "the map of a sparse file")
}

/// The pairs of a header; one that is not used begins with a NUL.
fn pairs(bytes: &[u8], numbers: &mut Vec<u64>) -> Result<(), TarError> {
    for pair in bytes.chunks_exact(PAIR).take_while(|pair| pair[0] != 0) {
        numbers.push(field(&pair[..PAIR / 2])?);
        numbers.push(field(&pair[PAIR / 2..])?);
    }
    if numbers.len() > 2 * MOST_PAIRS { Err(MALFORMED) } else { Ok(()) }
}

/// What PAX records say of a sparse file.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Its name; the header has one made up.
    pub(super) name: Option<Vec<u8>>,
    size: Option<u64>,
    major: u64,
    numbers: Vec<u64>,
}

impl Records {
    /// Takes in a record by its name without [`RECORD`].
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarError> {
        match key {
            b"name" => self.name = Some(value.to_vec()),
            b"size" | b"realsize" => self.size = Some(decimal(value)?),
            b"major" => self.major = decimal(value)?,
            b"offset" | b"numbytes" => self.numbers.push(decimal(value)?),
            b"map" => {
                let numbers = value.split(|byte| *byte == b',').filter(|number| !number.is_empty());
                self.numbers = numbers.map(decimal).collect::<Result<_, _>>()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The map, if the records say that the file has one; `stored` bytes of `stream` are the file's,
    /// and what the map takes of them is taken off.
    pub(super) fn map(&self, stored: &mut u64, stream: &mut impl Read) -> Result<Option<Map>, TarError> {
        let Some(size) = self.size else { return Ok(None) };
        if self.major == 0 {
            return Map::new(size, &self.numbers, *stored).map(Some);
        }
        let mut lines = Lines { stream, stored, block: [0; BLOCK], used: BLOCK };
        let count = usize::try_from(lines.number()?).unwrap_or(usize::MAX);
        if count > MOST_PAIRS {
            return Err(MALFORMED);
        }
        let numbers = (0..2 * count).map(|_| lines.number()).collect::<Result<Vec<_>, _>>()?;
        Map::new(size, &numbers, *stored).map(Some)
    }
}

fn decimal(value: &[u8]) -> Result<u64, TarError> {
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(MALFORMED)
}

/// Decimal numbers, one a line, in whole blocks.
struct Lines<'a, R> {
    stream: &'a mut R,
    stored: &'a mut u64,
    block: [u8; BLOCK],
    used: usize,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> Result<u64, TarError> {
        let mut digits = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return decimal(&digits),
                _ if digits.len() > 20 => return Err(MALFORMED),
                byte => digits.push(byte),
            }
        }
    }

    fn byte(&mut self) -> Result<u8, TarError> {
        if self.used == BLOCK {
            *self.stored = self.stored.checked_sub(BLOCK as u64).ok_or(MALFORMED)?;
            if !read_block(self.stream, &mut self.block)? {
                return Err(TarError::Truncated);
            }
            self.used = 0;
        }
        self.used += 1;
        Ok(self.block[self.used - 1])
    }
}

/// How far the reading of a sparse file is.
#[derive(Debug)]
pub(super) struct Position {
    map: Map,
    offset: u64,
    next: usize,
}

/// What comes next in a sparse file, and how much of it.
pub(super) enum Stretch {
    /// Bytes that the archive has.
    Data(u64),
    /// Zeros that it does not have.
    Hole(u64),
    /// Nothing.
    End,
}

impl Position {
    /// Starts at the file's beginning.
    pub(super) fn new(map: Map) -> Self {
        Self { map, offset: 0, next: 0 }
    }

    /// The stretch that begins here.
    pub(super) fn stretch(&mut self) -> Stretch {
        while self.map.segments.get(self.next).is_some_and(|segment| segment.end() <= self.offset) {
            self.next += 1;
        }
        match self.map.segments.get(self.next) {
            Some(segment) if segment.offset <= self.offset => Stretch::Data(segment.end() - self.offset),
            Some(segment) => Stretch::Hole(segment.offset - self.offset),
            None if self.offset < self.map.size => Stretch::Hole(self.map.size - self.offset),
            None => Stretch::End,
        }
    }

    /// Goes on.
    pub(super) fn advance(&mut self, count: u64) {
        self.offset += count;
    }
}

/// The first bytes of `buffer`, at most `limit` of them.
pub(super) fn at_most(buffer: &mut [u8], limit: u64) -> &mut [u8] {
    let length = buffer.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    &mut buffer[..length]
}

/// Zeros into the beginning of `buffer`.
pub(super) fn zeros(buffer: &mut [u8], limit: u64) -> io::Result<usize> {
    let hole = at_most(buffer, limit);
    hole.fill(0);
    Ok(hole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_must_fit_what_is_stored() {
        assert!(Map::new(100, &[0, 10, 50, 10], 20).is_ok());
        for (size, numbers, stored) in [
            (100, &[0, 10][..], 9),
            (100, &[50, 10, 0, 10], 20),
            (100, &[0, 20, 10, 20], 40),
            (15, &[0, 10, 10, 10], 20),
            (100, &[0], 0),
            (u64::MAX, &[u64::MAX, 2], 2),
        ] {
            assert!(Map::new(size, numbers, stored).is_err(), "{size} {numbers:?} {stored}");
        }
    }
}
