//! Services by name, and the numbered fields of a listing's level one.

use crate::domain::Timestamp;
use crate::sim::market::Market;
use crate::sim::schwab::answer::{number, percent, whole};
use crate::sim::schwab::instruments::{cusip, description, exchange, find, is_fund};
use crate::sim::schwab::quotes::{Figures, year_range, yearly_dividend};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fields by number.
pub(super) type Fields = BTreeMap<u8, Value>;

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Equities,
    Options,
    Futures,
    Forex,
    Chart,
    AccountActivity,
}

impl Service {
    /// Services whose prices follow from those of listings.
    pub(super) const DERIVED: [Self; 3] = [Self::Options, Self::Futures, Self::Forex];

    const ALL: [Self; 6] = [
        Self::Equities,
        Self::Options,
        Self::Futures,
        Self::Forex,
        Self::Chart,
        Self::AccountActivity,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Equities => "LEVELONE_EQUITIES",
            Self::Options => "LEVELONE_OPTIONS",
            Self::Futures => "LEVELONE_FUTURES",
            Self::Forex => "LEVELONE_FOREX",
            Self::Chart => "CHART_EQUITY",
            Self::AccountActivity => "ACCT_ACTIVITY",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.word() == word)
    }

    fn asset(self) -> &'static str {
        match self {
            Self::Options => "OPTION",
            Self::Futures => "FUTURE",
            Self::Forex => "FOREX",
            Self::Equities | Self::Chart | Self::AccountActivity => "EQUITY",
        }
    }
}

/// Changed fields with the key they are of; what it is goes with the first message alone.
pub(super) fn marked(
    service: Service,
    key: &str,
    market: &Market,
    mut content: Map<String, Value>,
    is_first: bool,
) -> Value {
    content.insert("key".to_owned(), key.into());
    if is_first {
        content.insert("delayed".to_owned(), false.into());
        content.insert("assetMainType".to_owned(), service.asset().into());
        let listing = find(market, key).filter(|_| service == Service::Equities);
        if let Some(listing) = listing.map(|listing| &market.listings()[listing]) {
            let kind = if is_fund(listing) { "ETF" } else { "COE" };
            content.insert("assetSubType".to_owned(), kind.into());
            content.insert("cusip".to_owned(), cusip(&listing.symbol).into());
        }
    }
    Value::Object(content)
}

/// The fields of `LEVELONE_EQUITIES`, the key apart. Those of the year take longest and are left out
/// where they are not wanted.
pub(super) fn equity(market: &Market, listing: usize, now: Timestamp, with_year: bool) -> Fields {
    let mut fields = of_today(market, listing, now);
    if with_year {
        let (high, low) = year_range(market, listing, now);
        fields.insert(19, number(high));
        fields.insert(20, number(low));
    }
    fields
}

fn of_today(market: &Market, listing: usize, now: Timestamp) -> Fields {
    let entry = &market.listings()[listing];
    let figures = Figures::of(market, listing, now);
    let dividend = yearly_dividend(market, listing);
    let (letter, exchange) = exchange(entry);
    let change = number(figures.change());
    let percent_change = percent(figures.change(), figures.close);
    Fields::from([
        (1, number(figures.bid)),
        (2, number(figures.ask)),
        (3, number(figures.last)),
        (4, whole(figures.bid_size)),
        (5, whole(figures.ask_size)),
        (6, "P".into()),
        (7, "P".into()),
        (8, figures.volume.into()),
        (9, whole(figures.last_size)),
        (10, number(figures.high)),
        (11, number(figures.low)),
        (12, number(figures.close)),
        (13, letter.into()),
        (14, true.into()),
        (15, description(entry).into()),
        (16, "P".into()),
        (17, number(figures.open)),
        (18, change.clone()),
        (22, number(dividend)),
        (23, percent(dividend, figures.last)),
        (25, exchange.into()),
        (27, true.into()),
        (28, true.into()),
        (29, number(figures.last)),
        (30, whole(figures.last_size)),
        (31, change.clone()),
        (32, figures.status.into()),
        (33, number(figures.last)),
        (34, figures.quoted.into()),
        (35, figures.traded.into()),
        (36, figures.traded.into()),
        (37, figures.quoted.into()),
        (38, figures.quoted.into()),
        (39, "ARCX".into()),
        (40, "ARCX".into()),
        (41, "ARCX".into()),
        (42, percent_change.clone()),
        (43, percent_change.clone()),
        (44, change),
        (45, percent_change),
        (46, 9_000_000.into()),
        (47, number(Decimal::ZERO)),
        (48, 0.into()),
        (49, 1.into()),
        (50, number(Decimal::ZERO)),
        (51, number(Decimal::ZERO)),
    ])
}
