//! Giving a container another name.

use super::making::{self, MakingError};
use super::{NoSuchContainer, find, stop};
use crate::state::container;
use crate::state::record::{self, RecordError};
use crate::state::{Layout, events};
use crate::supervisor::message::Request;
use engine_spec::{ContainerAction, ContainerName};
use std::io;

/// A container could not be renamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenameError {
    /// There is none of that name.
    #[error(transparent)]
    Unknown(#[from] NoSuchContainer),
    /// The new name is taken.
    #[error("cannot rename container {from} to {to}")]
    Taken {
        /// Its name now.
        from: ContainerName,
        /// The new name.
        to: ContainerName,
        /// Who has it.
        #[source]
        source: MakingError,
    },
    /// Its record could not be changed.
    #[error("cannot change the record of container {name}")]
    Record {
        /// Which.
        name: ContainerName,
        /// Why.
        #[source]
        source: Box<RecordError>,
    },
    /// Its old name could not be given back.
    #[error("cannot give back the container name {name}")]
    Release {
        /// The old name.
        name: ContainerName,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Gives a container another name, by which others in its networks find it from now on.
///
/// The record decides: a name that leads to a container with another name is free to take.
///
/// # Errors
/// Says why not, such as who has the name.
pub fn rename(layout: &Layout, from: &ContainerName, to: &ContainerName) -> Result<(), RenameError> {
    let id = find(layout, from)?;
    let broken = |source| RenameError::Record { name: from.clone(), source: Box::new(source) };
    let record = container::load(layout, &id).map_err(broken)?;
    let mut record = record.ok_or_else(|| NoSuchContainer(from.clone()))?;
    making::reserve(layout, to, &id).map_err(|source| RenameError::Taken {
        from: from.clone(),
        to: to.clone(),
        source,
    })?;
    record.spec.name = to.clone();
    record::write_volatile(&container::record_path(layout, &id), &record).map_err(broken)?;
    making::release_name(layout, from, &id)
        .map_err(|source| RenameError::Release { name: from.clone(), source })?;
    events::note_container(layout, &record, ContainerAction::Rename { from: from.clone() });
    // One that does not run reads its record at its next start.
    let _ = stop::ask(layout, to, &id, &Request::Reload);
    Ok(())
}
