//! Names and ways of packets: the table of what resolves, put to both, and what passes beside real firewalls.

mod names;
mod ways;

use super::comparison::Comparison;
use super::{Area, Engines};
use anyhow::Result;

pub(super) const AREA: Area = Area {
    name: "network",
    title: "Networks: names, and ways beside firewalls",
    note: "Names are asked by a program in a container, at 127.0.0.11; compared is the answer, addresses without their \
           subnet. Ways are tried in network namespaces of their own, beside a firewall that really runs there: the \
           answer that is called Docker's is the one that must be.",
    compare,
};

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    let mut comparisons = names::compare(engines)?;
    comparisons.extend(ways::compare(engines)?);
    Ok(comparisons)
}
