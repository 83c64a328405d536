//! Reading an archive, entry by entry.

use super::pax::Overrides;
use super::sparse::{self, Map, Position, Stretch};
use super::{BLOCK, Entry, Kind, Time, padding};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use tar::Header;

/// Extended headers and long names longer than this are an attack: nothing a kernel takes needs more.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// The type of a sparse file in GNU's old format.
const OLD_SPARSE: u8 = b'S';

/// An archive that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The stream failed.
    #[error("cannot read the archive")]
    Read(#[from] io::Error),
    /// It ends within an entry.
    #[error("the archive is cut off")]
    Truncated,
    /// A header is none, or was changed.
    #[error("a header's checksum is wrong: this is no tar archive, or it is damaged")]
    Checksum,
    /// Something is not as the format has it.
    #[error("the archive is malformed: {0} cannot be read")]
    Malformed(&'static str),
    /// Nothing legitimate is so long.
    #[error("the archive has an extended header of {0} bytes")]
    TooLong(u64),
    /// An entry of a kind nobody knows.
    #[error("the archive has an entry of unknown type `{}`", char::from(*.0))]
    UnknownType(u8),
}

/// Reads entries one after the other; it is itself the reader of the current entry's data.
pub(crate) struct TarReader<R> {
    stream: R,
    data: u64,
    padding: u64,
    /// Of an entry with holes; what is read has zeros in their place.
    sparse: Option<Position>,
}

impl<R: Read> TarReader<R> {
    /// Starts at the beginning of an uncompressed archive.
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, data: 0, padding: 0, sparse: None }
    }

    /// The next entry, or `None` at the end; what is left of the last entry's data is passed over.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        let mut overrides = Overrides::default();
        loop {
            self.skip_rest()?;
            let Some(header) = self.read_header()? else { return Ok(None) };
            let size = unsigned(&header.as_old().size, "a size")?;
            match header.entry_type().as_byte() {
                b'x' => overrides.read(&self.read_extension(size)?)?,
                b'L' => overrides.path = Some(until_nul(&self.read_extension(size)?).to_vec()),
                b'K' => overrides.link = Some(until_nul(&self.read_extension(size)?).to_vec()),
                // Docker ignores global records, and so must we to see the same tree.
                b'g' => self.expect_data(size),
                _ => return self.finish_entry(&header, overrides, size).map(Some),
            }
        }
    }

    fn finish_entry(&mut self, header: &Header, overrides: Overrides, size: u64) -> Result<Entry, TarError> {
        let path = overrides.sparse.name.clone().or(overrides.path).filter(|path| !path.is_empty());
        let path = path.unwrap_or_else(|| header.path_bytes().into_owned());
        let link = overrides.link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
        let size = overrides.size.unwrap_or(size);
        let mut kind = kind(header, &path, link.unwrap_or_default(), size)?;
        if let Kind::File(stored) = &mut kind {
            let map = self.sparse_map(header, &overrides.sparse, *stored)?;
            *stored = map.as_ref().map_or(*stored, |map| map.size);
            self.sparse = map.map(Position::new);
        }
        let old = header.as_old();
        Ok(Entry {
            path,
            kind,
            mode: u32::try_from(unsigned(&old.mode, "a mode")? & 0o7777).unwrap_or(0),
            uid: overrides.uid.map_or_else(|| unsigned(&old.uid, "an owner"), Ok)?,
            gid: overrides.gid.map_or_else(|| unsigned(&old.gid, "a group"), Ok)?,
            modified: overrides.modified.map_or_else(|| header_time(&old.mtime), Ok)?,
            xattrs: overrides.xattrs,
        })
    }

    /// Where the `stored` bytes of the entry go, if it has holes; the stream is then at the first of them.
    fn sparse_map(
        &mut self,
        header: &Header,
        records: &sparse::Records,
        stored: u64,
    ) -> Result<Option<Map>, TarError> {
        let map = if header.entry_type().as_byte() == OLD_SPARSE {
            Some(Map::old(header.as_bytes(), stored, &mut self.stream)?)
        } else {
            None
        };
        self.expect_data(stored);
        if map.is_some() { Ok(map) } else { records.map(&mut self.data, &mut self.stream) }
    }

    /// Writes the current entry's data into an empty file, leaving its holes out.
    pub(crate) fn write_to(&mut self, file: &mut File, buffer: &mut [u8]) -> io::Result<()> {
        let mut has_hole_at_end = false;
        loop {
            let hole = match self.sparse.as_mut().map(Position::stretch) {
                Some(Stretch::Hole(length)) => length,
                _ => 0,
            };
            if hole > 0 {
                file.seek(SeekFrom::Current(i64::try_from(hole).map_err(io::Error::other)?))?;
                self.advance(hole);
                has_hole_at_end = true;
                continue;
            }
            let count = self.read(buffer)?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count])?;
            has_hole_at_end = false;
        }
        if has_hole_at_end {
            let size = file.stream_position()?;
            file.set_len(size)?;
        }
        Ok(())
    }

    fn advance(&mut self, count: u64) {
        if let Some(position) = &mut self.sparse {
            position.advance(count);
        }
    }

    fn read_stored(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = sparse::at_most(buffer, self.data);
        if wanted.is_empty() {
            return Ok(0);
        }
        let count = self.stream.read(wanted)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, TarError::Truncated));
        }
        self.data -= count as u64;
        Ok(count)
    }

    fn expect_data(&mut self, size: u64) {
        self.data = size;
        self.padding = padding(size);
    }

    fn read_header(&mut self) -> Result<Option<Header>, TarError> {
        let mut header = Header::new_old();
        if !read_block(&mut self.stream, header.as_mut_bytes())? {
            return Ok(None); // Without the final blocks of zeros; tar(1) accepts that too.
        }
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let is_intact = header.cksum().is_ok_and(|sum| sum == checksum(header.as_bytes()));
        if is_intact { Ok(Some(header)) } else { Err(TarError::Checksum) }
    }

    fn read_extension(&mut self, size: u64) -> Result<Vec<u8>, TarError> {
        if size > LONGEST_EXTENSION {
            return Err(TarError::TooLong(size));
        }
        self.expect_data(size);
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    fn skip_rest(&mut self) -> Result<(), TarError> {
        self.sparse = None;
        let rest = std::mem::take(&mut self.data).saturating_add(std::mem::take(&mut self.padding));
        let skipped = io::copy(&mut (&mut self.stream).take(rest), &mut io::sink())?;
        if skipped == rest { Ok(()) } else { Err(TarError::Truncated) }
    }
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.sparse.as_mut().map(Position::stretch) {
            None => self.read_stored(buffer)?,
            Some(Stretch::Data(length)) => self.read_stored(sparse::at_most(buffer, length))?,
            Some(Stretch::Hole(length)) => sparse::zeros(buffer, length)?,
            Some(Stretch::End) => 0,
        };
        self.advance(count as u64);
        Ok(count)
    }
}

/// Whether a whole block was there; half a block is an error.
pub(super) fn read_block(stream: &mut impl Read, block: &mut [u8; BLOCK]) -> Result<bool, TarError> {
    let mut filled = 0;
    while filled < BLOCK {
        match stream.read(&mut block[filled..])? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(TarError::Truncated),
            count => filled += count,
        }
    }
    Ok(true)
}

/// The sum of all bytes, those of the sum itself counted as spaces.
fn checksum(header: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    sum(&header[..148]) + 8 * u32::from(b' ') + sum(&header[156..])
}

/// Only regular files have data; Go's reader, and thus Docker's, sees it so too.
fn kind(header: &Header, path: &[u8], link: Vec<u8>, size: u64) -> Result<Kind, TarError> {
    let device = || -> Result<(u32, u32), TarError> {
        let malformed = |_| TarError::Malformed("a device number");
        let number = |part: io::Result<Option<u32>>| Ok::<_, TarError>(part.map_err(malformed)?.unwrap_or(0));
        Ok((number(header.device_major())?, number(header.device_minor())?))
    };
    Ok(match header.entry_type().as_byte() {
        b'\0' if path.ends_with(b"/") => Kind::Directory,
        b'0' | b'\0' | b'7' | OLD_SPARSE => Kind::File(size),
        b'1' => Kind::HardLink(link),
        b'2' => Kind::Symlink(link),
        b'3' => device().map(|(major, minor)| Kind::CharacterDevice(major, minor))?,
        b'4' => device().map(|(major, minor)| Kind::BlockDevice(major, minor))?,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        other => return Err(TarError::UnknownType(other)),
    })
}

/// Octal digits, or with the top bit set a big-endian two's complement number (GNU base-256).
fn number(field: &[u8], what: &'static str) -> Result<i64, TarError> {
    let malformed = || TarError::Malformed(what);
    if field[0] & 0x80 != 0 {
        let is_negative = field[0] & 0x40 != 0;
        let start = if is_negative { -1 } else { i128::from(field[0] & 0x3f) };
        let value = field[1..]
            .iter()
            .try_fold(start, |value, byte| value.checked_mul(256).map(|value| value | i128::from(*byte)));
        return value.and_then(|value| i64::try_from(value).ok()).ok_or_else(malformed);
    }
    let text = std::str::from_utf8(until_nul(field)).map_err(|_| malformed())?.trim();
    if text.is_empty() { Ok(0) } else { i64::from_str_radix(text, 8).map_err(|_| malformed()) }
}

/// A number that cannot be negative.
pub(super) fn unsigned(field: &[u8], what: &'static str) -> Result<u64, TarError> {
    number(field, what)?.try_into().map_err(|_| TarError::Malformed(what))
}

fn header_time(field: &[u8]) -> Result<Time, TarError> {
    Ok(Time { seconds: number(field, "a time")?, nanoseconds: 0 })
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"0000644\0", "x").expect("octal"), 0o644);
        assert_eq!(number(b"   17 \0\0", "x").expect("padded"), 0o17);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0x20, 0, 0], "x").expect("base 256"), 0x20_0000);
        assert_eq!(number(&[0xff; 12], "x").expect("negative"), -1);
        assert!(
            number(&[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "x").is_err()
        );
        assert!(number(b"9\0", "x").is_err());
    }

    #[test]
    fn an_extension_of_gigabytes_is_refused_before_it_is_read() {
        let mut header = Header::new_ustar();
        header.set_entry_type(tar::EntryType::XHeader);
        header.set_size(1 << 32);
        header.set_cksum();
        let mut reader = TarReader::new(&header.as_bytes()[..]);
        assert!(matches!(reader.next_entry(), Err(TarError::TooLong(_))));
    }
}
