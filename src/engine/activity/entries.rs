//! Entries of a ledger in plain words, one line each.

use super::Line;
use crate::domain::entry::Trade;
use crate::domain::{CashCause, Entry, EntryId, OptionEnd, Side, What};
use crate::link::EntryKind;

/// An entry as a line of the log.
pub(crate) fn line(entry: &Entry) -> Line {
    let kind = match matches!(entry.what, What::Trade(_)) {
        true => EntryKind::Fill,
        false => EntryKind::Sync,
    };
    Line::new(kind, text(entry)).account(&entry.account)
}

fn text(entry: &Entry) -> String {
    let is_trade = matches!(entry.what, What::Trade(_));
    let said = match is_trade || entry.description.is_empty() {
        true => what(entry),
        false => format!("{} ({})", what(entry), entry.description),
    };
    let is_back = entry.what == What::TakenBack;
    match &entry.corrects {
        Some(EntryId::Provider(id)) if is_back => format!("{said}: {id}"),
        Some(_) if !is_back => format!("corrected: {said}"),
        Some(_) | None => said,
    }
}

fn what(entry: &Entry) -> String {
    match &entry.what {
        What::Trade(trade) => traded(trade),
        What::Cash {
            cause,
            amount,
            symbol,
        } => {
            let of = symbol.as_ref().map(|symbol| format!(" {symbol}"));
            format!("{}{} {amount}", cause_word(*cause), of.unwrap_or_default())
        }
        What::Units {
            holding, quantity, ..
        } => {
            let way = match quantity.0.is_sign_negative() {
                true => "delivered",
                false => "received",
            };
            format!("{way} {} {}", quantity.0.abs(), holding.symbol)
        }
        What::OptionEnded {
            holding,
            how,
            quantity,
        } => {
            let units = quantity.0.abs();
            format!("{} {units} {}", end_word(*how), holding.symbol)
        }
        What::Split { symbol, from, to } => format!("split of {symbol}: {from} became {to}"),
        What::Exchanged {
            from,
            gone,
            to,
            come,
            cash,
        } => {
            let beside = cash.map_or(String::new(), |cash| format!(" and {cash}"));
            let (from, to) = (&from.symbol, &to.symbol);
            format!("{gone} {from} became {come} {to}{beside}")
        }
        What::SpunOff {
            parent,
            child,
            quantity,
            ..
        } => format!("spun off {parent}: {quantity} {}", child.symbol),
        What::TakenBack => "taken back".to_owned(),
        What::Noted { .. } => noted(entry),
    }
}

fn traded(trade: &Trade) -> String {
    let done = match trade.side {
        Side::Buy => "bought",
        Side::Sell => "sold",
    };
    let (units, symbol, price) = (trade.quantity, &trade.holding.symbol, trade.price);
    let fees = match trade.fees.is_zero() {
        true => String::new(),
        false => format!(", fees {}", trade.fees),
    };
    format!("{done} {units} {symbol} @ {price}{fees}")
}

fn noted(entry: &Entry) -> String {
    let What::Noted {
        amount,
        symbol,
        quantity,
    } = &entry.what
    else {
        return String::new();
    };
    let parts = [
        Some(entry.word.to_string()),
        quantity.map(|quantity| quantity.to_string()),
        symbol.as_ref().map(ToString::to_string),
        amount.map(|amount| amount.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn cause_word(cause: CashCause) -> &'static str {
    match cause {
        CashCause::Dividend => "dividend",
        CashCause::Interest => "interest",
        CashCause::Fee => "fee",
        CashCause::Tax => "tax",
        CashCause::Deposit => "deposit",
        CashCause::Withdrawal => "withdrawal",
        CashCause::Journal => "moved between accounts",
        CashCause::Conversion => "currency conversion",
        CashCause::MarkToMarket => "daily settlement",
        CashCause::Adjustment => "adjustment",
        CashCause::InLieu => "cash in lieu",
    }
}

fn end_word(how: OptionEnd) -> &'static str {
    match how {
        OptionEnd::Expired => "expired",
        OptionEnd::Exercised => "exercised",
        OptionEnd::Assigned => "assigned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::decimal;
    use crate::domain::{
        AccountId, AssetClass, ConnectionId, Currency, Holding, Money, Symbol, Timestamp,
    };

    fn money(text: &str) -> Money {
        Money::new(decimal(text).unwrap(), Currency::USD)
    }

    fn holding(symbol: &str) -> Holding {
        Holding {
            symbol: Symbol::new(symbol),
            class: AssetClass::Equity,
            multiplier: decimal("1").unwrap(),
            currency: Currency::USD,
        }
    }

    fn entry(description: &str, what: What) -> Entry {
        Entry {
            account: AccountId {
                connection: ConnectionId::new("alpaca"),
                number: "1".into(),
            },
            id: EntryId::provider("9"),
            time: Timestamp::EPOCH,
            settles: None,
            corrects: None,
            word: "WORD".into(),
            description: description.into(),
            what,
        }
    }

    fn cash(cause: CashCause, amount: &str, symbol: Option<&str>) -> What {
        What::Cash {
            cause,
            amount: money(amount),
            symbol: symbol.map(Symbol::new),
        }
    }

    fn trade(fees: &str) -> What {
        What::Trade(Trade {
            holding: holding("AAPL"),
            side: Side::Sell,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            fees: decimal(fees).unwrap(),
            order: None,
        })
    }

    #[test]
    fn every_entry_is_a_line_in_plain_words() {
        let check = |description, what, expected: &str| {
            assert_eq!(text(&entry(description, what)), expected);
        };
        let units = |text: &str| text.parse().unwrap();
        check("Sold 10", trade("0"), "sold 10 AAPL @ 189.95");
        check("", trade("0.13"), "sold 10 AAPL @ 189.95, fees 0.13");
        let dividend = cash(CashCause::Dividend, "1.02", Some("T"));
        check("Cash div", dividend, "dividend T 1.02 USD (Cash div)");
        let fee = cash(CashCause::Fee, "-0.01", None);
        check("", fee, "fee -0.01 USD");
        let went = What::Units {
            holding: holding("T"),
            quantity: units("-3"),
            cost: None,
        };
        check("", went, "delivered 3 T");
        let ended = What::OptionEnded {
            holding: holding("T260116C00020000"),
            how: OptionEnd::Assigned,
            quantity: units("2"),
        };
        check("", ended, "assigned 2 T260116C00020000");
        let split = What::Split {
            symbol: Symbol::new("T"),
            from: decimal("1").unwrap(),
            to: decimal("4").unwrap(),
        };
        check("", split, "split of T: 1 became 4");
        let exchanged = What::Exchanged {
            from: holding("A"),
            gone: units("2"),
            to: holding("B"),
            come: units("1"),
            cash: Some(money("0.5")),
        };
        check("", exchanged, "2 A became 1 B and 0.5 USD");
        let spun = What::SpunOff {
            parent: Symbol::new("A"),
            child: holding("B"),
            quantity: units("5"),
            cost_share: None,
        };
        check("", spun, "spun off A: 5 B");
        let noted = What::Noted {
            amount: Some(money("-2")),
            symbol: Some(Symbol::new("A")),
            quantity: None,
        };
        check("odd", noted, "WORD A -2 USD (odd)");
    }

    #[test]
    fn a_correction_says_so() {
        let corrects = Some(EntryId::provider("7"));
        let back = Entry {
            corrects: corrects.clone(),
            ..entry("", What::TakenBack)
        };
        assert_eq!(text(&back), "taken back: 7");
        let again = Entry {
            corrects,
            ..entry("", trade("0"))
        };
        assert_eq!(text(&again), "corrected: sold 10 AAPL @ 189.95");
    }
}
