//! RUN: a command in a container, with what is mounted for it and what must not be seen of it.

pub(super) mod cache_mount;
pub(super) mod emulator;
pub(super) mod mask;
pub(super) mod mounts;
pub(super) mod output;
pub(super) mod run;
pub(super) mod secret;
pub(super) mod ssh;
