//! Hooks: commands that run inside a container at turning points of its life.

use super::exec::{self, ExecError, ExecSpec};
use super::{DetachKeys, End, Streams};
use crate::state::Layout;
use engine_spec::{ContainerName, HookSpec};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;

/// How much of a hook's complaint is told.
const SHOWN_LINES: usize = 10;

/// A hook failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// Its output could not be kept.
    #[error("cannot keep the output of a hook")]
    Output(#[source] io::Error),
    /// It could not be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// It ended with another exit code than 0.
    #[error("hook exited with status {exit_code}{}{stderr}", if stderr.is_empty() { "" } else { ": " })]
    Failed {
        /// The exit code.
        exit_code: i32,
        /// The last lines it wrote to standard error.
        stderr: String,
    },
}

/// Runs a hook in a container that runs, and waits for its end.
///
/// # Errors
/// Says with which exit code it ended, and what it wrote.
pub fn run_hook(layout: &Layout, name: &ContainerName, hook: &HookSpec) -> Result<(), HookError> {
    let variable = |(key, value): (&String, &Option<String>)| Some(format!("{key}={}", value.as_ref()?));
    let process = ExecSpec {
        arguments: hook.command.clone(),
        environment: hook.environment.iter().filter_map(variable).collect(),
        working_dir: hook.working_dir.clone(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        tty: false,
        detach: false,
    };
    let output = |error: nix::errno::Errno| HookError::Output(error.into());
    let mut stderr = File::from(memfd_create("hook", MFdFlags::MFD_CLOEXEC).map_err(output)?);
    let null = File::options().write(true).open("/dev/null").map_err(HookError::Output)?;
    let streams = Streams {
        stdin: None,
        stdout: null.as_fd(),
        stderr: stderr.as_fd(),
        resized: None,
        detach_keys: &DetachKeys::default(),
    };
    let exit_code = match exec::run(layout, name, &process, streams) {
        Ok(End::Exited { exit_code }) => exit_code.unwrap_or(-1),
        Ok(End::Detached) => 0,
        Err(error) => error.exit_code().ok_or(error)?,
    };
    if exit_code == 0 {
        return Ok(());
    }
    Err(HookError::Failed { exit_code, stderr: last_lines(&mut stderr).map_err(HookError::Output)? })
}

fn last_lines(output: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"))
}
