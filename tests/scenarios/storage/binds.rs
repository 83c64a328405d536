//! Folders of the host inside containers.

use scenarios::{Folder, Lighter, Project, host, require};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A memory file system of the host for one test.
struct HostMount(String);

impl HostMount {
    fn new(path: &std::path::Path) -> Self {
        let path = path.to_str().expect("a test's path is text").to_owned();
        fs::create_dir_all(&path).expect("the folder can be made");
        host::run("mount", &["-t", "tmpfs", "tmpfs", &path]);
        Self(path)
    }
}

impl Drop for HostMount {
    fn drop(&mut self) {
        host::run("umount", &["-l", &self.0]);
    }
}

const SLEEP: &str = "image: busybox, command: sleep 1000000";

#[test]
fn read_only_counts_for_mounts_below_unless_the_file_says_otherwise() {
    require!(Root, Seeds);
    let folder = Folder::new("binds");
    let below = HostMount::new(&folder.path().join("below"));
    let lighter = Lighter::new();
    let source = folder.path().display();
    let bind = |target: &str, how: &str| {
        format!(
            "{{type: bind, source: {source}, target: /{target}, read_only: true, bind: {{recursive: {how}}}}}"
        )
    };
    let all = ["enabled", "disabled", "writable", "readonly"].map(|how| bind(how, how)).join(", ");
    let project = Project::new(&lighter, &format!("services: {{web: {{{SLEEP}, volumes: [{all}]}}}}"));
    project.up();
    let write =
        |path: &str| project.shell("web", &format!("touch {path}/file 2>/dev/null && echo yes || echo no"));
    for how in ["enabled", "disabled", "writable", "readonly"] {
        assert_eq!(write(&format!("/{how}")), "no\n", "{how}");
    }
    assert_eq!((write("/enabled/below"), write("/readonly/below")), ("no\n".into(), "no\n".into()));
    assert_eq!(write("/writable/below"), "yes\n");
    assert!(fs::metadata(format!("{}/file", below.0)).is_ok(), "the mount below is the host's");
    let mounts = project.shell("web", "cat /proc/self/mountinfo");
    assert!(!mounts.contains(" /disabled/below "), "{mounts}");
}

#[test]
fn later_mounts_of_the_host_arrive_with_propagation() {
    require!(Root, Seeds);
    let folder = Folder::new("binds");
    let _shared = HostMount::new(folder.path());
    host::run("mount", &["--make-shared", folder.path().to_str().expect("text")]);
    let lighter = Lighter::new();
    let source = folder.path().display();
    let compose =
        format!("services: {{web: {{{SLEEP}, volumes: ['{source}:/slave:rslave', '{source}:/private:z']}}}}");
    let project = Project::new(&lighter, &compose);
    project.up();
    let later = HostMount::new(&folder.path().join("later"));
    fs::write(format!("{}/file", later.0), "late").expect("written");
    assert_eq!(project.shell("web", "cat /slave/later/file"), "late");
    assert_eq!(project.shell("web", "ls /private/later"), "");
}

#[test]
fn missing_source_is_made_only_where_that_is_wanted() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let compose = format!("services: {{web: {{{SLEEP}, volumes: ['./new/folder:/data']}}}}");
    let project = Project::new(&lighter, &compose);
    project.up();
    assert!(project.folder().path().join("new/folder").is_dir());
    let bind = "{type: bind, source: ./absent, target: /data, bind: {create_host_path: false}}";
    project.write("compose.yaml", format!("services: {{web: {{{SLEEP}, volumes: [{bind}]}}}}"));
    project.run(&["up", "-d"]).fails_with(1).says(&["bind source path does not exist", "create_host_path"]);
    assert!(!project.folder().path().join("absent").exists());
}

#[test]
fn no_folder_is_made_in_the_place_of_dockers_socket() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let volumes = "volumes: ['./docker.sock:/var/run/docker.sock'], use_api_socket: true";
    let project = Project::new(&lighter, &format!("services: {{web: {{{SLEEP}, {volumes}}}}}"));
    project.run(&["up", "-d"]).succeeds().says(&["serves no Docker API yet"]);
    assert!(!project.folder().path().join("docker.sock").exists());
    project.run(&["exec", "-T", "web", "test", "-e", "/var/run/docker.sock"]).fails_with(1);
}

#[test]
fn idmapped_bind_shows_the_owner_as_the_service_user() {
    require!(Root, Seeds);
    let folder = Folder::new("binds");
    let _mount = HostMount::new(folder.path());
    let path = folder.path().to_str().expect("text");
    host::run("chown", &["4242:4343", path]);
    let lighter = Lighter::new();
    let bind = format!("{{type: bind, source: {path}, target: /data, bind: {{x-lighter-idmap: true}}}}");
    let compose = format!("services: {{web: {{{SLEEP}, user: '1000:1001', volumes: [{bind}]}}}}");
    let project = Project::new(&lighter, &compose);
    project.up();
    assert_eq!(
        project.shell("web", "touch /data/file; stat -c %u:%g /data /data/file"),
        "1000:1001\n1000:1001\n"
    );
    let made = fs::metadata(folder.path().join("file")).expect("the file is on the host");
    assert_eq!((made.uid(), made.gid()), (4242, 4343));
}
