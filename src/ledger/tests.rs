//! What the tests of the ledger have in common.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::entries::wire;
use super::*;
use crate::domain::{
    AccountId, AssetClass, Currency, Entry, EntryId, Holding, Price, Quantity, Side, Symbol,
    Timestamp, What, entry::Trade,
};

pub(super) const DAY: Date = date(2026, 11, 24);

/// A folder with a ledger in it.
pub(super) struct Home(pub(super) tempfile::TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn begin_for(&self, vault: u8) -> Begun {
        Ledger::begin(self.0.path(), DAY, || Ok(Sealer::of_test_vault(vault)))
    }

    pub(super) fn ledger(&self) -> Ledger {
        let begun = self.begin_for(1);
        assert_eq!(begun.problem, None);
        begun.ledger.unwrap()
    }

    /// Under the keys of a later epoch of the same vault.
    pub(super) fn ledger_in(&self, epoch: u32) -> Ledger {
        let sealer = || Ok(Sealer::of_rotated_test_vault(1, epoch));
        let begun = Ledger::begin(self.0.path(), DAY, sealer);
        assert_eq!(begun.problem, None);
        begun.ledger.unwrap()
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("ledger.redb")
    }
}

pub(super) fn account(number: u32) -> AccountId {
    AccountId {
        connection: ConnectionId::new("schwab"),
        number: format!("ACCT{number}").into(),
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000).unwrap()
}

/// A purchase in account 1, by its number: its id, and its time in seconds.
pub(super) fn buy(number: u32) -> Entry {
    Entry {
        account: account(1),
        id: EntryId::provider(&number.to_string()),
        time: at(i64::from(number)),
        settles: Some(date(2026, 1, 2)),
        corrects: None,
        word: "FILL".into(),
        description: "bought".into(),
        what: What::Trade(Trade {
            holding: Holding {
                symbol: Symbol::new("AAPL"),
                class: AssetClass::Equity,
                multiplier: Decimal::ONE,
                currency: Currency::USD,
            },
            side: Side::Buy,
            quantity: Quantity(Decimal::new(15, 1)),
            price: Price(Decimal::new(18_990, 2)),
            fees: Decimal::new(13, 2),
            order: Some("o-1".into()),
        }),
    }
}

#[test]
fn what_is_of_a_newer_layout_is_not_taken_for_damage() {
    let mut bytes = wire::to_bytes(&7_u32);
    assert_eq!(wire::from_bytes::<u32>(&bytes).unwrap(), 7);
    bytes.push(0);
    assert!(matches!(
        wire::from_bytes::<u32>(&bytes),
        Err(LedgerError::Damaged(_))
    ));
    bytes[0] = 2;
    assert!(matches!(
        wire::from_bytes::<u32>(&bytes),
        Err(LedgerError::NewerFormat(2))
    ));
}
