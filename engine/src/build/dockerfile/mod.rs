//! The Dockerfile language.

mod diagnostic;

pub use diagnostic::{Diagnostic, SourceLine};
