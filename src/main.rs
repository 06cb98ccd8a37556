//! The `dreamtrial` program: parse the command line, do what it says, return the exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dreamtrial::{cli::Arguments, command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    command::dispatch(&arguments, &command::Environment::from_process())
}
