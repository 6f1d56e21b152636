//! Parses arguments, starts what they ask for, prints the error.

use std::process::ExitCode;
use tradedeck::cli::picture::Picture;
use tradedeck::cli::{Exit, Failure, FullScreen};
use tradedeck::config::ConfigFile;
use tradedeck::runtime::clock::SystemClock;
use tradedeck::start::Setup;

/// The screens are not part of this build.
struct NoScreens;

fn none() -> Failure {
    Failure::new(Exit::Failed, "this build has no screens; use its commands")
}

impl FullScreen for NoScreens {
    async fn cockpit(&self, _: Setup, _: ConfigFile) -> Result<Exit, Failure> {
        Err(none())
    }

    async fn demo(&self, _: Setup, _: ConfigFile) -> Result<Exit, Failure> {
        Err(none())
    }

    async fn picture(&self, _: Setup) -> Result<Picture, Failure> {
        Err(none())
    }
}

fn main() -> ExitCode {
    tradedeck::cli::main(std::env::args_os(), &SystemClock, &NoScreens)
}
