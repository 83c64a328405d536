//! What containers print is kept and shown.

use scenarios::{Lighter, Project, require};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

const COUNTER: &str = "
services:
  web:
    image: busybox
    command: [sh, -c, 'echo turn >> /turns; echo line $(wc -l < /turns); exec sleep 1000000']
    init: true
";

/// `logs -f`, read line by line.
struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    fn start(project: &Project<'_>) -> Self {
        let mut command = project.command(&["logs", "-f", "--no-log-prefix"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("lighter starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { child, lines }
    }

    /// The next line that a container printed, past what Lighter itself has to say.
    fn next(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).expect("the log can be read");
            if !line.contains("exited with code") {
                return line;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn following_goes_on_across_a_restart() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COUNTER);
    project.up();
    let mut log = Following::start(&project);
    assert_eq!(log.next(), "line 1\n");
    project.run(&["restart", "-t", "0"]).succeeds();
    assert_eq!(log.next(), "line 2\n");
}

#[test]
fn following_ends_when_the_containers_are_gone() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COUNTER);
    project.up();
    let mut log = Following::start(&project);
    assert_eq!(log.next(), "line 1\n");
    project.down();
    assert_eq!(log.next(), "");
}

#[test]
fn tail_shows_the_last_lines_with_their_service() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: seq 1 100
";
    let project = Project::new(&lighter, compose);
    project.up();
    scenarios::wait_until("seq ends", || project.container("web").state == "exited");
    let text = project.run(&["logs", "--tail", "2"]).succeeds().stdout;
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once('|')).collect();
    let lines: Vec<_> = lines.iter().map(|(service, line)| (service.trim(), line.trim())).collect();
    assert_eq!(lines, [("web-1", "99"), ("web-1", "100")]);
}

#[test]
fn errors_and_output_are_both_kept() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = "
services:
  web:
    image: busybox
    command: [sh, -c, 'echo out; echo err >&2']
";
    let project = Project::new(&lighter, compose);
    project.up();
    scenarios::wait_until("the script ends", || project.container("web").state == "exited");
    let outcome = project.run(&["logs", "--no-log-prefix"]).succeeds();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
}
