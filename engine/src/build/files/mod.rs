//! Files that become a layer: COPY, ADD, WORKDIR, with their owners and modes.

pub(super) mod archive;
pub(super) mod copy;
pub(super) mod delta;
pub(super) mod fingerprint;
pub(super) mod permission;
pub(super) mod select;
pub(super) mod transfer;
pub(super) mod upper;
pub(super) mod workdir;
