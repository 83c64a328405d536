//! `cargo xtask demo`: from a fresh machine to a page that counts its visitors.

use crate::program::{Program, is_root};
use crate::seed::{self, public};
use crate::{apt, build, http, workspace};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const USUAL_PORT: u16 = 8080;
const SERVICE: &str = "flask-demo";
const PAGE_PATIENCE: Duration = Duration::from_secs(20);

/// The verb.
pub(crate) fn main() -> Result<()> {
    let start = Instant::now();
    apt::install(&["ca-certificates", "curl"])?;
    let binary = build_and_seed()?;
    let stack = Stack { binary, folder: workspace::root().join("examples/flask-redis") };
    let port = stack.port()?;
    println!("\n$ cd {} && WEB_PORT={port} lighter up -d --build", stack.folder.display());
    stack.lighter(port).args(["up", "-d", "--build"]).run()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    for _ in 0..2 {
        println!("\n$ curl http://{address}");
        print!("{}", http::get_within(address, "/", PAGE_PATIENCE)?.body);
    }
    println!("\n$ lighter ps");
    stack.lighter(port).arg("ps").run()?;
    stack.explain(port);
    println!("\nfrom nothing to here: {:.0?}", start.elapsed());
    Ok(())
}

/// The binary, and base images where it finds them.
fn build_and_seed() -> Result<PathBuf> {
    if public::is_reachable()? {
        println!("a public registry answers: its images are used");
        return build::build();
    }
    println!("no public registry answers: the base images are made of Debian packages");
    // Making root file systems mostly waits for the network, building for the processor.
    let (binary, files) = std::thread::scope(|scope| {
        let files = scope.spawn(seed::prepare);
        let binary = build::build();
        (binary, files.join().expect("seeding does not panic"))
    });
    let binary = binary?;
    let registry = seed::publish(&binary, &files?)?;
    seed::use_as_mirror(&registry)?;
    Ok(binary)
}

/// The example and the binary that runs it.
struct Stack {
    binary: PathBuf,
    folder: PathBuf,
}

/// What `ps --format json` says of a container, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    service: String,
    #[serde(default)]
    publishers: Vec<Publisher>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publisher {
    published_port: u16,
}

impl Stack {
    fn lighter(&self, port: u16) -> Program {
        Program::as_root(&self.binary).env("WEB_PORT", port.to_string()).folder(&self.folder)
    }

    /// The port the stack has from an earlier run, else the usual one, else a free one.
    fn port(&self) -> Result<u16> {
        if let Some(port) = self.published_port()? {
            return Ok(port);
        }
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, USUAL_PORT))
            .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
            .context("no port is free")?;
        let port = listener.local_addr()?.port();
        if port != USUAL_PORT {
            println!("port {USUAL_PORT} is taken; using {port}");
        }
        Ok(port)
    }

    fn published_port(&self) -> Result<Option<u16>> {
        let rows = self.lighter(USUAL_PORT).args(["ps", "--format", "json"]).read()?;
        let rows = rows.lines().filter_map(|line| serde_json::from_str::<Row>(line).ok());
        let mut of_service = rows.filter(|row| row.service == SERVICE);
        let publisher = of_service.next().and_then(|row| row.publishers.into_iter().next());
        Ok(publisher.map(|publisher| publisher.published_port).filter(|port| *port != 0))
    }

    fn explain(&self, port: u16) {
        let sudo = if is_root() { "" } else { "sudo " };
        let alias = format!("{sudo}{}", shown(&self.binary));
        println!(
            "\nThe page is at http://localhost:{port}.\n\
             To go on:\n  alias lighter='{alias}'\n  cd {folder}{port_setting}\n\
             Stop it:  lighter down        (with -v the count is forgotten too)\n\
             Try next: lighter logs -f     (then load the page)\n          \
             lighter exec flask-demo sh\n          \
             edit docker/app.py, then: lighter up -d --build\n          \
             lighter --help",
            folder = shown(&self.folder),
            port_setting =
                if port == USUAL_PORT { String::new() } else { format!("\n  export WEB_PORT={port}") },
        );
    }
}

fn shown(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
