//! `container top`.

use super::One;
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::show::table::{Tabbed, WIDE};
use clap::Args;
use engine::container;
use std::process::ExitCode;

/// Options of `container top`.
#[derive(Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    one: One,
    /// Options of ps, such as `-ef`, `aux` or `-o pid,comm`
    #[arg(value_name = "PS OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

impl Top {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let processes = container::top(&layout, &name, &self.options)?;
        let mut table = Tabbed::new(WIDE);
        table.line(&processes.titles.join("\t"));
        processes.rows.iter().for_each(|row| table.line(&row.join("\t")));
        output::print(&table.render())?;
        Ok(ExitCode::SUCCESS)
    }
}
