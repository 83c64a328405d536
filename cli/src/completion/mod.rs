//! What a shell offers while a line is typed: commands, options, and the services and profiles of the
//! project that the line is about.
//!
//! A shell runs `lighter completion SHELL` once and gets a script. For each Tab the script runs this
//! program again with [`VARIABLE`] set and the line behind `--`; what it prints are the candidates.

mod line;

use crate::args::Arguments;
use crate::session::Session;
use clap::{Arg, Command, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use compose::load::Depth;
use compose::model::Project;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

/// Set by the shells' scripts to the name of the shell.
pub(crate) const VARIABLE: &str = "LIGHTER_COMPLETE";

/// Answers a shell, if it is one that asks. Whatever is wrong with the project, there is no message:
/// it would land in the middle of the line.
pub(crate) fn answer(arguments: &[OsString]) -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let folder = std::env::current_dir().ok();
    let complete = CompleteEnv::with_factory(command).var(VARIABLE);
    complete.try_complete(arguments, folder.as_deref()).unwrap_or(true)
}

/// The command line with what can be offered for its values.
fn command() -> Command {
    Arguments::command().mut_args(offer).mut_subcommands(|command| match command.get_name() {
        // Their values are the names of other things.
        "container" | "image" | "network" | "volume" | "system" => command,
        _ => command.mut_args(offer),
    })
}

fn offer(argument: Arg) -> Arg {
    let is_profile = argument.get_id() == "profiles";
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    match value {
        Some("SERVICE") => {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| candidates(typed, "", services)))
        }
        Some("SERVICE=NUMBER") => {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| candidates(typed, "=", services)))
        }
        Some("SOURCE" | "DESTINATION") => {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| candidates(typed, ":", services)))
        }
        Some("NAME") if is_profile => {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| candidates(typed, "", profiles)))
        }
        _ => argument,
    }
}

/// Those names that begin as what is typed.
fn candidates(typed: &OsStr, end: &str, names: fn(&Project) -> BTreeSet<String>) -> Vec<CompletionCandidate> {
    let Some(project) = project() else { return Vec::new() };
    let typed = typed.to_string_lossy();
    let fitting = names(&project).into_iter().filter(|name| name.starts_with(typed.as_ref()));
    fitting.map(|name| CompletionCandidate::new(format!("{name}{end}"))).collect()
}

/// The project that the line so far is about. Its environment files need not be there.
fn project() -> Option<Project> {
    let words: Vec<String> = std::env::args().skip_while(|word| word != "--").skip(2).collect();
    Session::new(line::global(&words)).project(Depth::Structure).ok()
}

fn services(project: &Project) -> BTreeSet<String> {
    project.all_services().map(|(name, _)| name.to_string()).collect()
}

fn profiles(project: &Project) -> BTreeSet<String> {
    project.all_services().flat_map(|(_, service)| service.profiles.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_offered_where_a_command_takes_one() {
        let command = command();
        let has_offer = |name: &str| {
            let command = command.find_subcommand(name).expect(name);
            command.get_arguments().any(|argument| argument.get::<ArgValueCompleter>().is_some())
        };
        for name in ["up", "down", "logs", "exec", "run", "scale", "cp"] {
            assert!(has_offer(name), "{name}");
        }
        assert!(!has_offer("ls"));
    }
}
