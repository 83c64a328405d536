//! Names for containers that were given none: a sailor's adjective and a thing of the harbour.

use engine_spec::ContainerName;
use std::hash::{BuildHasher, RandomState};

const ADJECTIVES: [&str; 64] = [
    "able", "ample", "amber", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "cheery",
    "clear", "clever", "cosy", "crisp", "daring", "deep", "eager", "early", "easy", "fair", "famous",
    "fleet", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "hearty", "humble", "jolly",
    "keen", "kind", "lively", "loyal", "lucky", "mellow", "merry", "mighty", "mild", "neat", "nimble",
    "noble", "patient", "plucky", "polite", "proud", "quick", "quiet", "ready", "salty", "sharp", "silent",
    "silver", "snug", "steady", "sunny", "swift", "tidy", "warm", "wise", "witty",
];
const NOUNS: [&str; 64] = [
    "anchor", "barge", "bay", "beacon", "boat", "bollard", "bow", "breeze", "bridge", "brig", "buoy",
    "canoe", "captain", "cargo", "chart", "coast", "compass", "coral", "crane", "crew", "current", "deck",
    "dock", "dolphin", "drifter", "ferry", "fjord", "galley", "gull", "harbour", "haven", "heron", "hull",
    "island", "jetty", "kayak", "keel", "lagoon", "lantern", "lighter", "lock", "mast", "mooring", "oar",
    "otter", "pelican", "pier", "pilot", "port", "quay", "raft", "reef", "rigging", "rudder", "sail", "seal",
    "skiff", "sloop", "tern", "tide", "tug", "wharf", "winch", "yacht",
];

/// A name by chance, one of some four thousand with as many again for each number.
pub(crate) fn random() -> ContainerName {
    name(RandomState::new().hash_one(()))
}

fn name(chance: u64) -> ContainerName {
    let pick =
        |words: &[&'static str; 64], shift: u32| words[usize::try_from(chance >> shift & 63).unwrap_or(0)];
    let number = chance >> 12 & 0xff;
    let text = format!("{}_{}{number}", pick(&ADJECTIVES, 0), pick(&NOUNS, 6));
    ContainerName::new(text).expect("words of letters and a number are a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chance_is_a_name_that_can_be_read() {
        assert_eq!(name(0).as_str(), "able_anchor0");
        assert_eq!(name(u64::MAX).as_str(), "witty_yacht255");
        assert_ne!(random(), random());
    }
}
