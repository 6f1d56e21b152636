//! Cash by currency and account: what is settled, what settles when, what is on its way, what is held back.

pub mod calendar;

use super::book::{AccountBook, CashFlow, FlowCause};
use super::books::Books;
use crate::domain::{AccountId, CashCause, Currency};
use calendar::day_of;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};

/// Days within which a movement between two accounts must have arrived; an older one had its other side elsewhere.
const JOURNAL_DAYS: i32 = 10;

/// Cash that a broker holds back, for orders that rest or deposits that may still bounce; positive.
pub type Holds = BTreeMap<(AccountId, Currency), Decimal>;

/// Cash of one currency in one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// What changed hands.
    pub settled: Decimal,
    /// What trades will bring or take, by the day it does.
    pub unsettled: BTreeMap<Date, Decimal>,
    /// Deposits, withdrawals and movements between accounts that are booked and not settled.
    pub in_transit: Decimal,
    /// What is held back of it.
    pub held: Decimal,
}

impl Rung {
    /// All of it: what the entries add up to.
    pub fn total(&self) -> Decimal {
        self.settled + self.unsettled.values().sum::<Decimal>() + self.in_transit
    }

    /// What is settled and not held back.
    pub fn free(&self) -> Decimal {
        self.settled - self.held
    }
}

/// All cash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// By account and currency.
    pub rungs: BTreeMap<(AccountId, Currency), Rung>,
    /// Movements between accounts whose other side has not been seen.
    pub between_accounts: Vec<CashFlow>,
}

/// Where all cash is on a day that is not before the latest entry's.
pub fn ladder(books: &Books, today: Date, holds: &Holds) -> Ladder {
    let mut rungs = BTreeMap::new();
    for (account, book) in &books.accounts {
        for currency in book.cash.keys() {
            let mut rung = rung(book, *currency, today);
            let key = (account.clone(), *currency);
            rung.held = holds.get(&key).copied().unwrap_or_default();
            rungs.insert(key, rung);
        }
    }
    Ladder {
        rungs,
        between_accounts: between_accounts(books, today),
    }
}

fn rung(book: &AccountBook, currency: Currency, today: Date) -> Rung {
    let mut rung = Rung {
        settled: book.cash.get(&currency).copied().unwrap_or_default(),
        ..Rung::default()
    };
    let later = book.unsettled.values().filter(|flow| flow.settles > today);
    for flow in later.filter(|flow| flow.money.currency == currency) {
        rung.settled -= flow.money.amount;
        if is_transfer(flow.cause) {
            rung.in_transit += flow.money.amount;
        } else {
            *rung.unsettled.entry(flow.settles).or_default() += flow.money.amount;
        }
    }
    rung
}

fn is_transfer(cause: FlowCause) -> bool {
    matches!(
        cause,
        FlowCause::Said(CashCause::Deposit | CashCause::Withdrawal | CashCause::Journal)
    )
}

/// Journals of the last days that no journal of the opposite amount in another account answers.
fn between_accounts(books: &Books, today: Date) -> Vec<CashFlow> {
    let mut open: HashMap<(Currency, Decimal), Vec<(&AccountId, &CashFlow)>> = HashMap::new();
    let is_recent = |flow: &&CashFlow| {
        let age = today.since(day_of(flow.time)).map(|age| age.get_days());
        age.is_ok_and(|age| age <= JOURNAL_DAYS)
    };
    for (account, book) in &books.accounts {
        let recent = book.flows.iter().rev().take_while(is_recent);
        for flow in recent.filter(|flow| flow.cause == FlowCause::Said(CashCause::Journal)) {
            let (currency, amount) = (flow.money.currency, flow.money.amount.normalize());
            let answers = open.entry((currency, -amount)).or_default();
            match answers.iter().position(|(other, _)| *other != account) {
                Some(at) => {
                    answers.remove(at);
                }
                None => open
                    .entry((currency, amount))
                    .or_default()
                    .push((account, flow)),
            }
        }
    }
    let mut left: Vec<(&AccountId, &CashFlow)> = open.into_values().flatten().collect();
    left.sort_by_key(|(account, flow)| (flow.time, *account, &flow.entry));
    left.into_iter().map(|(_, flow)| flow.clone()).collect()
}
