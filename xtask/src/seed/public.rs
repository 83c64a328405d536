//! Whether a public registry is to be had from here.

use crate::program::{Program, find};
use anyhow::Result;

const PATIENCE_SECONDS: &str = "3";
/// Any answer of the registry protocol will do; without a token it is 401.
const ADDRESS: &str = "https://registry-1.docker.io/v2/";

/// Asks the public registry, for three seconds at most.
pub(crate) fn is_reachable() -> Result<bool> {
    let Some(curl) = find("curl") else { return Ok(false) };
    let output = Program::new(curl)
        .args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"])
        .args(["--max-time", PATIENCE_SECONDS, ADDRESS])
        .output()?;
    Ok(matches!(output.stdout.as_slice(), b"200" | b"401"))
}
