//! What is noted with each line of a container's log: its tag, labels and variables.

use super::options::{LogOptionError, Options};
use crate::state::container::ContainerRecord;
use std::collections::BTreeMap;

/// What is noted with each line of a container's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// The tag, filled in.
    pub(super) tag: Option<String>,
    /// Labels and variables.
    pub(super) values: BTreeMap<String, String>,
}

impl Notes {
    /// Those that `options` ask for.
    pub(super) fn of(options: &Options, record: &ContainerRecord) -> Result<Self, LogOptionError> {
        let tag = options.tag.as_deref().map(|template| fill(template, record)).transpose()?;
        let labels =
            options.labels.iter().filter_map(|key| Some((key, record.spec.labels.get(key)?.clone())));
        let mut values: BTreeMap<String, String> = labels.map(|(key, value)| (key.clone(), value)).collect();
        for key in &options.variables {
            let of_image = || {
                let mut lines = record.image.environment.iter().filter_map(|line| line.split_once('='));
                lines.find(|(name, _)| name == key).map(|(_, value)| value)
            };
            let own = record.spec.process.environment.get(key).map(Option::as_deref);
            let value = own.unwrap_or_else(of_image);
            values.extend(value.map(|value| (key.clone(), value.to_owned())));
        }
        Ok(Self { tag, values })
    }
}

/// Fills in `{{.ID}}`, `{{.Name}}` and the other fields that Docker has.
fn fill(template: &str, record: &ContainerRecord) -> Result<String, LogOptionError> {
    let wrong = || LogOptionError::Value {
        option: "tag",
        value: template.to_owned(),
        expected: "{{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageName}}, {{.ImageID}}, {{.ImageFullID}} or {{.DaemonName}}",
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (field, after) = after.split_once("}}").ok_or_else(wrong)?;
        text.push_str(before);
        text.push_str(&match field.trim() {
            ".ID" => record.id.short().to_owned(),
            ".FullID" => record.id.to_string(),
            ".Name" => record.spec.name.to_string(),
            ".ImageName" => record.spec.image.to_string(),
            ".ImageID" => record.spec.image_id.short().to_owned(),
            ".ImageFullID" => record.spec.image_id.to_string(),
            ".DaemonName" => "lighter".to_owned(),
            _ => return Err(wrong()),
        });
        rest = after;
    }
    Ok(text + rest)
}
