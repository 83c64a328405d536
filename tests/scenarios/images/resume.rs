//! Transfers that break off go on where they were, in the same run or in the next one.

use super::{SIZE, Source, id, ok, refused, with_settings};
use scenarios::{Fault, FaultProxy, Lighter, RegistryServer, require, wait_until};
use std::time::{Duration, Instant};

/// A registry with an image, a proxy before it, and the image's name there and its id.
fn pushed() -> (RegistryServer, FaultProxy, String, String) {
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    let made = source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    (registry, proxy, name, made)
}

#[test]
fn what_a_killed_pull_has_fetched_is_not_fetched_again() {
    require!(Root, Seeds, Registry);
    let (_registry, proxy, name, made) = pushed();
    proxy.plan("/blobs/", 9, Fault::Slow(Duration::from_millis(5)));
    let target = Lighter::new();
    let mut pulling = target.command(["image", "pull", "-q", &name]).spawn().expect("started");
    wait_until("the layer is on its way", || proxy.body_bytes() > 1_000_000);
    pulling.kill().expect("killed");
    pulling.wait().expect("ended");
    assert_eq!(ok(&target, &["image", "ls", "-q"]), "");
    proxy.heal();
    let before = proxy.body_bytes();
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
    let requests = proxy.requests();
    assert!(requests.iter().any(|line| line.contains("bytes=")), "{requests:#?}");
    let fetched = proxy.body_bytes() - before;
    assert!(fetched < SIZE, "{fetched} bytes: the layer came from its beginning");
    assert_eq!(ok(&target, &["image", "verify", "-q"]), "");
    assert_eq!(leftovers(&target), 0, "what was partial is whole");
}

/// Partial blobs that lie about.
fn leftovers(lighter: &Lighter) -> usize {
    let folder = lighter.root().join("lib/tmp");
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().starts_with("partial-")).count()
}

#[test]
fn what_was_left_of_a_layer_is_checked_like_everything_else_and_pruned() {
    require!(Root, Seeds, Registry);
    let (_registry, proxy, name, made) = pushed();
    // Of the layer alone; the configuration is whole before that.
    proxy.plan("/blobs/", 40, Fault::BreakAfter(600_000));
    let target = with_settings("patience = 0.2\n");
    let mut pulling = target.command(["image", "pull", "-q", &name]).spawn().expect("started");
    wait_until("a part has come", || proxy.body_bytes() > 700_000);
    pulling.kill().expect("killed");
    pulling.wait().expect("ended");
    assert_eq!(leftovers(&target), 1);
    // A power cut may leave anything in it.
    let folder = target.root().join("lib/tmp");
    let entries = std::fs::read_dir(&folder).expect("there").flatten().map(|entry| entry.path());
    let partial = entries.into_iter().find(|path| path.display().to_string().contains("partial-"));
    let partial = partial.expect("it is there");
    std::fs::write(&partial, vec![0; 500_000]).expect("damaged");
    proxy.heal();
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
    std::fs::write(&partial, vec![0; 500_000]).expect("another one");
    let pruned = ok(&target, &["image", "prune", "-f"]);
    assert_eq!(pruned, "Total reclaimed space: 500kB\n");
    assert_eq!(leftovers(&target), 0);
}

#[test]
fn large_blobs_are_sent_in_pieces_and_a_broken_one_is_made_good() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let lib = source.lighter.root().join("lib");
    std::fs::create_dir_all(&lib).expect("made");
    std::fs::write(lib.join("registries.toml"), "largest-request = 1_000_000\n").expect("written");
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    let made = source.import(&name);
    proxy.plan_for("PATCH", "/blobs/uploads/", 1, Fault::Slow(Duration::ZERO));
    proxy.plan_for("PATCH", "/blobs/uploads/", 1, Fault::BreakUploadAfter(400_000));
    ok(&source.lighter, &["image", "push", "-q", &name]);
    let requests = proxy.requests();
    let sent = |word: &str| requests.iter().filter(|line| line.starts_with(word)).count();
    // It is asked where the second piece broke off. This server does not know, so that all four come again.
    assert_eq!(sent("GET /v2/app/blobs/uploads/"), 1, "{requests:#?}");
    assert_eq!(sent("PATCH "), 6, "{requests:#?}");
    let target = Lighter::new();
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
}

#[test]
fn a_silent_registry_is_waited_for_as_long_as_was_said() {
    require!(Root, Seeds, Registry);
    let (_registry, proxy, name, made) = pushed();
    let target = with_settings("patience = 0.3\n");
    proxy.plan("/manifests/", 1, Fault::Silent);
    let start = Instant::now();
    refused(&target, &["image", "pull", "-q", &name], &["does not answer within 300ms"]);
    assert!(start.elapsed() < Duration::from_secs(20));
    super::nothing_is_left(&target);
    // A layer that stands still is asked for again from where it stood.
    proxy.plan("/blobs/", 1, Fault::Slow(Duration::ZERO));
    proxy.plan("/blobs/", 1, Fault::Slow(Duration::from_secs(1)));
    ok(&target, &["image", "pull", "-q", &name]);
    assert_eq!(id(&target, &name), made);
}
