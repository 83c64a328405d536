//! What a test may need of the machine it runs on.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Something a test may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// To be root.
    Root,
    /// Control groups of version 1 (also hybrid).
    CgroupV1,
    /// Control groups of version 2 alone.
    CgroupV2,
    /// `/bin/busybox`, statically linked, as a root file system.
    Busybox,
    /// `runc` on PATH.
    Runc,
}

impl Requirement {
    /// Whether this machine has it.
    #[must_use]
    pub fn is_met(self) -> bool {
        match self {
            Self::Root => nix::unistd::geteuid().is_root(),
            Self::CgroupV1 => Path::new("/sys/fs/cgroup/memory/tasks").exists(),
            Self::CgroupV2 => Path::new("/sys/fs/cgroup/cgroup.controllers").exists(),
            Self::Busybox => Path::new("/bin/busybox").exists(),
            Self::Runc => ["/usr/sbin/runc", "/usr/bin/runc"].iter().any(|path| Path::new(path).exists()),
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::CgroupV1 => "control groups v1",
            Self::CgroupV2 => "control groups v2",
            Self::Busybox => "/bin/busybox (apt-get install busybox-static)",
            Self::Runc => "runc",
        })
    }
}

/// Records that the running test was skipped, past the test harness's capture: in the file that
/// `LIGHTER_TEST_SKIPS` names, which `cargo xtask test` prints, else on standard error.
pub fn report_skip(module: &str, missing: Requirement) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or(module);
    let line = format!("{test}: needs {missing}\n");
    let file = std::env::var_os("LIGHTER_TEST_SKIPS")
        .and_then(|path| OpenOptions::new().append(true).open(path).ok());
    if file.is_none_or(|mut file| file.write_all(line.as_bytes()).is_err()) {
        // A harness reads this line; where standard error is closed nobody can.
        let _ = write!(std::io::stderr().lock(), "skipped: {line}");
    }
}
