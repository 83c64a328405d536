//! The emulated machine: started, listened to, and ended if it takes too long.

use super::Kernel;
use super::disk::Disk;
use crate::program::Program;
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20 * 60);
const PARAMETERS: &str = "console=ttyS0 quiet panic=-1 rdinit=/init cgroup_no_v1=all";

/// What the machine said, and how long it ran.
pub(super) struct Output {
    pub(super) text: String,
    pub(super) duration: Duration,
}

/// Boots `kernel` and returns what it prints until it powers off.
///
/// It is emulated (`tcg`), so that it runs where nested virtualisation is not to be had.
pub(super) fn run(kernel: &Kernel, disk: &Disk) -> Result<Output> {
    println!("booting {}", kernel.release);
    let start = Instant::now();
    let seconds = PATIENCE.as_secs().to_string();
    let mut machine = Program::new("timeout")
        .args([&seconds, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"])
        .args(["-m", "2G", "-nographic", "-no-reboot", "-nic", "none", "-append", PARAMETERS, "-kernel"])
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
