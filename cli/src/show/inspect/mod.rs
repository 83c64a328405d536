//! Objects in the shape of docker's `inspect`: the facts that both have, under docker's names.
//!
//! What docker leaves out of its JSON where there is none (`State.Health`) is null here, so that
//! `{{if .State.Health}}` works; [`print()`] leaves it out.

mod container;
mod image;
mod network;
mod volume;

use crate::error::CommandError;
use crate::show::format::{ValueFormat, print_values};
use engine::image::Store;
use engine::state::Layout;
use engine::state::container::{ResolveError, resolve};
use engine_spec::Observed;
use serde_json::Value;

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A container
    Container,
    /// An image
    Image,
    /// A network
    Network,
    /// A volume
    Volume,
}

/// Finds objects and describes them.
#[derive(Debug)]
pub(crate) struct Inspection {
    layout: Layout,
    store: Store,
    observed: Observed,
    /// Whether the sizes of containers are wanted, which takes time.
    is_sized: bool,
}

impl Inspection {
    /// Looks at what was observed.
    pub(crate) fn new(layout: Layout, observed: Observed, is_sized: bool) -> Self {
        Self { store: Store::open(&layout), layout, observed, is_sized }
    }

    /// The object of one of the kinds that `text` names.
    pub(crate) fn find(&self, text: &str, kinds: &[Kind]) -> Result<Value, CommandError> {
        for kind in kinds {
            let found = match kind {
                Kind::Container => self.container(text)?,
                Kind::Image => self.image(text)?,
                Kind::Network => self.network(text),
                Kind::Volume => self.volume(text),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        let kind = match kinds {
            [Kind::Container] => "container",
            [Kind::Image] => "image",
            [Kind::Network] => "network",
            [Kind::Volume] => "volume",
            _ => "object",
        };
        Err(CommandError::NoSuchObject { kind, name: text.to_owned() })
    }

    fn container(&self, text: &str) -> Result<Option<Value>, CommandError> {
        let id = match resolve(&self.layout, text) {
            Err(ResolveError::Unknown(_)) => return Ok(None),
            found => found?,
        };
        let found = self.observed.containers.iter().find(|container| container.id == id);
        found.map(|container| container::describe(self, container)).transpose()
    }

    fn image(&self, text: &str) -> Result<Option<Value>, CommandError> {
        let found = self.store.resolve(text)?;
        Ok(found.map(|found| image::describe(&found, &self.observed)))
    }

    fn network(&self, text: &str) -> Option<Value> {
        let networks = &self.observed.networks;
        let by_name = networks.iter().find(|network| network.spec.name.as_str() == text);
        let found = by_name.or_else(|| networks.iter().find(|network| network.id.as_str().starts_with(text)));
        found.map(|found| network::describe(found, &self.observed))
    }

    fn volume(&self, text: &str) -> Option<Value> {
        let found = self.observed.volumes.iter().find(|volume| volume.spec.name.as_str() == text);
        found.map(|found| volume::describe(&self.layout, found))
    }
}

/// Prints what was found. Of a template's answers docker prints those before the first that is missing.
pub(crate) fn print(format: Option<&ValueFormat>, mut values: Vec<Value>) -> Result<(), CommandError> {
    if !matches!(format, Some(ValueFormat::Lines(_))) {
        values.iter_mut().for_each(|value| drop_null(value, &["State", "Health"]));
    }
    print_values(format, &values)
}

fn drop_null(value: &mut Value, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            if let Value::Object(fields) = value
                && fields.get(*last).is_some_and(Value::is_null)
            {
                fields.remove(*last);
            }
        }
        [first, rest @ ..] => {
            if let Some(inner) = value.get_mut(*first) {
                drop_null(inner, rest);
            }
        }
    }
}
