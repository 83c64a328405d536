//! `container logs`.

use super::One;
use crate::args::LogFlags;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::{clock, ending};
use clap::Args;
use engine::container::logs::{LogEntry, LogLine, LogReader, Stream, details};
use std::io::{self, Write};
use std::process::ExitCode;

/// Options of `container logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    flags: LogFlags,
    /// Print the labels and variables that the log options name before each line
    #[arg(long)]
    details: bool,
}

impl Logs {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let details = if self.details { details(&layout, &name)? } else { String::new() };
        let mut printer = Printer { with_times: self.flags.timestamps, details, is_begun: [false; 2] };
        let mut reader = LogReader::open(&layout, &name, &self.flags.options()?)?;
        while let Some(entry) = reader.next()? {
            match entry {
                LogEntry::Line(line) => printer.print(&line).map_err(CommandError::Stdout)?,
                // As docker: who follows a container that has ended is done.
                LogEntry::Ended(end) => {
                    if let Some(text) = ending::sentence(&layout, &name, name.as_str(), &end) {
                        writeln!(io::stderr().lock(), "{text}").map_err(CommandError::Stdout)?;
                    }
                    break;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

struct Printer {
    with_times: bool,
    details: String,
    /// Whether a line of each stream has begun: long lines come in pieces.
    is_begun: [bool; 2],
}

impl Printer {
    /// Prints a line where the container wrote it to: stdout or stderr.
    fn print(&mut self, line: &LogLine) -> io::Result<()> {
        let is_begun = &mut self.is_begun[line.stream as usize];
        let mut text = String::new();
        if !*is_begun {
            if self.with_times {
                text = clock::rfc3339(line.time) + " ";
            }
            if !self.details.is_empty() {
                text = text + &self.details + " ";
            }
        }
        *is_begun = !line.text.ends_with('\n');
        text.push_str(&line.text);
        match line.stream {
            Stream::Stdout => io::stdout().lock().write_all(text.as_bytes()),
            Stream::Stderr => io::stderr().lock().write_all(text.as_bytes()),
        }
    }
}
