//! The `lighter` command: a line of arguments to one command's `run`.

#![forbid(unsafe_code)]

mod apply;
mod args;
mod attached;
mod commands;
mod completion;
mod console;
mod error;
mod files;
mod filter;
mod habits;
mod logging;
mod names;
mod provider;
mod report;
mod session;
mod show;
mod target;
mod unwritten;
mod usage;
mod usage_on_disk;
mod waiting;
mod watch;

use args::Arguments;
use clap::error::ErrorKind;
use engine::supervisor;
use session::Session;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Supervisors and build steps are this same program. They fork, so nothing may have begun a thread.
    if arguments.get(1).and_then(|verb| verb.to_str()).is_some_and(supervisor::is_verb) {
        return supervisor::main(&arguments[1..]);
    }
    if completion::answer(&arguments) {
        return ExitCode::SUCCESS;
    }
    match args::parse(&arguments) {
        Ok(arguments) => run(arguments),
        Err(error) => refuse(&error, &arguments),
    }
}

fn run(arguments: Arguments) -> ExitCode {
    let session = Session::new(arguments.global);
    logging::start(session.global.log_level.unwrap_or_default(), &session.terminal);
    let code = match arguments.command.run(&session) {
        Ok(code) => code,
        Err(error) => report::failure(&error, &session.terminal),
    };
    supervisor::end_nursery();
    code
}

/// Help and version are answers; any other end of parsing is an error.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    // A closed stdout or stderr is nobody's loss.
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = show::output::print(&error.render().to_string());
            ExitCode::SUCCESS
        }
        ErrorKind::InvalidSubcommand if report::elsewhere(error, arguments) => ExitCode::FAILURE,
        _ => {
            let _ = error.print();
            report::misplaced(error, arguments);
            ExitCode::from(args::refusal::exit_code(error, arguments))
        }
    }
}
