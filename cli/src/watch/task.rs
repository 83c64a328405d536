//! What takes its time: builds, restarts and commands. Each is a run of this same program, so that it
//! does exactly what the user's own command would do, and can be broken off as one.

use super::rule::Rule;
use super::schedule::Task;
use crate::args::GlobalArguments;
use compose::model::Hook;
use engine_spec::{ProjectName, ServiceName};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::process::{Child, Command};

/// How the program is called for a project.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The options before the command.
    globals: Vec<OsString>,
    /// Whether what the runs print is kept back unless they fail.
    is_quiet: bool,
}

/// The run that goes on in a service, if one does, for whoever wants to break it off.
#[derive(Debug, Clone, Default)]
pub(super) struct Running(Arc<Mutex<State>>);

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Idle,
    Runs(Pid),
    /// No further run begins.
    Cancelled,
}

/// The arguments of a run, after the options that choose the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) is_done: bool,
    /// What a quiet run that failed had printed.
    pub(super) output: String,
}

impl Caller {
    /// For the project that `global` chooses, whatever its name comes from.
    pub(super) fn new(global: &GlobalArguments, project: &ProjectName, is_quiet: bool) -> Self {
        Self { globals: global.for_project(project), is_quiet }
    }

    /// The runs that a task is; commands are run in each of `replicas`.
    pub(super) fn lines(
        &self,
        service: &ServiceName,
        task: &Task,
        rules: &[Rule],
        replicas: &[u32],
    ) -> Vec<Line> {
        let line = |words: &[&str]| Line {
            arguments: words.iter().map(|&word| word.to_owned()).collect(),
            environment: BTreeMap::new(),
        };
        match task {
            Task::Rebuild { .. } => {
                vec![line(&["up", "--detach", "--build", "--no-deps", service.as_str()])]
            }
            Task::Restart { .. } => vec![line(&["restart", service.as_str()])],
            Task::Exec { rules: numbers } => {
                let hooks = numbers.iter().filter_map(|number| rules.get(*number)?.exec.as_ref());
                hooks.flat_map(|hook| replicas.iter().map(|replica| exec(service, hook, *replica))).collect()
            }
        }
    }

    /// Brings the whole project, or some services of it, into line with the file.
    pub(super) fn up(&self, services: &[ServiceName]) -> Line {
        let words = ["up", "--detach"].map(str::to_owned).into_iter();
        let services = services.iter().map(ToString::to_string);
        Line { arguments: words.chain(services).collect(), environment: BTreeMap::new() }
    }

    /// Begins a run of the program.
    fn start(&self, line: &Line) -> io::Result<Child> {
        let mut command = Command::new("/proc/self/exe");
        command.args(&self.globals).args(["--progress", "plain"]).args(&line.arguments);
        command.envs(&line.environment).stdin(Stdio::null());
        if self.is_quiet {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        // A Ctrl-C is ours, and reaches the run when we pass it on.
        command.process_group(0).spawn()
    }
}

impl Running {
    /// Asks the run to stop, as a Ctrl-C would. One that has ended meanwhile is not waited for yet, so
    /// the number is still its own.
    pub(super) fn cancel(&self) {
        if let State::Runs(pid) = self.replace(State::Cancelled) {
            let _ = kill(pid, Signal::SIGINT);
        }
    }

    fn state(&self) -> State {
        // A state is whole whatever its last holder was doing.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, state: State) -> State {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), state)
    }

    fn runs(&self, child: &Child) {
        if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
            self.replace(State::Runs(Pid::from_raw(pid)));
        }
    }

    /// Between two runs.
    fn rest(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Runs(_)) {
            *state = State::Idle;
        }
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.state(), State::Cancelled)
    }
}

/// Runs `lines` one after the other until one fails or they are broken off.
pub(super) async fn run_all(caller: &Caller, lines: Vec<Line>, running: &Running) -> Ended {
    for line in lines {
        if running.is_cancelled() {
            return Ended { is_done: false, output: String::new() };
        }
        let child = match caller.start(&line) {
            Ok(child) => child,
            Err(error) => return Ended { is_done: false, output: error.to_string() },
        };
        running.runs(&child);
        let ended = wait(child).await;
        if !ended.is_done {
            return ended;
        }
        running.rest();
    }
    Ended { is_done: !running.is_cancelled(), output: String::new() }
}

/// Waits for the run's end.
async fn wait(child: Child) -> Ended {
    match child.wait_with_output().await {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            let output_text = String::from_utf8_lossy(&text).into_owned();
            Ended { is_done: output.status.success(), output: output_text }
        }
        Err(error) => Ended { is_done: false, output: error.to_string() },
    }
}

/// The run of a rule's command in one replica. Values travel in the environment, where no other user
/// of the host sees them.
fn exec(service: &ServiceName, hook: &Hook, replica: u32) -> Line {
    let mut arguments: Vec<String> = vec!["exec".into(), "-T".into(), "--index".into(), replica.to_string()];
    let mut option = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
    hook.user.iter().for_each(|user| option("--user", user));
    hook.working_dir.iter().for_each(|folder| option("--workdir", folder));
    hook.environment.keys().for_each(|name| option("--env", name));
    if hook.privileged {
        arguments.push("--privileged".to_owned());
    }
    arguments.push(service.to_string());
    arguments.extend(hook.command.iter().cloned());
    let values = hook.environment.iter();
    let environment = values.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    Line { arguments, environment }
}
