//! Whether this host can run programs of another platform: through an emulator that binfmt_misc knows.

use engine_spec::Platform;
use std::fs;
use std::path::Path;

/// Where the kernel lists its interpreters (Documentation/admin-guide/binfmt-misc.rst).
const INTERPRETERS: &str = "/proc/sys/fs/binfmt_misc";

/// Whether commands for `platform` run here.
pub(in crate::build) fn can_run(platform: &Platform) -> bool {
    let host = Platform::host();
    platform.architecture == host.architecture
        || is_relative(&host.architecture, &platform.architecture)
        || has_interpreter(Path::new(INTERPRETERS), &platform.architecture)
}

/// Processors that run programs of smaller ones themselves.
fn is_relative(host: &str, wanted: &str) -> bool {
    matches!((host, wanted), ("amd64", "386") | ("arm64", "arm"))
}

fn has_interpreter(folder: &Path, architecture: &str) -> bool {
    let name = match architecture {
        "amd64" => "x86_64",
        "386" => "i386",
        "arm64" => "aarch64",
        other => other,
    };
    let entry = fs::read_to_string(folder.join(format!("qemu-{name}")));
    entry.is_ok_and(|text| text.starts_with("enabled"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::scratch::Scratch;

    #[test]
    fn an_emulator_counts_only_if_it_is_enabled() {
        let scratch = Scratch::new();
        let folder =
            scratch.tree("b", &[("qemu-aarch64", "enabled\ninterpreter /q"), ("qemu-ppc64le", "disabled\n")]);
        assert!(has_interpreter(&folder, "arm64"));
        assert!(!has_interpreter(&folder, "ppc64le") && !has_interpreter(&folder, "s390x"));
        assert!(can_run(&Platform::host()));
    }
}
