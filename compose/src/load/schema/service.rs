//! A service and the sections within it.

use super::build::BUILD;
use super::deploy::{DEPLOY_SECTION, DEVICE_REQUESTS};
use super::project::CONFIG_USE;
use super::{Empty, Field, Kind, Merge, Object, applied, inert, later, object, refused};
use crate::load::{finish, identity, short};
use Kind::{
    Bool, Command, Duration, Either, HealthTest, Hosts, Integer, List, Map, Names, Nullable, Number,
    Object as Keys, OneOrMore, Pairs, Path, Scalar, Short, Size, Text, TextOrNumber, Variables, Word,
};

pub(super) static SERVICE: Kind =
    Keys(&Object { name: "a service", fields: FIELDS, finish: finish::service });

const FIELDS: &[Field] = &[
    applied("annotations", Pairs),
    applied("attach", Bool).kept(),
    applied("blkio_config", Keys(&BLKIO)),
    applied("build", Short(short::build, &BUILD)),
    applied("cap_add", List(&Text, Merge::Unique)),
    applied("cap_drop", List(&Text, Merge::Unique)),
    applied("cgroup", Word(&["host", "private"])),
    applied("cgroup_parent", Text),
    applied("command", Nullable(&Command)).empty(Empty::Null),
    applied("configs", List(&CONFIG_USE, Merge::By(identity::config))),
    applied("container_name", Text),
    inert("cpu_count", Integer),
    inert("cpu_percent", Number),
    applied("cpu_period", Integer),
    applied("cpu_quota", Integer),
    applied("cpu_rt_period", MICROSECONDS),
    applied("cpu_rt_runtime", MICROSECONDS),
    applied("cpu_shares", Integer),
    applied("cpus", Number),
    applied("cpuset", Text),
    inert("credential_spec", Keys(&CREDENTIAL_SPEC)),
    applied("depends_on", Names(&DEPENDENCY, false)),
    applied("deploy", Nullable(&DEPLOY_SECTION)),
    applied("develop", Nullable(&DEVELOP)),
    applied("device_cgroup_rules", List(&Text, Merge::Distinct)),
    applied("devices", List(&DEVICE, Merge::By(identity::device))),
    applied("dns", OneOrMore(&Text, Merge::Unique)),
    applied("dns_opt", List(&Text, Merge::Unique)),
    applied("dns_search", OneOrMore(&Text, Merge::Unique)),
    applied("domainname", Text),
    applied("entrypoint", Nullable(&Command)).empty(Empty::Null),
    applied("env_file", OneOrMore(&ENV_FILE, Merge::By(identity::path))),
    applied("environment", Variables),
    applied("expose", List(&TextOrNumber, Merge::Unique)),
    applied("extends", Short(short::extends, &EXTENDS)),
    applied("external_links", List(&Text, Merge::Distinct)),
    applied("extra_hosts", Hosts),
    applied("gpus", Short(short::gpus, &DEVICE_REQUESTS)),
    applied("group_add", List(&TextOrNumber, Merge::Distinct)),
    applied("healthcheck", Keys(&HEALTHCHECK)),
    applied("hostname", Text),
    applied("image", Text),
    applied("init", Bool).kept(),
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
    later("models", Names(&SERVICE_MODEL, true)),
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
    applied("scale", Integer).kept(),
    applied("secrets", List(&CONFIG_USE, Merge::By(identity::secret))),
    applied("security_opt", List(&Text, Merge::Distinct)),
    applied("shm_size", Size),
    applied("stdin_open", Bool),
    applied("stop_grace_period", Duration).kept(),
    applied("stop_signal", Text),
    applied("storage_opt", Map(&Scalar)),
    applied("sysctls", Pairs),
    applied("tmpfs", OneOrMore(&Text, Merge::By(identity::key))),
    applied("tty", Bool),
    applied("ulimits", Map(&ULIMIT)),
    applied("use_api_socket", Bool),
    applied("user", Text),
    applied("userns_mode", Text),
    applied("uts", Text),
    applied("volumes", List(&MOUNT, Merge::By(identity::target))),
    applied("volumes_from", List(&Text, Merge::Distinct)),
    applied("working_dir", Text),
];

static DEPENDENCY: Kind = Keys(&object(
    "a dependency",
    &[
        applied("condition", Word(&["service_started", "service_healthy", "service_completed_successfully"])),
        applied("required", Bool).kept(),
        applied("restart", Bool),
    ],
));

static ENV_FILE: Kind = Short(
    short::env_file,
    &Keys(&object(
        "an env file",
        &[applied("format", Text), applied("path", Path), applied("required", Bool).kept()],
    )),
);

static EXTENDS: Kind = Keys(&object("extends", &[applied("file", Text), applied("service", Text)]));

static HEALTHCHECK: Object = Object {
    name: "a health check",
    fields: &[
        applied("disable", Bool),
        applied("interval", Duration).kept(),
        applied("retries", Integer).kept(),
        applied("start_interval", Duration).kept(),
        applied("start_period", Duration).kept(),
        applied("test", HealthTest),
        applied("timeout", Duration).kept(),
    ],
    finish: finish::healthcheck,
};

static HOOK: Kind = Keys(&object(
    "a hook",
    &[
        applied("command", Nullable(&Command)).empty(Empty::Null),
        applied("environment", Variables),
        applied("privileged", Bool),
        applied("user", Text),
        applied("working_dir", Text),
    ],
));

static PRE_START: Kind = Keys(&object(
    "a pre_start hook",
    &[
        applied("command", Nullable(&Command)).empty(Empty::Null),
        applied("environment", Variables),
        applied("image", Text),
        refused("per_replica", Bool),
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
    object("logging", &[applied("driver", Text), applied("options", Map(&Nullable(&TextOrNumber)))]);

static SERVICE_NETWORK: Kind = Nullable(&Keys(&object(
    "a service's network",
    &[
        applied("aliases", List(&Text, Merge::Unique)),
        applied("driver_opts", Map(&TextOrNumber)),
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
            applied("mode", Text),
            applied("name", Text),
            applied("protocol", Text),
            applied("published", TextOrNumber),
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
            applied("type", Word(&["bind", "volume", "tmpfs", "image", "npipe", "cluster"])),
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

pub(super) static ULIMIT: Kind =
    Either(&Integer, &Keys(&object("a limit", &[applied("hard", Integer), applied("soft", Integer)])));

/// A number of microseconds, or a duration; becomes an integer.
const MICROSECONDS: Kind = Short(short::microseconds, &Integer);

static BLKIO: Object = object(
    "blkio_config",
    &[
        applied("device_read_bps", List(&DEVICE_RATE, Merge::By(identity::path))),
        applied("device_read_iops", List(&DEVICE_RATE, Merge::By(identity::path))),
        applied("device_write_bps", List(&DEVICE_RATE, Merge::By(identity::path))),
        applied("device_write_iops", List(&DEVICE_RATE, Merge::By(identity::path))),
        applied("weight", Integer),
        applied("weight_device", List(&DEVICE_WEIGHT, Merge::By(identity::path))),
    ],
);

static DEVICE_RATE: Kind = Keys(&object("a device's rate", &[applied("path", Text), applied("rate", Size)]));

static DEVICE_WEIGHT: Kind =
    Keys(&object("a device's weight", &[applied("path", Text), applied("weight", Integer)]));

static CREDENTIAL_SPEC: Object =
    object("credential_spec", &[inert("config", Text), inert("file", Text), inert("registry", Text)]);

static SERVICE_MODEL: Kind =
    Nullable(&Keys(&object("a service's model", &[later("endpoint_var", Text), later("model_var", Text)])));

static DEVELOP: Kind = Keys(&object("develop", &[applied("watch", List(&TRIGGER, Merge::Append))]));

static TRIGGER: Kind = Keys(&Object {
    name: "a watch rule",
    fields: &[
        applied("action", Word(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])).kept(),
        applied("exec", Nullable(&HOOK)).empty(Empty::Mapping),
        applied("ignore", OneOrMore(&Text, Merge::Append)),
        applied("include", OneOrMore(&Text, Merge::Append)),
        applied("initial_sync", Bool),
        applied("path", Path).kept(),
        applied("target", Text),
    ],
    finish: finish::watch_rule,
});
