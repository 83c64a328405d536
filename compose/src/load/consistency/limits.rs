//! How many containers and how much for each: said in two places, it must be the same.

use super::{Check, Named};
use crate::load::node::{Node, Value};

/// A service's attribute and where `deploy` says the same.
const TWICE: [(&str, [&str; 3]); 4] = [
    ("cpus", ["resources", "limits", "cpus"]),
    ("mem_limit", ["resources", "limits", "memory"]),
    ("mem_reservation", ["resources", "reservations", "memory"]),
    ("pids_limit", ["resources", "limits", "pids"]),
];

impl Check<'_> {
    pub(super) fn replicas(&mut self, service: Named<'_>) {
        let count = |node: Option<&Node>| match node.map(|node| &node.value) {
            Some(Value::Integer(count)) => Some(*count),
            _ => None,
        };
        let scale = service.get("scale");
        let replicas = service.get("deploy").and_then(|deploy| deploy.get("replicas"));
        if let (Some(scaled), Some(deployed), Some(node)) = (count(scale), count(replicas), scale)
            && scaled != deployed
        {
            let message =
                format!("`scale: {scaled}` and `deploy.replicas: {deployed}` contradict each other");
            self.fault(service, node.span, message).hint = Some("remove one of them".to_owned());
        }
        for node in [scale, replicas].into_iter().flatten() {
            if count(Some(node)).is_some_and(|count| count < 0) {
                self.fault(service, node.span, "a service cannot have fewer than 0 containers").hint =
                    Some("write 0 for none".to_owned());
            }
        }
        let wanted = count(scale).or(count(replicas)).unwrap_or(1);
        if let Some(name) = service.get("container_name").filter(|name| super::is_given(name))
            && wanted > 1
        {
            let message = format!(
                "service `{}` has a `container_name` and cannot have {wanted} replicas",
                service.name
            );
            self.fault(service, name.span, message).hint = Some("remove `container_name`".to_owned());
        }
    }

    pub(super) fn limits(&mut self, service: Named<'_>) {
        let Some(deploy) = service.get("deploy") else { return };
        for (key, [resources, section, name]) in TWICE {
            let (Some(own), Some(there)) = (service.get(key), deploy.at(&[resources, section])) else {
                continue;
            };
            // Docker Compose takes a missing limit for 0, which contradicts too.
            let deployed = there.get(name);
            let is_same = deployed.is_some_and(|deployed| same(deployed, own));
            if is_zero(own) || is_same || own.is_faulty() || there.is_faulty() {
                continue;
            }
            let message = format!("`{key}` and `deploy.{resources}.{section}.{name}` contradict each other");
            self.fault(service, own.span, message).hint =
                Some(format!("say it once: remove `{key}`, or give both the same value"));
        }
    }
}

fn is_zero(node: &Node) -> bool {
    match &node.value {
        Value::Integer(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text == "0",
        _ => true,
    }
}

fn same(one: &Node, other: &Node) -> bool {
    one.is_faulty() || one.value == other.value || one.value.scalar_text() == other.value.scalar_text()
}
