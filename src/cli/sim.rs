//! Running a provider's simulator until it is told to stop.

use super::args::SimArguments;
use super::exit::{Exit, Failure};
use super::{Run, print};
use crate::runtime::clock::SystemClock;
use crate::sim::{alpaca, ibkr, schwab, tastytrade};
use serde::Serialize;
use std::error::Error;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a simulator.
struct Endings {
    terminate: Signal,
    interrupt: Signal,
}

/// Starts a simulator, prints one line that says where, and serves until SIGTERM or SIGINT.
///
/// # Errors
/// No simulator is called so, or it does not start.
pub(super) async fn simulate(run: Run<'_>, wanted: SimArguments) -> Result<Exit, Failure> {
    let mut endings = Endings::listen()?;
    let clock = Arc::new(SystemClock);
    let kind = match wanted.provider.as_str() {
        "alpaca" => {
            let running = alpaca::start(for_alpaca(wanted), clock).await;
            let running = running.map_err(|error| failed(&error))?;
            announce(run, &running.ready)?;
            let kind = endings.next().await;
            running.shutdown().await;
            kind
        }
        "ibkr" => {
            let running = ibkr::start(for_ibkr(wanted), clock).await;
            let running = running.map_err(|error| failed(&error))?;
            announce(run, &running.ready)?;
            let kind = endings.next().await;
            running.shutdown().await;
            kind
        }
        "schwab" => {
            let running = schwab::start(for_schwab(wanted), clock).await;
            let running = running.map_err(|error| failed(&error))?;
            announce(run, &running.ready)?;
            let kind = endings.next().await;
            running.shutdown().await;
            kind
        }
        "tastytrade" => {
            let running = tastytrade::start(for_tastytrade(wanted), clock).await;
            let running = running.map_err(|error| failed(&error))?;
            announce(run, &running.ready)?;
            let kind = endings.next().await;
            running.shutdown().await;
            kind
        }
        _ => {
            let words = "no simulator is called so; there are: alpaca, ibkr, schwab, tastytrade";
            return Err(Failure::new(Exit::Usage, words));
        }
    };
    let number = u8::try_from(kind.as_raw_value()).expect("signals are below 65");
    Ok(Exit::Signal(number))
}

impl Endings {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| failed(&error));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}

fn announce(run: Run<'_>, ready: &impl Serialize) -> Result<(), Failure> {
    let ready = serde_json::to_string(ready).map_err(|error| failed(&error))?;
    print(run.out, format!("{ready}\n").as_bytes())?;
    Ok(())
}

fn failed(error: &dyn Error) -> Failure {
    Failure::new(Exit::Failed, error.to_string())
}

fn for_alpaca(wanted: SimArguments) -> alpaca::Options {
    alpaca::Options {
        port: wanted.port,
        seed: wanted.seed,
        replay: wanted.replay,
        speed: wanted.speed,
        hours: wanted.market_hours.into(),
        faults: wanted.fault.join(","),
        rate: wanted.rate,
        universe: wanted.universe,
        ..alpaca::Options::default()
    }
}

fn for_ibkr(wanted: SimArguments) -> ibkr::Options {
    ibkr::Options {
        port: wanted.port,
        seed: wanted.seed,
        replay: wanted.replay,
        speed: wanted.speed,
        hours: wanted.market_hours.into(),
        faults: wanted.fault.join(","),
        rate: wanted.rate,
        universe: wanted.universe,
        ..ibkr::Options::default()
    }
}

fn for_schwab(wanted: SimArguments) -> schwab::Options {
    schwab::Options {
        port: wanted.port,
        seed: wanted.seed,
        replay: wanted.replay,
        speed: wanted.speed,
        hours: wanted.market_hours.into(),
        faults: wanted.fault.join(","),
        rate: wanted.rate,
        universe: wanted.universe,
        ..schwab::Options::default()
    }
}

fn for_tastytrade(wanted: SimArguments) -> tastytrade::Options {
    tastytrade::Options {
        port: wanted.port,
        seed: wanted.seed,
        replay: wanted.replay,
        speed: wanted.speed,
        hours: wanted.market_hours.into(),
        faults: wanted.fault.join(","),
        rate: wanted.rate,
        universe: wanted.universe,
        ..tastytrade::Options::default()
    }
}
