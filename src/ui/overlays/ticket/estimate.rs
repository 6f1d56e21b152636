//! What an order would do: cost, position and buying power after, and what deserves a second look.

use crate::domain::quote::TradingStatus;
use crate::domain::{
    AssetClass, Balance, Level1, MarketClock, Order, OrderDraft, OrderKind, OrderSize, OrderState,
    Price, Side, Timestamp,
};
use crate::ui::format;
use rust_decimal::Decimal;
use std::time::Duration;

/// How far from the market a price may be before it is questioned, in percent.
const FAR_PERCENT: i64 = 3;

/// How long after an order the same one again is questioned.
const SAME_AGAIN: Duration = Duration::from_secs(10);

/// What an estimate is made from.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) now: Timestamp,
    /// The newest market data of the symbol.
    pub(super) quote: Option<&'a Level1>,
    /// What is held of it in the account; `None` where the positions were not read.
    pub(super) held: Option<Decimal>,
    /// What the account may spend.
    pub(super) balance: Option<&'a Balance>,
    /// The market of its class.
    pub(super) clock: Option<&'a MarketClock>,
    /// Age from which a quote is stale.
    pub(super) stale_after: Duration,
}

/// What an order would do, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Price it is reckoned at.
    pub(super) price: Option<Price>,
    /// Cost of a purchase, proceeds of a sale.
    pub(super) cost: Option<Decimal>,
    /// Units held afterwards, if all of it fills.
    pub(super) held_after: Option<Decimal>,
    /// What may be spent afterwards.
    pub(super) buying_power_after: Option<Decimal>,
}

impl Estimate {
    pub(super) fn of(draft: &OrderDraft, around: Around<'_>) -> Self {
        let price = reference(draft, around.quote);
        let cost = cost(draft, price);
        let units = match draft.size {
            OrderSize::Quantity(quantity) => Some(quantity.0),
            OrderSize::Notional(amount) => price.and_then(|price| amount.checked_div(price.0)),
        };
        let signed = units.map(|units| match draft.side {
            Side::Buy => units,
            Side::Sell => -units,
        });
        let held_after = add(around.held, signed);
        let buying_power = around.balance.and_then(|balance| balance.buying_power);
        let takes = match (draft.side, around.held, held_after) {
            (Side::Sell, Some(held), Some(after))
                if held.is_sign_positive() && after >= Decimal::ZERO =>
            {
                cost.map(|cost| -cost) // a sale of what is held gives money
            }
            _ => cost,
        };
        Self {
            price,
            cost,
            held_after,
            buying_power_after: add(buying_power, takes.map(|takes| -takes)),
        }
    }
}

fn add(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    one?.checked_add(other?)
}

/// The price an order would trade at: its own, else the other side of the quote.
fn reference(draft: &OrderDraft, quote: Option<&Level1>) -> Option<Price> {
    let market = quote.and_then(|quote| touch(draft.side, quote).or(quote.mark()));
    match draft.kind {
        OrderKind::Limit { limit } | OrderKind::StopLimit { limit, .. } => Some(limit),
        OrderKind::Stop { stop } => Some(stop),
        OrderKind::Market | OrderKind::TrailingStop { .. } => market,
    }
}

/// The side of the quote that an order meets.
fn touch(side: Side, quote: &Level1) -> Option<Price> {
    match side {
        Side::Buy => quote.ask,
        Side::Sell => quote.bid,
    }
}

/// What it costs; unknown for contracts, whose size is not known here.
fn cost(draft: &OrderDraft, price: Option<Price>) -> Option<Decimal> {
    let is_contract = matches!(draft.class, AssetClass::Option | AssetClass::Future);
    match draft.size {
        OrderSize::Notional(amount) => Some(amount),
        OrderSize::Quantity(_) if is_contract => None,
        OrderSize::Quantity(quantity) => price?.times(quantity),
    }
}

/// What deserves a second look before it is sent.
pub(super) fn doubts<'a>(
    draft: &OrderDraft,
    estimate: &Estimate,
    around: Around<'_>,
    orders: impl Iterator<Item = &'a Order>,
) -> Vec<String> {
    let mut doubts = Vec::new();
    doubts.extend(quote_doubt(around));
    doubts.extend(price_doubt(draft, around.quote));
    doubts.extend(closed_doubt(draft, around));
    if estimate
        .buying_power_after
        .is_some_and(|after| after.is_sign_negative() && !after.is_zero())
    {
        doubts.push("costs more than the buying power".into());
    }
    if draft.side == Side::Sell
        && let (Some(held), Some(after)) = (around.held, estimate.held_after)
        && after.is_sign_negative()
        && !held.is_sign_negative()
    {
        let short = format::decimal(after.abs(), format::decimals_shown(after));
        doubts.push(format!(
            "sells {short} more than is held: opens a short position"
        ));
    }
    let is_same = |order: &Order| {
        order.draft.side == draft.side
            && order.draft.account == draft.account
            && order.draft.symbol == draft.symbol
            && order.draft.size == draft.size
            && order.draft.kind == draft.kind
            && !matches!(order.state, OrderState::Rejected { .. })
            && around.now.since(order.created) < SAME_AGAIN
    };
    if let Some(order) = orders.into_iter().find(|order| is_same(order)) {
        let seconds = around.now.since(order.created).as_secs();
        doubts.push(format!("the same order was made {seconds} s ago"));
    }
    doubts
}

fn quote_doubt(around: Around<'_>) -> Option<String> {
    let Some(quote) = around.quote else {
        return Some("no quote: what it costs is not known".into());
    };
    if let TradingStatus::Halted(why) = &quote.status {
        return Some(format!("trading is halted: {why}"));
    }
    if quote.delayed_minutes > 0 {
        return Some(format!(
            "the quote is delayed by {} minutes",
            quote.delayed_minutes
        ));
    }
    let Some(received) = quote.received else {
        return Some("no quote yet: what it costs is not known".into());
    };
    let age = around.now.since(received);
    (age >= around.stale_after).then(|| format!("the quote is {} old", format::age(age)))
}

/// A limit that would trade far through the market, or a stop that would trigger at once.
fn price_doubt(draft: &OrderDraft, quote: Option<&Level1>) -> Option<String> {
    let market = touch(draft.side, quote?)?;
    let is_buy = draft.side == Side::Buy;
    let (name, beyond) = match draft.side {
        Side::Buy => ("ask", "above"),
        Side::Sell => ("bid", "below"),
    };
    if let Some(stop) = draft.kind.stop()
        && (if is_buy {
            stop <= market
        } else {
            stop >= market
        })
    {
        return Some(format!(
            "the stop is already reached by the {name} {}",
            format::price(market)
        ));
    }
    let limit = draft.kind.limit()?;
    let distance = if is_buy {
        limit.0.checked_sub(market.0)?
    } else {
        market.0.checked_sub(limit.0)?
    };
    let percent = distance
        .checked_mul(Decimal::ONE_HUNDRED)?
        .checked_div(market.0)?;
    (percent > Decimal::from(FAR_PERCENT)).then(|| {
        let percent = format::decimal(percent, 1);
        format!(
            "the limit is {percent} % {beyond} the {name} {}",
            format::price(market)
        )
    })
}

fn closed_doubt(draft: &OrderDraft, around: Around<'_>) -> Option<String> {
    let clock = around
        .clock
        .filter(|clock| draft.class == AssetClass::Equity && !clock.is_open)?;
    let left = format::time_left(clock.next_open.since(around.now));
    Some(format!("{} is closed; it opens in {left}", clock.market))
}

#[cfg(test)]
mod tests;
