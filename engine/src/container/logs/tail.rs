//! Where the last lines of a log begin, found from its end.

use crate::supervisor::log::open_set_aside;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const BLOCK: usize = 64 << 10;

/// Where to begin to read.
#[derive(Debug)]
pub(super) struct Start {
    /// The files to read, oldest first.
    pub(super) files: VecDeque<File>,
    /// Where in the first one.
    pub(super) offset: u64,
}

/// Finds the last `lines` of the log at `path` and of what was set aside of it; `None` is all.
pub(super) fn start(path: &Path, lines: Option<usize>) -> io::Result<Start> {
    let mut start = Start { files: VecDeque::new(), offset: 0 };
    let mut missing = lines;
    for number in 0.. {
        let Some(file) = open_set_aside(path, number)? else { break };
        let enough = match missing {
            None => false,
            Some(lines) => {
                let (offset, found) = last_lines(&file, lines)?;
                start.offset = offset;
                missing = Some(lines - found);
                found == lines
            }
        };
        start.files.push_front(file);
        if enough {
            break;
        }
    }
    Ok(start)
}

/// Where the last `lines` whole lines begin, and how many of them there are.
fn last_lines(file: &File, lines: usize) -> io::Result<(u64, usize)> {
    let mut position = file.metadata()?.len();
    let (mut found, mut block) = (0, vec![0; BLOCK]);
    while position > 0 {
        let length = block.len().min(usize::try_from(position).unwrap_or(BLOCK));
        position -= length as u64;
        file.read_exact_at(&mut block[..length], position)?;
        for (index, _) in block[..length].iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            if found == lines {
                return Ok((position + index as u64 + 1, found));
            }
            found += 1;
        }
    }
    Ok((0, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::log::set_aside;
    use std::fs;
    use std::io::Read;

    fn check(name: &str, files: &[&str], lines: Option<usize>, expected: &str) {
        let folder = std::env::temp_dir().join(format!("lighter-tail-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("created");
        let path = folder.join("log");
        for (number, text) in files.iter().enumerate() {
            fs::write(set_aside(&path, u32::try_from(number).expect("few")), text).expect("written");
        }
        let start = start(&path, lines).expect("found");
        let mut text = String::new();
        for mut file in start.files {
            file.read_to_string(&mut text).expect("read");
        }
        fs::remove_dir_all(folder).expect("removed");
        assert_eq!(&text[usize::try_from(start.offset).expect("short")..], expected, "{files:?} {lines:?}");
    }

    #[test]
    fn the_last_lines_are_found_across_files() {
        check("all", &["c\nd\n", "a\nb\n"], None, "a\nb\nc\nd\n");
        check("one", &["c\nd\n", "a\nb\n"], Some(1), "d\n");
        check("two", &["c\nd\n", "a\nb\n"], Some(2), "c\nd\n");
        check("three", &["c\nd\n", "a\nb\n"], Some(3), "b\nc\nd\n");
        check("many", &["c\nd\n", "a\nb\n"], Some(9), "a\nb\nc\nd\n");
        check("none", &["c\nd\n"], Some(0), "");
    }

    #[test]
    fn a_log_longer_than_a_block_is_read_from_its_end() {
        let long = "x".repeat(BLOCK) + "\n";
        check("long", &[&format!("{long}{long}end\n")], Some(2), &format!("{long}end\n"));
    }
}
