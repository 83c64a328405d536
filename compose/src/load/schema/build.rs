//! The `build` section of a service.

use super::project::BUILD_SECRET;
use super::service::ULIMIT;
use super::{Kind, Merge, Object, applied, inert};
use crate::load::finish;
use Kind::{
    Bool, Hosts, List, Map, Object as Keys, OneOrMore, Pairs, PathOrUrl, Scalar, Size, Text, Variables,
};

pub(super) static BUILD: Kind = Keys(&Object {
    name: "build",
    fields: &[
        applied("additional_contexts", Pairs),
        applied("args", Variables),
        applied("cache_from", List(&Text, Merge::Append)),
        applied("cache_to", List(&Text, Merge::Append)),
        applied("context", PathOrUrl),
        applied("dockerfile", Text),
        applied("dockerfile_inline", Text),
        applied("entitlements", List(&Text, Merge::Append)),
        applied("extra_hosts", Hosts),
        inert("isolation", Text),
        applied("labels", Pairs),
        applied("network", Text),
        applied("no_cache", Bool),
        applied("no_cache_filter", OneOrMore(&Text, Merge::Append)),
        applied("platforms", List(&Text, Merge::Append)),
        applied("privileged", Bool),
        inert("provenance", Scalar),
        applied("pull", Bool),
        inert("sbom", Scalar),
        applied("secrets", List(&BUILD_SECRET, Merge::Append)),
        applied("shm_size", Size),
        applied("ssh", Variables),
        applied("tags", List(&Text, Merge::Unique)),
        applied("target", Text),
        applied("ulimits", Map(&ULIMIT)),
    ],
    finish: finish::build,
});
