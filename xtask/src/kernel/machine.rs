//! The machine: started, listened to, and ended if it takes too long.

use super::Kernel;
use super::disk::Disk;
use crate::program::Program;
use crate::seed::Registry;
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Errors of the kernel's own stay off the serial line: it says one for each overlay that is tried another way.
const PARAMETERS: &str = "console=ttyS0 loglevel=3 panic=-1 rdinit=/init cgroup_no_v1=all";
/// Where qemu's own network has the host's loopback.
const HOST: &str = "10.0.2.2";

/// What the machine said, and how long it ran.
pub(super) struct Output {
    pub(super) text: String,
    pub(super) duration: Duration,
}

/// Boots `kernel` and returns what it prints until it powers off.
///
/// It is emulated (`tcg`): a host that is itself virtual may offer KVM and then not get past the boot loader.
pub(super) fn run(kernel: &Kernel, disk: &Disk, registry: &Registry) -> Result<Output> {
    println!("booting {}", kernel.release);
    let start = Instant::now();
    let seconds = PATIENCE.as_secs().to_string();
    // What the kernel does not know it hands to its first process as variables (bootparam(7)).
    let port = registry.address.port();
    let parameters = format!("{PARAMETERS} LIGHTER_REGISTRY_MIRROR=http://{HOST}:{port}");
    let mut machine = Program::as_root("timeout")
        .args([&seconds, "qemu-system-x86_64", "-accel", "tcg,thread=multi"])
        .args(["-cpu", "max", "-smp", "2", "-m", "2G", "-nographic", "-no-reboot"])
        .args(["-nic", "user,model=virtio-net-pci", "-append", &parameters, "-kernel"])
        .arg(kernel.image())
        .arg("-initrd")
        .arg(&disk.initramfs)
        .arg("-drive")
        .arg(format!("file={},format=raw,if=virtio,cache=unsafe", disk.image.display()))
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start qemu-system-x86_64")?;
    let serial = machine.stdout.take().context("the serial line is not connected")?;
    let mut text = String::new();
    for line in BufReader::new(serial).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        println!("  | {line}");
        text.push_str(&line);
        text.push('\n');
    }
    let status = machine.wait()?;
    if !status.success() {
        bail!("the machine did not power off within {PATIENCE:?}: {status}");
    }
    Ok(Output { text, duration: start.elapsed() })
}
