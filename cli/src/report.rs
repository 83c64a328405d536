//! The one place where an error becomes text and an exit code.

use crate::args;
use crate::console::terminal::{ProgressStyle, Terminal};
use crate::error::CommandError;
use clap::builder::styling::{AnsiColor, Style};
use clap::error::{ContextKind, ContextValue};
use compose::Diagnostic;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Tells why a command failed, and returns its exit code.
pub(crate) fn failure(error: &CommandError, terminal: &Terminal) -> ExitCode {
    if !error.is_silent() {
        say(&match terminal.progress {
            ProgressStyle::Json => json(error),
            ProgressStyle::Tty | ProgressStyle::Plain | ProgressStyle::Quiet => {
                text(error, terminal.colour_stderr)
            }
        });
    }
    ExitCode::from(error.exit_code())
}

/// Our exit code for that of a process in a container; how nobody saw is no success.
pub(crate) fn exit_code(of_process: Option<i32>) -> u8 {
    of_process.map_or(1, |code| u8::try_from(code).unwrap_or(u8::MAX))
}

/// Shows what is doubtful in the Compose files.
pub(crate) fn warnings(diagnostics: &[Diagnostic], terminal: &Terminal) {
    for diagnostic in diagnostics {
        say(&diagnostic.render(terminal.colour_stderr));
    }
}

/// Shows what is wrong in the Compose files as one JSON object a line.
pub(crate) fn json_diagnostics(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        // A diagnostic has only what JSON can hold.
        say(&serde_json::to_string(diagnostic).unwrap_or_default());
    }
}

/// Shows something worth looking at.
pub(crate) fn warning(message: &str, terminal: &Terminal) {
    say(&warning_line(message, terminal.colour_stderr));
}

/// Shows something that explains why nothing else happens.
pub(crate) fn note(message: &str, terminal: &Terminal) {
    say(&match terminal.progress {
        ProgressStyle::Json => serde_json::json!({ "text": message }).to_string(),
        ProgressStyle::Tty | ProgressStyle::Plain | ProgressStyle::Quiet => {
            headline("note", AnsiColor::Cyan, message, terminal.colour_stderr)
        }
    });
}

/// The line that shows it.
pub(crate) fn warning_line(message: &str, is_coloured: bool) -> String {
    headline("warning", AnsiColor::Yellow, message, is_coloured)
}

/// Answers a command that only docker has; false where the word is not docker's.
pub(crate) fn elsewhere(error: &clap::Error, arguments: &[OsString]) -> bool {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return false };
    // Behind another command the word is that command's.
    if arguments
        .iter()
        .skip(1)
        .find(|given| !given.to_string_lossy().starts_with('-'))
        .is_none_or(|first| first != word.as_str())
    {
        return false;
    }
    let Some(instead) = args::instead_of(word) else { return false };
    say(&format!("error: lighter has no command `{word}`\nhint: {instead}"));
    true
}

/// Where an option was refused that another place has, says where it goes.
pub(crate) fn misplaced(error: &clap::Error, arguments: &[OsString]) {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return };
    if args::is_global(option) {
        say(&format!("hint: `{option}` goes before the command: `lighter {option} … <command>`"));
    } else if args::is_for_container_run(option, arguments) {
        say(&format!(
            "hint: `{option}` is of `{CONTAINER_RUN}`; `lighter run` runs a service of a Compose file"
        ));
    } else if args::is_for_image_build(option, arguments) {
        say(&format!(
            "hint: `{option}` is of `lighter image build {option} … CONTEXT`; `lighter build` builds the \
             services of a Compose file"
        ));
    }
}

/// What runs an image without a Compose file.
pub(crate) const CONTAINER_RUN: &str = "lighter container run … IMAGE";

/// The error, all that led to it, and what can be done about it.
fn text(error: &CommandError, colour: bool) -> String {
    let told = match error {
        CommandError::Files(diagnostics) => Some(diagnostics.render(colour)),
        CommandError::Run(error) | CommandError::NoServiceToRun { error, .. } => Some(text(error, colour)),
        _ => None,
    };
    if let Some(told) = told {
        return with_hint(told, error, colour);
    }
    let errors: Vec<&dyn Error> = match error {
        CommandError::Steps(failures) => failures.iter().map(|failure| failure as &dyn Error).collect(),
        error => vec![error],
    };
    let text = errors.iter().map(|error| chain(*error, colour)).collect::<Vec<_>>().join("\n");
    with_hint(text, error, colour)
}

fn with_hint(mut text: String, error: &CommandError, colour: bool) -> String {
    if let Some(hint) = error.hint() {
        text.push('\n');
        text.push_str(&headline("hint", AnsiColor::Cyan, &hint, colour));
    }
    text
}

/// An error and what is behind it, a line each.
fn chain(error: &dyn Error, colour: bool) -> String {
    let mut text = headline("error", AnsiColor::Red, &error.to_string(), colour);
    for cause in causes(error) {
        text.push_str("\n  caused by: ");
        text.push_str(&cause.replace('\n', "\n    "));
    }
    text
}

/// docker compose's form of the last word of `--progress json`.
fn json(error: &CommandError) -> String {
    let message = match error {
        CommandError::Steps(failures) => {
            failures.iter().map(|failure| line(failure)).collect::<Vec<_>>().join("; ")
        }
        error => line(error),
    };
    serde_json::json!({ "error": true, "message": message }).to_string()
}

/// An error and what is behind it on one line.
fn line(error: &dyn Error) -> String {
    std::iter::once(error.to_string()).chain(causes(error)).collect::<Vec<_>>().join(": ")
}

/// What is behind an error, outermost first; a cause that only repeats what stands above is left out.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut above = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !above.ends_with(&text) {
            causes.push(text.clone());
        }
        above = text;
        next = cause.source();
    }
    causes
}

fn headline(word: &str, colour: AnsiColor, message: &str, is_coloured: bool) -> String {
    let style = if is_coloured { colour.on_default().bold() } else { Style::new() };
    format!("{style}{word}{style:#}: {message}")
}

/// A closed stderr is nobody's loss.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: &CommandError, expected: &str) {
        assert_eq!(text(error, false), expected);
    }

    #[test]
    fn the_chain_is_printed_once_and_in_order() {
        let source = io::Error::new(io::ErrorKind::PermissionDenied, "no way");
        check(
            &CommandError::File { attempt: "write", path: "out.yaml".into(), source },
            "error: cannot write out.yaml\n  caused by: no way",
        );
    }

    #[test]
    fn a_known_remedy_follows_the_error() {
        check(
            &CommandError::NotRunning { service: "web".to_owned(), index: Some(2) },
            "error: service \"web\" is not running container #2\n\
             hint: start it with `lighter up -d web`",
        );
    }

    #[test]
    fn an_interrupted_command_exits_as_by_the_signal() {
        assert_eq!(CommandError::Interrupted.exit_code(), 130);
        assert_eq!(CommandError::NotRoot.exit_code(), 1);
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        assert!(CommandError::Stdout(io::ErrorKind::BrokenPipe.into()).is_silent());
    }

    #[test]
    fn json_has_docker_composes_fields() {
        assert_eq!(
            json(&CommandError::NotRoot),
            r#"{"error":true,"message":"lighter needs root: run it with sudo"}"#
        );
    }
}
