//! `volume create`: makes a volume.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::state::sync_stage;
use engine::volume;
use engine_spec::{VolumeName, VolumeSpec};
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

/// Options of `volume create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name [default: one by chance]
    #[arg(value_name = "NAME")]
    volume: Option<VolumeName>,
    /// Its name, as docker has it too
    #[arg(long, hide = true, conflicts_with = "volume")]
    name: Option<VolumeName>,
    /// Keep its data by this driver
    #[arg(short, long, value_name = "DRIVER", default_value = "local")]
    driver: String,
    /// Set an option of the driver
    #[arg(short, long, value_name = "NAME[=VALUE]", value_parser = pair)]
    opt: Vec<(String, String)>,
    /// Add a label
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = pair)]
    label: Vec<(String, String)>,
}

impl Create {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let spec = VolumeSpec {
            name: self.volume.or(self.name).map_or_else(by_chance, Ok)?,
            driver: self.driver,
            driver_opts: self.opt.into_iter().collect(),
            labels: self.label.into_iter().collect(),
        };
        let made = volume::create(&layout, &spec)?;
        sync_stage(layout.data())?;
        output::print_lines([made.spec.name])?;
        Ok(ExitCode::SUCCESS)
    }
}

/// 64 hex digits, as docker gives a volume without a name.
fn by_chance() -> Result<VolumeName, engine_spec::NameError> {
    let digits = (0..4).map(|part| format!("{:016x}", RandomState::new().hash_one(part)));
    VolumeName::new(digits.collect::<String>())
}

/// A name alone has an empty value.
fn pair(text: &str) -> Result<(String, String), Infallible> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Ok((name.to_owned(), value.to_owned()))
}
