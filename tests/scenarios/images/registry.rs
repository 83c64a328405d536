//! Against Debian's own registry server.

use super::{Source, id, ok, refused};
use scenarios::lighter::run;
use scenarios::registry::{PASSWORD, USER};
use scenarios::{Fault, FaultProxy, Folder, Lighter, RegistryServer, require, wait_until};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn what_is_pushed_is_pulled_the_same() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let name = format!("{}/team/app:1", registry.address());
    let made = source.import(&name);
    let pushed = ok(&source.lighter, &["image", "push", &name]);
    let digest = pushed.trim().split('@').nth(1).expect("the digest is printed").to_owned();
    let again = source.lighter.run(["image", "push", &name]).succeeds();
    assert_eq!(again.stdout, pushed);
    assert!(again.stderr.contains("Layer already exists"), "{}", again.stderr);
    // Another repository of the same registry takes the layer over.
    let other = format!("{}/other:2", registry.address());
    ok(&source.lighter, &["image", "tag", &name, &other]);
    let mounted = source.lighter.run(["image", "push", &other]).succeeds();
    assert!(mounted.stderr.contains("Layer already exists"), "{}", mounted.stderr);
    let target = Lighter::new();
    for name in [&name, &other, &format!("{}/team/app@{digest}", registry.address())] {
        ok(&target, &["image", "pull", "-q", name]);
        assert_eq!(id(&target, name), made);
    }
    assert_eq!(ok(&target, &["image", "verify"]), "1 images are as they should be\n");
    let found =
        ok(&target, &["image", "search", "--format", "{{.Name}}", &format!("{}/team", registry.address())]);
    assert_eq!(found, format!("{}/team/app\n", registry.address()));
    ok(&target, &["image", "pull", "-q", "-a", &format!("{}/other", registry.address())]);
    refused(&target, &["image", "pull", &format!("{}/no/such", registry.address())], &["no/such", "unknown"]);
}

/// A command of a user with logins of their own.
fn as_user(lighter: &Lighter, config: &Folder, arguments: &[&str]) -> Command {
    let mut command = lighter.command(arguments);
    command.env("DOCKER_CONFIG", config.path());
    command
}

#[test]
fn a_guarded_registry_lets_in_who_has_logged_in() {
    require!(Root, Seeds, Registry);
    let (registry, source, config) = (RegistryServer::guarded(), Source::new(), Folder::new("logins"));
    let host = registry.address().to_string();
    let name = format!("{host}/app:1");
    source.import(&name);
    let certificates = source.lighter.root().join("lib/certs.d").join(&host);
    std::fs::create_dir_all(&certificates).expect("made");
    std::fs::copy(registry.certificate(), certificates.join("ca.crt")).expect("copied");
    let user = |arguments: &[&str]| as_user(&source.lighter, &config, arguments);
    run(user(&["image", "push", &name])).fails_with(1).says(&["denies access"]);
    let login = |password: &str| {
        let mut child = user(&["login", "-u", USER, "--password-stdin", &host])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("ended");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains(password), "the password is nowhere to be seen");
        (output.status.success(), said)
    };
    let (is_in, said) = login("wrong one");
    assert!(!is_in && said.contains("cannot log in"), "{said}");
    let (is_in, said) = login(PASSWORD);
    assert!(is_in && said.contains("Login Succeeded"), "{said}");
    run(user(&["image", "push", &name])).succeeds();
    run(user(&["image", "pull", &name])).succeeds();
    run(user(&["logout", &host])).succeeds();
    run(user(&["image", "pull", &name])).fails_with(1).says(&["denies access"]);
}

#[test]
fn a_credential_helper_is_asked_for_the_password() {
    require!(Root, Seeds, Registry);
    let (registry, source, config) = (RegistryServer::guarded(), Source::new(), Folder::new("logins"));
    let name = format!("{}/app:1", registry.address());
    source.import(&name);
    // Loopback may have any certificate.
    let helper = format!(
        "#!/bin/sh\nread server\necho \"$1 $server\" >>{0}/asked\n\
        test \"$1\" != get || echo '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
        config.path().display()
    );
    config.write("docker-credential-test", helper);
    config.write("config.json", r#"{"credsStore":"test","auths":{}}"#);
    scenarios::host::run(
        "chmod",
        &["755", &config.path().join("docker-credential-test").display().to_string()],
    );
    let path = format!("{}:{}", config.path().display(), std::env::var("PATH").expect("set"));
    let mut push = as_user(&source.lighter, &config, &["image", "push", &name]);
    run({
        push.env("PATH", &path);
        push
    })
    .succeeds();
    let mut logout = as_user(&source.lighter, &config, &["logout", &registry.address().to_string()]);
    run({
        logout.env("PATH", &path);
        logout
    })
    .succeeds();
    let asked = std::fs::read_to_string(config.path().join("asked")).expect("asked");
    let host = registry.address();
    assert!(
        asked.starts_with(&format!("get {host}\n")) && asked.ends_with(&format!("erase {host}\n")),
        "{asked}"
    );
}

#[test]
fn a_pull_goes_on_when_the_registry_is_back() {
    require!(Root, Seeds, Registry);
    let (mut registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    let made = source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    proxy.plan("/blobs/", 3, Fault::Slow(Duration::from_millis(5)));
    let target = Lighter::new();
    let pulling = target.command(["image", "pull", "-q", &name]).spawn().expect("started");
    wait_until("the layer is on its way", || proxy.body_bytes() > 500_000);
    registry.kill();
    proxy.cut_connections();
    registry.resume();
    let output = pulling.wait_with_output().expect("ended");
    assert!(output.status.success());
    assert_eq!(id(&target, &name), made);
    let requests = proxy.requests();
    assert!(
        requests.iter().any(|line| line.contains("bytes=")),
        "it is taken up where it broke off: {requests:#?}"
    );
}

#[test]
fn two_pulls_of_one_image_share_the_work() {
    require!(Root, Seeds, Registry);
    let (registry, source) = (RegistryServer::plain(), Source::new());
    let pushed = format!("{}/app:1", registry.address());
    source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let proxy = FaultProxy::new(registry.address());
    let name = format!("{}/app:1", proxy.address());
    proxy.plan("/blobs/", 10, Fault::Slow(Duration::from_millis(2)));
    let target = Lighter::new();
    let pulls = [(); 2].map(|()| target.command(["image", "pull", "-q", &name]).spawn().expect("started"));
    for mut pull in pulls {
        assert!(pull.wait().expect("ended").success());
    }
    let transferred = proxy.body_bytes();
    assert!(transferred < 2 * super::SIZE, "{transferred} bytes: the layer came twice");
}

#[test]
fn mirrors_are_asked_first_and_never_shown_the_registrys_password() {
    require!(Root, Seeds, Registry);
    let (registry, source, config) = (RegistryServer::plain(), Source::new(), Folder::new("logins"));
    let pushed = format!("{}/library/app:1", registry.address());
    let made = source.import(&pushed);
    ok(&source.lighter, &["image", "push", "-q", &pushed]);
    let (broken, good) = (FaultProxy::new(registry.address()), FaultProxy::new(registry.address()));
    let challenge = &["WWW-Authenticate: Basic realm=\"mirror\""];
    broken.plan("/manifests/", 9, Fault::Answer("401 Unauthorized", challenge));
    let target = Lighter::new();
    let lib = target.root().join("lib");
    std::fs::create_dir_all(&lib).expect("made");
    // Nobody listens on port 1.
    let mirrors =
        format!("[mirrors]\n\"127.0.0.1:1\" = [\"http://{}\", \"{}\"]\n", broken.address(), good.address());
    std::fs::write(lib.join("registries.toml"), mirrors).expect("written");
    config.write("config.json", r#"{"auths":{"127.0.0.1:1":{"auth":"c2VjcmV0OnNlY3JldA=="}}}"#);
    run(as_user(&target, &config, &["image", "pull", "-q", "127.0.0.1:1/library/app:1"])).succeeds();
    assert_eq!(id(&target, "127.0.0.1:1/library/app:1"), made);
    assert!(!broken.requests().is_empty() && good.requests().len() > 1, "one after the other");
    assert!(!broken.was_shown_a_login() && !good.was_shown_a_login());
    let refusal = run(as_user(&target, &config, &["image", "pull", "127.0.0.1:1/no/such"])).fails_with(1);
    refusal.says(&[&broken.address().to_string(), &good.address().to_string(), "127.0.0.1:1"]);
}
