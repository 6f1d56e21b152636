//! The far side, the wire and the disk doing wrong, through the whole stack: each ends in a sentence, a live program,
//! and nothing lost. What a fault is called stands in `sim::faults`.

mod disk;
mod limits;
mod orders;
mod reads;
mod streams;
mod texts;

use super::deck::{Deck, Setup};
use std::time::Duration;
use tradedeck::net::socket;
use tradedeck::net::transport::Patience;
use tradedeck::sim::alpaca::Options;

/// A program that waits for nothing long, so that a far side that says nothing costs a moment.
fn brisk() -> Setup {
    let moment = Duration::from_millis(250);
    Setup {
        patience: Patience {
            first_byte: moment,
            trickle: moment,
            total: 4 * moment,
            ..Patience::default()
        },
        socket: socket::Options {
            ping_every: moment / 2,
            silence: moment,
            ..socket::Options::default()
        },
        ..Setup::from(Options {
            rate: 60,
            ..Options::default()
        })
    }
}

/// Runs the cases of a table beside each other: what they cost is waiting.
async fn each<Case>(cases: &[Case], check: impl AsyncFn(Deck, &Case)) {
    let runs = cases
        .iter()
        .map(async |case| check(Deck::connected(brisk()).await, case).await);
    futures_util::future::join_all(runs).await;
}
