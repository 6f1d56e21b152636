//! What a provider tells, by number, so that whoever looks at the ledger afterwards knows what must be in it; and the
//! vault that seals it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tradedeck::domain::entry::Trade;
use tradedeck::domain::{
    AccountId, AssetClass, ConnectionId, Currency, Entry, EntryId, Holding, Price, Quantity, Reach,
    RowCounts, Side, Span, Symbol, SyncOutcome, SyncRun, Timestamp, What,
};
use tradedeck::ledger::Ledger;
use tradedeck::vault::{
    Holder, InstanceLock, KdfCost, LockedVault, NewVault, Passphrase, Purpose, Refused, Vault,
};

pub(super) const DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 24);

pub(super) fn passphrase() -> Passphrase {
    let typed = Passphrase::new("correct horse battery");
    typed.unwrap_or_else(|why| panic!("{why}"))
}

fn lock(folder: &Path) -> InstanceLock {
    // Whatever the tester's umask is.
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    let holder = Holder {
        pid: std::process::id(),
        terminal: "/dev/pts/3".to_owned(),
        since: "09:14".to_owned(),
    };
    InstanceLock::take(folder, &holder).unwrap_or_else(|why| panic!("{why}"))
}

/// The cheapest that this build lets anyone create.
pub(super) fn cost() -> KdfCost {
    match cfg!(debug_assertions) {
        true => KdfCost::new(64, 1, 1).unwrap(),
        false => KdfCost::new(64 * 1024, 3, 4).unwrap(),
    }
}

pub(super) fn new_vault(folder: &Path) -> Vault {
    let vault = Vault::create(lock(folder), &passphrase(), NewVault::from(cost()));
    vault.unwrap_or_else(|why| panic!("{why}"))
}

pub(super) fn vault(folder: &Path) -> Vault {
    unlocked(folder, &passphrase())
}

pub(super) fn unlocked(folder: &Path, passphrase: &Passphrase) -> Vault {
    let locked = LockedVault::open(lock(folder)).unwrap_or_else(|why| panic!("{why}"));
    let opened = locked.unlock(passphrase);
    opened.unwrap_or_else(|Refused { error, .. }| panic!("{error}"))
}

/// The ledger as it is there: it is never begun anew by itself.
pub(super) fn ledger(folder: &Path, vault: &Vault) -> Ledger {
    let begun = Ledger::begin(folder, DAY, || vault.sealer(Purpose::Ledger));
    assert_eq!(begun.problem, None);
    begun.ledger.unwrap()
}

pub(super) fn account() -> AccountId {
    AccountId {
        connection: ConnectionId::new("alpaca"),
        number: "PA3R4QS34821".into(),
    }
}

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(seconds).unwrap() * 1000).unwrap()
}

pub(super) const SYMBOLS: u64 = 500;

pub(super) fn fill(number: u64) -> Entry {
    // Scattered, as ids of providers are.
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Entry {
        account: account(),
        id: EntryId::provider(&format!("{scattered:016x}-{number:08x}")),
        time: at(number * 150),
        settles: Some(DAY),
        corrects: None,
        word: "FILL".into(),
        description: "".into(),
        what: What::Trade(Trade {
            holding: Holding {
                symbol: Symbol::new(&format!("SYM{}", (scattered >> 40) % SYMBOLS)),
                class: AssetClass::Equity,
                multiplier: rust_decimal::Decimal::ONE,
                currency: Currency::USD,
            },
            side: Side::Buy,
            quantity: Quantity((number % 900 + 1).into()),
            price: Price((number % 9_000 + 1).into()),
            fees: rust_decimal::Decimal::ZERO,
            order: None,
        }),
    }
}

/// How far the account is read after so many pages.
pub(super) fn reach(pages: u64) -> Reach {
    let span = Span::new(at(0), at(pages + 1)).unwrap();
    Reach::default().after_page(span, None)
}

pub(super) fn run() -> SyncRun {
    SyncRun {
        account: account(),
        why: "asked for".into(),
        asked: Span::new(at(0), at(9)).unwrap(),
        started: at(0),
        ended: None,
        pages: 0,
        stretches: (0, 1),
        rows: RowCounts::default(),
        retries: 0,
        requests_left: None,
        outcome: SyncOutcome::UnderWay,
    }
}
