//! `port`: prints where a container's port is published.

use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use crate::target;
use clap::Args;
use engine_spec::Protocol;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Options of `port`.
#[derive(Debug, Args)]
pub(crate) struct Port {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The port that its container listens on
    #[arg(value_name = "PORT")]
    port: u16,
    /// `tcp`, `udp` or `sctp`
    #[arg(long, value_name = "PROTOCOL", default_value = "tcp", value_parser = parse_protocol)]
    protocol: Protocol,
    /// Choose among several containers of the service
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
}

impl Port {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let scope = session.scope()?;
        let (_, observed) = session.look(Some(&scope.name))?;
        scope.service(&self.service)?;
        let container = target::running(&observed, &self.service, self.index)?;
        let published = container
            .ports
            .iter()
            .find(|port| port.target == self.port && port.protocol == self.protocol)
            .ok_or_else(|| CommandError::NotPublished {
                port: format!("{}/{}", self.port, self.protocol),
                container: container.name().clone(),
                published: container.ports.iter().map(ToString::to_string).collect(),
            })?;
        output::print_lines([SocketAddr::new(published.host_ip, published.host_port)])?;
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_protocol(text: &str) -> Result<Protocol, &'static str> {
    match text {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err("expected tcp, udp or sctp"),
    }
}
