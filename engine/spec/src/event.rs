//! What happened, as it is kept by the engine and shown by `events`. Words and attributes are Docker's.

use crate::{ContainerId, ContainerName, Digest, ImageReference, Labels, NetworkName, VolumeName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: SystemTime,
    /// To what, and what.
    #[serde(flatten)]
    pub object: EventObject,
}

/// What something happened to, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EventObject {
    /// A container.
    Container {
        /// Its id.
        id: ContainerId,
        /// Its name.
        name: ContainerName,
        /// Its image, as the user named it.
        image: ImageReference,
        /// Its labels.
        labels: Labels,
        /// What happened.
        #[serde(flatten)]
        action: ContainerAction,
    },
    /// A network.
    Network {
        /// Its id.
        id: ContainerId,
        /// Its name.
        name: NetworkName,
        /// Its driver.
        driver: String,
        /// Its labels.
        labels: Labels,
        /// What happened.
        #[serde(flatten)]
        action: NetworkAction,
    },
    /// A volume.
    Volume {
        /// Its name, which is its id too.
        name: VolumeName,
        /// Its labels.
        labels: Labels,
        /// What happened.
        #[serde(flatten)]
        action: VolumeAction,
    },
    /// An image.
    Image {
        /// Its config digest, where it is known.
        id: Option<Digest>,
        /// A name of it, where one is concerned.
        name: Option<ImageReference>,
        /// What happened.
        #[serde(flatten)]
        action: ImageAction,
    },
}

/// What happens to containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ContainerAction {
    /// It was made.
    Create,
    /// Its process was started.
    Start,
    /// Its process ended.
    Die {
        /// The exit code, 128 plus the signal, or `None` where nobody could see it.
        exit_code: Option<i32>,
    },
    /// A user stopped it.
    Stop,
    /// A user sent a signal.
    Kill {
        /// The signal's number.
        signal: i32,
    },
    /// Its policy started it again.
    Restart,
    /// It was frozen.
    Pause,
    /// It goes on.
    Unpause,
    /// Its limits or its policy changed.
    Update,
    /// Its health changed.
    HealthStatus {
        /// `starting`, `healthy` or `unhealthy`.
        health: String,
    },
    /// The kernel ended a process of it for want of memory.
    Oom,
    /// Its supervisor was lost and another took over.
    Adopt,
    /// It got another name.
    Rename {
        /// Its name before.
        from: ContainerName,
    },
    /// Somebody is connected to its streams.
    Attach,
    /// Somebody left its streams.
    Detach,
    /// A process was asked for in it.
    ExecCreate {
        /// Its arguments in one line.
        command: String,
    },
    /// That process runs.
    ExecStart {
        /// Its arguments in one line.
        command: String,
    },
    /// That process ended.
    ExecDie {
        /// The exit code, 128 plus the signal.
        exit_code: i32,
    },
    /// Files were copied out of it.
    ArchivePath,
    /// Files were copied into it.
    ExtractToDir,
    /// Its files were written to an archive.
    Export,
    /// An image was made of it.
    Commit {
        /// What the image is called, if it has a name.
        image: Option<ImageReference>,
    },
    /// It was removed.
    Destroy,
}

/// What happens to networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum NetworkAction {
    /// It was made.
    Create,
    /// A container got a place in it.
    Connect {
        /// Which.
        container: ContainerId,
    },
    /// A container lost its place in it.
    Disconnect {
        /// Which.
        container: ContainerId,
    },
    /// It was removed.
    Destroy,
}

/// What happens to volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum VolumeAction {
    /// It was made.
    Create,
    /// It was removed.
    Destroy,
}

/// What happens to images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ImageAction {
    /// It was fetched.
    Pull,
    /// It was sent.
    Push,
    /// It got a name.
    Tag,
    /// It lost a name.
    Untag,
    /// It was removed.
    Delete,
    /// It was made from an archive of files.
    Import,
    /// It was read from an archive of images.
    Load,
    /// It was written to an archive of images.
    Save,
}

impl Event {
    /// Docker's word for what it happened to: `container`, `network`, `volume` or `image`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.object {
            EventObject::Container { .. } => "container",
            EventObject::Network { .. } => "network",
            EventObject::Volume { .. } => "volume",
            EventObject::Image { .. } => "image",
        }
    }

    /// Docker's words for what happened: `start`, `exec_create: sh`, `health_status: healthy`.
    #[must_use]
    pub fn action(&self) -> String {
        match &self.object {
            EventObject::Container { action, .. } => action.to_string(),
            EventObject::Network { action, .. } => action.word().to_owned(),
            EventObject::Volume { action, .. } => action.word().to_owned(),
            EventObject::Image { action, .. } => action.word().to_owned(),
        }
    }

    /// What it happened to: an id, a volume's name, or an image's name.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.object {
            EventObject::Container { id, .. } | EventObject::Network { id, .. } => id.to_string(),
            EventObject::Volume { name, .. } => name.to_string(),
            EventObject::Image { id, name, .. } => match (name, id) {
                (Some(name), _) => name.to_string(),
                (None, Some(id)) => id.to_string(),
                (None, None) => String::new(),
            },
        }
    }

    /// The labels of what it happened to; images are shown without.
    #[must_use]
    pub fn labels(&self) -> Option<&Labels> {
        match &self.object {
            EventObject::Container { labels, .. }
            | EventObject::Network { labels, .. }
            | EventObject::Volume { labels, .. } => Some(labels),
            EventObject::Image { .. } => None,
        }
    }

    /// Docker's attributes of the actor: its name, its labels, and what belongs to the action.
    #[must_use]
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = self.labels().cloned().unwrap_or_default();
        let mut set = |key: &str, value: String| drop(attributes.insert(key.to_owned(), value));
        match &self.object {
            EventObject::Container { name, image, action, .. } => {
                set("name", name.to_string());
                set("image", image.to_string());
                if let Some((key, value)) = action.attribute() {
                    set(key, value);
                }
            }
            EventObject::Network { name, driver, action, .. } => {
                set("name", name.to_string());
                set("type", driver.clone());
                if let NetworkAction::Connect { container } | NetworkAction::Disconnect { container } = action
                {
                    set("container", container.to_string());
                }
            }
            EventObject::Volume { .. } => set("driver", "local".to_owned()),
            EventObject::Image { name, .. } => {
                if let Some(name) = name {
                    set("name", name.to_string());
                }
            }
        }
        attributes
    }
}

impl ContainerAction {
    /// The action without what follows a colon: what `--filter event=` compares with.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Die { .. } => "die",
            Self::Stop => "stop",
            Self::Kill { .. } => "kill",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Update => "update",
            Self::HealthStatus { .. } => "health_status",
            Self::Oom => "oom",
            Self::Adopt => "adopt",
            Self::Rename { .. } => "rename",
            Self::Attach => "attach",
            Self::Detach => "detach",
            Self::ExecCreate { .. } => "exec_create",
            Self::ExecStart { .. } => "exec_start",
            Self::ExecDie { .. } => "exec_die",
            Self::ArchivePath => "archive-path",
            Self::ExtractToDir => "extract-to-dir",
            Self::Export => "export",
            Self::Commit { .. } => "commit",
            Self::Destroy => "destroy",
        }
    }

    fn attribute(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Die { exit_code } => Some(("exitCode", exit_code.map(|code| code.to_string())?)),
            Self::ExecDie { exit_code } => Some(("exitCode", exit_code.to_string())),
            Self::Kill { signal } => Some(("signal", signal.to_string())),
            Self::Rename { from } => Some(("oldName", format!("/{from}"))),
            Self::Commit { image } => image.as_ref().map(|image| ("imageRef", image.to_string())),
            _ => None,
        }
    }
}

impl std::fmt::Display for ContainerAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HealthStatus { health } => write!(f, "health_status: {health}"),
            Self::ExecCreate { command } => write!(f, "exec_create: {command}"),
            Self::ExecStart { command } => write!(f, "exec_start: {command}"),
            action => f.write_str(action.word()),
        }
    }
}

impl NetworkAction {
    fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Connect { .. } => "connect",
            Self::Disconnect { .. } => "disconnect",
            Self::Destroy => "destroy",
        }
    }
}

impl VolumeAction {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Destroy => "destroy",
        }
    }
}

impl ImageAction {
    fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Untag => "untag",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Load => "load",
            Self::Save => "save",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_event_has_dockers_words_and_attributes() {
        let event = Event {
            time: SystemTime::UNIX_EPOCH,
            object: EventObject::Container {
                id: ContainerId::from_random([1; 32]),
                name: ContainerName::new("web").expect("valid"),
                image: "nginx".parse().expect("valid"),
                labels: Labels::from([("tier".to_owned(), "front".to_owned())]),
                action: ContainerAction::Die { exit_code: Some(137) },
            },
        };
        assert_eq!((event.kind(), event.action().as_str()), ("container", "die"));
        let attributes: Vec<_> = event.attributes().into_iter().collect();
        let shown: Vec<_> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown, ["exitCode=137", "image=nginx:latest", "name=web", "tier=front"]);
        let text = serde_json::to_string(&event).expect("encoded");
        assert_eq!(serde_json::from_str::<Event>(&text).expect("decoded"), event);
    }
}
