//! Letting the siblings of a container take its place behind the ports they share.
//!
//! ```text
//! start(new) ── drain(old) ── flows(old) == 0 ── stop(old) ── remove(old)
//! ```
//! The port stays taken throughout, and no connection is lost: see [`crate::network::port`].

use super::find;
use super::stop::{StopError, ask, call};
use crate::state::Layout;
use crate::supervisor::message::{Answer, Request};
use engine_spec::ContainerName;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often the kernel is asked for what is left.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Gives new connections to published ports to the other containers of the port group only; those
/// that are open go on.
///
/// # Errors
/// If the container does not run, or the rules cannot be changed.
pub fn drain(layout: &Layout, name: &ContainerName) -> Result<(), StopError> {
    let id = find(layout, name)?;
    ask(layout, name, &id, &Request::Drain { is_draining: true })
}

/// Takes [`drain`] back.
///
/// # Errors
/// If the container does not run, or the rules cannot be changed.
pub fn undrain(layout: &Layout, name: &ContainerName) -> Result<(), StopError> {
    let id = find(layout, name)?;
    ask(layout, name, &id, &Request::Drain { is_draining: false })
}

/// How many connections are open that came by a published port.
///
/// # Errors
/// If the container does not run, or the kernel does not tell.
pub fn flows(layout: &Layout, name: &ContainerName) -> Result<usize, StopError> {
    let id = find(layout, name)?;
    match call(layout, name, &id, &Request::Flows)? {
        Answer::Flows { count } => Ok(count),
        _ => Err(StopError::NotRunning(name.clone())),
    }
}

/// Waits until no connection is left, or `deadline`. Returns how many are.
///
/// # Errors
/// If the kernel does not tell; a container that ends meanwhile has none.
pub fn wait_drained(layout: &Layout, name: &ContainerName, deadline: Instant) -> Result<usize, StopError> {
    loop {
        let left = match flows(layout, name) {
            Err(StopError::NotRunning(_) | StopError::Killed(_)) => 0,
            left => left?,
        };
        if left == 0 || Instant::now() >= deadline {
            return Ok(left);
        }
        sleep(LOOK_AGAIN);
    }
}
