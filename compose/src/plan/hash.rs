//! The config hash: a service, network or volume as one number, kept as a label to notice changes.

use super::contents::{Provided, provided};
use super::restart;
use crate::model::{Deploy, FileObject, Project, Service};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::io;

/// What a container is made of, besides its image: the resolved service without what only decides
/// how many there are and when, with the contents of its configs and secrets.
#[derive(Serialize)]
struct Hashed<'a> {
    service: &'a Service,
    contents: Vec<String>,
}

/// The hash of a service as the label of its containers has it.
#[must_use]
pub fn config_hash(project: &Project, service: &Service) -> String {
    let deploy = service.deploy.as_ref().map(|deploy| Deploy {
        replicas: None,
        update_config: None,
        rollback_config: None,
        ..deploy.clone()
    });
    let mut hashed = Service {
        build: None,
        pull_policy: None,
        scale: None,
        depends_on: Default::default(),
        profiles: Vec::new(),
        attach: None,
        deploy,
        ..service.clone()
    };
    // Unlike Docker Compose's, it does not change with `develop` and `attach`: neither is part of a container.
    hashed.rest.retain(|key, _| key == restart::ON_UNHEALTHY || !key.starts_with("x-") && key != "develop");
    hashed.configs.iter_mut().chain(&mut hashed.secrets).for_each(|attachment| attachment.rest.clear());
    // What is told by a signal makes no container anew.
    let files = provided(project, service);
    let contents = files.iter().filter(|file| file.on_change().is_none()).map(Provided::hash).collect();
    hash(&Hashed { service: &hashed, contents })
}

/// What is in a config or secret, as a number.
pub(super) fn contents_hash(object: Option<&FileObject>) -> String {
    let contents = object.and_then(|object| object.contents.as_ref());
    contents.map_or_else(String::new, |contents| hex(Sha256::digest(&contents.0).as_slice()))
}

/// SHA-256 of a value's JSON.
pub(super) fn hash(value: &impl Serialize) -> String {
    let mut writer = HashWriter(Sha256::new());
    serde_json::to_writer(&mut writer, value)
        .expect("the model has string keys only, and hashing cannot fail");
    hex(writer.0.finalize().as_slice())
}

struct HashWriter(Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
