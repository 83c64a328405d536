//! Plans as texts in files: `goldens/*.plan` hold one situation after the other.
//!
//! ```text
//! === what the situation is about
//! --- file                     the Compose file from here on
//! --- edit                     `old => new`, line by line: the file with other words
//! --- do up --no-start         a command carried out on the world
//! --- remember                 what a failed update is rolled back to
//! --- world                    `stopped NAME`, `created NAME`, `image NAME`, `gone NAME`, `rename NAME NAME`, …
//! --- plan up --force-recreate what a command would do: the text that is expected
//! ```
//! `PLAN_GOLDENS=write cargo test -p compose golden` writes what is planned into the files.

use super::world::{digest, exited, find, images, perform};
use crate::graph::Selection;
use crate::plan::{ControlOptions, DownOptions, Plan, Recreate, UpOptions, Values};
use crate::sample::project;
use engine_spec::{Health, Observed, Status};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn plans_are_as_the_goldens_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/tests/goldens");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut situations, mut failures) = (0, String::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let planned = replay(&text);
        situations += text.lines().filter(|line| line.starts_with("=== ")).count();
        if std::env::var_os("PLAN_GOLDENS").is_some() {
            fs::write(&file, planned).unwrap();
        } else if planned != text {
            let _ = writeln!(failures, "{}:\n{}", file.display(), difference(&text, &planned));
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(situations >= 80, "only {situations} situations");
}

/// The first lines in which two texts differ.
fn difference(expected: &str, planned: &str) -> String {
    let at = expected.lines().zip(planned.lines()).take_while(|(one, other)| one == other).count();
    let shown = |text: &str| text.lines().skip(at).take(12).collect::<Vec<_>>().join("\n");
    format!("line {}: expected\n{}\nbut planned\n{}", at + 1, shown(expected), shown(planned))
}

/// The text with every plan as it is planned now.
fn replay(text: &str) -> String {
    let mut replayed = String::new();
    for situation in
        text.split_inclusive('\n').collect::<Vec<_>>().chunk_by(|_, next| !next.starts_with("=== "))
    {
        let mut stage = Stage::default();
        for section in situation.chunk_by(|_, next| !next.starts_with("--- ")) {
            let body = section[1..].concat();
            replayed.push_str(section[0]);
            match section[0].trim_end().strip_prefix("--- plan ") {
                Some(command) => {
                    replayed.push_str(&stage.plan(command));
                    replayed.push('\n');
                }
                None => {
                    stage.change(section[0].trim_end(), &body);
                    replayed.push_str(&body);
                }
            }
        }
    }
    replayed.trim_end().to_owned() + "\n"
}

/// A file and a world.
#[derive(Default)]
struct Stage {
    file: String,
    world: Observed,
    before: Observed,
}

impl Stage {
    fn change(&mut self, headline: &str, body: &str) {
        match headline {
            "--- file" => self.file = format!("name: app\n{body}"),
            "--- edit" => {
                for (old, new) in body.lines().filter_map(|line| line.split_once(" => ")) {
                    assert!(self.file.contains(old), "no `{old}` in the file");
                    self.file = self.file.replace(old, new);
                }
            }
            "--- remember" => self.before = self.world.clone(),
            "--- world" => body.lines().filter(|line| !line.is_empty()).for_each(|line| self.happen(line)),
            _ => {
                if let Some(command) = headline.strip_prefix("--- do ") {
                    let plan = self.command(command).unwrap();
                    perform(&plan, &mut self.world);
                }
            }
        }
    }

    /// Something that no plan did.
    fn happen(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let world = &mut self.world;
        match words[..] {
            ["stopped", name] => find(world, name).status = exited(),
            ["created", name] => find(world, name).status = Status::Created,
            ["unhealthy", name] => {
                if let Status::Running { health, .. } = &mut find(world, name).status {
                    *health = Some(Health::Unhealthy);
                }
            }
            ["image", name] => find(world, name).spec.image_id = digest(9),
            ["gone", name] => world.containers.retain(|container| container.name().as_str() != name),
            ["rename", from, to] => find(world, from).spec.name = to.parse().unwrap(),
            ["copy", from, to] => {
                let mut copy = find(world, from).clone();
                copy.spec.name = to.parse().unwrap();
                world.containers.push(copy);
            }
            ["standby", name] => find(world, name).spec.standby = true,
            ["label", name, key, value] => {
                find(world, name).spec.labels.insert(format!("com.docker.compose.{key}"), value.to_owned());
            }
            ["label-volume", name, key, value] => {
                let volume =
                    world.volumes.iter_mut().find(|volume| volume.spec.name.as_str() == name).unwrap();
                volume.spec.labels.insert(format!("com.docker.compose.{key}"), value.to_owned());
            }
            ["no-network", name] => world.networks.retain(|network| network.spec.name.as_str() != name),
            ["no-volume", name] => world.volumes.retain(|volume| volume.spec.name.as_str() != name),
            _ => panic!("`{line}` is nothing that happens"),
        }
    }

    fn plan(&self, command: &str) -> String {
        match self.command(command) {
            Ok(plan) => {
                let values = if command.contains("--show-values") { Values::Shown } else { Values::Masked };
                plan.text(values)
            }
            Err(error) => format!("error: {error}\n"),
        }
    }

    fn command(&self, command: &str) -> Result<Plan, String> {
        let mut words = command.split(' ');
        let verb = words.next().unwrap_or("");
        let (flags, services): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('-'));
        let services: Vec<String> = services.into_iter().map(str::to_owned).collect();
        let has = |flag: &str| flags.contains(&flag);
        let names = || services.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
        let project = project(&self.file);
        let control = ControlOptions {
            services: names(),
            no_dependents: has("--no-deps"),
            wait: has("--wait"),
            ..ControlOptions::default()
        };
        let name = &project.name;
        match verb {
            "up" => {
                let selection = Selection::of(&project, &services, !has("--no-deps"))
                    .map_err(|error| error.to_string())?;
                let plan = crate::plan::up(
                    &project,
                    &selection,
                    &self.world,
                    &up_options(&flags),
                    &images(&project),
                );
                plan.map_err(|error| match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                })
            }
            "down" => {
                let options = DownOptions {
                    services: names(),
                    volumes: has("-v"),
                    remove_orphans: has("--remove-orphans"),
                    ..DownOptions::default()
                };
                let file = (!has("--by-name")).then_some(&project);
                Ok(crate::plan::down(name, file, &self.world, &options))
            }
            "rollback" => Ok(crate::plan::rollback(&project, &self.before, &self.world)),
            "stop" => Ok(crate::plan::stop(name, &self.world, &control)),
            "start" => Ok(crate::plan::start(name, &self.world, &control)),
            "restart" => Ok(crate::plan::restart(name, &self.world, &control)),
            _ => panic!("no command `{verb}`"),
        }
    }
}

fn up_options(flags: &[&str]) -> UpOptions {
    let has = |flag: &str| flags.contains(&flag);
    let recreate = |is_forced| match (is_forced, has("--no-recreate")) {
        (true, _) => Recreate::Always,
        (false, true) => Recreate::Never,
        (false, false) => Recreate::Changed,
    };
    let scale = flags.iter().filter_map(|flag| flag.strip_prefix("--scale=")?.split_once(':'));
    UpOptions {
        recreate: recreate(has("--force-recreate")),
        recreate_dependencies: recreate(has("--always-recreate-deps")),
        remove_orphans: has("--remove-orphans"),
        ignore_orphans: has("--ignore-orphans"),
        renew_volumes: has("-V"),
        no_start: has("--no-start"),
        wait: has("--wait"),
        scale: scale.map(|(name, count)| (name.parse().unwrap(), count.parse().unwrap())).collect(),
        timeout: None,
        recreate_volumes: has("-y"),
        all_resources: has("--all-resources"),
        take_over: has("--take-over"),
    }
}
