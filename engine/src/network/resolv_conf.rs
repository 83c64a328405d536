//! The text of a container's /etc/resolv.conf.

use engine_spec::ContainerSpec;

/// The container's file, made of its spec and the `host`'s file.
#[must_use]
pub fn resolv_conf(_spec: &ContainerSpec, _host: &str) -> String {
    todo!()
}
