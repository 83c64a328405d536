//! Images built from Dockerfiles, and the cache that survives.

mod mounts;
mod reuse;
mod section;
mod store;

use scenarios::{Folder, Lighter, Project, host, require, wait_until};

const COMPOSE: &str = "services: {web: {build: ., image: 'built:1'}}";

/// Builds `dockerfile`, runs the image, and returns what it printed.
fn built_and_run(lighter: &Lighter, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let project = Project::new(lighter, COMPOSE);
    for (name, text) in files {
        project.write(name, text);
    }
    project.write("Dockerfile", dockerfile);
    project.run(&["up", "-d", "--build"]).succeeds();
    wait_until("the container ends", || project.container("web").state == "exited");
    project.run(&["logs", "--no-log-prefix"]).succeeds().stdout
}

#[test]
fn stages_copy_from_each_other_and_from_the_context() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let dockerfile = "
FROM busybox AS base
COPY . /context/
RUN cat /context/word > /made && echo made >> /made

FROM scratch AS final
COPY --from=base /bin/ /bin/
COPY --from=base --chown=12:34 /made /made
CMD [\"/bin/sh\", \"-c\", \"cat /made; stat -c %u:%g /made; ls /bin/sh\"]
";
    let text = built_and_run(&lighter, dockerfile, &[("word", "hello\n")]);
    assert_eq!(text, "hello\nmade\n12:34\n/bin/sh\n");
}

#[test]
fn instructions_shape_the_process() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let dockerfile = "
ARG TAG=latest
FROM busybox:$TAG
ARG WORD=default
ENV SAID=$WORD
LABEL kind=test
WORKDIR /work
RUN [\"touch\", \"exec-form\"]
VOLUME /data
EXPOSE 80
USER nobody
ENTRYPOINT [\"sh\", \"-c\"]
CMD [\"echo $SAID; pwd; ls; id -u\"]
";
    assert_eq!(built_and_run(&lighter, dockerfile, &[]), "default\n/work\nexec-form\n65534\n");
}

#[test]
fn archives_are_unpacked_and_ignored_files_left_out() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let inside = Folder::new("archive");
    inside.write("packed", "from the archive\n");
    let project = Project::new(&lighter, COMPOSE);
    let archive = project.folder().path().join("files.tar.gz");
    let folder = inside.path().to_string_lossy().into_owned();
    host::run("tar", &["-czf", &archive.to_string_lossy(), "-C", &folder, "packed"]);
    project.write(".dockerignore", "*.secret\n");
    project.write("a.secret", "");
    project.write("a.public", "");
    project.write(
        "Dockerfile",
        "FROM busybox\nADD files.tar.gz /unpacked/\nCOPY . /context/\n\
         CMD [\"sh\", \"-c\", \"cat /unpacked/packed; cd /context; ls a.*\"]\n",
    );
    project.run(&["up", "-d", "--build"]).succeeds();
    wait_until("the container ends", || project.container("web").state == "exited");
    let text = project.run(&["logs", "--no-log-prefix"]).succeeds().stdout;
    assert_eq!(text, "from the archive\na.public\n");
}

#[test]
fn second_build_runs_nothing_again() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("word", "one\n");
    project.write("Dockerfile", "FROM busybox\nRUN cat /proc/uptime > /first\nCOPY word /\nRUN cat word\n");
    let id = || {
        project.run(&["build"]).succeeds();
        let list = lighter.run(["image", "ls", "--no-trunc"]).succeeds().stdout;
        let line = list.lines().find(|line| line.starts_with("built ")).expect("the image is listed");
        line.split_whitespace().nth(2).expect("the image has an id").to_owned()
    };
    let first = id();
    assert_eq!(id(), first, "the second build made another image");
    project.write("word", "two\n");
    let second = id();
    assert_ne!(second, first, "a changed file made no other image");
    project.write("word", "one\n");
    assert_eq!(id(), first, "the first steps were run again");
}

#[test]
fn failing_step_shows_its_output_and_its_line() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE);
    project.write("Dockerfile", "FROM busybox\nRUN echo trouble ahead && exit 9\n");
    project.run(&["up", "-d", "--build"]).fails_with(1).says(&["trouble ahead", "Dockerfile:2", "9"]);
    assert_eq!(project.find_container("web"), None);
}

/// What `file` of the image of the service `web` holds.
#[track_caller]
fn file_of_image(project: &Project, file: &str) -> String {
    project.run(&["run", "--rm", "-T", "--no-deps", "web", "cat", file]).succeeds().stdout
}
