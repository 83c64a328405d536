//! Networks: what joining one costs, and what passes through it.

use super::Area;
use super::figure::{Figure, Target, median};
use crate::engine::{Engine, time};
use crate::workspace;
use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Instant;

pub(super) const AREA: Area = Area {
    name: "network",
    title: "Networks",
    note: "Setting up is what `up -d` and `down -t 1` of 50 services take in a network, and what more than the same with \
           `network_mode: none`. Ports are asked from the host at 127.0.0.1, names in a container at 127.0.0.11.",
    measure,
    floor: None,
};

const CROWD: usize = 50;
const RUNS: usize = 5;
/// Times a network is made and removed.
const NETWORKS: usize = 11;
const CONNECTIONS: usize = 1000;
/// As in `tests/bench/network`.
const PORT: u16 = 18091;
const MEBIBYTES: usize = 256;

fn measure(engine: &Engine) -> Result<Vec<Figure>> {
    let mut figures = crowd(engine)?;
    figures.extend(networks(engine)?);
    let folder = workspace::root().join("tests/bench/network");
    engine.time(&folder, &["up", "-d"])?;
    let measured = ports().and_then(|ports| Ok((ports, names(engine, &folder)?)));
    engine.time(&folder, &["down", "-t", "1"])?;
    let (ports, names) = measured?;
    figures.extend(ports.into_iter().chain(names));
    Ok(figures)
}

fn crowd(engine: &Engine) -> Result<Vec<Figure>> {
    let (up, down) = up_and_down(engine, "")?;
    let (without, _) = up_and_down(engine, ", network_mode: none")?;
    Ok(vec![
        Figure::milliseconds(format!("endpoint set-up, {CROWD} containers"), (up - without).max(0.0)),
        Figure::milliseconds(format!("`down`, {CROWD} containers in a network"), down)
            .target(Target::AtMost(200.0)),
    ])
}

fn up_and_down(engine: &Engine, attribute: &str) -> Result<(f64, f64)> {
    let folder = workspace::target().join("bench/endpoints");
    workspace::make_folder(&folder)?;
    let mut text = String::from("services:\n");
    for number in 1..=CROWD {
        writeln!(text, "  s{number}: {{image: busybox, command: sleep 1000000, init: true{attribute}}}")?;
    }
    std::fs::write(folder.join("compose.yaml"), text)?;
    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ups.push(engine.time(&folder, &["up", "-d"])?);
        downs.push(engine.time(&folder, &["down", "-t", "1"])?);
    }
    Ok((median(ups), median(downs)))
}

fn networks(engine: &Engine) -> Result<[Figure; 2]> {
    let network = |arguments: &[&str]| time(engine.program(&["network"]).args(arguments));
    let (mut made, mut removed) = (Vec::new(), Vec::new());
    for _ in 0..NETWORKS {
        made.push(network(&["create", "bench-network"])?);
        removed.push(network(&["rm", "bench-network"])?);
    }
    Ok([
        Figure::milliseconds("`network create`", median(made)),
        Figure::milliseconds("`network rm`", median(removed)),
    ])
}

fn ports() -> Result<[Figure; 2]> {
    ask(b"a").or_else(|_| wait_for_server())?;
    let connections = (0..CONNECTIONS).map(|_| ask(b"a")).collect::<Result<Vec<_>>>()?;
    let streams = (0..RUNS).map(|_| ask(b"b")).collect::<Result<Vec<_>>>()?;
    Ok([
        Figure::milliseconds("published port: connect and one byte back", median(connections)),
        Figure::milliseconds(format!("published port: {MEBIBYTES} MiB in one connection"), median(streams)),
    ])
}

fn wait_for_server() -> Result<f64> {
    let start = Instant::now();
    loop {
        match ask(b"a") {
            Err(error) if start.elapsed().as_secs() > 10 => {
                return Err(error.context("no server behind the port"));
            }
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(20)),
            answered => return answered,
        }
    }
}

/// Milliseconds until all has come that `word` asks for.
fn ask(word: &[u8; 1]) -> Result<f64> {
    let start = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?;
    stream.write_all(word)?;
    let mut buffer = vec![0; 1 << 18];
    let mut received = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            count => received += count,
        }
    }
    let expected = if word == b"b" { MEBIBYTES << 20 } else { 1 };
    ensure!(received == expected, "{received} bytes came, not {expected}");
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn names(engine: &Engine, folder: &Path) -> Result<[Figure; 2]> {
    let ask = || -> Result<(f64, f64)> {
        let said = engine
            .compose()
            .args(["exec", "-T", "client", "python3", "/bench/ask.py"])
            .folder(folder)
            .read()?;
        let mut words = said.split_whitespace().map(str::parse);
        let mut next = || words.next().context("a number is missing")?.context("not a number");
        Ok((next()?, next()?))
    };
    let (one, many): (Vec<_>, Vec<_>) =
        (0..RUNS).map(|_| ask()).collect::<Result<Vec<_>>>()?.into_iter().unzip();
    Ok([
        Figure::milliseconds("DNS: one question from inside a container", median(one))
            .target(Target::AtMost(0.05)),
        Figure::milliseconds("DNS: 10,000 questions from inside, 16 under way", median(many)),
    ])
}
