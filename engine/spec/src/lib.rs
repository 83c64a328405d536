//! The data that the planner and the engine share, and nothing that acts.
//!
//! `compose` turns files into these values, `engine` turns them into processes, links and mounts.
//! Neither knows the other: a Compose service arrives in the engine as a [`ContainerSpec`] with
//! labels, and what runs comes back as an [`Observed`].

#![forbid(unsafe_code)]

mod action;
mod build;
mod container;
mod device;
mod event;
mod health;
mod hook;
mod id;
mod image;
mod isolation;
mod label;
mod mount;
mod name;
mod network;
mod observed;
mod resource;
mod volume;

pub use action::{Action, Condition};
pub use build::{
    BuildNetwork, BuildSpec, CacheLocation, CacheMode, CacheTarget, CacheTextError, ContextSource,
    DockerfileSource, Entitlement, SecretSource, SshSource, is_git,
};
pub use container::{
    ContainerSpec, HostAddress, LinkSpec, LogSpec, NetworkMode, ProcessSpec, RestartPace, RestartPolicy,
    Security, StopSpec, VolumesFrom,
};
pub use device::{DeviceAccess, DeviceChoice, DeviceKind, DeviceRequest, DeviceRule, DeviceSpec};
pub use event::{ContainerAction, Event, EventObject, ImageAction, NetworkAction, VolumeAction};
pub use health::{HealthSpec, HealthTest};
pub use hook::{HookKind, HookSpec, Hooks};
pub use id::{ContainerId, Digest, IdError};
pub use image::{ImageConfig, ImageReference, Platform, PullPolicy, ReferenceError};
pub use isolation::{CgroupView, IpcMode, Isolation, Namespace};
pub use label::{Labels, compose_label};
pub use mount::{BindOptions, MountSource, MountSpec, Recursive, TmpfsOptions, VolumeOptions};
pub use name::{ContainerName, NameError, NetworkName, PortGroup, ProjectName, ServiceName, VolumeName};
pub use network::{EndpointSpec, IpamPool, NetworkDriver, NetworkSpec, PortSpec, Protocol, PublishedPort};
pub use observed::{
    EndReason, Health, Observed, ObservedContainer, ObservedEndpoint, ObservedNetwork, ObservedVolume,
    RunEnd, Status,
};
pub use resource::{BlockIo, CpuLimits, DeviceRate, MemoryLimits, Resources, Ulimit};
pub use volume::VolumeSpec;
