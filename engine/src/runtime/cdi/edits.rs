//! What devices change in a container, with everything looked up: ready for the OCI spec.

use super::CdiError;
use super::specification::{ContainerEdits, DeviceNode, Hook, Mount};
use crate::runtime::device::{self, ResolvedDevice};
use engine_spec::DeviceSpec;
use oci_spec::runtime::{self as oci, HookBuilder, MountBuilder};

/// The only stage at which hooks are run: the container's mounts are made, its root is not yet entered.
const STAGE: &str = "createContainer";
const EVERYTHING: &str = "rwm";

/// What devices change in a container.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// Variables, `NAME=value`.
    pub environment: Vec<String>,
    /// Nodes, which may be used.
    pub devices: Vec<ResolvedDevice>,
    /// Mounts.
    pub mounts: Vec<oci::Mount>,
    /// Programs to run before the container's root is entered.
    pub hooks: Vec<oci::Hook>,
    /// Groups of the container's user.
    pub groups: Vec<u32>,
}

impl Edits {
    /// Adds what the device called `name` asks for.
    pub(super) fn add(&mut self, name: &str, edits: ContainerEdits) -> Result<(), CdiError> {
        let unsupported = |wish: String| CdiError::Unsupported { device: name.to_owned(), wish };
        if edits.intel_rdt.is_some() {
            return Err(unsupported("`intelRdt`".to_owned()));
        }
        if edits.net_devices.is_some() {
            return Err(unsupported("`netDevices`".to_owned()));
        }
        self.environment.extend(edits.env);
        self.groups.extend(edits.additional_gids);
        for node in &edits.device_nodes {
            let found = devices(node).map_err(|source| CdiError::Node { device: name.to_owned(), source })?;
            self.devices.extend(found);
        }
        for mount in edits.mounts {
            self.mounts.push(bind(mount).map_err(|error| unsupported(error.to_string()))?);
        }
        for hook in edits.hooks {
            if hook.hook_name != STAGE {
                return Err(unsupported(format!("a hook at the stage `{}`", hook.hook_name)));
            }
            self.hooks.push(program(hook).map_err(|error| unsupported(error.to_string()))?);
        }
        Ok(())
    }
}

/// The device as the host has it; what the specification says of owner and mode counts more.
fn devices(node: &DeviceNode) -> Result<Vec<ResolvedDevice>, device::DeviceError> {
    let mut found = device::resolve(&DeviceSpec {
        source: node.host_path.as_ref().unwrap_or(&node.path).clone(),
        target: node.path.clone(),
        permissions: node.permissions.clone().unwrap_or_else(|| EVERYTHING.to_owned()),
    })?;
    for ResolvedDevice { node: made, .. } in &mut found {
        *made.file_mode_mut() = node.file_mode.or(made.file_mode());
        *made.uid_mut() = node.uid.or(made.uid());
        *made.gid_mut() = node.gid.or(made.gid());
    }
    Ok(found)
}

fn bind(mount: Mount) -> Result<oci::Mount, oci_spec::OciSpecError> {
    let mut options = mount.options;
    let is_bind = options.iter().any(|option| option == "bind" || option == "rbind");
    if mount.kind.is_none() && !is_bind {
        options.push("rbind".to_owned());
    }
    MountBuilder::default()
        .destination(mount.container_path)
        .source(mount.host_path)
        .typ(mount.kind.unwrap_or_else(|| "bind".to_owned()))
        .options(options)
        .build()
}

fn program(hook: Hook) -> Result<oci::Hook, oci_spec::OciSpecError> {
    let mut built = HookBuilder::default().path(hook.path).args(hook.args).env(hook.env).build()?;
    *built.timeout_mut() = hook.timeout.filter(|seconds| *seconds > 0);
    Ok(built)
}
