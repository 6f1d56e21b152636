//! Hardens the process, then parses arguments, starts what they ask for, and ends as they did.

use std::process::ExitCode;
use tradedeck::cli::{self, process, run};
use tradedeck::runtime::clock::SystemClock;

fn main() -> ExitCode {
    process::harden(); // before anything is read that could hold a secret
    run::report_panics();
    process::end(cli::main(std::env::args_os(), &SystemClock, &run::Screens))
}
