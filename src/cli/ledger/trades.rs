//! What happened in accounts, row by row, as the ledger keeps it.

use super::all_entries;
use super::chosen::{chosen, moment};
use crate::cli::args::TradesArguments;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::show::json::{Exact, Moment, envelope};
use crate::cli::show::table::Table;
use crate::cli::{Run, print};
use crate::domain::{
    AccountId, CashCause, Entry, EntryId, Holding, Money, OptionEnd, Price, Quantity, Symbol, What,
};
use crate::link::{EntryQuery, Replica};
use rust_decimal::Decimal;
use serde::Serialize;

/// Prints entries of the ledger, oldest first.
///
/// # Errors
/// The vault does not open, an account is not known, or the ledger cannot be read.
pub(in crate::cli) async fn trades(
    mut run: Run<'_>,
    wanted: TradesArguments,
) -> Result<Exit, Failure> {
    let query = EntryQuery {
        symbol: wanted.symbol.as_deref().map(Symbol::new),
        since: moment(wanted.since.as_deref(), "--since")?,
        until: moment(wanted.until.as_deref(), "--until")?,
        ..EntryQuery::default()
    };
    let setup = run.setup.clone();
    let mut session = Session::open(&setup, run.key()).await?;
    let found = found(&mut session, &wanted, query).await;
    let text = found.map(|entries| match (run.global.json, wanted.csv) {
        (true, _) => envelope(run.clock.now(), items(&session.replica, &entries)),
        (false, true) => csv(&items(&session.replica, &entries)),
        (false, false) => text(&entries),
    });
    session.close().await;
    print(run.out, text?.as_bytes())
}

async fn found(
    session: &mut Session,
    wanted: &TradesArguments,
    query: EntryQuery,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = match wanted.accounts.is_empty() {
        true => all_entries(session, query).await?,
        false => entries_of(session, &wanted.accounts, query).await?,
    };
    entries.retain(|entry| wanted.all || entry.trade().is_some());
    Ok(entries)
}

/// Entries of the accounts that were named, in the order of time.
pub(super) async fn entries_of(
    session: &mut Session,
    names: &[String],
    query: EntryQuery,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for account in chosen(&session.replica, names)? {
        let account = Some(account);
        let query = EntryQuery {
            account,
            ..query.clone()
        };
        entries.extend(all_entries(session, query).await?);
    }
    entries.sort_by_key(|entry| entry.time);
    Ok(entries)
}

/// An entry in JSON and CSV. Prices and amounts are in `currency`, quantities in units of the instrument; cash that came
/// in and units that came in are positive.
#[derive(Serialize)]
struct Item<'e> {
    provider: Option<&'e str>,
    connection: &'e str,
    account: &'e str,
    id: String,
    time: Moment,
    settles: Option<String>,
    kind: &'static str,
    symbol: Option<&'e str>,
    side: Option<&'static str>,
    quantity: Option<Quantity>,
    price: Option<Price>,
    multiplier: Option<Exact>,
    fees: Option<Exact>,
    amount: Option<Exact>,
    currency: Option<&'e str>,
    order: Option<&'e str>,
    corrects: Option<String>,
    word: &'e str,
    description: &'e str,
}

fn items<'e>(replica: &'e Replica, entries: &'e [Entry]) -> Vec<Item<'e>> {
    entries.iter().map(|entry| item(replica, entry)).collect()
}

fn item<'e>(replica: &'e Replica, entry: &'e Entry) -> Item<'e> {
    let figures = figures(entry);
    let trade = entry.trade();
    Item {
        provider: provider(replica, &entry.account),
        connection: entry.account.connection.as_str(),
        account: entry.account.number.as_str(),
        id: name(&entry.id),
        time: Moment(entry.time),
        settles: entry.settles.map(|day| day.to_string()),
        kind: kind(&entry.what),
        symbol: entry.symbol().map(Symbol::as_str),
        side: trade.map(|trade| trade.side.as_str()),
        quantity: figures.quantity,
        price: trade.map(|trade| trade.price),
        multiplier: figures.holding.map(|it| Exact(it.multiplier)),
        fees: trade.map(|trade| Exact(trade.fees)),
        amount: figures.amount.map(Exact),
        currency: figures.currency,
        order: trade
            .and_then(|trade| trade.order.as_ref())
            .map(|it| it.as_str()),
        corrects: entry.corrects.as_ref().map(name),
        word: entry.word.as_str(),
        description: entry.description.as_str(),
    }
}

/// What an entry says in numbers.
#[derive(Default)]
struct Figures<'e> {
    holding: Option<&'e Holding>,
    quantity: Option<Quantity>,
    amount: Option<Decimal>,
    currency: Option<&'e str>,
}

fn figures(entry: &Entry) -> Figures<'_> {
    let of = |holding, quantity, money: Option<&Money>| Figures {
        holding: Some(holding),
        quantity: Some(quantity),
        amount: money.map(|money| money.amount),
        currency: None,
    };
    match &entry.what {
        What::Trade(trade) => Figures {
            amount: trade.cash(),
            currency: Some(trade.holding.currency.as_str()),
            ..of(&trade.holding, trade.quantity, None)
        },
        What::Cash { amount, .. } => Figures {
            amount: Some(amount.amount),
            currency: Some(amount.currency.as_str()),
            ..Figures::default()
        },
        What::Units {
            holding, quantity, ..
        }
        | What::OptionEnded {
            holding, quantity, ..
        } => of(holding, *quantity, None),
        What::Exchanged { to, come, cash, .. } => Figures {
            currency: cash.as_ref().map(|cash| cash.currency.as_str()),
            ..of(to, *come, cash.as_ref())
        },
        What::SpunOff {
            child, quantity, ..
        } => of(child, *quantity, None),
        What::Noted {
            amount, quantity, ..
        } => Figures {
            holding: None,
            quantity: *quantity,
            amount: amount.as_ref().map(|money| money.amount),
            currency: amount.as_ref().map(|money| money.currency.as_str()),
        },
        What::Split { .. } | What::TakenBack => Figures::default(),
    }
}

/// The word for a kind of entry, in JSON and CSV.
fn kind(what: &What) -> &'static str {
    match what {
        What::Trade(_) => "trade",
        What::Cash { cause, .. } => match cause {
            CashCause::Dividend => "dividend",
            CashCause::InLieu => "in_lieu",
            CashCause::Interest => "interest",
            CashCause::Fee => "fee",
            CashCause::Tax => "tax",
            CashCause::Deposit => "deposit",
            CashCause::Withdrawal => "withdrawal",
            CashCause::Journal => "journal",
            CashCause::Conversion => "conversion",
            CashCause::MarkToMarket => "mark_to_market",
            CashCause::Adjustment => "adjustment",
        },
        What::Units { .. } => "units",
        What::OptionEnded { how, .. } => match how {
            OptionEnd::Expired => "expired",
            OptionEnd::Exercised => "exercised",
            OptionEnd::Assigned => "assigned",
        },
        What::Split { .. } => "split",
        What::Exchanged { .. } => "exchanged",
        What::SpunOff { .. } => "spun_off",
        What::TakenBack => "taken_back",
        What::Noted { .. } => "noted",
    }
}

pub(super) fn name(id: &EntryId) -> String {
    match id {
        EntryId::Provider(id) => id.to_string(),
        EntryId::Fingerprint(digest, ordinal) => format!("{digest}#{ordinal}"),
    }
}

pub(super) fn provider<'r>(replica: &'r Replica, account: &AccountId) -> Option<&'r str> {
    let connection = replica.connection_of(account)?;
    Some(connection.provider.as_str())
}

fn csv(items: &[Item<'_>]) -> String {
    let mut rows = csv::Writer::from_writer(Vec::new());
    for item in items {
        rows.serialize(item).expect("plain values into memory");
    }
    let bytes = rows.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("texts only")
}

fn text(entries: &[Entry]) -> String {
    let mut table = Table::new(&[
        "TIME (UTC)",
        "ACCOUNT",
        "KIND",
        "SYMBOL",
        ">QUANTITY",
        ">PRICE",
        ">FEES",
        ">AMOUNT",
        "CCY",
    ]);
    let shown = |value: Option<String>| value.unwrap_or_else(|| "—".to_owned());
    for entry in entries {
        let figures = figures(entry);
        let trade = entry.trade();
        let side = trade.map(|trade| trade.side.as_str());
        let moment = entry.time.to_rfc3339_millis();
        table.row([
            moment[..19].replace('T', " "),
            entry.account.number.to_string(),
            side.unwrap_or_else(|| kind(&entry.what)).to_owned(),
            shown(entry.symbol().map(ToString::to_string)),
            shown(figures.quantity.map(|it| it.to_string())),
            shown(trade.map(|it| it.price.to_string())),
            shown(trade.map(|it| it.fees.to_string())),
            shown(figures.amount.map(|it| it.to_string())),
            figures.currency.unwrap_or("—").to_owned(),
        ]);
    }
    table.finish("nothing in the ledger; `tradedeck sync` reads it from your accounts")
}
