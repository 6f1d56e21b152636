//! A ledger that is lost or damaged: it costs no sign-in, an empty one is begun, and what the provider tells again comes
//! to the same to the cent. Who may only look reads it like everybody.

use std::path::Path;

use rust_decimal::Decimal;
use tradedeck::domain::What;
use tradedeck::ledger::{Begun, Ledger, Page, Query};
use tradedeck::vault::{NewSlot, Opener, Passphrase, Purpose, Role};

use super::told::*;

const FILLS: u64 = 2_000;

fn read_again(ledger: &mut Ledger) {
    let entries: Vec<_> = (0..FILLS).map(fill).collect();
    let owner = account();
    for page in entries.chunks(300) {
        ledger.absorb(&Page::of(&owner, page, at(0))).unwrap();
    }
}

/// Cash and units of everything.
fn totals(ledger: &Ledger) -> (Decimal, Decimal) {
    let entries = ledger.entries(&Query::all()).unwrap();
    entries
        .map(Result::unwrap)
        .fold(Default::default(), |(cash, units), entry| {
            let What::Trade(trade) = entry.what else {
                return (cash, units);
            };
            (cash + trade.cash().unwrap(), units + trade.units().0)
        })
}

#[test]
fn ledger_gone_is_read_again_and_totals_are_equal_to_the_cent() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("ledger.redb");
    let vault = new_vault(home.path());
    let mut kept = ledger(home.path(), &vault);
    read_again(&mut kept);
    let before = totals(&kept);
    assert!(before.1 > Decimal::ZERO);
    drop(kept);
    let damages: [fn(&Path); 3] = [
        |file| std::fs::remove_file(file).unwrap(),
        |file| std::fs::write(file, b"not a database").unwrap(),
        |file| {
            let mut bytes = std::fs::read(file).unwrap();
            let half = bytes.len() / 2;
            bytes[4096..half].fill(0x55);
            std::fs::write(file, bytes).unwrap();
        },
    ];
    for (case, damage) in damages.iter().enumerate() {
        damage(&file);
        let begun: Begun = Ledger::begin(home.path(), DAY, || vault.sealer(Purpose::Ledger));
        assert_eq!(begun.problem.is_some(), case > 0, "{case}");
        let mut ledger = begun.ledger.unwrap();
        assert_eq!(ledger.count().unwrap(), 0, "{case}");
        read_again(&mut ledger);
        assert_eq!(totals(&ledger), before, "{case}");
    }
    assert!(home.path().join("ledger.redb.damaged-2026-11-24").exists());
}

#[test]
fn who_may_only_look_reads_the_ledger() {
    let home = tempfile::tempdir().unwrap();
    let mut trader = new_vault(home.path());
    let typed = Passphrase::new("only for looking at it");
    let typed = typed.unwrap_or_else(|why| panic!("{why}"));
    let viewer = NewSlot {
        role: Role::Viewer,
        label: "viewer",
        opener: Opener::from(&typed),
        cost: cost(),
    };
    assert!(trader.add_slot(&viewer).is_ok());
    let mut kept = ledger(home.path(), &trader);
    read_again(&mut kept);
    let before = totals(&kept);
    drop((kept, trader));
    let viewer = unlocked(home.path(), &typed);
    assert!(viewer.sealer(Purpose::Journal).is_err());
    assert_eq!(totals(&ledger(home.path(), &viewer)), before);
}
