//! The parts of a project, one a line.

use crate::show::table::{Table, WIDE};
use clap::Args;
use compose::load::Configuration;
use compose::model::Project;
use compose::plan;
use serde_json::json;
use std::collections::BTreeSet;

/// One thing to list.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
pub(super) struct ListChoice {
    /// Print the names of services, one per line
    #[arg(long = "services")]
    only_services: bool,
    /// Print the images, one per line
    #[arg(long)]
    images: bool,
    /// Print the names of volumes, one per line
    #[arg(long)]
    volumes: bool,
    /// Print the names of networks, one per line
    #[arg(long)]
    networks: bool,
    /// Print the names of models, one per line
    #[arg(long)]
    models: bool,
    /// Print the profiles, one per line
    #[arg(long)]
    profiles: bool,
    /// Print the variables that replace names in the files
    #[arg(long)]
    environment: bool,
    /// Print the variables that the files use, with what stands in for them
    #[arg(long)]
    variables: bool,
    /// Print a hash of each service's definition; `*` is every service
    #[arg(long, value_name = "SERVICES")]
    pub(super) hash: Option<String>,
}

impl ListChoice {
    /// The list asked for; `None` if no list was.
    pub(super) fn text(
        &self,
        configuration: &Configuration,
        project: Option<&Project>,
        is_json: bool,
    ) -> Option<String> {
        if self.variables {
            return Some(variables(configuration, is_json));
        }
        let lines = self.lines(configuration, project)?;
        Some(lines.iter().map(|line| format!("{line}\n")).collect())
    }

    fn lines(&self, configuration: &Configuration, project: Option<&Project>) -> Option<Vec<String>> {
        let sections = [(self.volumes, "volumes"), (self.networks, "networks"), (self.models, "models")];
        if let Some((_, section)) = sections.iter().find(|(is_asked, _)| *is_asked) {
            return Some(configuration.used_elements(section));
        }
        if self.only_services {
            return Some(configuration.service_names().into_iter().map(str::to_owned).collect());
        }
        if self.environment {
            return Some(
                configuration.environment().map(|(name, value)| format!("{name}={value}")).collect(),
            );
        }
        if self.profiles {
            return Some(configuration.profiles());
        }
        if self.images {
            let names: BTreeSet<String> = match project {
                Some(project) => {
                    let services = project.services.iter();
                    services.map(|(name, service)| project.image_name(name, service)).collect()
                }
                None => configuration.images().into_values().collect(),
            };
            return Some(names.into_iter().collect());
        }
        self.hash.as_ref().zip(project).map(|(names, project)| hashes(project, names))
    }
}

/// `web 2c26b4…`: what decides whether a container is replaced.
fn hashes(project: &Project, names: &str) -> Vec<String> {
    let wanted: Vec<_> = names.split(',').collect();
    let services =
        project.services.iter().filter(|(name, _)| names == "*" || wanted.contains(&name.as_str()));
    services.map(|(name, service)| format!("{name} {}", plan::config_hash(project, service))).collect()
}

fn variables(configuration: &Configuration, is_json: bool) -> String {
    let uses = configuration.variable_uses();
    if is_json {
        let objects: serde_json::Map<_, _> = uses
            .into_iter()
            .map(|used| {
                let object = json!({
                    "Name": used.name,
                    "DefaultValue": used.default_value,
                    "PresenceValue": used.alternate_value,
                    "Required": used.required,
                });
                (used.name, object)
            })
            .collect();
        return format!("{:#}\n", serde_json::Value::Object(objects));
    }
    let mut table = Table::new(WIDE, ["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"]);
    for used in uses {
        table.row([used.name, used.required.to_string(), used.default_value, used.alternate_value]);
    }
    table.render()
}
