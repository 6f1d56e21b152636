//! Commands beside a running cockpit: they read what it knows and need no secret.

use super::machine::{Machine, PASSPHRASE};
use std::time::Duration;
use tradedeck::link::{ConnectionState, Replica, ScreenEnd, SecretRequest, VaultStatus};
use tradedeck::start;

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

async fn until(screen: &ScreenEnd, replica: &mut Replica, done: impl Fn(&Replica) -> bool) {
    let waiting = async {
        while !done(replica) {
            screen.changed().await;
            for update in screen.drain() {
                replica.apply(update);
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(in_time.is_ok(), "it never happened: {:?}", replica.vault);
}

fn is_open(replica: &Replica) -> bool {
    matches!(replica.vault, Some(VaultStatus::Open { .. }))
}

fn is_live(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    connections.any(|it| it.state == ConnectionState::Live)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_cockpit_answers_without_a_passphrase() {
    let machine = Machine::connected().await;
    let cockpit = start::launch(&machine.setup(), true).unwrap();
    let locked = machine.run(&["accounts"], "").expect(3);
    assert!(locked.err.contains("unlock it there"), "{locked:?}");

    let screen = cockpit.hub.attach();
    let mut replica = Replica::default();
    let unlock = SecretRequest::Unlock {
        passphrase: PASSPHRASE.into(),
    };
    assert!(screen.request_secret(unlock).is_ok());
    until(&screen, &mut replica, |replica| {
        is_open(replica) && is_live(replica)
    })
    .await;

    let status = machine.run(&["status"], "").expect(0);
    assert!(status.out.starts_with("PAPER net "), "{status:?}");
    let accounts = machine.run(&["accounts", "--json"], "").expect(0).items();
    assert_eq!(accounts[0]["account"], machine.customer().account_number);
    assert!(
        !machine
            .run(&["positions", "--json"], "")
            .expect(0)
            .items()
            .is_empty()
    );
    let quotes = machine
        .run(&["quotes", "TSLA", "--json"], "")
        .expect(0)
        .items();
    assert!(quotes[0]["last"].is_string(), "{quotes:?}");

    // What needs the vault itself finds it taken.
    machine.open(&["vault", "init"]).expect(6);
    machine.run(&["lock"], "").expect(0);
    until(&screen, &mut replica, |replica| !is_open(replica)).await;
    machine.run(&["status"], "").expect(3);
    cockpit.stop().await;
    machine.open(&["accounts"]).expect(0);
}
