//! The container engine: everything that has an effect on the host.
//!
//! It knows containers, networks, volumes and images by [`engine_spec`]'s types and their labels,
//! and has never heard of a service. Dependencies between the modules point upwards in this list.

#![deny(unsafe_code)]

pub mod build;
mod calendar;
pub mod container;
mod host_name;
pub mod image;
pub mod network;
pub mod runtime;
pub mod state;
pub mod supervisor;
#[expect(unsafe_code, reason = "the one module that may call the kernel without a safe wrapper")]
pub mod sys;
pub mod volume;
