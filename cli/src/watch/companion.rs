//! The watcher beside an attached `up`: a run of this program that ends with it.

use crate::session::Session;
use engine_spec::{ProjectName, ServiceName};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Watches as long as this exists.
#[derive(Debug)]
pub(crate) struct Companion(Child);

impl Companion {
    /// Begins to watch what runs.
    pub(crate) fn start(
        session: &Session,
        project: &ProjectName,
        services: &[ServiceName],
    ) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command.args(session.global.for_project(project)).args(["watch", "--no-up"]);
        command.args(services.iter().map(ServiceName::as_str));
        // A Ctrl-C is for `up`, which then ends us.
        command.stdin(Stdio::null()).process_group(0).spawn().map(Self)
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.0.id()) {
            // It is ours and not waited for, so the number is its own.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.0.wait();
    }
}
