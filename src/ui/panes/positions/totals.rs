//! Sums over holdings, one a currency, and the lines that say what in them is old or missing.

use super::holding::Holding;
use crate::domain::Currency;
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Cell, Note, Row};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Symbols named in a note; more are counted.
const MOST_NAMED: usize = 3;

/// What the holdings of one currency are worth together.
#[derive(Default)]
struct Sum {
    value: Decimal,
    /// What of the value has a value at the close before, now and then.
    day: (Decimal, Decimal),
    unrealised: Decimal,
    /// What was spent on holdings whose profit is known.
    spent: Decimal,
    /// Holdings without a value, without one at the close before, without a profit.
    valueless: usize,
    dayless: usize,
    profitless: usize,
    is_old: bool,
}

impl Sum {
    fn add(&mut self, holding: &Holding) {
        self.is_old |= holding.old.is_some();
        match holding.value {
            Some(value) => self.value = self.value.saturating_add(value),
            None => self.valueless += 1,
        }
        if let (Some(value), Some(before)) = (holding.value, holding.value_before) {
            self.day.0 = self.day.0.saturating_add(value);
            self.day.1 = self.day.1.saturating_add(before);
        } else {
            self.dayless += 1;
        }
        match (holding.unrealised, holding.spent) {
            (Some(unrealised), Some(spent)) => {
                self.unrealised = self.unrealised.saturating_add(unrealised);
                self.spent = self.spent.saturating_add(spent);
            }
            _ => self.profitless += 1,
        }
    }

    fn day_change(&self) -> Option<Decimal> {
        self.day
            .0
            .checked_sub(self.day.1)?
            .checked_div(self.day.1.abs())
    }

    fn unrealised_fraction(&self) -> Option<Decimal> {
        self.unrealised.checked_div(self.spent)
    }

    /// What is missing in it: a total never counts what is unknown as nothing.
    fn lacks(&self) -> Option<String> {
        let lacking = [
            ("value", self.valueless),
            ("day %", self.dayless),
            ("profit", self.profitless),
        ];
        let parts: Vec<String> = lacking
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!("{what} of {count}"))
            .collect();
        (!parts.is_empty()).then(|| format!("without the {}", parts.join(", ")))
    }
}

/// The sums, the greatest value first.
fn sums(holdings: &[Holding]) -> Vec<(Currency, Sum)> {
    let mut sums: BTreeMap<Currency, Sum> = BTreeMap::new();
    for holding in holdings {
        sums.entry(holding.currency).or_default().add(holding);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.value.abs()));
    sums
}

/// The total of the greatest currency; the others are notes below it.
pub(super) fn row(context: &PaneContext<'_>, holdings: &[Holding]) -> Option<Row> {
    let sums = sums(holdings);
    let (currency, sum) = sums.first()?;
    let strong = context.theme.style(Role::Strong);
    let muted = context.theme.style(Role::Muted);
    let name = if sums.len() == 1 {
        Cell::name("Total", strong)
    } else {
        Cell::name(format!("Total {currency}"), strong).or(format!("Σ {currency}"))
    };
    let fraction = sum.unrealised_fraction();
    Some(vec![
        name,
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
        cells::amount(context, Some(sum.value), *currency, strong),
        cells::change(context, sum.day_change(), sum.is_old),
        cells::profit(context, Some(sum.unrealised), *currency, sum.is_old),
        match fraction {
            Some(fraction) => Cell::number(format::percent(fraction, 1), muted),
            None => cells::unknown(context),
        },
        Cell::empty(),
    ])
}

/// Why some rows are dim or marked, what the total lacks, and the totals of other currencies.
pub(super) fn notes(context: &PaneContext<'_>, holdings: &[Holding]) -> Vec<Note> {
    let muted = context.theme.style(Role::Muted);
    let mut notes: Vec<Note> = Vec::new();
    let old = reasons(holdings, |holding| holding.old.as_deref());
    let marked = reasons(holdings, |holding| holding.mark_words.as_deref());
    for (index, (currency, sum)) in sums(holdings).into_iter().enumerate() {
        let lacks = sum.lacks();
        let text = match (index, &lacks) {
            (0, None) => continue,
            (0, Some(lacks)) => format!("Total {lacks}"),
            (_, lacks) => {
                let value = cells::amount_text(context, sum.value, currency);
                let lacks = lacks.as_ref().map_or(String::new(), |it| format!(", {it}"));
                format!("Total {value} {currency}{lacks}")
            }
        };
        notes.push((text, muted));
    }
    notes.extend(old.into_iter().map(|text| (text, muted)));
    let warn = context.theme.style(Role::Warn);
    notes.extend(marked.into_iter().map(|text| (text, warn)));
    notes
}

/// Reasons with the symbols they concern: `JPM: as of 09:12, IBKR needs sign-in`.
fn reasons<'a>(
    holdings: &'a [Holding],
    reason: impl Fn(&'a Holding) -> Option<&'a str>,
) -> Vec<String> {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for holding in holdings {
        if let Some(why) = reason(holding) {
            let symbols = reasons.entry(why).or_default();
            symbols.insert(holding.symbol.as_str());
        }
    }
    let everything = holdings.len();
    let parts = reasons.into_iter().map(|(why, symbols)| {
        let names: Vec<_> = symbols
            .iter()
            .take(MOST_NAMED)
            .map(|symbol| cells::symbol_name(&crate::domain::Symbol::new(symbol)).into_owned())
            .collect();
        match symbols.len() {
            count if count == everything && count > 1 => format!("all: {why}"),
            count if count > MOST_NAMED => format!("{count} symbols: {why}"),
            _ => format!("{}: {why}", names.join(", ")),
        }
    });
    parts.collect()
}
