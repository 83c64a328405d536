//! Debian's `docker-registry`, run by a test for itself on loopback.

use crate::Folder;
use crate::wait::eventually;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The one user that a guarded registry knows.
pub const USER: &str = "tester";
/// Their password.
pub const PASSWORD: &str = "correct horse";
/// The same as the registry has it (bcrypt).
const PASSWORD_HASH: &str = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Guarded,
    SelfSigned,
}

/// A registry; it ends with the value, and its images with it.
#[derive(Debug)]
pub struct RegistryServer {
    folder: Folder,
    address: SocketAddr,
    program: PathBuf,
    child: Option<Child>,
}

impl RegistryServer {
    /// Starts one that anybody may use, without TLS.
    ///
    /// # Panics
    /// Unless `require!(Registry)` holds.
    #[must_use]
    pub fn plain() -> Self {
        Self::start(Kind::Plain)
    }

    /// Starts one with TLS that lets only [`USER`] in.
    ///
    /// # Panics
    /// Unless `require!(Registry)` holds.
    #[must_use]
    pub fn guarded() -> Self {
        Self::start(Kind::Guarded)
    }

    /// Starts one with TLS whose certificate is its own authority.
    ///
    /// # Panics
    /// Unless `require!(Registry)` holds.
    #[must_use]
    pub fn self_signed() -> Self {
        Self::start(Kind::SelfSigned)
    }

    fn start(kind: Kind) -> Self {
        let folder = Folder::new("registry");
        let program = std::env::var_os("LIGHTER_TEST_REGISTRY").expect("LIGHTER_TEST_REGISTRY is set").into();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        let mut server = Self { folder, address, program, child: None };
        server.configure(kind);
        server.resume();
        server
    }

    fn configure(&self, kind: Kind) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut http = format!("http:\n  addr: \"{}\"\n", self.address);
        match kind {
            Kind::Plain => {}
            Kind::Guarded => make_certificate(self.folder.path()),
            Kind::SelfSigned => make_own_certificate(self.folder.path()),
        }
        if kind != Kind::Plain {
            let (certificate, key) = (path("registry.crt"), path("registry.key"));
            http += &format!("  tls: {{certificate: \"{certificate}\", key: \"{key}\"}}\n");
        }
        if kind == Kind::Guarded {
            self.folder.write("htpasswd", format!("{USER}:{PASSWORD_HASH}\n"));
            http += &format!("auth:\n  htpasswd: {{realm: test, path: \"{}\"}}\n", path("htpasswd"));
        }
        let storage = format!("storage:\n  filesystem: {{rootdirectory: \"{}\"}}\n", path("data"));
        self.folder.write("registry.yml", format!("version: 0.1\nlog: {{level: warn}}\n{http}{storage}"));
    }

    /// `127.0.0.1:5000`
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority of one with TLS.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Kills it, in whatever it is doing.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the registry runs");
        child.kill().expect("the registry can be killed");
        child.wait().expect("the registry has ended");
    }

    /// Starts it again at the same address with what it has.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn resume(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log can be made");
        let child = Command::new(&self.program)
            .arg("serve")
            .arg(self.folder.path().join("registry.yml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log is open"))
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("the registry can be started"));
        let answers = || TcpStream::connect(self.address).ok().map(drop);
        assert!(eventually(answers).is_some(), "the registry does not answer");
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// An authority, and a certificate that it has signed.
fn make_certificate(folder: &Path) {
    openssl(folder, "ca", &["-subj", "/CN=authority", "-addext", "basicConstraints=critical,CA:TRUE"]);
    let (authority, key) = (folder.join("ca.crt"), folder.join("ca.key"));
    let signed_by = ["-CA", &authority.display().to_string(), "-CAkey", &key.display().to_string()];
    let subject = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"];
    let is_no_authority = ["-addext", "basicConstraints=critical,CA:FALSE"];
    openssl(folder, "registry", &[&signed_by[..], &subject, &is_no_authority].concat());
}

/// A certificate that has signed itself and says that it is an authority, as `openssl req -x509` makes them.
fn make_own_certificate(folder: &Path) {
    let subject = ["-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1"];
    openssl(folder, "registry", &subject);
    std::fs::copy(folder.join("registry.crt"), folder.join("ca.crt")).expect("copied");
}

/// Makes `name`.crt and `name`.key.
fn openssl(folder: &Path, name: &str, options: &[&str]) {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2"])
        .args(options)
        .arg("-keyout")
        .arg(folder.join(format!("{name}.key")))
        .arg("-out")
        .arg(folder.join(format!("{name}.crt")))
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
