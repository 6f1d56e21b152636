//! kill -9 while pages are absorbed: what was acknowledged is there, no page is there by half, how far the account is
//! read and what the runs counted fit to it; and reading on from there counts nothing twice.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use tradedeck::domain::{RowCounts, SyncOutcome};
use tradedeck::ledger::{Ledger, Page, Query, Resealed};
use tradedeck::vault::{Purpose, Suite};

use super::told::*;

const JOB: &str = "TRADEDECK_TEST_LEDGER";
/// New rows on a page, behind as many of the page before it.
const ROWS: u64 = 20;

/// The fills of a page: half of them told before.
fn page(number: u64) -> Vec<tradedeck::domain::Entry> {
    let from = (number * ROWS).saturating_sub(ROWS);
    (from..(number + 1) * ROWS).map(fill).collect()
}

/// Not a test of its own: what the other process does, for ever.
#[test]
fn child() {
    let Some(folder) = env::var_os(JOB) else {
        return;
    };
    let folder = Path::new(&folder);
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let vault = vault(folder);
    let mut ledger = ledger(folder, &vault);
    let first = ledger.count().unwrap() / ROWS;
    let id = ledger.begin_run(&run()).unwrap();
    let mut run = run();
    say(&format!("\nready {first}"));
    for number in first.. {
        run.pages += 1;
        let (owner, entries, reach) = (account(), page(number), reach(number + 1));
        let page = Page {
            reach: Some(&reach),
            run: Some((id, &run)),
            ..Page::of(&owner, &entries, at(number))
        };
        ledger.absorb(&page).unwrap();
        say(&format!("done {number}"));
        let _: Resealed = ledger.seal_anew().unwrap();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

struct Other {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Other {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "ledger::kill9::child", "--nocapture"])
            .env_clear()
            .env(JOB, folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next number it says behind this word; none when it says nothing more.
    fn hear(&mut self, word: &str) -> Option<u64> {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if let Some((said, number)) = line.trim().split_once(' ')
                && said == word
            {
                return number.parse().ok();
            }
            line.clear();
        }
        None
    }

    /// Kills it after so many pages and a moment more; how many pages it acknowledged in all.
    fn killed_after(mut self, pages: u64, later: Duration) -> u64 {
        let mut done = self.hear("ready").expect("it gets ready");
        for _ in 0..pages {
            done = self.hear("done").expect("it goes on") + 1;
        }
        if !later.is_zero() {
            // Waits for nothing: it is the chance moment.
            thread::sleep(later);
        }
        self.child.kill().unwrap();
        while let Some(page) = self.hear("done") {
            done = page + 1;
        }
        self.child.wait().unwrap();
        done
    }
}

/// How many pages are in it, whole.
fn judge(folder: &Path, acknowledged: u64) -> u64 {
    let vault = vault(folder);
    let ledger = ledger(folder, &vault);
    let count = ledger.count().unwrap();
    assert_eq!(count % ROWS, 0, "half a page");
    let pages = count / ROWS;
    let found = pages >= acknowledged && pages <= acknowledged + 1;
    assert!(found, "{pages} of {acknowledged} pages");
    assert_eq!(
        ledger.reach(&account()).unwrap().whole().len(),
        usize::from(pages > 0)
    );
    if pages > 0 {
        assert_eq!(ledger.reach(&account()).unwrap(), reach(pages));
        assert_eq!(ledger.facts(&account()).unwrap().unwrap().entries, count);
    }
    let entries = ledger.entries(&Query::all()).unwrap();
    assert!(entries.map(Result::unwrap).eq((0..count).map(fill)));
    check_runs(&ledger, pages);
    pages
}

/// What the runs counted is what is there.
fn check_runs(ledger: &Ledger, pages: u64) {
    let runs = ledger.runs(None, 10_000).unwrap();
    let counted = runs.iter().map(|(_, run)| run.rows);
    let counted = counted.fold(RowCounts::default(), RowCounts::plus);
    assert_eq!(counted.new, pages * ROWS);
    assert_eq!(counted.fetched, counted.new + counted.duplicate);
    let read: u64 = runs.iter().map(|(_, run)| u64::from(run.pages)).sum();
    assert_eq!(read, pages);
    let ended = runs.iter().map(|(_, run)| &run.outcome);
    assert!(ended.into_iter().all(|it| *it == SyncOutcome::Interrupted));
}

fn kill(rounds: u64, longest: Duration, rotate: bool) {
    let home = tempfile::tempdir().unwrap();
    drop(new_vault(home.path()));
    let mut random = fastrand::Rng::with_seed(7);
    let mut pages = 0;
    for round in 0..rounds {
        let nanos = u64::try_from(longest.as_nanos()).unwrap();
        let later = Duration::from_nanos(random.u64(..=nanos));
        let acknowledged = Other::start(home.path()).killed_after(round % 4, later);
        pages = judge(home.path(), acknowledged);
        if rotate && round % 5 == 4 {
            rotated(home.path());
        }
    }
    assert!(pages >= rounds, "it absorbed something");
}

/// All keys of the vault are changed, while the ledger is closed.
fn rotated(folder: &Path) {
    let mut vault = vault(folder);
    let changed = vault.rotate(Suite::default(), &passphrase());
    assert!(changed.is_ok());
    assert!(vault.sealer(Purpose::Ledger).is_ok());
}

#[test]
fn kill9_ledger() {
    kill(6, Duration::ZERO, true);
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_ledger_full() {
    kill(500, Duration::from_millis(30), cfg!(debug_assertions));
}
