//! The ledger holds what it is given, for its vault alone, and a broken one is begun anew.

use super::super::{Begun, not_kept, tests};
use super::*;
use crate::domain::{
    Account, AccountId, AssetClass, Balance, Currency, Environment, Position, ProviderId, Symbol,
    Timestamp,
};

type Damage = fn(&mut Vec<u8>);

const LEDGER: &str = "ledger.redb";
const SET_ASIDE: &str = "ledger.redb.damaged-2026-11-24";

struct Home(tests::Home);

impl Home {
    fn new() -> Self {
        Self(tests::Home::new())
    }

    fn begin_for(&self, vault: u8) -> Begun {
        self.0.begin_for(vault)
    }

    fn begin(&self) -> Begun {
        self.begin_for(1)
    }

    fn with(known: &[LastKnown]) -> Self {
        let home = Self::new();
        let mut ledger = home.begin().ledger.unwrap();
        for known in known {
            ledger.keep(known).unwrap();
        }
        home
    }

    fn folder(&self) -> &std::path::Path {
        self.0.0.path()
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.folder().join(LEDGER)).unwrap()
    }
}

fn known(connection: &str, positions: usize) -> LastKnown {
    let id = AccountId {
        connection: ConnectionId::new(connection),
        number: "PA3R4QS34821".into(),
    };
    let position = |number: usize| Position {
        account: id.clone(),
        symbol: Symbol::new(&format!("SYM{number}")),
        class: AssetClass::Equity,
        currency: Currency::USD,
        quantity: "0.5".parse().unwrap(),
        available: None,
        average_price: Some("171.20".parse().unwrap()),
        multiplier: rust_decimal::Decimal::ONE,
        reported_price: Some("189.95".parse().unwrap()),
        previous_close: None,
        as_of: Timestamp::from_millis(1_700_000_000_000).unwrap(),
    };
    LastKnown {
        connection: id.connection.clone(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        read: Timestamp::from_millis(1_700_000_000_001).unwrap(),
        accounts: vec![Account {
            id: id.clone(),
            provider: ProviderId::new("alpaca"),
            environment: Environment::Paper,
            name: "paper".into(),
            currency: Currency::USD,
            restriction: None,
        }],
        balances: vec![Balance {
            account: id.clone(),
            currency: Currency::USD,
            equity: "123.46".parse().unwrap(),
            previous_equity: None,
            cash: "-1".parse().unwrap(),
            buying_power: Some("2".parse().unwrap()),
            as_of: Timestamp::from_millis(1_700_000_000_000).unwrap(),
        }],
        positions: (0..positions).map(position).collect(),
    }
}

#[test]
fn what_was_kept_last_is_there_at_the_next_opening_and_no_name_is_in_the_file() {
    let home = Home::with(&[
        known("first-name", 1),
        known("other", 2),
        known("first-name", 3),
    ]);
    let begun = home.begin();
    assert_eq!(begun.known, [known("first-name", 3), known("other", 2)]);
    assert_eq!(begun.problem, None);
    for secret in [&b"first-name"[..], b"PA3R4QS34821", b"SYM1"] {
        let found = home.bytes().windows(secret.len()).any(|it| it == secret);
        assert!(!found, "{secret:?}");
    }
}

#[test]
fn a_forgotten_connection_is_gone_and_its_place_free() {
    let home = Home::with(&[known("a", 1), known("b", 1)]);
    let mut ledger = home.begin().ledger.unwrap();
    ledger.forget(&ConnectionId::new("a")).unwrap();
    ledger.forget(&ConnectionId::new("never kept")).unwrap();
    ledger.keep(&known("c", 1)).unwrap();
    drop(ledger);
    assert_eq!(home.begin().known, [known("c", 1), known("b", 1)]);
}

#[test]
fn too_much_is_refused_and_what_was_kept_before_stays() {
    let home = Home::with(&[known("a", 1)]);
    let mut ledger = home.begin().ledger.unwrap();
    ledger.keep(&known("large", 5_000)).unwrap();
    let refused = ledger.keep(&known("a", 50_000)).unwrap_err();
    assert!(matches!(refused, LedgerError::TooLarge { .. }));
    let said = not_kept(&refused);
    assert!(said.as_str().contains("bytes are more than"), "{said}");
    for number in 2..MOST_CONNECTIONS {
        ledger.places.insert(
            ConnectionId::new(&format!("filler {number}")),
            place_of(number),
        );
    }
    assert!(matches!(
        ledger.keep(&known("one more", 1)),
        Err(LedgerError::Full { .. })
    ));
    drop(ledger);
    assert_eq!(home.begin().known[0], known("a", 1));
}

#[test]
fn a_damaged_or_foreign_ledger_is_set_aside_and_begun_anew() {
    let damages: [(&str, u8, Damage); 4] = [
        ("cut", 1, |bytes| bytes.truncate(bytes.len() / 2)),
        ("no database", 1, |bytes| {
            *bytes = b"not a database".to_vec()
        }),
        ("overwritten", 1, |bytes| bytes[4096..65_536].fill(0x55)),
        ("of another vault", 2, |_| {}),
    ];
    for (case, vault, damage) in damages {
        let home = Home::with(&[known("a", 1)]);
        let mut bytes = home.bytes();
        damage(&mut bytes);
        std::fs::write(home.folder().join(LEDGER), &bytes).unwrap();
        let mut begun = home.begin_for(vault);
        let problem = begun
            .problem
            .unwrap_or_else(|| panic!("{case} is not said"));
        assert!(problem.as_str().contains("begun anew"), "{case}: {problem}");
        assert!(begun.known.is_empty(), "{case}");
        let aside = std::fs::read(home.folder().join(SET_ASIDE)).unwrap();
        assert_eq!(aside.len(), bytes.len(), "{case}");
        begun.ledger.as_mut().unwrap().keep(&known("b", 1)).unwrap();
        drop(begun.ledger);
        let again = home.begin_for(vault);
        assert_eq!(
            (again.known, again.problem),
            (vec![known("b", 1)], None),
            "{case}"
        );
    }
}

#[test]
fn a_file_that_must_not_be_touched_is_left_and_said() {
    let home = Home::with(&[known("a", 1)]);
    let held = home.begin();
    let second = home.begin();
    assert!(second.ledger.is_none() && second.known.is_empty());
    let problem = second.problem.unwrap();
    assert!(problem.as_str().contains("another process"), "{problem}");
    drop(held);
    assert_eq!(home.begin().known, [known("a", 1)]);
}
