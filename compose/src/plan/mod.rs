//! What has to be done, as data: a graph of [`Action`](engine_spec::Action)s, each with its reason.
//!
//! Pure functions of the project, the choice of services, what is there now and the command's options.
//! Nothing is left open for whoever performs the plan. First [`images`] says what to fetch and build, then
//! [`up()`] brings the rest into line; [`down()`], [`stop`], [`start`] and [`restart()`] need labels only.

mod attribute;
mod build;
mod change;
mod container;
mod contents;
mod control;
mod device;
mod difference;
mod down;
mod endpoint;
mod error;
mod existing;
mod handover;
mod hash;
mod hook;
mod image;
mod isolation;
mod limits;
mod mount;
mod one_off;
mod options;
mod ownership;
mod reason;
mod reference;
mod replica;
mod resource;
mod restart;
mod rollback;
mod single;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod up;
mod update;

pub use attribute::AttributeError;
pub use build::single_build;
pub use change::{Change, Values};
pub use control::{restart, start, stop};
pub use down::down;
pub use error::PlanError;
pub use hash::config_hash;
pub use image::{images, resolve_images};
pub use one_off::one_off;
pub use options::{
    BuildChoice, ControlOptions, DownOptions, ImageOptions, ImagePlan, ImagePull, OneOff, Recreate, UpOptions,
};
pub use ownership::{check_folder, other_folders};
pub use reason::{Note, Reason};
pub use resource::resources;
pub use rollback::rollback;
pub use single::single;
pub use step::{Node, NodeId, Plan, Tolerance, Undo};
pub use up::up;

/// The version in the labels of what we make.
const VERSION: &str = env!("CARGO_PKG_VERSION");
