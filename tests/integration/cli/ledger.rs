//! Histories read into the ledger by commands: counted once, told whole, and whole again after any kill.

use super::machine::{Ended, Machine, PASSPHRASE, run};
use crate::vault::home::note;
use crate::vault::preload::{self, Calls, Fault};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::tastytrade;

/// A machine with two brokers in its vault.
struct World {
    machine: Machine,
    second: tastytrade::Running,
}

impl World {
    async fn new() -> Self {
        let machine = Machine::connected().await;
        let second = tastytrade::start(tastytrade::Options::default(), Arc::new(SystemClock));
        let world = Self {
            machine,
            second: second.await.unwrap(),
        };
        world.connect_second(None);
        world
    }

    fn connect_second(&self, folder: Option<&Path>) {
        let mut customers = self.second.ready.customers.iter();
        let customer = customers.find(|it| it.paper).unwrap();
        let secrets = format!(
            "{PASSPHRASE}\nclient_secret={}\nrefresh_token={}\n",
            customer.client_secret, customer.refresh_token
        );
        let line = "connect tastytrade --passphrase-fd 0 --secret-fd 0";
        self.run(line, folder, &secrets).expect(0);
    }

    /// A second vault on the same machine, with the same brokers.
    fn another_vault(&self, folder: &Path) {
        let init = "vault init --passphrase-fd 0";
        let cost = super::machine::CHEAP.join(" ");
        self.run(&format!("{init} {cost}"), Some(folder), PASSPHRASE)
            .expect(0);
        let line = "connect alpaca --passphrase-fd 0 --secret-fd 0";
        let secrets = self.machine.secrets(&self.machine.customer());
        self.run(line, Some(folder), &secrets).expect(0);
        self.connect_second(Some(folder));
    }

    fn command(&self, line: &str, folder: Option<&Path>) -> Command {
        let mut command = self.machine.command();
        command.args(line.split_whitespace());
        if let Some(folder) = folder {
            command.arg("--data-dir").arg(folder);
        }
        let second = serde_json::to_value(&self.second.ready).unwrap();
        let second = second.as_object().unwrap().iter();
        let second: BTreeMap<String, String> = second
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .filter(|(_, value)| value.contains("://"))
            .collect();
        for (provider, addresses) in [("alpaca", self.machine.addresses()), ("tastytrade", second)]
        {
            for (key, address) in addresses {
                command
                    .arg("--set")
                    .arg(format!("providers.{provider}.{key}={address}"));
            }
        }
        command
    }

    fn run(&self, line: &str, folder: Option<&Path>, input: &str) -> Ended {
        let command = self.command(line, folder);
        tokio::task::block_in_place(|| run(command, input))
    }

    fn open(&self, line: &str, folder: Option<&Path>) -> Ended {
        self.run(&format!("{line} --passphrase-fd 0"), folder, PASSPHRASE)
    }

    /// Everything in the ledger.
    fn ledger(&self, folder: Option<&Path>) -> Vec<Value> {
        self.open("trades --all --json", folder).expect(0).items()
    }

    /// A sync into an empty ledger that is killed at a call which the ledger's folder gets; whether it came to that, and
    /// how many calls there were.
    fn killed_at(&self, folder: &Path, at: u64) -> (bool, u64) {
        let _ = fs::remove_file(folder.join("ledger.redb")); // the first time there is none
        let beside = tempfile::tempdir().unwrap();
        let calls = Calls::counted_in(beside.path().join("calls"));
        let mut command = self.command("sync --passphrase-fd 0", Some(folder));
        let kind = "kill";
        calls.fault(&mut command, folder, None, Fault { kind, at });
        tokio::task::block_in_place(|| run(command, PASSPHRASE));
        (calls.hit(), calls.made())
    }
}

fn sum(items: &[Value], field: &str) -> u64 {
    items.iter().map(|item| item[field].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sync_adds_nothing() {
    let world = World::new().await;
    let first = world.open("sync --json", None).expect(0).items();
    for provider in ["alpaca", "tastytrade"] {
        assert!(first.iter().any(|item| item["provider"] == provider));
    }
    for item in &first {
        assert_eq!(item["outcome"], "done", "{item}");
        assert_eq!(item["rejected"], 0, "{item}");
        assert!(item["trades_synced"].as_u64() > Some(0), "{item}");
        assert!(item["last_sync_date"].is_string(), "{item}");
    }
    let ledger = world.ledger(None);
    assert_eq!(ledger.len() as u64, sum(&first, "new"));
    for line in ["sync --json", "sync --full --json"] {
        let again = world.open(line, None).expect(0).items();
        assert_eq!(
            (sum(&again, "new"), sum(&again, "corrected")),
            (0, 0),
            "{line}"
        );
        assert_eq!(world.ledger(None), ledger, "{line}");
    }
    let full = world
        .open("sync alpaca --full --json", None)
        .expect(0)
        .items();
    assert_eq!(full.len(), 1);
    assert_eq!(full[0]["duplicates"], full[0]["fetched"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_ledger_is_told_by_account_symbol_and_time() {
    let world = World::new().await;
    world.open("sync", None).expect(0);
    let all = world.ledger(None);
    let trades = world.open("trades --json", None).expect(0).items();
    let is_trade = |item: &&Value| item["kind"] == "trade";
    assert_eq!(trades.len(), all.iter().filter(is_trade).count());
    let symbol = trades[0]["symbol"].as_str().unwrap();
    let line = format!("trades --symbol {symbol} --json");
    let of_symbol = world.open(&line, None).expect(0).items();
    assert!(of_symbol.iter().all(|item| item["symbol"] == symbol));
    assert!(!of_symbol.is_empty() && of_symbol.len() < trades.len());
    let of_account = world
        .open("trades tastytrade --json", None)
        .expect(0)
        .items();
    assert!(
        of_account
            .iter()
            .all(|item| item["provider"] == "tastytrade")
    );
    let middle = trades[trades.len() / 2]["time"].as_str().unwrap();
    let count = |option: &str| {
        let line = format!("trades {option} {middle} --json");
        world.open(&line, None).expect(0).items().len()
    };
    assert_eq!(count("--since") + count("--until"), trades.len());
    let csv = world.open("trades --csv", None).expect(0).out;
    assert_eq!(csv.lines().count(), trades.len() + 1);
    assert!(
        csv.starts_with("provider,connection,account,id,time,"),
        "{csv}"
    );
    world.open("sync nobody", None).expect(2);
    world.open("trades --since yesterday", None).expect(2);
}

/// Kills at moments spread over a sync of two brokers, each followed by one that ends: the ledger is that of an
/// undisturbed run.
async fn killed(kills: u64) {
    if preload::library().is_none() {
        return; // it said why
    }
    let world = World::new().await;
    let folder = world.machine.folder().join("other");
    world.another_vault(&folder);
    world.open("sync", None).expect(0);
    let undisturbed = world.ledger(None);
    let (_, calls) = world.killed_at(&folder, u64::MAX);
    let mut random = fastrand::Rng::with_seed(17);
    let (mut hits, mut partial) = (0, 0);
    for _ in 0..kills {
        let at = random.u64(1..=calls);
        let (hit, _) = world.killed_at(&folder, at);
        hits += u64::from(hit);
        let so_far = world.ledger(Some(&folder)).len();
        partial += u64::from((1..undisturbed.len()).contains(&so_far));
        world.open("sync", Some(&folder)).expect(0);
        assert_eq!(
            world.ledger(Some(&folder)),
            undisturbed,
            "killed at call {at}"
        );
    }
    assert!(hits > 0, "it was never killed in {calls} calls");
    note(&format!(
        "{hits} kills over {calls} calls, {partial} of them left a part"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_killed_at_any_moment_ends_with_the_same_ledger() {
    killed(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "500 kills take their time"]
async fn a_sync_killed_at_any_moment_ends_with_the_same_ledger_full() {
    killed(500).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_and_ledger_agree_to_the_cent_and_other_programs_can_read_it() {
    let world = World::new().await;
    let before = world.open("reconcile", None);
    assert_eq!(
        before.code, 0,
        "nothing is known yet, so nothing differs: {before:?}"
    );
    world.open("sync", None).expect(0);
    let found = world.open("reconcile --json", None).expect(0).items();
    assert!(
        found.iter().all(|it| it["verdict"] == "agreed"),
        "{found:?}"
    );
    let positions = world.open("positions --json", None).expect(0).items();
    for position in &positions {
        let is_it = |it: &&Value| {
            it["account"] == position["account"] && it["symbol"] == position["symbol"]
        };
        let line = found.iter().find(is_it).unwrap();
        assert_eq!(line["verdict"], "agreed", "{position}");
    }
    let trades = world.open("trades --json", None).expect(0).items().len();
    let csv = world.open("export --format csv", None).expect(0).out;
    assert_eq!(csv.lines().count(), trades + 1);
    let lots = world
        .open("export --format jsonl --subject lots", None)
        .expect(0)
        .out;
    assert!(lots.lines().count() >= positions.len());
    for format in ["beancount", "hledger"] {
        let journal = world
            .open(&format!("export --format {format}"), None)
            .expect(0)
            .out;
        assert!(journal.contains("AAPL"), "{format}");
    }
}
