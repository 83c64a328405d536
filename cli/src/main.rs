//! The `lighter` command.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod table;

use clap::Parser;

fn main() {
    let _ = args::Arguments::parse();
}
