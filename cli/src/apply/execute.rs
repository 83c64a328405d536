//! Carries a plan out: steps to threads, words to progress, changes to disk.

use crate::apply::notes;
use crate::apply::perform::{PerformError, perform};
use crate::apply::summary::Summary;
use crate::apply::walk::{Step, StepKind, Stopped, Tolerance, Undo, apply};
use crate::apply::words::{Words, words};
use crate::console::interrupt::Interrupt;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::last_words;
use crate::show::output;
use crate::show::progress::{Mark, Progress};
use compose::plan::{Node, Plan};
use engine::state::{Layout, sync_stage};
use engine_spec::{Action, ServiceName};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Actions spend most of their time in the kernel and in supervisors that begin: two per processor keep
/// all processors busy. Measured with 50 containers on two processors: 4 at a time take 0.65 s, 2 and
/// 16 take 0.8 s, 50 take 1.1 s, as they wait for the same kernel locks.
const STEPS_PER_PROCESSOR: usize = 2;

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    /// Whose engine does it.
    pub(crate) layout: Layout,
    /// Who is told.
    pub(crate) progress: Arc<Progress>,
    /// When waiting ends, if ever.
    pub(crate) deadline: Option<Instant>,
    /// What the command does in a word.
    activity: &'static str,
    /// When it began.
    began: Instant,
    /// How many steps work at a time; `None` is our choice.
    pub(crate) parallel: Option<usize>,
}

impl Execution {
    /// Carries plans out as the options before the command say.
    pub(crate) fn new(session: &Session, layout: &Layout, activity: &'static str) -> Self {
        Self {
            layout: layout.clone(),
            progress: Arc::new(Progress::new(&session.terminal, activity)),
            deadline: None,
            activity,
            began: Instant::now(),
            parallel: session
                .global
                .parallel
                .and_then(|limit| usize::try_from(limit).ok())
                .filter(|limit| *limit > 0),
        }
    }

    /// All that a command does, with what stays as it is at the beginning and what has changed at the end.
    pub(crate) fn carry_out(&self, plan: Plan) -> Result<(), CommandError> {
        notes::show(&plan.notes, &self.progress);
        let summary = Summary::of(&plan);
        let result = self.run(plan);
        self.progress.close();
        if let Err(CommandError::Steps(failures)) = &result {
            last_words::show(&self.layout, failures, &self.progress);
        }
        result?;
        if let Some(line) = summary.line(self.activity, self.began.elapsed()) {
            self.progress.message(&line);
        }
        Ok(())
    }

    /// Carries `plan` out to its end, and brings what it changed to disk. An empty plan still brings back
    /// what others took from the networks of what runs.
    pub(crate) fn run(&self, plan: Plan) -> Result<(), CommandError> {
        if plan.nodes.is_empty() {
            restore_networks(&self.layout);
            return Ok(());
        }
        with_runtime(async |interrupt| self.run_beside(plan, interrupt).await)
    }

    /// The same on a runtime that is there already.
    pub(crate) async fn run_beside(&self, plan: Plan, interrupt: &mut Interrupt) -> Result<(), CommandError> {
        if plan.nodes.iter().any(|node| matches!(node.action, Action::StartContainer { .. })) {
            restore_networks(&self.layout);
        }
        let is_durable = plan.nodes.iter().any(|node| is_durable(&node.action));
        let steps = steps(plan);
        let this = self.clone();
        let limit = self.parallel.unwrap_or_else(default_limit);
        let result = apply(steps, limit, interrupt, move |step: &Work| this.perform(step)).await;
        let result = result.map_err(|stop| stopped(stop, &self.progress));
        // What was done before a failure is to last as well.
        let synced = if is_durable { sync_stage(self.layout.data()) } else { Ok(()) };
        result.and_then(|()| Ok(synced?))
    }

    fn perform(&self, Work { node, words }: &Work) -> Result<(), PerformError> {
        let label = node.label.as_str();
        if let Some(word) = words.begin {
            self.progress.begin(label, word);
        }
        let _span = tracing::info_span!("action", step = label).entered();
        let heard = |line: &str| self.progress.message(line);
        match (perform(&self.layout, node, self.deadline, &heard), &node.action) {
            (Ok(()), _) => {
                if let Some(word) = words.end {
                    self.progress.end(label, Mark::Done, word);
                }
                Ok(())
            }
            (Err(error), Action::WaitContainer { optional: true, .. }) => {
                self.progress.end(label, Mark::Warning, "Skipped");
                tracing::warn!("optional {error}");
                Ok(())
            }
            (Err(error), _) => {
                self.progress.end(label, Mark::Failed, "Error");
                Err(error)
            }
        }
    }
}

/// Brings back what a boot or another program's firewall command took from networks, once for all
/// containers that run or are about to start. What cannot be brought back is told by the first that needs it.
pub(crate) fn restore_networks(layout: &Layout) {
    for network in engine::network::list(layout).unwrap_or_default() {
        if let Err(error) = engine::network::ensure(layout, &network.spec.name) {
            tracing::debug!(network = %network.spec.name, %error, "the network is not complete");
        }
    }
}

/// Carries out the plan of a command, or with `--dry-run` prints it; tells what is worth telling.
pub(crate) fn carry_out(
    session: &Session,
    layout: &Layout,
    plan: Plan,
    activity: &'static str,
) -> Result<(), CommandError> {
    carry_out_within(session, layout, plan, activity, None)
}

/// The same, with an end to waiting.
pub(crate) fn carry_out_within(
    session: &Session,
    layout: &Layout,
    plan: Plan,
    activity: &'static str,
    timeout: Option<Duration>,
) -> Result<(), CommandError> {
    if session.global.dry_run {
        return output::print(&plan.to_string());
    }
    let mut execution = Execution::new(session, layout, activity);
    execution.deadline = timeout.map(|timeout| Instant::now() + timeout);
    execution.carry_out(plan)
}

/// A node and what is said of it.
#[derive(Debug)]
struct Work {
    node: Node,
    words: Words,
}

impl Work {
    /// What takes a step back, without a word: the step's failure is what is told.
    fn undo(node: &Node, action: Action) -> Self {
        let node = Node { action, depends_on: Vec::new(), follows: Vec::new(), undo: None, ..node.clone() };
        Self { node, words: Words { begin: None, end: None } }
    }
}

fn steps(plan: Plan) -> Vec<Step<Work>> {
    let words = words(&plan);
    let services: BTreeSet<ServiceName> =
        plan.nodes.iter().filter_map(|node| Some(node.tolerance.as_ref()?.service.clone())).collect();
    let step = |(mut node, words): (Node, Words)| Step {
        after: node.depends_on.iter().map(|id| id.0).collect(),
        behind: node.follows.iter().map(|id| id.0).collect(),
        kind: kind(&node),
        undo: node.undo.take().map(|undo| Undo { until: undo.until.0, work: Work::undo(&node, undo.action) }),
        tolerance: node.tolerance.as_ref().map(|tolerance| Tolerance {
            group: services.iter().take_while(|service| **service != tolerance.service).count(),
            failures: tolerance.failures,
        }),
        work: Work { node, words },
    };
    plan.nodes.into_iter().zip(words).map(step).collect()
}

/// Stopping is waiting too: for the container to end.
fn kind(node: &Node) -> StepKind {
    match node.action {
        Action::StopContainer { .. } if node.undo.is_some() => StepKind::Stop,
        Action::DrainContainer { .. } | Action::RunHook { .. } => StepKind::Stop,
        Action::WaitContainer { .. } | Action::StopContainer { .. } | Action::Delay { .. } => StepKind::Wait,
        Action::CreateNetwork(_)
        | Action::RemoveNetwork { .. }
        | Action::CreateVolume(_)
        | Action::RemoveVolume { .. }
        | Action::CreateContainer { .. }
        | Action::StartContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::RenameContainer { .. }
        | Action::ActivateContainer { .. }
        | Action::UpdateContents { .. } => StepKind::Work,
    }
}

/// Whether an action changes what must outlive a loss of power.
fn is_durable(action: &Action) -> bool {
    match action {
        Action::StartContainer { .. }
        | Action::StopContainer { .. }
        | Action::WaitContainer { .. }
        | Action::RunHook { .. }
        | Action::Delay { .. } => false,
        Action::CreateNetwork(_)
        | Action::RemoveNetwork { .. }
        | Action::CreateVolume(_)
        | Action::RemoveVolume { .. }
        | Action::CreateContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::RenameContainer { .. }
        | Action::ActivateContainer { .. }
        | Action::DrainContainer { .. }
        | Action::UpdateContents { .. } => true,
    }
}

fn stopped(stopped: Stopped<PerformError>, progress: &Progress) -> CommandError {
    match stopped {
        Stopped::Failed(failures) => CommandError::Steps(failures),
        Stopped::Interrupted(failures) => {
            failures.iter().for_each(|failure| progress.warning(&failure.to_string()));
            CommandError::Interrupted
        }
    }
}

fn default_limit() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) * STEPS_PER_PROCESSOR
}

/// Runs `work` on a runtime of its own. Threads that only wait are left behind when it is over.
pub(crate) fn with_runtime<T>(
    work: impl AsyncFnOnce(&mut Interrupt) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = runtime().map_err(CommandError::Runtime)?;
    let result = runtime.block_on(async {
        let mut interrupt = Interrupt::listen().map_err(CommandError::Runtime)?;
        let result = work(&mut interrupt).await;
        interrupt.pass_on().await;
        result
    });
    runtime.shutdown_background();
    result
}

/// One thread drives, as many as needed block.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().max_blocking_threads(4096).build()
}
