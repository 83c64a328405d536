//! Ways to a registry: certificates, proxies, mirrors; and images from any address.

use super::{Source, ok, refused, with_settings};
use scenarios::lighter::run;
use scenarios::{Fault, FaultProxy, Lighter, Outcome, RegistryServer, host, require};

#[test]
fn a_certificate_that_signed_itself_is_good_where_it_was_put() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::self_signed(), Source::new());
    let address = registry.address().to_string();
    let name = format!("{address}/app:1");
    source.import(&name);
    let folder = source.lighter.root().join("lib/certs.d").join(&address);
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::copy(registry.certificate(), folder.join("ca.crt")).expect("copied");
    ok(&source.lighter, &["image", "push", "-q", &name]);
    ok(&source.lighter, &["image", "pull", "-q", &name]);
    // Another one that signed itself is nobody's.
    let other = RegistryServer::self_signed();
    std::fs::copy(other.certificate(), folder.join("ca.crt")).expect("copied");
    refused(&source.lighter, &["image", "pull", "-q", &name], &[&address]);
}

/// Pulls with these variables, and none of the machine's own proxies.
fn pull(lighter: &Lighter, name: &str, variables: &[(&str, &str)]) -> Outcome {
    let mut command = lighter.command(["image", "pull", "-q", name]);
    for variable in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"] {
        command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
    }
    command.envs(variables.iter().copied());
    run(command)
}

#[test]
fn proxies_are_those_of_the_environment() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let proxy = FaultProxy::new(registry.address());
    let url = format!("http://{}", proxy.address());
    // A name that only the proxy can make something of.
    let target = with_settings("[mirrors]\n\"registry.invalid\" = [\"http://registry.invalid\"]\n");
    let name = "registry.invalid/app:1";
    pull(&target, name, &[("HTTP_PROXY", &url)]).succeeds();
    let through = |start: &str| proxy.requests().iter().any(|line| line.starts_with(start));
    assert!(through("GET http://registry.invalid/v2/app/manifests/1"), "{:#?}", proxy.requests());
    ok(&target, &["image", "rm", name]);
    pull(&target, name, &[("http_proxy", &url), ("NO_PROXY", "registry.invalid")]).fails_with(1);
    proxy.plan_for("CONNECT", "registry.invalid", u32::MAX, Fault::Answer("403 Forbidden", &[]));
    pull(&target, "registry.invalid:444/app:1", &[("HTTPS_PROXY", &url)]).fails_with(1);
    assert!(through("CONNECT registry.invalid:444"), "{:#?}", proxy.requests());
    // Loopback needs none.
    let before = proxy.requests().len();
    pull(&target, &pushed, &[("HTTP_PROXY", &url)]).succeeds();
    assert_eq!(proxy.requests().len(), before);
}

#[test]
fn a_mirror_is_told_which_registry_it_stands_for() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/library/app:1", registry.address());
    source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let mirror = FaultProxy::new(registry.address());
    let settings = format!("[mirrors]\n\"registry.invalid\" = [\"http://{}\"]\n", mirror.address());
    let target = with_settings(&settings);
    ok(&target, &["image", "pull", "-q", "registry.invalid/library/app:1"]);
    let requests = mirror.requests();
    let asked: Vec<_> = requests.iter().filter(|line| line.contains("/library/app/")).collect();
    assert!(asked.len() > 2 && asked.iter().all(|line| line.contains("?ns=registry.invalid")), "{asked:#?}");
}

#[test]
fn archives_are_imported_from_addresses_and_whatever_compressed_them() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let name = format!("{}/app:1", registry.address());
    let made = source.import(&name);
    ok(&source.lighter, &["image", "push", "-q", &name]);
    let archive = source.folder.path().join("root.tar").display().to_string();
    let import = |archive: &str| ok(&source.lighter, &["image", "import", "-c", "CMD [\"/none\"]", archive]);
    for (program, ending) in [("gzip", "gz"), ("xz", "xz"), ("bzip2", "bz2")] {
        host::run(program, &["-k", &archive]);
        assert_eq!(import(&format!("{archive}.{ending}")).trim(), made, "{program}");
    }
    // A layer's blob is an archive like any other, and the registry gives it to who asks.
    let proxy = FaultProxy::new(registry.address());
    let url = format!("http://{}/v2/app/blobs/{}", proxy.address(), blob(&source.lighter));
    assert_eq!(import(&url).trim(), made);
    proxy.plan("/blobs/", 9, Fault::BreakAfter(1_000_000));
    refused(&source.lighter, &["image", "import", &url], &[&proxy.address().to_string()]);
    proxy.heal();
    proxy.plan("/blobs/", 9, Fault::Answer("403 Forbidden", &[]));
    refused(&source.lighter, &["image", "import", &url], &["Forbidden"]);
}

/// The digest of the largest blob that the store keeps: the layer that was pushed.
fn blob(lighter: &Lighter) -> String {
    let folder = lighter.root().join("lib/content/sha256");
    let entries = std::fs::read_dir(folder).expect("there").flatten();
    let size = |entry: &std::fs::DirEntry| entry.metadata().map_or(0, |metadata| metadata.len());
    let largest = entries.max_by_key(size).expect("a blob");
    format!("sha256:{}", largest.file_name().to_string_lossy())
}
