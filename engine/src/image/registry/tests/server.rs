//! A small registry in this process, which can be told to misbehave.

use crate::image::layer::Hasher;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the registry misbehaves.
#[derive(Default)]
pub(super) struct Mood {
    /// Asks for a token first, and for a new one after so many requests.
    pub(super) token_lasts: Option<u32>,
    /// Has layers that only their vendor may give away.
    pub(super) is_vendor: bool,
    /// Answers so many requests with 503.
    pub(super) unavailable: AtomicU32,
    /// Breaks off each blob after so many bytes.
    pub(super) breaks_after: Option<usize>,
    /// Takes in half of so many pieces of an upload, and fails.
    pub(super) halves: AtomicU32,
    /// Changes one byte of each blob.
    pub(super) corrupts: bool,
}

/// Blobs and manifests by path, served on loopback until the process ends.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    content: Mutex<HashMap<String, Vec<u8>>>,
    mood: Mood,
    /// Requests that each token was shown with.
    shown: Mutex<HashMap<String, u32>>,
    /// Blobs that are being sent in pieces, as far as they have come; and how often it was asked how far.
    upload: Mutex<(Vec<u8>, u32)>,
    /// What was asked of the place that gives tokens.
    pub(super) tokens: Mutex<Vec<String>>,
}

struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Server {
    pub(super) fn start(mood: Mood) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("bound");
        let (content, tokens) = (Mutex::default(), Mutex::default());
        let server = Arc::new(Self {
            address,
            content,
            mood,
            shown: Mutex::default(),
            upload: Mutex::default(),
            tokens,
        });
        let serving = Arc::clone(&server);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = Arc::clone(&serving);
                thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    pub(super) fn with(self: &Arc<Self>, mood: Mood) -> Arc<Self> {
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
            return self.give_token(request);
        }
        if !self.is_let_in(request) {
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
            "PATCH" => self.take_piece(request),
            "PUT" => self.put(request),
            "GET" if request.path.starts_with("/upload") => self.tell_how_far(),
            _ => self.get(request),
        }
    }

    /// The number of the token is its name.
    fn give_token(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        let mut tokens = self.tokens.lock().expect("lock");
        let shown = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
        let body = String::from_utf8_lossy(&request.body);
        tokens.push(format!("{} {} {shown} {body}", request.method, request.path));
        ("200 OK", vec![], format!("{{\"access_token\":\"{}\"}}", tokens.len()).into_bytes())
    }

    fn is_let_in(&self, request: &Request) -> bool {
        let Some(lasts) = self.mood.token_lasts else { return true };
        let token = request.headers.get("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
        let given = self.tokens.lock().expect("lock").len();
        let Some(token) = token.filter(|token| token.parse().is_ok_and(|token: usize| token <= given)) else {
            return false;
        };
        let mut shown = self.shown.lock().expect("lock");
        let count = shown.entry(token.to_owned()).or_default();
        *count += 1;
        *count <= lasts
    }

    fn take_piece(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        let mut upload = self.upload.lock().expect("lock");
        let left = &self.mood.halves;
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            upload.0.extend_from_slice(&request.body[..request.body.len() / 2]);
            return ("500 Internal Server Error", vec![], vec![]);
        }
        let start =
            request.headers.get("content-range").and_then(|range| range.split('-').next()?.parse().ok());
        assert_eq!(start, Some(upload.0.len()), "no byte twice, none left out");
        upload.0.extend_from_slice(&request.body);
        ("202 Accepted", vec!["Location: /upload?state=2".to_owned()], vec![])
    }

    fn tell_how_far(&self) -> (&'static str, Vec<String>, Vec<u8>) {
        let mut upload = self.upload.lock().expect("lock");
        upload.1 += 1;
        let end = upload.0.len().saturating_sub(1);
        ("204 No Content", vec![format!("Range: 0-{end}"), "Location: /upload?state=3".to_owned()], vec![])
    }

    /// How often it was asked how far an upload has come.
    pub(super) fn questions(&self) -> u32 {
        self.upload.lock().expect("lock").1
    }

    fn put(&self, request: &Request) -> (&'static str, Vec<String>, Vec<u8>) {
        let mut content = self.content.lock().expect("lock");
        if let Some((_, digest)) = request.path.split_once("digest=") {
            let mut blob = std::mem::take(&mut self.upload.lock().expect("lock").0);
            blob.extend_from_slice(&request.body);
            content.insert(digest.replace("%3A", ":"), blob);
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
        if self.mood.is_vendor && request.path.contains("/manifests/") {
            let text = String::from_utf8_lossy(&body);
            body = text.replace("image.layer.v1", "image.layer.nondistributable.v1").into_bytes();
        }
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
