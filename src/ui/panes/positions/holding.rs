//! A row of the positions: one position, or the sum of a symbol's positions over accounts.

use crate::domain::{
    AccountId, AssetClass, Currency, Level1, Position, Price, Quantity, Symbol, Timestamp,
};
use crate::link::ConnectionState;
use crate::ui::format;
use crate::ui::panes::PaneContext;
use crate::ui::panes::cells::{self, Freshness};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a row shows.
pub(super) struct Holding {
    pub(super) symbol: Symbol,
    /// In which account; `None` for a sum over several.
    pub(super) account: Option<AccountId>,
    /// How many accounts it is a sum over.
    pub(super) accounts: usize,
    pub(super) currency: Currency,
    pub(super) quantity: Quantity,
    /// Whether parts of the sum are long and others short: an average of both would mean nothing.
    is_mixed: bool,
    pub(super) average: Option<Price>,
    pub(super) price: Option<Price>,
    /// When the price was heard.
    price_time: Timestamp,
    /// What stands beside the price: `sim`, `15m`.
    pub(super) mark: String,
    /// Why that mark, in words.
    pub(super) mark_words: Option<String>,
    pub(super) value: Option<Decimal>,
    pub(super) cost: Option<Decimal>,
    /// What was paid and received for its parts, without signs.
    pub(super) spent: Option<Decimal>,
    pub(super) day_change: Option<Decimal>,
    /// Value at the close before.
    pub(super) value_before: Option<Decimal>,
    pub(super) unrealised: Option<Decimal>,
    /// Why its figures are not of now.
    pub(super) old: Option<String>,
}

/// Whether it is known how many units one contract is over, so that a value can be told.
fn is_size_known(position: &Position) -> bool {
    match position.class {
        AssetClass::Equity | AssetClass::Crypto | AssetClass::Forex => true,
        // What one is over changed for an option that a corporate action adjusted: a digit ends its root (OCC).
        AssetClass::Option => {
            let symbol = position.symbol.as_str();
            let root = &symbol.as_bytes()[..symbol.len().saturating_sub(15)];
            root.last().is_some_and(u8::is_ascii_alphabetic)
        }
        AssetClass::Future | AssetClass::Other(_) => position.multiplier != Decimal::ONE,
    }
}

/// The price that a holding is valued at.
struct Valuation<'a> {
    price: Price,
    /// When it was heard.
    time: Timestamp,
    /// The quote it is from; `None` for the price the provider reported.
    quote: Option<&'a Level1>,
}

impl<'a> Valuation<'a> {
    /// A quote that is not stale, else the price reported.
    fn of(context: &PaneContext<'a>, position: &Position) -> Option<Self> {
        let quote = context.replica.quote(&position.symbol);
        let is_fresh = matches!(
            cells::freshness(context, quote),
            Freshness::Live | Freshness::Old(_)
        );
        let live = quote.filter(|_| is_fresh).and_then(|quote| {
            Some(Self {
                price: quote.mark()?,
                time: quote.received?,
                quote: Some(quote),
            })
        });
        live.or_else(|| {
            Some(Self {
                price: position.reported_price?,
                time: position.as_of,
                quote: None,
            })
        })
    }
}

/// Why the figures of a position are not of now; the connection's trouble before the quote's.
fn why_old(
    context: &PaneContext<'_>,
    position: &Position,
    valuation: Option<&Valuation<'_>>,
) -> Option<String> {
    let read = cells::moment(context, position.as_of);
    let status = context.replica.connection_of(&position.account);
    let is_live = status.is_some_and(|it| it.state == ConnectionState::Live);
    if !is_live {
        let title = status.map_or(position.account.connection.as_str(), |it| it.title.as_str());
        let state = status.map_or("gone", |it| match it.state {
            ConnectionState::NeedsSignIn { .. } => "needs sign-in",
            ConnectionState::Retrying { .. } => "does not answer",
            ConnectionState::Connecting => "is being read",
            ConnectionState::Disconnected => "is off",
            ConnectionState::Sealed => "is for traders",
            ConnectionState::Failed { .. } | ConnectionState::Live => "failed",
        });
        // The price may be a live one; what is held is not known to be.
        let held = match valuation.and_then(|it| it.quote) {
            Some(_) => "held as of",
            None => "as of",
        };
        return Some(format!("{held} {read}, {title} {state}"));
    }
    if !is_size_known(position) {
        return Some("no value, its contract's size is not known".into());
    }
    let Some(valuation) = valuation else {
        return Some("nobody gives a price".into());
    };
    if valuation.quote.is_some() {
        return None;
    }
    let quote = context.replica.quote(&position.symbol);
    Some(match cells::freshness(context, quote) {
        Freshness::Stale(age) => {
            let age = format::age(age);
            format!("the broker's price of {read}, its quote is stale {age}")
        }
        Freshness::Live | Freshness::Old(_) | Freshness::Unknown => {
            format!("the broker's price of {read}, no live quote")
        }
    })
}

impl Holding {
    pub(super) fn of(context: &PaneContext<'_>, position: &Position) -> Self {
        let valuation = Valuation::of(context, position);
        let price = valuation.as_ref().map(|it| it.price);
        let quote = valuation.as_ref().and_then(|it| it.quote);
        let is_size_known = is_size_known(position);
        let worth = |price: Price| position.value(price).filter(|_| is_size_known);
        let before = quote
            .and_then(|quote| quote.previous_close)
            .or(position.previous_close);
        let (value, cost) = (
            price.and_then(worth),
            position.average_price.and_then(worth),
        );
        let day = |price: Price| price.0.checked_sub(before?.0)?.checked_div(before?.0);
        Self {
            symbol: position.symbol.clone(),
            account: Some(position.account.clone()),
            accounts: 1,
            currency: position.currency,
            quantity: position.quantity,
            is_mixed: false,
            average: position.average_price,
            price,
            price_time: valuation.as_ref().map_or(position.as_of, |it| it.time),
            mark: quote.map_or_else(String::new, |it| cells::feed_mark(it).into_owned()),
            mark_words: quote.and_then(cells::feed_words).map(Into::into),
            value,
            cost,
            spent: cost.map(|cost| cost.abs()),
            day_change: price.and_then(day),
            value_before: before.and_then(worth),
            unrealised: value
                .zip(cost)
                .and_then(|(value, cost)| value.checked_sub(cost)),
            old: why_old(context, position, valuation.as_ref()),
        }
    }

    /// One row a symbol and currency: quantities and values summed, the average weighted.
    pub(super) fn by_symbol<'a>(
        context: &PaneContext<'_>,
        positions: impl Iterator<Item = &'a Position>,
    ) -> Vec<Self> {
        let mut sums: BTreeMap<(Symbol, Currency), Self> = BTreeMap::new();
        for position in positions {
            let one = Self::of(context, position);
            match sums.get_mut(&(one.symbol.clone(), one.currency)) {
                Some(sum) => sum.add(one),
                None => {
                    sums.insert((one.symbol.clone(), one.currency), one);
                }
            }
        }
        sums.into_values().collect()
    }

    fn add(&mut self, other: Self) {
        self.account = None;
        self.accounts += other.accounts;
        self.is_mixed |= self.quantity.0.is_sign_negative() != other.quantity.0.is_sign_negative();
        let average = weighted(
            (self.average, self.quantity),
            (other.average, other.quantity),
        );
        self.average = average.filter(|_| !self.is_mixed);
        self.quantity.0 = self.quantity.0.saturating_add(other.quantity.0);
        self.value = sum(self.value, other.value);
        self.cost = sum(self.cost, other.cost);
        self.spent = sum(self.spent, other.spent);
        self.value_before = sum(self.value_before, other.value_before);
        self.unrealised = sum(self.unrealised, other.unrealised);
        self.old = self.old.take().or(other.old);
        if other.price.is_some() && (self.price.is_none() || other.price_time > self.price_time) {
            self.price = other.price;
            self.price_time = other.price_time;
            self.mark = other.mark;
            self.mark_words = other.mark_words;
            self.day_change = other.day_change;
        }
    }

    /// Unrealised profit as a fraction of what was spent.
    pub(super) fn unrealised_fraction(&self) -> Option<Decimal> {
        self.unrealised?.checked_div(self.spent?)
    }

    pub(super) fn key(&self) -> super::Key {
        (self.symbol.clone(), self.currency, self.account.clone())
    }

    pub(super) fn account_name(&self) -> &str {
        self.account
            .as_ref()
            .map_or("", |account| account.connection.as_str())
    }
}

/// A sum of which a part is unknown is unknown.
fn sum(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    one?.checked_add(other?)
}

/// The average price of both.
fn weighted(one: (Option<Price>, Quantity), other: (Option<Price>, Quantity)) -> Option<Price> {
    let paid = one.0?.times(one.1)?.checked_add(other.0?.times(other.1)?)?;
    let average = paid.checked_div(one.1.0.checked_add(other.1.0)?)?;
    Some(Price(average))
}
