//! Histories: when they are read, how a reading goes on, and what is said of it.

use super::*;
use crate::domain::{
    CashCause, Entry, EntryId, HistoryLimits, Holding, Money, Reach, RowCounts, Span, SyncAsk,
    SyncOutcome, SyncRun, What,
};

const LIMITS: HistoryLimits = HistoryLimits {
    longest: None,
    oldest: None,
    settled_after: Duration::from_secs(5 * 24 * 3600),
};

/// Long after the first day of any history.
const NOW: u64 = 2_000_000_000;

fn rig() -> Rig {
    let mut rig = Rig {
        engine: Engine::new(
            Settings {
                sync_every: Some(Duration::from_secs(3600)),
                ..settings()
            },
            vec![],
            VaultStatus::Absent,
        ),
        published: vec![],
    };
    let profile = Profile {
        history: Some(LIMITS),
        ..profile()
    };
    rig.tell(NOW, Input::Opened(profile));
    rig
}

/// The connection's accounts become known; returns what of the history is fetched.
fn accounts(rig: &mut Rig, seconds: u64) -> Vec<Fetch> {
    let known = ReadData::Accounts(vec![(account(), Some(balance()))]);
    fetches(rig.answer(seconds, Reading::Accounts, Ok(known)))
}

fn fetches(outputs: Vec<Output>) -> Vec<Fetch> {
    let mut found = Vec::new();
    for output in outputs {
        if let Output::Fetch(fetch) = output {
            found.push(fetch);
        }
    }
    found
}

fn rows(fetched: u64, new: u64) -> RowCounts {
    RowCounts {
        fetched,
        new,
        duplicate: fetched - new,
        ..RowCounts::default()
    }
}

/// The page that was asked for is in the ledger.
fn kept(rig: &mut Rig, seconds: u64, fetch: &Fetch, next: Option<&str>) -> Vec<Output> {
    let next: Option<Text> = next.map(Into::into);
    let kept = Kept {
        rows: rows(3, 2),
        reach: fetch.reach.after_page(fetch.span, next.clone()),
        next,
        news: vec![],
        rejected: None,
    };
    came(rig, seconds, fetch, Ok(kept))
}

fn came(
    rig: &mut Rig,
    seconds: u64,
    fetch: &Fetch,
    outcome: Result<Kept, FetchFailure>,
) -> Vec<Output> {
    let fetched = Fetched {
        account: fetch.account.clone(),
        run: fetch.run,
        requests_left: Some((199, 200)),
        outcome,
    };
    rig.tell(seconds, Input::Fetched(Box::new(fetched)))
}

fn run_of(outputs: &[Output]) -> Option<&SyncRun> {
    for output in outputs {
        if let Output::KeepRun { record, .. } = output {
            return Some(record);
        }
    }
    None
}

#[test]
fn a_new_connection_reads_its_whole_history_page_by_page() {
    let mut rig = rig();
    let first = accounts(&mut rig, NOW).remove(0);
    assert_eq!((first.span.until, &first.cursor), (at(NOW), &None));
    let second = fetches(kept(&mut rig, NOW + 1, &first, Some("p2"))).remove(0);
    assert_eq!(
        (second.span, second.cursor.clone()),
        (first.span, Some("p2".into()))
    );
    let outputs = kept(&mut rig, NOW + 2, &second, None);
    let run = run_of(&outputs).unwrap();
    assert_eq!(
        (run.pages, run.rows, &run.outcome),
        (2, rows(6, 4), &SyncOutcome::Done)
    );
    assert_eq!(run.requests_left, Some((199, 200)));
    assert_eq!(lines_with(&rig, "6 rows, 4 new, 2 known").len(), 1);
    assert_eq!(rig.engine.histories.last(), std::slice::from_ref(run));
}

#[test]
fn what_was_read_in_an_earlier_run_is_not_read_again() {
    let mut rig = rig();
    let span = |from, until| Span::new(at(from), at(until)).unwrap();
    let reach = Reach::default().after_page(span(0, NOW - 60), None);
    rig.tell(NOW, Input::Reached(vec![(account_id(), reach)]));
    let fetch = accounts(&mut rig, NOW).remove(0);
    let settled = NOW - LIMITS.settled_after.as_secs();
    assert_eq!(fetch.span, span(settled, NOW));
}

#[test]
fn histories_are_read_when_asked_every_so_often_and_after_a_fill() {
    let mut rig = rig();
    let first = accounts(&mut rig, NOW).remove(0);
    let asked = Request::Sync {
        account: None,
        ask: SyncAsk::default(),
    };
    assert!(fetches(rig.request(NOW, asked)).is_empty(), "one at a time");
    let again = fetches(kept(&mut rig, NOW + 9, &first, None)).remove(0);
    let outputs = kept(&mut rig, NOW + 9, &again, None);
    assert_eq!(run_of(&outputs).unwrap().why.as_str(), "asked for");
    assert!(fetches(rig.tell(NOW + 3599, Input::Tick)).is_empty());
    let later = fetches(rig.tell(NOW + 3609, Input::Tick)).remove(0);
    let outputs = kept(&mut rig, NOW + 3609, &later, None);
    assert_eq!(run_of(&outputs).unwrap().why.as_str(), "scheduled");
    let fill = AccountActivity {
        account: account_id(),
        provider_id: "execution-1".into(),
        time: at(NOW + 3610),
        kind: crate::domain::ActivityKind::Fill {
            symbol: Symbol::new("AAPL"),
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            order: "venue-a".into(),
        },
    };
    rig.tell(NOW + 3610, Input::Filled(Box::new(fill)));
    assert!(rig.engine.next_deadline() <= Some(at(NOW + 3615)));
    let after = fetches(rig.tell(NOW + 3616, Input::Tick)).remove(0);
    let outputs = kept(&mut rig, NOW + 3616, &after, None);
    assert_eq!(run_of(&outputs).unwrap().why.as_str(), "after a fill");
}

#[test]
fn a_reading_that_is_stopped_keeps_what_it_has_and_goes_on_later() {
    let mut rig = rig();
    let first = accounts(&mut rig, NOW).remove(0);
    let second = fetches(kept(&mut rig, NOW, &first, Some("p2"))).remove(0);
    let outputs = rig.request(NOW, Request::CancelSync { account: None });
    let run = run_of(&outputs).unwrap();
    assert_eq!((run.pages, &run.outcome), (1, &SyncOutcome::Cancelled));
    // The page that was on its way is in the ledger all the same.
    assert!(fetches(kept(&mut rig, NOW, &second, Some("p3"))).is_empty());
    let ask = SyncAsk::default();
    let again = fetches(rig.request(NOW + 1, Request::Sync { account: None, ask })).remove(0);
    assert_eq!((again.span, again.cursor), (first.span, Some("p3".into())));
}

#[test]
fn a_lock_interrupts_and_an_unlock_goes_on() {
    let mut rig = rig();
    let first = accounts(&mut rig, NOW).remove(0);
    kept(&mut rig, NOW, &first, Some("p2"));
    let outputs = rig.request(NOW, Request::Lock);
    assert_eq!(run_of(&outputs).unwrap().outcome, SyncOutcome::Interrupted);
    let profile = Profile {
        history: Some(LIMITS),
        ..profile()
    };
    rig.tell(NOW + 9, Input::Opened(profile));
    let again = accounts(&mut rig, NOW + 9).remove(0);
    assert_eq!((again.span, again.cursor), (first.span, Some("p2".into())));
}

#[test]
fn a_failing_provider_is_asked_again_and_a_refusing_one_is_not() {
    let mut rig = rig();
    let fetch = accounts(&mut rig, NOW).remove(0);
    let later = FailureKind::Later(Some(Duration::from_secs(30)));
    let outcome = Err(FetchFailure::Provider(failure(later)));
    assert!(fetches(came(&mut rig, NOW, &fetch, outcome)).is_empty());
    assert!(fetches(rig.tell(NOW + 29, Input::Tick)).is_empty());
    let fetch = fetches(rig.tell(NOW + 30, Input::Tick)).remove(0);
    let outcome = Err(FetchFailure::Provider(failure(FailureKind::Final)));
    let outputs = came(&mut rig, NOW + 30, &fetch, outcome);
    let run = run_of(&outputs).unwrap();
    assert_eq!(run.outcome, SyncOutcome::Failed("status 503".into()));
    assert_eq!(run.retries, 1);
    assert_eq!(lines_with(&rig, "failed: status 503").len(), 1);
}

#[test]
fn a_refused_sign_in_stops_the_connection() {
    let mut rig = rig();
    let fetch = accounts(&mut rig, NOW).remove(0);
    let outcome = Err(FetchFailure::Provider(failure(FailureKind::SignIn)));
    came(&mut rig, NOW, &fetch, outcome);
    assert!(matches!(
        rig.connection_state(),
        ConnectionState::NeedsSignIn { .. }
    ));
}

#[test]
fn a_page_that_cannot_be_written_down_ends_the_reading() {
    let mut rig = rig();
    let fetch = accounts(&mut rig, NOW).remove(0);
    let outcome = Err(FetchFailure::NotKept("the disk is full".into()));
    let outputs = came(&mut rig, NOW, &fetch, outcome);
    let failed = SyncOutcome::Failed("the disk is full".into());
    assert_eq!(run_of(&outputs).unwrap().outcome, failed);
}

fn dividend(id: &str, seconds: u64) -> Entry {
    Entry {
        account: account_id(),
        id: EntryId::provider(id),
        time: at(seconds),
        settles: None,
        corrects: None,
        word: "DIV".into(),
        description: "".into(),
        what: What::Cash {
            cause: CashCause::Dividend,
            amount: Money::new(decimal("1.20").unwrap(), Currency::USD),
            symbol: Some(Symbol::new("AAPL")),
        },
    }
}

#[test]
fn news_of_today_is_told_and_rejected_rows_always() {
    let mut rig = rig();
    let fetch = accounts(&mut rig, NOW).remove(0);
    let kept = Kept {
        rows: RowCounts {
            fetched: 3,
            new: 2,
            rejected: 1,
            ..RowCounts::default()
        },
        next: None,
        reach: fetch.reach.after_page(fetch.span, None),
        news: vec![dividend("1", NOW - 60), dividend("2", NOW - 30 * 24 * 3600)],
        rejected: Some("the price of a trade cannot be read".into()),
    };
    came(&mut rig, NOW, &fetch, Ok(kept));
    assert_eq!(lines_with(&rig, "AAPL").len(), 1);
    assert_eq!(lines_with(&rig, "kept apart: 1").len(), 1);
}

#[test]
fn an_execution_of_the_stream_is_not_repeated_by_the_history() {
    let mut rig = rig();
    let fetch = accounts(&mut rig, NOW).remove(0);
    let fill = AccountActivity {
        account: account_id(),
        provider_id: "execution-1".into(),
        time: at(NOW),
        kind: crate::domain::ActivityKind::Fill {
            symbol: Symbol::new("AAPL"),
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            order: "venue-a".into(),
        },
    };
    rig.tell(NOW, Input::Filled(Box::new(fill)));
    let trade = |id: &str| Entry {
        what: What::Trade(crate::domain::entry::Trade {
            holding: Holding {
                symbol: Symbol::new("AAPL"),
                class: AssetClass::Equity,
                multiplier: decimal("1").unwrap(),
                currency: Currency::USD,
            },
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            fees: decimal("0").unwrap(),
            order: Some("venue-a".into()),
        }),
        ..dividend(id, NOW)
    };
    // Two honest executions alike: the stream told of one, the other was missed.
    let kept = Kept {
        rows: rows(2, 2),
        next: None,
        reach: fetch.reach.after_page(fetch.span, None),
        news: vec![trade("20260101::1"), trade("20260101::2")],
        rejected: None,
    };
    came(&mut rig, NOW + 1, &fetch, Ok(kept));
    let is_fill = |event: &&Event| matches!(event, Event::Activity(entry) if entry.kind == crate::link::EntryKind::Fill);
    assert_eq!(rig.published.iter().filter(is_fill).count(), 2);
}
