//! runc as the oracle: the same spec must give the same container.

use super::Case;
use super::container::{Container, Outcome, is_mounted, wait};
use engine::require;
use engine::runtime::external::{External, find};
use engine::runtime::seccomp;
use engine::runtime::spec::{Host, capabilities, seccomp_profile};
use std::io::Read;

pub(crate) const CASES: &[Case] = &[
    ("external::runc_and_we_give_a_program_the_same_status", same_status),
    ("external::runc_and_we_give_a_user_the_same_status", same_status_of_a_user),
    ("external::runc_and_we_mount_the_same", same_mounts),
    ("external::runc_and_we_make_the_same_devices", same_devices),
    ("external::runc_and_we_separate_the_same_namespaces", same_namespaces),
    ("external::a_failing_runtime_says_why", a_failing_runtime_says_why),
];

/// Runs the container with runc.
fn run_by_runc(container: &Container) -> Outcome {
    let (sandbox, mut output) = container.sandbox();
    let host = Host::read().expect("read");
    let profile = seccomp_profile(&container.spec).expect("known");
    let rules = seccomp::rules(&profile, capabilities(&container.spec, &host).expect("known")).expect("read");
    let external = external(container);
    let created = external.create(sandbox, rules).expect("created");
    assert!(!is_mounted(&container.folder), "nothing is mounted on the host");
    external.start().expect("started");
    let mut text = String::new();
    output.read_to_string(&mut text).expect("read");
    let code = wait(&created.pidfd);
    external.delete().expect("deleted");
    Outcome { code, output: text }
}

fn external(container: &Container) -> External {
    External {
        program: find("runc", "/usr/local/sbin:/usr/sbin:/usr/bin").expect("installed"),
        bundle: container.folder.join("bundle"),
        id: container.id.to_string(),
    }
}

/// Runs one container with both runtimes and compares what they wrote.
fn compare(script: &str, change: impl FnOnce(&mut Container)) {
    let mut container = Container::new(script);
    change(&mut container);
    let ours = container.run();
    let theirs = run_by_runc(&container);
    assert!(ours == theirs, "ours: {}\n{}\nrunc: {}\n{}", ours.code, ours.output, theirs.code, theirs.output);
}

const STATUS: &str = "grep -vE '^(V[mo]|Rss|Hug|State|voluntary|nonvol|Cpus|Mems|PPid|Pid|Tgid|Ngid|NSpid|NStgid|NSpgid|NSsid|Shd|SigQ|SigIgn)' \
                      /proc/self/status; cat /proc/self/limits /proc/self/oom_score_adj; pwd; env";

fn same_status() {
    require!(Root, Busybox, Runc);
    compare(STATUS, |_| {});
}

fn same_status_of_a_user() {
    require!(Root, Busybox, Runc);
    compare(STATUS, |container| {
        container.spec.process.user = Some("app".to_owned());
        container.spec.security.options = vec!["no-new-privileges".to_owned()];
        let limit = engine_spec::Ulimit { soft: 100, hard: 200 };
        container.spec.resources.ulimits.insert("nofile".to_owned(), limit);
    });
}

/// Numbers, the root and the options of whole file systems differ; our masks have stricter flags.
fn same_mounts() {
    require!(Root, Busybox, Runc);
    let script = "grep -v ' / / ' /proc/self/mountinfo | cut -d' ' -f5,6,8,9 | grep -v cgroup | \
                  sed 's/ ro,[a-z,]* tmpfs/ masked/' | sort";
    compare(script, |_| {});
}

fn same_devices() {
    require!(Root, Busybox, Runc);
    compare(
        "ls -l /dev | tail -n +2 | while read a b c d e f g h i; do echo $a $c $d $e $f ${i##* }; done; stat -c '%n %a' /dev /dev/* /proc /sys",
        |_| {},
    );
}

fn same_namespaces() {
    require!(Root, Busybox, Runc);
    let own = std::fs::read_dir("/proc/self/ns").expect("read").flatten();
    let own: Vec<String> = own
        .filter_map(|entry| std::fs::read_link(entry.path()).ok()?.into_os_string().into_string().ok())
        .collect();
    let script = format!(
        "for n in /proc/self/ns/*; do case '{}' in *$(readlink $n)*) echo $n;; esac; done",
        own.join(" ")
    );
    compare(&script, |_| {});
}

fn a_failing_runtime_says_why() {
    require!(Root, Busybox, Runc);
    let mut container = Container::new("");
    container.spec.process.command = Some(vec!["/nothing".to_owned()]);
    let (sandbox, _output) = container.sandbox();
    let external = external(&container);
    let error = external.create(sandbox, None).map(drop).expect_err("no such program");
    external.delete().expect("deleted");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.contains("no such file or directory"), "{cause}");
}
