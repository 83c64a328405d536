//! Command lines on single containers, one after the other: exit code and what a script would read.

use super::comparison::Comparison;
use super::{Area, Engines};
use crate::engine::Engine;
use anyhow::Result;

pub(super) const AREA: Area = Area {
    name: "operations",
    title: "Operations on containers, volumes and objects",
    note: "Each line is run by both, in this order: `docker LINE` and `lighter LINE`. Compared are the exit code and stdout, ids apart.",
    compare,
};

/// Stands for a port of the host, of which each engine has its own.
const HOST_PORT: &str = "HOSTPORT";

const LINES: &[&str] = &[
    "container create --name made busybox true",
    "container create --name made busybox true",
    "container ls -a --filter name=made --format '{{.Names}} {{.State}} {{.Status}}'",
    "container inspect made -f '{{.Name}} {{.State.Status}} {{.Path}} {{.Args}} {{.Config.Cmd}}'",
    "container start made",
    "container wait made",
    "container inspect made -f '{{.State.Status}} {{.State.ExitCode}}'",
    "container rm made",
    "container rm made",
    "container inspect made",
    "container run --rm busybox echo hello",
    "container run --rm busybox sh -c 'exit 3'",
    "container run --rm busybox no-such-program",
    "container run --rm busybox /etc",
    "container run --no-such-flag busybox",
    "container run --rm --pull never no-such-image:none",
    "container run --rm -e A=1 busybox sh -c 'echo $A'",
    "container run --rm -w /tmp busybox pwd",
    "container run --rm -u 1000:1000 busybox id -u",
    "container run --rm -h web busybox hostname",
    "container run --rm --add-host db:10.1.2.3 busybox grep db /etc/hosts",
    "container run --rm --entrypoint echo busybox over",
    "container run --rm --read-only busybox touch /new",
    "container run --rm --tmpfs /t busybox sh -c 'touch /t/new && echo made'",
    "container run --rm --cap-drop ALL busybox chown 1 /tmp",
    "container run --rm --network none busybox ls /sys/class/net",
    "container run --rm --ulimit nofile=100:100 busybox sh -c 'ulimit -n'",
    "container run --rm -v relative:data busybox true",
    "container run --rm -p nothing:80 busybox true",
    "container run --rm --restart always busybox true",
    "container run --rm --mount type=bind,source=/no/such/path,target=/d busybox true",
    "container run --rm --network no-such-network busybox true",
    "container run -d --name web -p 127.0.0.1:HOSTPORT:80 -v opsdata:/data -e A=1 -l tier=web --restart on-failure:3 -m 64m busybox sleep 1000",
    "container ls --format '{{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Ports}}'",
    "container ls --format '{{.Mounts}} {{.Networks}} {{.LocalVolumes}} {{.Label \"tier\"}}'",
    "container ls --format 'table {{.Names}}\\t{{.State}}'",
    "container ls -q --filter label=tier=web",
    "container ls --filter status=exited -q",
    "container ls --filter no-such-filter=1",
    "container ls --format '{{.NoSuchField}}'",
    "container ls --format '{{.Names'",
    "container inspect web -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}} {{json .HostConfig.PortBindings}}'",
    "container inspect web -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}'",
    "container inspect web -f '{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}'",
    "container inspect web -f '{{json .Config.Labels}} {{.Config.Image}} {{.State.Running}} {{.State.Paused}}'",
    "inspect web --type container -f '{{.Name}}'",
    "inspect web --type volume",
    "inspect no-such-object",
    "container port web",
    "container exec web echo inside",
    "container exec web sh -c 'exit 4'",
    "container exec web no-such-program",
    "container exec -e B=2 -w /data web sh -c 'echo $B; pwd; echo kept > kept'",
    "container exec no-such-container true",
    "container run --rm --volumes-from web busybox cat /data/kept",
    "container pause web",
    "container inspect web -f '{{.State.Status}}'",
    "container unpause web",
    "container update --memory 128m --memory-swap -1 web",
    "container inspect web -f '{{.HostConfig.Memory}}'",
    "container rename web site",
    "container diff site",
    "container stop -t 0 site",
    "container inspect site -f '{{.State.Status}} {{.State.ExitCode}}'",
    "container ls -a --filter exited=137 --format '{{.Names}}'",
    "container start site",
    "container stop -t 0 site",
    "container wait site",
    "container logs site",
    "container rm site",
    "container run --rm -v opsdata:/data busybox cat /data/kept",
    "volume ls --filter name=opsdata --format '{{.Driver}} {{.Name}}'",
    "volume inspect opsdata -f '{{.Name}} {{.Driver}} {{.Scope}}'",
    "volume create --label tier=gold opsmade",
    "volume ls --filter label=tier=gold -q",
    "volume inspect opsmade -f '{{json .Labels}}'",
    "volume rm opsmade opsdata",
    "volume rm opsdata",
    "volume inspect opsdata",
    "image inspect busybox -f '{{.Os}} {{.Architecture}}'",
    "image inspect no-such-image",
    "container run -d --name linked busybox sleep 1000",
    "container run --rm --link linked:other busybox sh -c 'grep -c other /etc/hosts'",
    "container run --rm --network container:linked busybox sh -c 'hostname | wc -c'",
    "container rm linked",
    "container rm -f linked",
    "container rm -f no-such-container",
    "container stop no-such-container",
    "container no-such-command",
    "container run --rm=true -i=false --tty=false busybox echo booleans",
    "container run --rm=maybe busybox true",
    "container run -d --name policy --restart always --cpuset-mems 0 -m 64m busybox sleep 1000",
    "container inspect policy -f '{{.HostConfig.CpusetMems}} {{.RestartCount}} {{.State.FinishedAt}}'",
    "container ps --filter name=policy --format '{{upper .Names}}: {{.State}}'",
    "container top policy -o comm",
    "container top no-such-container",
    "container stats --no-stream --format '{{.Name}} {{.PIDs}}' policy",
    "container unpause policy",
    "container port policy 80",
    "container attach --no-stdin no-such-container",
    "container exec -d policy touch /made",
    "container exec -u nobody policy id -un",
    "container rename policy policy",
    "network create opsnet",
    "network ls --filter name=opsnet --format '{{.Name}} {{.Driver}} {{.Scope}}'",
    "network inspect opsnet -f '{{.Name}} {{.Driver}} {{.Internal}}'",
    "network connect opsnet policy",
    "container inspect policy -f '{{range $name, $place := .NetworkSettings.Networks}}{{$name}} {{end}}'",
    "network rm opsnet",
    "network disconnect opsnet policy",
    "network rm opsnet",
    "network rm opsnet",
    "container kill policy",
    "container wait policy",
    "container inspect policy -f '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}'",
    "container kill policy",
    "container restart -t 0 policy",
    "container kill -s NONSENSE policy",
    "container commit -c 'HEALTHCHECK CMD true' -c 'ONBUILD COPY . /src' -c 'CMD [\"env\"]' policy changed:1",
    "image inspect changed:1 -f '{{json .Config.Healthcheck}} {{json .Config.OnBuild}} {{.Config.Cmd}}'",
    "container commit -c 'RUN true' policy",
    "container export policy -o /dev/null",
    "container rm -f -v policy",
    "image rm changed:1",
    "container run --name told busybox sh -c 'echo one; echo two; echo three'",
    "container logs --tail 2 told",
    "container logs --since 1h told",
    "container logs --until 1h told",
    "container start -a told",
    "container diff no-such-container",
    "container update told",
    "container prune -f --filter label=no-such-label",
    "container rm told",
    "volume prune -f --filter label=no-such-label",
    "volume create opstwice",
    "volume create opstwice",
    "volume ls -q --filter dangling=true --filter name=opstwice",
    "volume ls --format '{{json .Name}}' --filter name=opstwice",
    "volume rm -f opstwice no-such-volume",
    "system df --format '{{.Type}}'",
    "system info -f '{{.OSType}} {{.Containers}}'",
];

/// Lines whose answers differ on purpose.
const ON_PURPOSE: &[(&str, &str)] = &[
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
];

fn compare(engines: &Engines) -> Result<Vec<Comparison>> {
    LINES
        .iter()
        .map(|line| {
            let docker = answer(&engines.docker, line)?;
            let comparison = Comparison::new(*line, docker, answer(&engines.lighter, line)?);
            let reason = ON_PURPOSE.iter().find(|(known, _)| known == line);
            Ok(match reason {
                Some((_, reason)) => comparison.on_purpose(*reason),
                None => comparison,
            })
        })
        .collect()
}

fn answer(engine: &Engine, line: &str) -> Result<String> {
    // Both run at the same time on one host.
    let port = if engine.name == "Docker" { "18080" } else { "18081" };
    let words = words(&line.replace(HOST_PORT, port));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let output = engine.program(&words).output()?;
    let code = output.status.code().unwrap_or(-1);
    let printed = without_ids(String::from_utf8_lossy(&output.stdout).trim());
    Ok(format!("{code} {}", printed.replace(port, HOST_PORT)))
}

/// Cuts a line at spaces, but not between apostrophes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(character),
        }
    }
    words
}

/// Ids are hexadecimal words of 12 or 64 digits.
fn without_ids(text: &str) -> String {
    let is_id =
        |word: &str| matches!(word.len(), 12 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let line = |line: &str| {
        let words = line.split(' ').map(|word| {
            let is_id = is_id(word.trim_start_matches("sha256:"));
            if is_id { "ID" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_spaces_outside_of_apostrophes() {
        assert_eq!(words("a 'b c' d"), ["a", "b c", "d"]);
    }

    #[test]
    fn ids_are_not_compared() {
        assert_eq!(without_ids(&format!("{} web\nabc", "a".repeat(64))), "ID web\nabc");
    }
}
