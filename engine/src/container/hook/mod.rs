//! Hooks: commands that run inside a container at turning points of its life.

mod listener;

use super::exec::{self, ExecError, ExecSpec};
use super::{DetachKeys, End, Streams};
use crate::state::Layout;
use engine_spec::{ContainerName, HookSpec};
use listener::Listener;
use std::io;

/// A hook failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// What it writes could not be heard.
    #[error("cannot hear what a hook writes")]
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

/// Runs a hook in a container that runs, and waits for its end. `heard` is called with each line that
/// it writes, as it is written, without the line's end.
///
/// # Errors
/// Says with which exit code it ended, and what it wrote.
pub fn run_hook(
    layout: &Layout,
    name: &ContainerName,
    hook: &HookSpec,
    heard: &(dyn Fn(&str) + Sync),
) -> Result<(), HookError> {
    let (listener, pens) = Listener::new().map_err(HookError::Output)?;
    let keys = DetachKeys::default();
    let (ended, last_lines) = std::thread::scope(|scope| {
        let listening = scope.spawn(|| listener.listen(heard));
        let streams = Streams {
            stdin: None,
            stdout: pens.stdout(),
            stderr: pens.stderr(),
            resized: None,
            detach_keys: &keys,
        };
        let ended = exec::run(layout, name, &process(hook), streams);
        drop(pens);
        (ended, listening.join().expect("the listener does not panic"))
    });
    let exit_code = match ended {
        Ok(End::Exited { exit_code }) => exit_code.unwrap_or(-1),
        Ok(End::Detached) => 0,
        Err(error) => error.exit_code().ok_or(error)?,
    };
    if exit_code == 0 {
        return Ok(());
    }
    Err(HookError::Failed { exit_code, stderr: last_lines.map_err(HookError::Output)? })
}

fn process(hook: &HookSpec) -> ExecSpec {
    let variable = |(key, value): (&String, &Option<String>)| Some(format!("{key}={}", value.as_ref()?));
    ExecSpec {
        arguments: hook.command.clone(),
        environment: hook.environment.iter().filter_map(variable).collect(),
        working_dir: hook.working_dir.clone(),
        user: hook.user.clone(),
        privileged: hook.privileged,
        tty: false,
        detach: false,
    }
}
