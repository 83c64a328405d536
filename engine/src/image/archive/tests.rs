//! What is saved is loaded the same; what others save is loaded; what is hostile is refused.

use super::{LoadError, Saved, load, load_folder, save, save_folder};
use crate::image::layer::Hasher;
use crate::image::{Configuration, Image, Store};
use crate::require;
use crate::state::Layout;
use engine_spec::{ImageReference, Platform};
use serde_json::json;
use std::fs;
use std::io::Write;
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
        let root = std::env::temp_dir().join(format!("lighter-archive-{}-{count}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        Self { store: Store::open(&layout), root }
    }

    fn image(&self, contents: &[&str], name: &str) -> Saved {
        let mut configuration = Configuration::scratch(Platform::host());
        for content in contents {
            let upper = self.root.join("upper");
            fs::create_dir(&upper).expect("created");
            fs::write(upper.join("file"), content).expect("written");
            configuration.diff_ids.push(self.store.commit_layer(&upper).expect("committed").diff_id);
        }
        let names = vec![ImageReference::parse(name).expect("valid")];
        Saved { image: self.store.create_image(&configuration, &names).expect("created"), names }
    }

    fn content(&self, image: &Image) -> String {
        fs::read_to_string(self.store.layer_paths(image)[0].join("file")).expect("there")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A tar archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).expect("written");
    }
    builder.into_inner().expect("finished")
}

fn refusal(files: &[(&str, &[u8])]) -> String {
    let sandbox = Sandbox::new();
    let error: LoadError = load(&sandbox.store, &archive(files)[..], None).expect_err("refused");
    assert!(sandbox.store.list().expect("listed").is_empty(), "nothing is left");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn several_images_travel_in_one_archive() {
    require!(Root);
    let source = Sandbox::new();
    let images = [source.image(&["below", "one"], "app:1"), source.image(&["below", "two"], "app:2")];
    let mut bytes = Vec::new();
    save(&source.store, &images, &mut bytes).expect("saved");
    let mut again = Vec::new();
    save(&source.store, &images, &mut again).expect("saved again");
    assert!(bytes == again, "the same images give the same bytes");
    let target = Sandbox::new();
    let loaded = load(&target.store, &bytes[..], None).expect("loaded");
    for (saved, loaded) in images.iter().zip(&loaded) {
        assert_eq!((&saved.image, &saved.names), (&loaded.image, &loaded.names));
        assert_eq!(source.content(&saved.image), target.content(&loaded.image));
        assert_eq!(target.store.find(&saved.names[0]).expect("found").as_ref(), Some(&saved.image));
    }
    assert_eq!(loaded.len(), 2);
    assert_eq!(target.store.verify(&mut |_| {}).expect("looked"), []);
}

#[test]
fn a_folder_is_as_good_as_an_archive() {
    require!(Root);
    let (source, target) = (Sandbox::new(), Sandbox::new());
    let saved = source.image(&["text"], "app");
    let folder = source.root.join("layout");
    save_folder(&source.store, std::slice::from_ref(&saved), &folder).expect("saved");
    assert!(folder.join("oci-layout").exists());
    fs::remove_file(folder.join("manifest.json")).expect("removed");
    let loaded = load_folder(&target.store, &folder, Some(&Platform::host())).expect("loaded");
    assert_eq!((&loaded[0].image, &loaded[0].names), (&saved.image, &saved.names));
}

#[test]
fn an_old_docker_archive_is_loaded() {
    require!(Root);
    let layer = archive(&[("file", b"text")]);
    let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    compressed.write_all(&layer).expect("compressed");
    let compressed = compressed.finish().expect("finished");
    let config = json!({"architecture": Platform::host().architecture, "os": "linux", "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [Hasher::sha256(&layer)]}});
    let config = config.to_string();
    let list = json!([{"Config": "c.json", "RepoTags": ["old:1"], "Layers": ["x/layer.tar"]}]).to_string();
    for layer in [&layer, &compressed] {
        let sandbox = Sandbox::new();
        let files: [(&str, &[u8]); 3] =
            [("manifest.json", list.as_bytes()), ("x/layer.tar", layer), ("c.json", config.as_bytes())];
        let loaded = load(&sandbox.store, &archive(&files)[..], None).expect("loaded");
        assert_eq!(loaded[0].image.id, Hasher::sha256(config.as_bytes()));
        assert_eq!(loaded[0].names[0].to_string(), "old:1");
        assert_eq!(sandbox.content(&loaded[0].image), "text");
    }
}

#[test]
fn what_leads_out_or_lies_is_refused() {
    require!(Root);
    let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let list = |config: &str, layers: &[&str]| json!([{"Config": config, "Layers": layers}]).to_string();
    let out = list("../../etc/passwd", &[]);
    assert!(refusal(&[("manifest.json", out.as_bytes())]).contains("is missing from the archive"));
    let short = list("c.json", &["a"]);
    let files: [(&str, &[u8]); 2] = [("manifest.json", short.as_bytes()), ("c.json", config)];
    assert!(refusal(&files).contains("1 layers, the configuration 0"));
    assert!(refusal(&[("etc/passwd", b"x")]).contains("image import"));
    assert!(refusal(&[("manifest.json", b"{")]).contains("manifest.json"));
    let digest = Hasher::sha256(b"other");
    let index = json!({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest, "size": 2}]});
    let (index, path) = (index.to_string(), format!("blobs/sha256/{}", digest.hex()));
    let files: [(&str, &[u8]); 3] =
        [("oci-layout", b"{}"), ("index.json", index.as_bytes()), (path.as_str(), b"{}")];
    assert!(refusal(&files).contains("has the digest"));
    let traversal = index.replace(digest.as_str(), "sha256:../../../etc/passwd");
    let files: [(&str, &[u8]); 2] = [("oci-layout", b"{}"), ("index.json", traversal.as_bytes())];
    assert!(refusal(&files).contains("malformed"));
}

#[test]
fn damage_is_found() {
    require!(Root);
    let sandbox = Sandbox::new();
    let saved = sandbox.image(&["text"], "app");
    fs::write(sandbox.store.layer_paths(&saved.image)[0].join("file"), "else").expect("written");
    let damage = sandbox.store.verify(&mut |_| {}).expect("looked");
    assert_eq!(damage.iter().map(|damage| &damage.digest).collect::<Vec<_>>(), [&saved.image.layers[0]]);
    fs::write(sandbox.store.layout().blob(&saved.image.id), "else").expect("written");
    assert_eq!(sandbox.store.verify(&mut |_| {}).expect("looked").len(), 2);
}
