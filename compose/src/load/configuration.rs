//! The files together as one document: what `config` prints, explains and lists.

use super::compose_file::FILE;
use super::environment::Variables;
use super::merge::value_kind;
use super::node::{Node, Value};
use super::print::Printer;
use super::report::Report;
use super::{Skip, explain, template};
use crate::diagnostic::Diagnostic;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

pub use explain::{Explanation, NoSuchPath};
pub use template::VariableUse;

/// The sections of a project in the order in which they are printed.
const SECTIONS: [&str; 7] = ["name", "services", "networks", "volumes", "secrets", "configs", "models"];

/// A project's files after merging, interpolation and defaults, before they are a typed project.
#[derive(Debug)]
pub struct Configuration {
    pub(super) tree: Node,
    pub(super) report: Report,
    pub(super) variables: Variables,
    pub(super) profiles: Vec<String>,
    pub(super) templates: Vec<String>,
    pub(super) skip: Skip,
    /// Worth showing, in the order of the files.
    pub warnings: Vec<Diagnostic>,
}

impl Configuration {
    /// What `docker compose config` prints of the services that `is_chosen` says.
    ///
    /// # Panics
    /// Never: every key is a string and every value can be written.
    #[must_use]
    pub fn to_yaml(&self, is_chosen: &dyn Fn(&str) -> bool) -> String {
        let mut sections = self.printed(false, is_chosen);
        let mut ordered: Vec<_> =
            SECTIONS.iter().filter_map(|section| sections.remove_entry(*section)).collect();
        ordered.extend(sections);
        serde_yaml::to_string(&InOrder(ordered)).expect("a project has only what YAML can hold")
    }

    /// What `docker compose config --format json` prints of the services that `is_chosen` says.
    ///
    /// # Panics
    /// Never: every key is a string and every value can be written.
    #[must_use]
    pub fn to_json(&self, is_chosen: &dyn Fn(&str) -> bool) -> String {
        let printed = Json::Object(self.printed(true, is_chosen));
        let mut text = serde_json::to_string_pretty(&printed).expect("a project has only what JSON can hold");
        text.push('\n');
        text
    }

    /// The value at a path such as `services.web.ports.0.published`, and what made it so.
    ///
    /// # Errors
    /// There is nothing at the path.
    pub fn explain(&self, path: &str) -> Result<Explanation, NoSuchPath> {
        explain::explain(self, path)
    }

    /// The variables that the files use, by name.
    #[must_use]
    pub fn variable_uses(&self) -> Vec<VariableUse> {
        template::uses(&self.templates)
    }

    /// The variables that interpolation saw, by name.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable.value.as_str()))
    }

    /// The services whose profiles are active, by name.
    #[must_use]
    pub fn service_names(&self) -> Vec<&str> {
        let services = self.tree.entries("services").filter(|(_, entry)| self.is_active(&entry.node));
        services.map(|(name, _)| name.as_str()).collect()
    }

    /// The profiles that services name.
    #[must_use]
    pub fn profiles(&self) -> Vec<String> {
        let services = self.tree.entries("services").map(|(_, entry)| &entry.node);
        let profiles = services.flat_map(|service| service.items("profiles").filter_map(Node::as_text));
        let sorted: BTreeSet<&str> = profiles.collect();
        sorted.into_iter().map(str::to_owned).collect()
    }

    /// The keys of the networks, volumes or other elements that active services use.
    #[must_use]
    pub fn used_elements(&self, section: &str) -> Vec<String> {
        let mut used = Used::default();
        let services = self.tree.entries("services").map(|(_, entry)| &entry.node);
        services.filter(|service| self.is_active(service)).for_each(|service| used.add(service));
        let keys = self.tree.entries(section).map(|(key, _)| key);
        keys.filter(|key| used.has(section, key)).cloned().collect()
    }

    /// The images of active services that name one, by service.
    #[must_use]
    pub fn images(&self) -> BTreeMap<String, String> {
        let services = self.tree.entries("services").filter(|(_, entry)| self.is_active(&entry.node));
        services
            .filter_map(|(name, entry)| Some((name.clone(), entry.node.text_at("image")?.to_owned())))
            .collect()
    }

    /// Puts other images in the place of those of services.
    pub fn replace_images(&mut self, images: &BTreeMap<String, String>) {
        for (name, entry) in self.tree.entries_mut("services") {
            if let (Some(image), Some(node)) = (images.get(name), entry.node.get_mut("image")) {
                node.value = Value::Text(image.clone());
            }
        }
    }

    fn is_active(&self, service: &Node) -> bool {
        super::is_active(service, &self.profiles)
    }

    fn printed(&self, is_json: bool, is_chosen: &dyn Fn(&str) -> bool) -> serde_json::Map<String, Json> {
        let escapes = !self.skip.interpolation;
        let printer = Printer { is_json, escapes, keeps_files: self.skip.env_files };
        let mut printed = serde_json::Map::new();
        let mut used = Used::default();
        let mut services = serde_json::Map::new();
        for (name, entry) in self.tree.entries("services").filter(|(name, _)| is_chosen(name)) {
            used.add(&entry.node);
            services.insert(name.clone(), printer.value(&entry.node, super::schema::service_kind()));
        }
        for (section, entry) in self.tree.as_map().into_iter().flatten() {
            if section.starts_with("x-") {
                printed.insert(section.clone(), printer.extension(&entry.node));
            } else if section != "services" {
                let mut value = printer.value(&entry.node, value_kind(&FILE, section));
                if let Json::Object(elements) = &mut value {
                    elements.retain(|key, _| used.has(section, key));
                    elements.values_mut().for_each(hide_source);
                    if elements.is_empty() {
                        continue;
                    }
                }
                printed.insert(section.clone(), value);
            }
        }
        printed.insert("services".to_owned(), Json::Object(services));
        printed
    }
}

/// The content that a variable gives is not written, but the variable's name.
fn hide_source(element: &mut Json) {
    if let Some(map) = element.as_object_mut()
        && map.contains_key("environment")
    {
        map.remove("content");
    }
}

/// The elements that services use, as `section/key`.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn add(&mut self, service: &Node) {
        let mut add = |section: &str, key: &str| {
            self.0.insert(format!("{section}/{key}"));
        };
        service.entries("networks").for_each(|(key, _)| add("networks", key));
        service.entries("models").for_each(|(key, _)| add("models", key));
        for mount in service.items("volumes").filter(|mount| mount.text_at("type") == Some("volume")) {
            mount.text_at("source").into_iter().for_each(|key| add("volumes", key));
        }
        let build_secrets = service.get("build").into_iter().flat_map(|build| build.items("secrets"));
        for secret in service.items("secrets").chain(build_secrets) {
            secret.text_at("source").into_iter().for_each(|key| add("secrets", key));
        }
        for config in service.items("configs") {
            config.text_at("source").into_iter().for_each(|key| add("configs", key));
        }
    }

    fn has(&self, section: &str, key: &str) -> bool {
        self.0.contains(&format!("{section}/{key}"))
    }
}

/// A mapping whose entries are written in the order given.
struct InOrder(Vec<(String, Json)>);

impl Serialize for InOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
