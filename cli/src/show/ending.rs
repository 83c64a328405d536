//! How a container ended, in words: what its exit code alone does not tell.

use super::size;
use engine::container::Signal;
use engine::state::{Layout, container};
use engine_spec::{ContainerName, EndReason, RunEnd};

/// A few words, for a listing.
pub(crate) fn brief(reason: EndReason) -> String {
    match reason {
        EndReason::OutOfMemory => "out of memory".to_owned(),
        EndReason::Signal(signal) => format!("killed by signal {signal}"),
    }
}

/// A sentence about a container, `called` so here, to follow the last of its output; `None` where the exit code
/// tells all.
pub(crate) fn sentence(
    layout: &Layout,
    container: &ContainerName,
    called: &str,
    end: &RunEnd,
) -> Option<String> {
    Some(match end.reason? {
        EndReason::OutOfMemory => out_of_memory(called, end.exit_code, memory_limit(layout, container)),
        EndReason::Signal(number) => {
            let name = Signal::from_number(number).map(|signal| format!(" ({signal})")).unwrap_or_default();
            format!("{called} was killed by signal {number}{name}")
        }
    })
}

/// As its record has it now; `update` may have changed it since.
fn memory_limit(layout: &Layout, name: &ContainerName) -> Option<u64> {
    let id = container::by_name(layout, name)?;
    container::load(layout, &id).ok()??.spec.resources.memory.limit
}

/// The process that the kernel chose need not be the container's first.
fn out_of_memory(called: &str, exit_code: Option<i32>, limit: Option<u64>) -> String {
    const KILLED: i32 = 128 + 9;
    let who = if exit_code == Some(KILLED) { called.to_owned() } else { format!("a process of {called}") };
    let limit = limit.map(|limit| format!(", its limit is {}", size::binary(limit))).unwrap_or_default();
    format!("{who} was killed: out of memory{limit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_memory_is_told_with_the_limit_and_whose_it_was() {
        let check = |code, limit, expected: &str| assert_eq!(out_of_memory("web-1", code, limit), expected);
        check(Some(137), Some(64 << 20), "web-1 was killed: out of memory, its limit is 64MiB");
        check(Some(1), None, "a process of web-1 was killed: out of memory");
    }
}
