//! Provider services: programs that provide what a container would, and tell it to their dependents by
//! variables. They are asked before anything is planned, as a plan holds no choice, and let go after all
//! containers.

mod protocol;

use crate::error::CommandError;
use crate::session::{Scope, Session};
use crate::show::progress::{Mark, Progress};
use compose::graph::{Graph, Selection};
use compose::model::{Project, Provider};
use engine_spec::{Observed, ObservedContainer, ServiceName, compose_label};
use protocol::{Message, Metadata, Verb, arguments};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

/// The label of dependents that names the variables which providers gave them.
const PROVIDED: &str = "lighter.provided";

/// Variables that a provider gives.
type Given = BTreeMap<String, String>;

/// A provider that did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// There is no such program.
    #[error(
        "service {service} needs the provider `{kind}`: put a program of that name, or `docker-{kind}`, in PATH"
    )]
    Missing {
        /// Which service.
        service: ServiceName,
        /// The provider's type.
        kind: String,
    },
    /// It could not be run.
    #[error("cannot run {program} for service {service}")]
    Run {
        /// Which service.
        service: ServiceName,
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It said what went wrong.
    #[error("provider of service {service}: {message}")]
    Said {
        /// Which service.
        service: ServiceName,
        /// Its words.
        message: String,
    },
    /// It only failed.
    #[error("provider of service {service} failed: {status}")]
    Failed {
        /// Which service.
        service: ServiceName,
        /// How it ended.
        status: ExitStatus,
    },
}

/// Asks the providers that the services named need, and gives dependents what they tell. With
/// `--dry-run` nobody is asked: dependents keep what their containers have.
pub(crate) fn provide(
    session: &Session,
    project: &mut Project,
    services: &[String],
    dependencies: bool,
    is_asked: bool,
) -> Result<(), CommandError> {
    let selection = Selection::of(project, services, dependencies)?;
    let providers = providers(project, &selection);
    if providers.is_empty() {
        return Ok(());
    }
    if !is_asked {
        let (_, observed) = session.look(Some(&project.name))?;
        keep(project, &providers, &observed);
        return Ok(());
    }
    let progress = Progress::new(&session.terminal, "up");
    let result = providers.iter().try_for_each(|(name, provider)| {
        let given = ask(project, name, provider, Verb::Up, &progress)?;
        give(project, name, given, &progress);
        Ok(())
    });
    progress.close();
    result
}

/// Lets the providers go of the services named, or of all: their dependents have gone before.
pub(crate) fn release(
    session: &Session,
    scope: &Scope,
    services: &[ServiceName],
) -> Result<(), CommandError> {
    end(session, scope, services, Verb::Down)
}

/// Has the providers stop of the services named, or of all; who knows no such word is left alone.
pub(crate) fn stop(session: &Session, scope: &Scope, services: &[ServiceName]) -> Result<(), CommandError> {
    end(session, scope, services, Verb::Stop)
}

fn end(session: &Session, scope: &Scope, services: &[ServiceName], verb: Verb) -> Result<(), CommandError> {
    let Some(project) = scope.project.as_ref().filter(|_| !session.global.dry_run) else { return Ok(()) };
    let mut providers = providers(project, &Selection::all(project));
    providers.retain(|(name, _)| services.is_empty() || services.contains(name));
    if providers.is_empty() {
        return Ok(());
    }
    let progress = Progress::new(&session.terminal, verb.word());
    let ended = providers.iter().rev();
    let result = ended.map(|(name, provider)| ask(project, name, provider, verb, &progress).map(drop));
    // One that fails keeps no other from ending.
    let results: Vec<_> = result.collect();
    progress.close();
    Ok(results.into_iter().collect::<Result<(), _>>()?)
}

/// The provider services that are selected, dependencies first.
fn providers(project: &Project, selection: &Selection) -> Vec<(ServiceName, Provider)> {
    let order = Graph::of(project, selection);
    let provider =
        |name: &ServiceName| Some((name.clone(), project.service(name.as_str())?.provider.clone()?));
    order.order().iter().filter_map(provider).collect()
}

/// Runs a provider, shows what it says, and returns the variables it gives. It sees the variables that
/// the project's files see.
fn ask(
    project: &Project,
    service: &ServiceName,
    provider: &Provider,
    verb: Verb,
    progress: &Progress,
) -> Result<Given, ProviderError> {
    let program = find(&provider.kind)
        .ok_or_else(|| ProviderError::Missing { service: service.clone(), kind: provider.kind.clone() })?;
    let run = || {
        let mut command = Command::new(&program);
        command.envs(&project.environment);
        command
    };
    let metadata = run().args(["compose", "metadata"]).stderr(Stdio::null()).output();
    let metadata = metadata.ok().filter(|output| output.status.success());
    let metadata = metadata.map_or_else(Metadata::default, |output| Metadata::read(&output.stdout));
    if !metadata.has(verb) {
        return Ok(Given::new());
    }
    let label = format!("Service {service}");
    let (begin, end) = match verb {
        Verb::Up => ("Creating", "Created"),
        Verb::Stop => ("Stopping", "Stopped"),
        Verb::Down => ("Removing", "Removed"),
    };
    progress.begin(&label, begin);
    let mut command = run();
    command.args(arguments(&project.name, service, provider, verb, &metadata));
    let result = converse(command, service, progress)
        .unwrap_or_else(|source| Err(ProviderError::Run { service: service.clone(), program, source }));
    match &result {
        Ok(_) => progress.end(&label, Mark::Done, end),
        Err(_) => progress.end(&label, Mark::Failed, "Error"),
    }
    result
}

/// Reads what a provider says until it ends.
fn converse(
    mut command: Command,
    service: &ServiceName,
    progress: &Progress,
) -> io::Result<Result<Given, ProviderError>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let (mut given, mut said) = (Given::new(), None);
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line?;
        let message = Message::read(&line);
        given.extend(message.as_ref().and_then(|message| message.variable(service)));
        match message {
            Some(Message::Info(text)) => progress.message(&format!("{service}: {text}")),
            Some(Message::Error(text)) => said = Some(text),
            Some(Message::Debug(text)) => tracing::debug!(%service, "{text}"),
            Some(Message::SetEnv(_) | Message::RawSetEnv(_)) => {}
            None => tracing::debug!(%service, "the provider printed what is no message"),
        }
    }
    let status = child.wait()?;
    Ok(match said {
        _ if status.success() => Ok(given),
        Some(message) => Err(ProviderError::Said { service: service.clone(), message }),
        None => Err(ProviderError::Failed { service: service.clone(), status }),
    })
}

/// The program of a provider: as Docker names its own plugins, else as it is called.
fn find(kind: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = [format!("docker-{kind}"), kind.to_owned()];
    let plugins = ["/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins"];
    let more = ["/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"];
    let folders: Vec<PathBuf> =
        plugins.into_iter().chain(more).map(PathBuf::from).chain(std::env::split_paths(&path)).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places
        .into_iter()
        .find(|place| nix::unistd::access(place, nix::unistd::AccessFlags::X_OK).is_ok() && place.is_file())
}

/// Gives variables to the services that depend on a provider; they win over what the file says.
fn give(project: &mut Project, provider: &ServiceName, given: Given, progress: &Progress) {
    for (name, service) in &mut project.services {
        if given.is_empty() || !service.depends_on.contains_key(provider) {
            continue;
        }
        let known = service.labels.remove(PROVIDED);
        let keys: BTreeSet<&str> =
            known.iter().flat_map(|known| known.split(',')).chain(given.keys().map(String::as_str)).collect();
        service.labels.insert(PROVIDED.to_owned(), keys.into_iter().collect::<Vec<_>>().join(","));
        for (key, value) in &given {
            let old = service.environment.insert(key.clone(), Some(value.clone()));
            if old.is_some_and(|old| old.as_ref() != Some(value)) {
                progress.warning(&format!(
                    "service {name}: {key} of the provider {provider} replaces that of the file"
                ));
            }
        }
    }
}

/// Leaves dependents of providers the variables that their containers have from them.
fn keep(project: &mut Project, providers: &[(ServiceName, Provider)], observed: &Observed) {
    let is_provided = |name: &ServiceName| providers.iter().any(|(provider, _)| provider == name);
    for (name, service) in &mut project.services {
        let is_its =
            |container: &&ObservedContainer| container.label(compose_label::SERVICE) == Some(name.as_str());
        let Some(container) = observed.containers.iter().find(is_its) else { continue };
        let Some(label) = container.label(PROVIDED).filter(|_| service.depends_on.keys().any(is_provided))
        else {
            continue;
        };
        let environment = &container.spec.process.environment;
        let given = label.split(',').filter_map(|key| environment.get_key_value(key));
        service.environment.extend(given.map(|(key, value)| (key.clone(), value.clone())));
        service.labels.insert(PROVIDED.to_owned(), label.to_owned());
    }
}
