//! Why some answers differ.

/// Lines whose answers differ on purpose.
pub(super) const ON_PURPOSE: &[(&str, &str)] = &[
    (
        "container run --rm --link linked:other busybox sh -c 'grep -c other /etc/hosts'",
        "the name server knows links, so that they follow a container that is started again",
    ),
    (
        "container rm -f no-such-container",
        "what is not there makes the command fail; `--force` is about containers that run",
    ),
    (
        "container export policy -o /dev/null",
        "a device or pipe is written to, as the shell's `>` would; Docker takes regular files only",
    ),
    (
        "container exec web no-such-program",
        "127 says that the program is missing, as `run` does and newer Docker too; a message is talk and goes to stderr",
    ),
    (
        "container run --rm -m 1m busybox true",
        "a limit is the user's to choose: what does not fit into it is killed, and `ps` says so",
    ),
    (
        "container run --rm --cpus 1000 busybox true",
        "a quota above what the machine has limits nothing, and a file may be meant for a larger one",
    ),
    (
        "container run --rm --device /dev/no-such busybox true",
        "125, as nothing came to run; 127 is for a missing program, of which Docker takes this for one",
    ),
    ("container exec -d o1 no-such-program", "127 says what is missing with `-d` too"),
];
