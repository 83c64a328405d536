//! A machine of a test's own, as far as networks go: firewalls, routes and kernel settings of it may be
//! changed at will.
//!
//! ```text
//! neighbour 198.18.N.2/30 ── eth0   uplink ── 198.18.N.1/30 machine (lighter runs here)
//! ```

use crate::host;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

static COUNT: AtomicU8 = AtomicU8::new(0);

/// Two network namespaces with a link between them: a machine and its neighbour, to which all its routes lead.
#[derive(Debug)]
pub struct Machine {
    name: String,
    number: u8,
}

impl Machine {
    /// Makes one.
    ///
    /// # Panics
    /// Unless `require!(Root, Ip)` holds.
    #[must_use]
    pub fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lt{}x{count}", std::process::id());
        // One network per process and machine: a run that was killed leaves its own behind.
        let number = std::process::id().to_le_bytes()[0].wrapping_mul(8).wrapping_add(count);
        let machine = Self { name, number };
        let (own, other) = (machine.name.clone(), machine.neighbour_name());
        for namespace in [&own, &other] {
            host::run("ip", &["netns", "add", namespace]);
            host::run("ip", &["-n", namespace, "link", "set", "lo", "up"]);
        }
        let peer = ["type", "veth", "peer", "name", "eth0", "netns", &other];
        host::run("ip", &[&["-n", &own, "link", "add", "uplink"], &peer[..]].concat());
        for (namespace, link, address) in
            [(&own, "uplink", machine.address()), (&other, "eth0", machine.neighbour())]
        {
            host::run("ip", &["-n", namespace, "address", "add", &format!("{address}/30"), "dev", link]);
            host::run("ip", &["-n", namespace, "link", "set", link, "up"]);
        }
        let via = machine.neighbour().to_string();
        host::run("ip", &["-n", &own, "route", "add", "default", "via", &via]);
        machine
    }

    /// Its address on the link.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address_of(1)
    }

    /// The neighbour's.
    #[must_use]
    pub fn neighbour(&self) -> IpAddr {
        self.address_of(2)
    }

    /// In the network set aside for trials (RFC 2544).
    fn address_of(&self, end: u8) -> IpAddr {
        IpAddr::from([198, 18, self.number, end])
    }

    fn neighbour_name(&self) -> String {
        format!("{}n", self.name)
    }

    /// Where its network can be entered.
    #[must_use]
    pub fn network(&self) -> PathBuf {
        PathBuf::from(format!("/run/netns/{}", self.name))
    }

    /// Where its neighbour's can be.
    #[must_use]
    pub fn neighbour_network(&self) -> PathBuf {
        PathBuf::from(format!("/run/netns/{}", self.neighbour_name()))
    }

    /// Runs a shell command on the machine and returns what it printed.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        host::run("nsenter", &[&namespace(&self.name), "sh", "-c", script])
    }

    /// The same at the neighbour.
    #[track_caller]
    pub fn neighbour_shell(&self, script: &str) -> String {
        host::run("nsenter", &[&namespace(&self.neighbour_name()), "sh", "-c", script])
    }

    /// Starts a program on the machine that ends with the value returned.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(&self, line: &[&str]) -> Running {
        Running::begin(inside(&self.name, line[0]), &line[1..])
    }

    /// The same at the neighbour.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_at_neighbour(&self, line: &[&str]) -> Running {
        Running::begin(inside(&self.neighbour_name(), line[0]), &line[1..])
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for namespace in [&self.name, &self.neighbour_name()] {
            // What cannot be removed is found by the snapshots of other tests.
            let _ = Command::new("ip").args(["netns", "delete", namespace]).output();
        }
    }
}

/// A program that ends with this value.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts it on the machine that the tests run on.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        Self::begin(Command::new(program), arguments)
    }

    fn begin(mut command: Command, arguments: &[&str]) -> Self {
        let command =
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("a program can be started"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn namespace(name: &str) -> String {
    format!("--net=/run/netns/{name}")
}

fn inside(name: &str, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.args([&namespace(name), program]);
    command
}
