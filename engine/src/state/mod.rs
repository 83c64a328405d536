//! What the engine remembers: where it lies, how it is written, who may change it, what is there now.
//!
//! Durable records lie under the data folder and survive power loss; volatile ones lie under the run
//! folder and are dropped when the machine has booted since. Nothing here starts, stops or mounts.

pub mod container;
pub mod events;
pub mod layout;
pub mod lock;
mod observe;
pub mod process;
pub mod record;

pub use layout::{Layout, LayoutError};
pub use observe::{ObserveError, observe};
pub use process::ProcessRef;
pub use record::sync_stage;
