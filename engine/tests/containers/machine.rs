//! An installation of its own for each test, with a busybox image and a network.

use engine::container;
use engine::image::{Store, archive};
use engine::network;
use engine::state::Layout;
use engine_spec::{
    ContainerName, ContainerSpec, EndpointSpec, ImageReference, Labels, NetworkMode, NetworkName,
    NetworkSpec, Platform, compose_label,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 12] =
    ["sh", "sleep", "echo", "cat", "nc", "nslookup", "ls", "true", "false", "hostname", "httpd", "stat"];
const NETWORK: &str = "net";

/// An installation that vanishes with the test.
pub(crate) struct Machine {
    pub(crate) layout: Layout,
    root: PathBuf,
    image: engine::image::Image,
}

impl Machine {
    pub(crate) fn new(test: &str) -> Self {
        let short: String = test.split('_').filter_map(|word| word.chars().next()).collect();
        let root = std::env::temp_dir().join(format!("lighter-{short}-{}", std::process::id()));
        let layout = Layout::at(&root);
        layout.prepare().expect("prepared");
        let store = Store::open(&layout);
        let name = ImageReference::parse("busybox").expect("valid");
        let changes = if test.contains("volume") { vec!["VOLUME /seeded".to_owned()] } else { Vec::new() };
        let options =
            archive::ImportOptions { platform: Platform::host(), changes, message: None, name: Some(name) };
        let image = archive::import(&store, &busybox()[..], &options);
        Self { layout, root, image: image.expect("imported") }
    }

    /// A container of a shell line.
    pub(crate) fn spec(&self, name: &str, line: &str) -> ContainerSpec {
        let image = ImageReference::parse("busybox").expect("valid");
        let mut spec = ContainerSpec::new(Self::name(name), image, self.image.id.clone());
        spec.process.entrypoint = Some(vec!["/bin/sh".into(), "-c".into(), line.into()]);
        spec.labels = Labels::from([(compose_label::PROJECT.into(), "test".into())]);
        spec.stop.grace_period = Some(Duration::from_secs(5));
        spec
    }

    /// The same in the test's network.
    pub(crate) fn connected(&self, name: &str, line: &str) -> ContainerSpec {
        let network = NetworkName::new(NETWORK).expect("valid");
        let mut spec = self.spec(name, line);
        network::create(&self.layout, &NetworkSpec::new(network.clone())).expect("network");
        let endpoint = EndpointSpec { aliases: vec![format!("{name}-alias")], ..EndpointSpec::new(network) };
        spec.network = NetworkMode::Networks { endpoints: vec![endpoint] };
        spec
    }

    /// Makes and starts it.
    pub(crate) fn start(&self, spec: &ContainerSpec) -> Vec<engine_spec::PublishedPort> {
        container::create(&self.layout, spec, None).expect("created");
        container::start(&self.layout, &spec.name).unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    pub(crate) fn name(name: &str) -> ContainerName {
        ContainerName::new(name).expect("valid")
    }

    pub(crate) fn status(&self, name: &str) -> engine_spec::Status {
        let id = engine::state::container::by_name(&self.layout, &Self::name(name)).expect("there");
        engine::state::container::status(&self.layout, &id).expect("read").status
    }

    /// Runs a shell line in a container: its exit code and what it wrote.
    pub(crate) fn exec(&self, name: &str, line: &str) -> (i32, String) {
        let path = self.root.join("exec-output");
        let output = fs::File::create(&path).expect("created");
        let stdio = container::Streams {
            stdin: None,
            stdout: std::os::fd::AsFd::as_fd(&output),
            stderr: std::os::fd::AsFd::as_fd(&output),
            resized: None,
            detach_keys: &container::DetachKeys::default(),
        };
        let spec = container::exec::ExecSpec {
            arguments: vec!["/bin/sh".into(), "-c".into(), line.into()],
            ..Default::default()
        };
        let code = container::exec::run(&self.layout, &Self::name(name), &spec, stdio);
        let code = match code.unwrap_or_else(|error| panic!("{}", chain(&error))) {
            container::End::Exited { exit_code } => exit_code.expect("seen by its supervisor"),
            container::End::Detached => panic!("nobody typed the detach keys"),
        };
        (code, fs::read_to_string(path).expect("read"))
    }

    /// All that a container has written.
    pub(crate) fn logs(&self, name: &str) -> String {
        let options = container::logs::LogOptions::default();
        let mut reader =
            container::logs::LogReader::open(&self.layout, &Self::name(name), &options).expect("opened");
        let mut text = String::new();
        while let Some(entry) = reader.next().expect("read") {
            if let container::logs::LogEntry::Line(line) = entry {
                text += &line.text;
            }
        }
        text
    }

    /// Removes the network and asserts that nothing of the installation is left on the machine.
    pub(crate) fn close(self) {
        let network = NetworkName::new(NETWORK).expect("valid");
        network::remove(&self.layout, &network).expect("network removed");
        assert_eq!(names_in(&self.layout.containers()), [""; 0], "containers are left");
        assert_eq!(names_in(&self.layout.run().join("containers")), [""; 0], "run folders are left");
        assert_eq!(names_in(&self.layout.data().join("names")), [""; 0], "names are left");
        end_nursery(&self.root);
        self.settle("processes", || processes_with(&self.root));
        let groups = cgroups_of(self.layout.instance());
        groups.iter().rev().for_each(|group| drop(fs::remove_dir(group)));
        let left: Vec<_> = groups
            .iter()
            .filter(|group| !group.ends_with(self.layout.instance()) && !group.ends_with("supervisors"))
            .collect();
        assert!(left.is_empty(), "control groups are left: {left:?}");
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("read");
        assert!(!mounts.contains(self.root.to_str().expect("text")), "mounts are left");
        fs::remove_dir_all(&self.root).expect("removed");
    }

    /// Supervisors answer before they exit, so their end is awaited: by waiting for each of them.
    fn settle(&self, what: &str, left: impl Fn() -> Vec<i32>) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while let Some(pid) = left().first() {
            assert!(Instant::now() < deadline, "{what} are left: {:?}", left());
            // Ours are zombies until they are waited for.
            let pid = nix::unistd::Pid::from_raw(*pid);
            if nix::sys::wait::waitpid(pid, None).is_err() {
                std::thread::yield_now();
            }
        }
    }
}

/// Supervisors are forked from a process that lives as long as this one; the next test has its own.
fn end_nursery(root: &Path) {
    let is_nursery = |pid: &i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("__nursery-")
    };
    for pid in processes_with(root).into_iter().filter(is_nursery) {
        let pid = nix::unistd::Pid::from_raw(pid);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
        nix::sys::wait::waitpid(pid, None).expect("reaped");
    }
}

/// An error and its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("listed");
    entries.map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned()).collect()
}

/// Processes that were started for the installation, by their environment.
fn processes_with(root: &Path) -> Vec<i32> {
    let variable = format!("LIGHTER_ROOT={}", root.display());
    let pids = fs::read_dir("/proc")
        .expect("listed")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
    })
    .collect()
}

fn cgroups_of(instance: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_below = folder.to_string_lossy().contains(instance);
            let is_it = entry.file_name().to_string_lossy() == instance;
            let is_hierarchy = folder == Path::new("/sys/fs/cgroup");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) && (is_below || is_it || is_hierarchy) {
                if is_below || is_it {
                    found.push(entry.path());
                }
                folders.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// A root file system with busybox under the names the tests use.
fn busybox() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in ["bin", "etc", "tmp", "seeded"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(if folder == "seeded" { 0o1750 } else { 0o755 });
        header.set_size(0);
        archive.append_data(&mut header, folder, &[][..]).expect("appended");
    }
    let binary = fs::read("/bin/busybox").expect("busybox-static is installed");
    append(&mut archive, "bin/busybox", &binary, 0o755);
    append(
        &mut archive,
        "etc/passwd",
        b"root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000::/tmp:/bin/sh\n",
        0o644,
    );
    append(&mut archive, "etc/group", b"root:x:0:\nworker:x:1000:\n", 0o644);
    append(&mut archive, "seeded/file", b"from the image\n", 0o640);
    for program in PROGRAMS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, format!("bin/{program}"), "busybox").expect("appended");
    }
    archive.into_inner().expect("written")
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, bytes: &[u8], mode: u32) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, path, bytes).expect("appended");
}
