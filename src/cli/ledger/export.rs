//! The ledger for other programs: journals of plain-text accounting, tables of trades, lots and realised profit.

use super::all_entries;
use super::trades::entries_of;
use crate::cli::args::{ExportArguments, ExportFormat, ExportSubject, LotMethod};
use crate::cli::exit::{Exit, Failure};
use crate::cli::export::{beancount, hledger, journal, rows};
use crate::cli::session::Session;
use crate::cli::{Run, print};
use crate::domain::Entry;
use crate::engine::accounting::book::{Choice, Method};
use crate::engine::accounting::books::{Books, Policy};
use crate::engine::accounting::rates::Rates;
use crate::link::EntryQuery;
use std::collections::BTreeMap;

/// Prints what was asked for.
///
/// # Errors
/// The vault does not open, an account is not known, the ledger cannot be read.
pub(in crate::cli) async fn export(
    mut run: Run<'_>,
    wanted: ExportArguments,
) -> Result<Exit, Failure> {
    let setup = run.setup.clone();
    let mut session = Session::open(&setup, run.key()).await?;
    let entries = match wanted.accounts.is_empty() {
        true => all_entries(&mut session, EntryQuery::default()).await,
        false => entries_of(&mut session, &wanted.accounts, EntryQuery::default()).await,
    };
    session.close().await;
    print(run.out, text(&wanted, &entries?).as_bytes())
}

fn text(wanted: &ExportArguments, entries: &[Entry]) -> String {
    let policy = Policy {
        usual: Choice {
            method: match wanted.method {
                LotMethod::Fifo => Method::Fifo,
                LotMethod::Lifo => Method::Lifo,
                LotMethod::Highest => Method::HighestCost,
                LotMethod::Average => Method::AverageCost,
            },
            picks: BTreeMap::new(),
        },
        accounts: BTreeMap::new(),
    };
    let whole = || journal(&policy, entries, &Rates::default());
    let table = || match wanted.subject {
        ExportSubject::Trades => rows::trades(entries),
        ExportSubject::Lots => rows::lots(&Books::rebuilt(policy.clone(), entries)),
        ExportSubject::Realised => rows::realised(&Books::rebuilt(policy.clone(), entries)),
    };
    match wanted.format {
        ExportFormat::Beancount => beancount::beancount(&whole()),
        ExportFormat::Hledger => hledger::hledger(&whole()),
        ExportFormat::Csv => table().csv(),
        ExportFormat::Jsonl => table().json_lines(),
    }
}
