//! Archives of root file systems as images.
//!
//! The archive is unpacked, and the tree committed like one that a build made: the layer's digest is
//! that of our own archive of the tree, so the imported file need not be kept.

use crate::image::layer::{UnpackError, unpack_alone};
use crate::image::store::Staging;
use crate::image::{Configuration, History, Image, Store, StoreError};
use engine_spec::{ImageAction, ImageConfig, ImageReference, Platform};
use std::io::Read;

/// An archive did not become an image.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A change is none of the instructions an import knows.
    #[error("`{change}` is not a change that an import can make: {reason}")]
    Change {
        /// What was given.
        change: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The archive is damaged or hostile.
    #[error("cannot unpack the archive")]
    Unpack(#[from] UnpackError),
    /// The store refused it.
    #[error("cannot store the imported image")]
    Store(#[from] StoreError),
}

/// What an imported image is like.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// What it runs on.
    pub platform: Platform,
    /// Dockerfile instructions: `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `LABEL`, `STOPSIGNAL`, `USER`,
    /// `VOLUME`, `WORKDIR`.
    pub changes: Vec<String>,
    /// What its history says.
    pub message: Option<String>,
    /// Its name.
    pub name: Option<ImageReference>,
}

/// Makes a one-layer image of a root file system's archive (tar, plain, gzip or zstd).
///
/// The same archive and options give the same image, so it bears no time of its making.
///
/// # Errors
/// Says which change is malformed, or why the archive was refused.
pub fn import(
    store: &Store,
    archive: impl Read + Send,
    options: &ImportOptions,
) -> Result<Image, ImportError> {
    let mut configuration = Configuration::scratch(options.platform.clone());
    for change in &options.changes {
        apply(&mut configuration.config, change)
            .map_err(|reason| ImportError::Change { change: change.clone(), reason })?;
    }
    Staging::sweep(store.layout());
    let staging = Staging::new(store.layout())?;
    let tree = store.stage_tree(&staging)?;
    unpack_alone(archive, &tree, store.limits())?;
    let layer = store.commit_layer(&tree)?;
    configuration.diff_ids.push(layer.diff_id);
    let comment = Some(options.message.clone().unwrap_or_else(|| "imported".to_owned()));
    configuration.history.push(History { comment, ..History::default() });
    let image = store.create_image(&configuration, options.name.as_slice())?;
    store.note(Some(&image.id), options.name.as_ref(), ImageAction::Import);
    Ok(image)
}

/// One instruction: its name, then JSON words or plain text.
fn apply(config: &mut ImageConfig, change: &str) -> Result<(), &'static str> {
    let change = change.trim();
    let (instruction, rest) = change.split_once(char::is_whitespace).unwrap_or((change, ""));
    let rest = rest.trim();
    if rest.is_empty() {
        return Err("the instruction has no value");
    }
    match instruction.to_ascii_uppercase().as_str() {
        "CMD" => config.command = Some(command(rest)?),
        "ENTRYPOINT" => config.entrypoint = Some(command(rest)?),
        "USER" => config.user = Some(rest.to_owned()),
        "WORKDIR" => config.working_dir = Some(rest.to_owned()),
        "STOPSIGNAL" => config.stop_signal = Some(rest.to_owned()),
        "EXPOSE" => config.exposed_ports.extend(rest.split_whitespace().map(port)),
        "VOLUME" => config.volumes.extend(volumes(rest)?),
        "ENV" => {
            for (name, value) in pairs(rest)? {
                let start = format!("{name}=");
                config.environment.retain(|variable| !variable.starts_with(&start));
                config.environment.push(format!("{start}{value}"));
            }
        }
        "LABEL" => config.labels.extend(pairs(rest)?),
        _ => return Err("the instruction is unknown"),
    }
    Ok(())
}

/// `["a", "b"]`, or a line for the shell.
fn command(text: &str) -> Result<Vec<String>, &'static str> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| "it is not a JSON list of words");
    }
    Ok(vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()])
}

fn volumes(text: &str) -> Result<Vec<String>, &'static str> {
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_| "it is not a JSON list of paths");
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn port(text: &str) -> String {
    if text.contains('/') { text.to_owned() } else { format!("{text}/tcp") }
}

/// `name=value name="a value"`, or one `name value`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    let words = words(text)?;
    let split = |word: &String| {
        let (name, value) = word.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    match words.iter().map(split).collect() {
        Some(pairs) => Ok(pairs),
        None if !words[0].contains('=') => {
            let (name, value) = text.split_once(char::is_whitespace).ok_or("it has no value")?;
            Ok(vec![(name.to_owned(), value.trim().to_owned())])
        }
        None => Err("each part must be name=value"),
    }
}

/// Splits at white space outside quotes; quotes go away.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in text.chars() {
        let word = words.last_mut().expect("never empty");
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if character.is_whitespace() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            _ => word.push(character),
        }
    }
    if quote.is_some() { Err("a quote is not closed") } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> ImageConfig {
        let mut config = ImageConfig::default();
        for change in changes {
            apply(&mut config, change).expect(change);
        }
        config
    }

    #[test]
    fn changes_are_dockerfile_instructions() {
        let config = changed(&[
            r#"CMD ["redis-server", "--save"]"#,
            "ENTRYPOINT exec app",
            r#"ENV A=1 B="two words""#,
            "env A=2",
            "EXPOSE 80 53/udp",
            "WORKDIR /data",
        ]);
        assert_eq!(config.command.expect("set"), ["redis-server", "--save"]);
        assert_eq!(config.entrypoint.expect("set"), ["/bin/sh", "-c", "exec app"]);
        assert_eq!(config.environment, ["B=two words", "A=2"]);
        assert_eq!(config.exposed_ports.into_iter().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(config.working_dir.as_deref(), Some("/data"));
    }

    #[test]
    fn an_old_form_has_a_space_between_name_and_value() {
        assert_eq!(changed(&["ENV PATH /bin:/usr/bin"]).environment, ["PATH=/bin:/usr/bin"]);
        assert_eq!(changed(&["LABEL note a b"]).labels["note"], "a b");
    }

    #[test]
    fn malformed_changes_are_refused() {
        for change in ["RUN true", "CMD", "CMD [1]", "ENV a", r#"LABEL a="b"#, "ENV a=b c"] {
            assert!(apply(&mut ImageConfig::default(), change).is_err(), "{change}");
        }
    }
}
