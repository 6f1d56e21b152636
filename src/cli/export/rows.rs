//! Trades, open lots and realised profit as rows: comma-separated values after RFC 4180, or a line of JSON each.
//!
//! Every value is text as it is in the books, so that no digit is lost on the way; what is unknown is empty, or `null`.

use super::beancount::id_text;
use crate::domain::{Entry, Side, What};
use crate::engine::accounting::Books;
use crate::engine::accounting::worth::class_name;
use rust_decimal::Decimal;

/// Names of the columns, and what they hold; `None` where it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Names, in order.
    pub columns: &'static [&'static str],
    /// As many values as there are columns.
    pub rows: Vec<Vec<Option<String>>>,
}

/// What was bought and sold, in the order given.
pub fn trades<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Table {
    let row = |entry: &Entry| {
        let What::Trade(trade) = &entry.what else {
            return None;
        };
        let side = match trade.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        };
        Some(vec![
            text(&entry.account.connection),
            text(&entry.account.number),
            Some(id_text(&entry.id)),
            text(entry.time),
            entry.settles.map(|day| day.to_string()),
            text(&trade.holding.symbol),
            text(class_name(&trade.holding.class)),
            text(side),
            text(trade.quantity),
            text(trade.price),
            text(trade.holding.multiplier),
            text(trade.fees),
            trade.cash().map(|cash| cash.to_string()),
            text(trade.holding.currency),
        ])
    };
    Table {
        columns: &[
            "connection",
            "account",
            "id",
            "time",
            "settles",
            "symbol",
            "class",
            "side",
            "quantity",
            "price",
            "multiplier",
            "fees",
            "cash",
            "currency",
        ],
        rows: entries.into_iter().filter_map(row).collect(),
    }
}

/// What is open.
pub fn lots(books: &Books) -> Table {
    let mut rows = Vec::new();
    for (account, book) in &books.accounts {
        for (symbol, position) in &book.positions {
            rows.extend(position.lots.iter().map(|lot| {
                vec![
                    text(&account.connection),
                    text(&account.number),
                    text(symbol),
                    Some(id_text(&lot.id)),
                    lot.opened.map(|opened| opened.to_string()),
                    text(lot.quantity),
                    plain(lot.cost),
                    plain(lot.unit_cost()),
                    text(position.holding.currency),
                ]
            }));
        }
    }
    Table {
        columns: &[
            "connection",
            "account",
            "symbol",
            "lot",
            "opened",
            "quantity",
            "cost",
            "unit_cost",
            "currency",
        ],
        rows,
    }
}

/// What became final.
pub fn realised(books: &Books) -> Table {
    let mut rows = Vec::new();
    for (account, book) in &books.accounts {
        rows.extend(book.realised.iter().map(|row| {
            vec![
                text(&account.connection),
                text(&account.number),
                text(&row.symbol),
                row.lot.as_ref().map(id_text),
                row.opened.map(|opened| opened.to_string()),
                Some(id_text(&row.closed_by)),
                text(row.closed),
                text(row.quantity),
                plain(row.proceeds),
                plain(row.cost),
                plain(row.profit()),
                text(row.currency),
            ]
        }));
    }
    Table {
        columns: &[
            "connection",
            "account",
            "symbol",
            "lot",
            "opened",
            "closed_by",
            "closed",
            "quantity",
            "proceeds",
            "cost",
            "profit",
            "currency",
        ],
        rows,
    }
}

fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn plain(amount: Option<Decimal>) -> Option<String> {
    amount.map(|amount| amount.normalize().to_string())
}

impl Table {
    /// With a line of names first.
    pub fn csv(&self) -> String {
        let names = self.columns.iter().map(|name| field(name));
        let mut text = names.collect::<Vec<_>>().join(",");
        text.push_str("\r\n");
        for row in &self.rows {
            let fields = row
                .iter()
                .map(|value| field(value.as_deref().unwrap_or_default()));
            text.push_str(&fields.collect::<Vec<_>>().join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// An object a line.
    pub fn json_lines(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let fields = self.columns.iter().zip(row).map(|(name, value)| {
                let value = serde_json::json!(value);
                format!("{}:{value}", serde_json::json!(name))
            });
            let fields: Vec<String> = fields.collect();
            text.push_str(&format!("{{{}}}\n", fields.join(",")));
        }
        text
    }
}

/// Quoted where it has to be. A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers do
/// not, for their sign is theirs.
fn field(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@']) && value.parse::<Decimal>().is_err();
    let value = if is_formula {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    match value.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::accounting::Method;
    use crate::engine::accounting::tests::{books, story};

    #[test]
    fn rows_keep_every_digit_and_say_nothing_of_what_is_unknown() {
        let told = "2026-01-05 buy 3 A 10\n2026-01-06 sell 1 A 11 0.5\n2026-01-07 units 2 B";
        let books = books(Method::Fifo, told);
        let realised = realised(&books).csv();
        let expected =
            "broker,1,A,1,2026-01-05T17:00:00Z,2,2026-01-06T17:00:01Z,1,10.5,10,0.5,USD\r\n";
        assert_eq!(realised.lines().count(), 2);
        assert!(realised.ends_with(expected), "{realised}");
        let lots = lots(&books).json_lines();
        assert!(
            lots.contains(r#""symbol":"B","lot":"3","opened":null,"quantity":"2","cost":null"#),
            "{lots}"
        );
        let trades = trades(&story(told));
        assert_eq!(trades.rows.len(), 2);
        assert!(
            trades
                .rows
                .iter()
                .all(|row| row.len() == trades.columns.len())
        );
    }

    #[test]
    fn a_field_is_quoted_and_never_a_formula() {
        let cases = [
            ("-1.5", "-1.5"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
        ];
        for (value, expected) in cases {
            assert_eq!(field(value), expected);
        }
    }
}
