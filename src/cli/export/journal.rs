//! Entries as transactions that balance: what each of them did to cash, lots and results.
//!
//! A transaction is read off the book before and after its entry, so it shows the lots that the book chose. Each ends
//! with whatever is left over, on the account that the kind of the entry names; for a trade of known cost that is nothing.

mod lines;

use super::names;
use crate::domain::{AccountId, CashCause, Currency, Entry, EntryId, Money, Symbol, What};
use crate::engine::accounting::AccountBook;
use crate::engine::accounting::book::{Lot, Method, Premium, Watch};
use crate::engine::accounting::books::Policy;
use crate::engine::accounting::chronicle::{Placed, chronicles};
use crate::engine::accounting::ladder::calendar::day_of;
use crate::engine::accounting::rates::{Rate, Rates};
use jiff::civil::Date;
use lines::Lines;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// What an account of the journal is for; the owner's part of its name comes between the two words.
pub type Leaf = (&'static str, &'static str);

/// Cash of an account.
pub const CASH: Leaf = ("Assets", "Cash");
/// Units of an account.
pub const HOLDINGS: Leaf = ("Assets", "Holdings");
/// Profit of futures that daily settlement has not paid out.
pub const FUTURES: Leaf = ("Assets", "Futures");
/// Premiums of used options until the delivery.
pub const PREMIUMS: Leaf = ("Assets", "Premiums");
/// Realised profit.
pub const REALISED: Leaf = ("Income", "Realised");
/// Proceeds of units whose cost nobody knows.
pub const UNKNOWN_PROFIT: Leaf = ("Income", "Unknown-Profit");
/// The other side of units whose cost nobody knows.
pub const UNKNOWN_COST: Leaf = ("Equity", "Unknown-Cost");
const TRANSFERS: Leaf = ("Equity", "Transfers");

/// All accounts that a journal may use.
pub const LEAVES: [Leaf; 18] = [
    CASH,
    HOLDINGS,
    FUTURES,
    PREMIUMS,
    REALISED,
    UNKNOWN_PROFIT,
    UNKNOWN_COST,
    TRANSFERS,
    ("Income", "Dividends"),
    ("Income", "Interest"),
    ("Expenses", "Fees"),
    ("Expenses", "Taxes"),
    ("Equity", "Deposits"),
    ("Equity", "Journals"),
    ("Equity", "Conversions"),
    ("Equity", "Settlement"),
    ("Equity", "Adjustments"),
    ("Equity", "Noted"),
];

/// What a line of a transaction moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Money.
    Cash(Money),
    /// Units of a lot.
    Units {
        /// Of what.
        symbol: Symbol,
        /// Negative when they go.
        quantity: Decimal,
        /// What they cost in all, with the sign of the units; `None` where unknown.
        cost: Option<Money>,
        /// The lot: the entry that opened it and the day.
        lot: Option<(EntryId, Date)>,
        /// Whether they take away from what is there.
        reduces: bool,
        /// Whether a trade chose the lot by the account's method; other entries name the lots they are about.
        by_trade: bool,
    },
}

/// A line of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// On which account.
    pub leaf: Leaf,
    /// How much.
    pub amount: Amount,
}

/// An entry as a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The day in New York.
    pub day: Date,
    /// In which account.
    pub account: AccountId,
    /// Which entry.
    pub entry: EntryId,
    /// The provider's word and description.
    pub title: crate::domain::Text,
    /// Fees that are in the cost or the proceeds.
    pub fees: Option<Money>,
    /// Lines; they add up to nothing.
    pub postings: Vec<Posting>,
}

/// Everything that a journal says.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// By account, then in order.
    pub transactions: Vec<Transaction>,
    /// Names of the accounts.
    pub owners: BTreeMap<AccountId, String>,
    /// How each account's closings choose their lots.
    pub methods: BTreeMap<AccountId, Method>,
    /// Names of what is held.
    pub commodities: BTreeMap<Symbol, String>,
    /// Exchange rates.
    pub rates: Vec<Rate>,
}

/// The journal of all entries, in whatever order they arrived.
pub fn journal<'a>(
    policy: &Policy,
    entries: impl IntoIterator<Item = &'a Entry>,
    rates: &Rates,
) -> Journal {
    let mut journal = Journal {
        rates: rates.all().collect(),
        ..Journal::default()
    };
    let mut currencies = BTreeSet::new();
    let mut symbols = BTreeSet::new();
    for (account, chronicle) in chronicles(entries) {
        let choice = policy.of(account).clone();
        journal.methods.insert(account.clone(), choice.method);
        let mut writer = Writer::default();
        let book = AccountBook::watched(account.clone(), choice, &chronicle, &mut writer);
        journal.transactions.append(&mut writer.written);
        currencies.extend(book.cash.keys().copied());
        currencies.extend(book.positions.values().map(|it| it.holding.currency));
        symbols.extend(book.positions.keys().cloned());
    }
    currencies.extend(journal.rates.iter().flat_map(|rate| [rate.from, rate.to]));
    journal.owners = names::accounts(journal.methods.keys().cloned());
    journal.commodities = names::commodities(symbols, &currencies);
    journal
}

/// What a book was before an entry, as far as the entry can change it.
#[derive(Default)]
struct Writer {
    cash: BTreeMap<Currency, Decimal>,
    futures: BTreeMap<Currency, Decimal>,
    premiums: BTreeMap<Currency, Decimal>,
    realised: usize,
    openings: usize,
    /// For what is no trade: the lots of every instrument it names.
    lots: BTreeMap<Symbol, Vec<Lot>>,
    written: Vec<Transaction>,
}

impl Watch for Writer {
    fn before(&mut self, book: &AccountBook, next: &Placed) {
        self.cash.clone_from(&book.cash);
        self.futures.clone_from(&book.futures);
        self.premiums = premiums(&book.premiums);
        self.realised = book.realised.len();
        self.openings = book.openings.len();
        self.lots = lots_of(book, next.entry);
    }

    fn after(&mut self, book: &AccountBook, counted: &Placed) {
        let is_trade = matches!(counted.entry.what, What::Trade(_));
        let mut lines = Lines {
            by_trade: is_trade,
            ..Lines::default()
        };
        for (currency, change) in changes(&self.cash, &book.cash) {
            lines.cash(CASH, change, currency);
        }
        for (currency, change) in changes(&self.futures, &book.futures) {
            lines.cash(FUTURES, change, currency);
        }
        for (currency, change) in changes(&self.premiums, &premiums(&book.premiums)) {
            lines.cash(PREMIUMS, change, currency);
        }
        let closed = &book.realised[self.realised..];
        if is_trade {
            closed.iter().for_each(|row| lines.close(row));
        } else {
            self.compare_lots(book, counted, &mut lines);
        }
        closed.iter().for_each(|row| lines.profit(row));
        if let Some(opened) = book.openings.get(self.openings).filter(|_| is_trade) {
            let position = book.positions.get(&opened.symbol);
            if let Some(position) = position {
                lines.open(position, opened.quantity, counted);
            }
        }
        lines.balance(rest_of(&counted.entry.what));
        if !lines.postings.is_empty() {
            self.written
                .push(transaction(book, counted, lines.postings));
        }
    }
}

impl Writer {
    fn compare_lots(&self, book: &AccountBook, counted: &Placed, lines: &mut Lines) {
        let now = lots_of(book, counted.entry);
        for (symbol, lots) in &now {
            let before = self.lots.get(symbol).map_or(&[][..], Vec::as_slice);
            if let Some(position) = book.positions.get(symbol) {
                lines.differences(position, before, lots, counted.time);
            }
        }
    }
}

fn transaction(book: &AccountBook, counted: &Placed, postings: Vec<Posting>) -> Transaction {
    let entry = counted.entry;
    let mut fees = None;
    if let What::Trade(trade) = &entry.what {
        fees = Some(Money::new(trade.fees, trade.holding.currency));
    }
    let fees = fees.filter(|fees| !fees.amount.is_zero());
    Transaction {
        day: day_of(counted.time),
        account: book.account.clone(),
        entry: entry.id.clone(),
        title: format!("{} {}", entry.word, entry.description)
            .trim()
            .into(),
        fees,
        postings,
    }
}

fn premiums(all: &[Premium]) -> BTreeMap<Currency, Decimal> {
    let mut sums = BTreeMap::new();
    for premium in all {
        *sums.entry(premium.currency).or_default() += premium.cost.unwrap_or_default();
    }
    sums
}

fn changes(
    before: &BTreeMap<Currency, Decimal>,
    after: &BTreeMap<Currency, Decimal>,
) -> Vec<(Currency, Decimal)> {
    let was = |currency| before.get(currency).copied().unwrap_or_default();
    let all = after
        .iter()
        .map(|(currency, now)| (*currency, now - was(currency)));
    let gone = before
        .iter()
        .filter(|(currency, _)| !after.contains_key(*currency));
    let gone = gone.map(|(currency, was)| (*currency, -*was));
    all.chain(gone)
        .filter(|(_, change)| !change.is_zero())
        .collect()
}

/// The lots of every instrument that an entry names, but for trades, whose rows say enough.
fn lots_of(book: &AccountBook, entry: &Entry) -> BTreeMap<Symbol, Vec<Lot>> {
    let named: Vec<&Symbol> = match &entry.what {
        What::Trade(_) | What::TakenBack => vec![],
        What::Cash { symbol, .. } | What::Noted { symbol, .. } => symbol.iter().collect(),
        What::Units { holding, .. } | What::OptionEnded { holding, .. } => vec![&holding.symbol],
        What::Split { symbol, .. } => vec![symbol],
        What::Exchanged { from, to, .. } => vec![&from.symbol, &to.symbol],
        What::SpunOff { parent, child, .. } => vec![parent, &child.symbol],
    };
    let lots = |symbol: &Symbol| {
        book.positions
            .get(symbol)
            .map(|it| it.lots.iter().cloned().collect())
    };
    named
        .into_iter()
        .filter_map(|it| Some((it.clone(), lots(it)?)))
        .collect()
}

/// Where the rest of an entry goes.
fn rest_of(what: &What) -> Leaf {
    match what {
        What::Cash { cause, .. } => match cause {
            CashCause::Dividend => ("Income", "Dividends"),
            CashCause::Interest => ("Income", "Interest"),
            CashCause::Fee => ("Expenses", "Fees"),
            CashCause::Tax => ("Expenses", "Taxes"),
            CashCause::Deposit | CashCause::Withdrawal => ("Equity", "Deposits"),
            CashCause::Journal => ("Equity", "Journals"),
            CashCause::Conversion => ("Equity", "Conversions"),
            CashCause::MarkToMarket => ("Equity", "Settlement"),
            CashCause::Adjustment | CashCause::InLieu => ("Equity", "Adjustments"),
        },
        What::Noted { .. } => ("Equity", "Noted"),
        What::Trade(_)
        | What::Units { .. }
        | What::OptionEnded { .. }
        | What::Split { .. }
        | What::Exchanged { .. }
        | What::SpunOff { .. }
        | What::TakenBack => TRANSFERS,
    }
}
