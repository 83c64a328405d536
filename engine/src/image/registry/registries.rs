//! Which hosts stand for a registry.
use crate::state::Layout;

/// x
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct RegistriesError;

/// Mirrors, registries that may be spoken to without TLS, and credentials.
#[derive(Debug, Clone, Default)]
pub struct Registries {}

impl Registries {
    /// Reads `registries.toml` in the data folder, `LIGHTER_REGISTRY_MIRROR`, and Docker's
    /// `config.json`; `variable` looks up an environment variable.
    ///
    /// # Errors
    /// Says which file is malformed.
    pub fn load(
        _layout: &Layout,
        _variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, RegistriesError> {
        todo!()
    }
}
