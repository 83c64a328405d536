//! What users of docker compose rely on, command by command. docs/compose-behaviours.md lists which
//! behaviour is shown where; `cargo xtask tidy` checks that list.

mod building;
mod completion;
mod control;
mod copying;
mod environment;
mod habits;
mod hooks;
mod images;
mod interruption;
mod listing;
mod logs;
mod ownership;
mod providers;
mod recreation;
mod run;
mod scale;
mod selection;
mod sharing;
mod up;
mod waiting;

use scenarios::Project;

/// `web` needs `db`; both sleep.
const PAIR: &str = "
services:
  web: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s, depends_on: [db]}
  db: {image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s}
";

/// Every container of the project without its prefix, and what it does: `web-1 running`.
#[track_caller]
fn states(project: &Project<'_>) -> Vec<String> {
    let listed = project.run(&["ps", "-a", "--format", "{{.Name}} {{.State}}"]).succeeds().stdout;
    let prefix = format!("{}-", project.name());
    let mut states: Vec<_> = listed.lines().map(|line| line.replacen(&prefix, "", 1)).collect();
    states.sort();
    states
}
