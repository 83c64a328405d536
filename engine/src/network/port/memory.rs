//! Which free ports a container got last, so that it gets them again after a restart or a recreation.
//!
//! ```text
//! networks/<network>/ports/<container's name>
//! ```
//! They are a wish, no reservation: another program may have taken the port meanwhile.

use super::{Guard, PortError};
use crate::state::Layout;
use crate::state::record::{self, Record};
use engine_spec::{ContainerName, NetworkName, PortSpec, PublishedPort};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;

/// The ports of one container name.
#[derive(Debug)]
pub struct Memory(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Remembered(Vec<PublishedPort>);

impl Record for Remembered {
    const KIND: &'static str = "remembered ports";
    const VERSION: u32 = 1;
}

impl Memory {
    /// What is remembered of the containers of that name; goes with the network.
    #[must_use]
    pub fn of(layout: &Layout, network: &NetworkName, name: &ContainerName) -> Self {
        Self(layout.network(network).join("ports").join(name.as_str()))
    }

    /// What it had last; a memory that cannot be read is none.
    pub(super) fn recall(&self) -> Vec<PublishedPort> {
        record::read(&self.0).ok().flatten().map(|Remembered(ports)| ports).unwrap_or_default()
    }

    /// Keeps the free ports that were chosen for `asked`; without any there is nothing to keep.
    pub(super) fn keep(&self, asked: &[PortSpec], taken: &[Guard]) -> Result<(), PortError> {
        let is_free = |port: &PublishedPort| {
            asked.iter().any(|spec| {
                spec.published.is_none() && spec.target == port.target && spec.protocol == port.protocol
            })
        };
        let free: Vec<_> = taken.iter().map(|guard| guard.port.clone()).filter(is_free).collect();
        if free.is_empty() {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            let fail = |source| PortError::Store { path: folder.to_owned(), source };
            fs::create_dir_all(folder).map_err(fail)?;
        }
        Ok(record::write_volatile(&self.0, &Remembered(free))?)
    }
}
