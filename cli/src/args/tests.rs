//! Command lines as people type them.

use super::{Arguments, is_for_container_run, is_for_image_build, is_global};
use clap::{CommandFactory, Parser};

fn accepts(line: &str) -> Arguments {
    Arguments::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn refuses(line: &str) -> String {
    match Arguments::try_parse_from(line.split(' ')) {
        Ok(arguments) => panic!("{line} was accepted: {arguments:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn definition_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn lines_people_type_are_accepted() {
    for line in [
        "lighter up",
        "lighter up -d --build --remove-orphans --force-recreate web db",
        "lighter up --no-build --no-recreate --no-deps --pull missing --scale web=3 --scale db=0 -t 0",
        "lighter up --wait --wait-timeout 30 --menu=false -y",
        "lighter up --abort-on-container-exit --exit-code-from test",
        "lighter -f a.yaml -f b.yaml -p demo --profile dev --env-file x.env --project-directory /srv up -d",
        "lighter --progress plain --ansi never up --progress quiet --dry-run --log-level debug",
        "lighter down -v --remove-orphans -t 3",
        "lighter ps -a -q --format json --services --status running --status exited web",
        "lighter logs -f --tail 10 -t --no-log-prefix --no-color --since 10m web",
        "lighter logs -n all",
        "lighter logs --tail=-1",
        "lighter exec -it web sh -c ls",
        "lighter exec -T -e A=1 -e B -u 1000:1000 -w /tmp -d --index 2 web ls -l --color",
        "lighter build --no-cache --pull --build-arg A=1 -q web",
        "lighter pull -q --include-deps web",
        "lighter restart -t 1 web",
        "lighter kill -s HUP web",
        "lighter rm -f -s -v web",
        "lighter config --format json -o out.json web",
        "lighter config --hash *",
        "lighter convert --services",
        "lighter version --short",
        "lighter version -f json",
        "lighter image import rootfs.tar busybox -c CMD",
        "lighter image rm -f busybox",
        "lighter volume ls -q",
        "lighter network list",
        "lighter container inspect abc",
        "lighter plan --build",
    ] {
        accepts(line);
    }
}

#[test]
fn contradictions_are_refused() {
    for line in [
        "lighter up --build --no-build",
        "lighter up --force-recreate --no-recreate",
        "lighter up -d --abort-on-container-exit",
        "lighter up --scale web",
        "lighter up --scale web=many",
        "lighter exec web",
        "lighter config --services --images",
        "lighter logs --tail few",
    ] {
        refuses(line);
    }
}

#[test]
fn options_after_the_command_of_exec_belong_to_it() {
    let arguments = accepts("lighter exec web ls -f -p --help");
    assert!(arguments.global.files.is_empty());
}

#[test]
fn a_misspelt_command_is_answered_with_the_nearest() {
    assert!(refuses("lighter pss").contains("'ps'"));
}

#[test]
fn the_last_of_two_counts() {
    let arguments = accepts("lighter -p one -p two container exec -i -i web true");
    assert_eq!(arguments.global.project_name.as_deref(), Some("two"));
}

#[test]
fn options_of_a_single_container_are_known() {
    let given = |line: &str| line.split(' ').map(Into::into).collect::<Vec<_>>();
    assert!(is_for_container_run("--network", &given("lighter run --network none busybox")));
    assert!(!is_for_container_run("--network", &given("lighter container run --network none busybox")));
    assert!(!is_for_container_run("--no-such", &given("lighter run --no-such busybox")));
    assert!(is_for_image_build("-t", &given("lighter build -t x .")));
    assert!(!is_for_image_build("-t", &given("lighter image build -t x .")));
    assert!(!is_for_image_build("--no-such", &given("lighter build --no-such .")));
}

#[test]
fn options_that_go_before_the_command_are_known() {
    for option in ["-f", "--file", "-p", "--profile"] {
        assert!(is_global(option), "{option}");
    }
    for option in ["-x", "--build", "", "-", "-fx"] {
        assert!(!is_global(option), "{option}");
    }
}
