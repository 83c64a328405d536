//! Push and pull against a small registry in this process, which can be told to misbehave.

use super::{Progress, PullError, Registries, is_reachable, pull, push};
use crate::image::layer::Hasher;
use crate::image::{Configuration, Image, Store};
use crate::require;
use crate::state::Layout;
use engine_spec::{ImageReference, Platform};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the registry misbehaves.
#[derive(Default)]
struct Mood {
    /// Asks for a token first.
    wants_token: bool,
    /// Answers so many requests with 503.
    unavailable: AtomicU32,
    /// Breaks off each blob after so many bytes.
    breaks_after: Option<usize>,
    /// Changes one byte of each blob.
    corrupts: bool,
}

/// Blobs and manifests by path, served on loopback until the process ends.
struct Server {
    address: SocketAddr,
    content: Mutex<HashMap<String, Vec<u8>>>,
    mood: Mood,
}

struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Server {
    fn start(mood: Mood) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("bound");
        let server = Arc::new(Self { address, content: Mutex::default(), mood });
        let serving = Arc::clone(&server);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = Arc::clone(&serving);
                thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    fn with(self: &Arc<Self>, mood: Mood) -> Arc<Self> {
        let other = Self::start(mood);
        other.content.lock().expect("lock").clone_from(&self.content.lock().expect("lock"));
        other
    }

    /// One request, then the connection is closed.
    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read_request(&stream) else { return };
        let (status, headers, body) = self.answer(&request);
        let mut head =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            head += &format!("{header}\r\n");
        }
        let is_blob = request.path.contains("/blobs/sha256");
        let end = self.mood.breaks_after.filter(|_| is_blob).unwrap_or(body.len()).min(body.len());
        let _ = stream.write_all(format!("{head}\r\n").as_bytes());
        if request.method != "HEAD" {
            let _ = stream.write_all(&body[..end]);
        }
    }

    fn answer(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        if request.path.starts_with("/token") {
            return ("200 OK", vec![], br#"{"token":"secret"}"#.to_vec());
        }
        if self.mood.wants_token && request.headers.get("authorization").is_none_or(|a| a != "Bearer secret")
        {
            let challenge =
                format!("Www-Authenticate: Bearer realm=\"http://{}/token\",service=\"s\"", self.address);
            return ("401 Unauthorized", vec![challenge], vec![]);
        }
        let left = &self.mood.unavailable;
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            return ("503 Service Unavailable", vec![], vec![]);
        }
        match request.method.as_str() {
            "POST" => ("202 Accepted", vec!["Location: /upload?state=1".to_owned()], vec![]),
            "PUT" => self.put(request),
            _ => self.get(request),
        }
    }

    fn put(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        let mut content = self.content.lock().expect("lock");
        if let Some((_, digest)) = request.path.split_once("digest=") {
            content.insert(digest.replace("%3A", ":"), request.body.clone());
        } else {
            let name = request.path.rsplit('/').next().unwrap_or_default();
            content.insert(name.to_owned(), request.body.clone());
            content.insert(Hasher::sha256(&request.body).to_string(), request.body.clone());
        }
        ("201 Created", vec![], vec![])
    }

    fn get(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let Some(mut body) = self.content.lock().expect("lock").get(name).cloned() else {
            let unknown = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
            return ("404 Not Found", vec![], unknown.to_vec());
        };
        if self.mood.corrupts && request.path.contains("/blobs/") {
            body[0] ^= 1;
        }
        let start = request
            .headers
            .get("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        match start {
            Some(start) => ("206 Partial Content", vec![], body.split_off(start)),
            None => ("200 OK", vec![], body),
        }
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}

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
        let mut configuration = Configuration::scratch(Platform::host());
        for size in [10_u32, 100_000] {
            let upper = self.root.join("upper");
            fs::create_dir(&upper).expect("created");
            // Text that does not compress to nothing.
            let text: String =
                (0..size).map(|number| (number.wrapping_mul(2_654_435_761)).to_string()).collect();
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
fn a_token_is_fetched_when_asked_for() {
    require!(Root);
    let (_source, image, server) = pushed();
    let server = server.with(Mood { wants_token: true, ..Mood::default() });
    assert_eq!(pull_from(&server, &Sandbox::new().store, "app:1").expect("pulled"), image);
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
