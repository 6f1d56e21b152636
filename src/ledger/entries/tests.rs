//! Entries are counted once, in whatever order and however often they come.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::tests::{Home, account, at, buy};
use super::super::{Begun, Resealed};
use super::*;
use crate::domain::{Fate, Symbol, What};
use crate::vault::Sealer;

fn absorb(ledger: &mut Ledger, entries: &[Entry]) -> Absorbed {
    let account = entries[0].account.clone();
    let page = Page::of(&account, entries, at(1_000_000));
    let mut absorbed = ledger.absorb(&page).unwrap_or_else(|why| panic!("{why}"));
    let told = absorbed.rows.new + absorbed.rows.corrected;
    assert_eq!(
        absorbed.news.len() as u64,
        told,
        "what is new or changed is named"
    );
    absorbed.news.clear();
    absorbed.rows.trades = 0;
    absorbed
}

fn counts(new: u64, duplicate: u64, corrected: u64, superseded: u64) -> Absorbed {
    let rows = RowCounts {
        fetched: new + duplicate + corrected,
        new,
        duplicate,
        corrected,
        ..RowCounts::default()
    };
    Absorbed {
        rows,
        news: vec![],
        superseded,
    }
}

fn all(ledger: &Ledger, query: &Query) -> Vec<Entry> {
    let entries = ledger.entries(query).unwrap();
    entries
        .map(|entry| entry.unwrap_or_else(|why| panic!("{why}")))
        .collect()
}

fn names(ledger: &Ledger, query: &Query) -> Vec<String> {
    let name = |entry: &Entry| match &entry.id {
        EntryId::Provider(id) => id.to_string(),
        EntryId::Fingerprint(digest, ordinal) => format!("{digest}#{ordinal}"),
    };
    all(ledger, query).iter().map(name).collect()
}

/// Entry `number`, in place of another.
fn instead(number: u32, of: u32) -> Entry {
    Entry {
        corrects: Some(EntryId::provider(&of.to_string())),
        ..buy(number)
    }
}

fn taking_back(number: u32, of: u32) -> Entry {
    Entry {
        what: What::TakenBack,
        ..instead(number, of)
    }
}

fn of_symbol(number: u32, symbol: &str) -> Entry {
    let mut entry = buy(number);
    if let What::Trade(trade) = &mut entry.what {
        trade.holding.symbol = Symbol::new(symbol);
    }
    entry
}

fn of_account(number: u32, entry: Entry) -> Entry {
    Entry {
        account: account(number),
        ..entry
    }
}

#[test]
fn what_was_absorbed_is_there_at_the_next_opening_and_counts_once() {
    let home = Home::new();
    let mut ledger = home.ledger();
    assert_eq!(
        absorb(&mut ledger, &[buy(1), buy(2), buy(2)]),
        counts(2, 1, 0, 0)
    );
    drop(ledger);
    let mut ledger = home.ledger();
    assert_eq!(absorb(&mut ledger, &[buy(3), buy(1)]), counts(1, 1, 0, 0));
    assert_eq!(all(&ledger, &Query::all()), [buy(1), buy(2), buy(3)]);
    let facts = AccountFacts {
        entries: 3,
        first: Some(at(1)),
        last: Some(at(3)),
    };
    assert_eq!(ledger.facts(&account(1)).unwrap(), Some(facts));
    assert_eq!(ledger.facts(&account(2)).unwrap(), None);
    assert_eq!(ledger.count().unwrap(), 3);
}

#[test]
fn nothing_that_names_somebody_is_to_be_read_in_the_file() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let entry = Entry {
        id: EntryId::provider("PROVIDERSID77"),
        word: "SECRETWORD".into(),
        ..of_symbol(1, "TICKERX")
    };
    let rejected = RejectedRow::new(account(1), at(1), "why".into(), "RAWROW", &[]);
    let owner = account(1);
    let page = Page {
        rejected: &[rejected],
        entries: &[entry],
        ..Page::of(&owner, &[], at(1))
    };
    ledger.absorb(&page).unwrap();
    drop(ledger);
    let bytes = std::fs::read(home.path()).unwrap();
    for name in [
        "PROVIDERSID77",
        "SECRETWORD",
        "TICKERX",
        "RAWROW",
        "ACCT1",
        "schwab",
    ] {
        let found = bytes.windows(name.len()).any(|it| it == name.as_bytes());
        assert!(!found, "{name}");
    }
    // Digests are under a key of the file alone.
    let file_of = |home: &Home| {
        let ledger = home.ledger();
        ledger.digests.of::<16>(b"TICKERX")
    };
    assert_ne!(file_of(&home), file_of(&Home::new()));
    assert_eq!(file_of(&home), file_of(&home));
}

#[test]
fn the_same_id_with_other_content_is_corrected_and_leaves_a_trace() {
    let home = Home::new();
    let mut ledger = home.ledger();
    absorb(&mut ledger, &[buy(1), buy(2)]);
    let corrected = Entry {
        time: at(50),
        ..of_symbol(1, "MSFT")
    };
    assert_eq!(
        absorb(&mut ledger, std::slice::from_ref(&corrected)),
        counts(0, 0, 1, 0)
    );
    assert_eq!(
        absorb(&mut ledger, std::slice::from_ref(&corrected)),
        counts(0, 1, 0, 0)
    );
    assert_eq!(all(&ledger, &Query::all()), [buy(2), corrected.clone()]);
    let about = |symbol: &str| names(&ledger, &Query::all().about(&Symbol::new(symbol)));
    assert_eq!(
        (about("AAPL"), about("MSFT")),
        (vec!["2".into()], vec!["1".into()])
    );
    let (now, traces) = ledger
        .history(&account(1), &EntryId::provider("1"))
        .unwrap();
    assert_eq!(now, Some(corrected));
    let trace = Trace {
        entry: Some(buy(1)),
        fate: Fate::Corrected,
        learnt: at(1_000_000),
    };
    assert_eq!(traces, [trace]);
    assert_eq!(ledger.facts(&account(1)).unwrap().unwrap().entries, 2);
}

#[test]
fn what_takes_the_place_of_another_does_so_in_either_order() {
    for takes_back in [false, true] {
        let second = match takes_back {
            true => taking_back(5, 1),
            false => instead(5, 1),
        };
        let told = [buy(1), second.clone()];
        for order in [[0, 1], [1, 0]] {
            let home = Home::new();
            let mut ledger = home.ledger();
            for at in order {
                assert_eq!(absorb(&mut ledger, &told[at..=at]).rows.new, 1);
            }
            let standing = std::slice::from_ref(&second);
            assert_eq!(all(&ledger, &Query::all()), standing, "{order:?}");
            let (now, traces) = ledger.history(&account(1), &told[0].id).unwrap();
            let last = traces.last().unwrap();
            assert_eq!((now, &last.entry), (None, &Some(buy(1))));
            let by = second.id.clone();
            let fate = match takes_back {
                true => Fate::TakenBack(by),
                false => Fate::Superseded(by),
            };
            assert_eq!(last.fate, fate);
            assert_eq!(absorb(&mut ledger, &told), counts(0, 2, 0, 0));
            assert_eq!(ledger.count().unwrap(), 1);
        }
    }
}

#[test]
fn of_two_that_take_the_same_place_the_later_stands() {
    let told = [
        buy(1),
        instead(5, 1),
        instead(6, 1),
        taking_back(7, 6),
        instead(8, 8),
    ];
    for order in [
        [0, 1, 2, 3, 4],
        [4, 3, 2, 1, 0],
        [2, 0, 4, 1, 3],
        [1, 3, 0, 2, 4],
    ] {
        let home = Home::new();
        let mut ledger = home.ledger();
        for at in order {
            absorb(&mut ledger, &told[at..=at]);
        }
        assert_eq!(names(&ledger, &Query::all()), ["7", "8"], "{order:?}");
    }
}

#[test]
fn corrections_that_go_round_in_a_circle_end() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let circle = [
        instead(1, 2),
        instead(2, 3),
        instead(3, 1),
        instead(4, 1),
        instead(5, 3),
    ];
    for entry in &circle {
        absorb(&mut ledger, std::slice::from_ref(entry));
    }
    assert!(ledger.count().unwrap() <= 2);
}

#[test]
fn honest_identical_executions_stay_two() {
    let print = |ordinal| Entry {
        id: EntryId::Fingerprint("5f".into(), ordinal),
        ..buy(1)
    };
    let home = Home::new();
    let mut ledger = home.ledger();
    assert_eq!(
        absorb(&mut ledger, &[print(0), print(1)]),
        counts(2, 0, 0, 0)
    );
    assert_eq!(
        absorb(&mut ledger, &[print(1), print(0)]),
        counts(0, 2, 0, 0)
    );
    assert_eq!(names(&ledger, &Query::all()), ["5f#0", "5f#1"]);
}

#[test]
fn entries_are_asked_for_by_account_time_and_symbol_from_either_end() {
    let home = Home::new();
    let mut ledger = home.ledger();
    for number in 1..=30 {
        let symbol = ["AAPL", "MSFT", "TSLA"][number as usize % 3];
        let entry = of_account(number % 2, of_symbol(number, symbol));
        absorb(&mut ledger, &[entry]);
    }
    let check = |query: Query, expected: Vec<u32>| {
        let expected: Vec<_> = expected.iter().map(u32::to_string).collect();
        assert_eq!(names(&ledger, &query), expected, "{query:?}");
        let backwards: Vec<_> = expected.into_iter().rev().collect();
        assert_eq!(names(&ledger, &query.newest_first()), backwards);
    };
    let tesla = Symbol::new("tsla");
    check(Query::all(), (1..=30).collect());
    check(Query::all().of(&account(1)), (1..=30).step_by(2).collect());
    check(Query::all().from(at(5)).until(at(8)), vec![5, 6, 7]);
    check(Query::all().until(at(3)), vec![1, 2]);
    check(Query::all().about(&tesla), (2..=30).step_by(3).collect());
    check(
        Query::all().about(&tesla).from(at(20)),
        vec![20, 23, 26, 29],
    );
    check(
        Query::all().about(&tesla).of(&account(0)),
        vec![2, 8, 14, 20, 26],
    );
    check(Query::all().about(&Symbol::new("NONE")), vec![]);
    check(Query::all().of(&account(7)), vec![]);
    check(Query::all().from(at(9)).until(at(3)), vec![]);
    let accounts: Vec<_> = ledger.accounts().cloned().collect();
    assert_eq!(accounts, [account(0), account(1)]);
}

#[test]
fn entries_of_one_instant_come_by_account_and_number_of_the_id() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let of = |account, id| {
        let time = at(5);
        of_account(account, Entry { time, ..buy(id) })
    };
    for (account, id) in [(2, 1), (1, 10), (1, 9), (1, 100)] {
        absorb(&mut ledger, &[of(account, id)]);
    }
    assert_eq!(names(&ledger, &Query::all()), ["9", "10", "100", "1"]);
    assert_eq!(
        names(&ledger, &Query::all().newest_first()),
        ["1", "100", "10", "9"]
    );
}

#[test]
fn what_is_read_is_as_it_was_when_it_was_asked_for() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let first: Vec<_> = (1..=100).map(buy).collect();
    absorb(&mut ledger, &first);
    let mut entries = ledger.entries(&Query::all()).unwrap();
    assert_eq!(entries.next().unwrap().unwrap(), buy(1));
    absorb(&mut ledger, &[buy(200), of_symbol(90, "MSFT")]);
    assert!(entries.map(Result::unwrap).eq((2..=100).map(buy)));
}

#[test]
fn a_page_of_another_account_or_beyond_the_limit_is_refused_whole() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let mixed = [buy(1), of_account(2, buy(2))];
    let refused = ledger.absorb(&Page::of(&account(1), &mixed, at(1)));
    assert!(matches!(refused, Err(LedgerError::OfAnother)));
    let many = vec![buy(1); LARGEST_PAGE + 1];
    let refused = ledger.absorb(&Page::of(&account(1), &many, at(1)));
    assert!(matches!(refused, Err(LedgerError::TooLarge { .. })));
    let run = SyncRun {
        account: account(1),
        why: "".into(),
        asked: crate::domain::Span::new(at(0), at(1)).unwrap(),
        started: at(0),
        ended: None,
        pages: 1,
        stretches: (0, 1),
        rows: RowCounts::default(),
        retries: 0,
        requests_left: None,
        outcome: crate::domain::SyncOutcome::UnderWay,
    };
    let run = Some((RunId(7), &run));
    let owner = account(1);
    let lost = Page {
        run,
        ..Page::of(&owner, &mixed[..1], at(1))
    };
    let refused = ledger.absorb(&lost);
    assert!(matches!(refused, Err(LedgerError::NoSuchRun(7))));
    assert_eq!(ledger.count().unwrap(), 0);
    assert_eq!(ledger.accounts().count(), 0);
}

#[test]
fn how_far_an_account_is_read_is_kept_with_the_page() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let span = crate::domain::Span::new(at(0), at(9)).unwrap();
    let reach = Reach::default().after_page(span, Some("p2".into()));
    let owner = account(1);
    let page = Page {
        reach: Some(&reach),
        ..Page::of(&owner, &[], at(1))
    };
    ledger.absorb(&page).unwrap();
    absorb(&mut ledger, &[buy(1)]);
    drop(ledger);
    let ledger = home.ledger();
    assert_eq!(ledger.reach(&account(1)).unwrap(), reach);
    assert_eq!(ledger.reach(&account(2)).unwrap(), Reach::default());
}

#[test]
fn versions_of_an_entry_are_kept_and_not_for_ever() {
    let home = Home::new();
    let mut ledger = home.ledger();
    for fee in 0..70_u32 {
        let mut entry = buy(1);
        entry.description = fee.to_string().into();
        absorb(&mut ledger, &[entry]);
    }
    let (now, traces) = ledger
        .history(&account(1), &EntryId::provider("1"))
        .unwrap();
    assert_eq!(now.unwrap().description.as_str(), "69");
    let told = |trace: &Trace| trace.entry.as_ref().unwrap().description.to_string();
    assert_eq!(
        (traces.len(), told(&traces[0]), told(&traces[63])),
        (64, "5".into(), "68".into())
    );
}

#[test]
fn after_a_rotation_everything_is_there_and_is_sealed_anew_bit_by_bit() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let entries: Vec<_> = (1..=5_000).map(buy).collect();
    absorb(&mut ledger, &entries[..4_000]);
    assert_eq!(ledger.seal_anew().unwrap(), Resealed::All);
    ledger
        .take_new_keys(Sealer::of_rotated_test_vault(1, 2))
        .unwrap();
    absorb(&mut ledger, &entries[4_000..]);
    assert_eq!(absorb(&mut ledger, &entries[..10]), counts(0, 10, 0, 0));
    assert_eq!(ledger.seal_anew().unwrap(), Resealed::Part);
    drop(ledger);
    // Stopped half-way, and opened with the keys of before: nothing is lost, for the vault is of the new ones.
    let foreign: Begun = home.begin_for(1);
    assert!(foreign.problem.unwrap().as_str().contains("begun anew"));
    drop(foreign.ledger);
    let aside = home.0.path().join("ledger.redb.damaged-2026-11-24");
    std::fs::rename(aside, home.path()).unwrap();
    let ledger = home.ledger_in(2);
    assert_eq!(all(&ledger, &Query::all()), entries);
    while ledger.seal_anew().unwrap() == Resealed::Part {}
    drop(ledger);
    assert_eq!(all(&home.ledger_in(3), &Query::all()), entries);
    let of_new_keys_alone = || Ok(Sealer::of_test_epoch(1, 2));
    let begun = Ledger::begin(home.0.path(), super::super::tests::DAY, of_new_keys_alone);
    assert_eq!(
        begun.problem, None,
        "nothing is left that the old key sealed"
    );
    assert_eq!(all(&begun.ledger.unwrap(), &Query::all()), entries);
}

#[test]
fn an_entry_that_was_moved_or_changed_in_the_file_is_found() {
    let home = Home::new();
    let mut ledger = home.ledger();
    absorb(&mut ledger, &[buy(1), buy(2)]);
    let swapped = ledger.store.change(|change| {
        let mut rows = change.rows(Rows::ENTRIES)?;
        let keys: Vec<_> = rows.below(&[], 2)?.into_iter().map(|row| row.key).collect();
        let values: Vec<_> = keys
            .iter()
            .map(|key| rows.get_plain(key).unwrap().unwrap())
            .collect();
        rows.put_plain(&keys[0], &values[1])
    });
    swapped.unwrap();
    let mut entries = ledger.entries(&Query::all()).unwrap();
    let found = entries.next().unwrap().unwrap_err();
    assert!(matches!(found, LedgerError::Damaged(_)));
    assert!(entries.next().is_none());
    let begun = ledger.begin_anew(home.0.path(), super::super::tests::DAY, &found, || {
        Ok(Sealer::of_test_vault(1))
    });
    assert!(
        begun
            .problem
            .unwrap()
            .as_str()
            .contains("ledger.redb.damaged-2026-11-24")
    );
    assert_eq!(begun.ledger.unwrap().count().unwrap(), 0);
}

/// A history with corrections in it, as a provider may tell it.
fn history(fills: u32) -> Vec<Entry> {
    let entry = |number: u32| match number % 10 {
        7 => instead(number, number - 3),
        8 => taking_back(number, number - 5),
        9 => Entry {
            id: EntryId::Fingerprint("5f".into(), u16::try_from(number / 10).unwrap()),
            time: at(i64::from(number / 40)),
            ..buy(number)
        },
        _ => of_symbol(number, ["AAPL", "MSFT", "TSLA"][number as usize % 3]),
    };
    (1..=fills).map(entry).collect()
}

/// Reads a history in some pages, any of them again, in any order.
fn read_in(pages: &[(Index, Index)], history: &[Entry]) -> Vec<Entry> {
    let home = Home::new();
    let mut ledger = home.ledger();
    for (from, until) in pages {
        let (from, until) = (from.index(history.len()), until.index(history.len()));
        let (from, until) = (from.min(until), from.max(until));
        absorb(&mut ledger, &history[from..=until]);
    }
    // In the end all of it was read once, the newest first.
    for page in history.rchunks(997) {
        absorb(&mut ledger, page);
    }
    assert_eq!(
        absorb(&mut ledger, history).rows.duplicate,
        history.len() as u64
    );
    all(&ledger, &Query::all())
}

fn check_idempotent(fills: u32, cases: u32) {
    let history = history(fills);
    let book = read_in(&[], &history);
    let pages = prop::collection::vec(any::<(Index, Index)>(), 0..6);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    proptest!(config, |(pages in pages, shuffled in Just(history.clone()).prop_shuffle())| {
        prop_assert_eq!(&read_in(&pages, &shuffled), &book);
        prop_assert_eq!(&read_in(&pages, &history), &book);
    });
}

#[test]
fn sync_idem() {
    check_idempotent(300, 6);
}

#[test]
#[ignore = "the full count: minutes"]
fn sync_idem_full() {
    check_idempotent(10_000, 256);
}
