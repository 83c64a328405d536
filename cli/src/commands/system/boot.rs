//! `system boot`: what the host's service manager runs once after each start of the machine.

use crate::apply::execute::restore_networks;
use crate::error::CommandError;
use crate::report;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::container;
use engine_spec::{ObservedContainer, RestartPolicy, Status};
use std::process::ExitCode;

/// Options of `system boot`.
#[derive(Debug, Args)]
pub(crate) struct Boot {
    /// Print the systemd unit that does this at each start of the machine
    #[arg(long)]
    unit: bool,
}

impl Boot {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        if self.unit {
            output::print(&unit(session)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let (layout, mut observed) = session.look(None)?;
        restore_networks(&layout);
        observed.containers.sort_by_key(|container| container.created_at);
        let mut code = ExitCode::SUCCESS;
        for found in &observed.containers {
            let name = found.name();
            let done = match fate(found) {
                Fate::Rests => continue,
                Fate::Starts => container::start(&layout, name).map(drop).map_err(CommandError::from),
                Fate::Goes => container::remove(&layout, name, true).map_err(CommandError::from),
            };
            match done {
                Ok(()) => output::print_lines([name])?,
                Err(error) => code = report::failure(&error, &session.terminal),
            }
        }
        Ok(code)
    }
}

/// What becomes of a container after the machine has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stays as it is.
    Rests,
    /// Its policy starts it.
    Starts,
    /// It was to be removed when it ended, and has.
    Goes,
}

/// As docker when its daemon starts: `always` starts what a user stopped too, but not what never ran.
fn fate(container: &ObservedContainer) -> Fate {
    let Status::Exited { stopped_by_user, .. } = container.status else { return Fate::Rests };
    if container.spec.remove_on_exit {
        return Fate::Goes;
    }
    match container.spec.restart {
        RestartPolicy::Always => Fate::Starts,
        RestartPolicy::UnlessStopped if !stopped_by_user => Fate::Starts,
        RestartPolicy::UnlessStopped | RestartPolicy::OnFailure { .. } | RestartPolicy::No => Fate::Rests,
    }
}

/// The unit for this binary and this root.
fn unit(session: &Session) -> Result<String, CommandError> {
    let attempt = |source| CommandError::File { attempt: "find", path: "/proc/self/exe".into(), source };
    let binary = std::env::current_exe().map_err(attempt)?;
    let root = session.root().map(|root| format!("Environment=LIGHTER_ROOT={}\n", root.display()));
    Ok(format!(
        "# To be kept as /etc/systemd/system/lighter.service; then: systemctl enable lighter\n\
         [Unit]\n\
         Description=Containers that start with the machine\n\
         Wants=network-online.target\n\
         After=network-online.target local-fs.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         # Each container's supervisor leaves the service's control group, and survives it.\n\
         KillMode=process\n\
         {}ExecStart={} system boot\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        root.unwrap_or_default(),
        binary.display(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_spec::{ContainerId, ContainerName, ContainerSpec, Digest, ImageReference};
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    fn check(restart: RestartPolicy, stopped_by_user: bool, expected: Fate) {
        let name = ContainerName::new("web").expect("valid");
        let image = ImageReference::parse("web").expect("valid");
        let spec = ContainerSpec { restart, ..ContainerSpec::new(name, image, Digest::from_sha256([1; 32])) };
        let status = Status::Exited {
            exit_code: None,
            signal: None,
            started_at: None,
            finished_at: SystemTime::UNIX_EPOCH,
            oom_killed: false,
            stopped_by_user,
            error: None,
        };
        let container = ObservedContainer {
            id: ContainerId::from_random([1; 32]),
            spec,
            status,
            created_at: SystemTime::UNIX_EPOCH,
            endpoints: Vec::new(),
            ports: Vec::new(),
            volumes: BTreeMap::new(),
        };
        assert_eq!(fate(&container), expected, "{restart:?}, stopped by a user: {stopped_by_user}");
    }

    #[test]
    fn policies_decide_what_starts_with_the_machine() {
        check(RestartPolicy::Always, false, Fate::Starts);
        check(RestartPolicy::Always, true, Fate::Starts);
        check(RestartPolicy::UnlessStopped, false, Fate::Starts);
        check(RestartPolicy::UnlessStopped, true, Fate::Rests);
        check(RestartPolicy::OnFailure { max_attempts: None }, false, Fate::Rests);
        check(RestartPolicy::No, false, Fate::Rests);
    }
}
