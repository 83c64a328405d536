//! RUN: a command on top of the layers so far.

use super::mounts::{MountKey, Ready, Wanted};
use super::output::Tail;
use crate::build::dockerfile::{Device, Diagnostic, Heredoc, Run, Step};
use crate::build::error::BuildError;
use crate::build::outcome::config::{arguments, shell, working_dir};
use crate::build::outcome::draft::Draft;
use crate::build::room;
use crate::build::stage::{LayerStep, StageBuild, Trust, Workplace};
use crate::build::{BuildEvent, OutputStream};
use crate::runtime::cdi;
use crate::supervisor::step::{StepMount, StepOptions, StepSource, StepSpec, Stream};
use engine_spec::{BuildNetwork, DeviceAccess, Digest, Entitlement, Ulimit};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Where a script with a `#!` line is seen while it runs, by its delimiter (BuildKit's place).
const SCRIPTS: &str = "/dev/pipes";
/// The script's own name, as its delimiter may be any text.
const SCRIPT: &str = "script";
/// The argument that names the host steps believe to be on.
const HOSTNAME_ARGUMENT: &str = "BUILDKIT_SANDBOX_HOSTNAME";

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
    mounts: &'a [MountKey<'a>],
    is_insecure: bool,
    devices: &'a [String],
    hostname: Option<&'a str>,
    shm_size: Option<u64>,
    ulimits: &'a BTreeMap<String, Ulimit>,
}

/// What to run, as an argument vector, and the script that must be there for it.
struct Invocation<'a> {
    arguments: Vec<String>,
    script: Option<&'a Heredoc>,
}

/// A command with everything it runs in.
struct Command<'a> {
    invocation: Invocation<'a>,
    environment: Vec<String>,
    working_dir: String,
    user: Option<String>,
    network: BuildNetwork,
    is_insecure: bool,
    devices: Vec<String>,
    hostname: Option<String>,
    wanted: Vec<Wanted>,
}

impl StageBuild<'_> {
    /// Runs a command unless an earlier build did.
    pub(in crate::build) fn run(
        &mut self,
        draft: &mut Draft,
        step: &Step,
        run: &Run,
    ) -> Result<(), BuildError> {
        if !super::emulator::can_run(&self.platform) {
            let platform = format!("{}/{}", self.platform.os, self.platform.architecture);
            return Err(BuildError::Foreign { at: self.at(step), platform });
        }
        let command = self.command(draft, step, run)?;
        let layers = draft.configuration.diff_ids.clone();
        let definition = self.command_key(&layers, &command, &self.mount_keys(step, &command.wanted, false)?);
        let key = match self.found(&definition) {
            Some(_) => definition.clone(),
            None => self.command_key(&layers, &command, &self.mount_keys(step, &command.wanted, true)?),
        };
        let history = history(&draft.scope.declared(), &command.invocation.arguments);
        let proxies = draft.scope.proxies(self.solver.given());
        let layer = LayerStep { history, always: true, ..LayerStep::new(step, key.clone()) };
        self.layer(draft, layer, |stage, place| {
            stage.run_in(place, step, (&command, &proxies)).map(|()| Trust::Kept)
        })?;
        self.alias(Some(definition).filter(|definition| *definition != key), &key)
    }

    fn command<'r>(&self, draft: &Draft, step: &Step, run: &'r Run) -> Result<Command<'r>, BuildError> {
        let config = &draft.configuration.config;
        Ok(Command {
            invocation: invocation(draft, run),
            environment: draft.scope.environment(),
            working_dir: working_dir(config),
            user: config.user.clone(),
            network: self.network(step, run)?,
            is_insecure: self.is_insecure(step, run)?,
            devices: self.devices(&run.devices)?,
            hostname: self.solver.given().get(HOSTNAME_ARGUMENT).cloned().flatten(),
            wanted: self.wanted(draft, step, run)?,
        })
    }

    fn command_key(&self, layers: &[Digest], command: &Command<'_>, mounts: &[MountKey<'_>]) -> Digest {
        let spec = self.solver.spec;
        let action = Action {
            run: &command.invocation.arguments,
            script: command.invocation.script.map(|script| script.body.as_str()),
            environment: &command.environment,
            working_dir: &command.working_dir,
            user: command.user.as_deref(),
            network: command.network,
            hosts: spec.extra_hosts.iter().map(|(name, _)| name.as_str()).collect(),
            mounts,
            is_insecure: command.is_insecure,
            devices: &command.devices,
            hostname: command.hostname.as_deref(),
            shm_size: spec.shm_size,
            ulimits: &spec.ulimits,
        };
        self.key(layers, &action)
    }

    /// The network of a command. The host's needs consent, which a build that is all on it has given.
    fn network(&self, step: &Step, run: &Run) -> Result<BuildNetwork, BuildError> {
        let network = run.network.unwrap_or(self.solver.spec.network);
        let is_granted =
            self.solver.spec.network == BuildNetwork::Host || self.may(&Entitlement::NetworkHost);
        if network == BuildNetwork::Host && !is_granted {
            return Err(self.not_granted(step, "the host's network", "network.host").into());
        }
        Ok(network)
    }

    fn is_insecure(&self, step: &Step, run: &Run) -> Result<bool, BuildError> {
        if run.is_insecure && !self.may(&Entitlement::SecurityInsecure) {
            return Err(self.not_granted(step, "all capabilities", "security.insecure").into());
        }
        Ok(run.is_insecure)
    }

    /// The names of the devices that are there.
    fn devices(&self, devices: &[Device]) -> Result<Vec<String>, BuildError> {
        let mut names = Vec::new();
        for device in devices {
            let name = &device.name.value;
            let refused = |message: String| self.solver.file.source.error(device.name.span, message);
            if !self.may(&Entitlement::Device(None)) && !self.may(&Entitlement::Device(Some(name.clone()))) {
                let hint = Some(format!("allow it with `--allow device={name}`"));
                let error = refused(format!("the build may not use the device `{name}`"));
                return Err(Diagnostic { hint, ..error }.into());
            }
            let access = DeviceAccess { cdi: vec![name.clone()], ..DeviceAccess::default() };
            match cdi::resolve(&access) {
                Ok(_) => names.push(name.clone()),
                Err(error) if device.is_required => return Err(refused(error.to_string()).into()),
                Err(_) => {}
            }
        }
        Ok(names)
    }

    fn may(&self, entitlement: &Entitlement) -> bool {
        self.solver.spec.entitlements.contains(entitlement)
    }

    fn not_granted(&self, step: &Step, what: &str, entitlement: &str) -> Diagnostic {
        let error = self.solver.file.source.error(step.span, format!("the command asks for {what}"));
        let hint =
            format!("allow it with `--allow {entitlement}`, or `entitlements: [{entitlement}]` in `build`");
        Diagnostic { hint: Some(hint), ..error }
    }

    fn run_in(
        &mut self,
        place: &Workplace,
        step: &Step,
        (command, proxies): (&Command<'_>, &[String]),
    ) -> Result<(), BuildError> {
        let fail = |source| BuildError::PrepareStep { at: self.at(step), source };
        let mut ready = self.ready(step, place, &command.wanted)?;
        if let Some(script) = command.invocation.script {
            ready.mounts.push(script_mount(place, script).map_err(fail)?);
        }
        let spec = self.step_spec(place, (command, proxies), &mut ready);
        DirBuilder::new().mode(0o700).create(&spec.work).map_err(fail)?;
        self.execute(step, &spec, &mut ready)
    }

    fn step_spec(
        &self,
        place: &Workplace,
        (command, proxies): (&Command<'_>, &[String]),
        ready: &mut Ready,
    ) -> StepSpec {
        let spec = self.solver.spec;
        StepSpec {
            id: place.id(),
            layers: place.layers.clone(),
            upper: place.tree.clone(),
            work: place.staging.path("work"),
            arguments: command.invocation.arguments.clone(),
            environment: overridden(command.environment.iter().chain(proxies), &ready.environment),
            working_dir: command.working_dir.clone().into(),
            user: command.user.clone(),
            network: command.network,
            extra_hosts: spec.extra_hosts.clone(),
            options: StepOptions {
                hostname: command.hostname.clone(),
                mounts: std::mem::take(&mut ready.mounts),
                is_insecure: command.is_insecure,
                devices: command.devices.clone(),
                shm_size: spec.shm_size,
                ulimits: spec.ulimits.clone(),
            },
        }
    }

    /// Runs the command and passes on what it writes, secrets hidden.
    fn execute(&self, step: &Step, spec: &StepSpec, ready: &mut Ready) -> Result<(), BuildError> {
        let mut tail = Tail::default();
        let mut show = |stream, bytes: Vec<u8>| {
            tail.add(&bytes);
            if !bytes.is_empty() {
                self.shop.emit(BuildEvent::Output { step: self.label.clone(), stream, bytes });
            }
        };
        let exit_code = self.shop.runner.run(spec, &self.shop.stop, &mut |stream, bytes| {
            let stream = match stream {
                Stream::Stdout => OutputStream::Stdout,
                Stream::Stderr => OutputStream::Stderr,
            };
            show(stream, ready.mask.filter(stream, bytes));
        });
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            show(stream, ready.mask.finish(stream));
        }
        let exit_code = match exit_code {
            Err(_) if self.shop.stop.is_given() => return Err(BuildError::Stopped),
            exit_code => exit_code.map_err(|source| BuildError::Step { at: self.at(step), source })?,
        };
        if exit_code != 0 {
            let (command, output) = (spec.arguments.join(" "), tail.into_lines());
            let failed = BuildError::StepFailed { command, exit_code, output, at: self.at(step) };
            return Err(room::told_of_command(self.shop.layout, failed));
        }
        Ok(())
    }
}

/// The script as a file that only the command sees.
fn script_mount(place: &Workplace, script: &Heredoc) -> io::Result<StepMount> {
    let root = place.staging.path("script");
    DirBuilder::new().mode(0o700).create(&root)?;
    let path = root.join(SCRIPT);
    fs::write(&path, &script.body)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    let source = StepSource::Folder { root, path: SCRIPT.into() };
    Ok(StepMount { target: Path::new(SCRIPTS).join(&script.name), source, is_read_only: true })
}

/// Variables as `NAME=value`, where those of `winners` replace others of their name.
fn overridden<'e>(environment: impl Iterator<Item = &'e String>, winners: &'e [String]) -> Vec<String> {
    let name = |line: &str| line.split_once('=').map_or(line, |(name, _)| name).to_owned();
    let is_beaten = |line: &&String| winners.iter().any(|winner| name(winner) == name(line));
    environment.filter(|line| !is_beaten(line)).chain(winners).cloned().collect()
}

/// A script that is the whole command goes to the shell, or is run itself if it names its interpreter.
fn invocation<'a>(draft: &Draft, run: &'a Run) -> Invocation<'a> {
    let config = &draft.configuration.config;
    match &run.script {
        Some(script) if script.body.starts_with("#!") => {
            Invocation { arguments: vec![format!("{SCRIPTS}/{}", script.name)], script: Some(script) }
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
