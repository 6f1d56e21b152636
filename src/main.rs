//! Parses arguments, starts what they ask for, prints the error.

use std::process::ExitCode;
use tradedeck::cli::run::Screens;
use tradedeck::runtime::clock::SystemClock;

fn main() -> ExitCode {
    tradedeck::cli::main(std::env::args_os(), &SystemClock, &Screens)
}
