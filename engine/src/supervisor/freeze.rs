//! Freezing the container, letting it go on, and changing its limits while it runs.

use super::requests::RequestError;
use super::run::Supervisor;
use crate::runtime::spec;
use engine_spec::{ContainerAction, Resources};

impl Supervisor {
    /// Freezes the container; one that is frozen stays so.
    pub(super) fn pause(&mut self) -> Result<(), RequestError> {
        let run = self.state.run_mut().ok_or(RequestError::NotRunning)?;
        if run.is_paused {
            return Ok(());
        }
        run.launched.description.cgroup.freeze()?;
        run.is_paused = true;
        self.publish_status();
        self.supervised.event(ContainerAction::Pause);
        Ok(())
    }

    /// Lets the container go on, if it is frozen.
    pub(super) fn unpause(&mut self) -> Result<(), RequestError> {
        let run = self.state.run_mut().ok_or(RequestError::NotRunning)?;
        if !run.is_paused {
            return Ok(());
        }
        run.launched.description.cgroup.thaw()?;
        run.is_paused = false;
        self.publish_status();
        self.supervised.event(ContainerAction::Unpause);
        Ok(())
    }

    /// Changes the limits of the container that runs.
    pub(super) fn limit(&self, resources: &Resources) -> Result<(), RequestError> {
        let run = self.state.run().ok_or(RequestError::NotRunning)?;
        Ok(run.launched.description.cgroup.update(&spec::limits(resources))?)
    }
}
