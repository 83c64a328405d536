//! When, of what and on what something was measured or compared.

use crate::program::Program;
use crate::workspace;
use anyhow::Result;

/// One sentence that says it.
pub(crate) fn origin() -> Result<String> {
    let read = |program: &str, arguments: &[&str]| -> Result<String> {
        let text = Program::new(program).args(arguments).folder(workspace::root()).read()?;
        Ok(text.trim().to_owned())
    };
    let date = read("date", &["-u", "+%Y-%m-%d"])?;
    let commit = read("git", &["describe", "--always", "--dirty", "--abbrev=10"])?;
    let kernel = read("uname", &["-sr"])?;
    let field = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism()?;
    let (processor, memory) = (field("/proc/cpuinfo", "model name"), field("/proc/meminfo", "MemTotal"));
    Ok(format!("Measured on {date} at commit {commit}, on {cores} cores of {processor}, {memory}, {kernel}."))
}
