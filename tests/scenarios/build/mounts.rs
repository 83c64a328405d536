//! `RUN --mount` and here-documents in real builds.

use super::file_of_image;
use scenarios::{Folder, Lighter, Project, require};
use std::path::Path;

const COMPOSE: &str = "
services:
  web:
    build:
      context: .
      secrets:
        - token
        - {source: key, target: renamed}
secrets:
  token: {environment: TOKEN}
  key: {file: key.txt}
";

const DOCKERFILE: &str = "
FROM busybox AS files
RUN mkdir /lib2 && echo of a stage > /lib2/file
FROM busybox
RUN --mount=type=cache,target=/kept echo one >> /kept/list
RUN --mount=type=cache,target=/kept echo two >> /kept/list && cp /kept/list /seen
RUN --mount=type=bind,source=word,target=/bound cat /bound >> /seen && ! echo x 2>/dev/null > /bound
RUN --mount=type=bind,from=files,source=/lib2,target=/bound,rw \\
  echo scribbled > /bound/more && cat /bound/file >> /seen
RUN --mount=type=tmpfs,target=/fleeting,size=1m \\
  awk '$2 == \"/fleeting\" {print $3}' /proc/mounts >> /seen && touch /fleeting/file
RUN --mount=type=secret,id=token,mode=0440,uid=12,gid=34 --mount=type=secret,id=renamed,target=/key \\
  stat -c '%a %u:%g' /run/secrets/token >> /seen && \\
  md5sum /run/secrets/token /key >> /seen
RUN --mount=type=secret,id=token,env=GIVEN echo ${#GIVEN} >> /seen
RUN ls -A /kept /bound /fleeting /run/secrets >> /seen; test ! -s /key
";

/// Their values are nowhere else on the machine.
const TOKEN: &str = "lighter-token-5f0c71d2";
const KEY: &str = "lighter-key-93b1ae44";

#[test]
fn mounts_are_there_for_their_step_only() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, COMPOSE).env("TOKEN", TOKEN);
    project.write("key.txt", KEY);
    project.write("word", "of the context\n");
    project.write(".dockerignore", "key.txt\n");
    project.write("Dockerfile", DOCKERFILE);
    let built = project.run(&["build", "--progress", "plain"]).succeeds();
    let seen = file_of_image(&project, "/seen");
    let (token, key) = (digest(TOKEN), digest(KEY));
    let expected = format!(
        "one\ntwo\nof the context\nof a stage\ntmpfs\n440 12:34\n{token}  /run/secrets/token\n{key}  /key\n{}\n",
        TOKEN.len()
    );
    assert!(seen.starts_with(&expected), "{seen}");
    assert!(!seen[expected.len()..].contains("list"), "the cache is in the image: {seen}");
    assert!(!seen[expected.len()..].contains("token"), "the secret is in the image: {seen}");
    for secret in [TOKEN, KEY] {
        assert!(!built.stdout.contains(secret) && !built.stderr.contains(secret), "{built:#?}");
        assert_eq!(holding(lighter.root(), secret), Vec::<String>::new());
    }
}

/// The files below `folder` that hold `text`; files of any kind of archive are plain enough in the store.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let output = std::process::Command::new("grep")
        .args(["-rlaF", "--devices=skip", "-e", text])
        .arg(folder)
        .output()
        .expect("grep runs");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// As `md5sum` prints it.
fn digest(text: &str) -> String {
    let folder = Folder::new("digest");
    folder.write("text", text);
    let output = std::process::Command::new("md5sum").arg(folder.path().join("text")).output();
    let output = output.expect("md5sum runs");
    String::from_utf8_lossy(&output.stdout).split(' ').next().expect("a digest is printed").to_owned()
}

#[test]
fn needed_secret_that_is_not_given_is_named() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {build: .}}");
    project.write("Dockerfile", "FROM busybox\nRUN --mount=type=secret,id=token,required=true true\n");
    project.run(&["build"]).fails_with(1).says(&["token", "Dockerfile:2"]);
}

#[test]
fn scripts_are_run_by_the_program_they_name() {
    require!(Root, Seeds);
    let lighter = Lighter::new();
    let project = Project::new(&lighter, "services: {web: {build: .}}");
    let dockerfile = "
FROM busybox
RUN <<EOF
#!/bin/sh -e
echo script > /seen
false || echo $- | grep -o e >> /seen
EOF
RUN <<EOF
echo plain >> /seen
EOF
COPY <<EOF <<'RAW' /files/
word $HOME
EOF
word $HOME
RAW
RUN cat /files/EOF /files/RAW >> /seen
";
    project.write("Dockerfile", dockerfile);
    project.run(&["build"]).succeeds();
    let seen = file_of_image(&project, "/seen");
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[..3], ["script", "e", "plain"], "{seen}");
    assert_eq!(lines[4], "word $HOME", "{seen}");
}
