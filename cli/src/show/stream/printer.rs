//! One line of output with the name of its container before it.

use crate::commands::LogFormat;
use crate::console::terminal::Terminal;
use crate::show::{clock, ending};
use clap::builder::styling::{AnsiColor, Style};
use engine::container::logs::{LogLine, Stream};
use engine::state::Layout;
use engine_spec::{ContainerId, ContainerName, ProjectName, RunEnd};
use std::io::{self, Write};

/// docker compose's colours, in its order.
const COLOURS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// A container whose output is shown.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its id.
    pub(crate) id: ContainerId,
    /// Its name.
    pub(crate) container: ContainerName,
    /// Its name without the project's.
    pub(crate) short: String,
    /// Whether its output is printed; the end of the others is all that matters.
    pub(crate) is_shown: bool,
}

impl Source {
    /// What `container` of `project` is called before its lines.
    pub(crate) fn new(id: &ContainerId, name: &ContainerName, project: &ProjectName) -> Self {
        let short = name.as_str().strip_prefix(project.as_str()).and_then(|rest| rest.strip_prefix('-'));
        Self {
            id: id.clone(),
            container: name.clone(),
            short: short.unwrap_or(name.as_str()).to_owned(),
            is_shown: true,
        }
    }
}

/// Prints lines of known sources.
#[derive(Debug)]
pub(crate) struct Printer {
    sources: Vec<Source>,
    prefixes: Vec<String>,
    format: LogFormat,
    is_coloured: bool,
    with_times: bool,
    /// Whose line is not ended yet: long lines come in pieces.
    begun: Option<(usize, Stream)>,
}

impl Printer {
    /// The width of the prefix is that of the longest name, the colour follows from the order.
    pub(crate) fn new(
        sources: Vec<Source>,
        format: LogFormat,
        with_times: bool,
        terminal: &Terminal,
    ) -> Self {
        let is_coloured = terminal.colour_stdout && !format.no_color;
        let mut printer =
            Self { sources, prefixes: Vec::new(), format, is_coloured, with_times, begun: None };
        printer.make_prefixes();
        printer
    }

    /// One more source, which comes last.
    pub(crate) fn add(&mut self, source: Source) {
        self.sources.push(source);
        self.make_prefixes();
    }

    fn make_prefixes(&mut self) {
        let shown = self.sources.iter().filter(|source| source.is_shown);
        let width = shown.map(|source| source.short.chars().count()).max().unwrap_or(0) + 1;
        let prefix = |(place, source): (usize, &Source)| {
            if self.format.no_log_prefix {
                return String::new();
            }
            let style =
                if self.is_coloured { COLOURS[place % COLOURS.len()].on_default() } else { Style::new() };
            format!("{style}{:width$} | {style:#}", source.short)
        };
        self.prefixes = self.sources.iter().enumerate().map(prefix).collect();
    }

    /// Whose output is printed.
    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Prints a line where the container wrote it to: stdout or stderr.
    pub(crate) fn line(&mut self, place: usize, line: &LogLine) -> io::Result<()> {
        if !self.sources[place].is_shown {
            return Ok(());
        }
        let text = self.render(place, line);
        match line.stream {
            Stream::Stdout => io::stdout().lock().write_all(text.as_bytes()),
            Stream::Stderr => io::stderr().lock().write_all(text.as_bytes()),
        }
    }

    /// Says that a container has ended, and why.
    pub(crate) fn ended(&mut self, place: usize, layout: &Layout, end: &RunEnd) -> io::Result<()> {
        if !self.sources[place].is_shown {
            return Ok(());
        }
        self.end_line()?;
        let code = end.exit_code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
        let text = format!("{} exited with code {code}\n", self.sources[place].short);
        io::stdout().lock().write_all(text.as_bytes())?;
        self.reason(place, layout, end)
    }

    /// Says on stderr why a container has ended, where its exit code alone does not tell: it is no output
    /// of the container.
    pub(crate) fn reason(&mut self, place: usize, layout: &Layout, end: &RunEnd) -> io::Result<()> {
        let source = &self.sources[place];
        let Some(text) = ending::sentence(layout, &source.container, &source.short, end) else {
            return Ok(());
        };
        if !source.is_shown {
            return Ok(());
        }
        self.end_line()?;
        io::stderr().lock().write_all(format!("{text}\n").as_bytes())
    }

    /// Ends a line that its container did not end.
    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        if self.begun.take().is_some() { io::stdout().lock().write_all(b"\n") } else { Ok(()) }
    }

    fn render(&mut self, place: usize, line: &LogLine) -> String {
        let this = (place, line.stream);
        let begun = self.begun.take();
        if !line.text.ends_with('\n') {
            self.begun = Some(this);
        }
        let lead = match begun {
            Some(begun) if begun == this => return line.text.clone(),
            Some(_) => "\n",
            None => "",
        };
        let time = if self.with_times { format!("{} ", clock::rfc3339(line.time)) } else { String::new() };
        format!("{lead}{}{time}{}", self.prefixes[place], line.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::terminal::ProgressStyle;
    use std::time::SystemTime;

    fn source(name: &str) -> Source {
        Source {
            id: ContainerId::from_random([0; 32]),
            container: ContainerName::new(format!("demo-{name}")).expect("valid"),
            short: name.to_owned(),
            is_shown: true,
        }
    }

    fn printer(format: LogFormat, with_times: bool, colour_stdout: bool) -> Printer {
        let terminal = Terminal {
            progress: ProgressStyle::Plain,
            colour_stdout,
            colour_stderr: false,
            is_interactive: false,
        };
        Printer::new(vec![source("redis-server-1"), source("web-1")], format, with_times, &terminal)
    }

    fn line(text: &str) -> LogLine {
        LogLine { stream: Stream::Stdout, time: SystemTime::UNIX_EPOCH, text: text.to_owned() }
    }

    #[test]
    fn prefixes_are_as_wide_as_the_longest_name() {
        let mut printer = printer(LogFormat::default(), false, false);
        assert_eq!(printer.render(0, &line("ready\n")), "redis-server-1  | ready\n");
        assert_eq!(printer.render(1, &line("ready\n")), "web-1           | ready\n");
    }

    #[test]
    fn pieces_of_a_long_line_are_joined_unless_another_comes_between() {
        let mut printer = printer(LogFormat::default(), false, false);
        assert_eq!(printer.render(1, &line("one ")), "web-1           | one ");
        assert_eq!(printer.render(1, &line("two ")), "two ");
        assert_eq!(printer.render(0, &line("x\n")), "\nredis-server-1  | x\n");
        assert_eq!(printer.render(1, &line("three\n")), "web-1           | three\n");
    }

    #[test]
    fn without_prefix_only_the_text_is_left() {
        let format = LogFormat { no_log_prefix: true, ..LogFormat::default() };
        assert_eq!(printer(format, true, true).render(1, &line("x\n")), "1970-01-01T00:00:00.000000000Z x\n");
    }

    #[test]
    fn colour_covers_the_prefix_only() {
        let mut printer = printer(LogFormat::default(), false, true);
        assert_eq!(printer.render(1, &line("x\n")), "\x1b[33mweb-1           | \x1b[0mx\n");
    }
}
