//! Push and pull against a small registry in this process.

mod server;
mod token;

use super::{Progress, PullError, Registries, is_reachable, pull, push};
use crate::image::{Configuration, Image, Store};
use crate::require;
use crate::state::Layout;
use engine_spec::{ImageReference, Platform};
use server::{Mood, Server};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A store of its own that goes away with the test.
struct Sandbox {
    root: PathBuf,
    store: Store,
}

impl Sandbox {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("lighter-registry-{}-{count}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        Self { store: Store::open(&layout), root }
    }

    /// An image of two layers, one of them large enough for several chunks.
    fn image(&self) -> Image {
        self.image_of(&[10, 100_000])
    }

    /// An image with so many numbers in each layer.
    fn image_of(&self, sizes: &[u32]) -> Image {
        let mut configuration = Configuration::scratch(Platform::host());
        for size in sizes {
            let upper = self.root.join("upper");
            fs::create_dir(&upper).expect("created");
            // Text that does not compress to nothing.
            let text: String =
                (0..*size).map(|number| (number.wrapping_mul(2_654_435_761)).to_string()).collect();
            fs::write(upper.join("file"), text).expect("written");
            configuration.diff_ids.push(self.store.commit_layer(&upper).expect("committed").diff_id);
        }
        self.store.create_image(&configuration, &[]).expect("created")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn reference(address: SocketAddr, rest: &str) -> ImageReference {
    ImageReference::parse(&format!("{address}/{rest}")).expect("valid")
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("built")
        .block_on(future)
}

fn pushed() -> (Sandbox, Image, Arc<Server>) {
    let (sandbox, server) = (Sandbox::new(), Server::start(Mood::default()));
    let image = sandbox.image();
    let name = reference(server.address, "app:1");
    run(push(&sandbox.store, &image, &name, &Registries::default(), &|_| {})).expect("pushed");
    let image = sandbox.store.image(&image.id).expect("read").expect("there");
    (sandbox, image, server)
}

fn pull_from(server: &Server, store: &Store, rest: &str) -> Result<Image, PullError> {
    let name = reference(server.address, rest);
    run(pull(store, &name, &Platform::host(), &Registries::default(), &|_| {}))
}

#[test]
fn what_is_pushed_is_pulled_the_same() {
    require!(Root);
    let (source, image, server) = pushed();
    let target = Sandbox::new();
    let seen = Mutex::new(Vec::new());
    let name = reference(server.address, "app:1");
    let note = |progress| seen.lock().expect("lock").push(progress);
    let pulled =
        run(pull(&target.store, &name, &Platform::host(), &Registries::default(), &note)).expect("pulled");
    assert_eq!(pulled, image);
    let file = |store: &Store| fs::read(store.layer_paths(&pulled)[0].join("file")).expect("there");
    assert_eq!(file(&target.store), file(&source.store));
    let done = seen
        .lock()
        .expect("lock")
        .iter()
        .filter(|p| matches!(p, Progress::Done { existed: false, .. }))
        .count();
    assert_eq!(done, 2);
    let by_digest = format!("app@{}", image.manifest);
    assert_eq!(pull_from(&server, &target.store, &by_digest).expect("pulled by digest"), image);
}

#[test]
fn a_pulled_image_is_pushed_byte_for_byte() {
    require!(Root);
    let (_source, image, server) = pushed();
    let (target, other) = (Sandbox::new(), Server::start(Mood::default()));
    let pulled = pull_from(&server, &target.store, "app:1").expect("pulled");
    let name = reference(other.address, "copy:1");
    let digest = run(push(&target.store, &pulled, &name, &Registries::default(), &|_| {})).expect("pushed");
    assert_eq!(digest, image.manifest);
}

#[test]
fn an_upload_in_pieces_goes_on_where_the_registry_says_it_broke_off() {
    require!(Root);
    let source = Sandbox::new();
    let server = Server::start(Mood { halves: AtomicU32::new(2), ..Mood::default() });
    let settings = source.store.layout().data().join("registries.toml");
    fs::write(settings, "largest-request = 50000\n").expect("written");
    let registries = Registries::load(source.store.layout(), &|_| None).expect("loaded");
    let (image, name) = (source.image_of(&[100_000]), reference(server.address, "app:1"));
    run(push(&source.store, &image, &name, &registries, &|_| {})).expect("pushed");
    assert_eq!(server.questions(), 2);
    assert_eq!(pull_from(&server, &Sandbox::new().store, "app:1").expect("pulled").id, image.id);
}

#[test]
fn layers_that_only_their_vendor_gives_away_are_refused() {
    require!(Root);
    let (_source, _, server) = pushed();
    let server = server.with(Mood { is_vendor: true, ..Mood::default() });
    let target = Sandbox::new();
    let error = pull_from(&server, &target.store, "app:1").expect_err("refused");
    assert!(super::error::one_line(&error).contains("is foreign"), "{error}");
    assert!(target.store.list().expect("listed").is_empty());
}

#[test]
fn a_moment_of_unavailability_is_waited_out() {
    require!(Root);
    let (_source, image, server) = pushed();
    let server = server.with(Mood { unavailable: AtomicU32::new(2), ..Mood::default() });
    assert_eq!(pull_from(&server, &Sandbox::new().store, "app:1").expect("pulled"), image);
}

#[test]
fn a_broken_transfer_goes_on_where_it_stopped() {
    require!(Root);
    let (_source, image, server) = pushed();
    let server = server.with(Mood { breaks_after: Some(150_000), ..Mood::default() });
    assert_eq!(pull_from(&server, &Sandbox::new().store, "app:1").expect("pulled"), image);
}

#[test]
fn a_corrupt_registry_leaves_nothing() {
    require!(Root);
    let (_source, image, server) = pushed();
    let server = server.with(Mood { corrupts: true, ..Mood::default() });
    let target = Sandbox::new();
    let error = pull_from(&server, &target.store, "app:1").expect_err("refused");
    assert!(matches!(error, PullError::Registry { .. } | PullError::Store { .. }));
    assert!(target.store.list().expect("listed").is_empty());
    assert!(!target.store.has_layer(&image.layers[0]));
}

#[test]
fn a_missing_image_is_quoted_and_a_missing_registry_named() {
    let server = Server::start(Mood::default());
    let target = Sandbox::new();
    let error = pull_from(&server, &target.store, "no/such:1").expect_err("missing");
    let text = super::error::one_line(&error);
    assert!(text.contains("no/such:1") && text.contains("manifest unknown"), "{text}");
    let free = TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("bound");
    let name = reference(free, "app:1");
    let down = run(pull(&target.store, &name, &Platform::host(), &Registries::default(), &|_| {}));
    let text = super::error::one_line(&down.expect_err("down"));
    assert!(text.contains("refuses the connection") && text.contains(&free.to_string()), "{text}");
    let limit = Duration::from_secs(3);
    assert!(run(is_reachable(&Registries::default(), &reference(server.address, "app"), limit)));
    assert!(!run(is_reachable(&Registries::default(), &name, limit)));
}
