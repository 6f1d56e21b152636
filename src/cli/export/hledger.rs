//! A journal as hledger reads it: each lot that moves names what it cost in all.

use super::beancount::{id_text, money, push};
use super::journal::{Amount, Journal, Posting, Transaction};
use crate::domain::Money;

/// The whole journal as text.
pub fn hledger(journal: &Journal) -> String {
    let mut text = String::from("; tradedeck\n");
    for rate in &journal.rates {
        let (day, from, value, to) = (rate.date, rate.from, rate.value, rate.to);
        push(
            &mut text,
            format_args!(
                "P {day} {} {value} {}\n",
                commodity(from.as_str()),
                commodity(to.as_str())
            ),
        );
    }
    for transaction in &journal.transactions {
        write_transaction(&mut text, journal, transaction);
    }
    text
}

fn write_transaction(text: &mut String, journal: &Journal, transaction: &Transaction) {
    let Transaction { day, title, .. } = transaction;
    let entry = plain(&id_text(&transaction.entry));
    push(
        text,
        format_args!("\n{day} * {}  ; entry:{entry}", plain(title.as_str())),
    );
    if let Some(fees) = transaction.fees {
        push(text, format_args!(", fees:{}", money(fees)));
    }
    text.push('\n');
    let owner = journal.owners.get(&transaction.account);
    let owner = owner.expect("every account of a transaction has a name");
    for posting in &transaction.postings {
        let ((root, leaf), amount) = (posting.leaf, amount(journal, posting));
        push(text, format_args!("    {root}:{owner}:{leaf}  {amount}\n"));
    }
}

fn amount(journal: &Journal, posting: &Posting) -> String {
    match &posting.amount {
        Amount::Cash(cash) => cash_amount(*cash),
        Amount::Units {
            symbol,
            quantity,
            cost,
            ..
        } => {
            let name = journal.commodities.get(symbol);
            let name = name.expect("every symbol of a transaction has a name");
            let units = format!("{} {}", quantity.normalize(), commodity(name));
            match cost {
                // The sign of a total cost is that of the units.
                Some(cost) => {
                    let total = Money::new(cost.amount.abs(), cost.currency);
                    format!("{units} @@ {}", cash_amount(total))
                }
                None => units,
            }
        }
    }
}

fn cash_amount(cash: Money) -> String {
    let text = money(cash);
    let (amount, currency) = text.split_once(' ').unwrap_or((&text, ""));
    format!("{amount} {}", commodity(currency))
}

/// Names with anything but letters are quoted.
fn commodity(name: &str) -> String {
    match name.chars().all(|it| it.is_ascii_alphabetic()) {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}

/// Without what has a meaning in a transaction's first line: codes, comments, payees, tags.
fn plain(text: &str) -> String {
    let swap = |it: char| match it {
        '(' => '[',
        ')' => ']',
        ';' | '|' | ',' | '"' => ' ',
        '*' | '!' | '=' => '-',
        other => other,
    };
    text.chars().map(swap).collect()
}
