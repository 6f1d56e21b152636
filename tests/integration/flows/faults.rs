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
    let moment = Duration::from_millis(800);
    Setup {
        patience: Patience {
            first_byte: moment,
            trickle: moment,
            total: 3 * moment,
            ..Patience::default()
        },
        socket: socket::Options {
            ping_every: moment,
            silence: 4 * moment, // many decks share a core
            ..socket::Options::default()
        },
        ..Setup::from(Options {
            rate: 60,
            ..Options::default()
        })
    }
}

/// Runs the cases of a table beside each other, each on a deck of its own: what they cost is waiting.
async fn each<Case>(cases: &[Case], check: impl AsyncFn(Deck, &Case)) {
    each_on(cases, async || Deck::connected(brisk()).await, check).await;
}

/// The same on decks that are made in another way.
async fn each_on<Case>(
    cases: &[Case],
    deck: impl AsyncFn() -> Deck,
    check: impl AsyncFn(Deck, &Case),
) {
    let mut runs = Vec::new();
    for case in cases {
        // One after the other: what they cost at first is work, and a busy core must not look like a slow far side.
        runs.push(check(deck().await, case));
    }
    futures_util::future::join_all(runs).await;
}
