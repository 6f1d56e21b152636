use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rust_decimal::Decimal;

use super::*;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderKind, OrderSize, Price, Quantity, Side,
    StopLoss, Symbol, TimeInForce, TrailBy,
};
use crate::vault::Sealer;

fn journal(folder: &std::path::Path) -> Journal {
    Journal::open(folder, Sealer::of_test_vault(1)).unwrap_or_else(|why| panic!("{why}"))
}

fn id(name: &str) -> ClientOrderId {
    ClientOrderId::new(name)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000).unwrap()
}

fn draft() -> OrderDraft {
    OrderDraft {
        account: AccountId {
            connection: ConnectionId::new("alpaca"),
            number: "PA3ABCDEF".into(),
        },
        mode: Mode::Paper,
        symbol: Symbol::new("BRK.B"),
        class: AssetClass::Equity,
        side: Side::Sell,
        size: OrderSize::Quantity(Quantity(Decimal::new(15, 1))),
        kind: OrderKind::Limit {
            limit: price(18_990),
        },
        time_in_force: TimeInForce::Day,
        extended_hours: true,
        exits: Exits::None,
    }
}

fn price(cents: i64) -> Price {
    Price(Decimal::new(cents, 2))
}

fn intent(name: &str, seconds: i64) -> Intent {
    Intent::new(id(name), draft(), at(seconds))
}

fn acknowledged(provider_id: Option<&str>) -> IntentState {
    let provider_id = provider_id.map(Text::new);
    IntentState::Acknowledged { provider_id }
}

fn unknown(seconds: i64) -> IntentState {
    let (since, why) = (at(seconds), "no answer".into());
    IntentState::Unknown { since, why }
}

fn rejected() -> IntentState {
    let reason = "insufficient buying power".into();
    IntentState::Rejected { reason }
}

fn closed() -> IntentState {
    let how = "cancelled".into();
    IntentState::Closed { how }
}

#[test]
fn an_intent_outlives_the_program() {
    let home = tempfile::tempdir().unwrap();
    journal(home.path()).record(&intent("one", 1)).unwrap();
    let kept = journal(home.path()).get(&id("one")).unwrap();
    assert_eq!(kept, Some(intent("one", 1)));
}

#[test]
fn every_kind_of_order_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let journal = journal(home.path());
    let trail = |by: TrailBy| OrderKind::TrailingStop { trail: by };
    let kinds = [
        OrderKind::Market,
        OrderKind::Stop { stop: price(1) },
        OrderKind::StopLimit {
            stop: price(1),
            limit: price(2),
        },
        trail(TrailBy::Price(price(50))),
        trail(TrailBy::Percent(Decimal::new(15, 1))),
    ];
    let stop_loss = StopLoss {
        stop: price(3),
        limit: Some(price(2)),
    };
    let take_profit = price(9);
    let exits = [
        Exits::Bracket {
            take_profit,
            stop_loss,
        },
        Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        },
        Exits::TakeProfit { take_profit },
        Exits::StopLoss(stop_loss),
        Exits::None,
    ];
    for (number, (kind, exits)) in kinds.into_iter().zip(exits).enumerate() {
        let mut written = intent(&format!("order {number}"), 1);
        written.draft.kind = kind;
        written.draft.exits = exits;
        written.draft.size = OrderSize::Notional(Decimal::new(12_345_678_901, 3));
        written.draft.mode = Mode::Live;
        written.replaces = Some(id("an older one"));
        journal.record(&written).unwrap();
        assert_eq!(journal.get(&written.id).unwrap(), Some(written));
    }
}

/// The bytes under the seal as the first version wrote them: they are read for ever.
#[test]
fn an_intent_of_the_first_version_is_read() {
    let hex = include_str!("../../tests/fixtures/vault/intent1.hex").trim();
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.map(byte).collect();
    let mut expected = intent("one", 1);
    expected.state = unknown(2);
    expected.updated = at(2);
    assert_eq!(Intent::from_bytes(&bytes).ok(), Some(expected.clone()));
    assert_eq!(expected.to_bytes(), bytes);
}

#[test]
fn bytes_of_a_newer_version_or_with_something_after_are_refused() {
    let bytes = intent("one", 1).to_bytes();
    let with_first = |first: u8| [&[first], &bytes[1..]].concat();
    assert!(matches!(
        Intent::from_bytes(&with_first(2)),
        Err(LedgerError::NewerFormat(2))
    ));
    assert!(matches!(
        Intent::from_bytes(&with_first(0)),
        Err(LedgerError::Damaged(_))
    ));
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(
        Intent::from_bytes(&longer),
        Err(LedgerError::Damaged(_))
    ));
    for length in 0..bytes.len() {
        assert!(
            Intent::from_bytes(&bytes[..length]).is_err(),
            "cut at {length}"
        );
    }
}

#[test]
fn an_id_is_recorded_once_whatever_became_of_it() {
    let home = tempfile::tempdir().unwrap();
    let journal = journal(home.path());
    let repeated = |name: &str| {
        let again = journal.record(&intent(name, 9));
        matches!(again, Err(LedgerError::Repeated(of)) if of == id(name))
    };
    journal.record(&intent("one", 1)).unwrap();
    assert!(repeated("one"));
    journal.step(&id("one"), &rejected(), at(2)).unwrap();
    assert!(repeated("one"));
    assert_eq!(journal.get(&id("one")).unwrap().unwrap().created, at(1));
}

#[test]
fn what_is_not_settled_is_open_oldest_first() {
    let home = tempfile::tempdir().unwrap();
    let open = |journal: &Journal| {
        let intents = journal.open_intents().unwrap();
        intents
            .iter()
            .map(|intent| intent.id.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let first = journal(home.path());
    for (name, seconds) in [("d", 1), ("c", 2), ("b", 3), ("a", 4)] {
        first.record(&intent(name, seconds)).unwrap();
    }
    first.step(&id("d"), &IntentState::Sent, at(5)).unwrap();
    first
        .step(&id("c"), &acknowledged(Some("v-1")), at(5))
        .unwrap();
    first.step(&id("b"), &unknown(5), at(5)).unwrap();
    first.step(&id("a"), &rejected(), at(5)).unwrap();
    assert_eq!(open(&first), "d c b");
    first.step(&id("c"), &closed(), at(6)).unwrap();
    drop(first);
    let second = journal(home.path());
    assert_eq!(open(&second), "d b");
    let settled = second.get(&id("c")).unwrap().unwrap();
    assert_eq!((settled.state, settled.updated), (closed(), at(6)));
}

#[test]
fn only_what_can_happen_is_written_down() {
    let home = tempfile::tempdir().unwrap();
    let journal = journal(home.path());
    let states = [
        IntentState::Intended,
        IntentState::Sent,
        unknown(1),
        acknowledged(Some("v-1")),
        rejected(),
        closed(),
    ];
    // Rows: from; columns: to, in the order above.
    let allowed = ["xxxxxx", ".xxxxx", "..xxxx", "...xxx", "....x.", ".....x"];
    for (from, row) in states.iter().zip(allowed) {
        for (to, mark) in states.iter().zip(row.chars()) {
            let name = format!("{} to {}", from.word(), to.word());
            journal.record(&intent(&name, 1)).unwrap();
            journal.step(&id(&name), from, at(2)).unwrap();
            let stepped = journal.step(&id(&name), to, at(3));
            let refused = matches!(stepped, Err(LedgerError::IllegalStep { .. }));
            assert_eq!(refused, mark == '.', "{name}");
            let kept = journal.get(&id(&name)).unwrap().unwrap().state;
            assert_eq!(
                kept,
                if refused { from.clone() } else { to.clone() },
                "{name}"
            );
        }
    }
}

#[test]
fn a_step_adds_to_what_is_known_and_repeats_harmlessly() {
    let home = tempfile::tempdir().unwrap();
    let journal = journal(home.path());
    journal.record(&intent("one", 1)).unwrap();
    let step =
        |state: IntentState, seconds: i64| journal.step(&id("one"), &state, at(seconds)).unwrap();
    step(unknown(2), 2);
    assert_eq!(
        step(unknown(7), 7).state,
        unknown(2),
        "unknown since the first time"
    );
    step(acknowledged(None), 8);
    step(acknowledged(Some("v-1")), 9);
    assert_eq!(
        step(acknowledged(None), 10).state,
        acknowledged(Some("v-1"))
    );
    step(closed(), 11);
    assert_eq!(step(closed(), 12).updated, at(11), "it was closed already");
}

#[test]
fn an_order_that_was_never_recorded_cannot_step() {
    let home = tempfile::tempdir().unwrap();
    let stepped = journal(home.path()).step(&id("one"), &IntentState::Sent, at(1));
    assert!(matches!(stepped, Err(LedgerError::NoSuchOrder(of)) if of == id("one")));
}

#[test]
fn there_is_a_limit_to_open_and_to_settled_orders() {
    assert!(refuse_when_full(MOST_OPEN - 1, MOST_SETTLED - 1).is_ok());
    assert!(matches!(
        refuse_when_full(MOST_OPEN, 0),
        Err(LedgerError::Full {
            what: "are open",
            ..
        })
    ));
    assert!(matches!(
        refuse_when_full(0, MOST_SETTLED),
        Err(LedgerError::Full {
            what: "were settled",
            ..
        })
    ));
}

const CHILD_FOLDER: &str = "TRADEDECK_TEST_JOURNAL_FOLDER";

/// Not a test of its own: what another process does, when this program is started again to be one.
#[test]
fn child_that_sends_until_it_is_killed() {
    let Ok(folder) = env::var(CHILD_FOLDER) else {
        return;
    };
    let journal = journal(folder.as_ref());
    println!("ready");
    for number in 1_i64.. {
        let name = format!("{} {number}", std::process::id());
        journal.record(&intent(&name, number)).unwrap();
        println!("intended:{name}");
        journal
            .step(&id(&name), &IntentState::Sent, at(number))
            .unwrap();
        println!("sent:{name}");
        if number % 3 == 0 {
            journal.step(&id(&name), &closed(), at(number)).unwrap();
            println!("closed:{name}");
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let home = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "ledger::intents::tests::child_that_sends_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD_FOLDER, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        lines.by_ref().find(|line| line == "ready").unwrap();
        let mut said: Vec<String> = lines.by_ref().take(round * 3 % 7).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines);
        let journal = journal(home.path());
        for line in said {
            let Some((word, name)) = line.split_once(':') else {
                continue;
            };
            let kept = journal.get(&id(name)).unwrap().expect("it said so").state;
            let possible: &[IntentState] = match word {
                "intended" => &[IntentState::Intended, IntentState::Sent, closed()],
                "sent" => &[IntentState::Sent, closed()],
                _ => &[closed()],
            };
            assert!(
                possible.contains(&kept),
                "round {round}: {line}, but {}",
                kept.word()
            );
        }
    }
    assert!(!journal(home.path()).open_intents().unwrap().is_empty());
}
