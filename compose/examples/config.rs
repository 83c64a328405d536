//! Prints a project as `docker compose config` does: `config [-f FILE]… [--env-file FILE]… config [--format json]`.

use compose::load::Depth;
use compose::{Files, LoadOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

struct Host;

impl Files for Host {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example program")]
fn main() -> ExitCode {
    let mut options = LoadOptions {
        environment: std::env::vars().collect(),
        current_directory: std::env::current_dir().unwrap_or_default(),
        depth: Depth::Environment,
        ..LoadOptions::default()
    };
    let mut is_json = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-f" => options.files.extend(arguments.next().map(PathBuf::from)),
            "--env-file" => options.env_files.extend(arguments.next().map(PathBuf::from)),
            "--format" => is_json = arguments.next().as_deref() == Some("json"),
            _ => {}
        }
    }
    match compose::load(&options, &Host) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                eprintln!("{warning}\n");
            }
            print!("{}", if is_json { loaded.project.to_json() } else { loaded.project.to_yaml() });
            ExitCode::SUCCESS
        }
        Err(diagnostics) => {
            eprintln!("{diagnostics}");
            ExitCode::FAILURE
        }
    }
}
