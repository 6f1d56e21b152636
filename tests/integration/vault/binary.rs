//! The program itself, killed while it makes a vault and while it fills one: what the tests of the library say of one
//! change holds of the whole program.

use std::sync::Arc;

use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::alpaca::{self, Options, Running};

use super::changes::records_of;
use super::home::*;
use super::preload::{self, Calls, Fault};
use super::program::Program;

/// Killed at this call of the vault's folder; whether it came to that, and whether it was done.
fn killed_at(home: &Home, program: Program, at: u64) -> (bool, bool) {
    let beside = tempfile::tempdir().unwrap();
    let calls = Calls::counted_in(beside.path().join("calls"));
    let kind = "kill";
    let output = program.run_with(|command| {
        calls.fault(command, &home.folder, None, Fault { kind, at });
    });
    (calls.hit(), output.status.success())
}

fn connect(home: &Home, sim: &Running) -> Program {
    let customer = sim.ready.customers.iter().find(|it| it.paper).unwrap();
    let secrets = format!(
        "{RIGHT}\nkey={}\nsecret={}\n",
        customer.key, customer.secret
    );
    let mut program = Program::of(home, &["connect", "alpaca", "--secret-fd", "0"]);
    program.input = secrets;
    let addresses = serde_json::to_value(&sim.ready).unwrap();
    for (key, address) in addresses.as_object().unwrap() {
        if let Some(address) = address.as_str().filter(|_| key != "provider") {
            let setting = format!("providers.alpaca.{key}={address}");
            program.arguments.extend(["--set".to_owned(), setting]);
        }
    }
    program
}

/// A connection that was said to be kept is kept, whole; one that was not is kept whole or not at all.
async fn expect_kept(points: impl Iterator<Item = u64>) {
    let sim = alpaca::start(Options::default(), Arc::new(SystemClock));
    let sim = sim.await.unwrap();
    let empty = Home::scratch().quick();
    let mut hits = 0;
    tokio::task::block_in_place(|| {
        for at in points {
            let home = empty.copy();
            let (hit, done) = killed_at(&home, connect(&home, &sim), at);
            let kept = records_of(&home.unlocked()).unwrap().len();
            assert!(kept > 0 || !done, "killed at call {at}: not kept");
            if kept == 0 {
                let again = connect(&home, &sim).run();
                assert!(again.status.success(), "killed at call {at}: {again:?}");
            }
            hits += u32::from(hit);
        }
    });
    note(&format!("{hits} kills"));
    assert!(hits > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill9_vault_in_the_program() {
    if preload::library().is_some() {
        expect_kept((20..90).step_by(17)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the full count: minutes"]
async fn kill9_vault_in_the_program_full() {
    if preload::library().is_some() {
        expect_kept(1..=100).await;
    }
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_in_the_program_that_makes_it_full() {
    if preload::library().is_none() {
        return;
    }
    let init: &[&str] = match cfg!(debug_assertions) {
        true => &["vault", "init", "--cost-kib", "64"],
        false => &["vault", "init"],
    };
    let (mut early, mut late) = (0, 0);
    for at in (1..).step_by(3) {
        let home = Home::scratch();
        let (hit, done) = killed_at(&home, Program::of(&home, init), at);
        if !hit {
            assert!(done, "it makes no more than {at} calls");
            break;
        }
        if vault::exists(&home.folder) {
            late += 1;
        } else {
            assert!(!done, "killed at call {at}: not made");
            let again = Program::of(&home, init).run();
            assert!(again.status.success(), "killed at call {at}: {again:?}");
            early += 1;
        }
        assert!(home.unlock().is_ok(), "killed at call {at}");
    }
    note(&format!(
        "{early} kills before there was a vault, {late} after"
    ));
    assert!(early > 10 && late > 10, "{early} and {late}");
}
