//! Volumes of another machine, mounted by the host's sshfs.

use super::attach::AttachError;
use super::driver::Remote;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where sshfs is looked for: a supervisor has no environment.
const SSHFS: [&str; 2] = ["/usr/bin/sshfs", "/usr/local/bin/sshfs"];
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where ssh finds root's keys and known hosts.
const HOME: &str = "/root";

/// Mounts `remote` over the folder `data`.
pub(super) fn mount_over(remote: &Remote, data: &Path) -> Result<(), AttachError> {
    let program = SSHFS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(AttachError::NoSshfs)?;
    let mut command = Command::new(program);
    command.env_clear().env("PATH", SEARCH_PATH).env("HOME", HOME).arg(&remote.place).arg(data);
    // Users of the container are others than root, and a host that is not known yet is noted down.
    command.args(["-o", "allow_other", "-o", "StrictHostKeyChecking=accept-new"]);
    for option in &remote.options {
        command.args(["-o", option]);
    }
    if remote.password.is_some() {
        command.args(["-o", "password_stdin"]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let (Some(mut stdin), Some(password)) = (child.stdin.take(), &remote.password) {
        // One that has ended already says why itself.
        let _ = writeln!(stdin, "{password}");
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(AttachError::Sshfs { place: remote.place.clone(), said })
}
