//! Decompression, chosen by what the bytes are and not by what they are called.

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::io::{self, BufRead, BufReader, Read};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const BZIP2: &[u8] = b"BZh";
/// Large enough that a read costs little beside the decoding.
const BUFFER: usize = 128 << 10;

/// Reads what `stream` holds, compressed by gzip, zstd, xz, bzip2 or not at all.
pub(crate) fn decompress<'a>(mut stream: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::new();
    stream.by_ref().take(XZ.len() as u64).read_to_end(&mut start)?;
    let is = |magic: &[u8]| start.starts_with(magic);
    let (is_gzip, is_zstd, is_xz, is_bzip2) = (is(GZIP), is(ZSTD), is(XZ), is(BZIP2));
    let whole: Box<dyn BufRead + Send + 'a> =
        Box::new(BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(stream)));
    Ok(match () {
        () if is_gzip => Box::new(MultiGzDecoder::new(whole)),
        () if is_zstd => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
        () if is_xz => Box::new(XzReader::new(whole, true)),
        () if is_bzip2 => Box::new(MultiBzDecoder::new(whole)),
        () => Box::new(whole),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const XZ_TEXT: &[u8] = b"\xfd7zXZ\0\0\x01\x69\x22\xde\x36\x02\0\x21\x01\x16\0\0\0\x74\x2f\xe5\xa3\x01\0\x08some text\0\0\0\0\
        \xba\xbd\xba\x4f\0\x01\x1d\x09\x93\x61\x36\xa6\x90\x42\x99\x0d\x01\0\0\0\0\x01YZ";

    fn check(compressed: &[u8]) {
        let mut text = String::new();
        decompress(compressed).expect("known").read_to_string(&mut text).expect("read");
        assert_eq!(text, "some text");
    }

    #[test]
    fn the_first_bytes_tell_the_compression() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"some text").expect("compressed");
        check(&gzip.finish().expect("finished"));
        check(&zstd::encode_all(&b"some text"[..], 1).expect("compressed"));
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(b"some text").expect("compressed");
        check(&bzip2.finish().expect("finished"));
        // `printf 'some text' | xz --check=crc32`
        check(XZ_TEXT);
        check(b"some text");
    }

    #[test]
    fn cut_off_gzip_is_an_error() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"some text").expect("compressed");
        let compressed = gzip.finish().expect("finished");
        let mut text = Vec::new();
        let cut = &compressed[..compressed.len() - 6];
        assert!(decompress(cut).expect("known").read_to_end(&mut text).is_err());
    }
}
