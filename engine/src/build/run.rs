//! RUN: a command on top of the layers so far.

use super::config::{arguments, shell, working_dir};
use super::dockerfile::{Run, Step};
use super::draft::Draft;
use super::error::BuildError;
use super::output::Tail;
use super::permission::Owner;
use super::stage::{LayerStep, StageBuild, Trust, Workplace};
use super::upper::Metadata;
use super::{BuildEvent, OutputStream};
use crate::supervisor::step::{StepSpec, Stream};
use engine_spec::BuildNetwork;
use serde::Serialize;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Where a script with a `#!` line lies while it runs; it is not part of the layer.
const SCRIPT: &str = ".lighter-run";

/// All that a command's result may depend on, but the layers below.
#[derive(Serialize)]
struct Action<'a> {
    run: &'a [String],
    script: Option<&'a str>,
    environment: &'a [String],
    working_dir: &'a str,
    user: Option<&'a str>,
    network: BuildNetwork,
    /// Names only: an address may differ from machine to machine.
    hosts: Vec<&'a str>,
}

/// What to run, as an argument vector, and the script that must be there for it.
struct Invocation<'a> {
    arguments: Vec<String>,
    script: Option<&'a str>,
}

impl StageBuild<'_> {
    /// Runs a command unless an earlier build did.
    pub(super) fn run(&mut self, draft: &mut Draft, step: &Step, run: &Run) -> Result<(), BuildError> {
        let invocation = invocation(draft, run);
        let (environment, config) = (draft.scope.environment(), &draft.configuration.config);
        let (working_dir, user) = (working_dir(config), config.user.clone());
        let network = run.network.unwrap_or(self.solver.spec.network);
        let action = Action {
            run: &invocation.arguments,
            script: invocation.script,
            environment: &environment,
            working_dir: &working_dir,
            user: user.as_deref(),
            network,
            hosts: self.solver.spec.extra_hosts.iter().map(|(name, _)| name.as_str()).collect(),
        };
        let key = self.key(&draft.configuration.diff_ids, &action);
        let history = history(&draft.scope.declared(), &invocation.arguments);
        let layer = LayerStep { history, always: true, ..LayerStep::new(step, key) };
        let proxies = draft.scope.proxies(self.solver.given());
        let spec = |stage: &Self, place: &Workplace| StepSpec {
            id: place.id(),
            layers: place.layers.clone(),
            upper: place.tree.clone(),
            work: place.staging.path("work"),
            arguments: invocation.arguments.clone(),
            environment: environment.iter().chain(&proxies).cloned().collect(),
            working_dir: working_dir.clone().into(),
            user: user.clone(),
            network,
            extra_hosts: stage.solver.spec.extra_hosts.clone(),
        };
        self.layer(draft, layer, |stage, place| {
            let spec = spec(stage, place);
            stage.run_in(place, step, (&spec, invocation.script)).map(|()| Trust::Kept)
        })
    }

    fn run_in(
        &mut self,
        place: &Workplace,
        step: &Step,
        (spec, script): (&StepSpec, Option<&str>),
    ) -> Result<(), BuildError> {
        let fail = |source| BuildError::PrepareStep { at: self.at(step), source };
        DirBuilder::new().mode(0o700).create(&spec.work).map_err(fail)?;
        if let Some(script) = script {
            let metadata = Metadata { mode: 0o755, owner: Owner::ROOT, modified: None };
            let written = place.upper.file(Path::new(SCRIPT), script.as_bytes(), metadata);
            written.map_err(|error| self.copy_error(step, error))?;
        }
        let mut tail = Tail::default();
        let exit_code = self.shop.runner.run(spec, &self.shop.stop, &mut |stream, bytes| {
            tail.add(bytes);
            let stream = match stream {
                Stream::Stdout => OutputStream::Stdout,
                Stream::Stderr => OutputStream::Stderr,
            };
            self.shop.emit(BuildEvent::Output { step: self.label.clone(), stream, bytes: bytes.to_vec() });
        });
        let exit_code = exit_code.map_err(|source| BuildError::Step { at: self.at(step), source })?;
        if exit_code != 0 {
            let (command, output) = (spec.arguments.join(" "), tail.into_lines());
            return Err(BuildError::StepFailed { command, exit_code, output, at: self.at(step) });
        }
        match script {
            Some(_) => fs::remove_file(place.tree.join(SCRIPT)).map_err(fail),
            None => Ok(()),
        }
    }
}

/// A script that is the whole command goes to the shell, or is run itself if it names its interpreter.
fn invocation<'a>(draft: &Draft, run: &'a Run) -> Invocation<'a> {
    let config = &draft.configuration.config;
    match &run.script {
        Some(script) if script.body.starts_with("#!") => {
            Invocation { arguments: vec![format!("/{SCRIPT}")], script: Some(&script.body) }
        }
        Some(script) => {
            let arguments = shell(config).into_iter().chain([script.body.clone()]).collect();
            Invocation { arguments, script: None }
        }
        None => Invocation { arguments: arguments(config, &run.command), script: None },
    }
}

/// BuildKit's form: the arguments in force, counted, then the command.
fn history(declared: &[String], arguments: &[String]) -> String {
    let prefix = match declared {
        [] => String::new(),
        declared => format!("|{} {} ", declared.len(), declared.join(" ")),
    };
    format!("RUN {prefix}{} # buildkit", arguments.join(" "))
}

impl Workplace {
    /// Tells this step from others that run now.
    fn id(&self) -> String {
        let folder = self.tree.parent().and_then(Path::file_name).unwrap_or_default();
        format!("build-{}", folder.to_string_lossy())
    }
}
