//! Decompression, chosen by what the bytes are and not by what they are called.

use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Large enough that a read costs little beside the decoding.
const BUFFER: usize = 128 << 10;

/// Reads what `stream` holds, compressed by gzip, zstd or not at all.
pub(crate) fn decompress<'a>(mut stream: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::new();
    stream.by_ref().take(ZSTD.len() as u64).read_to_end(&mut start)?;
    let (is_gzip, is_zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
    let whole: Box<dyn BufRead + Send + 'a> =
        Box::new(BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(stream)));
    Ok(match (is_gzip, is_zstd) {
        (true, _) => Box::new(MultiGzDecoder::new(whole)),
        (_, true) => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
        _ => Box::new(whole),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

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
