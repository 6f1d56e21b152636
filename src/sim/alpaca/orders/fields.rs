//! Single fields of an order's body, and the rules that two or three of them have to keep together.

use crate::domain::{OrderKind, OrderSize, Price, Side, TimeInForce, money};
use crate::sim::alpaca::answer::ApiError;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Greatest number an order may carry: the product of two is far from what a decimal holds.
const GREATEST_AMOUNT: u64 = 1_000_000_000_000;

/// Longest id a customer may give an order.
const LONGEST_CLIENT_ID: usize = 128;

/// A decimal in the body, as a string or as a number; its digits are read as they are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount(pub(super) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(input)?;
        let digits = raw.get().trim_matches('"');
        let amount = money::decimal(digits).map_err(serde::de::Error::custom)?;
        if amount.abs() > GREATEST_AMOUNT.into() {
            return Err(serde::de::Error::custom("a number is too large"));
        }
        Ok(Self(amount))
    }
}

pub(super) fn side(word: Option<&str>) -> Result<Side, ApiError> {
    match word {
        Some("buy") => Ok(Side::Buy),
        Some("sell") => Ok(Side::Sell),
        Some(other) => Err(ApiError::invalid(format!("invalid side {other:?}"))),
        None => Err(ApiError::invalid("side is required")),
    }
}

pub(super) fn time_in_force(word: Option<&str>) -> Result<Option<TimeInForce>, ApiError> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(None);
    };
    TimeInForce::ALL
        .into_iter()
        .find(|time| time.as_str() == word)
        .map(Some)
        .ok_or_else(|| ApiError::invalid(format!("invalid time_in_force {word:?}")))
}

/// A price above zero; on the exchange's grid where the symbol has one: cents from a dollar on,
/// hundredths of a cent below.
pub(super) fn price(
    name: &str,
    amount: Option<Amount>,
    grid: bool,
) -> Result<Option<Price>, ApiError> {
    let Some(Amount(amount)) = amount else {
        return Ok(None);
    };
    if amount <= Decimal::ZERO {
        return Err(ApiError::invalid(format!("{name} must be > 0")));
    }
    let places = if amount >= Decimal::ONE { 2 } else { 4 };
    if grid && amount.normalize().scale() > places {
        return Err(ApiError::unprocessable(format!(
            "invalid {name} {amount}. sub-penny increment does not fulfill minimum pricing criteria"
        )));
    }
    Ok(Some(Price(amount)))
}

pub(super) fn check_size(
    size: &OrderSize,
    kind: &OrderKind,
    time: TimeInForce,
) -> Result<(), ApiError> {
    let is_part = match size {
        OrderSize::Notional(_) => true,
        OrderSize::Quantity(quantity) => !quantity.0.fract().is_zero(),
    };
    if is_part && time != TimeInForce::Day {
        return Err(ApiError::unprocessable(
            "fractional orders must be DAY orders",
        ));
    }
    if is_part && matches!(kind, OrderKind::TrailingStop { .. }) {
        return Err(ApiError::unprocessable(
            "fractional orders must be market, limit, stop or stop_limit orders",
        ));
    }
    Ok(())
}

pub(super) fn check_extended(
    extended: bool,
    kind: &OrderKind,
    time: TimeInForce,
) -> Result<(), ApiError> {
    if extended && !matches!(kind, OrderKind::Limit { .. }) {
        return Err(ApiError::invalid(
            "only type=\"limit\" is allowed for extended hours orders",
        ));
    }
    if extended && !matches!(time, TimeInForce::Day | TimeInForce::GoodTilCancelled) {
        return Err(ApiError::invalid(
            "only time_in_force=\"day\" or \"gtc\" is allowed for extended hours orders",
        ));
    }
    Ok(())
}

pub(super) fn check_client_id(id: Option<&str>) -> Result<(), ApiError> {
    match id {
        Some(id) if id.len() > LONGEST_CLIENT_ID => Err(ApiError::invalid(
            "client_order_id must be no more than 128 characters",
        )),
        _ => Ok(()),
    }
}
