//! Runs and rejected rows: the newest first, and not for ever.

use super::super::tests::{Home, account, at, buy};
use super::*;
use crate::domain::Span;
use crate::ledger::Page;

fn run(why: &str) -> SyncRun {
    SyncRun {
        account: account(1),
        why: why.into(),
        asked: Span::new(at(0), at(9)).unwrap(),
        started: at(10),
        ended: None,
        pages: 0,
        stretches: (0, 1),
        rows: RowCounts::default(),
        retries: 0,
        requests_left: None,
        outcome: SyncOutcome::UnderWay,
    }
}

fn rejected(why: &str) -> RejectedRow {
    RejectedRow::new(account(1), at(1), why.into(), "{\"price\":\"x\"}", &[])
}

#[test]
fn a_run_counts_its_pages_rows_and_keeps_what_else_it_is_told() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let id = ledger.begin_run(&run("asked for")).unwrap();
    let mut after = run("asked for");
    let owner = account(1);
    for (page, numbers) in [vec![1, 2], vec![2, 3]].into_iter().enumerate() {
        after.pages = u32::try_from(page + 1).unwrap();
        let entries: Vec<_> = numbers.into_iter().map(buy).collect();
        let page = Page {
            run: Some((id, &after)),
            rejected: &[rejected("no price")],
            ..Page::of(&owner, &entries, at(20))
        };
        ledger.absorb(&page).unwrap();
    }
    after.outcome = SyncOutcome::Done;
    after.rows.new = 99;
    ledger.end_run(id, &after).unwrap();
    drop(ledger);
    let kept = home.ledger().runs(None, 10).unwrap();
    let rows = RowCounts {
        fetched: 6,
        new: 3,
        trades: 3,
        duplicate: 1,
        corrected: 0,
        rejected: 2,
    };
    assert_eq!(kept, [(id, SyncRun { rows, ..after })]);
}

#[test]
fn a_run_that_was_cut_off_is_interrupted_at_the_next_opening() {
    let home = Home::new();
    let ledger = home.ledger();
    ledger.begin_run(&run("first")).unwrap();
    let second = ledger.begin_run(&run("second")).unwrap();
    let outcome = SyncOutcome::Failed("no answer".into());
    let failed = SyncRun {
        outcome: outcome.clone(),
        ..run("second")
    };
    ledger.end_run(second, &failed).unwrap();
    drop(ledger);
    let runs = home.ledger().runs(None, 10).unwrap();
    let outcomes = runs.into_iter().map(|(_, run)| run.outcome);
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [outcome, SyncOutcome::Interrupted]
    );
}

#[test]
fn runs_and_rejected_rows_come_newest_first_and_in_pages() {
    let home = Home::new();
    let mut ledger = home.ledger();
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|why| ledger.begin_run(&run(why)).unwrap())
        .into();
    let whys = |before, most| {
        let runs = ledger.runs(before, most).unwrap().into_iter();
        runs.map(|(_, run)| run.why.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(whys(None, 2), ["c", "b"]);
    assert_eq!(whys(Some(ids[1]), 2), ["a"]);
    let owner = account(1);
    let page = Page {
        rejected: &[rejected("first"), rejected("second")],
        ..Page::of(&owner, &[], at(1))
    };
    ledger.absorb(&page).unwrap();
    let rows = ledger.rejected(None, 10).unwrap();
    assert_eq!(
        rows.iter()
            .map(|(_, row)| row.why.as_str())
            .collect::<Vec<_>>(),
        ["second", "first"]
    );
    assert_eq!(ledger.rejected(Some(rows[0].0), 10).unwrap(), rows[1..]);
}

#[test]
fn the_oldest_runs_and_rejected_rows_go() {
    let home = Home::new();
    let ledger = home.ledger();
    let kept = ledger.store.change(|change| {
        let mut runs = change.rows(Rows::RUNS)?;
        for number in 1..=MOST_RUNS {
            runs.put_plain(&number.to_be_bytes(), b"")?;
        }
        Ok(())
    });
    kept.unwrap();
    let id = ledger.begin_run(&run("one more")).unwrap();
    assert_eq!(id, RunId(MOST_RUNS + 1));
    assert_eq!(
        ledger.store.read().unwrap().count(Rows::RUNS).unwrap(),
        MOST_RUNS
    );
    assert!(matches!(
        ledger.end_run(RunId(1), &run("gone")),
        Err(LedgerError::NoSuchRun(1))
    ));
    assert!(ledger.end_run(id, &run("one more")).is_ok());
}
