//! What hostile archives try, and what comes of it.

use super::*;
use crate::image::layer::unpack_alone;
use std::io::{Read, Write};

#[test]
fn climbing_paths_are_refused() {
    require!(Root);
    for path in ["../outside/victim", "a/../../outside/victim", "/../outside/victim", "a/.."] {
        let sandbox = Sandbox::new();
        assert!(sandbox.refuse(&[file(path)]).contains("`..`"), "{path}");
    }
}

#[test]
fn an_absolute_path_begins_at_the_root() {
    require!(Root);
    let sandbox = Sandbox::new();
    sandbox.accept(&[file("/etc/file")]);
    assert_eq!(fs::read_to_string(sandbox.tree().join("etc/file")).expect("inside"), "data");
}

#[test]
fn a_file_under_a_link_stays_inside() {
    require!(Root);
    let sandbox = Sandbox::new();
    let outside = sandbox.outside();
    let target = String::from_utf8(outside.clone()).expect("text");
    // Inside the root, the link's target does not exist.
    sandbox.refuse(&[link("way", &outside), file("way/victim")]);
    let sandbox = Sandbox::new();
    sandbox.accept(&[folder(&target), link("way", &outside), file("way/victim")]);
    assert_eq!(fs::read_to_string(sandbox.tree().join(&target[1..]).join("victim")).expect("inside"), "data");
}

#[test]
fn a_link_that_climbs_ends_at_the_root() {
    require!(Root);
    let sandbox = Sandbox::new();
    sandbox.accept(&[folder("outside"), link("way", b"../outside"), file("way/victim")]);
    assert_eq!(fs::read_to_string(sandbox.tree().join("outside/victim")).expect("inside"), "data");
    assert_eq!(fs::read_to_string(sandbox.folder.join("outside/victim")).expect("there"), "untouched");
}

#[test]
fn a_file_over_a_link_replaces_the_link() {
    require!(Root);
    let sandbox = Sandbox::new();
    let victim = [sandbox.outside(), b"/victim".to_vec()].concat();
    sandbox.accept(&[link("name", &victim), file("name")]);
    assert_eq!(fs::read_to_string(sandbox.folder.join("outside/victim")).expect("there"), "untouched");
    assert_eq!(fs::read_to_string(sandbox.tree().join("name")).expect("there"), "data");
}

#[test]
fn a_folder_over_a_link_changes_nothing_behind_it() {
    require!(Root);
    let sandbox = Sandbox::new();
    let mut replaced = folder("name");
    replaced.mode = 0o777;
    sandbox.accept(&[link("name", &sandbox.outside()), replaced]);
    assert_ne!(fs::metadata(sandbox.folder.join("outside")).expect("there").mode() & 0o777, 0o777);
    assert!(fs::symlink_metadata(sandbox.tree().join("name")).expect("there").is_dir());
}

#[test]
fn hard_links_reach_nothing_outside() {
    require!(Root);
    for target in [&b"../outside/victim"[..], b"/outside/victim", b"way/victim"] {
        let sandbox = Sandbox::new();
        sandbox.refuse(&[link("way", &sandbox.outside()), hard_link("name", target)]);
    }
    let sandbox = Sandbox::new();
    let victim = [sandbox.outside(), b"/victim".to_vec()].concat();
    sandbox.accept(&[link("way", &victim), hard_link("name", b"way"), file("way")]);
    assert_eq!(fs::read_link(sandbox.tree().join("name")).expect("a link").as_os_str().as_bytes(), victim);
    assert_eq!(fs::read_to_string(sandbox.folder.join("outside/victim")).expect("there"), "untouched");
}

#[test]
fn the_root_must_be_a_folder() {
    require!(Root);
    for path in [".", "./", "/", ""] {
        let sandbox = Sandbox::new();
        let refusal = sandbox.refuse(&[link(path, &sandbox.outside())]);
        assert!(refusal.contains("must be a folder"), "{path}: {refusal}");
    }
    let sandbox = Sandbox::new();
    let mut root = folder("./");
    root.mode = 0o700;
    sandbox.accept(&[root]);
    assert_eq!(fs::metadata(sandbox.tree()).expect("there").mode() & 0o777, 0o700);
}

#[test]
fn smuggled_overlay_marks_are_refused() {
    require!(Root);
    for name in ["trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.whiteout"] {
        let mut marked = folder("a");
        marked.xattrs.push((name.into(), b"y".to_vec()));
        assert!(Sandbox::new().refuse(&[marked]).contains("overlay"), "{name}");
    }
    let disguised = entry("a", Kind::CharacterDevice(0, 0));
    assert!(Sandbox::new().refuse(&[disguised]).contains("whiteout"));
    for path in [".wh.", ".wh..", "a/.wh..."] {
        assert!(Sandbox::new().refuse(&[file(path)]).contains("whiteout"), "{path}");
    }
}

#[test]
fn ids_that_wrap_are_refused() {
    require!(Root);
    for id in [u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let mut owned = file("a");
        owned.uid = id;
        assert!(Sandbox::new().refuse(&[owned]).contains("owner"), "{id}");
    }
}

#[test]
fn a_cut_off_archive_is_refused() {
    require!(Root);
    let whole = archive(&[file("a"), file("b")]);
    for length in [100, 513, 700, 1100] {
        let sandbox = Sandbox::new();
        assert!(unpacked(&whole[..length], &sandbox.tree()).is_err(), "{length}");
    }
}

#[test]
fn trusted_attributes_are_refused_and_others_kept() {
    require!(Root);
    let mut trusted = file("a");
    trusted.xattrs.push((b"trusted.anything".to_vec(), b"y".to_vec()));
    assert!(Sandbox::new().refuse(&[trusted]).contains("trusted"));
    let mut nameless = file("a");
    nameless.xattrs.push((b"user.a\0b".to_vec(), b"y".to_vec()));
    Sandbox::new().refuse(&[nameless]);
    let sandbox = Sandbox::new();
    let mut noted = file("a");
    noted.xattrs.push((b"user.note".to_vec(), b"kept".to_vec()));
    sandbox.accept(&[noted]);
    let path = CString::new(sandbox.tree().join("a").as_os_str().as_bytes()).expect("no NUL");
    assert_eq!(xattr(Carrier::Path(&path), c"user.note").expect("kept"), b"kept");
}

#[test]
fn of_entries_with_one_name_the_last_counts_and_none_leads_out() {
    require!(Root);
    let sandbox = Sandbox::new();
    let outside = sandbox.outside();
    sandbox.accept(&[
        file("name"),
        folder("name"),
        file("name/inner"),
        link("name", &outside),
        folder("name"),
        file("name/victim"),
        entry("name/victim", Kind::Fifo),
        file("name/victim"),
    ]);
    assert_eq!(fs::read_to_string(sandbox.tree().join("name/victim")).expect("inside"), "data");
    assert!(!sandbox.tree().join("name/inner").exists(), "what was replaced is gone");
    assert_eq!(fs::read_to_string(sandbox.folder.join("outside/victim")).expect("there"), "untouched");
}

#[test]
fn a_device_of_the_archive_is_made_but_never_written_through() {
    require!(Root);
    let sandbox = Sandbox::new();
    // 1:3 is the null device.
    sandbox.accept(&[entry("null", Kind::CharacterDevice(1, 3)), file("null")]);
    assert_eq!(fs::read_to_string(sandbox.tree().join("null")).expect("a file now"), "data");
    sandbox.accept(&[entry("null", Kind::CharacterDevice(1, 3)), entry("disk", Kind::BlockDevice(7, 250))]);
    let null = fs::symlink_metadata(sandbox.tree().join("null")).expect("there");
    assert!(null.file_type().is_char_device() && null.rdev() == nix::sys::stat::makedev(1, 3));
    assert!(fs::symlink_metadata(sandbox.tree().join("disk")).expect("there").file_type().is_block_device());
}

#[test]
fn a_path_through_a_file_or_a_pipe_is_refused() {
    require!(Root);
    Sandbox::new().refuse(&[file("a"), file("a/b")]);
    Sandbox::new().refuse(&[entry("a", Kind::Fifo), file("a/b")]);
    Sandbox::new().refuse(&[link("a", b"a"), file("a/b")]);
    Sandbox::new().refuse(&[file(&"x".repeat(256))]);
    Sandbox::new().refuse(&[file(&"x/".repeat(2100))]);
}

fn bomb(archive: impl Read + Send, limits: Limits) -> String {
    let sandbox = Sandbox::new();
    let error = unpack_alone(archive, &sandbox.tree(), limits).expect_err("refused");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn bombs_stop_at_the_limits() {
    require!(Root);
    let limits = Limits { bytes: 1 << 20, entries: 100, ..Limits::default() };
    // A gigabyte of zeros behind the archive's end is a megabyte of gzip.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&archive(&[file("a")])).expect("compressed");
    std::io::copy(&mut std::io::repeat(0).take(64 << 20), &mut gzip).expect("compressed");
    assert!(bomb(&gzip.finish().expect("finished")[..], limits).contains("1048576 bytes"));
    // Zstandard makes a kilobyte of it, and that alone tells, long before the limit.
    let zeros = zstd::encode_all(std::io::repeat(0).take(64 << 20), 1).expect("compressed");
    let large = Limits { bytes: 32 << 20, ratio: 2000, ..limits };
    assert!(bomb(&zeros[..], large).contains("largest-ratio"));
    let many: Vec<Entry> = (0..101).map(|number| folder(&format!("{number}"))).collect();
    assert!(bomb(&archive(&many)[..], limits).contains("more than 100 entries"));
    // A header alone promises more than the limit.
    let mut header = tar::Header::new_gnu();
    header.set_path("large").expect("short");
    header.set_size(2 << 20);
    header.set_mode(0o644);
    header.set_cksum();
    assert!(bomb(&header.as_bytes()[..], limits).contains("largest-layer"));
}

#[test]
fn sizes_that_wrap_or_differ_are_no_way_to_hide_entries() {
    require!(Root);
    for size in [u64::MAX, u64::MAX - 511, 1 << 63] {
        let mut records = Vec::new();
        records.extend_from_slice(pax_record("size", &size.to_string()).as_bytes());
        let mut archive = extended(&records);
        archive.extend_from_slice(&super::archive(&[file("a")]));
        let sandbox = Sandbox::new();
        assert!(unpacked(&archive, &sandbox.tree()).is_err(), "{size}");
    }
    // The size of the PAX record counts, as for Docker: the second header is data of the first file.
    let mut archive = extended(pax_record("size", "1536").as_bytes());
    archive.extend_from_slice(&super::archive(&[file("a"), file("hidden")]));
    let sandbox = Sandbox::new();
    unpacked(&archive, &sandbox.tree()).expect("unpacked");
    assert_eq!(fs::metadata(sandbox.tree().join("a")).expect("there").len(), 1536);
    assert!(!sandbox.tree().join("hidden").exists());
}

pub(super) fn pax_record(key: &str, value: &str) -> String {
    let body = key.len() + value.len() + 3;
    let mut length = body + 1;
    while length != body + length.to_string().len() {
        length = body + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

/// An extended header with these records.
pub(super) fn extended(records: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_path("pax").expect("short");
    header.set_size(records.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(records);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}
