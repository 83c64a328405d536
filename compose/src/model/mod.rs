//! A project as the Compose files describe it, after merging, interpolation and defaults.
//!
//! The types read from the loader's tree and write what `docker compose config` prints, both
//! through serde. `rest` fields keep what the engine does not apply, and `x-` extensions.

mod attachment;
mod build;
mod dependency;
mod deploy;
mod develop;
mod health;
mod hook;
mod mount;
mod network;
mod place;
mod port;
mod project;
mod pull;
mod resource;
mod service;
mod unit;
mod volume;

pub use attachment::{Attachment, Contents, FileObject, FileSource};
pub use build::Build;
pub use dependency::{Dependency, DependencyCondition};
pub use deploy::{
    Deploy, DeployResources, FailureAction, Limits, Placement, Reservations, RestartCondition, RestartRule,
    UpdateConfig, UpdateOrder,
};
pub use develop::{Develop, WatchAction, WatchRule};
pub use health::HealthCheck;
pub use hook::{Hook, OptionValue, Provider, ProviderOption};
pub use mount::{BindUse, ImageUse, Mount, MountKind, TmpfsUse, VolumeUse};
pub use network::{Ipam, IpamConfig, Network, ServiceNetwork};
pub use place::{Location, Places};
pub use port::Port;
pub use project::{Key, Project};
pub use pull::{Interval, PullPolicy};
pub use resource::{BlkioConfig, Device, DeviceRequest, Logging, ThrottleDevice, UlimitValue, WeightDevice};
pub use service::{EnvFile, NamespaceMode, Service};
pub use unit::{ByteSize, GoDuration, UnitError};
pub use volume::Volume;

use std::collections::BTreeMap;

/// Attributes kept as they were written.
pub type Rest = BTreeMap<String, serde_json::Value>;

/// Whether a value is its type's default, and so left out of the output.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
