//! The `build` section of a service.

use super::project::CONFIG_USE;
use super::service::ULIMIT;
use super::{Kind, Merge, Object, applied, inert, later};
use crate::load::finish;
use Kind::{
    Bool, Hosts, List, Map, Object as Keys, OneOrMore, Pairs, PathOrUrl, Scalar, Size, Text, Variables,
};

pub(super) static BUILD: Kind = Keys(&Object {
    name: "build",
    fields: &[
        later("additional_contexts", Pairs),
        applied("args", Variables),
        later("cache_from", List(&Text, Merge::Append)),
        later("cache_to", List(&Text, Merge::Append)),
        applied("context", PathOrUrl),
        applied("dockerfile", Text),
        applied("dockerfile_inline", Text),
        later("entitlements", List(&Text, Merge::Append)),
        applied("extra_hosts", Hosts),
        inert("isolation", Text),
        applied("labels", Pairs),
        applied("network", Text),
        applied("no_cache", Bool),
        later("no_cache_filter", OneOrMore(&Text, Merge::Append)),
        later("platforms", List(&Text, Merge::Append)),
        later("privileged", Bool),
        later("provenance", Scalar),
        applied("pull", Bool),
        later("sbom", Scalar),
        later("secrets", List(&CONFIG_USE, Merge::Append)),
        later("shm_size", Size),
        later("ssh", Variables),
        applied("tags", List(&Text, Merge::Unique)),
        applied("target", Text),
        later("ulimits", Map(&ULIMIT)),
    ],
    finish: finish::build,
});
