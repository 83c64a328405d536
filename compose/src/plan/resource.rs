//! Networks and volumes: those that the selected services use are there before containers are made.

use super::attribute::AttributeError;
use super::change::Change;
use super::difference::{network_changes, volume_changes};
use super::endpoint;
use super::error::PlanError;
use super::hash::hash;
use super::reason::Reason;
use super::step::{NodeId, Plan};
use crate::graph::Selection;
use crate::model::{IpamConfig, Key, Network, Project, Service, Volume};
use engine_spec::{
    Action, IpamPool, Labels, NetworkDriver, NetworkName, NetworkSpec, Observed, VolumeName, VolumeSpec,
    compose_label,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was planned for networks and volumes, by real name.
#[derive(Default)]
pub(super) struct Resources {
    /// The steps after which each new one is there.
    pub(super) networks: BTreeMap<NetworkName, NodeId>,
    pub(super) volumes: BTreeMap<VolumeName, NodeId>,
    /// Networks that differ from their definition and have to be made anew.
    pub(super) stale: Vec<StaleNetwork>,
    /// Volumes that differ from their definition.
    pub(super) stale_volumes: Vec<StaleVolume>,
}

/// A network that differs from its definition.
pub(super) struct StaleNetwork {
    pub(super) spec: NetworkSpec,
    pub(super) changes: Vec<Change>,
}

/// A volume that differs from its definition.
pub(super) struct StaleVolume {
    pub(super) spec: VolumeSpec,
    pub(super) changes: Vec<Change>,
}

/// The networks and volumes that the selected services need and that are not there, and nothing else.
///
/// # Errors
/// See [`PlanError`].
pub fn resources(project: &Project, selection: &Selection, observed: &Observed) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    Resources::plan(project, selection, observed, false, &mut plan)?;
    Ok(plan)
}

impl Resources {
    /// Plans what is missing of what the selected services use, or of `all`; what differs is left to
    /// the caller in [`Self::stale`] and [`Self::stale_volumes`].
    pub(super) fn plan(
        project: &Project,
        selection: &Selection,
        observed: &Observed,
        all: bool,
        plan: &mut Plan,
    ) -> Result<Self, PlanError> {
        let services: Vec<&Service> =
            selection.services().filter_map(|name| project.service(name.as_str())).collect();
        let mut survey = Survey { project, observed, plan, resources: Self::default() };
        let networks: BTreeSet<&str> =
            services.iter().flat_map(|s| s.networks.keys().map(Key::as_str)).collect();
        let is_meant = |key: &Key| all || networks.contains(key.as_str());
        for (key, network) in project.networks.iter().filter(|(key, _)| is_meant(key)) {
            survey.network(key, network)?;
        }
        let volumes: BTreeSet<&str> = services.iter().flat_map(|service| service.volume_keys()).collect();
        let is_meant = |key: &Key| all || volumes.contains(key.as_str());
        for (key, volume) in project.volumes.iter().filter(|(key, _)| is_meant(key)) {
            survey.volume(key, volume)?;
        }
        Ok(survey.resources)
    }

    /// Plans to make a network after the steps in `after`.
    pub(super) fn create_network(
        &mut self,
        spec: NetworkSpec,
        after: &[NodeId],
        reason: &Reason,
        plan: &mut Plan,
    ) {
        let name = spec.name.clone();
        let label = network_label(&name);
        let node = plan.add(Action::CreateNetwork(Box::new(spec)), after, reason, &label);
        self.networks.insert(name, node);
    }

    /// Plans to make a volume after the steps in `after`.
    pub(super) fn create_volume(
        &mut self,
        spec: VolumeSpec,
        after: &[NodeId],
        reason: &Reason,
        plan: &mut Plan,
    ) {
        let name = spec.name.clone();
        let label = volume_label(&name);
        let node = plan.add(Action::CreateVolume(Box::new(spec)), after, reason, &label);
        self.volumes.insert(name, node);
    }
}

/// Compares definitions with what is there.
struct Survey<'a> {
    project: &'a Project,
    observed: &'a Observed,
    plan: &'a mut Plan,
    resources: Resources,
}

impl Survey<'_> {
    fn network(&mut self, key: &Key, network: &Network) -> Result<(), PlanError> {
        let refuse = |source| PlanError::Network { network: key.to_string(), source };
        let spec = network_spec(self.project, key, network).map_err(refuse)?;
        let found = self.observed.networks.iter().find(|found| found.spec.name == spec.name);
        match found {
            None if network.external && endpoint::is_no_network(spec.name.as_str()) => {}
            None if network.external => return Err(PlanError::ExternalNetworkMissing(spec.name.to_string())),
            None => self.resources.create_network(spec, &[], &Reason::Missing, self.plan),
            Some(found) if !network.external && differs(&found.spec.labels, &spec.labels) => {
                let path = format!("networks.{key}");
                let changes = network_changes(&found.spec, &spec, &self.project.places, &path);
                self.resources.stale.push(StaleNetwork { spec, changes });
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn volume(&mut self, key: &Key, volume: &Volume) -> Result<(), PlanError> {
        let refuse = |source| PlanError::Volume { volume: key.to_string(), source };
        let spec = volume_spec(self.project, key, volume).map_err(refuse)?;
        let found = self.observed.volumes.iter().find(|found| found.spec.name == spec.name);
        match found {
            None if volume.external => return Err(PlanError::ExternalVolumeMissing(spec.name.to_string())),
            None => self.resources.create_volume(spec, &[], &Reason::Missing, self.plan),
            Some(found) if !volume.external && differs(&found.spec.labels, &spec.labels) => {
                let path = format!("volumes.{key}");
                let changes = volume_changes(&found.spec, &spec, &self.project.places, &path);
                self.resources.stale_volumes.push(StaleVolume { spec, changes });
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// What progress calls a network.
pub(super) fn network_label(name: &NetworkName) -> String {
    format!("Network {name}")
}

/// What progress calls a volume.
pub(super) fn volume_label(name: &VolumeName) -> String {
    format!("Volume {name}")
}

/// Whether something made by Compose was defined otherwise. What has no hash was not made by it and is adopted.
fn differs(found: &Labels, wanted: &Labels) -> bool {
    let hash = |labels: &Labels| labels.get(compose_label::CONFIG_HASH).cloned();
    hash(found).is_some_and(|found| Some(found) != hash(wanted))
}

fn network_spec(project: &Project, key: &Key, network: &Network) -> Result<NetworkSpec, AttributeError> {
    let driver = if network.external { None } else { network.driver.as_deref() };
    let pools: Result<Vec<_>, _> = network.ipam.config.iter().map(pool).collect();
    let mut spec = NetworkSpec {
        name: NetworkName::new(network.name.as_str())?,
        driver: network_driver(driver.unwrap_or_default())?,
        driver_opts: network.driver_opts.clone(),
        pools: pools?.into_iter().flatten().collect(),
        internal: network.internal,
        enable_ipv4: network.enable_ipv4.unwrap_or(true),
        attachable: network.attachable,
        enable_ipv6: network.enable_ipv6.unwrap_or(false),
        labels: network.labels.clone(),
    };
    let hash = hash(&spec);
    label(&mut spec.labels, project, compose_label::NETWORK, key, hash);
    Ok(spec)
}

/// The driver of a word in the file. `overlay` spans the machines of a swarm, of which there is none.
fn network_driver(word: &str) -> Result<NetworkDriver, AttributeError> {
    Ok(match word {
        "" | "default" | "bridge" => NetworkDriver::Bridge,
        "macvlan" => NetworkDriver::Macvlan,
        "ipvlan" => NetworkDriver::Ipvlan,
        "overlay" => {
            return Err(AttributeError::Value {
                attribute: "driver",
                value: word.to_owned(),
                expected: "`bridge`, as all containers are on this machine; use `macvlan` or `ipvlan` to reach \
                           other machines directly",
            });
        }
        _ => {
            return Err(AttributeError::Value {
                attribute: "driver",
                value: word.to_owned(),
                expected: "`bridge`, `macvlan` or `ipvlan`",
            });
        }
    })
}

/// An address pool; one without a subnet leaves the choice to the engine.
fn pool(config: &IpamConfig) -> Result<Option<IpamPool>, AttributeError> {
    use super::endpoint::parse;
    let Some(subnet) = &config.subnet else { return Ok(None) };
    let addresses = config.aux_addresses.iter();
    Ok(Some(IpamPool {
        subnet: parse("ipam.config.subnet", subnet)?,
        ip_range: config.ip_range.as_deref().map(|range| parse("ipam.config.ip_range", range)).transpose()?,
        gateway: config
            .gateway
            .as_deref()
            .map(|gateway| parse("ipam.config.gateway", gateway))
            .transpose()?,
        aux_addresses: addresses
            .map(|(host, address)| Ok((host.clone(), parse("ipam.config.aux_addresses", address)?)))
            .collect::<Result<_, AttributeError>>()?,
    }))
}

fn volume_spec(project: &Project, key: &Key, volume: &Volume) -> Result<VolumeSpec, AttributeError> {
    let driver = volume.driver.as_deref().filter(|driver| !driver.is_empty()).unwrap_or("local");
    let mut spec = VolumeSpec {
        name: VolumeName::new(volume.name.as_str())?,
        driver: driver.to_owned(),
        driver_opts: volume.driver_opts.clone(),
        labels: volume.labels.clone(),
    };
    let hash = hash(&spec);
    label(&mut spec.labels, project, compose_label::VOLUME, key, hash);
    Ok(spec)
}

fn label(labels: &mut Labels, project: &Project, kind: &str, key: &Key, hash: String) {
    let folder = project.working_dir.to_string_lossy();
    labels.insert(compose_label::WORKING_DIR.to_owned(), folder.into_owned());
    labels.insert(compose_label::PROJECT.to_owned(), project.name.to_string());
    labels.insert(compose_label::VERSION.to_owned(), super::VERSION.to_owned());
    labels.insert(compose_label::CONFIG_HASH.to_owned(), hash);
    labels.insert(kind.to_owned(), key.to_string());
}
