//! What end-to-end tests stand on. They use the built binary as a user would and link no crate of ours.
//!
//! A test makes a [`Lighter`] (the binary with a LIGHTER_ROOT of its own), then a [`Project`] in it, and
//! often a [`Snapshot`] before and after, which must be equal. `cargo xtask test` prepares what they
//! need and says through the environment where it is.

#![forbid(unsafe_code)]

pub mod cgroup;
pub mod fault_proxy;
pub mod file_server;
pub mod folder;
pub mod host;
pub mod http;
pub mod lighter;
pub mod machine;
pub mod namespace;
pub mod outcome;
pub mod process;
pub mod project;
pub mod quota_disk;
pub mod registry;
pub mod requirement;
pub mod sctp;
pub mod snapshot;
pub mod terminal;
pub mod wait;

pub use fault_proxy::{Fault, FaultProxy};
pub use file_server::{NfsServer, SmbServer};
pub use folder::Folder;
pub use lighter::Lighter;
pub use machine::Machine;
pub use outcome::Outcome;
pub use project::{Container, Project};
pub use quota_disk::QuotaDisk;
pub use registry::RegistryServer;
pub use requirement::Requirement;
pub use snapshot::Snapshot;
pub use terminal::Terminal;
pub use wait::{eventually, wait_until};
