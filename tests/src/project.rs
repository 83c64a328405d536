//! A Compose project in a folder of its own.

use crate::lighter::run;
use crate::{Folder, Lighter, Outcome};
use serde_json::Value;
use std::process::Command;

/// A project. What is left of it is taken down when it is dropped, however the test ended.
#[derive(Debug)]
pub struct Project<'a> {
    lighter: &'a Lighter,
    folder: Folder,
    environment: Vec<(String, String)>,
}

/// A container as `container inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its first process on the host; 0 while it does not run.
    pub pid: i32,
    /// `running`, `exited` ….
    pub state: String,
    /// How it ended.
    pub exit_code: i64,
    /// When it was started last.
    pub started_at: String,
}

impl<'a> Project<'a> {
    /// A project with this `compose.yaml`.
    #[must_use]
    pub fn new(lighter: &'a Lighter, compose: &str) -> Self {
        let project = Self { lighter, folder: Folder::new("project"), environment: Vec::new() };
        project.write("compose.yaml", compose);
        project
    }

    /// The same with a variable set in the environment of every command.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// Its name: that of its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.path().file_name().expect("a folder has a name").to_string_lossy().into_owned()
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        self.folder.write(name, text);
    }

    /// A command line in the project's folder, to be run.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.lighter.command(arguments);
        command.current_dir(self.folder.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command line in the project's folder to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        run(self.command(arguments))
    }

    /// `up -d`, which must succeed.
    #[track_caller]
    pub fn up(&self) -> Outcome {
        self.run(&["up", "-d"]).succeeds()
    }

    /// `down` without grace, which must succeed.
    #[track_caller]
    pub fn down(&self) -> Outcome {
        self.run(&["down", "-t", "0"]).succeeds()
    }

    /// Runs a shell command in a service's container and returns what it printed.
    #[track_caller]
    pub fn shell(&self, service: &str, script: &str) -> String {
        self.run(&["exec", "-T", service, "sh", "-c", script]).succeeds().stdout
    }

    /// The first container of a service.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn container(&self, service: &str) -> Container {
        self.find_container(service).unwrap_or_else(|| panic!("{service} has no container"))
    }

    /// The first container of a service, if it has one.
    #[must_use]
    #[track_caller]
    pub fn find_container(&self, service: &str) -> Option<Container> {
        let name = format!("{}-{service}-1", self.name());
        let outcome = self.run(&["container", "inspect", &name]);
        if outcome.code != Some(0) {
            return None;
        }
        let all: Value = serde_json::from_str(&outcome.stdout).expect("inspect prints JSON");
        let (container, state) = (&all[0], &all[0]["State"]);
        Some(Container {
            id: text(&container["Id"]),
            pid: i32::try_from(state["Pid"].as_i64().unwrap_or_default()).expect("a process id"),
            state: text(&state["Status"]),
            exit_code: state["ExitCode"].as_i64().unwrap_or_default(),
            started_at: text(&state["StartedAt"]),
        })
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        // By name: the file may be one that a test has broken.
        let name = self.name();
        let _ = run(self.lighter.command(["-p", &name, "down", "-v", "-t", "0", "--remove-orphans"]));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
