//! Compiles the program that is PID 1 with `init: true`, which the engine carries as bytes.
//!
//! It is one file without a libc, so one call of the compiler makes it, a few kilobytes at a fixed address.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = "src/sys/init_program/main.rs";
const FLAGS: [&str; 12] = [
    "--edition=2024",
    "--crate-name=lighter_init",
    "-Dwarnings",
    "-Copt-level=s",
    "-Cpanic=abort",
    "-Cstrip=symbols",
    "-Crelocation-model=static",
    "-Clink-arg=-nostartfiles",
    "-Clink-arg=-nostdlib",
    "-Clink-arg=-static",
    // Its bytes depend on nothing but its source.
    "-Clink-arg=-Wl,--build-id=none",
    "-Cmetadata=lighter-init",
];

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let variable = |name| env::var_os(name);
    let expect = |name| variable(name).unwrap_or_else(|| panic!("cargo sets {name}"));
    let program = PathBuf::from(expect("OUT_DIR")).join("lighter-init");
    let mut compiler = Command::new(expect("RUSTC"));
    compiler.args(FLAGS).arg("--target").arg(expect("TARGET")).arg("-o").arg(program).arg(Path::new(SOURCE));
    if let Some(linker) = variable("RUSTC_LINKER") {
        let mut flag = OsString::from("-Clinker=");
        flag.push(linker);
        compiler.arg(flag);
    }
    let status = compiler.status().unwrap_or_else(|error| panic!("cannot run {compiler:?}: {error}"));
    assert!(status.success(), "cannot compile {SOURCE}");
}
