//! The image that comes out: its configuration, history, times and place in the store.

pub(super) mod config;
pub(super) mod draft;
pub(super) mod finish;
pub(super) mod moment;
pub(super) mod squash;
