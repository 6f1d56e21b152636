//! Hardens the process, then parses arguments, starts what they ask for, and ends as they did.

use std::alloc::System;
use std::process::ExitCode;
use tradedeck::cli::{self, process, run};
use tradedeck::runtime::clock::SystemClock;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: passphrases and tokens pass through libraries that know nothing of secrets.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    process::harden(); // before anything is read that could hold a secret
    run::report_panics();
    process::end(cli::main(std::env::args_os(), &SystemClock, &run::Screens))
}
