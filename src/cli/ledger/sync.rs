//! Histories: read into the ledger by hand, and told account by account.

use super::chosen::{chosen, moment, whole_name};
use crate::cli::args::SyncArguments;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::show::json::{Moment, envelope};
use crate::cli::show::look::has_settled;
use crate::cli::show::table::Table;
use crate::cli::{Run, print};
use crate::domain::{AccountId, SyncAsk, SyncOutcome, SyncRun};
use crate::link::{ConnectionState, Replica, Request};
use serde::Serialize;
use std::time::Duration;

/// Longest wait for connections to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longest wait for histories: years of a busy account at a provider that allows few calls a minute.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Reads histories and says what came.
///
/// # Errors
/// An account is not known, the vault does not open, or not everything could be read; what was read is printed and kept.
pub(in crate::cli) async fn sync(mut run: Run<'_>, wanted: SyncArguments) -> Result<Exit, Failure> {
    let ask = ask(&wanted)?;
    let setup = run.setup.clone();
    let mut session = Session::open(&setup, run.key()).await?;
    if !session.is_beside() {
        session.until(PATIENCE, has_settled).await?;
    }
    let accounts = match chosen(&session.replica, &wanted.accounts) {
        Ok(accounts) => accounts,
        Err(failure) => {
            session.close().await;
            return Err(failure);
        }
    };
    let asked = run.clock.now();
    for account in &accounts {
        let account = Some(account.clone());
        session.request(Request::Sync { account, ask })?;
    }
    let ended = |replica: &Replica, account: &AccountId| {
        let run = replica.syncs.get(account);
        let is_ours = |it: &&SyncRun| it.started >= asked && it.ended.is_some();
        run.filter(is_ours).cloned()
    };
    let all = |replica: &Replica| {
        let done = |it| ended(replica, it).is_some() || !may_be_read(replica, it);
        accounts.iter().all(done)
    };
    session.until(LONGEST, all).await?;
    let runs: Vec<SyncRun> = accounts
        .iter()
        .filter_map(|account| ended(&session.replica, account))
        .collect();
    let text = match run.global.json {
        true => envelope(run.clock.now(), items(&session.replica, &runs)),
        false => text(&runs),
    };
    let printed = print(run.out, text.as_bytes());
    let failure = failure(&session.replica, &accounts, &runs);
    session.close().await;
    match (printed, failure) {
        (Ok(Exit::Done), Some(failure)) => Err(failure),
        (printed, _) => printed,
    }
}

fn ask(wanted: &SyncArguments) -> Result<SyncAsk, Failure> {
    Ok(SyncAsk {
        since: moment(wanted.since.as_deref(), "--since")?,
        until: moment(wanted.until.as_deref(), "--until")?,
        full: wanted.full,
    })
}

/// Whether a connection can be asked.
fn may_be_read(replica: &Replica, account: &AccountId) -> bool {
    let connection = replica.connections.get(&account.connection);
    connection.is_some_and(|it| match it.state {
        ConnectionState::Connecting | ConnectionState::Live | ConnectionState::Retrying { .. } => {
            true
        }
        ConnectionState::Disconnected
        | ConnectionState::Sealed
        | ConnectionState::NeedsSignIn { .. }
        | ConnectionState::Failed { .. } => false,
    })
}

/// What a script learns of one account.
#[derive(Serialize)]
struct Item<'r> {
    provider: Option<&'r str>,
    connection: &'r str,
    account: &'r str,
    outcome: &'static str,
    problem: Option<&'r str>,
    trades_synced: u64,
    last_sync_date: Option<Moment>,
    since: Moment,
    until: Moment,
    fetched: u64,
    new: u64,
    duplicates: u64,
    corrected: u64,
    rejected: u64,
    pages: u32,
    retries: u32,
    took_ms: Option<u64>,
}

fn items<'r>(replica: &'r Replica, runs: &'r [SyncRun]) -> Vec<Item<'r>> {
    let item = |run: &'r SyncRun| Item {
        provider: replica
            .connection_of(&run.account)
            .map(|it| it.provider.as_str()),
        connection: run.account.connection.as_str(),
        account: run.account.number.as_str(),
        outcome: word(&run.outcome),
        problem: match &run.outcome {
            SyncOutcome::Failed(why) => Some(why.as_str()),
            SyncOutcome::Done
            | SyncOutcome::UnderWay
            | SyncOutcome::Cancelled
            | SyncOutcome::Interrupted => None,
        },
        trades_synced: run.rows.trades,
        last_sync_date: run.ended.map(Moment),
        since: Moment(run.asked.from),
        until: Moment(run.asked.until),
        fetched: run.rows.fetched,
        new: run.rows.new,
        duplicates: run.rows.duplicate,
        corrected: run.rows.corrected,
        rejected: run.rows.rejected,
        pages: run.pages,
        retries: run.retries,
        took_ms: run
            .took()
            .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    };
    runs.iter().map(item).collect()
}

fn word(outcome: &SyncOutcome) -> &'static str {
    match outcome {
        SyncOutcome::UnderWay => "under_way",
        SyncOutcome::Done => "done",
        SyncOutcome::Cancelled => "cancelled",
        SyncOutcome::Interrupted => "interrupted",
        SyncOutcome::Failed(_) => "failed",
    }
}

fn text(runs: &[SyncRun]) -> String {
    let mut table = Table::new(&[
        "CONNECTION",
        "ACCOUNT",
        "OUTCOME",
        ">ROWS",
        ">NEW",
        ">KNOWN",
        ">CORRECTED",
        ">REJECTED",
        ">PAGES",
    ]);
    for run in runs {
        let rows = run.rows;
        table.row([
            run.account.connection.to_string(),
            run.account.number.to_string(),
            word(&run.outcome).to_owned(),
            rows.fetched.to_string(),
            rows.new.to_string(),
            rows.duplicate.to_string(),
            rows.corrected.to_string(),
            rows.rejected.to_string(),
            run.pages.to_string(),
        ]);
    }
    table.finish("no account to read the history of")
}

/// What was not read, as the failure that says so.
fn failure(replica: &Replica, accounts: &[AccountId], runs: &[SyncRun]) -> Option<Failure> {
    for account in accounts {
        let connection = replica.connections.get(&account.connection)?;
        let name = whole_name(account);
        if let ConnectionState::NeedsSignIn { why } = &connection.state {
            let sentence = format!(
                "{name}: the provider wants a new sign-in ({why}); `tradedeck sign-in {}`",
                account.connection
            );
            return Some(Failure::new(Exit::SignIn, sentence));
        }
        let Some(run) = runs.iter().find(|run| run.account == *account) else {
            let sentence = format!("{name}: its connection cannot be asked now; try again later");
            return Some(Failure::new(Exit::Unreachable, sentence));
        };
        let why = match &run.outcome {
            SyncOutcome::Done => continue,
            SyncOutcome::Failed(why) => why.to_string(),
            SyncOutcome::UnderWay | SyncOutcome::Cancelled | SyncOutcome::Interrupted => {
                "it was stopped; what was read is kept, and the next sync goes on from there".into()
            }
        };
        return Some(Failure::new(Exit::Failed, format!("{name}: {why}")));
    }
    None
}
