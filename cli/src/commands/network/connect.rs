//! `network connect`, `network disconnect`: change a container's networks.

use super::{find, is_predefined};
use crate::error::CommandError;
use crate::session::Session;
use clap::Args;
use engine::container;
use engine::network;
use engine::state::container::resolve_name;
use engine_spec::{EndpointSpec, NetworkName};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;

/// Options of `network connect`.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The network
    #[arg(value_name = "NETWORK")]
    network: String,
    /// The container
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// One more name for it there
    #[arg(long, value_name = "NAME")]
    alias: Vec<String>,
    /// Its IPv4 address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Ipv4Addr>,
    /// Its IPv6 address
    #[arg(long, value_name = "ADDRESS")]
    ip6: Option<Ipv6Addr>,
    /// A link-local address more
    #[arg(long, value_name = "ADDRESS")]
    link_local_ip: Vec<IpAddr>,
    /// An option of the driver, as KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE")]
    driver_opt: Vec<String>,
    /// The network of the highest value supplies the default route
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    gw_priority: i32,
}

impl Connect {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let network = match find(&layout, &self.network) {
            Ok(found) => found.spec.name,
            // The predefined bridge is made when somebody needs it.
            Err(_) if self.network == "bridge" => network::ensure_default(&layout)?.spec.name,
            Err(error) => return Err(error),
        };
        let container = resolve_name(&layout, &self.container)?;
        let pair = |text: &String| {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            (key.to_owned(), value.to_owned())
        };
        let endpoint = EndpointSpec {
            aliases: self.alias,
            ipv4_address: self.ip,
            ipv6_address: self.ip6,
            gateway_priority: self.gw_priority,
            link_local_ips: self.link_local_ip,
            driver_opts: self.driver_opt.iter().map(pair).collect(),
            ..EndpointSpec::new(network)
        };
        container::connect(&layout, &container, &endpoint)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Options of `network disconnect`.
#[derive(Debug, Args)]
pub(crate) struct Disconnect {
    /// The network
    #[arg(value_name = "NETWORK")]
    network: String,
    /// The container
    #[arg(value_name = "CONTAINER")]
    container: String,
    /// Do not fail if it is not connected
    #[arg(short, long)]
    force: bool,
}

impl Disconnect {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        let network = match find(&layout, &self.network) {
            Ok(found) => found.spec.name,
            Err(_) if is_predefined(&self.network) => NetworkName::new(self.network.as_str())?,
            Err(error) => return Err(error),
        };
        let container = resolve_name(&layout, &self.container)?;
        match container::disconnect(&layout, &container, &network) {
            Err(container::ConnectError::NotConnected { .. }) if self.force => {}
            disconnected => disconnected?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
