//! Who enters a container is the engine until it executes the program inside: a moment to attack.

use scenarios::{Lighter, Project, require};

/// ptrace(2) by number.
const PTRACE: u32 = if cfg!(target_arch = "x86_64") { 101 } else { 117 };

/// Attaches to every process that turns up, once, and writes down those that do not run a program of the image.
/// Who is attached to is stopped, so that it is looked at as it was met.
const TRACER: &str = r#"
my $ptrace = shift;
my %met;
open(my $out, ">>", "/traced"); $out->autoflush(1);
open(my $ready, ">", "/ready"); close($ready);
while (1) {
    for my $entry (glob("/proc/[0-9]*")) {
        my ($pid) = $entry =~ /(\d+)/;
        next if $pid == $$ || $pid == 1 || $met{$pid};
        next if syscall($ptrace, 16, $pid + 0, 0, 0) == -1;
        $met{$pid} = 1;
        waitpid($pid, 0x40000000);
        my $program = readlink("/proc/$pid/exe") // "?";
        print $out "$program\n" unless -x $program && $program =~ m{^/usr/bin/};
        print $out "met\n" if $program eq "/usr/bin/sleep";
        syscall($ptrace, 17, $pid + 0, 0, 0);
        # Who was met in the midst of execve(2) has stopped for that; the stop of attaching is to come.
        kill("CONT", $pid);
    }
}
"#;

#[test]
fn who_enters_cannot_be_traced() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "services: {web: {image: 'debian:bookworm-slim', command: sleep 1000000, volumes: ['./tracer.pl:/tracer.pl:ro']}}",
    );
    project.write("tracer.pl", format!("use IO::Handle;\n{TRACER}"));
    project.up();
    project.run(&["exec", "-d", "web", "perl", "/tracer.pl", &PTRACE.to_string()]).succeeds();
    scenarios::wait_until("the tracer runs", || {
        project.run(&["exec", "-T", "web", "test", "-e", "/ready"]).code == Some(0)
    });
    for _ in 0..10 {
        // A process of the container's own may be met, and is let go again.
        project.run(&["exec", "-T", "web", "sleep", "0"]).succeeds();
    }
    let met = project.shell("web", "sort -u /traced");
    assert!(matches!(met.as_str(), "" | "met\n"), "traced on the way in: {met}");
    // A tracer that attaches to nobody would prove nothing.
    project.run(&["exec", "-d", "web", "sleep", "1000"]).succeeds();
    scenarios::wait_until("the tracer meets a process of its own", || {
        project.shell("web", "sort -u /traced") == "met\n"
    });
}

/// CVE-2024-21626: a working folder that is a descriptor which the engine left open.
#[test]
fn no_descriptor_of_the_engine_is_a_working_folder() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox, command: sleep 1000000}}");
    project.up();
    for number in 3..16 {
        let folder = format!("/proc/self/fd/{number}");
        let entered = project.run(&["exec", "-T", "-w", &folder, "web", "pwd"]);
        assert_ne!(entered.code, Some(0), "{folder}: {entered:#?}");
    }
    for number in [3, 5, 6, 7, 8, 9, 11] {
        let folder = format!("/proc/self/fd/{number}");
        let started = project.run(&["run", "--rm", "-T", "-w", &folder, "web", "pwd"]);
        assert_ne!(started.code, Some(0), "{folder}: {started:#?}");
    }
    let streams = project.shell("web", "ls /proc/1/fd; ls /proc/self/fd | wc -l");
    // The fourth of `ls` is the folder it reads.
    assert_eq!(streams, "0\n1\n2\n4\n");
}
