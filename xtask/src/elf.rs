//! Reads just enough of an ELF file to say whether it is a static, position-independent program.
//!
//! A static-PIE has the type `ET_DYN` like a shared library, but no `PT_INTERP` segment: nobody loads
//! it, and no other library with it (elf(5)).

use anyhow::{Context as _, Result, bail, ensure};
use std::path::Path;

const ET_DYN: u16 = 3;
const PT_INTERP: u32 = 3;
const PROGRAM_HEADERS_OFFSET: usize = 0x20;
const PROGRAM_HEADER_SIZE: usize = 0x36;
const PROGRAM_HEADER_COUNT: usize = 0x38;

/// Fails unless `file` is a 64-bit little-endian static-PIE.
pub(crate) fn check_static_pie(file: &Path) -> Result<()> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    check(&bytes).with_context(|| format!("{} is not what a static build makes", file.display()))
}

fn check(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.starts_with(b"\x7fELF\x02\x01"), "not a 64-bit little-endian ELF file");
    ensure!(number::<2>(bytes, 0x10)? == u64::from(ET_DYN), "not position-independent");
    let offset = usize::try_from(number::<8>(bytes, PROGRAM_HEADERS_OFFSET)?)?;
    let size = usize::try_from(number::<2>(bytes, PROGRAM_HEADER_SIZE)?)?;
    let count = usize::try_from(number::<2>(bytes, PROGRAM_HEADER_COUNT)?)?;
    for index in 0..count {
        if number::<4>(bytes, offset + index * size)? == u64::from(PT_INTERP) {
            bail!("it asks for a dynamic loader");
        }
    }
    Ok(())
}

/// The little-endian number of `WIDTH` bytes at `offset`.
fn number<const WIDTH: usize>(bytes: &[u8], offset: usize) -> Result<u64> {
    let field = bytes.get(offset..offset + WIDTH).context("the file is cut short")?;
    Ok(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::check;

    fn elf(kind: u8, segment: u8) -> Vec<u8> {
        let mut bytes = vec![0; 0x80];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[0x10] = kind;
        bytes[0x20] = 0x40;
        bytes[0x36] = 0x38;
        bytes[0x38] = 1;
        bytes[0x40] = segment;
        bytes
    }

    #[test]
    fn accepts_static_pie() {
        check(&elf(3, 1)).unwrap();
    }

    #[test]
    fn refuses_a_fixed_address() {
        assert_eq!(check(&elf(2, 1)).unwrap_err().to_string(), "not position-independent");
    }

    #[test]
    fn refuses_a_dynamic_loader() {
        assert_eq!(check(&elf(3, 3)).unwrap_err().to_string(), "it asks for a dynamic loader");
    }

    #[test]
    fn refuses_a_file_cut_short() {
        assert_eq!(check(&elf(3, 1)[..0x20]).unwrap_err().to_string(), "the file is cut short");
    }
}
