//! Files from elsewhere and in part: downloads, repositories, named contexts, parents and excludes.

use super::World;
use crate::build::Host;
use crate::build::input::remote::Checkout;
use crate::build::workshop::Workshop;
use crate::image::Image;
use crate::sys::require;
use engine_spec::{ContextSource, ImageReference, Platform};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves `body` and notes the first line of each request, with `304` where the entity tag is known.
fn serve(body: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let reader = BufReader::new(stream.try_clone().expect("cloned"));
            let lines: Vec<String> =
                reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let is_known = lines.iter().any(|line| line.to_ascii_lowercase().starts_with("if-none-match"));
            seen.lock().expect("not poisoned").push(if is_known { "304".into() } else { "200".to_owned() });
            let answer = match is_known {
                true => "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned(),
                false => format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                ),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, requests)
}

#[test]
fn a_download_has_its_mode_and_time_and_travels_once() {
    require!(Root);
    let (address, requests) = serve("the body");
    let world = World::new(&[]);
    let text =
        format!("FROM base\nADD {address}/a/file.txt {address}/ /got/\nADD --chmod=755 {address}/x /named");
    let image = world.build(&text);
    assert_eq!(world.read(&image, "got/file.txt").as_deref(), Some("the body"));
    assert_eq!(world.read(&image, "got/__unnamed__").as_deref(), Some("the body"));
    let status = |path: &str| fs::metadata(world.find(&image, path).expect("there")).expect("read");
    assert_eq!((status("got/file.txt").mode() & 0o777, status("got/file.txt").mtime()), (0o600, 784_111_777));
    assert_eq!(status("named").mode() & 0o777, 0o755);
    world.build(&text);
    assert_eq!(world.outcomes(), ["cached", "cached"]);
    assert_eq!(*requests.lock().expect("not poisoned"), ["200", "200", "200", "304", "304", "304"]);
}

#[test]
fn a_download_must_have_its_checksum() {
    require!(Root);
    let (address, requests) = serve("the body");
    let world = World::new(&[("local", "")]);
    let digest = "sha256:4a1d2b0cb1e0e54f4f0e6ac4b1d4c1d4d1d4e5f7d6a5f0f1e2d3c4b5a6978899";
    let error = world.refused(&format!("FROM base\nADD --checksum={digest} {address}/f /f"));
    let found = error.split("has the digest ").nth(1).and_then(|rest| rest.split(',').next()).expect("named");
    let text = format!("FROM base\nARG sum={found}\nADD --checksum=$sum {address}/f /f");
    world.build(&text);
    let before = requests.lock().expect("not poisoned").len();
    world.build(&text);
    assert_eq!(
        requests.lock().expect("not poisoned").len(),
        before,
        "what is known to be right is not asked for"
    );
    for (checksum, source) in [
        ("md5:d41d8cd98f00b204e9800998ecf8427e", format!("{address}/f")),
        ("nothing", format!("{address}/f")),
        (digest, "local".to_owned()),
    ] {
        let error = world.refused(&format!("FROM base\nADD --checksum={checksum} {source} /f"));
        assert!(error.starts_with("Dockerfile:2:"), "{error}");
    }
}

/// Runs git in `folder`.
fn git(folder: &std::path::Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"];
    let output =
        Command::new("git").args(identity).args(arguments).current_dir(folder).output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn a_repository_is_checked_out_at_a_branch_tag_or_commit() {
    require!(Root);
    let world = World::new(&[]);
    let repository = world.scratch.tree("r", &[("sub/f", "one"), ("g", "")]);
    git(&repository, &["init", "--quiet"]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "-m", "1"]);
    git(&repository, &["tag", "-a", "-m", "v1", "v1"]);
    let first = git(&repository, &["rev-parse", "HEAD"]);
    fs::write(repository.join("sub/f"), "two").expect("written");
    git(&repository, &["commit", "--quiet", "-am", "2"]);

    let path = std::env::var("PATH").expect("set");
    let environment = BTreeMap::from([("PATH".to_owned(), path)]);
    let pull = |_: &ImageReference, _: &Platform| Err("no registry".into());
    let push = |_: &Image, _: &ImageReference| Ok(());
    let host = Host { pull: &pull, push: &push, events: &|_| {}, environment: &environment };
    let shop = Workshop::open(&world.layout, &host, &world).expect("opened");
    let remote = format!("file://{}", repository.display());
    let read = |reference: &str, keeps_git: bool, commit: Option<&str>| {
        let checkout = Checkout::of(&shop, &format!("{remote}{reference}"), (keeps_git, commit))?;
        assert_eq!(checkout.folder.join(".git").exists(), keeps_git);
        let text = fs::read_to_string(checkout.folder.join(checkout.subfolder).join("f"));
        Ok::<_, crate::build::GitError>(text.expect("read"))
    };
    assert_eq!(read("#main:sub", false, None).expect("fetched"), "two");
    assert_eq!(read("#v1:sub", false, None).expect("fetched"), "one");
    assert_eq!(read(&format!("#{first}:sub"), true, None).expect("fetched"), "one");
    assert_eq!(read("?tag=v1&subdir=sub", false, Some(&first[..8])).expect("fetched"), "one");
    assert!(read("#main:sub", false, Some(&first[..8])).expect_err("another").to_string().contains("not"));
    assert!(read("?branch=v1&subdir=sub", false, None).expect_err("a tag").to_string().contains("has no"));
}

#[test]
fn named_contexts_have_their_own_ignore_files() {
    require!(Root);
    let world = World::new(&[("f", "main")]);
    let other = world.scratch.tree("other", &[("f", "other"), ("g", ""), (".dockerignore", "g")]);
    let mut spec = world.spec("FROM base\nCOPY --from=lib . /lib/\nCOPY f /");
    spec.contexts.insert("lib".into(), ContextSource::Folder(other));
    spec.contexts.insert("unused".into(), ContextSource::Url("http://127.0.0.1:9/never".into()));
    let image = world.build_spec(&spec).expect("built");
    assert_eq!(world.read(&image, "lib/f").as_deref(), Some("other"));
    assert_eq!(world.find(&image, "lib/g"), None);
}

#[test]
fn parents_are_kept_and_excluded_files_left_out() {
    require!(Root);
    let world = World::new(&[
        ("a/b/c.txt", "c"),
        ("a/b/d.md", "d"),
        ("a/e/c.txt", ""),
        ("dir/x.log", ""),
        ("dir/y", ""),
    ]);
    let text = "FROM base\nCOPY --parents a/*/c.txt /p/\nCOPY --parents a/./b/d.md /q/\nCOPY --exclude=*.log --exclude=z dir /r/\nCOPY --exclude=*.md a/b/* /s/";
    let image = world.build(text);
    let is_there = |path: &str| world.find(&image, path).is_some();
    assert!(is_there("p/a/b/c.txt") && is_there("p/a/e/c.txt") && is_there("q/b/d.md"));
    assert!(is_there("r/y") && !is_there("r/x.log") && is_there("s/c.txt") && !is_there("s/d.md"));
    let error = world.refused("FROM base\nCOPY --parents a/none /p/");
    assert!(error.contains("`a/none` is not in the build context"), "{error}");
    fs::write(world.context().join("dir/x.log"), "more").expect("written");
    world.build(text);
    assert_eq!(world.outcomes(), ["cached"; 4], "what is left out does not count");
}

#[test]
fn archives_of_all_compressions_are_unpacked() {
    require!(Root);
    let world = World::new(&[("packed/f", "x")]);
    for (flag, name) in [("-cJf", "a.tar.xz"), ("-cjf", "a.tar.bz2"), ("-czf", "a.tar.gz")] {
        let made =
            Command::new("tar").args([flag, name, "-C", "packed", "f"]).current_dir(world.context()).status();
        assert!(made.expect("tar").success(), "{name}");
        let image = world.build(&format!("FROM base\nADD {name} /to/\nADD --unpack=false {name} /kept"));
        assert_eq!(world.read(&image, "to/f").as_deref(), Some("x"), "{name}");
        assert!(world.find(&image, "kept").expect("there").is_file());
    }
}
