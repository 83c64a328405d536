//! When containers are started again, and what is told of their ends.

use scenarios::{Lighter, Project, require, wait_until};

fn project<'a>(lighter: &'a Lighter, command: &str, more: &str) -> Project<'a> {
    let service = format!("{{image: busybox, command: [sh, -c, '{command}'], {more}}}");
    let project = Project::new(lighter, &format!("services: {{web: {service}}}"));
    project.up();
    project
}

/// How often it ran: each run leaves a line in the container's own file system.
fn runs(project: &Project<'_>) -> usize {
    project.run(&["logs", "--no-log-prefix"]).succeeds().stdout.lines().filter(|line| *line == "run").count()
}

#[test]
fn restart_policy_decides_by_the_exit_code_and_counts() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let failing = project(&lighter, "echo run; exit 3", "restart: 'on-failure:2'");
    wait_until("it is given up", || failing.container("web").state == "exited");
    assert_eq!((runs(&failing), failing.container("web").exit_code), (3, 3));
    let done = project(&lighter, "echo run; exit 0", "restart: on-failure");
    wait_until("it has ended", || done.container("web").state == "exited");
    assert_eq!(runs(&done), 1);
    let always = project(&lighter, "echo run; exit 0", "restart: always");
    wait_until("it ran three times", || runs(&always) >= 3);
}

#[test]
fn deploy_restart_policy_has_delay_attempts_and_condition() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let policy = "restart: always, deploy: {restart_policy: {condition: any, delay: 10ms, max_attempts: 2, window: 60s}}";
    let project = project(&lighter, "echo run; exit 0", policy);
    wait_until("it is given up", || project.container("web").state == "exited");
    assert_eq!(runs(&project), 3);
}

#[test]
fn unhealthy_container_is_started_again_on_request() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let check = "healthcheck: {test: 'test ! -e /broken', interval: 50ms, retries: 2}, stop_grace_period: 1s, x-lighter-on-unhealthy: restart";
    let project = project(&lighter, "rm -f /broken; echo run; exec sleep 1000000", check);
    wait_until("it is healthy", || project.run(&["ps"]).stdout.contains("(healthy)"));
    project.shell("web", "touch /broken");
    wait_until("it runs again", || runs(&project) >= 2);
    wait_until("it is healthy again", || project.run(&["ps"]).stdout.contains("(healthy)"));
}

#[test]
fn health_follows_every_field_of_the_check() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let sleep = "exec sleep 1000000";
    let slow = "healthcheck: {test: [CMD, sleep, '60'], interval: 10ms, timeout: 20ms, retries: 2}";
    let slow = project(&lighter, sleep, slow);
    wait_until("a late probe has failed", || slow.run(&["ps"]).stdout.contains("(unhealthy)"));
    // Within the start period a failure does not count, and probes come at their own interval.
    let starting = "healthcheck: {test: 'echo >> /n; test $$(wc -l < /n) -ge 4', interval: 1h, retries: 1, start_period: 1m, start_interval: 20ms}";
    let starting = project(&lighter, sleep, starting);
    wait_until("it is healthy", || starting.run(&["ps"]).stdout.contains("(healthy)"));
    assert_eq!(starting.shell("web", "wc -l < /n").trim(), "4");
    let off = project(&lighter, sleep, "healthcheck: {disable: true, test: 'false', interval: 10ms}");
    assert!(!off.run(&["ps"]).stdout.contains("health"), "no check runs");
}

#[test]
fn listings_and_logs_say_which_signal_ended_a_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = project(&lighter, "echo out; exec sleep 1000000", "attach: true");
    let logs = || {
        let logs = project.run(&["logs", "--no-log-prefix"]).succeeds();
        (logs.stdout, logs.stderr)
    };
    wait_until("it has written", || logs().0 == "out\n");
    // By somebody else: who ends it through us knows why.
    let pid = nix::unistd::Pid::from_raw(project.container("web").pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("sent");
    wait_until("it has ended", || project.container("web").state == "exited");
    assert!(project.run(&["ps", "-a"]).stdout.contains("(killed by signal 9)"));
    let reason = "web-1 was killed by signal 9 (SIGKILL)\n";
    assert_eq!(logs(), ("out\n".into(), reason.into()), "what it wrote stands alone on stdout");
    let followed = project.run(&["logs", "--follow"]).succeeds();
    assert!(followed.stdout.ends_with("web-1 exited with code 137\n"), "{}", followed.stdout);
    assert_eq!(followed.stderr, reason);
    // Two ends that we are the cause of.
    for end in [["stop", "-t", "0"].as_slice(), &["kill"]] {
        project.run(&["start"]).succeeds();
        project.run(end).succeeds();
        wait_until("it has ended", || project.container("web").state == "exited");
        assert_eq!(project.container("web").exit_code, 137);
        assert_eq!(logs().1, "", "{end:?}");
    }
}

#[test]
fn listings_say_why_a_container_that_waits_for_its_next_start_has_ended() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    // The delay outlasts the test.
    let policy = "deploy: {restart_policy: {delay: 1h}}, mem_limit: 16m, memswap_limit: 16m";
    let project = project(&lighter, "tail /dev/zero; exit 3", policy);
    wait_until("it waits", || project.container("web").state == "restarting");
    let listed = project.run(&["ps", "-a"]).succeeds().stdout;
    assert!(listed.contains("Restarting (3)") && listed.contains("(out of memory)"), "{listed}");
    let reason = "a process of web-1 was killed: out of memory, its limit is 16MiB\n";
    assert_eq!(project.run(&["logs"]).succeeds().stderr.lines().last(), Some(reason.trim_end()));
}
