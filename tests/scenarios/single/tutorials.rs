//! What tutorials on containers do, line by line.

use super::{line, ok, sleeper};
use scenarios::{Folder, Lighter, http, require, wait_until};

/// The host port behind port 80.
fn port(lighter: &Lighter, name: &str) -> u16 {
    let format = "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}";
    ok(lighter, &["inspect", "-f", format, name]).parse().expect("a port")
}

#[test]
fn a_page_is_changed_by_exec_by_commit_and_by_a_bind_mount() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let page = "mkdir -p /www; test -e /www/index.html || echo original > /www/index.html";
    let serve = ["sh", "-c", &format!("{page}; exec httpd -f -h /www")];
    let run = |flags: &[&str]| {
        let words: Vec<_> =
            ["container", "run", "-d", "-p", "127.0.0.1::80"].iter().chain(flags).copied().collect();
        ok(&lighter, &words)
    };
    run(&[&["--name", "web", "busybox"][..], &serve].concat());
    assert_eq!(http::page(port(&lighter, "web")).trim(), "original");
    ok(&lighter, &["container", "exec", "web", "sh", "-c", "echo first > /www/index.html"]);
    assert_eq!(http::page(port(&lighter, "web")).trim(), "first");

    ok(&lighter, &["container", "commit", "web", "page:1"]);
    run(&[&["--name", "copy", "page:1"][..], &serve].concat());
    assert_eq!(http::page(port(&lighter, "copy")).trim(), "first");

    let folder = Folder::new("page");
    folder.write("index.html", "bound");
    let bind = format!("{}:/www:ro", folder.path().display());
    run(&[&["--name", "bound", "-v", &bind, "busybox"][..], &serve].concat());
    assert_eq!(http::page(port(&lighter, "bound")).trim(), "bound");
    folder.write("index.html", "saved again");
    assert_eq!(http::page(port(&lighter, "bound")).trim(), "saved again");
    line(&lighter, "container rm -f web copy bound").succeeds();
}

#[test]
fn data_in_a_volume_survives_its_container() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    sleeper(&lighter, "--name db -v store:/data");
    ok(&lighter, &["container", "exec", "db", "sh", "-c", "echo kept > /data/row"]);
    line(&lighter, "container rm -f db").succeeds();
    sleeper(&lighter, "--name db -v store:/data");
    assert_eq!(ok(&lighter, &["container", "exec", "db", "cat", "/data/row"]), "kept");
    let seen =
        ok(&lighter, &["container", "run", "--rm", "--volumes-from", "db:ro", "busybox", "cat", "/data/row"]);
    assert_eq!(seen, "kept");
    let words = ["container", "run", "--rm", "--volumes-from", "db:ro", "busybox", "touch", "/data/new"];
    lighter.run(words).fails_with(1).says(&["Read-only file system"]);
    line(&lighter, "container rm -f db").succeeds();
}

#[test]
fn a_database_has_its_rows_after_it_was_removed_and_run_again() {
    require!(Root, Seeds, Store);
    let lighter = Lighter::with_store();
    // Stands for MySQL: a server that keeps a file of what it was told, in a volume.
    let run = || {
        line(&lighter, "container rm -f tutorial-db").succeeds();
        let server = "redis redis-server --dir /data --appendonly yes";
        line(&lighter, &format!("container run -d --name tutorial-db -v tutorial-rows:/data {server}"))
            .succeeds();
        let ping = "container exec tutorial-db redis-cli ping";
        wait_until("it answers", || line(&lighter, ping).stdout == "PONG\n");
    };
    run();
    line(&lighter, "container exec tutorial-db redis-cli set row kept").succeeds();
    run();
    assert_eq!(line(&lighter, "container exec tutorial-db redis-cli get row").stdout, "kept\n");
    line(&lighter, "container rm -f tutorial-db").succeeds();
    line(&lighter, "volume rm tutorial-rows").succeeds();
}

#[test]
fn what_a_timer_writes_to_the_volume_of_its_image_is_read_by_another() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    line(&lighter, "container create --name draft busybox").succeeds();
    let beat = "CMD while :; do echo beat >> /log/beats; sleep 0.05; done";
    ok(&lighter, &["container", "commit", "-c", "VOLUME /log", "-c", beat, "draft", "timer:1"]);
    line(&lighter, "container rm draft").succeeds();
    line(&lighter, "container run -d --name timer timer:1").succeeds();
    let mounts = "{{range .Mounts}}{{.Type}} {{.Destination}}{{end}}";
    assert_eq!(ok(&lighter, &["container", "inspect", "-f", mounts, "timer"]), "volume /log");
    wait_until("it has beaten twice", || {
        let read = line(&lighter, "container run --rm --volumes-from timer:ro busybox cat /log/beats");
        read.stdout.lines().count() >= 2
    });
    line(&lighter, "container rm -f -v timer").succeeds();
    assert_eq!(ok(&lighter, &["volume", "ls", "-q"]), "");
}

#[test]
fn limits_are_seen_by_stats() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    sleeper(&lighter, "--name small -m 64m --cpus 0.5");
    let shown =
        ok(&lighter, &["container", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", "small"]);
    assert!(shown.starts_with("small ") && shown.ends_with("/ 64MiB"), "{shown}");
    line(&lighter, "container rm -f small").succeeds();
}

#[test]
fn what_one_root_exports_another_imports() {
    require!(Root, Seeds);
    let (one, other) = (Lighter::new(), Lighter::new());
    let folder = Folder::new("carried");
    let archive = folder.path().join("files.tar").display().to_string();
    ok(&one, &["container", "run", "--name", "made", "busybox", "sh", "-c", "echo carried > /note"]);
    ok(&one, &["container", "export", "-o", &archive, "made"]);
    ok(&other, &["image", "import", &archive, "carried:1"]);
    assert_eq!(ok(&other, &["container", "run", "--rm", "carried:1", "cat", "/note"]), "carried");
}

#[test]
fn what_one_root_saves_another_loads_and_runs() {
    require!(Root, Seeds);
    let (one, other) = (Lighter::new(), Lighter::new());
    let folder = Folder::new("saved");
    let archive = folder.path().join("images.tar").display().to_string();
    ok(&one, &["container", "run", "--name", "made", "busybox", "sh", "-c", "echo packed > /note"]);
    let change = r#"CMD ["cat", "/note"]"#;
    ok(&one, &["container", "commit", "-c", change, "-c", "ENV WHO=me", "made", "packed:1"]);
    ok(&one, &["image", "save", "-o", &archive, "packed:1", "busybox"]);
    let loaded = ok(&other, &["image", "load", "-i", &archive]);
    assert_eq!(loaded, "Loaded image: packed:1\nLoaded image: busybox:latest");
    assert_eq!(ok(&other, &["container", "run", "--pull", "never", "--name", "ran", "packed:1"]), "packed");
    assert_eq!(ok(&other, &["container", "run", "--rm", "packed:1", "sh", "-c", "echo $WHO"]), "me");
    let id = |lighter: &Lighter| ok(lighter, &["image", "inspect", "-f", "{{.Id}}", "packed:1"]);
    assert_eq!(id(&one), id(&other));
}
