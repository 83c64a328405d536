//! An installation of a test's own, and containers of busybox in it.

use scenarios::{Lighter, Outcome};
use std::io::Write as _;
use std::process::Stdio;

/// An installation whose containers go with it.
#[derive(Debug)]
pub(super) struct Machine {
    lighter: Lighter,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { lighter: Lighter::new() }
    }

    /// The binary and its folder.
    pub(super) fn lighter(&self) -> &Lighter {
        &self.lighter
    }

    /// `lighter container <arguments>`.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> Outcome {
        self.lighter.run([&["container"], arguments].concat())
    }

    /// The same for one that must go well: what it printed.
    #[track_caller]
    pub(super) fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).succeeds().stdout
    }

    /// The same with bytes on standard input.
    #[track_caller]
    pub(super) fn feed(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = self.lighter.command([&["container"], arguments].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{arguments:?} does not start: {error}"));
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_vec();
        let writing = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("it ends");
        writing.join().expect("no panic").expect("all input is read");
        assert!(output.status.success(), "{arguments:?}: {:?}", output.status);
        output.stdout
    }

    /// Starts a container of a shell script.
    #[track_caller]
    pub(super) fn start(&self, name: &str, script: &str) {
        self.ok(&["run", "-d", "--init", "--name", name, "busybox", "sh", "-c", script]);
    }

    /// What a shell line in a container prints, without the last line end.
    #[track_caller]
    pub(super) fn shell(&self, name: &str, line: &str) -> String {
        self.ok(&["exec", name, "sh", "-c", line]).trim_end().to_owned()
    }

    /// Names and words for what the containers do, a line each.
    #[track_caller]
    pub(super) fn states(&self) -> String {
        let text = self.ok(&["ls", "-a", "--format", "{{.Names}} {{.State}}"]);
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let ids = self.lighter.run(["container", "ls", "-aq"]).stdout;
        let ids: Vec<_> = ids.lines().collect();
        if !ids.is_empty() {
            // What stays is found by whoever looks at the whole machine, with a better message.
            let _ = self.lighter.run([&["container", "rm", "-f", "-v"], ids.as_slice()].concat());
        }
    }
}
