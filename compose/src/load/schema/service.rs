//! A service and the sections within it.

use super::project::CONFIG_USE;
use super::{Field, Kind, Merge, Object, applied, inert, later, object, refused};
use crate::load::{finish, identity, short};
use Kind::{
    Any, Bool, Command, Duration, Either, HealthTest, Hosts, Integer, List, Map, Names, Nullable, Number,
    Object as Keys, OneOrMore, Pairs, Path, PathOrUrl, Scalar, Short, Size, Text, Variables, Word,
};

pub(super) static SERVICE: Kind =
    Keys(&Object { name: "a service", fields: FIELDS, finish: finish::service });

const FIELDS: &[Field] = &[
    applied("annotations", Pairs),
    applied("attach", Bool),
    applied("blkio_config", Keys(&BLKIO)),
    applied("build", Short(short::build, &BUILD)),
    applied("cap_add", List(&Text, Merge::Unique)),
    applied("cap_drop", List(&Text, Merge::Unique)),
    applied("cgroup", Word(&["host", "private"])),
    applied("cgroup_parent", Text),
    applied("command", Nullable(&Command)),
    applied("configs", List(&CONFIG_USE, Merge::By(identity::config))),
    applied("container_name", Text),
    inert("cpu_count", Any),
    inert("cpu_percent", Any),
    applied("cpu_period", Integer),
    applied("cpu_quota", Integer),
    applied("cpu_rt_period", MICROSECONDS),
    applied("cpu_rt_runtime", MICROSECONDS),
    applied("cpu_shares", Integer),
    applied("cpus", Number),
    applied("cpuset", Text),
    inert("credential_spec", Any),
    applied("depends_on", Names(&DEPENDENCY, false)),
    applied("deploy", Nullable(&DEPLOY_SECTION)),
    applied("develop", Nullable(&DEVELOP)),
    applied("device_cgroup_rules", List(&Text, Merge::Unique)),
    applied("devices", List(&DEVICE, Merge::By(identity::device))),
    applied("dns", OneOrMore(&Text, Merge::Unique)),
    applied("dns_opt", List(&Text, Merge::Unique)),
    applied("dns_search", OneOrMore(&Text, Merge::Unique)),
    applied("domainname", Text),
    applied("entrypoint", Nullable(&Command)),
    applied("env_file", OneOrMore(&ENV_FILE, Merge::By(identity::path))),
    applied("environment", Variables),
    applied("expose", List(&Scalar, Merge::Unique)),
    applied("extends", Short(short::extends, &EXTENDS)),
    applied("external_links", List(&Text, Merge::Unique)),
    applied("extra_hosts", Hosts),
    applied("gpus", Short(short::gpus, &GPUS)),
    applied("group_add", List(&Scalar, Merge::Unique)),
    applied("healthcheck", Keys(&HEALTHCHECK)),
    applied("hostname", Text),
    applied("image", Text),
    applied("init", Bool),
    applied("ipc", Text),
    applied("isolation", Text),
    applied("label_file", OneOrMore(&Path, Merge::Unique)),
    applied("labels", Pairs),
    applied("links", List(&Text, Merge::Unique)),
    applied("logging", Keys(&LOGGING)),
    applied("mac_address", Text),
    applied("mem_limit", Size),
    applied("mem_reservation", Size),
    applied("mem_swappiness", Integer),
    applied("memswap_limit", Size),
    later("models", Any),
    applied("network_mode", Text),
    applied("networks", Names(&SERVICE_NETWORK, true)),
    applied("oom_kill_disable", Bool),
    applied("oom_score_adj", Integer),
    applied("pid", Nullable(&Text)),
    applied("pids_limit", Integer),
    applied("platform", Text),
    applied("ports", List(&PORT, Merge::By(identity::port))),
    applied("post_start", List(&HOOK, Merge::Append)),
    applied("pre_start", List(&PRE_START, Merge::Append)),
    applied("pre_stop", List(&HOOK, Merge::Append)),
    applied("privileged", Bool),
    applied("profiles", List(&Text, Merge::Unique)),
    applied("provider", Keys(&PROVIDER)),
    applied("pull_policy", Text),
    inert("pull_refresh_after", Text),
    applied("read_only", Bool),
    applied("restart", Text),
    applied("runtime", Text),
    applied("scale", Integer),
    applied("secrets", List(&CONFIG_USE, Merge::By(identity::secret))),
    applied("security_opt", List(&Text, Merge::Unique)),
    applied("shm_size", Size),
    applied("stdin_open", Bool),
    applied("stop_grace_period", Duration),
    applied("stop_signal", Text),
    applied("storage_opt", Map(&Scalar)),
    applied("sysctls", Pairs),
    applied("tmpfs", OneOrMore(&Text, Merge::Unique)),
    applied("tty", Bool),
    applied("ulimits", Map(&ULIMIT)),
    applied("use_api_socket", Bool),
    applied("user", Text),
    applied("userns_mode", Text),
    applied("uts", Text),
    applied("volumes", List(&MOUNT, Merge::By(identity::target))),
    applied("volumes_from", List(&Text, Merge::Unique)),
    applied("working_dir", Text),
];

static BUILD: Kind = Keys(&Object {
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
        later("platforms", List(&Text, Merge::Unique)),
        later("privileged", Bool),
        later("provenance", Scalar),
        applied("pull", Bool),
        later("sbom", Scalar),
        later("secrets", List(&CONFIG_USE, Merge::By(identity::secret))),
        later("shm_size", Size),
        later("ssh", Any),
        applied("tags", List(&Text, Merge::Unique)),
        applied("target", Text),
        later("ulimits", Map(&ULIMIT)),
    ],
    finish: finish::build,
});

static DEPENDENCY: Kind = Keys(&object(
    "a dependency",
    &[
        applied("condition", Word(&["service_started", "service_healthy", "service_completed_successfully"])),
        applied("required", Bool),
        applied("restart", Bool),
    ],
));

static ENV_FILE: Kind = Short(
    short::env_file,
    &Keys(&object(
        "an env file",
        &[applied("format", Text), applied("path", Path), applied("required", Bool)],
    )),
);

static EXTENDS: Kind = Keys(&object("extends", &[applied("file", Text), applied("service", Text)]));

static HEALTHCHECK: Object = Object {
    name: "a health check",
    fields: &[
        applied("disable", Bool),
        applied("interval", Duration),
        applied("retries", Integer),
        applied("start_interval", Duration),
        applied("start_period", Duration),
        applied("test", HealthTest),
        applied("timeout", Duration),
    ],
    finish: finish::healthcheck,
};

static HOOK: Kind = Keys(&object(
    "a hook",
    &[
        applied("command", Command),
        applied("environment", Variables),
        applied("privileged", Bool),
        applied("user", Text),
        applied("working_dir", Text),
    ],
));

static DEVELOP: Kind = Keys(&object("develop", &[applied("watch", List(&WATCH_RULE, Merge::Append))]));

static WATCH_RULE: Kind = Keys(&Object {
    name: "a watch rule",
    fields: &[
        applied("action", Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
        applied("exec", Nullable(&HOOK)),
        applied("ignore", OneOrMore(&Text, Merge::Append)),
        applied("include", OneOrMore(&Text, Merge::Append)),
        applied("initial_sync", Bool),
        applied("path", Path),
        applied("target", Text),
    ],
    finish: finish::watch_rule,
});

static PRE_START: Kind = Keys(&object(
    "a pre_start hook",
    &[
        applied("command", Command),
        applied("environment", Variables),
        applied("image", Text),
        refused("per_replica"),
        applied("privileged", Bool),
        applied("user", Text),
        applied("working_dir", Text),
    ],
));

static PROVIDER: Object = object(
    "a provider",
    &[applied("options", Map(&Either(&Scalar, &List(&Scalar, Merge::Append)))), applied("type", Text)],
);

static LOGGING: Object =
    object("logging", &[applied("driver", Text), applied("options", Map(&Nullable(&Scalar)))]);

static SERVICE_NETWORK: Kind = Nullable(&Keys(&object(
    "a service's network",
    &[
        applied("aliases", List(&Text, Merge::Unique)),
        applied("driver_opts", Map(&Scalar)),
        applied("gw_priority", Integer),
        applied("interface_name", Text),
        applied("ipv4_address", Text),
        applied("ipv6_address", Text),
        applied("link_local_ips", List(&Text, Merge::Unique)),
        applied("mac_address", Text),
        applied("priority", Integer),
    ],
)));

static DEVICE: Kind = Short(
    short::device,
    &Keys(&object(
        "a device",
        &[applied("permissions", Text), applied("source", Text), applied("target", Text)],
    )),
);

static PORT: Kind = Short(
    short::ports,
    &Keys(&Object {
        name: "a port",
        fields: &[
            inert("app_protocol", Text),
            applied("host_ip", Text),
            applied("mode", Word(&["ingress", "host"])),
            applied("name", Text),
            applied("protocol", Word(&["tcp", "udp", "sctp"])),
            applied("published", Scalar),
            applied("target", Integer),
        ],
        finish: finish::port,
    }),
);

static MOUNT: Kind = Short(
    short::mount,
    &Keys(&Object {
        name: "a volume",
        fields: &[
            applied("bind", Keys(&BIND)),
            inert("consistency", Text),
            applied("image", Keys(&object("image", &[applied("subpath", Text)]))),
            applied("read_only", Bool),
            applied("source", Text),
            applied("target", Text),
            applied("tmpfs", Keys(&TMPFS)),
            applied("type", Word(&["bind", "volume", "tmpfs", "image"])),
            applied("volume", Keys(&VOLUME_USE)),
        ],
        finish: finish::mount,
    }),
);

static BIND: Object = object(
    "bind",
    &[
        applied("create_host_path", Bool),
        applied("propagation", Text),
        applied("recursive", Word(&["enabled", "disabled", "writable", "readonly"])),
        inert("selinux", Word(&["z", "Z"])),
    ],
);

static TMPFS: Object = object("tmpfs", &[applied("mode", Integer), applied("size", Size)]);

static VOLUME_USE: Object =
    object("volume", &[applied("labels", Pairs), applied("nocopy", Bool), applied("subpath", Text)]);

static BLKIO: Object = object(
    "blkio_config",
    &[
        applied("device_read_bps", List(&RATE, Merge::By(identity::path))),
        applied("device_read_iops", List(&RATE, Merge::By(identity::path))),
        applied("device_write_bps", List(&RATE, Merge::By(identity::path))),
        applied("device_write_iops", List(&RATE, Merge::By(identity::path))),
        applied("weight", Integer),
        applied("weight_device", List(&WEIGHT, Merge::By(identity::path))),
    ],
);

static RATE: Kind = Keys(&object("a limit of a device", &[applied("path", Text), applied("rate", Size)]));

static WEIGHT: Kind =
    Keys(&object("a weight of a device", &[applied("path", Text), applied("weight", Integer)]));

/// A number of microseconds, or a duration; becomes an integer.
const MICROSECONDS: Kind = Short(short::microseconds, &Integer);

static GPUS: Kind = DEVICE_REQUESTS;

const DEVICE_REQUESTS: Kind = List(&DEVICE_REQUEST, Merge::Append);

static DEVICE_REQUEST: Kind = Keys(&object(
    "a device request",
    &[
        applied("capabilities", List(&Text, Merge::Unique)),
        applied("count", Short(short::count, &Integer)),
        applied("device_ids", List(&Scalar, Merge::Unique)),
        applied("driver", Text),
        applied("options", Pairs),
    ],
));

static ULIMIT: Kind =
    Either(&Integer, &Keys(&object("a limit", &[applied("hard", Integer), applied("soft", Integer)])));

static DEPLOY_SECTION: Kind = Keys(&DEPLOY);

static DEPLOY: Object = object(
    "deploy",
    &[
        inert("endpoint_mode", Text),
        inert("labels", Pairs),
        inert("mode", Text),
        inert("placement", Any),
        applied("replicas", Integer),
        applied("resources", Keys(&RESOURCES)),
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
        applied("parallelism", Integer),
    ],
);

static RESOURCES: Object =
    object("resources", &[applied("limits", Keys(&LIMITS)), applied("reservations", Keys(&RESERVATIONS))]);

static LIMITS: Object =
    object("limits", &[applied("cpus", Scalar), applied("memory", Size), applied("pids", Integer)]);

static RESERVATIONS: Object = object(
    "reservations",
    &[
        inert("cpus", Scalar),
        applied("devices", DEVICE_REQUESTS),
        inert("generic_resources", Any),
        applied("memory", Size),
    ],
);

static RESTART_POLICY: Object = object(
    "restart_policy",
    &[
        applied("condition", Word(&["none", "on-failure", "any"])),
        applied("delay", Duration),
        applied("max_attempts", Integer),
        applied("window", Duration),
    ],
);
