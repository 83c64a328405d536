//! What registries have: the tags of a repository, and repositories by a word.

use super::client::{Access, Client};
use super::{Registries, RegistryError};
use engine_spec::ImageReference;
use serde::{Deserialize, Serialize};

/// Docker Hub's own search is not where its images are.
const HUB_SEARCH: &str = "https://index.docker.io/v1/search";
const DOCKER_HUB: &str = "docker.io";

/// A registry did not say what it has.
#[derive(Debug, thiserror::Error)]
#[error("cannot list what {registry} has")]
pub struct ListError {
    /// Which registry.
    registry: String,
    /// Why.
    #[source]
    source: Box<RegistryError>,
}

/// A repository that a search has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Its name, without the registry where that is Docker Hub.
    pub name: String,
    /// What it says of itself.
    #[serde(default)]
    pub description: String,
    /// How many people like it.
    #[serde(default, rename = "star_count")]
    pub stars: u64,
    /// Whether Docker looks after it.
    #[serde(default, rename = "is_official")]
    pub is_official: bool,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    results: Vec<Match>,
}

/// The tags of an image's repository, from the first endpoint that tells them.
///
/// # Errors
/// Says what the last one said.
pub async fn tags(registries: &Registries, image: &ImageReference) -> Result<Vec<String>, ListError> {
    let mut last = None;
    for endpoint in registries.pull_endpoints(image.registry()) {
        let tags = match Client::connect(&endpoint, image.repository(), Access::Pull).await {
            Ok(client) => client.tags().await,
            Err(error) => Err(error),
        };
        match tags {
            Ok(tags) => return Ok(tags),
            Err(error) => last = Some(error),
        }
    }
    Err(ListError {
        registry: image.registry().to_owned(),
        source: Box::new(
            last.unwrap_or_else(|| RegistryError::Refused { host: image.registry().to_owned() }),
        ),
    })
}

/// Repositories with `word` in their names: of Docker Hub by its search, of `host/word` by the
/// registry's catalogue. At most `limit` of them.
///
/// # Errors
/// Says what the registry said.
pub async fn search(registries: &Registries, term: &str, limit: usize) -> Result<Vec<Match>, ListError> {
    let (registry, word) = match term.split_once('/') {
        Some((host, word)) if host.contains(['.', ':']) || host == "localhost" => (host, word),
        _ => (DOCKER_HUB, term),
    };
    let found = if registry == DOCKER_HUB {
        hub(registries, word, limit).await
    } else {
        catalogue(registries, registry, word).await
    };
    let mut found =
        found.map_err(|source| ListError { registry: registry.to_owned(), source: Box::new(source) })?;
    found.truncate(limit);
    Ok(found)
}

async fn hub(registries: &Registries, word: &str, limit: usize) -> Result<Vec<Match>, RegistryError> {
    let client = Client::connect(&registries.push_endpoint(DOCKER_HUB), "", Access::Login).await?;
    let query = [("q", word.to_owned()), ("n", limit.to_string())];
    let found: Found = client.ask(HUB_SEARCH, &query).await?;
    Ok(found.results)
}

async fn catalogue(registries: &Registries, registry: &str, word: &str) -> Result<Vec<Match>, RegistryError> {
    let client = Client::connect(&registries.push_endpoint(registry), "", Access::Login).await?;
    client.connection.add_scope("registry:catalog:*".to_owned());
    let names = client.catalog().await?.into_iter().filter(|name| name.contains(word));
    let as_match = |name| Match {
        name: format!("{registry}/{name}"),
        description: String::new(),
        stars: 0,
        is_official: false,
    };
    Ok(names.map(as_match).collect())
}
