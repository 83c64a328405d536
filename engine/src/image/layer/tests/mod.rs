//! Hostile archives are refused, honest ones survive the way there and back.

mod attacks;
mod borrowed;
mod sparse;

use super::tar::{Entry, Kind, TarWriter, Time};
use super::{Hasher, Layer, Limits, UnpackError, Unpacked, digest, unpack, write};
use crate::require;
use crate::sys::{Carrier, set_xattr, xattr};
use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty folder that goes away with the test, and a folder beside it that attacks aim at.
struct Sandbox {
    folder: PathBuf,
}

impl Sandbox {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("lighter-layer-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tree")).expect("created");
        fs::create_dir_all(folder.join("outside")).expect("created");
        fs::write(folder.join("outside/victim"), "untouched").expect("written");
        Self { folder }
    }

    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    fn unpack(&self, entries: &[Entry]) -> Result<Layer, UnpackError> {
        let unpacked = unpacked(&archive(entries), &self.tree())?;
        unpacked.borrowed.first().map_or(Ok(unpacked.layer), |link| Err(link.refuse().into()))
    }

    fn accept(&self, entries: &[Entry]) {
        self.unpack(entries).expect("accepted");
    }

    fn refuse(&self, entries: &[Entry]) -> String {
        let error = self.unpack(entries).expect_err("refused");
        assert_eq!(fs::read_to_string(self.folder.join("outside/victim")).expect("there"), "untouched");
        assert_eq!(fs::read_dir(self.folder.join("outside")).expect("listed").count(), 1);
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    }

    fn outside(&self) -> Vec<u8> {
        self.folder.join("outside").as_os_str().as_bytes().to_vec()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn unpacked(archive: &[u8], tree: &Path) -> Result<Unpacked, UnpackError> {
    unpack(archive, tree, Hasher::new(), Limits::default()).map(|(unpacked, _)| unpacked)
}

fn entry(path: &str, kind: Kind) -> Entry {
    let modified = Time { seconds: 1_600_000_000, nanoseconds: 0 };
    let mode = if kind == Kind::Directory { 0o755 } else { 0o644 };
    Entry { path: path.into(), kind, mode, uid: 0, gid: 0, modified, xattrs: Vec::new() }
}

fn file(path: &str) -> Entry {
    entry(path, Kind::File(4))
}

fn folder(path: &str) -> Entry {
    entry(path, Kind::Directory)
}

fn link(path: &str, target: &[u8]) -> Entry {
    entry(path, Kind::Symlink(target.to_vec()))
}

fn hard_link(path: &str, target: &[u8]) -> Entry {
    entry(path, Kind::HardLink(target.to_vec()))
}

/// Every file holds `data`.
fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut writer = TarWriter::new(Vec::new());
    for entry in entries {
        writer.append(entry, &mut &b"data"[..], &mut [0; 16]).expect("written");
    }
    writer.finish().expect("finished")
}

fn is_whiteout(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path).expect("there");
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

fn is_opaque(path: &Path) -> bool {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    xattr(Carrier::Path(&path), c"trusted.overlay.opaque").is_ok_and(|value| value == b"y")
}

fn set(path: &Path, name: &CStr, value: &[u8]) {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    set_xattr(Carrier::Path(&path), name, value).expect("set");
}

#[test]
fn metadata_survive() {
    require!(Root);
    let sandbox = Sandbox::new();
    let mut program = file("bin/program");
    // Version 2 with an effective capability; the value holds a newline on purpose.
    let capability = [1, 0, 0, 2, b'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    (program.mode, program.uid, program.gid) = (0o6755, 1234, 567);
    program.xattrs.push((b"security.capability".to_vec(), capability.to_vec()));
    sandbox.accept(&[folder("bin"), program, link("way", b"bin/program"), entry("pipe", Kind::Fifo)]);
    let metadata = fs::metadata(sandbox.tree().join("bin/program")).expect("there");
    assert_eq!((metadata.mode() & 0o7777, metadata.uid(), metadata.gid()), (0o6755, 1234, 567));
    assert_eq!(metadata.mtime(), 1_600_000_000);
    let path = CString::new(sandbox.tree().join("bin/program").as_os_str().as_bytes()).expect("no NUL");
    assert_eq!(xattr(Carrier::Path(&path), c"security.capability").expect("kept"), capability);
    for path in ["bin", "way", "pipe"] {
        let metadata = fs::symlink_metadata(sandbox.tree().join(path)).expect("there");
        assert_eq!(metadata.mtime(), 1_600_000_000, "{path}");
    }
}

#[test]
fn whiteouts_take_overlay_form() {
    require!(Root);
    let sandbox = Sandbox::new();
    sandbox.accept(&[
        folder("a"),
        entry("a/.wh..wh..opq", Kind::File(0)),
        entry("a/.wh.gone", Kind::File(0)),
        entry("a/.wh..wh.plnk", Kind::File(0)),
        entry(".wh.again", Kind::File(0)),
        folder("again"),
        file("kept"),
        entry(".wh.kept", Kind::File(0)),
    ]);
    assert!(is_opaque(&sandbox.tree().join("a")));
    assert!(is_whiteout(&sandbox.tree().join("a/gone")));
    assert!(is_opaque(&sandbox.tree().join("again")), "the folder below must stay hidden");
    assert_eq!(fs::read_to_string(sandbox.tree().join("kept")).expect("there"), "data");
    assert_eq!(fs::read_dir(sandbox.tree().join("a")).expect("listed").count(), 1);
}

#[test]
fn a_committed_tree_comes_back_the_same() {
    require!(Root);
    let source = Sandbox::new();
    build_tree(&source.tree());
    let mut archive = Vec::new();
    let committed = write(&source.tree(), &mut archive).expect("archived");
    assert_eq!(committed.size, archive.len() as u64);
    assert_eq!(committed, digest(&source.tree()).expect("hashed"));
    let copy = Sandbox::new();
    let unpacked = unpacked(&archive, &copy.tree()).expect("unpacked").layer;
    assert_eq!(unpacked, committed, "what was read is what was written");
    assert_eq!(digest(&copy.tree()).expect("hashed"), committed, "the copy is the same tree");
    let inode = |name: &str| fs::metadata(copy.tree().join(name)).expect("there").ino();
    assert_eq!(inode("dir/file"), inode("dir/other-name"));
}

fn build_tree(tree: &Path) {
    fs::create_dir_all(tree.join("dir/opaque")).expect("created");
    fs::write(tree.join("dir/file"), "text").expect("written");
    fs::hard_link(tree.join("dir/file"), tree.join("dir/other-name")).expect("linked");
    symlink("/dir/file", tree.join("link")).expect("linked");
    fs::write(tree.join("n".repeat(200)), "long name").expect("written");
    set(&tree.join("dir/file"), c"user.note", b"kept");
    set(&tree.join("dir/opaque"), c"trusted.overlay.opaque", b"y");
    set(&tree.join("dir"), c"trusted.overlay.impure", b"y");
    let mode = nix::sys::stat::Mode::empty();
    nix::sys::stat::mknod(&tree.join("gone"), nix::sys::stat::SFlag::S_IFCHR, mode, 0).expect("made");
    nix::unistd::mkfifo(&tree.join("pipe"), nix::sys::stat::Mode::S_IRUSR).expect("made");
}

#[test]
fn a_tree_that_is_not_whole_is_not_archived() {
    require!(Root);
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.tree().join("moved")).expect("created");
    set(&sandbox.tree().join("moved"), c"trusted.overlay.redirect", b"/old");
    assert!(digest(&sandbox.tree()).is_err());
    let sandbox = Sandbox::new();
    fs::write(sandbox.tree().join(".wh.name"), "").expect("written");
    assert!(digest(&sandbox.tree()).is_err(), "it would remove `name` elsewhere");
}

#[test]
fn bytes_after_the_end_count_for_the_digest() {
    require!(Root);
    let mut longer = archive(&[file("a")]);
    longer.extend_from_slice(b"more");
    let layer = unpacked(&longer, &Sandbox::new().tree()).expect("unpacked").layer;
    assert_eq!(layer.diff_id, Hasher::sha256(&longer));
}

/// Runs in a mount namespace of its own thread, so that nothing stays mounted whatever happens.
fn in_mount_namespace(act: impl FnOnce() + Send) {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNS).expect("unshared");
            let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
            mount(None::<&str>, "/", None::<&str>, private, None::<&str>).expect("made private");
            act();
        });
        thread.join().expect("no panic");
    });
}

#[test]
fn what_overlayfs_leaves_behind_means_the_same_after_a_round_trip() {
    require!(Root);
    let sandbox = Sandbox::new();
    let path = |name: &str| sandbox.folder.join(name);
    for folder in ["lower/dir", "lower/replaced", "upper", "work", "merged"] {
        fs::create_dir_all(path(folder)).expect("created");
    }
    for file in ["lower/dir/removed", "lower/dir/also", "lower/dir/kept", "lower/replaced/old"] {
        fs::write(path(file), "below").expect("written");
    }
    let overlay = |lower: &str, upper: &str, act: &mut (dyn FnMut() + Send)| {
        in_mount_namespace(|| {
            let (upper, work) = (path(upper).display().to_string(), path("work").display().to_string());
            let options = format!("lowerdir={},upperdir={upper},workdir={work}", path(lower).display());
            let options = format!("{options},redirect_dir=nofollow,metacopy=off,index=off");
            let none = nix::mount::MsFlags::empty();
            nix::mount::mount(Some("overlay"), &path("merged"), Some("overlay"), none, Some(&*options))
                .expect("mounted");
            act();
            nix::mount::umount(&path("merged")).expect("unmounted");
        });
    };
    overlay("lower", "upper", &mut || {
        fs::remove_file(path("merged/dir/removed")).expect("removed");
        fs::remove_file(path("merged/dir/also")).expect("removed");
        fs::remove_dir_all(path("merged/replaced")).expect("removed");
        fs::create_dir(path("merged/replaced")).expect("created");
        fs::write(path("merged/replaced/new"), "above").expect("written");
    });
    let mut archive = Vec::new();
    let committed = write(&path("upper"), &mut archive).expect("archived");
    fs::create_dir(path("copy")).expect("created");
    unpacked(&archive, &path("copy")).expect("unpacked");
    assert_eq!(digest(&path("copy")).expect("hashed"), committed);
    overlay("lower", "copy", &mut || {
        let names = |folder: &str| -> Vec<_> {
            let entries = fs::read_dir(path(folder)).expect("listed");
            entries.map(|entry| entry.expect("entry").file_name()).collect()
        };
        assert_eq!(names("merged/dir"), ["kept"]);
        assert_eq!(names("merged/replaced"), ["new"]);
    });
}
