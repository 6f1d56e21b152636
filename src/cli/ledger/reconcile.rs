//! What brokers report against what the ledger adds up to, account by account.

use super::all_entries;
use super::chosen::chosen;
use super::trades::{name, provider};
use crate::cli::args::AccountsArguments;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::show::json::{Exact, envelope};
use crate::cli::show::look::has_settled;
use crate::cli::show::table::Table;
use crate::cli::{Run, print};
use crate::domain::{AccountId, Entry};
use crate::engine::accounting::book::AccountBook;
use crate::engine::accounting::chronicle::chronicle;
use crate::engine::accounting::reconcile::{
    Cause, Finding, Item, Reconciliation, Reported, Verdict,
};
use crate::link::{EntryQuery, Replica};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest wait for connections to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Compares, and says what differs.
///
/// # Errors
/// The vault does not open, the ledger cannot be read; [`Exit::Differences`] when something differs, after it was printed.
pub(in crate::cli) async fn reconcile(
    mut run: Run<'_>,
    wanted: AccountsArguments,
) -> Result<Exit, Failure> {
    let setup = run.setup.clone();
    let mut session = Session::open(&setup, run.key()).await?;
    if !session.is_beside() {
        session.until(PATIENCE, has_settled).await?;
    }
    let compared = compared(&mut session, &wanted.accounts).await;
    let lines = compared.map(|found| {
        let differ = found.iter().filter(|(_, it)| differs(it)).count();
        let text = match run.global.json {
            true => envelope(run.clock.now(), rows(&session.replica, &found)),
            false => text(&found),
        };
        (text, differ)
    });
    session.close().await;
    let (text, differ) = lines?;
    print(run.out, text.as_bytes())?;
    match differ {
        0 => Ok(Exit::Done),
        _ => Err(Failure::new(
            Exit::Differences,
            format!(
                "{differ} figures differ between broker and ledger; `tradedeck sync` first, then see the causes"
            ),
        )),
    }
}

type Found = Vec<(AccountId, Finding)>;

async fn compared(session: &mut Session, names: &[String]) -> Result<Found, Failure> {
    let mut found = Vec::new();
    for account in chosen(&session.replica, names)? {
        let query = EntryQuery {
            account: Some(account.clone()),
            ..EntryQuery::default()
        };
        let entries = all_entries(session, query).await?;
        let reported = reported(&session.replica, &account);
        let findings = compare(&account, &entries, &reported);
        found.extend(findings.into_iter().map(|it| (account.clone(), it)));
    }
    Ok(found)
}

/// What the broker said last of an account.
fn reported(replica: &Replica, account: &AccountId) -> Reported {
    let mut reported = Reported::default();
    if let Some(positions) = replica.positions.get(account) {
        let units = reported.units.insert(BTreeMap::new());
        for position in positions {
            *units.entry(position.symbol.clone()).or_default() += position.quantity.0;
        }
    }
    if let Some(balance) = replica.balances.get(account) {
        reported.cash.insert(balance.currency, balance.cash);
    }
    reported
}

fn compare(account: &AccountId, entries: &[Entry], reported: &Reported) -> Vec<Finding> {
    let chronicle = chronicle(entries.iter().collect());
    // Which lots a closing takes changes neither units nor cash.
    let book = AccountBook::rebuilt(account.clone(), Default::default(), &chronicle);
    let reconciliation = Reconciliation {
        book: &book,
        entries: &chronicle.entries,
        agreed: &BTreeMap::new(),
    };
    reconciliation.with(reported)
}

fn differs(finding: &Finding) -> bool {
    matches!(finding.verdict, Verdict::Differs { .. })
}

/// A line of a reconciliation in JSON: units of a symbol, or cash of a currency.
#[derive(Serialize)]
struct Row<'f> {
    provider: Option<&'f str>,
    connection: &'f str,
    account: &'f str,
    symbol: Option<&'f str>,
    currency: Option<&'f str>,
    reported: Option<Exact>,
    derived: Option<Exact>,
    verdict: &'static str,
    difference: Option<Exact>,
    since: Option<String>,
    cause: Option<String>,
}

fn rows<'f>(replica: &'f Replica, found: &'f Found) -> Vec<Row<'f>> {
    let row = |(account, finding): &'f (AccountId, Finding)| {
        let (symbol, currency) = match &finding.item {
            Item::Units(symbol) => (Some(symbol.as_str()), None),
            Item::Cash(currency) => (None, Some(currency.as_str())),
        };
        let (difference, since, cause) = match &finding.verdict {
            Verdict::Differs { by, since, cause } => (
                Some(Exact(*by)),
                since.as_ref().map(name),
                Some(words(cause)),
            ),
            Verdict::Agreed | Verdict::Unknown => (None, None, None),
        };
        Row {
            provider: provider(replica, account),
            connection: account.connection.as_str(),
            account: account.number.as_str(),
            symbol,
            currency,
            reported: finding.reported.map(Exact),
            derived: finding.derived.map(Exact),
            verdict: verdict(&finding.verdict),
            difference,
            since,
            cause,
        }
    };
    found.iter().map(row).collect()
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Agreed => "agreed",
        Verdict::Differs { .. } => "differs",
        Verdict::Unknown => "unknown",
    }
}

fn words(cause: &Cause) -> String {
    match cause {
        Cause::MissingHistory => "history is missing: the provider tells less than all".into(),
        Cause::NotUnderstood(id) => format!("an entry was not understood: {}", name(id)),
        Cause::LooksLikeSplit { from, to } => {
            format!("looks like a split of {to} for {from} that no entry tells of")
        }
        Cause::TransferIn => "units came in that no entry tells of".into(),
        Cause::UnsettledCash => "the broker leaves out cash that is not settled".into(),
        Cause::Fee => "may be fees that nobody listed".into(),
        Cause::Unexplained => "no cause is known".into(),
    }
}

fn text(found: &Found) -> String {
    let mut table = Table::new(&[
        "CONNECTION",
        "ACCOUNT",
        "WHAT",
        ">BROKER",
        ">LEDGER",
        "VERDICT",
        "LIKELY CAUSE",
    ]);
    for (account, finding) in found {
        let what = match &finding.item {
            Item::Units(symbol) => symbol.to_string(),
            Item::Cash(currency) => format!("cash {currency}"),
        };
        let shown = |value: Option<rust_decimal::Decimal>| match value {
            Some(value) => value.normalize().to_string(),
            None => "—".to_owned(),
        };
        let cause = match &finding.verdict {
            Verdict::Differs { cause, .. } => words(cause),
            Verdict::Agreed | Verdict::Unknown => String::new(),
        };
        table.row([
            account.connection.to_string(),
            account.number.to_string(),
            what,
            shown(finding.reported),
            shown(finding.derived),
            verdict(&finding.verdict).to_owned(),
            cause,
        ]);
    }
    table.finish("no account to compare")
}
