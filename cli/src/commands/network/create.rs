//! `network create`: makes a network.

use super::{NetworkCommandError, is_predefined};
use crate::error::CommandError;
use crate::session::Session;
use crate::show::output;
use clap::Args;
use engine::network;
use engine_spec::{IpamPool, NetworkDriver, NetworkName, NetworkSpec};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::ExitCode;

/// Options of `network create`.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Its name
    #[arg(value_name = "NETWORK")]
    name: NetworkName,
    /// How it is made: bridge, macvlan or ipvlan
    #[arg(short, long, value_name = "DRIVER", default_value = "bridge")]
    driver: String,
    /// Its subnet, like 10.5.0.0/24; once per family
    #[arg(long, value_name = "SUBNET")]
    subnet: Vec<IpNet>,
    /// The router's address in its subnet
    #[arg(long, value_name = "ADDRESS")]
    gateway: Vec<IpAddr>,
    /// The part of its subnet that containers get addresses from
    #[arg(long, value_name = "SUBNET")]
    ip_range: Vec<IpNet>,
    /// An address never given to a container, as NAME=ADDRESS
    #[arg(long, value_name = "NAME=ADDRESS")]
    aux_address: Vec<String>,
    /// Let nothing in or out
    #[arg(long)]
    internal: bool,
    /// Give containers IPv6 addresses
    #[arg(long)]
    ipv6: bool,
    /// Give containers IPv4 addresses
    #[arg(long, value_name = "BOOL", default_value_t = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = clap::ArgAction::Set)]
    ipv4: bool,
    /// Let single containers be connected
    #[arg(long)]
    attachable: bool,
    /// An option of the driver, as KEY=VALUE
    #[arg(short = 'o', long = "opt", value_name = "KEY=VALUE")]
    options: Vec<String>,
    /// A label, as KEY=VALUE
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
}

impl Create {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, CommandError> {
        let layout = session.layout()?;
        if is_predefined(self.name.as_str()) {
            return Err(NetworkCommandError::Predefined(self.name.to_string()).into());
        }
        if network::exists(&layout, &self.name) {
            return Err(NetworkCommandError::Exists(self.name).into());
        }
        let made = network::create(&layout, &self.spec()?)?;
        output::print_lines([made.id])?;
        Ok(ExitCode::SUCCESS)
    }

    fn spec(self) -> Result<NetworkSpec, NetworkCommandError> {
        let pools = self.pools()?;
        Ok(NetworkSpec {
            driver: driver(&self.driver)?,
            driver_opts: pairs(&self.options),
            pools,
            internal: self.internal,
            enable_ipv4: self.ipv4,
            enable_ipv6: self.ipv6,
            attachable: self.attachable,
            labels: pairs(&self.labels),
            ..NetworkSpec::new(self.name)
        })
    }

    /// Gateways, ranges and reserved addresses belong to the subnet they lie in.
    fn pools(&self) -> Result<Vec<IpamPool>, NetworkCommandError> {
        let mut pools: Vec<IpamPool> = self.subnet.iter().map(|subnet| pool(*subnet)).collect();
        for range in &self.ip_range {
            pool_of(&mut pools, "--ip-range", range.addr())?.ip_range = Some(*range);
        }
        for gateway in &self.gateway {
            pool_of(&mut pools, "--gateway", *gateway)?.gateway = Some(*gateway);
        }
        for text in &self.aux_address {
            let parsed = text.split_once('=').and_then(|(name, address)| Some((name, address.parse().ok()?)));
            let (name, address) = parsed.ok_or_else(|| NetworkCommandError::Flag {
                flag: "--aux-address",
                value: text.clone(),
                expected: "NAME=ADDRESS",
            })?;
            pool_of(&mut pools, "--aux-address", address)?.aux_addresses.insert(name.to_owned(), address);
        }
        Ok(pools)
    }
}

fn pool(subnet: IpNet) -> IpamPool {
    IpamPool { subnet, ip_range: None, gateway: None, aux_addresses: BTreeMap::new() }
}

fn pool_of<'a>(
    pools: &'a mut [IpamPool],
    flag: &'static str,
    address: IpAddr,
) -> Result<&'a mut IpamPool, NetworkCommandError> {
    let found = pools.iter_mut().find(|pool| pool.subnet.contains(&address));
    found.ok_or_else(|| NetworkCommandError::Flag {
        flag,
        value: address.to_string(),
        expected: "an address of one of the subnets given with --subnet",
    })
}

fn driver(word: &str) -> Result<NetworkDriver, NetworkCommandError> {
    match word {
        "bridge" => Ok(NetworkDriver::Bridge),
        "macvlan" => Ok(NetworkDriver::Macvlan),
        "ipvlan" => Ok(NetworkDriver::Ipvlan),
        _ => Err(NetworkCommandError::Flag {
            flag: "--driver",
            value: word.to_owned(),
            expected: "bridge, macvlan or ipvlan; an overlay needs a swarm, of which there is none",
        }),
    }
}

/// `KEY=VALUE`; a key alone has an empty value, as with docker.
fn pairs(texts: &[String]) -> BTreeMap<String, String> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (key.to_owned(), value.to_owned())
    };
    texts.iter().map(pair).collect()
}
