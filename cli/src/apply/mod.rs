//! A plan is applied: images are got, steps walked, each done by the engine, and told.

pub(super) mod acquire;
pub(super) mod build_log;
pub(super) mod execute;
pub(super) mod meter;
pub(super) mod notes;
pub(super) mod perform;
pub(super) mod summary;
pub(super) mod transfer;
pub(super) mod walk;
pub(super) mod words;
