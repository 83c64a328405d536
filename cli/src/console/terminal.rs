//! What stdin, stdout and stderr are, and what may be written to them. Asked once, at the start.

use crate::args::{AnsiMode, GlobalArguments, ProgressMode};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::io::IsTerminal;

/// How the three streams are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terminal {
    /// How progress is shown.
    pub(crate) progress: ProgressStyle,
    /// Whether stdout may be coloured.
    pub(crate) colour_stdout: bool,
    /// Whether stderr may be coloured.
    pub(crate) colour_stderr: bool,
    /// Whether stdin and stdout are both terminals.
    pub(crate) is_interactive: bool,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressStyle {
    /// Rows redrawn in place.
    Tty,
    /// A line per event.
    Plain,
    /// A JSON object per event.
    Json,
    /// Nothing.
    Quiet,
}

/// Which streams are terminals.
#[derive(Debug, Clone, Copy, Default)]
struct Streams {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Terminal {
    /// Looks at the process's own streams.
    pub(crate) fn new(global: &GlobalArguments, environment: &BTreeMap<String, String>) -> Self {
        let streams = Streams {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        };
        Self::decide(global, environment, streams)
    }

    fn decide(global: &GlobalArguments, environment: &BTreeMap<String, String>, streams: Streams) -> Self {
        let is_set = |key: &str| environment.get(key).is_some_and(|value| !value.is_empty());
        let ansi = global.ansi.or_else(|| choice(environment, "COMPOSE_ANSI")).unwrap_or_default();
        let is_dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
        let colour = |is_terminal| match ansi {
            AnsiMode::Never => false,
            AnsiMode::Always => true,
            AnsiMode::Auto => !is_set("NO_COLOR") && (is_set("CLICOLOR_FORCE") || (is_terminal && !is_dumb)),
        };
        let progress = global.progress.or_else(|| choice(environment, "COMPOSE_PROGRESS"));
        let can_redraw = streams.stderr && !is_dumb && ansi != AnsiMode::Never && !is_set("CI");
        Self {
            progress: style(progress.unwrap_or(ProgressMode::Auto), can_redraw),
            colour_stdout: colour(streams.stdout),
            colour_stderr: colour(streams.stderr),
            is_interactive: streams.stdin && streams.stdout,
        }
    }
}

fn style(mode: ProgressMode, can_redraw: bool) -> ProgressStyle {
    match mode {
        ProgressMode::Auto if can_redraw => ProgressStyle::Tty,
        ProgressMode::Auto | ProgressMode::Plain => ProgressStyle::Plain,
        ProgressMode::Tty => ProgressStyle::Tty,
        ProgressMode::Json => ProgressStyle::Json,
        ProgressMode::Quiet => ProgressStyle::Quiet,
    }
}

/// A value of the environment; one that is not understood counts as not set.
fn choice<T: ValueEnum>(environment: &BTreeMap<String, String>, key: &str) -> Option<T> {
    T::from_str(environment.get(key)?, true).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Streams = Streams { stdin: true, stdout: true, stderr: true };

    fn decide(environment: &[(&str, &str)], streams: Streams) -> Terminal {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Terminal::decide(&GlobalArguments::default(), &environment, streams)
    }

    #[test]
    fn without_a_terminal_nothing_moves_and_nothing_is_coloured() {
        let terminal = decide(&[], Streams { stdin: true, ..Streams::default() });
        assert_eq!(terminal.progress, ProgressStyle::Plain);
        assert!(!terminal.colour_stdout && !terminal.colour_stderr && !terminal.is_interactive);
    }

    #[test]
    fn no_color_takes_colours_but_not_movement() {
        let terminal = decide(&[("NO_COLOR", "1")], ALL);
        assert_eq!(terminal.progress, ProgressStyle::Tty);
        assert!(!terminal.colour_stdout && !terminal.colour_stderr);
    }

    #[test]
    fn an_empty_no_color_counts_as_not_set() {
        assert!(decide(&[("NO_COLOR", "")], ALL).colour_stdout);
    }

    #[test]
    fn a_dumb_terminal_gets_plain_lines() {
        let terminal = decide(&[("TERM", "dumb")], ALL);
        assert_eq!(terminal.progress, ProgressStyle::Plain);
        assert!(!terminal.colour_stderr);
    }

    #[test]
    fn the_environment_chooses_as_for_docker_compose() {
        assert_eq!(decide(&[("COMPOSE_PROGRESS", "none")], ALL).progress, ProgressStyle::Quiet);
        assert_eq!(decide(&[("COMPOSE_PROGRESS", "")], ALL).progress, ProgressStyle::Tty);
        assert!(!decide(&[("COMPOSE_ANSI", "never")], ALL).colour_stdout);
    }
}
