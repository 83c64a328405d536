//! The container runtime: from an image and a spec to a running process, without a daemon or runc.
//!
//! ```text
//! rootfs::Overlay ── mount ──> Root ── user::resolve ──> ResolvedUser
//!                               │                          │
//! ContainerSpec + ImageConfig ──┼── spec::oci_spec <───────┘        pure
//!                               │        │
//!                               │   launch::steps                   pure: what the child will do, by name
//!                               │        │
//!                               └─> launch::spawn ─> Pending ─ proceed ─> Prepared ─ start ─> Running
//!                                        └ clone3 ─> init performs the steps, then execs
//! ```
//! [`exec`] adds a process to a running container with the same restrictions. Nothing here knows of
//! networks, logs or restarts: the supervisor puts those around it.

pub mod apparmor;
pub mod block_io;
pub mod cdi;
pub mod cgroup;
pub mod device;
pub mod exec;
pub mod external;
mod init;
mod init_process;
pub mod launch;
pub mod namespace;
mod owners;
pub mod rootfs;
pub mod seccomp;
pub mod spec;
pub mod user;
