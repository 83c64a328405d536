//! Compose files to a typed [`model::Project`], a [`graph::Graph`] of its services and a
//! [`plan::Plan`] of what has to be done. Performs no I/O: files arrive through [`load::Files`],
//! the environment as a map, and what runs now as an [`engine_spec::Observed`].
//!
//! ```
//! use compose::graph::Selection;
//! use compose::{Files, LoadOptions, load, plan};
//! use engine_spec::{Digest, Observed};
//! use std::collections::BTreeMap;
//! use std::io;
//! use std::path::Path;
//!
//! struct OneFile(&'static str);
//!
//! impl Files for OneFile {
//!     fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
//!         if self.exists(path) { Ok(self.0.into()) } else { Err(io::ErrorKind::NotFound.into()) }
//!     }
//!     fn exists(&self, path: &Path) -> bool {
//!         path == Path::new("/shop/compose.yaml")
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let files = OneFile("services: {web: {image: nginx, network_mode: host}}");
//! let options = LoadOptions { current_directory: "/shop".into(), ..LoadOptions::default() };
//! let project = load(&options, &files)?.project;
//!
//! let images = BTreeMap::from([("web".parse()?, Digest::from_sha256([0; 32]))]);
//! let everything = Selection::all(&project);
//! let plan = plan::up(&project, &everything, &Observed::default(), &plan::UpOptions::default(), &images)?;
//! assert_eq!(
//!     plan.to_string(),
//!     "0 create container shop-web-1 (missing)\n1 start container shop-web-1 (missing) after 0\n"
//! );
//! # Ok(())
//! # }
//! ```

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
