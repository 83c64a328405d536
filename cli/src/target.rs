//! The one container that a command on one service means: `exec`, `attach`, `cp`, `port` and others.

use crate::error::CommandError;
use engine_spec::{Observed, ObservedContainer, compose_label};

/// The running container of a service with the lowest number, else one of `run`; with `index` that number.
pub(crate) fn running<'a>(
    observed: &'a Observed,
    service: &str,
    index: Option<u32>,
) -> Result<&'a ObservedContainer, CommandError> {
    best(observed, service, index, |container| container.status.is_running())
        .ok_or_else(|| CommandError::NotRunning { service: service.to_owned(), index })
}

/// The same, whether it runs or not.
pub(crate) fn existing<'a>(
    observed: &'a Observed,
    service: &str,
    index: Option<u32>,
) -> Result<&'a ObservedContainer, CommandError> {
    best(observed, service, index, |_| true)
        .ok_or_else(|| CommandError::NoSuchContainer { service: service.to_owned(), index })
}

/// All containers of a service, by number; those of `run` only if asked for.
pub(crate) fn all<'a>(
    observed: &'a Observed,
    service: &str,
    with_one_offs: bool,
) -> Vec<&'a ObservedContainer> {
    let of_service = |container: &&ObservedContainer| {
        container.label(compose_label::SERVICE) == Some(service) && (with_one_offs || !is_one_off(container))
    };
    let mut containers: Vec<_> = observed.containers.iter().filter(of_service).collect();
    containers.sort_by_key(|container| number(container));
    containers
}

/// Which of its service's containers it is; those of `run` have no number.
pub(crate) fn number(container: &ObservedContainer) -> Option<u32> {
    container.label(compose_label::CONTAINER_NUMBER)?.parse().ok()
}

/// Whether a container was made by `run`.
pub(crate) fn is_one_off(container: &ObservedContainer) -> bool {
    container.label(compose_label::ONEOFF) == Some("True")
}

fn best<'a>(
    observed: &'a Observed,
    service: &str,
    index: Option<u32>,
    is_meant: impl Fn(&ObservedContainer) -> bool,
) -> Option<&'a ObservedContainer> {
    let of_service = |container: &&ObservedContainer| {
        container.label(compose_label::SERVICE) == Some(service) && is_meant(container)
    };
    let of_number = |container: &&ObservedContainer| {
        index.is_none_or(|_| !is_one_off(container) && number(container) == index)
    };
    let containers = observed.containers.iter().filter(of_service).filter(of_number);
    containers.min_by_key(|container| (is_one_off(container), number(container)))
}
