//! The label scheme: how objects remember which project, service and file they come from.
//!
//! The keys are Docker Compose's, so that tools which read them work unchanged.

use std::collections::BTreeMap;

/// Labels of any object, sorted by key.
pub type Labels = BTreeMap<String, String>;

/// The keys of Docker Compose, all with the prefix `com.docker.compose.`.
pub mod compose_label {
    /// The project an object belongs to.
    pub const PROJECT: &str = "com.docker.compose.project";
    /// The service of a container or built image.
    pub const SERVICE: &str = "com.docker.compose.service";
    /// The version of the tool that made the object.
    pub const VERSION: &str = "com.docker.compose.version";
    /// SHA-256 of the resolved definition; a difference means recreation.
    pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
    /// The replica number, from 1.
    pub const CONTAINER_NUMBER: &str = "com.docker.compose.container-number";
    /// `True` for containers of `run`, else `False`.
    pub const ONEOFF: &str = "com.docker.compose.oneoff";
    /// Twelve hex digits that tell containers of `run` apart.
    pub const SLUG: &str = "com.docker.compose.slug";
    /// The turning point (`pre_start`) that a hook's own container belongs to.
    pub const HOOK: &str = "com.docker.compose.hook";
    /// The image digest the container was made from.
    pub const IMAGE: &str = "com.docker.compose.image";
    /// `dependency:condition:restart`, comma separated.
    pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
    /// The container a half-made one takes the place of.
    pub const REPLACE: &str = "com.docker.compose.replace";
    /// The project folder.
    pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
    /// SHA-256 of the configs and secrets whose change is signalled (ours; Docker Compose has none).
    pub const CONTENTS_HASH: &str = "com.docker.compose.contents-hash";
    /// The Compose files, comma separated.
    pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
    /// The environment files, comma separated.
    pub const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
    /// The Compose key of a network.
    pub const NETWORK: &str = "com.docker.compose.network";
    /// The Compose key of a volume.
    pub const VOLUME: &str = "com.docker.compose.volume";
}
