//! Connecting a running container to networks, and taking it out of them.

use super::attachment::Attachment;
use super::requests::RequestError;
use super::run::Supervisor;
use engine_spec::{EndpointSpec, NetworkName};
use std::os::fd::{AsFd, OwnedFd};

impl Supervisor {
    /// Gives the container an interface in one network more.
    pub(super) fn connect(&mut self, endpoint: EndpointSpec) -> Result<(), RequestError> {
        let run = self.state.run_mut().ok_or(RequestError::NotRunning)?;
        let launched = &mut run.launched;
        let (pidfd, pid) = (launched.pidfd.as_fd(), launched.init.pid);
        let sockets = launched.attachment.join(&self.supervised, endpoint, pidfd, pid)?;
        self.follow(sockets)
    }

    /// Takes the container's interface in a network away.
    pub(super) fn disconnect(&mut self, network: &NetworkName) -> Result<(), RequestError> {
        let run = self.state.run_mut().ok_or(RequestError::NotRunning)?;
        let launched = &mut run.launched;
        launched.attachment.part(&self.supervised, network, launched.pidfd.as_fd())?;
        self.follow(Vec::new())
    }

    /// Tells its name server, its files and everybody else where the container is now.
    fn follow(&mut self, sockets: Vec<OwnedFd>) -> Result<(), RequestError> {
        let Self { supervised, state, endpoints, .. } = self;
        let run = state.run_mut().ok_or(RequestError::NotRunning)?;
        let attachment: &Attachment = &run.launched.attachment;
        match run.launched.names.as_mut() {
            Some(names) => attachment.search(supervised, names)?,
            None => run.launched.names = attachment.serve_names(supervised, sockets)?,
        }
        attachment.announce(supervised)?;
        attachment.write_files(supervised).map_err(RequestError::Files)?;
        endpoints.clone_from(&attachment.observed());
        self.publish_status();
        Ok(())
    }
}
