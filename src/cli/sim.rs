//! Running a provider's simulator until it is told to stop.

use super::args::SimArguments;
use super::exit::{Exit, Failure};
use super::{Run, print};
use crate::runtime::clock::SystemClock;
use crate::sim::alpaca;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Starts a simulator, prints one line that says where, and serves until SIGTERM or SIGINT.
///
/// # Errors
/// No simulator is called so, or it does not start.
pub(super) async fn simulate(run: Run<'_>, wanted: SimArguments) -> Result<Exit, Failure> {
    if wanted.provider != "alpaca" {
        return Err(Failure::new(
            Exit::Usage,
            "no simulator is called so; there are: alpaca",
        ));
    }
    let failed = |error: &dyn std::error::Error| Failure::new(Exit::Failed, error.to_string());
    let listen = |kind| signal(kind).map_err(|error| failed(&error));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let options = alpaca::Options {
        port: wanted.port,
        seed: wanted.seed,
        replay: wanted.replay,
        speed: wanted.speed,
        hours: wanted.market_hours.into(),
        faults: wanted.fault.join(","),
        rate: wanted.rate,
        universe: wanted.universe,
        ..alpaca::Options::default()
    };
    let running = alpaca::start(options, Arc::new(SystemClock)).await;
    let running = running.map_err(|error| failed(&error))?;
    let ready = serde_json::to_string(&running.ready).map_err(|error| failed(&error))?;
    print(run.out, format!("{ready}\n").as_bytes())?;
    let kind = tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    };
    running.shutdown().await;
    let number = u8::try_from(kind.as_raw_value()).expect("signals are below 65");
    Ok(Exit::Signal(number))
}
