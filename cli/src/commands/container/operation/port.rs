//! `container port`.

use super::{One, OperationError};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::state::container::{by_name, status};
use std::net::SocketAddr;
use std::process::ExitCode;

/// Options of `container port`.
#[derive(Debug, Args)]
pub(crate) struct Port {
    #[command(flatten)]
    one: One,
    /// Only this port of the container
    #[arg(value_name = "PORT[/PROTOCOL]")]
    port: Option<String>,
}

impl Port {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let (layout, name) = self.one.find(session)?;
        let ports = match by_name(&layout, &name) {
            Some(id) => status(&layout, &id)?.ports,
            None => Vec::new(),
        };
        let Some(port) = self.port else {
            let line = |port: &engine_spec::PublishedPort| {
                let address = SocketAddr::new(port.host_ip, port.host_port);
                format!("{}/{} -> {address}", port.target, port.protocol)
            };
            output::print_lines(ports.iter().map(line))?;
            return Ok(ExitCode::SUCCESS);
        };
        let wanted = if port.contains('/') { port } else { format!("{port}/tcp") };
        let found: Vec<_> = ports
            .iter()
            .filter(|port| format!("{}/{}", port.target, port.protocol) == wanted)
            .map(|port| SocketAddr::new(port.host_ip, port.host_port))
            .collect();
        if found.is_empty() {
            return Err(OperationError::NotPublished { port: wanted, container: name.to_string() }.into());
        }
        output::print_lines(found)?;
        Ok(ExitCode::SUCCESS)
    }
}
