//! The process: what is executed, with which variables, as whom, within which limits.

use super::capability::CapabilitySet;
use super::{Resolved, SpecError};
use engine_spec::{ContainerSpec, ImageConfig, Ulimit};
use oci_spec::runtime::{LinuxCapabilities, PosixRlimit, PosixRlimitBuilder, PosixRlimitType, Process, User};
use std::path::{Path, PathBuf};

/// Where programs are looked for unless the image or the user says otherwise (Docker's default).
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const TERMINAL: &str = "TERM=xterm";
/// What `ulimit: -1` means.
const WITHOUT_LIMIT: u64 = u64::MAX;

/// The process of a container.
pub(super) fn process(
    spec: &ContainerSpec,
    image: &ImageConfig,
    resolved: &Resolved,
    options: &super::security::Options,
) -> Result<Process, SpecError> {
    let mut user = User::default();
    user.set_uid(resolved.user.uid).set_gid(resolved.user.gid);
    let groups: Vec<u32> = resolved.user.groups.iter().chain(&resolved.edits.groups).copied().collect();
    user.set_additional_gids(Some(groups).filter(|groups| !groups.is_empty()));
    let mut process = Process::default();
    process
        .set_terminal(Some(spec.process.tty).filter(|tty| *tty))
        .set_user(user)
        .set_args(Some(arguments(spec, image)?))
        .set_env(Some(environment(spec, image, resolved)))
        .set_cwd(working_dir(spec, image))
        .set_capabilities(Some(capabilities(resolved.user.uid, super::capabilities(spec, &resolved.host)?)))
        .set_rlimits(limits(spec)?)
        .set_apparmor_profile(resolved.apparmor.clone())
        .set_no_new_privileges(Some(options.no_new_privileges).filter(|is_set| *is_set))
        .set_oom_score_adj(Some(spec.resources.oom_score_adj.unwrap_or(0)));
    Ok(process)
}

/// A new entrypoint drops the image's command, which belongs to the image's entrypoint.
fn arguments(spec: &ContainerSpec, image: &ImageConfig) -> Result<Vec<String>, SpecError> {
    let asked = &spec.process;
    let (entrypoint, default_command) = match &asked.entrypoint {
        Some(entrypoint) => (Some(entrypoint), None),
        None => (image.entrypoint.as_ref(), image.command.as_ref()),
    };
    let command = asked.command.as_ref().or(default_command);
    let arguments: Vec<String> = entrypoint.into_iter().chain(command).flatten().cloned().collect();
    match arguments.first() {
        Some(program) if !program.is_empty() => Ok(arguments),
        Some(_) | None => Err(SpecError::NoCommand),
    }
}

/// Docker's order: its own, then the image's, then what was asked for.
fn environment(spec: &ContainerSpec, image: &ImageConfig, resolved: &Resolved) -> Vec<String> {
    let hostname = super::hostname(spec, resolved);
    let mut variables = vec![DEFAULT_PATH.to_owned(), format!("HOSTNAME={hostname}")];
    variables.extend(spec.process.tty.then(|| TERMINAL.to_owned()));
    for variable in &image.environment {
        set(&mut variables, variable.clone());
    }
    for variable in &resolved.edits.environment {
        set(&mut variables, variable.clone());
    }
    for (name, value) in &spec.process.environment {
        match value {
            Some(value) => set(&mut variables, format!("{name}={value}")),
            None => variables.retain(|variable| name_of(variable) != name),
        }
    }
    variables
}

/// The variables of an exec: the container's, then its own.
pub(in crate::runtime) fn merge_environment(
    mut variables: Vec<String>,
    added: &[String],
    has_terminal: bool,
) -> Vec<String> {
    if has_terminal && !variables.iter().any(|variable| name_of(variable) == "TERM") {
        variables.push(TERMINAL.to_owned());
    }
    for variable in added {
        set(&mut variables, variable.clone());
    }
    variables
}

fn set(variables: &mut Vec<String>, variable: String) {
    match variables.iter_mut().find(|known| name_of(known) == name_of(&variable)) {
        Some(known) => *known = variable,
        None => variables.push(variable),
    }
}

fn name_of(variable: &str) -> &str {
    variable.split_once('=').map_or(variable, |(name, _)| name)
}

fn working_dir(spec: &ContainerSpec, image: &ImageConfig) -> PathBuf {
    let image = image.working_dir.as_deref().filter(|folder| !folder.is_empty()).map(Path::new);
    // A relative one is meant from the root; joining an absolute one replaces it.
    Path::new("/").join(spec.process.working_dir.as_deref().or(image).unwrap_or(Path::new("")))
}

/// What `execve` would leave of `set` for that user: root has all of it, others have it only as a bound.
pub(in crate::runtime) fn capabilities(uid: u32, set: CapabilitySet) -> LinuxCapabilities {
    let owned = Some(set.to_oci()).filter(|_| uid == 0);
    let mut sets = LinuxCapabilities::default();
    sets.set_bounding(Some(set.to_oci()))
        .set_effective(owned.clone())
        .set_permitted(owned)
        .set_inheritable(None)
        .set_ambient(None);
    sets
}

fn limits(spec: &ContainerSpec) -> Result<Option<Vec<PosixRlimit>>, SpecError> {
    let limit = |(name, limit): (&String, &Ulimit)| {
        let unknown = || SpecError::UnknownLimit(name.clone());
        let kind = limit_by_name(name).ok_or_else(unknown)?;
        let value = |number: i64| u64::try_from(number).unwrap_or(WITHOUT_LIMIT);
        let built = PosixRlimitBuilder::default().typ(kind).soft(value(limit.soft)).hard(value(limit.hard));
        built.build().map_err(|_| unknown())
    };
    let limits = spec.resources.ulimits.iter().map(limit).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(limits).filter(|limits| !limits.is_empty()))
}

fn limit_by_name(name: &str) -> Option<PosixRlimitType> {
    Some(match name {
        "core" => PosixRlimitType::RlimitCore,
        "cpu" => PosixRlimitType::RlimitCpu,
        "data" => PosixRlimitType::RlimitData,
        "fsize" => PosixRlimitType::RlimitFsize,
        "locks" => PosixRlimitType::RlimitLocks,
        "memlock" => PosixRlimitType::RlimitMemlock,
        "msgqueue" => PosixRlimitType::RlimitMsgqueue,
        "nice" => PosixRlimitType::RlimitNice,
        "nofile" => PosixRlimitType::RlimitNofile,
        "nproc" => PosixRlimitType::RlimitNproc,
        "rss" => PosixRlimitType::RlimitRss,
        "rtprio" => PosixRlimitType::RlimitRtprio,
        "rttime" => PosixRlimitType::RlimitRttime,
        "sigpending" => PosixRlimitType::RlimitSigpending,
        "stack" => PosixRlimitType::RlimitStack,
        _ => return None,
    })
}
