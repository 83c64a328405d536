//! `completion`: prints the script with which a shell completes command lines.

use crate::completion::VARIABLE;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::{Args, ValueEnum};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};
use std::path::absolute;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  lighter completion bash > /etc/bash_completion.d/lighter
  lighter completion zsh > ~/.zsh/completions/_lighter
  lighter completion fish > ~/.config/fish/completions/lighter.fish";

/// Options of `completion`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that can be told how to complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completion {
    pub(super) fn run(self, _session: &Session) -> Result<ExitCode, CommandError> {
        let shell: &dyn EnvCompleter = match self.shell {
            Shell::Bash => &Bash,
            Shell::Zsh => &Zsh,
            Shell::Fish => &Fish,
        };
        let mut script = Vec::new();
        let written = shell.write_registration(VARIABLE, "lighter", "lighter", &program(), &mut script);
        written.map_err(CommandError::Stdout)?;
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How the script finds this program: as it was found now.
fn program() -> String {
    let name = std::env::args().next().unwrap_or_else(|| "lighter".to_owned());
    if !name.contains('/') {
        return name;
    }
    absolute(&name).map_or(name, |path| path.display().to_string())
}
