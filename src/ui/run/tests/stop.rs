//! The program is stopped only with a locked vault, and a person at the keys keeps it open.

use super::*;
use crate::link::Event;

const LOCKED: VaultStatus = VaultStatus::Locked {
    failures: 0,
    wait_until: None,
    problem: None,
};

/// Plays the loop while `script` runs.
async fn play<T>(stage: &mut Stage<Paper>, script: impl Future<Output = T>) -> T {
    let script = async {
        tokio::time::sleep(Duration::from_millis(1)).await; // the snapshot is taken in first
        script.await
    };
    tokio::select! {
        outcome = stage.play() => panic!("it ended: {outcome:?}"),
        done = script => done,
    }
}

async fn asked(requests: &mut mpsc::Receiver<Inbound>, wanted: &Request) {
    while let Some(inbound) = requests.recv().await {
        if matches!(inbound, Inbound::Request(_, request) if request == *wanted) {
            return;
        }
    }
}

fn control_z(keys: &mpsc::Sender<TerminalEvent>) {
    keys.try_send(TerminalEvent::Key(Key::ctrl('z'))).unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_is_stopped_once_the_vault_is_locked() {
    let mut desk = desk(Duration::ZERO);
    let (hub, keys, stopped) = (desk.hub, desk.keys, desk.stage.terminal.stopped.clone());
    let mut requests = desk.requests;
    play(&mut desk.stage, async {
        control_z(&keys);
        asked(&mut requests, &Request::Lock).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(stopped.get(), 0, "its keys are still in memory");
        hub.publish(Sequence(1), &Event::Vault(LOCKED));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(stopped.get(), 1);
        control_z(&keys);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(stopped.get(), 2, "a locked one at once");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_does_not_lock_does_not_keep_it_from_being_stopped() {
    let mut desk = desk(Duration::ZERO);
    let (keys, stopped) = (desk.keys, desk.stage.terminal.stopped.clone());
    play(&mut desk.stage, async {
        control_z(&keys);
        tokio::time::sleep(LONGEST_LOCK - Duration::from_millis(10)).await;
        assert_eq!(stopped.get(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(stopped.get(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn keys_are_told_of_once_a_second() {
    let mut desk = desk(Duration::ZERO);
    let (keys, mut requests) = (desk.keys, desk.requests);
    play(&mut desk.stage, async {
        for _ in 0..25 {
            press(&keys, "j");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let mut signs = 0;
    while let Ok(inbound) = requests.try_recv() {
        signs += u32::from(matches!(inbound, Inbound::Request(_, Request::Present)));
    }
    assert_eq!(signs, 3, "in two and a half seconds");
}
