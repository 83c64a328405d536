//! The command line: global options here, each command's own options in its file below `commands`.
//!
//! Doc comments are the help text. Names and letters are docker compose's, so that scripts and
//! fingers need not learn anything.

mod boolean;
mod docker;
mod global;
mod place;
pub(crate) mod refusal;
mod twin;
mod value;

pub(crate) use boolean::parse;
pub(crate) use docker::instead_of;
pub(crate) use global::{AnsiMode, GlobalArguments, LogLevel, ProgressMode};
pub(crate) use place::Place;
pub(crate) use twin::{CommitFlags, EventPeriod, LogFlags, StatsFlags};
pub(crate) use value::{PullChoice, Scale, StopTimeout, Tail, parse_scale};

use crate::commands::Command;
use clap::{CommandFactory, Parser};
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  lighter up -d            start everything in ./compose.yaml and return
  lighter ps               show what runs
  lighter logs -f web      follow the output of one service
  lighter exec web sh      open a shell in it
  lighter down             stop and remove the stack; volumes stay

Run `lighter <command> --help` for the options of a command.";

/// Run Compose stacks without a daemon
#[derive(Debug, Parser)]
#[command(
    name = "lighter",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = EXAMPLES
)]
pub(crate) struct Arguments {
    /// What every command understands.
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print help
    #[arg(short, long, action = clap::ArgAction::HelpShort, global = true)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'v', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// Whether an option, with its dashes, is one of `container run`, and the line is a project's `run`.
pub(crate) fn is_for_container_run(option: &str, arguments: &[OsString]) -> bool {
    is_for("container", "run", option, arguments)
}

/// Whether an option, with its dashes, is one of `image build`, and the line is a project's `build`.
pub(crate) fn is_for_image_build(option: &str, arguments: &[OsString]) -> bool {
    is_for("image", "build", option, arguments)
}

fn is_of(group: &str, verb: &str, arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().skip_while(|word| *word != group).skip(1);
    words.next().is_some_and(|word| word == verb)
}

fn is_for(group: &str, verb: &str, option: &str, arguments: &[OsString]) -> bool {
    let definition = Arguments::command();
    let of_group = definition.find_subcommand(group).and_then(|group| group.find_subcommand(verb));
    let is_of_project = arguments.iter().any(|word| word == verb) && !is_of(group, verb, arguments);
    is_of_project && of_group.is_some_and(|command| has(command, option))
}

/// Whether an option, with its dashes, is one that goes before the command.
pub(crate) fn is_global(option: &str) -> bool {
    has(&Arguments::command(), option)
}

fn has(command: &clap::Command, option: &str) -> bool {
    command.get_arguments().any(|argument| {
        let is_long = option.strip_prefix("--").is_some_and(|long| argument.get_long() == Some(long));
        let mut short = option.strip_prefix('-').unwrap_or_default().chars();
        is_long
            || short
                .next()
                .is_some_and(|letter| argument.get_short() == Some(letter) && short.next().is_none())
    })
}

#[cfg(test)]
mod tests;
