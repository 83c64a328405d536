//! `container ls`, `volume ls` and `inspect`: filters and formats.

use super::{line, ok, sleeper};
use scenarios::{Lighter, Project, require};

#[test]
fn containers_are_chosen_by_filters_and_shown_by_templates() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    sleeper(&lighter, "--name web -l tier=front -v data:/data -p 127.0.0.1::80");
    line(&lighter, "container run --name done busybox sh -c true").succeeds();
    let names = |flags: &[&str]| {
        let words: Vec<_> =
            ["container", "ls", "--format", "{{.Names}}"].iter().chain(flags).copied().collect();
        ok(&lighter, &words)
    };
    assert_eq!(names(&[]), "web");
    assert_eq!(names(&["-a"]), "done\nweb");
    assert_eq!(names(&["-l"]), "done");
    assert_eq!(names(&["-n", "5"]), "done\nweb");
    for filter in [
        "name=^web$",
        "status=running",
        "label=tier=front",
        "volume=data",
        "volume=/data",
        "network=bridge",
        "ancestor=busybox",
        "publish=80",
        "expose=80/tcp",
        "before=done",
        "health=none",
    ] {
        assert!(names(&["--filter", filter]).contains("web"), "{filter}");
    }
    assert_eq!(names(&["--filter", "exited=0"]), "done");
    assert_eq!(names(&["-a", "--filter", "since=web"]), "done");
    assert_eq!(
        ok(&lighter, &["container", "ls", "--format", "{{.Label \"tier\"}} {{.State}}"]),
        "front running"
    );
    let table = ok(&lighter, &["container", "ls", "--format", "table {{.Names}}\\t{{.State}}"]);
    assert_eq!(table, "NAMES     STATE\nweb       running");
    line(&lighter, "container ls --filter stauts=running").fails_with(1).says(&["no filter `stauts`"]);
    for filter in ["status=runing", "health=well", "exited=maybe", "is-task=perhaps"] {
        let (key, value) = filter.split_once('=').expect("a filter");
        let refused = lighter.run(["container", "ls", "--filter", filter]).fails_with(1);
        refused.says(&[&format!("`{value}` is nothing to filter `{key}` by")]);
    }
    assert_eq!(names(&["--filter", "is-task=true"]), "");
    let wrong = lighter.run(["container", "ls", "--format", "{{.Name}}"]);
    wrong.fails_with(1).says(&["no field `.Name` (did you mean `.Names`?) at column 3"]);
    line(&lighter, "container rm -f web done").succeeds();
}

#[test]
fn every_kind_of_object_can_be_looked_at() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    sleeper(&lighter, "--name web -v data:/data:ro --restart on-failure:3 -m 64m");
    let look = |format: &str| ok(&lighter, &["inspect", "-f", format, "web"]);
    assert_eq!(look("{{.State.Status}} {{.Path}} {{.Args}}"), "running sleep [1000000]");
    assert_eq!(look("{{with .HostConfig}}{{.Memory}} {{.RestartPolicy.Name}}{{end}}"), "67108864 on-failure");
    assert_eq!(look("{{range .Mounts}}{{.Name}} {{.Destination}} {{.RW}}{{end}}"), "data /data false");
    assert_eq!(look("{{if .State.Health}}probed{{else}}not probed{{end}}"), "not probed");
    assert_eq!(
        ok(&lighter, &["inspect", "-f", "{{.Name}} {{.Driver}}", "data", "--type", "volume"]),
        "data local"
    );
    assert_eq!(ok(&lighter, &["inspect", "-f", "{{.Os}}", "busybox"]), "linux");
    assert_eq!(ok(&lighter, &["inspect", "-f", "{{len .Containers}}", "bridge"]), "1");
    let both = line(&lighter, "inspect web nothing").fails_with(1).says(&["no such object: nothing"]);
    assert!(both.stdout.starts_with("[\n    {\n"), "{both:#?}");
    line(&lighter, "container rm -f web").succeeds();
}

#[test]
fn volumes_are_made_found_and_removed() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    assert_eq!(ok(&lighter, &["volume", "create", "--label", "tier=gold", "data"]), "data");
    let unnamed = ok(&lighter, &["volume", "create"]);
    assert_eq!(unnamed.len(), 64);
    assert_eq!(ok(&lighter, &["volume", "ls", "-q", "--filter", "label=tier=gold"]), "data");
    assert_eq!(ok(&lighter, &["volume", "inspect", "-f", "{{.Labels.tier}}", "data"]), "gold");
    sleeper(&lighter, "--name web -v data:/data");
    assert_eq!(ok(&lighter, &["volume", "ls", "-q", "--filter", "dangling=false"]), "data");
    let pruned = ok(&lighter, &["volume", "prune", "-af"]);
    assert!(pruned.contains(&unnamed) && !pruned.contains("data"), "{pruned}");
    line(&lighter, "volume rm data").fails_with(1).says(&["in use by container web"]);
    line(&lighter, "container rm -f web").succeeds();
    line(&lighter, "volume rm data").succeeds();
}

#[test]
fn what_cannot_be_removed_keeps_no_other() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    for (kind, create) in
        [("volume", "create NAME"), ("network", "create NAME"), ("container", "create --name NAME busybox")]
    {
        for name in ["part1", "part2"] {
            line(&lighter, &format!("{kind} {}", create.replace("NAME", name))).succeeds();
        }
        let removed = line(&lighter, &format!("{kind} rm part1 missing part2")).fails_with(1);
        let removed = removed.says(&["missing"]);
        assert_eq!(removed.stdout, "part1\npart2\n", "{kind}");
        assert_eq!(line(&lighter, &format!("{kind} ls -q --filter name=part")).stdout, "", "{kind}");
    }
    assert_eq!(line(&lighter, "volume rm -f missing").succeeds().stdout, "missing\n");
}

#[test]
fn every_listing_has_templates_and_json() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(
        &lighter,
        "services: {web: {image: busybox, command: sleep 1000, volumes: [data:/d]}}\nvolumes: {data: }",
    );
    project.run(&["create"]).succeeds();
    let name = project.name();
    for (listing, template, expected) in [
        ("ls -a", "{{.Name}} {{.Status}}", format!("{name} created(1)")),
        ("ps -a", "{{.Service}} {{.State}}", "web created".to_owned()),
        ("images", "{{.ContainerName}} {{.Repository}}", format!("{name}-web-1 busybox")),
        ("volumes", "{{.Driver}} {{.Name}}", format!("local {name}_data")),
        ("container ls -a", "{{upper .State}}", "CREATED".to_owned()),
        ("volume ls", "{{.Name}} {{.Scope}} {{.Size}}", format!("{name}_data local N/A")),
        ("image ls", "{{.Repository}}:{{.Tag}}", "busybox:latest".to_owned()),
        ("network ls --filter name=_default", "{{.Driver}}", "bridge".to_owned()),
        ("stats --no-stream -a", "{{.Name}}", format!("{name}-web-1")),
        ("container stats --no-stream -a", "{{.Name}}", format!("{name}-web-1")),
    ] {
        let listed = |format: &str| {
            let words = listing.split(' ').chain(["--format", format]).collect::<Vec<_>>();
            project.run(&words).succeeds().stdout
        };
        assert_eq!(listed(template).trim(), expected, "{listing}");
        let (header, rows) = listed(&format!("table {template}"))
            .split_once('\n')
            .map(|(a, b)| (a.to_owned(), b.trim().to_owned()))
            .expect(listing);
        assert!(header.chars().all(|letter| !letter.is_lowercase()), "{listing}: {header}");
        assert_eq!(rows, expected, "{listing}");
        assert!(listed("json").starts_with(['{', '[']), "{listing}");
        let words = listing.split(' ').chain(["--format", "{{.Nonsense}}"]).collect::<Vec<_>>();
        project.run(&words).fails_with(1).says(&["Nonsense"]);
    }
}

#[test]
fn what_is_said_of_an_image_is_answered_with_the_commands_of_images() {
    require!(Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {image: busybox}}");
    let hint = "if `nginx` is an image, run it with `lighter container run … IMAGE`";
    project.run(&["run", "--rm", "nginx"]).fails_with(1).says(&["no such service: nginx", hint]);
    project.run(&["run", "--memory", "64m", "nginx"]).fails_with(1).says(&["lighter container run"]);
    project.run(&["build", "-t", "x", "."]).fails_with(1).says(&["`lighter image build -t … CONTEXT`"]);
}

#[test]
fn words_of_docker_are_answered_with_what_to_use() {
    require!(Seeds);
    let lighter = Lighter::new();
    for (word, instead) in [
        ("service", "Compose file"),
        ("swarm", "lighter up"),
        ("machine", "this host"),
        ("rmi", "lighter image rm"),
    ] {
        lighter.run([word, "ls"]).fails_with(1).says(&[instead]);
    }
}
