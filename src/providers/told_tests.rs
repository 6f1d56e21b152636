use super::*;
use crate::domain::money::decimal;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Currency, EntryId, Side, Symbol, Timestamp,
};

/// An entry's id, what it corrects and what happened, in short.
pub(in crate::providers) fn shown(entry: &Entry) -> String {
    let name = |id: &EntryId| match id {
        EntryId::Provider(id) => id.to_string(),
        EntryId::Fingerprint(digest, copy) => format!("{digest}#{copy}"),
    };
    let corrects = entry.corrects.as_ref().map(name);
    let corrects = corrects.map_or(String::new(), |id| format!(" for {id}"));
    format!("{}{corrects}: {}", name(&entry.id), shown_what(&entry.what))
}

fn shown_what(what: &What) -> String {
    let of = |symbol: &Option<Symbol>| match symbol {
        Some(symbol) => format!(" {symbol}"),
        None => String::new(),
    };
    let thing = |holding: &Holding| {
        let size = match holding.multiplier == Decimal::ONE {
            true => String::new(),
            false => format!("x{}", holding.multiplier),
        };
        match holding.class == AssetClass::Equity {
            true => format!("{}{size}", holding.symbol),
            false => format!("{:?}{size} {}", holding.class, holding.symbol),
        }
    };
    match what {
        What::Trade(trade) => {
            let order = trade.order.as_ref().map_or("none", |order| order.as_str());
            let (side, units) = (trade.side.as_str(), trade.quantity);
            let (holding, price, fees) = (thing(&trade.holding), trade.price, trade.fees);
            format!("{side} {units} {holding} @ {price} fees {fees} order {order}")
        }
        What::Cash {
            cause,
            amount,
            symbol,
        } => format!("{cause:?} {amount}{}", of(symbol)),
        What::Units {
            holding,
            quantity,
            cost,
        } => {
            let cost = cost.map_or(String::new(), |cost| format!(" cost {cost}"));
            format!("units {quantity} {}{cost}", thing(holding))
        }
        What::OptionEnded {
            holding,
            how,
            quantity,
        } => format!("{how:?} {quantity} {}", thing(holding)),
        What::Noted {
            amount,
            symbol,
            quantity,
        } => {
            let amount = amount.map_or(String::new(), |it| format!(" {it}"));
            let units = quantity.map_or(String::new(), |it| format!(" units {it}"));
            format!("noted{amount}{}{units}", of(symbol))
        }
        What::Split { .. } | What::Exchanged { .. } | What::SpunOff { .. } | What::TakenBack => {
            format!("{what:?}")
        }
    }
}

fn number(text: &str) -> Decimal {
    decimal(text).unwrap()
}

fn holding(symbol: &str) -> Holding {
    Holding {
        symbol: Symbol::new(symbol),
        class: AssetClass::Equity,
        multiplier: Decimal::ONE,
        currency: Currency::USD,
    }
}

#[test]
fn fees_are_what_the_cash_says_down_to_the_rounding_of_the_price() {
    let check = |side, units: &str, price: &str, gross: Option<&str>, net: &str| {
        let trade = Trade {
            holding: holding("T"),
            side,
            quantity: units.parse().unwrap(),
            price: price.parse().unwrap(),
            fees: Decimal::ZERO,
            order: None,
        };
        let fees = fees(&trade, gross.map(number), number(net))?;
        let trade = Trade { fees, ..trade };
        assert_eq!(trade.cash(), Some(number(net)));
        Some(fees.to_string())
    };
    let some = |text: &str| Some(text.to_owned());
    let (buy, sell) = (Side::Buy, Side::Sell);
    assert_eq!(
        check(buy, "10", "150.25", Some("-1502.5"), "-1502.53"),
        some("0.03")
    );
    assert_eq!(
        check(sell, "10", "150.25", Some("1502.5"), "1502.47"),
        some("0.03")
    );
    assert_eq!(check(sell, "10", "150.25", None, "1502.6"), some("-0.1"));
    assert_eq!(
        check(buy, "3", "33.3333", Some("-100"), "-100"),
        some("0.0001")
    );
    assert_eq!(check(buy, "10", "150.25", Some("-15025"), "-15025"), None);
    assert_eq!(check(buy, "10", "150.25", Some("1502.5"), "1502.5"), None);
}

fn told(id: &str, key: &str, symbol: &str, units: &str, cash: &str, is_old: bool) -> Told {
    let quantity: Quantity = units.parse().unwrap();
    let amount = Some(Money::new(number(cash), Currency::USD));
    let entry = Entry {
        account: AccountId {
            connection: ConnectionId::new("x"),
            number: "1".into(),
        },
        id: EntryId::provider(id),
        time: Timestamp::EPOCH,
        settles: None,
        corrects: None,
        word: "W".into(),
        description: "".into(),
        what: What::Noted {
            amount,
            symbol: Some(Symbol::new(symbol)),
            quantity: Some(quantity),
        },
    };
    let half = Half {
        key: key.into(),
        holding: holding(symbol),
        quantity,
        amount,
        is_old,
    };
    Told {
        entry,
        half: Some(half),
    }
}

fn check(told: Vec<Told>, expected: &[&str]) {
    let shown = |entry: Entry| match entry.what.clone() {
        What::Split { symbol, from, to } => format!("split {symbol} {from} {to}"),
        What::Exchanged {
            from,
            gone,
            to,
            come,
            cash,
        } => format!("{gone} {} {come} {} {cash:?}", from.symbol, to.symbol),
        What::Noted { quantity, .. } => format!("noted {quantity:?}"),
        What::Trade(_)
        | What::Cash { .. }
        | What::Units { .. }
        | What::OptionEnded { .. }
        | What::SpunOff { .. }
        | What::TakenBack => panic!("no half: {entry:?}"),
    };
    let entries: Vec<String> = joined(told).into_iter().map(shown).collect();
    assert_eq!(entries, expected);
}

#[test]
fn halves_become_one_in_any_order() {
    let old = || told("1", "k", "T", "-10", "0", true);
    let new = || told("2", "k", "T", "30", "0", false);
    check(vec![old(), new()], &["noted None", "split T 10 30"]);
    check(vec![new(), old()], &["split T 10 30", "noted None"]);
    let short = vec![
        told("1", "k", "T", "10", "0", true),
        told("2", "k", "T", "-30", "0", false),
    ];
    check(short, &["noted None", "split T 10 30"]);
    let renamed = vec![
        told("1", "k", "FB", "-10", "-5", true),
        told("2", "k", "META", "10", "7", false),
    ];
    let cash = Some(Money::new(number("2"), Currency::USD));
    let expected = format!("10 FB 10 META {cash:?}");
    check(renamed, &["noted None", expected.as_str()]);
}

#[test]
fn what_is_no_pair_stays_as_it_is() {
    let (alone, more) = ("noted Some(Quantity(-10))", "noted Some(Quantity(30))");
    let old = || told("1", "k", "T", "-10", "0", true);
    let new = |key: &str| told("2", key, "T", "30", "0", false);
    check(vec![old()], &[alone]);
    check(vec![old(), new("other")], &[alone, more]);
    check(vec![old(), new("k"), new("k")], &[alone, more, more]);
    let paid = told("2", "k", "T", "30", "4", false);
    check(vec![old(), paid], &[alone, more]);
    let odd = told("1", "k", "T", "10", "0", true);
    check(vec![odd, new("k")], &["noted Some(Quantity(10))", more]);
    let shorts = vec![
        told("1", "k", "A", "10", "0", true),
        told("2", "k", "B", "-5", "0", false),
    ];
    check(
        shorts,
        &["noted Some(Quantity(10))", "noted Some(Quantity(-5))"],
    );
}
