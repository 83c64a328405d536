//! Words of docker that have no place here, and what stands in their place.

/// What to use instead of a command that only docker has.
pub(crate) fn instead_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "service" => {
            "services are those of a Compose file: `lighter ps`, `lighter up --scale SERVICE=NUMBER`"
        }
        "swarm" | "node" => {
            "there is one host and no cluster: start stacks on each host with `lighter up -d`"
        }
        "stack" => "a stack is a Compose project: `lighter up -d`, `lighter ls`, `lighter down`",
        "machine" => "no virtual machine is needed: lighter runs containers on this host",
        "context" => {
            "there is no daemon to choose: run lighter on the host that is meant, over ssh for instance"
        }
        "plugin" => "there are no plugins: volumes are local, networks are bridge, macvlan or ipvlan",
        "secret" => "secrets are those of a Compose file: its `secrets` section",
        "trust" | "checkpoint" => "there is nothing like it here",
        "manifest" | "buildx" => "images are built by `lighter build` and `lighter image build`",
        "info" => "use `lighter system info`",
        "inspect" => "use `lighter inspect`",
        "rmi" => "use `lighter image rm`",
        "tag" => "use `lighter image tag`",
        "import" => "use `lighter image import`",
        "save" | "load" | "history" | "search" => "see `lighter image --help`",
        "diff" => "use `lighter container diff`",
        "rename" => "use `lighter container rename`",
        "update" => "use `lighter container update`",
        "daemon" | "dockerd" => "there is no daemon: every command does its work itself",
        "compose" => "leave the word out: `lighter up`, `lighter down`, …",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_docker_has_is_answered_and_misspellings_are_not() {
        for word in ["service", "swarm", "machine", "context", "plugin", "node", "stack", "rmi"] {
            assert!(instead_of(word).is_some(), "{word}");
        }
        assert_eq!(instead_of("pss"), None);
    }
}
