//! The flags that are keys of a Compose build section.

use crate::commands::container::FlagError;
use crate::unwritten::literal;
use clap::Args;
use serde_json::{Map, Value, json};

/// Flags of what is built, and how.
#[derive(Debug, Default, Args)]
pub(super) struct SectionFlags {
    /// Give the image this name; may be given several times
    #[arg(short, long = "tag", value_name = "NAME[:TAG]")]
    tags: Vec<String>,
    /// Set a build argument; without a value it is taken from the environment
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]")]
    args: Vec<String>,
    /// Stop at this stage
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Add a label to the image
    #[arg(long = "label", value_name = "NAME[=VALUE]")]
    labels: Vec<String>,
    /// Use nothing from earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Use nothing from earlier builds for these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    no_cache_filter: Vec<String>,
    /// Fetch base images even if they are there
    #[arg(long)]
    pull: bool,
    /// Let RUN steps ask for a secret: `id=NAME[,src=FILE|,env=VARIABLE]`
    #[arg(long = "secret", value_name = "SECRET")]
    secrets: Vec<String>,
    /// Let RUN steps ask for an SSH agent
    #[arg(long = "ssh", value_name = "default|ID[=SOCKET]")]
    agents: Vec<String>,
    /// Add a context by name: a folder, an address, `docker-image://NAME`
    #[arg(long = "build-context", value_name = "NAME=CONTEXT")]
    contexts: Vec<String>,
    /// Use results of other machines
    #[arg(long, value_name = "CACHE")]
    cache_from: Vec<String>,
    /// Keep results for other machines
    #[arg(long, value_name = "CACHE")]
    cache_to: Vec<String>,
    /// The network of RUN steps: `default`, `host` or `none`
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// Add a line to /etc/hosts of RUN steps
    #[arg(long = "add-host", value_name = "HOST:ADDRESS")]
    hosts: Vec<String>,
    /// Set the size of /dev/shm of RUN steps
    #[arg(long, value_name = "BYTES")]
    shm_size: Option<String>,
    /// Limit what RUN steps use
    #[arg(long = "ulimit", value_name = "NAME=SOFT[:HARD]")]
    ulimits: Vec<String>,
    /// Let RUN steps ask for `network.host` or `security.insecure`
    #[arg(long = "allow", value_name = "ENTITLEMENT")]
    entitlements: Vec<String>,
}

/// What becomes of the flags.
#[derive(Debug)]
pub(super) struct Written {
    /// The build section.
    pub(super) section: Map<String, Value>,
    /// The secrets of the file around it.
    pub(super) secrets: Map<String, Value>,
}

impl SectionFlags {
    /// Writes them.
    pub(super) fn write(&self) -> Result<Written, FlagError> {
        let mut section = Map::new();
        for (key, text) in
            [("target", &self.target), ("network", &self.network), ("shm_size", &self.shm_size)]
        {
            section.extend(text.as_ref().map(|text| (key.to_owned(), literal(text))));
        }
        for (key, items) in [
            ("args", &self.args),
            ("labels", &self.labels),
            ("tags", &self.tags),
            ("extra_hosts", &self.hosts),
            ("no_cache_filter", &self.no_cache_filter),
            ("additional_contexts", &self.contexts),
            ("cache_from", &self.cache_from),
            ("cache_to", &self.cache_to),
            ("entitlements", &self.entitlements),
            ("ssh", &self.agents),
        ] {
            if !items.is_empty() {
                section.insert(key.into(), items.iter().map(|item| literal(item)).collect());
            }
        }
        section.insert("no_cache".into(), self.no_cache.into());
        section.insert("pull".into(), self.pull.into());
        let limits = self.ulimits.iter().map(|text| ulimit(text)).collect::<Result<Map<_, _>, _>>()?;
        section.insert("ulimits".into(), limits.into());
        let secrets = self.secrets.iter().map(|text| secret(text)).collect::<Result<Map<_, _>, _>>()?;
        section.insert("secrets".into(), secrets.keys().map(|id| literal(id)).collect());
        Ok(Written { section, secrets })
    }
}

/// `nofile=1024:2048`
fn ulimit(text: &str) -> Result<(String, Value), FlagError> {
    let refuse = || FlagError::form("--ulimit", text, "NAME=SOFT[:HARD]");
    let (name, limits) = text.split_once('=').ok_or_else(refuse)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let number = |text: &str| text.parse::<i64>().map_err(|_| refuse());
    Ok((name.to_owned(), json!({ "soft": number(soft)?, "hard": number(hard)? })))
}

/// `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`; alone, the id is a variable's name if there is such a
/// variable, else that of a file.
fn secret(text: &str) -> Result<(String, Value), FlagError> {
    let refuse = || FlagError::form("--secret", text, "id=NAME[,src=FILE|,env=VARIABLE]");
    let (mut id, mut file, mut variable) = (None, None, None);
    for field in text.split(',') {
        let (key, value) = field.split_once('=').ok_or_else(refuse)?;
        match key {
            "id" => id = Some(value),
            "src" | "source" => file = Some(value),
            "env" => variable = Some(value),
            "type" if matches!(value, "file" | "env") => {}
            _ => return Err(refuse()),
        }
    }
    let id = id.ok_or_else(refuse)?;
    let source = match (file, variable) {
        (Some(file), _) => json!({ "file": literal(file) }),
        (None, Some(variable)) => json!({ "environment": literal(variable) }),
        (None, None) if std::env::var_os(id).is_some() => json!({ "environment": literal(id) }),
        (None, None) => json!({ "file": literal(id) }),
    };
    Ok((id.to_owned(), source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_file_or_a_variable() {
        let check = |text: &str, id: &str, source: Value| {
            assert_eq!(secret(text).expect(text), (id.to_owned(), source), "{text}");
        };
        check("id=a,src=./f", "a", json!({"file": "./f"}));
        check("type=file,id=a,source=f", "a", json!({"file": "f"}));
        check("id=a,env=TOKEN", "a", json!({"environment": "TOKEN"}));
        check("id=no-such-variable", "no-such-variable", json!({"file": "no-such-variable"}));
        for wrong in ["src=f", "id", "id=a,mode=1"] {
            assert!(secret(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_has_two_numbers_or_one() {
        assert_eq!(ulimit("nofile=1:2").expect("valid").1, json!({"soft": 1, "hard": 2}));
        assert_eq!(ulimit("nproc=5").expect("valid").1, json!({"soft": 5, "hard": 5}));
        assert!(ulimit("nofile").is_err() && ulimit("nofile=x").is_err());
    }
}
