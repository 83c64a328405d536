//! A layer of a stranger: unpacking it ends, with a tree inside its folder or with an error.

#![no_main]

use engine::image::Limits;
use engine::image::layer::unpack_stranger;
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;

fuzz_target!(|archive: &[u8]| {
    let folder = PathBuf::from(format!("/dev/shm/lighter-fuzz-{}", std::process::id()));
    let tree = folder.join("tree");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&tree).expect("a folder can be made");
    let limits = Limits { bytes: 16 << 20, entries: 1000, ..Limits::default() };
    let _ = unpack_stranger(archive, &tree, limits);
    let beside = std::fs::read_dir(&folder).expect("it is there").count();
    assert_eq!(beside, 1, "something was written outside");
});
