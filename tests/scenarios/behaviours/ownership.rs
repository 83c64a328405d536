//! What another project folder made under the same project name.

use scenarios::{Lighter, Project, require};

fn service(name: &str) -> String {
    format!(
        "
name: {name}
services:
  web: {{image: busybox, command: sleep 1000000, init: true, stop_grace_period: 0s, volumes: ['data:/data']}}
volumes: {{data: }}
"
    )
}

#[test]
fn what_another_folder_made_is_neither_taken_over_nor_removed_unasked() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let first = Project::new(&lighter, "");
    first.write("compose.yaml", service(&first.name()));
    let second = Project::new(&lighter, &service(&first.name()));
    let whose = first.folder().path().to_string_lossy().into_owned();
    let refused = ["belongs to", &whose, "--take-over"];
    first.up();
    second.run(&["up", "-d"]).fails_with(1).says(&refused);
    second.run(&["down"]).fails_with(1).says(&refused);
    assert_eq!(first.container("web").state, "running");

    first.down();
    second.run(&["up", "-d"]).fails_with(1).says(&["volume", "belongs to", &whose]);
    second.run(&["up", "-d", "--take-over"]).succeeds();
    second.run(&["down", "-v"]).fails_with(1).says(&refused);
    second.run(&["down", "-v", "--take-over"]).succeeds().says(&["Volume", "Removed"]);
}
