//! A service's devices: nodes, CDI names, requests such as `gpus`, and rules.

use super::attribute::AttributeError;
use crate::model::{self, Service};
use engine_spec::{DeviceAccess, DeviceChoice, DeviceKind, DeviceRequest, DeviceRule, DeviceSpec};

const EVERYTHING: &str = "rwm";

/// The devices of each of a service's containers.
pub(super) fn devices(service: &Service) -> Result<DeviceAccess, AttributeError> {
    let (cdi, nodes): (Vec<_>, Vec<_>) = service.devices.iter().partition(|device| is_cdi(device));
    let reserved = service.deploy.as_ref().and_then(|deploy| deploy.resources.reservations.as_ref());
    let reserved = reserved.map_or(&[][..], |reservations| &reservations.devices);
    let gpus = service.gpus.iter().map(|request| device_request(request, true));
    let requests = gpus.chain(reserved.iter().map(|request| device_request(request, false)));
    Ok(DeviceAccess {
        nodes: nodes.into_iter().map(node).collect::<Result<_, _>>()?,
        cdi: cdi.into_iter().map(|device| device.source.clone()).collect(),
        requests: requests.collect::<Result<_, _>>()?,
        rules: service.device_cgroup_rules.iter().map(|line| rule(line)).collect::<Result<_, _>>()?,
    })
}

/// `vendor.com/class=device` is no path.
fn is_cdi(device: &model::Device) -> bool {
    device.target.as_ref().is_none_or(|target| *target == device.source)
        && !device.source.starts_with('/')
        && device.source.contains('=')
}

fn node(device: &model::Device) -> Result<DeviceSpec, AttributeError> {
    let permissions = device.permissions.as_deref().unwrap_or(EVERYTHING);
    check_access("devices", permissions)?;
    Ok(DeviceSpec {
        source: device.source.as_str().into(),
        target: device.target.as_ref().unwrap_or(&device.source).into(),
        permissions: permissions.to_owned(),
    })
}

fn device_request(request: &model::DeviceRequest, are_gpus: bool) -> Result<DeviceRequest, AttributeError> {
    let mut capabilities = request.capabilities.clone();
    if are_gpus && !capabilities.iter().any(|capability| capability == "gpu") {
        capabilities.push("gpu".to_owned());
    }
    let refuse = |value: String, expected| AttributeError::Value { attribute: "count", value, expected };
    let choice = match (request.count, request.device_ids.as_slice()) {
        (Some(count), [_, ..]) => {
            return Err(refuse(count.to_string(), "either `count` or `device_ids`, not both"));
        }
        (None, []) | (Some(-1), []) => DeviceChoice::All,
        (None, ids) => DeviceChoice::Ids { ids: ids.to_vec() },
        (Some(count), []) => {
            let count = u32::try_from(count).ok().filter(|count| *count > 0);
            let expected = "`all` or a number of devices";
            let count =
                count.ok_or_else(|| refuse(request.count.unwrap_or_default().to_string(), expected))?;
            DeviceChoice::Count { count }
        }
    };
    Ok(DeviceRequest { driver: request.driver.clone().filter(|name| !name.is_empty()), capabilities, choice })
}

/// `c 1:3 rwm`, with `*` for any number.
fn rule(line: &str) -> Result<DeviceRule, AttributeError> {
    let refuse = || AttributeError::Value {
        attribute: "device_cgroup_rules",
        value: line.to_owned(),
        expected: "`a|b|c MAJOR:MINOR rwm`, such as `c 10:200 rw`; `*` is any number",
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let [kind, numbers, access] = words[..] else { return Err(refuse()) };
    let kind = match kind {
        "a" => DeviceKind::All,
        "b" => DeviceKind::Block,
        "c" => DeviceKind::Character,
        _ => return Err(refuse()),
    };
    let (major, minor) = numbers.split_once(':').ok_or_else(refuse)?;
    let number = |text: &str| match text {
        "*" => Ok(None),
        text => text.parse().map(Some).map_err(|_| refuse()),
    };
    check_access("device_cgroup_rules", access)?;
    Ok(DeviceRule { kind, major: number(major)?, minor: number(minor)?, access: access.to_owned() })
}

fn check_access(attribute: &'static str, access: &str) -> Result<(), AttributeError> {
    let is_known = |letter| matches!(letter, 'r' | 'w' | 'm');
    if !access.is_empty() && access.chars().all(is_known) {
        return Ok(());
    }
    let expected = "`r`, `w` and `m` in any combination";
    Err(AttributeError::Value { attribute, value: access.to_owned(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_a_kind_two_numbers_and_an_access() {
        let expected =
            DeviceRule { kind: DeviceKind::Character, major: Some(10), minor: None, access: "rw".to_owned() };
        assert_eq!(rule("c 10:* rw"), Ok(expected));
        for line in ["", "c", "x 1:3 rwm", "c 1 rwm", "c 1:3 x", "c 1:-3 r", "c 1:3 r w"] {
            assert!(rule(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_request_counts_or_names_devices_but_not_both() {
        let request = |count, ids: &[&str]| {
            let device_ids = ids.iter().map(ToString::to_string).collect();
            device_request(&model::DeviceRequest { count, device_ids, ..Default::default() }, true)
        };
        let choice = |count, ids| request(count, ids).map(|request| request.choice);
        assert_eq!(choice(None, &[]), Ok(DeviceChoice::All));
        assert_eq!(choice(Some(2), &[]), Ok(DeviceChoice::Count { count: 2 }));
        assert_eq!(choice(None, &["1"]), Ok(DeviceChoice::Ids { ids: vec!["1".to_owned()] }));
        assert!(choice(Some(1), &["1"]).is_err());
        assert!(choice(Some(0), &[]).is_err());
    }
}
