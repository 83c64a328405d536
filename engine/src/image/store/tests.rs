//! What gets into the store, what is found there, what goes.

use super::{Staging, Store, StoreError};
use crate::image::layer::Hasher;
use crate::image::manifest::Descriptor;
use crate::image::{Configuration, Image, archive};
use crate::require;
use crate::state::Layout;
use engine_spec::{ImageReference, Platform};
use std::fs;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A store of its own that goes away with the test.
struct Sandbox {
    root: PathBuf,
    store: Store,
}

impl Sandbox {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("lighter-store-{}-{count}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        Self { store: Store::open(&layout), root }
    }

    /// Makes a layer of one file.
    fn layer(&self, content: &str) -> engine_spec::Digest {
        let upper = self.root.join("upper");
        fs::create_dir(&upper).expect("created");
        fs::write(upper.join("file"), content).expect("written");
        filetime(&upper.join("file"));
        self.store.commit_layer(&upper).expect("committed").diff_id
    }

    fn image(&self, layers: &[&str], name: &str) -> Image {
        let mut configuration = Configuration::scratch(Platform::host());
        configuration.diff_ids = layers.iter().map(|content| self.layer(content)).collect();
        self.store.create_image(&configuration, &[reference(name)]).expect("created")
    }

    fn temporary(&self) -> usize {
        fs::read_dir(self.store.layout().temporary()).expect("listed").count()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A fixed time, so that equal content is an equal layer.
fn filetime(path: &std::path::Path) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    fs::File::open(path).expect("opened").set_modified(time).expect("set");
}

fn reference(name: &str) -> ImageReference {
    ImageReference::parse(name).expect("valid")
}

fn rootfs() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    builder.append_data(&mut header, "etc/file", &b"data"[..]).expect("written");
    builder.into_inner().expect("finished")
}

#[test]
fn an_image_is_found_by_name_id_and_start_of_id() {
    let sandbox = Sandbox::new();
    let image = sandbox.image(&["a"], "app:1");
    let store = &sandbox.store;
    assert_eq!(store.find(&reference("app:1")).expect("found").as_ref(), Some(&image));
    assert_eq!(store.find(&reference("app")).expect("searched"), None);
    assert_eq!(store.resolve(image.id.short()).expect("found").as_ref(), Some(&image));
    let by_digest = reference(&format!("app@{}", image.manifest));
    assert_eq!(store.find(&by_digest).expect("found").as_ref(), Some(&image));
    assert_eq!(
        store.names().expect("listed").into_iter().collect::<Vec<_>>(),
        [(reference("app:1"), image.id.clone())]
    );
    assert_eq!(sandbox.temporary(), 0);
}

#[test]
fn a_name_knows_when_it_was_given() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.store.tagged_at(&reference("app:1")).expect("looked"), None);
    let image = sandbox.image(&["a"], "app:1");
    let first = sandbox.store.tagged_at(&reference("app:1")).expect("looked").expect("named");
    sandbox.store.tag(&image.id, &reference("app:1")).expect("named again");
    let again = sandbox.store.tagged_at(&reference("app:1")).expect("looked").expect("named");
    assert!(again >= first);
}

#[test]
fn layers_are_listed_topmost_first() {
    let sandbox = Sandbox::new();
    let image = sandbox.image(&["below", "above"], "app");
    let paths = sandbox.store.layer_paths(&image);
    assert_eq!(fs::read_to_string(paths[0].join("file")).expect("there"), "above");
    assert_eq!(fs::read_to_string(paths[1].join("file")).expect("there"), "below");
}

#[test]
fn a_layer_gives_its_archive_again() {
    let sandbox = Sandbox::new();
    let diff_id = sandbox.layer("text");
    let mut archive = Vec::new();
    sandbox.store.write_archive(&diff_id, &mut archive).expect("written");
    assert_eq!(Hasher::sha256(&archive), diff_id);
    fs::write(sandbox.store.layout().layer(&diff_id).join("file"), "changed").expect("written");
    let changed = sandbox.store.write_archive(&diff_id, std::io::sink());
    assert!(matches!(changed, Err(StoreError::DigestMismatch { .. })));
}

#[test]
fn removing_an_image_leaves_what_others_need() {
    let sandbox = Sandbox::new();
    let first = sandbox.image(&["shared", "own"], "first");
    let second = sandbox.image(&["shared"], "second");
    let removed = sandbox.store.remove(&reference("first"), false).expect("removed");
    assert_eq!(removed.deleted, [first.id.clone(), first.layers[1].clone()]);
    assert!(sandbox.store.has_layer(&second.layers[0]));
    assert!(!sandbox.store.has_layer(&first.layers[1]));
    assert!(!sandbox.store.has_blob(&first.id) && sandbox.store.has_blob(&second.id));
}

#[test]
fn what_a_build_holds_stays_until_it_is_done() {
    let sandbox = Sandbox::new();
    let image = sandbox.image(&["a"], "app");
    let lease = sandbox.store.lease().expect("made");
    lease.hold(&image.layers).expect("held");
    let removed = sandbox.store.remove(&reference("app"), true).expect("removed");
    assert_eq!(removed.deleted, std::slice::from_ref(&image.id));
    assert!(sandbox.store.has_layer(&image.layers[0]));
    drop(lease);
    let again = sandbox.image(&["a"], "app");
    // A lease whose holder is dead counts for nothing.
    let dead = sandbox.store.layout().temporary().join("lease-0-0");
    fs::write(&dead, format!("{}\n", again.layers[0])).expect("written");
    sandbox.store.remove(&reference("app"), true).expect("removed");
    assert!(!sandbox.store.has_layer(&again.layers[0]) && !dead.exists());
}

#[test]
fn an_image_goes_with_its_last_name() {
    let sandbox = Sandbox::new();
    let image = sandbox.image(&["a"], "one");
    sandbox.store.tag(&image.id, &reference("two")).expect("tagged");
    let removed = sandbox.store.remove(&reference("one"), false).expect("removed");
    assert_eq!(removed.deleted, []);
    assert_eq!(sandbox.store.find(&reference("two")).expect("found"), Some(image));
    sandbox.store.remove(&reference("two"), false).expect("removed");
    assert_eq!(sandbox.store.list().expect("listed"), []);
}

#[test]
fn a_wrong_blob_leaves_nothing() {
    require!(Root);
    let archive = rootfs();
    let right = Hasher::sha256(&archive);
    let wrong = Hasher::sha256(b"else");
    let size = archive.len() as u64;
    let check = |content: &[u8], blob: &engine_spec::Digest, size: u64, diff_id: &engine_spec::Digest| {
        let sandbox = Sandbox::new();
        let descriptor = Descriptor::new("layer", blob.clone(), size);
        let added = sandbox.store.add_layer(Cursor::new(content.to_vec()), &descriptor, diff_id);
        assert_eq!(sandbox.temporary(), 0, "nothing is left behind");
        assert_eq!(sandbox.store.has_layer(diff_id), added.is_ok());
        assert_eq!(sandbox.store.has_blob(blob), added.is_ok());
        added
    };
    assert!(check(&archive, &right, size, &right).is_ok());
    assert!(matches!(check(&archive, &wrong, size, &right), Err(StoreError::DigestMismatch { .. })));
    assert!(matches!(check(&archive, &right, size, &wrong), Err(StoreError::Unpack { .. })));
    assert!(check(&archive, &right, size - 1, &right).is_err(), "longer than announced");
    assert!(check(&archive, &right, size + 1, &right).is_err(), "shorter than announced");
    assert!(check(&archive[..size as usize / 2], &right, size, &right).is_err(), "cut off");
}

#[test]
fn what_a_dead_process_staged_is_swept() {
    let sandbox = Sandbox::new();
    let layout = sandbox.store.layout();
    let held = Staging::new(layout).expect("made");
    fs::create_dir(layout.temporary().join("image-0-0")).expect("created");
    Staging::sweep(layout);
    assert!(held.path("").exists() && !layout.temporary().join("image-0-0").exists());
}

#[test]
fn a_root_file_system_becomes_an_image() {
    require!(Root);
    let sandbox = Sandbox::new();
    let mut compressed = Vec::new();
    let changes = [r#"CMD ["sh"]"#.to_owned()];
    flate2::read::GzEncoder::new(&rootfs()[..], flate2::Compression::fast())
        .read_to_end(&mut compressed)
        .expect("compressed");
    let import = |name: &str| {
        let name = reference(name);
        let options = archive::ImportOptions {
            platform: Platform::host(),
            changes: changes.to_vec(),
            message: None,
            name: Some(name),
        };
        archive::import(&sandbox.store, &compressed[..], &options)
    };
    let image = import("base").expect("imported");
    assert_eq!(image.config.command.as_deref(), Some(&["sh".to_owned()][..]));
    let file = sandbox.store.layer_paths(&image)[0].join("etc/file");
    assert_eq!(fs::read_to_string(file).expect("there"), "data");
    assert_eq!(sandbox.temporary(), 0);
}
