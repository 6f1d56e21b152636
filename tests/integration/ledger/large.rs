//! A ledger of its full size.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tradedeck::domain::{Clock as _, Symbol};
use tradedeck::ledger::{Ledger, Page, Query};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::vault::Vault;

use super::told::*;

const PAGE: u64 = 1_000;
const JOB: &str = "TRADEDECK_TEST_LARGE_LEDGER";

fn load(ledger: &mut Ledger, fills: u64) {
    let owner = account();
    for first in (0..fills).step_by(usize::try_from(PAGE).unwrap()) {
        let entries: Vec<_> = (first..first + PAGE).map(fill).collect();
        let absorbed = ledger.absorb(&Page::of(&owner, &entries, at(0))).unwrap();
        assert_eq!(absorbed.rows.new, PAGE);
    }
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = SystemClock.now();
    let made = act();
    (made, SystemClock.now().since(start))
}

/// Pages of a hundred, by time and by symbol, from anywhere in it; how long the slowest but one in a hundred took.
fn read_pages(ledger: &Ledger, fills: u64, pages: usize) -> Duration {
    let mut random = fastrand::Rng::with_seed(5);
    let mut took: Vec<Duration> = (0..pages)
        .map(|page| {
            let from = at(random.u64(1..fills) * 150);
            let query = Query::all().until(from).newest_first();
            let symbol = Symbol::new(&format!("SYM{}", random.u64(..SYMBOLS)));
            let query = match page % 2 {
                0 => query.of(&account()),
                _ => query.about(&symbol),
            };
            let (found, took) = timed(|| ledger.entries(&query).unwrap().take(100).count());
            assert!(found > 0 || page % 2 == 1);
            took
        })
        .collect();
    took.sort();
    took[took.len() - 1 - took.len() / 100]
}

fn memory_now() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

/// Not a test of its own: fills the ledger and dies without closing it.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(JOB) else {
        return;
    };
    let folder = Path::new(&folder);
    let vault: Vault = vault(folder);
    let mut ledger = ledger(folder, &vault);
    let first = ledger.count().unwrap();
    let entries: Vec<_> = (first..first + PAGE).map(fill).collect();
    ledger
        .absorb(&Page::of(&account(), &entries, at(0)))
        .unwrap();
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
        .unwrap();
}

/// What is true of a ledger of any size.
fn fill_kill_and_read(fills: u64) -> [(&'static str, u64); 5] {
    let home = tempfile::tempdir().unwrap();
    let vault_of = new_vault(home.path());
    let mut filled = ledger(home.path(), &vault_of);
    let ((), load) = timed(|| load(&mut filled, fills));
    let memory = memory_now();
    drop((filled, vault_of));
    let killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::large::child", "--nocapture"])
        .env(JOB, home.path())
        .output()
        .unwrap();
    assert!(!killed.status.success());
    let vault = vault(home.path());
    let (ledger, open) = timed(|| ledger(home.path(), &vault));
    assert_eq!(ledger.count().unwrap(), fills + PAGE);
    let page = read_pages(&ledger, fills, 200);
    let all = ledger.entries(&Query::all()).unwrap();
    assert!(all.map(Result::unwrap).eq((0..fills + PAGE).map(fill)));
    let millis = |it: Duration| u64::try_from(it.as_millis()).unwrap();
    [
        ("load ms", millis(load)),
        ("open after kill -9 ms", millis(open)),
        ("disk MiB", ledger.size() / 1024 / 1024),
        ("memory MiB", memory.max(memory_now())),
        ("page of 100, p99 ms", millis(page)),
    ]
}

#[test]
fn ledger_1m() {
    fill_kill_and_read(3_000);
}

#[test]
#[ignore = "the full count: minutes, and bounds on time that ask for an optimised build"]
fn ledger_1m_full() {
    let figures = fill_kill_and_read(1_000_000);
    println!("{figures:?}");
    for ((name, found), most) in figures.into_iter().zip([60_000, 1_000, 600, 200, 50]) {
        assert!(found <= most, "{name}: {found}");
    }
}
