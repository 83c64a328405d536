//! Whole builds over a made-up base image, with commands that need no container.

mod delta;
mod graph;
mod lint;
mod mounts;
mod sources;

use super::scratch::Scratch;
use super::workshop::Stop;
use super::{
    BuildError, BuildEvent, BuildFailure, BuildRequest, Host, STAGES_AT_A_TIME, StepRunner, build_with,
};
use crate::image::{Configuration, Image, Staging, Store};
use crate::state::Layout;
use crate::supervisor::step::{StepError, StepSource, StepSpec, Stream};
use crate::sys::require;
use engine_spec::{BuildSpec, ContextSource, ImageReference, Platform};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nweb:x:101:102::/:/bin/sh\n";

/// An installation with the image `base`, and a context.
struct World {
    scratch: Scratch,
    layout: Layout,
    /// The steps that were run, not found in the cache.
    runs: Mutex<Vec<StepSpec>>,
    events: Mutex<Vec<String>>,
    /// Written to `app.py` when the next COPY starts.
    meanwhile: Mutex<Option<String>>,
}

/// `sh -c "write <path> <text>"` writes a file, `fail` fails, everything else does nothing.
impl StepRunner for World {
    fn run(
        &self,
        step: &StepSpec,
        _: &Stop,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<i32, StepError> {
        self.runs.lock().expect("not poisoned").push(step.clone());
        let command = step.arguments.last().map(String::as_str).unwrap_or_default();
        match command.split(' ').collect::<Vec<_>>().as_slice() {
            ["write", path, text] => fs::write(step.upper.join(path), text).expect("written"),
            ["tell", name] => {
                let prefix = format!("{name}=");
                let line = step.environment.iter().find(|line| line.starts_with(&prefix)).expect("given");
                output(Stream::Stdout, line.as_bytes());
            }
            ["seen", target, name] => {
                let mount = step.options.mounts.iter().find(|mount| mount.target == Path::new(target));
                let StepSource::Folder { root, path } = &mount.expect("mounted").source else {
                    panic!("{target} is no folder")
                };
                fs::copy(root.join(path).join(name), step.upper.join("seen")).expect("copied");
            }
            ["cache", target, name] => {
                let mount = step.options.mounts.iter().find(|mount| mount.target == Path::new(target));
                let StepSource::Folder { root, .. } = &mount.expect("mounted").source else {
                    panic!("{target} is no folder")
                };
                fs::write(root.join(name), name).expect("written");
            }
            ["fail"] => {
                output(Stream::Stderr, b"line one\nit broke\n");
                return Ok(3);
            }
            _ => {}
        }
        Ok(0)
    }
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new();
        let layout = Layout::at(&scratch.path().join("root"));
        layout.prepare().expect("prepared");
        scratch.tree("context", files);
        let world = Self {
            scratch,
            layout,
            runs: Mutex::default(),
            events: Mutex::default(),
            meanwhile: Mutex::default(),
        };
        world.image("base", &[("etc/passwd", PASSWD), ("srv/old", "")], |_| {});
        world
    }

    /// Makes an image of one layer.
    fn image(&self, name: &str, files: &[(&str, &str)], change: impl FnOnce(&mut Configuration)) -> Image {
        let store = Store::open(&self.layout);
        let staging = Staging::new(&self.layout).expect("staged");
        let tree = store.stage_tree(&staging).expect("staged");
        for (path, text) in files {
            let path = tree.join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("created");
            fs::write(path, text).expect("written");
        }
        // The same image in every world, whatever the time.
        crate::build::outcome::moment::clamp(&tree, std::time::SystemTime::UNIX_EPOCH).expect("set");
        let mut configuration = Configuration::scratch(Platform::host());
        configuration.diff_ids.push(store.commit_layer(&tree).expect("committed").diff_id);
        change(&mut configuration);
        let name = ImageReference::parse(name).expect("a name");
        store.create_image(&configuration, &[name]).expect("created")
    }

    fn context(&self) -> PathBuf {
        self.scratch.path().join("context")
    }

    fn spec(&self, dockerfile: &str) -> BuildSpec {
        fs::write(self.context().join("Dockerfile"), dockerfile).expect("written");
        BuildSpec {
            tags: vec![ImageReference::parse("result").expect("a name")],
            ..BuildSpec::new(ContextSource::Folder(self.context()))
        }
    }

    fn build_spec(&self, spec: &BuildSpec) -> Result<Image, BuildError> {
        let request = BuildRequest { id: "web".into(), spec: spec.clone() };
        let built = self.build_requests(&[request], &BTreeMap::new());
        built.map(|mut images| images.remove("web").expect("built")).map_err(|failure| *failure.source)
    }

    fn build_requests(
        &self,
        requests: &[BuildRequest],
        environment: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Image>, BuildFailure> {
        self.runs.lock().expect("not poisoned").clear();
        self.events.lock().expect("not poisoned").clear();
        let (log, meanwhile, edited) = (&self.events, &self.meanwhile, self.context().join("app.py"));
        let events = |event: BuildEvent| {
            let text = match event {
                BuildEvent::StepStarted { step, text } => {
                    let edit = meanwhile.lock().expect("not poisoned").take_if(|_| text.starts_with("COPY"));
                    edit.into_iter().for_each(|edit| fs::write(&edited, edit).expect("written"));
                    format!("{step} {text}")
                }
                BuildEvent::StepCached { step } => format!("{step} cached"),
                BuildEvent::StepDone { step, .. } => format!("{step} done"),
                BuildEvent::StepFailed { step } => format!("{step} failed"),
                BuildEvent::Output { bytes, .. } => format!("wrote {}", String::from_utf8_lossy(&bytes)),
                BuildEvent::Warning { rule, diagnostic, .. } => format!("{rule} {}", diagnostic.at.line),
            };
            log.lock().expect("not poisoned").push(text);
        };
        // What a registry has is what the store has, for whatever platform.
        let pull = |reference: &ImageReference, _: &Platform| {
            let found = Store::open(&self.layout).find(reference)?;
            found.ok_or_else(|| format!("no registry has {reference}").into())
        };
        let push = |_: &Image, _: &ImageReference| Ok(());
        let host = Host { pull: &pull, push: &push, events: &events, environment };
        build_with(&self.layout, requests, (STAGES_AT_A_TIME, &host), self)
    }

    fn build(&self, dockerfile: &str) -> Image {
        self.build_spec(&self.spec(dockerfile)).unwrap_or_else(|error| panic!("{error}: {error:?}"))
    }

    /// The error of a build, with its sources.
    fn refused(&self, dockerfile: &str) -> String {
        let error = self.build_spec(&self.spec(dockerfile)).expect_err("the build must fail");
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    /// What the last build said of the steps after FROM: `cached` or `done`.
    fn outcomes(&self) -> Vec<String> {
        let events = self.events.lock().expect("not poisoned");
        let last = |text: &String| {
            text.rsplit(' ').next().map(str::to_owned).filter(|word| word == "cached" || word == "done")
        };
        events.iter().filter_map(last).skip(1).collect()
    }

    /// The content of a file of an image, from the topmost layer that has it.
    fn read(&self, image: &Image, path: &str) -> Option<String> {
        self.find(image, path).map(|path| fs::read_to_string(path).expect("read"))
    }

    fn find(&self, image: &Image, path: &str) -> Option<PathBuf> {
        let layers = Store::open(&self.layout).layer_paths(image);
        layers.iter().map(|layer| layer.join(path)).find(|path| path.exists())
    }

    fn history(&self, image: &Image) -> Vec<String> {
        let configuration = Store::open(&self.layout).configuration(image).expect("read");
        let line = |entry: &crate::image::History| {
            let mark = if entry.empty_layer { "" } else { "+ " };
            format!("{mark}{}", entry.created_by.as_deref().unwrap_or_default())
        };
        configuration.history.iter().map(line).collect()
    }

    /// Everything under the folder for unfinished work.
    fn leftovers(&self) -> usize {
        fs::read_dir(self.layout.temporary()).expect("read").count()
    }
}

const FLASK: &str = "FROM base\nRUN write packages flask\nWORKDIR /app\nCOPY app.py .\nENV FLASK_APP=app.py\nCMD [\"flask\", \"run\"]";

#[test]
fn an_unchanged_build_gives_the_same_image_and_runs_nothing() {
    require!(Root);
    let world = World::new(&[("app.py", "print(1)")]);
    let first = world.build(FLASK);
    assert_eq!(world.outcomes(), ["done", "done", "done"]);
    assert_eq!(world.read(&first, "app/app.py").as_deref(), Some("print(1)"));
    assert_eq!(first.layers.len(), 4);

    let file = fs::File::options().write(true).open(world.context().join("app.py")).expect("opened");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("set");
    let second = world.build(FLASK);
    assert_eq!(second, first, "a new time of a file changes nothing");
    assert_eq!(world.outcomes(), ["cached", "cached", "cached"]);
    assert!(world.runs.lock().expect("not poisoned").is_empty());
    assert_eq!(world.leftovers(), 0);
}

#[test]
fn an_edited_file_is_copied_again_and_what_was_before_is_kept() {
    require!(Root);
    let world = World::new(&[("app.py", "print(1)")]);
    let first = world.build(FLASK);
    fs::write(world.context().join("app.py"), "print(2)").expect("written");
    let second = world.build(FLASK);
    assert_eq!(world.outcomes(), ["cached", "cached", "done"]);
    assert_ne!(second.id, first.id);
    assert_eq!(second.layers[..3], first.layers[..3]);
    assert_eq!(world.read(&second, "app/app.py").as_deref(), Some("print(2)"));
}

#[test]
fn a_file_saved_while_it_is_copied_does_not_spoil_the_cache() {
    require!(Root);
    let world = World::new(&[("app.py", "old")]);
    *world.meanwhile.lock().expect("not poisoned") = Some("new".to_owned());
    let text = "FROM base\nCOPY app.py /";
    let first = world.build(text);
    assert_eq!(world.read(&first, "app.py").as_deref(), Some("new"));
    fs::write(world.context().join("app.py"), "old").expect("written");
    let second = world.build(text);
    assert_eq!(world.read(&second, "app.py").as_deref(), Some("old"));
}

#[test]
fn a_change_of_configuration_makes_no_layer() {
    require!(Root);
    let world = World::new(&[("app.py", "")]);
    let first = world.build(FLASK);
    let second = world.build(&FLASK.replace("flask\", \"run", "other"));
    assert_eq!(world.outcomes(), ["cached", "cached", "cached"]);
    assert_eq!(second.layers, first.layers);
    assert_ne!(second.id, first.id);
    let moved = world.build("FROM base\nENV X=1\nLABEL a=b\nCOPY app.py /app/\nRUN one");
    world.build("FROM base\nCOPY app.py /app/\nENV X=1\nRUN one");
    assert_eq!(world.outcomes(), ["cached", "cached"], "a COPY does not depend on variables");
    assert_eq!(moved.config.labels["a"], "b");
}

#[test]
fn no_cache_does_every_step_and_remembers_it() {
    require!(Root);
    let world = World::new(&[("app.py", "")]);
    world.build(FLASK);
    let spec = BuildSpec { no_cache: true, ..world.spec(FLASK) };
    world.build_spec(&spec).expect("built");
    assert_eq!(world.outcomes(), ["done", "done", "done"]);
    world.build(FLASK);
    assert_eq!(world.outcomes(), ["cached", "cached", "cached"]);
}

#[test]
fn a_step_whose_layer_is_gone_is_done_again() {
    require!(Root);
    let world = World::new(&[("app.py", "")]);
    let image = world.build(FLASK);
    let layer = image.layers.last().expect("a layer");
    fs::remove_dir_all(world.layout.layer(layer)).expect("removed");
    world.build(FLASK);
    assert_eq!(world.outcomes(), ["cached", "cached", "done"]);
}

#[test]
fn the_configuration_and_history_are_those_of_docker() {
    require!(Root);
    let world = World::new(&[("app.py", "")]);
    let text = format!("ARG unused=1\n{FLASK}\nARG v=1\nUSER web\nRUN two\nEXPOSE 5000");
    let spec = BuildSpec { labels: BTreeMap::from([("by".into(), "compose".into())]), ..world.spec(&text) };
    let image = world.build_spec(&spec).expect("built");
    assert_eq!(
        world.history(&image),
        [
            "+ RUN /bin/sh -c write packages flask # buildkit",
            "+ WORKDIR /app",
            "+ COPY app.py . # buildkit",
            "ENV FLASK_APP=app.py",
            "CMD [\"flask\" \"run\"]",
            "ARG v=1",
            "USER web",
            "+ RUN |1 v=1 /bin/sh -c two # buildkit",
            "EXPOSE [5000/tcp]",
        ]
    );
    assert_eq!(image.config.working_dir.as_deref(), Some("/app"));
    assert_eq!(image.config.user.as_deref(), Some("web"));
    assert_eq!(image.config.labels["by"], "compose");
    assert!(image.config.environment[0].starts_with("PATH=/usr/local/sbin:"));
    assert_eq!(image.config.environment[1..], ["FLASK_APP=app.py"], "arguments are not kept");
    let run = world.runs.lock().expect("not poisoned").last().cloned().expect("a run");
    assert!(run.environment.contains(&"v=1".to_owned()), "but commands see them");
    assert_eq!((run.working_dir.as_path(), run.user.as_deref()), (Path::new("/app"), Some("web")));
}

#[test]
fn stages_are_built_only_if_they_are_needed() {
    require!(Root);
    let world = World::new(&[]);
    let text = "FROM base AS tools\nRUN write tool t\nFROM base AS unused\nRUN fail\n\
                FROM scratch\nCOPY --from=tools /tool /bin/\nCOPY --from=base etc/passwd /";
    let image = world.build(text);
    assert_eq!(world.read(&image, "bin/tool").as_deref(), Some("t"));
    assert_eq!(world.read(&image, "passwd").as_deref(), Some(PASSWD));
    assert_eq!(image.layers.len(), 2);
    assert_eq!(world.runs.lock().expect("not poisoned").len(), 1);
    assert_eq!(world.build(text), image);
    assert!(world.runs.lock().expect("not poisoned").is_empty());

    let spec = BuildSpec { target: Some("Tools".into()), ..world.spec(text) };
    assert_eq!(world.build_spec(&spec).expect("built").layers.len(), 2);
}

#[test]
fn equal_results_of_a_stage_are_found_by_content() {
    require!(Root);
    let world = World::new(&[]);
    world.build("FROM base AS a\nRUN write x 1\nFROM scratch\nCOPY --from=a x /");
    world.build("FROM base AS a\nRUN write y 1\nRUN write x 1\nFROM scratch\nCOPY --from=a x /");
    assert_eq!(world.outcomes().last().map(String::as_str), Some("cached"));
}

#[test]
fn a_failing_command_shows_its_output_and_its_line() {
    require!(Root);
    let world = World::new(&[]);
    let error = world.refused("FROM base\n\nRUN fail");
    assert_eq!(
        error,
        "`/bin/sh -c fail` did not complete successfully: exit code 3\n  line one\n  it broke\nDockerfile:3: RUN fail"
    );
    assert_eq!(world.leftovers(), 0, "nothing is left of the step");
    assert_eq!(Store::open(&world.layout).names().expect("read").len(), 1, "no image was made");
}

#[test]
fn a_missing_source_is_shown_in_its_line() {
    require!(Root);
    let world = World::new(&[("secret", ""), (".dockerignore", "secret")]);
    for (source, column) in [("nope", 6), ("secret", 6)] {
        let error = world.refused(&format!("FROM base\nCOPY {source} /"));
        let start = format!("Dockerfile:2:{column}: `{source}` is not in the build context");
        assert!(error.starts_with(&start) && error.contains("^^"), "{error}");
    }
    let error = world.refused("FROM base\nCOPY --chown=ghost secret* /");
    assert!(error.starts_with("Dockerfile:2:6: the image has no user `ghost`"), "{error}");
    let error = world.refused("FROM nowhere:1");
    assert!(
        error.contains("cannot pull nowhere:1") && error.contains("no registry has nowhere:1"),
        "{error}"
    );
}

#[test]
fn the_ignore_file_beside_the_dockerfile_comes_first() {
    require!(Root);
    let world = World::new(&[("a", ""), ("b", ""), (".dockerignore", "a"), ("Dockerfile.dockerignore", "b")]);
    let image = world.build("FROM scratch\nCOPY . /x/");
    assert!(world.find(&image, "x/a").is_some() && world.find(&image, "x/b").is_none());
}

#[test]
fn a_working_folder_belongs_to_the_user_and_an_existing_one_is_left() {
    require!(Root);
    let world = World::new(&[]);
    let image = world.build("FROM base\nUSER web\nWORKDIR new/dir\nWORKDIR /srv\nWORKDIR sub");
    let owner = |path: &str| fs::metadata(world.find(&image, path).expect("made")).expect("read").uid();
    assert_eq!((owner("new/dir"), owner("srv/sub"), owner("srv")), (101, 101, 0));
    assert_eq!(image.layers.len(), 3, "the existing folder made no layer");
    assert_eq!(image.config.working_dir.as_deref(), Some("/srv/sub"));
}

#[test]
fn heredocs_become_files_and_scripts() {
    require!(Root);
    let world = World::new(&[]);
    let image = world.build(
        "FROM base\nENV who=me\nCOPY --chmod=600 <<one <<'two' /x/\n$who \\$who \"q\"\none\n$who\ntwo\n\
         RUN <<EOF\nwrite script s\nEOF\nRUN <<EOF\n#!/bin/other\nEOF",
    );
    assert_eq!(world.read(&image, "x/one").as_deref(), Some("me $who \"q\"\n"));
    assert_eq!(world.read(&image, "x/two").as_deref(), Some("$who\n"));
    let runs = world.runs.lock().expect("not poisoned");
    assert_eq!(runs[0].arguments, ["/bin/sh", "-c", "write script s\n"]);
    assert_eq!(runs[1].arguments, ["/dev/pipes/EOF"]);
    assert_eq!(runs[1].options.mounts[0].target, Path::new("/dev/pipes/EOF"));
}

#[test]
fn add_unpacks_archives_and_copy_does_not() {
    require!(Root);
    let world = World::new(&[("plain.txt", "p")]);
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    header.set_mode(0o640);
    header.set_uid(7);
    archive.append_data(&mut header, "in/side", &b"x"[..]).expect("added");
    let bytes = archive.into_inner().expect("finished");
    fs::write(world.context().join("a.tar"), &bytes).expect("written");
    let image =
        world.build("FROM base\nADD a.tar plain.txt /to/\nCOPY a.tar /copied\nADD --chown=web a.tar /owned");
    assert_eq!(world.read(&image, "to/in/side").as_deref(), Some("x"));
    assert_eq!(world.read(&image, "to/plain.txt").as_deref(), Some("p"));
    assert!(world.find(&image, "copied").expect("copied").is_file());
    let uid = |path: &str| fs::metadata(world.find(&image, path).expect("there")).expect("read").uid();
    assert_eq!((uid("to/in/side"), uid("owned/in/side")), (7, 101));
}

#[test]
fn triggers_of_the_base_image_run_once_behind_from() {
    require!(Root);
    let world = World::new(&[("f", "")]);
    world.image("parent", &[("x", "")], |configuration| {
        configuration.config.on_build = vec!["COPY f /triggered".into(), "ENV T=1".into()];
    });
    let image = world.build("FROM parent AS child\nRUN one\nFROM child");
    assert!(world.find(&image, "triggered").is_some() && image.config.on_build.is_empty());
    assert_eq!(world.history(&image).len(), 3);
    assert_eq!(world.events.lock().expect("not poisoned")[2], "[child 2/3] COPY f /triggered");
}

#[test]
fn arguments_choose_the_base_and_reach_commands() {
    require!(Root);
    let world = World::new(&[]);
    let text = "ARG from=nowhere\nFROM $from\nARG v\nRUN one";
    let given = |value: &str| {
        BTreeMap::from([
            ("from".to_owned(), Some("base".to_owned())),
            ("v".to_owned(), Some(value.to_owned())),
            ("http_proxy".to_owned(), Some(value.to_owned())),
        ])
    };
    world.build_spec(&BuildSpec { args: given("1"), ..world.spec(text) }).expect("built");
    let environment = world.runs.lock().expect("not poisoned")[0].environment.clone();
    assert!(environment.contains(&"v=1".into()) && environment.contains(&"HTTP_PROXY=1".into()));
    world.build_spec(&BuildSpec { args: given("2"), ..world.spec(text) }).expect("built");
    assert_eq!(world.outcomes(), ["done"], "an argument is part of the key");

    let proxy = |value: &str| BTreeMap::from([("HTTP_PROXY".to_owned(), Some(value.to_owned()))]);
    let text = "FROM base\nRUN two";
    world.build_spec(&BuildSpec { args: proxy("1"), ..world.spec(text) }).expect("built");
    world.build_spec(&BuildSpec { args: proxy("2"), ..world.spec(text) }).expect("built");
    assert_eq!(world.outcomes(), ["cached"], "a proxy is not");
}

#[test]
fn a_linked_copy_survives_a_change_below() {
    require!(Root);
    let world = World::new(&[("f", "x")]);
    world.build("FROM base\nRUN write a 1\nCOPY --link f /srv/");
    let image = world.build("FROM base\nRUN write a 2\nCOPY --link f /srv/");
    assert_eq!(world.outcomes(), ["done", "cached"]);
    assert_eq!(world.read(&image, "srv/f").as_deref(), Some("x"));
}
