//! Exchange rates by day, and sums of amounts that remember which rates they took.

use super::round::{fits, round};
use crate::domain::{Currency, Text};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many days old a rate may be: no market has a longer break. What is older is missing.
pub const OLDEST: i32 = 7;

/// Most rates that one figure lists; the rest is counted in [`Figure::more_rates`].
pub const MOST_LISTED: usize = 64;

/// A rate that a figure took.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// One unit of this …
    pub from: Currency,
    /// … is so many of that.
    pub to: Currency,
    /// On which day it was published.
    pub date: Date,
    /// As published; an amount of `to` was divided by it.
    #[serde(with = "rust_decimal::serde::str")]
    pub value: Decimal,
    /// By whom.
    pub source: Text,
}

/// All rates that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pairs: BTreeMap<(Currency, Currency), BTreeMap<Date, (Decimal, Text)>>,
}

impl Rates {
    /// Keeps a rate, in the place of one of the same pair and day; says whether it can be one.
    pub fn add(&mut self, rate: Rate) -> bool {
        let is_rate = rate.value > Decimal::ZERO && fits(rate.value) && rate.from != rate.to;
        if is_rate {
            let days = self.pairs.entry((rate.from, rate.to)).or_default();
            days.insert(rate.date, (rate.value, rate.source));
        }
        is_rate
    }

    /// Every rate, by pair and day.
    pub fn all(&self) -> impl Iterator<Item = Rate> + '_ {
        self.pairs.iter().flat_map(|((from, to), days)| {
            days.iter().map(|(date, (value, source))| Rate {
                from: *from,
                to: *to,
                date: *date,
                value: *value,
                source: source.clone(),
            })
        })
    }

    /// The latest rate of a pair at or before a day, and not older than [`OLDEST`].
    pub fn find(&self, from: Currency, to: Currency, day: Date) -> Option<Rate> {
        let days = self.pairs.get(&(from, to))?;
        let (date, (value, source)) = days.range(..=day).next_back()?;
        let age = day.since(*date).ok()?.get_days();
        (age <= OLDEST).then(|| Rate {
            from,
            to,
            date: *date,
            value: *value,
            source: source.clone(),
        })
    }
}

/// In which currency figures are, and by which rates.
#[derive(Clone, Copy, Debug)]
pub struct Conversion<'a> {
    /// The person's own.
    pub base: Currency,
    /// What is known.
    pub rates: &'a Rates,
}

impl Conversion<'_> {
    /// An amount in the base currency by the rate of a day, or by the inverse of the opposite one; `None`, never the
    /// amount itself, where there is no rate.
    pub fn convert(
        &self,
        amount: Decimal,
        from: Currency,
        day: Date,
    ) -> Option<(Decimal, Option<Rate>)> {
        if from == self.base {
            return Some((amount, None));
        }
        if let Some(rate) = self.rates.find(from, self.base, day) {
            let converted = amount.checked_mul(rate.value)?;
            return Some((round(converted), Some(rate)));
        }
        let rate = self.rates.find(self.base, from, day)?;
        let converted = amount.checked_div(rate.value)?;
        Some((round(converted), Some(rate)))
    }
}

/// A sum in the base currency that knows what it is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// What is known of it.
    #[serde(with = "rust_decimal::serde::str")]
    pub known: Decimal,
    /// How many of its parts are not.
    pub unknown: usize,
    /// The rates it took.
    pub rates: BTreeSet<Rate>,
    /// How many more, beyond [`MOST_LISTED`].
    pub more_rates: usize,
}

impl Figure {
    /// The sum; `None` as soon as one part is unknown.
    pub fn amount(&self) -> Option<Decimal> {
        (self.unknown == 0).then_some(self.known)
    }

    /// Adds an amount of a day.
    pub fn add(&mut self, amount: Option<Decimal>, from: Currency, day: Date, by: Conversion) {
        // Nothing is nothing in every currency.
        if amount.is_some_and(|amount| amount.is_zero()) {
            return;
        }
        match amount.and_then(|amount| by.convert(amount, from, day)) {
            Some((amount, rate)) => {
                self.known += amount;
                self.list(rate);
            }
            None => self.unknown += 1,
        }
    }

    /// Adds another figure of the same base.
    pub fn add_figure(&mut self, other: &Self) {
        self.known += other.known;
        self.unknown += other.unknown;
        self.more_rates += other.more_rates;
        for rate in &other.rates {
            self.list(Some(rate.clone()));
        }
    }

    /// Notes that a part is unknown.
    pub fn add_unknown(&mut self) {
        self.unknown += 1;
    }

    fn list(&mut self, rate: Option<Rate>) {
        let Some(rate) = rate else {
            return;
        };
        if self.rates.len() < MOST_LISTED {
            self.rates.insert(rate);
        } else if !self.rates.contains(&rate) {
            self.more_rates += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::accounting::tests::number;
    use jiff::civil::date;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    fn rates() -> Rates {
        let mut rates = Rates::default();
        for (day, value) in [(2, "1.10"), (5, "1.20")] {
            assert!(rates.add(Rate {
                from: euro(),
                to: Currency::USD,
                date: date(2026, 1, day),
                value: number(value),
                source: "ECB".into(),
            }));
        }
        rates
    }

    #[test]
    fn the_rate_is_that_of_the_day_or_the_one_before() {
        let rates = rates();
        let by = Conversion {
            base: Currency::USD,
            rates: &rates,
        };
        let check = |day, expected: Option<&str>| {
            let converted = by.convert(100.into(), euro(), date(2026, 1, day));
            assert_eq!(converted.map(|it| it.0), expected.map(number), "{day}");
        };
        check(1, None);
        check(2, Some("110"));
        check(4, Some("110"));
        check(5, Some("120"));
        check(12, Some("120"));
        check(13, None);
    }

    #[test]
    fn the_opposite_pair_is_turned_round_and_no_other_is_guessed() {
        let rates = rates();
        let by = |base| Conversion {
            base,
            rates: &rates,
        };
        let (amount, rate) = by(euro())
            .convert(120.into(), Currency::USD, date(2026, 1, 5))
            .unwrap();
        assert_eq!((amount, rate.unwrap().value), (100.into(), number("1.20")));
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(by(yen).convert(1.into(), euro(), date(2026, 1, 5)), None);
        assert_eq!(
            by(yen).convert(1.into(), yen, date(2026, 1, 5)),
            Some((1.into(), None))
        );
    }

    #[test]
    fn a_sum_with_something_unknown_is_unknown_and_names_its_rates() {
        let rates = rates();
        let by = Conversion {
            base: Currency::USD,
            rates: &rates,
        };
        let mut figure = Figure::default();
        figure.add(Some(10.into()), euro(), date(2026, 1, 5), by);
        figure.add(Some(1.into()), Currency::USD, date(2026, 1, 5), by);
        assert_eq!(figure.amount(), Some(13.into()));
        let named: Vec<_> = figure
            .rates
            .iter()
            .map(|rate| (rate.date, rate.source.as_str()))
            .collect();
        assert_eq!(named, [(date(2026, 1, 5), "ECB")]);
        figure.add(Some(10.into()), euro(), date(2027, 1, 5), by);
        assert_eq!((figure.amount(), figure.known), (None, 13.into()));
    }

    #[test]
    fn what_cannot_be_a_rate_is_not_kept() {
        for value in ["0", "-1", "10000000000000000"] {
            let rate = Rate {
                from: euro(),
                to: Currency::USD,
                date: date(2026, 1, 1),
                value: number(value),
                source: "".into(),
            };
            assert!(!Rates::default().add(rate), "{value}");
        }
    }
}
