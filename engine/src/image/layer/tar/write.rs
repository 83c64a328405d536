//! Writing an archive whose bytes depend on its entries alone, today and after every upgrade.
//!
//! A layer's digest is the digest of these bytes and its tree is archived again on push, so the
//! layout here must never change. `tests::the_format_is_pinned` watches over it.

use super::pax;
use super::{BLOCK, Entry, Kind, padding};
use std::io::{self, Read, Write};
use tar::{EntryType, Header};

/// The largest number that a field of seven octal digits holds.
const LARGEST_ID: u64 = 0o777_7777;
/// The largest number that a field of eleven octal digits holds.
const LARGEST_SIZE: u64 = 0o777_7777_7777;
const NAME_FIELD: usize = 100;
/// The name of every extended header; readers ignore it.
const PAX_NAME: &[u8] = b"PaxHeader";

/// Writes entries one after the other.
pub(crate) struct TarWriter<W> {
    sink: W,
}

impl<W: Write> TarWriter<W> {
    /// Starts an archive.
    pub(crate) fn new(sink: W) -> Self {
        Self { sink }
    }

    /// Adds an entry; a file's data are exactly as many bytes as its size says.
    pub(crate) fn append(
        &mut self,
        entry: &Entry,
        data: &mut impl Read,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let records = records(entry);
        if !records.is_empty() {
            self.write_records(&records)?;
        }
        self.sink.write_all(header(entry)?.as_bytes())?;
        let Kind::File(size) = entry.kind else { return Ok(()) };
        self.copy(data, size, buffer)?;
        self.pad(size)
    }

    /// Ends the archive and returns where it went.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.sink.write_all(&[0; 2 * BLOCK])?;
        Ok(self.sink)
    }

    fn copy(&mut self, data: &mut impl Read, size: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut left = size;
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = data.read(&mut buffer[..wanted])?;
            if count == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
            }
            self.sink.write_all(&buffer[..count])?;
            left -= count as u64;
        }
        Ok(())
    }

    fn write_records(&mut self, records: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        put(&mut header.as_old_mut().name, PAX_NAME);
        header.set_entry_type(EntryType::XHeader);
        header.set_size(records.len() as u64);
        header.set_mode(0o644);
        set_zero(&mut header);
        header.set_cksum();
        self.sink.write_all(header.as_bytes())?;
        self.sink.write_all(records)?;
        self.pad(records.len() as u64)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let count = usize::try_from(padding(size)).expect("less than a block");
        self.sink.write_all(&[0; BLOCK][..count])
    }
}

/// Fields that no entry of ours leaves at anything but zero until it is set.
fn set_zero(header: &mut Header) {
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
}

/// What the header's fields cannot hold.
fn records(entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let mut number = |key: &[u8], value: u64, largest: u64| {
        if value > largest {
            pax::push(&mut records, key, value.to_string().as_bytes());
        }
    };
    number(b"uid", entry.uid, LARGEST_ID);
    number(b"gid", entry.gid, LARGEST_ID);
    if let Kind::File(size) = entry.kind {
        number(b"size", size, LARGEST_SIZE);
    }
    let seconds = entry.modified.seconds;
    if u64::try_from(seconds).map_or(true, |seconds| seconds > LARGEST_SIZE) {
        pax::push(&mut records, b"mtime", seconds.to_string().as_bytes());
    }
    if entry.path.len() > NAME_FIELD {
        pax::push(&mut records, b"path", &entry.path);
    }
    if let Kind::Symlink(target) | Kind::HardLink(target) = &entry.kind
        && target.len() > NAME_FIELD
    {
        pax::push(&mut records, b"linkpath", target);
    }
    for (name, value) in &entry.xattrs {
        pax::push_xattr(&mut records, name, value);
    }
    records
}

/// Values that do not fit are cut here and whole in the records.
fn header(entry: &Entry) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    put(&mut header.as_old_mut().name, &entry.path);
    header.set_mode(entry.mode);
    header.set_uid(entry.uid.min(LARGEST_ID));
    header.set_gid(entry.gid.min(LARGEST_ID));
    header.set_mtime(u64::try_from(entry.modified.seconds).unwrap_or(0).min(LARGEST_SIZE));
    header.set_size(0);
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    let kind = match &entry.kind {
        Kind::File(size) => {
            header.set_size((*size).min(LARGEST_SIZE));
            EntryType::Regular
        }
        Kind::Directory => EntryType::Directory,
        Kind::Symlink(target) => put_link(&mut header, target, EntryType::Symlink),
        Kind::HardLink(target) => put_link(&mut header, target, EntryType::Link),
        Kind::CharacterDevice(major, minor) => put_device(&mut header, *major, *minor, EntryType::Char)?,
        Kind::BlockDevice(major, minor) => put_device(&mut header, *major, *minor, EntryType::Block)?,
        Kind::Fifo => EntryType::Fifo,
    };
    header.set_entry_type(kind);
    header.set_cksum();
    Ok(header)
}

fn put_link(header: &mut Header, target: &[u8], kind: EntryType) -> EntryType {
    put(&mut header.as_old_mut().linkname, target);
    kind
}

fn put_device(header: &mut Header, major: u32, minor: u32, kind: EntryType) -> io::Result<EntryType> {
    header.set_device_major(major)?;
    header.set_device_minor(minor)?;
    Ok(kind)
}

fn put(field: &mut [u8], text: &[u8]) {
    let count = text.len().min(field.len());
    field[..count].copy_from_slice(&text[..count]);
}

#[cfg(test)]
mod tests {
    use super::super::{TarReader, Time};
    use super::*;
    use crate::image::layer::Hasher;

    fn entry(path: &[u8], kind: Kind) -> Entry {
        let modified = Time { seconds: 1_700_000_000, nanoseconds: 0 };
        Entry { path: path.to_vec(), kind, mode: 0o644, uid: 1000, gid: 1000, modified, xattrs: Vec::new() }
    }

    fn samples() -> Vec<Entry> {
        let long = [b"d/".repeat(60), b"\xffname".to_vec()].concat();
        let mut odd = entry(&long, Kind::File(5));
        (odd.uid, odd.gid, odd.modified.seconds) = (4_000_000_000, 3_000_000, -5);
        odd.xattrs.push((b"security.capability".to_vec(), b"\x01\x00\n\x02".to_vec()));
        vec![
            entry(b"a", Kind::File(3)),
            entry(b"dir/", Kind::Directory),
            entry(b"dir/link", Kind::Symlink(b"x".repeat(150))),
            entry(b"dir/hard", Kind::HardLink(b"a".to_vec())),
            entry(b"dir/null", Kind::CharacterDevice(1, 3)),
            entry(b"dir/disk", Kind::BlockDevice(8, 1)),
            entry(b"dir/pipe", Kind::Fifo),
            odd,
        ]
    }

    fn archive(entries: &[Entry]) -> Vec<u8> {
        let mut writer = TarWriter::new(Vec::new());
        for entry in entries {
            writer.append(entry, &mut &b"hello"[..], &mut [0; 2]).expect("written");
        }
        writer.finish().expect("finished")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let archive = archive(&samples());
        let mut reader = TarReader::new(&archive[..]);
        for expected in samples() {
            assert_eq!(reader.next_entry().expect("read"), Some(expected));
        }
        assert_eq!(reader.next_entry().expect("end"), None);
    }

    #[test]
    fn a_second_parser_sees_the_same_names() {
        let archive = archive(&samples());
        let mut other = tar::Archive::new(&archive[..]);
        let entries = other.entries().expect("entries");
        let names: Vec<Vec<u8>> =
            entries.map(|entry| entry.expect("entry").path_bytes().into_owned()).collect();
        let expected: Vec<Vec<u8>> = samples().into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn the_format_is_pinned() {
        let digest = Hasher::sha256(&archive(&samples()));
        assert_eq!(
            digest.as_str(),
            "sha256:592cb4de95188f9c47e7dd00838ef57faef902e6b38242dc58cc39da680dbdb4"
        );
    }
}
