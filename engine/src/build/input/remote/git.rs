//! Checkouts of Git repositories, made by the host's own `git`.
//!
//! The repository is not trusted: its hooks do not run, its submodules and redirects may not use local
//! files, and nobody is asked for a password.

use super::address::{Address, Reference, is_commit};
use super::{note_use, place};
use crate::build::workshop::Workshop;
use crate::image::{Staging, StoreError};
use crate::state::lock::{self, LockError};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Settings that outrank those of the repository.
const SETTINGS: [&str; 5] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.file.allow=user",
    "advice.detachedHead=false",
    "gc.auto=0",
];

/// A repository could not be checked out.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The address cannot be read.
    #[error("{0}")]
    Address(String),
    /// The host has no `git`.
    #[error("there is no `git` in PATH, which fetching {remote} needs: install it")]
    NoGit {
        /// What was to be fetched.
        remote: String,
    },
    /// `git` failed.
    #[error("cannot fetch {remote}: git {attempt} failed: {message}")]
    Failed {
        /// From where.
        remote: String,
        /// Its first argument.
        attempt: String,
        /// What it wrote last.
        message: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{remote} has no {reference}")]
    NoReference {
        /// The repository.
        remote: String,
        /// What was asked for.
        reference: String,
    },
    /// The commit is another than the one it must be.
    #[error("{remote} has the commit {found} there, not {expected}")]
    OtherCommit {
        /// The repository.
        remote: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A file could not be used.
    #[error("cannot keep the checkout of {remote}")]
    Keep {
        /// The repository.
        remote: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The checkout could not be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No folder could be made for it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A repository's files at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) struct Checkout {
    /// Where they lie.
    pub(in crate::build) folder: PathBuf,
    /// The folder of the repository that was asked for; empty is all.
    pub(in crate::build) subfolder: String,
}

/// Whether an ADD source is a repository.
pub(in crate::build) fn is_remote_git(text: &str) -> bool {
    engine_spec::is_git(text) && !text.starts_with("github.com/")
}

impl Checkout {
    /// Checks out what `text` names, unless that very commit is here.
    pub(in crate::build) fn of(
        shop: &Workshop<'_>,
        text: &str,
        (keeps_git, commit): (bool, Option<&str>),
    ) -> Result<Self, GitError> {
        let mut address = Address::parse(text).map_err(GitError::Address)?;
        address.commit = commit.map(str::to_owned).or(address.commit);
        let keeps_git = keeps_git || address.keeps_git.unwrap_or(false);
        let git = Git::find(shop, &address.remote)?;
        let (commit, name) = git.resolve(&address)?;
        let identity = format!("{} {commit} {keeps_git} {}", address.remote, address.has_submodules);
        let (key, place) = place(shop.layout, "git", &identity);
        let folder = place.join("tree");
        let subfolder = address.folder.clone();
        let _ours = lock::build_step(shop.layout, &key)?;
        if !folder.is_dir() {
            git.check_out(shop, (&address, &commit, &name), (&place, keeps_git))?;
        }
        let keep = |source| GitError::Keep { remote: address.remote.clone(), source };
        note_use(&place, &address.remote).map_err(keep)?;
        Ok(Self { folder, subfolder })
    }
}

/// The host's `git`, for one remote.
struct Git<'a> {
    program: PathBuf,
    remote: &'a str,
    environment: Vec<(String, String)>,
}

impl<'a> Git<'a> {
    fn find(shop: &Workshop<'_>, remote: &'a str) -> Result<Self, GitError> {
        let environment = shop.host.environment;
        let folders = environment.get("PATH").map_or("/usr/bin:/bin", String::as_str);
        let program =
            folders.split(':').map(|folder| Path::new(folder).join("git")).find(|path| path.is_file());
        let wanted = ["PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "GIT_SSH_COMMAND"];
        let is_wanted = |name: &str| wanted.contains(&name) || name.to_ascii_lowercase().ends_with("_proxy");
        let kept = environment.iter().filter(|(name, _)| is_wanted(name));
        let missing = || GitError::NoGit { remote: remote.to_owned() };
        Ok(Self {
            program: program.ok_or_else(missing)?,
            remote,
            environment: kept.map(|(name, value)| (name.clone(), value.clone())).collect(),
        })
    }

    /// The commit that the address names, and what to fetch to get it.
    fn resolve(&self, address: &Address) -> Result<(String, String), GitError> {
        let (name, places) = match &address.reference {
            Some(Reference::Any(name)) if is_commit(name) => {
                return self.checked(address, name.clone(), name.clone());
            }
            None if address.commit.as_deref().is_some_and(is_commit) => {
                let commit = address.commit.clone().unwrap_or_default();
                return Ok((commit.clone(), commit));
            }
            None => ("HEAD", vec!["HEAD".to_owned()]),
            Some(Reference::Any(name)) => {
                let places = ["refs/tags/", "refs/heads/", ""].map(|prefix| format!("{prefix}{name}"));
                (name.as_str(), places.to_vec())
            }
            Some(Reference::Branch(name)) => (name.as_str(), vec![format!("refs/heads/{name}")]),
            Some(Reference::Tag(name)) => (name.as_str(), vec![format!("refs/tags/{name}")]),
        };
        let peeled = places.iter().map(|place| format!("{place}^{{}}"));
        let patterns: Vec<String> = places.iter().cloned().chain(peeled).collect();
        let mut arguments = vec!["ls-remote", "--", self.remote];
        arguments.extend(patterns.iter().map(String::as_str));
        let listed = self.run(None, &arguments)?;
        let find = |place: &str| {
            let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
            lines.find(|(_, name)| *name == place).map(|(commit, _)| commit.to_owned())
        };
        let found = places.iter().find_map(|place| {
            let commit = find(&format!("{place}^{{}}")).or_else(|| find(place))?;
            Some((commit, place.clone()))
        });
        let missing = || GitError::NoReference {
            remote: self.remote.to_owned(),
            reference: format!("branch or tag `{name}`"),
        };
        let (commit, place) = found.ok_or_else(missing)?;
        self.checked(address, commit, place)
    }

    /// Refuses a commit that is not the one asked for.
    fn checked(&self, address: &Address, found: String, place: String) -> Result<(String, String), GitError> {
        match &address.commit {
            Some(expected) if expected.is_empty() || !found.starts_with(expected.as_str()) => {
                Err(GitError::OtherCommit {
                    remote: self.remote.to_owned(),
                    expected: expected.clone(),
                    found,
                })
            }
            _ => Ok((found, place)),
        }
    }

    fn check_out(
        &self,
        shop: &Workshop<'_>,
        (address, commit, name): (&Address, &str, &str),
        (place, keeps_git): (&Path, bool),
    ) -> Result<(), GitError> {
        let keep = |source| GitError::Keep { remote: self.remote.to_owned(), source };
        let staging = Staging::new(shop.layout)?;
        let tree = staging.path("tree");
        DirBuilder::new().mode(0o755).create(&tree).map_err(keep)?;
        let format = if commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        self.run(Some(&tree), &["init", "--quiet", format])?;
        self.run(Some(&tree), &["remote", "add", "origin", self.remote])?;
        let shallow = self.run(Some(&tree), &["fetch", "--quiet", "--depth=1", "origin", name]);
        if shallow.is_err() {
            // A server may refuse to send a commit by its name: then all comes.
            self.run(
                Some(&tree),
                &["fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"],
            )?;
        }
        self.run(Some(&tree), &["checkout", "--quiet", "--force", commit])?;
        if address.has_submodules && tree.join(".gitmodules").is_file() {
            self.run(Some(&tree), &["submodule", "update", "--quiet", "--init", "--recursive", "--depth=1"])?;
        }
        let time = self.run(Some(&tree), &["show", "--no-patch", "--format=%ct", "HEAD"])?;
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(time.trim().parse().unwrap_or_default());
        if !keeps_git {
            fs::remove_dir_all(tree.join(".git")).map_err(keep)?;
        }
        settle(&tree, modified).map_err(keep)?;
        DirBuilder::new().recursive(true).mode(0o700).create(place).map_err(keep)?;
        fs::rename(&tree, place.join("tree")).map_err(keep)
    }

    /// Runs `git` and returns what it wrote.
    fn run(&self, folder: Option<&Path>, arguments: &[&str]) -> Result<String, GitError> {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        command.current_dir(folder.unwrap_or(Path::new("/"))).stdin(Stdio::null());
        let failed = |message: String| GitError::Failed {
            remote: self.remote.to_owned(),
            attempt: arguments.first().copied().unwrap_or_default().to_owned(),
            message,
        };
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
            return Err(failed(last.trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Gives everything the modes and times it has on every machine, whatever its umask and clock.
fn settle(folder: &Path, modified: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            settle(&entry.path(), modified)?;
        } else if metadata.is_file() {
            let mode = if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            fs::set_permissions(entry.path(), Permissions::from_mode(mode))?;
            File::open(entry.path())?.set_modified(modified)?;
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    File::open(folder)?.set_modified(modified)
}
