//! The digests that registries have for the images of services.

use crate::apply::execute::with_runtime;
use crate::error::CommandError;
use crate::session::Session;
use engine::image::registry::{self, Registries};
use engine_spec::ImageReference;
use std::collections::BTreeMap;

/// The chosen services' images with the digests that their tags stand for now, by service.
pub(super) fn resolve(
    session: &Session,
    images: &BTreeMap<String, String>,
    chosen: &[String],
) -> Result<BTreeMap<String, String>, CommandError> {
    let variable = |key: &str| session.variable(key).map(str::to_owned);
    let registries = Registries::load(&session.layout()?, &variable)?;
    let chosen = images.iter().filter(|(service, _)| chosen.contains(service));
    with_runtime(async |_| {
        let mut resolved = BTreeMap::new();
        for (service, image) in chosen {
            let reference: ImageReference = image.parse()?;
            let pinned = match reference.digest() {
                Some(_) => image.clone(),
                None => {
                    let digest = registry::resolve(&reference, &registries).await.map_err(|source| {
                        CommandError::Pull { image: reference.clone(), source: Box::new(source) }
                    })?;
                    format!("{}@{digest}", in_full(&reference))
                }
            };
            resolved.insert(service.clone(), pinned);
        }
        Ok(resolved)
    })
}

/// The name with its registry and tag, as Docker Compose pins it.
fn in_full(reference: &ImageReference) -> String {
    let tag = reference.tag().unwrap_or("latest");
    format!("{}/{}:{tag}", reference.registry(), reference.repository())
}

/// An override file that pins the images and says nothing else.
pub(super) fn lock(images: &BTreeMap<String, String>, is_json: bool) -> Result<String, CommandError> {
    let services: serde_json::Map<_, _> = images
        .iter()
        .map(|(service, image)| (service.clone(), serde_json::json!({ "image": image })))
        .collect();
    let file = serde_json::json!({ "services": services });
    if is_json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&file)?));
    }
    let lines = images.iter().map(|(service, image)| format!("  {service}:\n    image: {image}\n"));
    Ok(format!("services:\n{}", lines.collect::<String>()))
}
