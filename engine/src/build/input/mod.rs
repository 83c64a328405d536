//! What a build reads: its contexts, behind their ignore files, as trees of files with digests.

pub(super) mod attribute;
pub(super) mod contents;
pub(super) mod context;
pub(super) mod contexts;
pub(super) mod glob;
pub(super) mod ignore;
pub(super) mod path;
pub(super) mod remote;
pub(super) mod stat_cache;
pub(super) mod view;
