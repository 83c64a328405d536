//! The flags that describe a container: those of `container run` and `container create`.
//!
//! ```text
//! flags ── write ──► a Compose service ── compose::load, plan::single ──► ContainerSpec
//! ```
//! Each group of flags is a file. What only makes sense for a single container (`--volumes-from`,
//! `--rm`) is added to the spec here.

mod comma;
mod connection;
mod error;
mod life;
mod limits;
mod process;
mod security;
mod service;
mod storage;

pub(crate) use error::FlagError;

use crate::error::CommandError;
use crate::session::Session;
use crate::unwritten;
use clap::Args;
use compose::plan;
use engine::image::{Image, Store};
use engine::state::Layout;
use engine::state::container::resolve_name;
use engine_spec::{ContainerName, ContainerSpec, ImageConfig, ImageReference, ServiceName};
use service::Service;
use std::collections::BTreeMap;

/// A container, as flags describe it.
#[derive(Debug, Default, Args)]
pub(crate) struct Flags {
    /// Whether nobody will be connected to its stdin, which then stays open.
    #[arg(skip)]
    pub(super) is_detached: bool,
    #[command(flatten)]
    pub(super) life: life::LifeFlags,
    #[command(flatten)]
    pub(super) process: process::ProcessFlags,
    #[command(flatten)]
    connection: connection::ConnectionFlags,
    #[command(flatten)]
    storage: storage::StorageFlags,
    #[command(flatten)]
    limits: limits::LimitFlags,
    #[command(flatten)]
    security: security::SecurityFlags,
    /// The image, by name or id
    #[arg(value_name = "IMAGE")]
    pub(super) image: String,
    /// The command and its arguments, instead of the image's
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

impl Flags {
    /// Puts names in the place of the ids by which flags mean other containers.
    pub(super) fn name_others(&mut self, layout: &Layout) -> Result<(), CommandError> {
        let modes = [&mut self.security.pid, &mut self.security.ipc].into_iter().flatten();
        for mode in modes.chain(&mut self.connection.network) {
            if let Some(other) = mode.strip_prefix("container:") {
                *mode = format!("container:{}", resolve_name(layout, other)?);
            }
        }
        for volumes in &mut self.storage.volumes_from {
            let (other, mode) = volumes.split_once(':').unwrap_or((volumes, "rw"));
            *volumes = format!("{}:{mode}", resolve_name(layout, other)?);
        }
        for link in &mut self.connection.link {
            let (other, alias) = link.split_once(':').unwrap_or((link, link));
            *link = format!("{}:{alias}", resolve_name(layout, other)?);
        }
        Ok(())
    }

    /// The container of an image under a name.
    pub(super) fn spec(
        &self,
        session: &Session,
        store: &Store,
        image: &Image,
        name: ContainerName,
    ) -> Result<ContainerSpec, CommandError> {
        let mut service = self.service(&session.environment, &image.config)?;
        service.text("image", Some(ImageReference::parse(&self.image)?));
        let project = unwritten::load(session, &service.into_file())?;
        let own = ServiceName::new(service::NAME)?;
        let mut spec = plan::single(&project, &own, &image.id, &store.names()?, name)?;
        spec.image_as_written.clone_from(&self.image);
        spec.remove_on_exit = self.life.rm;
        // Compose has no attribute for it.
        spec.resources.cpu.memory_nodes.clone_from(&self.limits.cpuset_mems);
        spec.process.stdin_once = spec.process.stdin_open && !self.is_detached;
        Ok(spec)
    }

    /// The service that the flags stand for.
    fn service(
        &self,
        environment: &BTreeMap<String, String>,
        image: &ImageConfig,
    ) -> Result<Service, FlagError> {
        let mut service = Service::default();
        self.process.write(&self.command, environment, &mut service)?;
        self.connection.write(&image.exposed_ports, &mut service)?;
        self.storage.write(&mut service)?;
        self.limits.write(&mut service)?;
        self.security.write(&mut service)?;
        self.life.write(&mut service)?;
        Ok(service)
    }
}

#[cfg(test)]
mod tests;
