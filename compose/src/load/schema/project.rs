//! The top level: networks, volumes, configs, secrets.

use super::service::SERVICE;
use super::{Empty, Field, Kind, Merge, Object, applied, inert, later, object, refused};
use crate::load::{finish, identity, short};
use Kind::{
    Bool, Either, Integer, List, Map, Nullable, Object as Keys, OneOrMore, Pairs, Path, Short, Text,
    TextOrNumber,
};

/// The whole file.
pub(in crate::load) static PROJECT: Object = object("the file", PROJECT_FIELDS);

const PROJECT_FIELDS: &[Field] = &[
    applied("configs", Map(&CONFIG)),
    applied("include", List(&INCLUDE, Merge::Append)),
    later("models", Map(&MODEL)),
    applied("name", Text),
    applied("networks", Map(&NETWORK)),
    applied("secrets", Map(&SECRET)),
    applied("services", Map(&SERVICE)),
    applied("version", Text),
    applied("volumes", Map(&VOLUME)),
];

static MODEL: Kind = Keys(&object(
    "a model",
    &[
        later("context_size", Integer),
        later("model", Text),
        later("name", Text),
        later("runtime_flags", List(&Text, Merge::Append)),
    ],
));

static INCLUDE: Kind = Short(
    short::include,
    &Keys(&object(
        "an include",
        &[
            applied("env_file", OneOrMore(&Text, Merge::Append)),
            applied("path", OneOrMore(&Text, Merge::Append)),
            applied("project_directory", Text),
        ],
    )),
);

static NETWORK: Kind = Nullable(&Keys(&Object {
    name: "a network",
    fields: &[
        applied("attachable", Bool),
        applied("driver", Text),
        applied("driver_opts", Map(&TextOrNumber)),
        applied("enable_ipv4", Bool).kept(),
        applied("enable_ipv6", Bool).kept(),
        applied("external", Either(&Bool, &EXTERNAL)),
        applied("internal", Bool),
        applied("ipam", Keys(&IPAM)).empty(Empty::Mapping),
        applied("labels", Pairs),
        applied("name", Text),
    ],
    finish: finish::external,
}));

static EXTERNAL: Kind = Keys(&object("external", &[applied("name", Text)]));

static IPAM: Object = object(
    "ipam",
    &[
        applied("config", List(&Keys(&POOL), Merge::Onto(identity::subnet))),
        applied("driver", Text),
        later("options", Map(&TextOrNumber)),
    ],
);

static POOL: Object = object(
    "an address pool",
    &[
        applied("aux_addresses", Map(&Text)),
        applied("gateway", Text),
        applied("ip_range", Text),
        applied("subnet", Text),
    ],
);

static VOLUME: Kind = Nullable(&Keys(&Object {
    name: "a volume",
    fields: &[
        applied("driver", Text),
        applied("driver_opts", Map(&TextOrNumber)),
        applied("external", Either(&Bool, &EXTERNAL)),
        applied("labels", Pairs),
        applied("name", Text),
    ],
    finish: finish::volume,
}));

static CONFIG: Kind = Keys(&Object {
    name: "a config",
    fields: &[
        applied("content", Text),
        applied("environment", Text),
        applied("external", Either(&Bool, &EXTERNAL)),
        applied("file", Path),
        inert("labels", Pairs),
        applied("name", Text),
        refused("template_driver", Text),
    ],
    finish: finish::external,
});

static SECRET: Kind = Keys(&Object {
    name: "a secret",
    fields: &[
        refused("driver", Text),
        refused("driver_opts", Map(&TextOrNumber)),
        applied("environment", Text),
        applied("external", Either(&Bool, &EXTERNAL)),
        applied("file", Path),
        inert("labels", Pairs),
        applied("name", Text),
        refused("template_driver", Text),
    ],
    finish: finish::external,
});

/// A config or secret in a service.
pub(super) static CONFIG_USE: Kind = Short(short::attachment, &Keys(&ATTACHMENT));

static ATTACHMENT: Object = object(
    "a reference",
    &[
        applied("gid", Text),
        applied("mode", Integer).kept(),
        applied("source", Text),
        applied("target", Text),
        applied("uid", Text),
    ],
);

/// A secret in a build: owner and mode are said by the `RUN --mount` that asks for it.
pub(super) static BUILD_SECRET: Kind = Short(
    short::attachment,
    &Keys(&object(
        "a reference",
        &[
            inert("gid", Text),
            inert("mode", Integer).kept(),
            applied("source", Text),
            applied("target", Text),
            inert("uid", Text),
        ],
    )),
);
