//! Flags with a value, as docker's command line takes them: `--rm=true`, `--tty=false`.
//!
//! Help shows flags in the way they are used, so that no flag is defined with a value. A line that is refused
//! for one is read once more by a definition in which every flag may have it.

use super::Arguments;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, Parser};
use std::ffi::OsString;

/// A value that is neither yes nor no.
#[derive(Debug, thiserror::Error)]
#[error("expected true or false")]
struct NotBoolean;

/// Reads a command line.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(arguments).or_else(|error| match error.kind() {
        ErrorKind::TooManyValues => parse_with_values(arguments),
        _ => Err(error),
    })
}

fn parse_with_values(arguments: &[OsString]) -> Result<Arguments, clap::Error> {
    let mut matches = with_values(Arguments::command()).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches)
}

/// The command and all below it, with a value for each flag that may have none.
fn with_values(command: Command) -> Command {
    command.mut_args(with_value).mut_subcommands(with_values)
}

fn with_value(argument: Arg) -> Arg {
    if !matches!(argument.get_action(), ArgAction::SetTrue) {
        return argument;
    }
    let valued = argument.action(ArgAction::Set).num_args(0..=1).require_equals(true);
    valued.default_value("false").default_missing_value("true").value_parser(parse_boolean)
}

/// What Go's `strconv.ParseBool` takes.
fn parse_boolean(text: &str) -> Result<bool, NotBoolean> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(NotBoolean),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<String, String> {
        let words: Vec<_> = line.split(' ').map(OsString::from).collect();
        let read = parse(&words).map_err(|error| error.to_string());
        read.map(|arguments| format!("{:?}", arguments.command))
    }

    #[test]
    fn a_flag_may_have_a_value_and_stay_one_letter_of_several() {
        let plain = read("lighter container run --rm -it busybox true");
        assert!(plain.is_ok());
        for line in [
            "lighter container run --rm=true -it busybox true",
            "lighter container run --rm=1 -i=True --tty --privileged=false busybox true",
            "lighter container run --rm=t -ti --read-only=F busybox true",
        ] {
            assert_eq!(read(line), plain, "{line}");
        }
    }

    #[test]
    fn what_belongs_to_the_containers_command_is_left_to_it() {
        let line = read("lighter container run --rm=true busybox ls --all=false").expect("read");
        assert!(line.contains("--all=false"), "{line}");
    }

    #[test]
    fn a_value_that_says_neither_is_refused() {
        let error = read("lighter container run --rm=maybe busybox").expect_err("refused");
        assert!(error.contains("expected true or false"), "{error}");
        assert!(read("lighter container run --rm=true --no-such-flag busybox").is_err());
    }
}
