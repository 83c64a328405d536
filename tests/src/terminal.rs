//! A real terminal (tmux), for what is typed, seen, resized and left.

use crate::{Folder, Lighter, eventually, host};
use std::process::Command;

/// A terminal of 80 columns and 24 rows with a shell in it.
#[derive(Debug)]
pub struct Terminal {
    folder: Folder,
}

impl Terminal {
    /// A new one; what is typed there uses the root of `lighter`.
    ///
    /// # Panics
    /// If tmux does not start.
    #[must_use]
    pub fn new(lighter: &Lighter) -> Self {
        let terminal = Self { folder: Folder::new("tmux") };
        let root = format!("LIGHTER_ROOT={}", lighter.root().display());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "-e",
            &root,
            "env PS1='$ ' sh",
        ]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let socket = self.folder.path().join("socket").display().to_string();
        host::run("tmux", &[&["-S", &socket], arguments].concat())
    }

    /// Makes it larger or smaller.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// Types a line.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.keys(&["Enter"]);
    }

    /// Presses keys, by the names that tmux has for them.
    pub fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// What is on the screen, with colours as escapes.
    #[must_use]
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// Waits until `text` is on the screen.
    ///
    /// # Panics
    /// If it never is.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let found = eventually(|| self.screen().contains(text).then_some(()));
        assert!(found.is_some(), "no {text:?} on the screen:\n{}", self.screen());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let socket = self.folder.path().join("socket");
        let _ = Command::new("tmux").arg("-S").arg(socket).arg("kill-server").output();
    }
}
