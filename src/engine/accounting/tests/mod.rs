//! Accounting, told as stories: one line an entry.

mod profits;
mod properties;
mod reconciled;
mod stories;
mod washes;

use crate::domain::entry::Trade;
use crate::domain::money::decimal;
use crate::domain::{
    AccountId, AssetClass, CashCause, ConnectionId, Currency, Entry, EntryId, Holding, Money,
    OptionEnd, Side, Symbol, Timestamp, What,
};
use crate::engine::accounting::book::terms::Terms;
use crate::engine::accounting::books::{Books, Policy};
use crate::engine::accounting::{AccountBook, Choice, Method};
use rust_decimal::Decimal;
use std::time::Duration;

/// The account of a number.
pub(crate) fn account(number: &str) -> AccountId {
    AccountId {
        connection: ConnectionId::new("broker"),
        number: number.into(),
    }
}

/// A number in a test.
pub(crate) fn number(text: &str) -> Decimal {
    decimal(text).unwrap()
}

/// What a symbol looks like: options by their form, `/ES` a future, `BTC/USD` a coin, `SAP.DE` priced in euros.
pub(crate) fn holding(symbol: &str) -> Holding {
    let name = Symbol::new(symbol);
    let (class, multiplier) = match symbol {
        _ if Terms::of(&name).is_some() => (AssetClass::Option, 100),
        _ if symbol.starts_with('/') => (AssetClass::Future, 50),
        _ if symbol.contains('/') => (AssetClass::Crypto, 1),
        _ => (AssetClass::Equity, 1),
    };
    let currency = if symbol.ends_with(".DE") {
        "EUR"
    } else {
        "USD"
    };
    Holding {
        symbol: name,
        class,
        multiplier: multiplier.into(),
        currency: Currency::parse(currency).unwrap(),
    }
}

fn money(amount: &str, currency: &str) -> Money {
    Money::new(number(amount), Currency::parse(currency).unwrap())
}

fn cause(word: &str) -> CashCause {
    match word {
        "dividend" => CashCause::Dividend,
        "interest" => CashCause::Interest,
        "fee" => CashCause::Fee,
        "tax" => CashCause::Tax,
        "deposit" => CashCause::Deposit,
        "withdrawal" => CashCause::Withdrawal,
        "journal" => CashCause::Journal,
        "conversion" => CashCause::Conversion,
        "mtm" => CashCause::MarkToMarket,
        "adjustment" => CashCause::Adjustment,
        "inlieu" => CashCause::InLieu,
        _ => panic!("no cause: {word}"),
    }
}

fn what(words: &[&str]) -> What {
    let given = |at: usize| words.get(at).copied().filter(|word| *word != "-");
    match words[0] {
        "buy" | "sell" => What::Trade(Trade {
            side: if words[0] == "buy" {
                Side::Buy
            } else {
                Side::Sell
            },
            quantity: words[1].parse().unwrap(),
            holding: holding(words[2]),
            price: words[3].parse().unwrap(),
            fees: given(4).map_or(Decimal::ZERO, number),
            order: None,
        }),
        "split" => What::Split {
            symbol: Symbol::new(words[1]),
            from: number(words[2]),
            to: number(words[3]),
        },
        "cash" => What::Cash {
            cause: cause(words[1]),
            amount: money(words[2], words[3]),
            symbol: given(4).map(Symbol::new),
        },
        "units" => What::Units {
            holding: holding(words[2]),
            quantity: words[1].parse().unwrap(),
            cost: given(3).map(|cost| money(cost, "USD")),
        },
        "expired" | "exercised" | "assigned" => What::OptionEnded {
            holding: holding(words[2]),
            how: match words[0] {
                "expired" => OptionEnd::Expired,
                "exercised" => OptionEnd::Exercised,
                _ => OptionEnd::Assigned,
            },
            quantity: words[1].parse().unwrap(),
        },
        "swap" => What::Exchanged {
            gone: words[1].parse().unwrap(),
            from: holding(words[2]),
            come: words[3].parse().unwrap(),
            to: holding(words[4]),
            cash: given(5).map(|cash| money(cash, "USD")),
        },
        "spin" => What::SpunOff {
            parent: Symbol::new(words[1]),
            quantity: words[2].parse().unwrap(),
            child: holding(words[3]),
            cost_share: given(4).map(number),
        },
        "note" => What::Noted {
            amount: given(1).map(|amount| money(amount, "USD")),
            symbol: given(2).map(Symbol::new),
            quantity: given(3).map(|units| units.parse().unwrap()),
        },
        "back" => What::TakenBack,
        other => panic!("no verb: {other}"),
    }
}

/// `2026-01-05 buy 10 AAPL 100 1`: at noon of the day, a second later each line; the id is the line's number from 1.
/// `@2 ` before the verb is another account, `!3` corrects line 3, `>2026-01-07` settles then.
pub(crate) fn story(text: &str) -> Vec<Entry> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.enumerate().map(|(at, line)| told(at, line)).collect()
}

fn told(at: usize, line: &str) -> Entry {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let day = words.remove(0);
    let mut mark = |sign: char| {
        let found = words.first().and_then(|word| word.strip_prefix(sign));
        if found.is_some() {
            words.remove(0);
        }
        found
    };
    let (number, corrects, settles) = (mark('@'), mark('!'), mark('>'));
    let noon = Timestamp::parse(&format!("{day}T17:00:00Z")).unwrap();
    Entry {
        account: account(number.unwrap_or("1")),
        id: EntryId::provider(&(at + 1).to_string()),
        time: noon.plus(Duration::from_secs(at as u64)),
        settles: settles.map(|day| day.parse().unwrap()),
        corrects: corrects.map(EntryId::provider),
        word: words[0].into(),
        description: "".into(),
        what: what(&words),
    }
}

/// The same choice everywhere.
pub(crate) fn policy(method: Method) -> Policy {
    Policy {
        usual: Choice {
            method,
            picks: Default::default(),
        },
        ..Policy::default()
    }
}

/// The books after a story.
pub(crate) fn books(method: Method, text: &str) -> Books {
    Books::rebuilt(policy(method), &story(text))
}

/// The book of the first account after a story.
pub(crate) fn book(method: Method, text: &str) -> AccountBook {
    books(method, text).accounts[&account("1")].clone()
}

fn shown(amount: Option<Decimal>) -> String {
    amount.map_or("?".to_owned(), |amount| amount.normalize().to_string())
}

/// `10 AAPL 1000, -5 MSFT ?`: what is open, and what it cost.
pub(crate) fn open(book: &AccountBook) -> String {
    let held = book.positions.values().filter(|it| !it.lots.is_empty());
    let one = |it: &crate::engine::accounting::Position| {
        let units = it.units.normalize();
        format!("{units} {} {}", it.holding.symbol, shown(it.lots.cost()))
    };
    held.map(one).collect::<Vec<_>>().join(", ")
}

/// `10 AAPL +200, 5 MSFT ?`: units that were closed and their profit.
pub(crate) fn realised(book: &AccountBook) -> String {
    let one = |it: &crate::engine::accounting::Realised| {
        let units = it.quantity.normalize();
        format!("{units} {} {}", it.symbol, shown(it.profit()))
    };
    book.realised.iter().map(one).collect::<Vec<_>>().join(", ")
}
