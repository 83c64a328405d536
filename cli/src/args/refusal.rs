//! Exit codes of command lines that mean nothing.
//!
//! docker compose's is 1 for all of them. docker tells a wrong flag (125) from a wrong number of arguments
//! (1), and from a template that cannot be read (64 for `inspect`, 1 for lists).

use crate::error::{FAILED, NOT_RUN};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// Docker's exit code of an `inspect` whose template cannot be read.
const NO_TEMPLATE: u8 = 64;

/// The groups of commands that are docker's and not docker compose's.
const OF_DOCKER: [&str; 6] = ["container", "image", "inspect", "network", "system", "volume"];

/// The exit code of a line that was refused.
pub(crate) fn exit_code(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let words = || arguments.iter().skip(1).filter_map(|word| word.to_str());
    let group = words().find(|word| !word.starts_with('-'));
    if !group.is_some_and(|group| OF_DOCKER.contains(&group)) {
        return FAILED;
    }
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.as_str(),
        _ => "",
    };
    match error.kind() {
        ErrorKind::ValueValidation if argument.contains("--format") => {
            if words().any(|word| word == "inspect") { NO_TEMPLATE } else { FAILED }
        }
        // Docker reads any word, and looks whether it is one of the kinds only later.
        ErrorKind::InvalidValue if argument.contains("--type") => FAILED,
        ErrorKind::UnknownArgument | ErrorKind::InvalidValue | ErrorKind::ValueValidation
            if argument.starts_with('-') =>
        {
            NOT_RUN
        }
        _ => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::exit_code;
    use std::ffi::OsString;

    #[test]
    fn wrong_flags_are_told_from_wrong_arguments_where_docker_does() {
        for (line, code) in [
            ("lighter container run --no-such-flag busybox", 125),
            ("lighter container run --cpus many busybox", 125),
            ("lighter container run", 1),
            ("lighter container wait a --no-such-flag", 125),
            ("lighter container ls surplus", 1),
            ("lighter container ls --format {{.Names", 1),
            ("lighter container inspect a -f {{.Name", 64),
            ("lighter inspect a --type nonsense", 1),
            ("lighter volume ls --filter nonsense", 125),
            ("lighter up --no-such-flag", 1),
            ("lighter logs --tail few", 1),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = parse(&arguments).expect_err(line);
            assert_eq!(exit_code(&error, &arguments), code, "{line}");
        }
    }
}
