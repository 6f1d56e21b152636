//! A journal as beancount reads it.
//!
//! With FIFO a closing names no lot, so that beancount chooses by its own booking; with an average it names the cost,
//! for beancount has no average booking, and with the other methods it names the lot.

use super::journal::{Amount, HOLDINGS, Journal, LEAVES, Leaf, Posting, Transaction, UNKNOWN_COST};
use crate::domain::{AccountId, Currency, EntryId, Money, Symbol};
use crate::engine::accounting::Method;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Decimals to which a transaction has to add up.
const EXACT_TO: u32 = 6;

/// Where the digits beyond [`EXACT_TO`] would go: beancount takes its tolerance from the coarsest number of a transaction,
/// and one whose numbers all have twelve decimals would have none for a third of a lot.
const ROUNDING: Leaf = ("Equity", "Rounding");

/// Between the two transactions of a trade that crosses zero.
const CROSSING: Leaf = ("Equity", "Crossing");

/// The whole journal as text.
pub fn beancount(journal: &Journal) -> String {
    let mut text = String::from("option \"title\" \"tradedeck\"\n");
    text.push_str("option \"inferred_tolerance_default\" \"*:0.000001\"\n\n");
    for (account, owner) in &journal.owners {
        for leaf in LEAVES.iter().chain([&ROUNDING, &CROSSING]) {
            let method = journal.methods.get(account).copied().unwrap_or_default();
            let booking = if *leaf == HOLDINGS {
                booking(method)
            } else {
                ""
            };
            push(
                &mut text,
                format_args!("1900-01-01 open {}{booking}\n", path(*leaf, owner)),
            );
        }
    }
    for rate in &journal.rates {
        let (day, from, value, to) = (rate.date, rate.from, rate.value, rate.to);
        push(&mut text, format_args!("{day} price {from} {value} {to}\n"));
    }
    for transaction in &journal.transactions {
        write_transaction(&mut text, journal, transaction);
    }
    text
}

fn booking(method: Method) -> &'static str {
    match method {
        Method::Fifo => " \"FIFO\"",
        Method::Lifo | Method::HighestCost | Method::Chosen => " \"STRICT\"",
        Method::AverageCost => " \"NONE\"",
    }
}

fn write_transaction(text: &mut String, journal: &Journal, transaction: &Transaction) {
    let (opened, others) = apart(&transaction.postings);
    let sums = opened.iter().filter_map(|posting| match &posting.amount {
        Amount::Units { cost, .. } => *cost,
        Amount::Cash(_) => None,
    });
    let crossing: Vec<Money> = sums.collect();
    write_part(text, journal, transaction, &others, &crossing);
    if !opened.is_empty() {
        let minus = |cost: &Money| Money::new(-cost.amount, cost.currency);
        let crossing: Vec<Money> = crossing.iter().map(minus).collect();
        write_part(text, journal, transaction, &opened, &crossing);
    }
}

/// What a trade that crosses zero opens, and everything else. Beancount looks at what is held before a transaction and
/// takes all of its lines in that direction for closings, so the two have to be transactions of their own.
fn apart(postings: &[Posting]) -> (Vec<&Posting>, Vec<&Posting>) {
    let in_trade = |posting: &Posting, wanted: bool| match &posting.amount {
        Amount::Units {
            by_trade, reduces, ..
        } => *by_trade && *reduces == wanted,
        Amount::Cash(_) => false,
    };
    if !postings.iter().any(|posting| in_trade(posting, true)) {
        return (vec![], postings.iter().collect());
    }
    postings
        .iter()
        .partition(|posting| in_trade(posting, false))
}

fn write_part(
    text: &mut String,
    journal: &Journal,
    transaction: &Transaction,
    postings: &[&Posting],
    crossing: &[Money],
) {
    let Transaction { day, title, .. } = transaction;
    push(text, format_args!("\n{day} * {}\n", quoted(title.as_str())));
    push(
        text,
        format_args!("  entry: {}\n", label(&transaction.entry)),
    );
    if let Some(fees) = transaction.fees {
        push(text, format_args!("  fees: {}\n", quoted(&money(fees))));
    }
    let writer = Lines {
        journal,
        account: &transaction.account,
        method: journal
            .methods
            .get(&transaction.account)
            .copied()
            .unwrap_or_default(),
    };
    // By FIFO, all that is closed without naming a lot is closed at once.
    // The currency is named nevertheless, for beancount does not look for it among several lots.
    let mut unnamed: BTreeMap<(&Symbol, Currency), Decimal> = BTreeMap::new();
    for posting in postings {
        match writer.unnamed(posting) {
            Some((lots, quantity)) => *unnamed.entry(lots).or_default() += quantity,
            None => writer.write(text, posting),
        }
    }
    for ((symbol, currency), quantity) in unnamed {
        let name = writer.commodity(symbol);
        let quantity = quantity.normalize();
        writer.line(text, HOLDINGS, &format!("{quantity} {name} {{{currency}}}"));
    }
    for cost in crossing {
        writer.line(text, CROSSING, &money(*cost));
    }
    if let Some(currency) = too_exact(postings) {
        let zero = Decimal::new(0, EXACT_TO);
        writer.line(text, ROUNDING, &format!("{zero} {currency}"));
    }
}

/// The currency in which lots move and every number has more decimals than a transaction has to add up to.
fn too_exact(postings: &[&Posting]) -> Option<Currency> {
    let lots = postings.iter().find_map(|posting| match &posting.amount {
        Amount::Units { cost, .. } => cost.map(|cost| cost.currency),
        Amount::Cash(_) => None,
    })?;
    let is_coarse = |posting: &&Posting| match &posting.amount {
        Amount::Cash(cash) => cash.currency == lots && cash.amount.normalize().scale() <= EXACT_TO,
        Amount::Units { .. } => false,
    };
    (!postings.iter().any(is_coarse)).then_some(lots)
}

struct Lines<'a> {
    journal: &'a Journal,
    account: &'a AccountId,
    method: Method,
}

impl Lines<'_> {
    fn commodity(&self, symbol: &Symbol) -> &str {
        let name = self.journal.commodities.get(symbol);
        name.expect("every symbol of a transaction has a name")
    }

    fn line(&self, text: &mut String, leaf: Leaf, amount: &str) {
        let owner = self.journal.owners.get(self.account);
        let owner = owner.expect("every account of a transaction has a name");
        push(text, format_args!("  {}  {amount}\n", path(leaf, owner)));
    }

    /// What is left to beancount to choose: known lots of known age that a trade closes by FIFO.
    fn unnamed<'p>(&self, posting: &'p Posting) -> Option<((&'p Symbol, Currency), Decimal)> {
        let Amount::Units {
            symbol,
            quantity,
            cost: Some(cost),
            lot: Some(_),
            reduces: true,
            by_trade: true,
        } = &posting.amount
        else {
            return None;
        };
        (self.method == Method::Fifo).then_some(((symbol, cost.currency), *quantity))
    }

    fn write(&self, text: &mut String, posting: &Posting) {
        let Amount::Units {
            symbol,
            quantity,
            cost,
            lot,
            reduces,
            ..
        } = &posting.amount
        else {
            if let Amount::Cash(cash) = posting.amount {
                self.line(text, posting.leaf, &money(cash));
            }
            return;
        };
        let units = format!("{} {}", quantity.normalize(), self.commodity(symbol));
        let is_average = self.method == Method::AverageCost;
        let spec = match (cost, lot) {
            (None, _) => String::new(),
            (Some(cost), _) if is_average => format!(" {{{{{}}}}}", total(*cost)),
            (Some(cost), Some(lot)) if *reduces => {
                format!(" {{{}, {}}}", cost.currency, named(lot))
            }
            (Some(cost), Some(lot)) => format!(" {{{{{}, {}}}}}", total(*cost), named(lot)),
            (Some(cost), None) => format!(" {{{{{}}}}}", total(*cost)),
        };
        debug_assert!(posting.leaf == HOLDINGS || posting.leaf == UNKNOWN_COST);
        self.line(text, posting.leaf, &format!("{units}{spec}"));
    }
}

fn named((id, day): &(EntryId, Date)) -> String {
    format!("{day}, {}", label(id))
}

fn total(cost: Money) -> String {
    money(Money::new(cost.amount.abs(), cost.currency))
}

fn path((root, leaf): Leaf, owner: &str) -> String {
    format!("{root}:{owner}:{leaf}")
}

/// At least two decimals, so that the tolerance is no larger than half a cent.
pub(super) fn money(money: Money) -> String {
    let mut amount = money.amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    format!("{amount} {}", money.currency)
}

fn label(id: &EntryId) -> String {
    quoted(&id_text(id))
}

/// An entry's id as one text.
pub(super) fn id_text(id: &EntryId) -> String {
    match id {
        EntryId::Provider(id) => id.to_string(),
        EntryId::Fingerprint(digest, count) => format!("{digest}#{count}"),
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

pub(super) fn push(text: &mut String, line: std::fmt::Arguments) {
    text.write_fmt(line).expect("a string takes everything");
}
