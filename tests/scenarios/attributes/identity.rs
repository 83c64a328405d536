//! Who a container is: user, groups, names, labels.

use super::{inside, refused, sleeping};
use scenarios::{Lighter, Project, require};
use serde_json::Value;

#[test]
fn user_is_looked_up_inside_the_image() {
    require!(Root, Seeds);
    let id = "awk '/^[UG]id:/ {print $2}' /proc/1/status; id -u; id -g";
    let lines = |user: &str| inside(&format!("user: {user}"), id);
    assert_eq!(lines("'1234:5678'"), "1234\n5678\n1234\n5678\n");
    // Neither is in a file of the image: the group of a user it does not know is root's.
    assert_eq!(lines("'4321'"), "4321\n0\n4321\n0\n");
    let stderr = refused("user: nobody-of-that-name");
    assert!(stderr.contains("unable to find user nobody-of-that-name"), "{stderr}");
}

#[test]
fn user_and_groups_by_name_come_from_the_image() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let dockerfile = "FROM busybox\n\
         RUN mkdir -p /etc && echo 'app:x:77:78::/home/app:/bin/sh' > /etc/passwd && \
             printf 'app:x:78:\\nwheel:x:90:app\\naudio:x:91:\\n' > /etc/group\n";
    let compose = "
services:
  web:
    image: named-users
    build: {context: ., dockerfile_inline: \"@\"}
    command: sleep 1000000
    user: app
    group_add: [audio, '99']
"
    .replace('@', &dockerfile.replace('\\', "\\\\").replace('\n', "\\n"));
    let project = Project::new(&lighter, &compose);
    project.run(&["up", "-d", "--build"]).succeeds();
    let groups = project.shell("web", "awk '/^(Uid|Gid|Groups):/' /proc/1/status; echo $HOME");
    let words: Vec<&str> = groups.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "Uid:",
            "77",
            "77",
            "77",
            "77",
            "Gid:",
            "78",
            "78",
            "78",
            "78",
            "Groups:",
            "78",
            "90",
            "91",
            "99",
            "/home/app"
        ]
    );
}

#[test]
fn group_add_adds_groups_by_number() {
    require!(Root, Seeds);
    let groups = inside("group_add: [1005, '2005']", "awk '/^Groups/' /proc/1/status");
    let groups: Vec<&str> = groups.split_whitespace().skip(1).collect();
    assert!(groups.contains(&"1005") && groups.contains(&"2005"), "{groups:?}");
}

#[test]
fn hostname_and_domainname_are_those_of_the_container() {
    require!(Root, Seeds);
    let attributes = "hostname: box\ndomainname: example.org";
    let script =
        "hostname; cat /proc/sys/kernel/domainname /etc/hostname; echo $HOSTNAME; grep -c box /etc/hosts";
    assert_eq!(inside(attributes, script), "box\nexample.org\nbox\nbox\n1\n");
}

#[test]
fn labels_are_kept_with_the_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = sleeping(&lighter, "labels: {org.example.team: red}");
    let name = format!("{}-web-1", project.name());
    let outcome = project.run(&["container", "inspect", &name]).succeeds();
    let all: Value = serde_json::from_str(&outcome.stdout).expect("inspect prints JSON");
    assert_eq!(all[0]["Config"]["Labels"]["org.example.team"], "red");
}
