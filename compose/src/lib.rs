//! Compose files to a typed [`model::Project`], a [`graph::Graph`] of its services and a
//! [`plan::Plan`] of what has to be done. Performs no I/O: files arrive through [`load::Files`],
//! the environment as a map, and what runs now as an [`engine_spec::Observed`].

#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod graph;
pub mod load;
pub mod model;
pub mod plan;
#[cfg(test)]
mod sample;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use load::{Files, LoadOptions, Loaded, load};
