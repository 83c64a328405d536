//! Tokens: fetched when the registry asks for one, and anew when it has run out.

use super::{Mood, Sandbox, Server, pull_from, pushed, reference, run};
use crate::image::registry::{Registries, pull, push};
use crate::require;
use crate::state::Layout;
use engine_spec::Platform;

const REFRESH_TOKEN: &str = "from an identity provider";

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
    let (_source, image, server) = pushed();
    let server = server.with(Mood { token_lasts: Some(2), ..Mood::default() });
    let target = Sandbox::new();
    let auth = format!(r#"{{"identitytoken":"{REFRESH_TOKEN}"}}"#);
    let registries = registries(&server, target.store.layout(), &auth);
    let name = reference(server.address, "app:1");
    let pulled = run(pull(&target.store, &name, &Platform::host(), &registries, &|_| {}));
    assert_eq!(pulled.expect("pulled"), image);
    let asked = server.tokens.lock().expect("lock").clone();
    // Manifest, configuration and two layers, with two requests for a token.
    assert_eq!(asked.len(), 2, "{asked:?}");
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
    let sandbox = Sandbox::new();
    let image = sandbox.image();
    for lasts in 1..8 {
        let server = Server::start(Mood { token_lasts: Some(lasts), ..Mood::default() });
        let registries = registries(&server, sandbox.store.layout(), r#"{"auth":"dTpw"}"#);
        let name = reference(server.address, "app:1");
        let pushed = run(push(&sandbox.store, &image, &name, &registries, &|_| {}));
        if lasts == 1 {
            // Each blob takes two requests with one token: the place for it, and its bytes.
            pushed.expect_err("refused");
            continue;
        }
        pushed.unwrap_or_else(|error| panic!("{lasts}: {}", crate::image::registry::error::one_line(&error)));
        let asked = server.tokens.lock().expect("lock").clone();
        assert!(asked.iter().all(|line| line.contains("Basic dTpw")), "{asked:?}");
        assert_eq!(
            pull_from(&server.with(Mood::default()), &Sandbox::new().store, "app:1").expect("whole"),
            { sandbox.store.image(&image.id).expect("read").expect("there") }
        );
    }
}
