//! What a ledger of a million trades costs, beside SQLite (WAL, synced commits) with the same records in the same
//! batches. SQLite is driven through `python3`, which measures inside its own calls; where there is no `python3` that
//! part is left out. `LEDGER_TRADES` asks for another number of trades.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has failed"
)]
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use rust_decimal::Decimal;
use std::collections::HashMap;
use std::fs::Permissions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tradedeck::domain::entry::Trade;
use tradedeck::domain::{
    AccountId, AssetClass, Clock as _, ConnectionId, Currency, Entry, EntryId, Holding, Price,
    Quantity, Side, Symbol, Timestamp, What,
};
use tradedeck::ledger::{Begun, Ledger, Page, Query};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::vault::{Holder, InstanceLock, NewVault, Passphrase, Purpose, Vault};

const PAGE: u64 = 1_000;
const ACCOUNTS: u64 = 4;
const SYMBOLS: u64 = 500;
/// Between two trades: a million of them are five years.
const STEP_MS: u64 = 157_680;
const DAY_MS: u64 = 24 * 3600 * 1000;
const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 24);

fn trades() -> u64 {
    let asked = std::env::var("LEDGER_TRADES").ok();
    asked.map_or(1_000_000, |asked| asked.parse().unwrap())
}

fn account(number: u64) -> AccountId {
    AccountId {
        connection: ConnectionId::new("alpaca-live"),
        number: format!("PA3R4QS3482{number}").into(),
    }
}

fn at(trade: u64) -> Timestamp {
    at_millis(1_600_000_000_000 + trade * STEP_MS)
}

fn at_millis(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis.try_into().unwrap()).unwrap()
}

fn symbol(number: u64) -> Symbol {
    Symbol::new(&format!("SYM{number}"))
}

fn entry(trade: u64) -> Entry {
    let scattered = trade.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let id = format!(
        "{trade:08x}-{:08x}-{:012x}",
        scattered >> 32,
        scattered >> 16
    );
    Entry {
        account: account(trade / PAGE % ACCOUNTS),
        id: EntryId::provider(&id),
        time: at(trade),
        settles: Some(DAY),
        corrects: None,
        word: "FILL".into(),
        description: "".into(),
        what: What::Trade(Trade {
            holding: Holding {
                symbol: symbol((scattered >> 40) % SYMBOLS),
                class: AssetClass::Equity,
                multiplier: Decimal::ONE,
                currency: Currency::USD,
            },
            side: if trade.is_multiple_of(2) {
                Side::Buy
            } else {
                Side::Sell
            },
            quantity: Quantity(Decimal::from(trade % 900 + 1)),
            price: Price(Decimal::new(
                (10_000 + trade % 9_999).try_into().unwrap(),
                2,
            )),
            fees: Decimal::new(13, 2),
            order: Some(format!("{:08x}-order", scattered >> 20).into()),
        }),
    }
}

fn pages() -> impl Iterator<Item = Vec<Entry>> {
    let all = trades();
    let pages = (0..all).step_by(PAGE.try_into().unwrap());
    pages.map(move |first| (first..all.min(first + PAGE)).map(entry).collect())
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = SystemClock.now();
    let made = act();
    (made, SystemClock.now().since(start))
}

fn line(name: &str, took: Duration, more: &str) {
    let micros = took.as_micros();
    let (millis, tenths) = (micros / 1_000, micros % 1_000 / 100);
    println!("{name:<34}{millis:>10}.{tenths} ms  {more}");
}

/// The most memory the process had, and what it has.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let mib = |name| of(name).unwrap_or(0) / 1024;
    format!("most {} MiB, now {} MiB", mib("VmHWM"), mib("VmRSS"))
}

fn vault(folder: &Path) -> Vault {
    let holder = Holder {
        pid: std::process::id(),
        terminal: "none".to_owned(),
        since: "now".to_owned(),
    };
    let lock = InstanceLock::take(folder, &holder).unwrap_or_else(|error| panic!("{error}"));
    let passphrase = Passphrase::new("a long enough passphrase");
    let passphrase = passphrase.unwrap_or_else(|error| panic!("{error}"));
    let new = NewVault::from(tradedeck::vault::KdfCost::default());
    Vault::create(lock, &passphrase, new).unwrap_or_else(|error| panic!("{error}"))
}

fn open(folder: &Path, vault: &Vault) -> Ledger {
    let begun: Begun = Ledger::begin(folder, DAY, || vault.sealer(Purpose::Ledger));
    assert_eq!(begun.problem, None);
    begun.ledger.unwrap()
}

/// How many entries; each is opened.
fn count(ledger: &Ledger, query: &Query) -> usize {
    let entries = ledger.entries(query).unwrap();
    let whole = |entry: &Result<Entry, _>| entry.is_ok();
    entries.filter(whole).count()
}

fn positions(ledger: &Ledger) -> usize {
    let mut positions: HashMap<(AccountId, Symbol), Decimal> = HashMap::new();
    for entry in ledger.entries(&Query::all()).unwrap() {
        let entry = entry.unwrap_or_else(|error| panic!("{error}"));
        if let What::Trade(trade) = entry.what {
            let units = trade.units().0;
            *positions
                .entry((entry.account, trade.holding.symbol))
                .or_default() += units;
        }
    }
    positions.len()
}

fn ours(folder: &Path, vault: &Vault) {
    let (mut took, mut raw) = (Duration::ZERO, 0);
    // What opening a vault takes is not the ledger's: from here on the most memory is counted anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let mut ledger = open(folder, vault);
    for page in pages() {
        raw += page
            .iter()
            .map(|entry| postcard::to_stdvec(entry).unwrap().len())
            .sum::<usize>();
        let page = Page::of(&page[0].account, &page, at(0));
        took += timed(|| {
            ledger
                .absorb(&page)
                .unwrap_or_else(|error| panic!("{error}"))
        })
        .1;
    }
    let rate = trades() as u128 * 1_000_000_000 / took.as_nanos();
    line(
        "load, pages of 1,000, synced",
        took,
        &format!("{rate} a second"),
    );
    let size = ledger.size() / 1024 / 1024;
    println!(
        "{:<34}{size:>10} MiB  raw {} MiB",
        "on the disk",
        raw / 1024 / 1024
    );
    println!("{:<34}{}", "memory", memory());
    drop(ledger);
    let (ledger, took) = timed(|| open(folder, vault));
    line("open", took, "");
    let year = Query::all()
        .from(at(0))
        .until(at_millis(1_600_000_000_000 + 365 * DAY_MS));
    let (found, took) = timed(|| count(&ledger, &year));
    line("a year, all accounts", took, &format!("{found} entries"));
    let (found, took) = timed(|| count(&ledger, &Query::all().about(&symbol(7))));
    line("a symbol, all accounts", took, &format!("{found} entries"));
    let newest = Query::all().newest_first();
    let (found, took) = timed(|| ledger.entries(&newest).unwrap().take(100).count());
    line("the newest 100", took, &format!("{found} entries"));
    let (found, took) = timed(|| positions(&ledger));
    line(
        "positions from all entries",
        took,
        &format!("{found} positions"),
    );
    println!("{:<34}{}", "memory", memory());
}

const SQLITE: &str = r#"
import os, resource, sqlite3, struct, sys, time
path, year = sys.argv[1], int(sys.argv[2])
db = sqlite3.connect(path, isolation_level=None)
db.execute("pragma journal_mode=wal"); db.execute("pragma synchronous=full")
db.execute("create table entries(account int, id text, time int, symbol text, value blob, primary key(account, id))")
db.execute("create index by_time on entries(time)"); db.execute("create index by_symbol on entries(symbol, time)")
source, took = sys.stdin.buffer, 0.0
def show(name, seconds, more=""):
    print(f"{name:<34}{seconds * 1e3:>10.1f} ms  {more}", flush=True)
count = 0
while head := source.read(4):
    rows = []
    for _ in range(struct.unpack("<I", head)[0]):
        account, at, lid, lsym, lval = struct.unpack("<BqBBH", source.read(13))
        rows.append((account, source.read(lid).decode(), at, source.read(lsym).decode(), source.read(lval)))
    start = time.perf_counter()
    db.execute("begin"); db.executemany("insert or ignore into entries values(?,?,?,?,?)", rows); db.execute("commit")
    took += time.perf_counter() - start
    count += len(rows)
show("load, batches of 1,000, synced", took, f"{int(count / took)} a second")
db.close()
print(f"{'on the disk':<34}{os.path.getsize(path) >> 20:>10} MiB")
start = time.perf_counter(); db = sqlite3.connect(path); db.execute("select 1 from entries limit 1").fetchall()
show("open", time.perf_counter() - start)
def scan(name, query, *args):
    start = time.perf_counter(); found = sum(1 for _ in db.execute(query, args))
    show(name, time.perf_counter() - start, f"{found} entries")
scan("a year, all accounts", "select value from entries where time >= ? and time < ? order by time", 1600000000000, year)
scan("a symbol, all accounts", "select value from entries where symbol = ? order by time", "SYM7")
scan("the newest 100", "select value from entries order by time desc limit 100")
scan("all entries, not decoded", "select value from entries order by time")
print(f"{'memory':<34}most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")
"#;

fn sqlite(folder: &Path) {
    let year = 1_600_000_000_000 + 365 * DAY_MS;
    let started = Command::new("python3")
        .args(["-c", SQLITE])
        .arg(folder.join("entries.sqlite"))
        .arg(year.to_string())
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        println!("left out: there is no python3");
        return;
    };
    let mut out = BufWriter::new(child.stdin.take().unwrap());
    for page in pages() {
        let rows = u32::try_from(page.len()).unwrap();
        out.write_all(&rows.to_le_bytes()).unwrap();
        for entry in &page {
            out.write_all(&record(entry)).unwrap();
        }
    }
    drop(out);
    assert!(child.wait().unwrap().success());
}

/// As the script reads it.
fn record(entry: &Entry) -> Vec<u8> {
    let EntryId::Provider(id) = &entry.id else {
        panic!("only such are made");
    };
    let (id, symbol) = (id.as_str(), entry.symbol().unwrap().as_str());
    let value = postcard::to_stdvec(entry).unwrap();
    let account = entry.account.number.as_str().as_bytes();
    let mut record = vec![*account.last().unwrap()];
    record.extend(entry.time.millis().to_le_bytes());
    record.push(id.len().try_into().unwrap());
    record.push(symbol.len().try_into().unwrap());
    record.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    record.extend([id.as_bytes(), symbol.as_bytes(), &value].concat());
    record
}

fn main() {
    let home = tempfile::tempdir().unwrap();
    // Whatever the tester's umask is.
    std::fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
    let vault = vault(home.path());
    println!("{} trades", trades());
    ours(home.path(), &vault);
    println!("SQLite");
    sqlite(home.path());
}
