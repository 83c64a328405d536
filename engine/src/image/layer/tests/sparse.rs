//! Files with holes, as tar(1) writes them in each of its formats.

use super::attacks::extended;
use super::*;
use std::process::Command;

/// Has GNU tar archive a sparse file, which is unpacked again.
fn check(format: &[&str]) {
    let source = Sandbox::new();
    let file = fs::File::create(source.tree().join("sparse")).expect("created");
    file.set_len(3 << 20).expect("set");
    // More stretches than a header holds, so that the old format continues in blocks of its own.
    for number in 0..40 {
        std::os::unix::fs::FileExt::write_all_at(&file, b"text", (number * 16) << 12).expect("written");
    }
    let mut tar = Command::new("tar");
    tar.args(format).args(["--sparse", "-cf", "-", "-C"]).arg(source.tree()).arg("sparse");
    let output = tar.output().expect("tar runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() < 1 << 20, "the archive has no holes in it");
    let target = Sandbox::new();
    unpacked(&output.stdout, &target.tree()).expect("unpacked");
    let (from, to) = (source.tree().join("sparse"), target.tree().join("sparse"));
    assert!(fs::read(&from).expect("read") == fs::read(&to).expect("read"), "{format:?}");
    assert!(
        fs::metadata(&to).expect("there").blocks() * 512 < 1 << 20,
        "{format:?}: the holes are there again"
    );
}

#[test]
fn gnu_tars_sparse_files_are_unpacked_with_their_holes() {
    require!(Root);
    check(&["--format=gnu"]);
    for version in ["0.0", "0.1", "1.0"] {
        check(&["--format=pax", &format!("--sparse-version={version}")]);
    }
}

#[test]
fn maps_that_lie_are_refused() {
    require!(Root);
    let records = |map: &str, size: &str| {
        [("GNU.sparse.size", size), ("GNU.sparse.map", map)]
            .map(|(key, value)| super::attacks::pax_record(key, value))
            .concat()
    };
    for (map, size) in
        [("0,4,2,4", "8"), ("4,4", "6"), ("0,5", "8"), ("0", "8"), ("x,4", "8"), ("0,4", "999999999999999")]
    {
        let mut bytes = extended(records(map, size).as_bytes());
        bytes.extend_from_slice(&archive(&[file("a")]));
        assert!(unpacked(&bytes, &Sandbox::new().tree()).is_err(), "{map} of {size}");
    }
    let mut bytes = extended(records("4,4", "12").as_bytes());
    bytes.extend_from_slice(&archive(&[file("a")]));
    let sandbox = Sandbox::new();
    unpacked(&bytes, &sandbox.tree()).expect("unpacked");
    assert_eq!(fs::read(sandbox.tree().join("a")).expect("there"), b"\0\0\0\0data\0\0\0\0");
}
