//! The `deploy` section of a service.

use super::{Empty, Kind, Merge, Object, applied, inert, object};
use crate::load::finish;
use Kind::{Duration, Integer, List, Number, Object as Keys, Pairs, Scalar, Size, Text, Word};

pub(super) static DEPLOY_SECTION: Kind = Keys(&DEPLOY);

static DEPLOY: Object = object(
    "deploy",
    &[
        inert("endpoint_mode", Text),
        inert("labels", Pairs),
        inert("mode", Text),
        inert("placement", Keys(&PLACEMENT)).empty(Empty::Mapping),
        applied("replicas", Integer).kept(),
        applied("resources", Keys(&RESOURCES)).empty(Empty::Mapping),
        applied("restart_policy", Keys(&RESTART_POLICY)),
        applied("rollback_config", Keys(&UPDATE_CONFIG)),
        applied("update_config", Keys(&UPDATE_CONFIG)),
    ],
);

static UPDATE_CONFIG: Object = object(
    "an update",
    &[
        applied("delay", Duration),
        applied("failure_action", Word(&["pause", "continue", "rollback"])),
        applied("max_failure_ratio", Number),
        applied("monitor", Duration),
        applied("order", Word(&["stop-first", "start-first"])),
        applied("parallelism", Integer).kept(),
    ],
);

static RESOURCES: Object =
    object("resources", &[applied("limits", Keys(&LIMITS)), applied("reservations", Keys(&RESERVATIONS))]);

static LIMITS: Object =
    object("limits", &[applied("cpus", Number), applied("memory", Size), applied("pids", Integer)]);

static RESERVATIONS: Object = object(
    "reservations",
    &[
        inert("cpus", Number),
        applied("devices", List(&DEVICE_REQUEST, Merge::Append)),
        inert("generic_resources", List(&GENERIC_RESOURCE, Merge::Append)),
        applied("memory", Size),
    ],
);

static RESTART_POLICY: Object = object(
    "restart_policy",
    &[
        applied("condition", Text),
        applied("delay", Duration).kept(),
        applied("max_attempts", Integer).kept(),
        applied("window", Duration).kept(),
    ],
);

static PLACEMENT: Object = object(
    "placement",
    &[
        inert("constraints", List(&Text, Merge::Append)),
        inert("max_replicas_per_node", Integer),
        inert("preferences", List(&PREFERENCE, Merge::Append)),
    ],
);

static PREFERENCE: Kind = Keys(&object("a preference", &[inert("spread", Text)]));

static GENERIC_RESOURCE: Kind =
    Keys(&object("a resource", &[inert("discrete_resource_spec", Keys(&DISCRETE_RESOURCE))]));

static DISCRETE_RESOURCE: Object =
    object("discrete_resource_spec", &[inert("kind", Text).kept(), inert("value", Integer).kept()]);

/// GPUs and other devices that a driver hands out.
pub(super) static DEVICE_REQUESTS: Kind = List(&DEVICE_REQUEST, Merge::Append);

static DEVICE_REQUEST: Kind = Keys(&Object {
    name: "a device request",
    fields: &[
        applied("capabilities", List(&Text, Merge::Distinct)),
        applied("count", Scalar),
        applied("device_ids", List(&Scalar, Merge::Distinct)),
        applied("driver", Text),
        applied("options", Pairs),
    ],
    finish: finish::device_request,
});
