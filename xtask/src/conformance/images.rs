//! Images between the engines: built, saved and pushed by one, loaded, pulled and run by the other.

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use crate::seed::{self, Registry};
use crate::workspace;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

pub(super) const AREA: Area = Area {
    name: "images",
    title: "Images between Docker and Lighter",
    note: "Each engine builds an image with whiteouts, links, capabilities and owners; the other gets it through an \
           archive and through a registry, and runs it. Compared are image ids, manifest digests and what the \
           containers see.",
    compare,
};

const DOCKERFILE: &str = "FROM debian:bookworm-slim\n\
    RUN mkdir -p /a/b && echo one >/a/b/file && ln /a/b/file /a/linked && ln -s ../a /a/way && mkfifo /a/pipe \\\n    \
    && chown 1234:567 /a/b/file && chmod 4755 /a/b/file && touch -d @1600000000 /a/b/file\n\
    RUN rm /etc/debian_version && rm -rf /usr/share/doc && mkdir /usr/share/doc && echo new >/usr/share/doc/new\n\
    ENV GREETING=hello\nCMD [\"sh\", \"-c\", \"echo $GREETING; cat /a/linked; ls /usr/share/doc; stat -c '%u %g %a %h %Y' /a/b/file; test -e /etc/debian_version || echo gone\"]\n";

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let folder = workspace::target().join("conformance/images");
    workspace::make_folder(&folder)?;
    std::fs::write(folder.join("Dockerfile"), DOCKERFILE)?;
    std::fs::write(
        folder.join("compose.yaml"),
        "services:\n  it:\n    build: .\n    image: conformance-images:built\n",
    )?;
    let registry = Registry::running(&seed::folder())?.context("the registry has gone")?.address.to_string();
    let mut comparisons = Vec::new();
    for (from, to) in [(&engines.docker, &engines.lighter), (&engines.lighter, &engines.docker)] {
        comparisons.extend(Trip { from, to, folder: &folder, registry: &registry }.compare()?);
    }
    Ok(comparisons)
}

/// From one engine to the other.
struct Trip<'a> {
    from: &'a Engine,
    to: &'a Engine,
    folder: &'a Path,
    registry: &'a str,
}

impl Trip<'_> {
    fn compare(&self) -> Result<Vec<Comparison>> {
        let built = "conformance-images:built";
        self.from.compose().folder(self.folder).args(["build"]).quiet()?;
        let (id, output) = (self.id(self.from, built)?, run(self.from, built)?);
        let archive = self.archive();
        self.from.image().args(["save", "-o"]).arg(&archive).arg(built).quiet()?;
        forget(self.to, &[built]);
        self.to.image().args(["load", "-i"]).arg(&archive).quiet()?;
        let mut comparisons = vec![
            self.question("image id, through an archive", &id, &self.id(self.to, built)?),
            self.question("what a container of it sees", &output, &run(self.to, built)?),
        ];
        let remote = format!("{}/conformance/{}:1", self.registry, self.from.name.to_lowercase());
        self.from.image().args(["tag", built, &remote]).quiet()?;
        let digest = digest_in(&self.from.image().args(["push", &remote]).read()?)?;
        forget(self.to, &[built, &remote]);
        self.to.image().args(["pull", &remote]).quiet()?;
        comparisons.push(self.question("image id, through a registry", &id, &self.id(self.to, &remote)?));
        comparisons.push(self.question(
            "what a container of the pulled one sees",
            &output,
            &run(self.to, &remote)?,
        ));
        // What was pulled is pushed again under another name: the same manifest, byte for byte.
        let again = format!("{}/conformance/again-{}:1", self.registry, self.to.name.to_lowercase());
        self.to.image().args(["tag", &remote, &again]).quiet()?;
        let second = digest_in(&self.to.image().args(["push", &again]).read()?)?;
        let pushed = self.question("manifest digest, pushed again", &digest, &second);
        comparisons.push(if self.to.name == "Docker" {
            pushed.on_purpose("Docker's store keeps no manifests and writes a new one, in its older format")
        } else {
            pushed
        });
        forget(self.from, &[built, &remote]);
        forget(self.to, &[built, &remote, &again]);
        std::fs::remove_file(archive)?;
        Ok(comparisons)
    }

    fn archive(&self) -> PathBuf {
        self.folder.join(format!("{}.tar", self.from.name))
    }

    fn id(&self, engine: &Engine, name: &str) -> Result<String> {
        Ok(engine.image().args(["inspect", "-f", "{{.Id}}", name]).read()?.trim().to_owned())
    }

    /// The answer of the engine that made the image beside that of the other one.
    fn question(&self, what: &str, made: &str, got: &str) -> Comparison {
        let question = format!("{} to {}: {what}", self.from.name, self.to.name);
        if self.from.name == "Docker" {
            Comparison::new(question, made, got)
        } else {
            Comparison::new(question, got, made)
        }
    }
}

fn run(engine: &Engine, image: &str) -> Result<String> {
    engine.program(&["container"]).args(["run", "--rm", image]).read()
}

/// What is not there need not be removed.
fn forget(engine: &Engine, names: &[&str]) {
    for name in names {
        let _ = engine.image().args(["rm", "-f", name]).quiet();
    }
}

fn digest_in(text: &str) -> Result<String> {
    let at = text.rfind("sha256:").context("a push prints no digest")?;
    Ok(text[at..].chars().take("sha256:".len() + 64).collect())
}
