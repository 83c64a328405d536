//! Finding and executing the program, by the rules of a shell: a name is looked for along PATH.

use crate::runtime::init_process;
use crate::runtime::launch::LaunchError;
use crate::runtime::launch::report::Report;
use crate::runtime::rootfs::open_inside;
use crate::runtime::user;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::sys::stat::{SFlag, stat};
use nix::unistd::{AccessFlags, execve, execveat, faccessat, fchdir};
use oci_spec::runtime::Spec;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the child executes.
#[derive(Debug)]
pub(in crate::runtime) struct Program {
    arguments: Vec<CString>,
    environment: Vec<CString>,
    working_dir: PathBuf,
    name: String,
    /// The program of `init: true`, to be PID 1 in front of the program.
    init: Option<OwnedFd>,
}

/// Why the program cannot be executed.
#[derive(Debug)]
pub(super) enum ProgramFailure {
    WorkingDir(Errno),
    NotFound(Errno),
}

const PATH: &[u8] = b"PATH=";
const HOME: &[u8] = b"HOME=";

impl Program {
    /// The program of `spec`, behind `init` if it is given.
    pub(in crate::runtime) fn of(spec: &Spec, init: Option<OwnedFd>) -> Result<Self, LaunchError> {
        let process = spec.process().clone().unwrap_or_default();
        let arguments = process.args().clone().unwrap_or_default();
        let name = arguments.first().cloned();
        Ok(Self {
            name: name.ok_or_else(|| LaunchError::Unsupported("no arguments".to_owned()))?,
            arguments: texts(arguments, "an argument")?,
            environment: texts(process.env().clone().unwrap_or_default(), "an environment variable")?,
            working_dir: process.cwd().clone(),
            init,
        })
    }

    /// Its name as the container's command gives it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its variables, with HOME from the image's users if it has none.
    pub(super) fn environment(&self, root: BorrowedFd<'_>, uid: u32) -> Vec<CString> {
        let mut environment = self.environment.clone();
        if !environment.iter().any(|variable| variable.to_bytes().starts_with(HOME)) {
            // A home folder cannot hold a NUL: it is a line's field, and such a line is passed over.
            environment.extend(CString::new(format!("HOME={}", user::home(root, uid))));
        }
        environment
    }

    /// Enters the working folder and finds the program's file, both with the user's rights.
    pub(super) fn enter_and_find(&self, root: BorrowedFd<'_>) -> Result<CString, ProgramFailure> {
        // Not by chdir(2), which would follow /proc/self/fd out of the container (CVE-2024-21626).
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let entered = open_inside(root, &self.working_dir, flags).and_then(fchdir);
        entered.map_err(ProgramFailure::WorkingDir)?;
        self.find().map_err(ProgramFailure::NotFound)
    }

    fn find(&self) -> nix::Result<CString> {
        let name = &self.arguments[0];
        if name.to_bytes().contains(&b'/') {
            return check_executable(name).map(|()| name.clone());
        }
        let mut refusal = Errno::ENOENT;
        for folder in self.search_path().split(|byte| *byte == b':') {
            let folder = if folder.is_empty() { b"." } else { folder };
            let path = [folder, b"/", name.to_bytes()].concat();
            let path = CString::new(path).map_err(|_| Errno::EINVAL)?;
            match check_executable(&path) {
                Ok(()) => return Ok(path),
                Err(Errno::EACCES | Errno::EISDIR) => refusal = Errno::EACCES,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    fn search_path(&self) -> &[u8] {
        let variables = self.environment.iter().map(|variable| variable.to_bytes());
        variables.filter_map(|variable| variable.strip_prefix(PATH)).next_back().unwrap_or_default()
    }

    /// Becomes the program whose file is `path`.
    pub(super) fn execute(&self, path: &CStr, environment: &[CString]) -> nix::Result<Infallible> {
        let Some(init) = &self.init else { return execve(path, &self.arguments, environment) };
        let name = CString::new(init_process::NAME).map_err(|_| Errno::EINVAL)?;
        let arguments: Vec<&CStr> =
            [name.as_c_str(), path].into_iter().chain(self.arguments.iter().map(CString::as_c_str)).collect();
        execveat(init, c"", &arguments, environment, AtFlags::AT_EMPTY_PATH)
    }
}

impl ProgramFailure {
    pub(super) fn into_report(self, program: &Program) -> Report {
        match self {
            Self::WorkingDir(errno) => {
                let step = format!("enter the working directory {}", program.working_dir.display());
                Report::Failed { step, errno: errno as i32 }
            }
            Self::NotFound(errno) => {
                Report::NotExecuted { program: program.name.clone(), errno: errno as i32 }
            }
        }
    }
}

/// `execve` says EACCES for a folder too; a shell tells the two apart, and so do we.
fn check_executable(path: &CStr) -> nix::Result<()> {
    let kind = SFlag::from_bits_truncate(stat(path)?.st_mode) & SFlag::S_IFMT;
    if kind == SFlag::S_IFDIR {
        return Err(Errno::EISDIR);
    }
    let path = Path::new(std::ffi::OsStr::from_bytes(path.to_bytes()));
    faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS)
}

fn texts(texts: Vec<String>, what: &str) -> Result<Vec<CString>, LaunchError> {
    let unsupported = |_| LaunchError::Unsupported(format!("a NUL character in {what}"));
    texts.into_iter().map(|text| CString::new(text).map_err(unsupported)).collect()
}
