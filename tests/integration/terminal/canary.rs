//! What is secret leaves memory with the lock, and what a role does not have never was in it.

mod keys;
mod memory;

use super::cockpit::Cockpit;
use super::seat::Seat;
use crate::cli::machine::{CHEAP, PASSPHRASE};
use keys::Keys;
use memory::{Found, Wanted, copies};
use std::collections::BTreeSet;
use std::io::ErrorKind;

/// What opens a vault to look only.
const VIEWER: &str = "only looking at all of it";

/// What is found of `wanted` in the cockpit; `None`, said aloud, where nobody may look.
fn found(seat: &Seat, wanted: &[Wanted]) -> Option<Vec<Found>> {
    match copies(seat.pid(), wanted) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            println!("skipped: only root may look into a hardened process");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn names(found: &[Found]) -> BTreeSet<&str> {
    found.iter().map(|(name, _)| name.as_str()).collect()
}

fn lock(cockpit: &Cockpit, seat: &mut Seat) {
    cockpit.0.run(&["lock"], "").expect(0);
    seat.until("it is locked", |screen, _| {
        screen.contents().contains("Passphrase")
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_canary() {
    let cockpit = Cockpit::connected().await;
    cockpit.0.open(&["vault", "backup"]).expect(0);
    let keys = Keys::of(&cockpit.0.data(), PASSPHRASE);
    let customer = cockpit.0.customer();
    let held = [
        vec![
            Wanted::new("the key", &customer.key),
            Wanted::new("the secret", &customer.secret),
        ],
        keys.for_viewing(),
        keys.for_trading(),
    ];
    let held: Vec<Wanted> = held.into_iter().flatten().collect();
    let mut on_the_way = keys.on_the_way();
    on_the_way.push(Wanted::new("the passphrase", PASSPHRASE));
    let mut seat = cockpit.setting(&[]).start();
    cockpit.unlock(&mut seat);
    let number = customer.account_number;
    let end = number[number.len() - 4..].to_owned();
    seat.until("the account is read", |screen, _| {
        screen.contents().contains(&end) && screen.contents().contains("● 1")
    });
    let Some(open) = found(&seat, &held) else {
        return;
    };
    for name in ["the key", "the secret", "K_view", "K_trade", "journal"] {
        assert!(
            names(&open).contains(name),
            "{name} is not where it is looked for: {open:?}"
        );
    }
    let left = found(&seat, &on_the_way).unwrap();
    assert!(left.is_empty(), "gone once the vault is open: {left:#?}");
    lock(&cockpit, &mut seat);
    let everything: Vec<Wanted> = held.into_iter().chain(on_the_way).collect();
    let left = found(&seat, &everything).unwrap();
    assert!(left.is_empty(), "gone once the vault is locked: {left:#?}");
    cockpit.unlock(&mut seat);
    seat.until("the account is back", |screen, _| {
        screen.contents().contains(&end)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_canary_of_a_viewer() {
    let cockpit = Cockpit::connected().await;
    let add = [
        "vault",
        "slots",
        "add",
        "--role",
        "viewer",
        "--passphrase-fd",
        "0",
        "--new-passphrase-fd",
        "0",
    ];
    let secrets = format!("{PASSPHRASE}\n{VIEWER}\n");
    let add = [&add, CHEAP].concat();
    cockpit.0.run(&add, &secrets).expect(0);
    cockpit.0.open(&["vault", "backup"]).expect(0);
    let trader = Keys::of(&cockpit.0.data(), PASSPHRASE);
    let viewer = Keys::of(&cockpit.0.data(), VIEWER);
    assert!(viewer.trade.is_none() && trader.trade.is_some());
    let customer = cockpit.0.customer();
    let mut never = trader.for_trading();
    never.push(Wanted::new("the key", &customer.key));
    never.push(Wanted::new("the secret", &customer.secret));
    let mut seat = cockpit.setting(&[]).start();
    cockpit.unlock_with(&mut seat, VIEWER);
    seat.until("it is a viewer's", |screen, _| {
        screen.contents().contains("viewer")
    });
    let Some(open) = found(&seat, &viewer.for_viewing()) else {
        return;
    };
    assert!(names(&open).contains("K_view"), "{open:#?}");
    let trading = found(&seat, &never).unwrap();
    assert!(trading.is_empty(), "a viewer has it: {trading:#?}");
    let left = found(&seat, &viewer.on_the_way()).unwrap();
    assert!(left.is_empty(), "gone once the vault is open: {left:#?}");
    lock(&cockpit, &mut seat);
    let everything: Vec<Wanted> = never.into_iter().chain(viewer.for_viewing()).collect();
    let left = found(&seat, &everything).unwrap();
    assert!(left.is_empty(), "gone once the vault is locked: {left:#?}");
}
