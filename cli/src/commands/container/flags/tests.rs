//! Flags and the Compose service that they stand for.

use super::Flags;
use clap::Parser;
use engine_spec::ImageConfig;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    flags: Flags,
}

fn file(line: &str) -> Result<Value, String> {
    let words = std::iter::once("run").chain(line.split(' '));
    let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
    let environment = BTreeMap::from([("HERE".to_owned(), "1".to_owned())]);
    let exposed_ports = BTreeSet::from(["80/tcp".to_owned(), "53/udp".to_owned()]);
    let image = ImageConfig { exposed_ports, ..ImageConfig::default() };
    let service = line.flags.service(&environment, &image).map_err(|error| error.to_string())?;
    Ok(service.into_file())
}

fn check(line: &str, expected: Value) {
    let mut expected = expected;
    if expected.get("network_mode").is_none() && expected.get("networks").is_none() {
        expected["network_mode"] = json!("bridge");
    }
    assert_eq!(file(line).map(|file| file["services"]["container"].clone()), Ok(expected), "{line}");
}

fn refuses(line: &str, reason: &str) {
    let error = file(line).expect_err(line);
    assert!(error.contains(reason), "{line}: {error}");
}

#[test]
fn a_process_is_described() {
    check(
        "-it -e A=$1 -e HERE -e GONE -u me -w /srv --init image echo -e $HOME",
        json!({
            "tty": true, "stdin_open": true, "init": true, "user": "me", "working_dir": "/srv",
            "environment": {"A": "$$1", "HERE": "1", "GONE": null}, "command": ["echo", "-e", "$$HOME"],
        }),
    );
    check("--entrypoint sh image", json!({"entrypoint": ["sh"]}));
    check("--entrypoint= image", json!({"entrypoint": []}));
    check("--ulimit nofile=1:2 image", json!({"ulimits": {"nofile": {"soft": 1, "hard": 2}}}));
    refuses("--ulimit nofile image", "`nofile` is not valid for --ulimit");
}

#[test]
fn a_place_in_networks_is_described() {
    check("-h web --add-host db:1.2.3.4 image", json!({"hostname": "web", "extra_hosts": ["db:1.2.3.4"]}));
    check("--net host image", json!({"network_mode": "host"}));
    check(
        "--network back --network-alias db --ip 10.0.0.2 --network name=front,alias=a,alias=b image",
        json!({"networks": {
            "back": {"aliases": ["db"], "ipv4_address": "10.0.0.2", "link_local_ips": [], "priority": 2},
            "front": {"aliases": ["a", "b"], "priority": 1},
        }}),
    );
    refuses("--network host --network back image", "no other network beside");
    refuses("--ip 10.0.0.2 image", "a --network of your own");
    refuses("--network name=a,alais=b image", "did you mean `alias`?");
}

#[test]
fn every_exposed_port_that_is_not_published_is_with_a_capital_p() {
    check(
        "-p 8080:80 -P --expose 90 image",
        json!({"expose": ["90"], "ports": ["8080:80", "53/udp", "90/tcp"]}),
    );
}

#[test]
fn mounts_are_described() {
    let volumes = |line: &str| {
        file(line).map(|file| (file["services"]["container"]["volumes"].clone(), file["volumes"].clone()))
    };
    assert_eq!(
        volumes("-v data:/d:ro image"),
        Ok((json!(["data:/d:ro"]), json!({"data": {"name": "data"}})))
    );
    assert_eq!(volumes("-v ./here:/d image"), Ok((json!(["./here:/d"]), Value::Null)));
    let described = json!([{"type": "bind", "source": "/tmp", "target": "/d", "read_only": true,
        "bind": {"create_host_path": false, "propagation": "rslave"}}]);
    assert_eq!(
        volumes("--mount type=bind,src=/tmp,dst=/d,readonly,bind-propagation=rslave image"),
        Ok((described, Value::Null))
    );
    let described = json!([{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1m", "mode": 448}}]);
    assert_eq!(
        volumes("--mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700 image"),
        Ok((described, Value::Null))
    );
    refuses("-v data:relative image", "absolute TARGET");
    refuses("--mount type=bind,source=/no/such/path,target=/d image", "a source that is there");
    refuses("--mount type=volume image", "target=FOLDER");
    refuses("--mount tpye=volume image", "did you mean `type`?");
}

#[test]
fn limits_are_described() {
    check(
        "-m 64m --cpus 1.5 --pids-limit -1 --memory-swap -1 --blkio-weight 10 --device-read-bps /dev/sda:1mb image",
        json!({
            "mem_limit": "64m", "cpus": 1.5, "pids_limit": -1, "memswap_limit": "-1",
            "blkio_config": {"weight": 10, "device_read_bps": [{"path": "/dev/sda", "rate": "1mb"}]},
        }),
    );
    check("--gpus all image", json!({"gpus": [{"count": "all"}]}));
    check("--gpus 2 image", json!({"gpus": [{"count": 2}]}));
    check("--gpus \"device=0,1\" image", json!({"gpus": [{"device_ids": ["0", "1"]}]}));
    refuses("--gpus some image", "--gpus");
    refuses("--kernel-memory 64m image", "--memory counts it in");
}

#[test]
fn isolation_is_what_it_is_on_linux() {
    check("--isolation default image", json!({}));
    refuses("--isolation hyperv image", "--isolation has no effect on Linux");
}

#[test]
fn a_life_is_described() {
    check(
        "--restart on-failure:3 --stop-timeout 5 -l a=b -l c --health-cmd true --health-retries 2 --log-opt max-size=1m image",
        json!({
            "restart": "on-failure:3", "stop_grace_period": "5s", "labels": {"a": "b", "c": ""},
            "healthcheck": {"test": ["CMD-SHELL", "true"], "retries": 2}, "logging": {"options": {"max-size": "1m"}},
        }),
    );
    check("--no-healthcheck image", json!({"healthcheck": {"disable": true}}));
    refuses("--restart sometimes image", "--restart");
    refuses("--rm --restart always image", "--rm and --restart exclude each other");
    refuses("--no-healthcheck --health-cmd true image", "exclude each other");
}
