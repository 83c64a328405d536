//! Images as files: saved, loaded, imported; and what lists say of them.

use super::{Source, id, ok, refused};
use scenarios::lighter::run;
use scenarios::{Lighter, host, require};
use std::fs::File;

#[test]
fn images_travel_through_pipes_files_and_folders() {
    require!(Root, Seeds);
    let (source, target) = (Source::new(), Lighter::new());
    let made = source.import("app:1");
    ok(&source.lighter, &["image", "tag", "app:1", "app:2"]);
    ok(&source.lighter, &["image", "tag", "app:1", "other/app:3"]);
    let archive = source.folder.path().join("images.tar");
    let mut save = source.lighter.command(["image", "save", "app", "other/app:3"]);
    save.stdout(File::create(&archive).expect("made"));
    run_into(save);
    let mut load = target.command(["image", "load"]);
    load.stdin(File::open(&archive).expect("there"));
    let loaded = run(load).succeeds().stdout;
    for name in ["app:1", "app:2", "other/app:3"] {
        assert!(loaded.contains(&format!("Loaded image: {name}\n")), "{loaded}");
        assert_eq!(id(&target, name), made);
    }
    let names = host::run("tar", &["-tf", &archive.display().to_string()]);
    for file in ["manifest.json", "index.json", "oci-layout"] {
        assert!(names.lines().any(|line| line == file), "{names}");
    }
    let folder = format!("{}/layout/", source.folder.path().display());
    ok(&source.lighter, &["image", "save", "-o", &folder, "app:1"]);
    let another = Lighter::new();
    assert_eq!(ok(&another, &["image", "load", "-i", &folder]), "Loaded image: app:1\n");
    assert_eq!(id(&another, "app:1"), made);
    let root = source.folder.path().join("root.tar").display().to_string();
    refused(&another, &["image", "load", "-i", &root], &["image import"]);
}

/// Runs a command whose stdout is a file.
fn run_into(mut command: std::process::Command) {
    let status = command.status().expect("started");
    assert!(status.success());
}

#[test]
fn lists_show_and_choose_images_as_docker_does() {
    require!(Root, Seeds);
    let source = Source::new();
    let made = source.import("app:1");
    ok(&source.lighter, &["image", "tag", "app:1", "team/app:2"]);
    let list = |arguments: &[&str]| {
        let all = [&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], arguments].concat();
        ok(&source.lighter, &all)
    };
    assert_eq!(list(&["-f", "reference=app:*"]), "app:1\n");
    assert_eq!(list(&["-f", "reference=*/app"]), "team/app:2\n");
    assert_eq!(list(&["-f", "dangling=true"]), "");
    assert_eq!(ok(&source.lighter, &["image", "ls", "-q", "--no-trunc", "app"]), format!("{made}\n"));
    let header = ok(&source.lighter, &["image", "ls", "--digests"]);
    assert!(
        header.starts_with("REPOSITORY") && header.contains("DIGEST") && header.contains("sha256:"),
        "{header}"
    );
    let history = ok(&source.lighter, &["image", "history", "app:1"]);
    assert!(
        history.starts_with("IMAGE ") && history.contains("imported") && history.contains("3.1"),
        "{history}"
    );
    let bytes = ok(&source.lighter, &["image", "history", "--human=false", "--format", "{{.Size}}", "app:1"]);
    assert!(bytes.trim().parse::<u64>().is_ok_and(|bytes| bytes > 3 << 20), "{bytes}");
    ok(&source.lighter, &["image", "prune", "-f"]);
    assert_eq!(id(&source.lighter, "app:1"), made, "a name keeps it");
    let pruned = ok(&source.lighter, &["image", "prune", "-af"]);
    assert!(pruned.contains("untagged: app:1") && pruned.contains(&format!("deleted: {made}")), "{pruned}");
    assert!(pruned.contains("Total reclaimed space: 3.1"), "{pruned}");
    super::nothing_is_left(&source.lighter);
}
