//! Letting the host pass on packets that are not its own. It stays so: Docker and others may rely on it
//! by the time we go.

use super::NetworkError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const IPV4: &str = "/proc/sys/net/ipv4/ip_forward";
const IPV6: &str = "/proc/sys/net/ipv6/conf/all/forwarding";
const IPV6_LINKS: &str = "/proc/sys/net/ipv6/conf";
/// `accept_ra`: take routers' advertisements unless forwarding; take them in any case.
const UNLESS_FORWARDING: &[u8] = b"1\n";
const ALWAYS: &str = "2";

/// Turns on what is off.
pub(super) fn turn_on(with_ipv6: bool) -> Result<(), NetworkError> {
    let fail = |family| move |source: io::Error| NetworkError::ForwardPackets { family, source };
    set(IPV4).map_err(fail("IPv4"))?;
    if !with_ipv6 {
        return Ok(());
    }
    if !is_on(IPV6).map_err(fail("IPv6"))? {
        keep_advertised_routes().map_err(fail("IPv6"))?;
    }
    set(IPV6).map_err(fail("IPv6"))
}

/// A host that forwards takes no advertisements of routers any more (Documentation/networking/ip-sysctl:
/// `accept_ra`), and would lose its own way out.
fn keep_advertised_routes() -> io::Result<()> {
    for link in fs::read_dir(IPV6_LINKS)? {
        let setting: PathBuf = link?.path().join("accept_ra");
        if fs::read(&setting).is_ok_and(|value| value == UNLESS_FORWARDING) {
            fs::write(setting, ALWAYS)?;
        }
    }
    Ok(())
}

fn set(switch: &str) -> io::Result<()> {
    if is_on(switch)? {
        return Ok(());
    }
    tracing::info!("turning on {switch}");
    fs::write(Path::new(switch), "1")
}

fn is_on(switch: &str) -> io::Result<bool> {
    Ok(fs::read(switch)?.starts_with(b"1"))
}
