//! Tokens: fetched when the registry asks for one, and anew when it has run out.

use super::{Mood, Sandbox, Server, pull_from, pushed, reference, run};
use crate::image::registry::{Registries, pull, push};
use crate::require;
use crate::state::Layout;
use engine_spec::Platform;

/// As a user who has logged in to the server with `auth`, as config.json has it.
fn registries(server: &Server, layout: &Layout, auth: &str) -> Registries {
    let logins = format!(r#"{{"auths":{{"{}":{auth}}}}}"#, server.address);
    let variable = |name: &str| (name == "DOCKER_AUTH_CONFIG").then(|| logins.clone());
    Registries::load(layout, &variable).expect("loaded")
}

#[test]
fn nobody_in_particular_gets_a_token_too() {
    require!(Root);
    let (_source, image, server) = pushed();
    let server = server.with(Mood { token_lasts: Some(100), ..Mood::default() });
    assert_eq!(pull_from(&server, &Sandbox::new().store, "app:1").expect("pulled"), image);
    let asked = server.tokens.lock().expect("lock").clone();
    assert_eq!(asked, ["GET /token?service=s&scope=repository%3Aapp%3Apull  "]);
}

#[test]
fn a_refresh_token_is_exchanged_for_access_tokens_as_they_run_out() {
    require!(Root);
    let (source, server) = (Sandbox::new(), Server::start(Mood { token_lasts: Some(2), ..Mood::default() }));
    let registries =
        registries(&server, source.store.layout(), r#"{"identitytoken":"from an identity provider"}"#);
    let (image, name) = (source.image_of(&[10]), reference(server.address, "app:1"));
    run(push(&source.store, &image, &name, &registries, &|_| {})).expect("pushed");
    let target = Sandbox::new();
    let before = server.tokens.lock().expect("lock").len();
    run(pull(&target.store, &name, &Platform::host(), &registries, &|_| {})).expect("pulled");
    let asked = server.tokens.lock().expect("lock").clone();
    // The manifest and the configuration with one, the layer with another.
    assert_eq!(asked.len() - before, 2, "{asked:?}");
    for line in asked {
        assert!(line.starts_with("POST /token  "), "{line}");
        for part in ["grant_type=refresh_token", "refresh_token=from+an+identity+provider", "service=s"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[test]
fn a_token_that_runs_out_in_the_middle_of_a_push_is_replaced() {
    require!(Root);
    let (source, server) = (Sandbox::new(), Server::start(Mood { token_lasts: Some(2), ..Mood::default() }));
    let registries = registries(&server, source.store.layout(), r#"{"auth":"dTpw"}"#);
    let (image, name) = (source.image_of(&[10]), reference(server.address, "app:1"));
    run(push(&source.store, &image, &name, &registries, &|_| {})).expect("pushed");
    let asked = server.tokens.lock().expect("lock").clone();
    // A blob takes three requests, the first token is good for two.
    assert!(asked.len() > 3 && asked.iter().all(|line| line.contains("Basic dTpw")), "{asked:?}");
    let target = Sandbox::new();
    let pulled = pull_from(&server.with(Mood::default()), &target.store, "app:1").expect("whole");
    assert_eq!(pulled.id, image.id);
}
