//! Hard links to files of the layers below.

use super::*;
use crate::image::layer::lend;
use std::os::unix::fs::PermissionsExt;

/// A lower layer with `dir/file`, and the links of an upper layer made into it.
fn lent(upper: &[Entry], prepare: impl FnOnce(&Path)) -> (Sandbox, Result<(), super::super::ExtractError>) {
    let sandbox = Sandbox::new();
    let below = sandbox.folder.join("below");
    fs::create_dir_all(below.join("dir")).expect("created");
    fs::write(below.join("dir/file"), "below").expect("written");
    fs::set_permissions(below.join("dir"), fs::Permissions::from_mode(0o750)).expect("set");
    fs::set_permissions(below.join("dir/file"), fs::Permissions::from_mode(0o640)).expect("set");
    set(&below.join("dir/file"), c"user.note", b"kept");
    prepare(&below);
    let unpacked = unpacked(&archive(upper), &sandbox.tree()).expect("unpacked");
    let result = lend(&sandbox.tree(), &[below], &unpacked.borrowed);
    (sandbox, result)
}

#[test]
fn a_link_to_a_file_below_copies_it_up() {
    require!(Root);
    let (sandbox, result) =
        lent(&[folder("a"), hard_link("a/name", b"dir/file"), hard_link("b", b"a/name")], |_| {});
    result.expect("lent");
    let path = |name: &str| sandbox.tree().join(name);
    let (name, file) =
        (fs::metadata(path("a/name")).expect("there"), fs::metadata(path("dir/file")).expect("there"));
    assert_eq!((name.ino(), name.nlink(), name.mode() & 0o777), (file.ino(), 3, 0o640));
    assert_eq!(fs::read_to_string(path("b")).expect("there"), "below");
    assert_eq!(fs::metadata(path("dir")).expect("there").mode() & 0o777, 0o750, "as it is below");
    assert_eq!(fs::metadata(path("a")).expect("there").mtime(), 1_600_000_000, "as the archive has it");
    let c_path = CString::new(path("a/name").as_os_str().as_bytes()).expect("no NUL");
    assert_eq!(xattr(Carrier::Path(&c_path), c"user.note").expect("kept"), b"kept");
}

#[test]
fn what_the_layer_itself_took_away_is_no_target() {
    require!(Root);
    for gone in [
        vec![entry("dir/.wh.file", Kind::File(0))],
        vec![folder("dir"), entry("dir/.wh..wh..opq", Kind::File(0))],
        vec![entry(".wh.dir", Kind::File(0))],
    ] {
        let entries: Vec<Entry> = gone.into_iter().chain([hard_link("name", b"dir/file")]).collect();
        let (_sandbox, result) = lent(&entries, |_| {});
        assert!(
            result.expect_err("refused").to_string().contains("no file of the archive or the layers below")
        );
    }
}

#[test]
fn links_below_lead_nowhere() {
    require!(Root);
    for target in [&b"way/victim"[..], b"way", b"dir"] {
        let (sandbox, result) = lent(&[hard_link("name", target)], |below| {
            symlink(below.parent().expect("a folder").join("outside"), below.join("way")).expect("linked");
        });
        result.expect_err("refused");
        assert!(!sandbox.tree().join("name").exists());
    }
}
