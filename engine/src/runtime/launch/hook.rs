//! Programs of the host that change a container while it is made, and what they read.
//!
//! ```text
//! bundle/config.json   the container's spec, its root where the hook finds it
//! standard input       the container's state, which names the bundle
//! ```

use super::LaunchError;
use crate::runtime::cgroup::Cgroup;
use crate::runtime::rootfs::Root;
use oci_spec::runtime::{Hook, Spec};
use std::fs;
use std::path::Path;

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) struct HookPlan {
    /// The program.
    pub(in crate::runtime) hook: Hook,
    /// The container's state as JSON (OCI runtime spec, runtime.md, "State").
    pub(in crate::runtime) state: String,
}

/// Writes what the hooks of `spec` read, and says whether it has any.
pub(super) fn write_bundle(spec: &Spec, root: &Root, bundle: &Path) -> Result<bool, LaunchError> {
    if hooks(spec).next().is_none() {
        return Ok(false);
    }
    let path = bundle.join("config.json");
    let refused = |source| LaunchError::Bundle { path: path.clone(), source };
    let mut spec = spec.clone();
    if let Some(described) = spec.root_mut() {
        described.set_path(root.mountpoint().to_owned());
    }
    fs::create_dir_all(bundle).map_err(refused)?;
    let text = serde_json::to_vec(&spec).map_err(|error| refused(error.into()))?;
    fs::write(&path, text).map_err(refused)?;
    Ok(true)
}

/// The hooks of `spec` in their order.
pub(super) fn plans(spec: &Spec, cgroup: &Cgroup, bundle: &Path) -> Vec<HookPlan> {
    let state = serde_json::json!({
        "ociVersion": spec.version(),
        // The container's group is called by its id.
        "id": cgroup.path().file_name().unwrap_or_default().to_string_lossy(),
        "status": "creating",
        "bundle": bundle,
        "annotations": spec.annotations().clone().unwrap_or_default(),
    });
    hooks(spec).map(|hook| HookPlan { hook: hook.clone(), state: state.to_string() }).collect()
}

fn hooks(spec: &Spec) -> impl Iterator<Item = &Hook> {
    spec.hooks().iter().flat_map(|hooks| hooks.create_container().iter().flatten())
}
