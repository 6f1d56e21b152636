//! Reading orders and replacements: what the provider accepts, and its words for what it does not.

use super::fields::{
    Amount, check_client_id, check_extended, check_size, price, side, time_in_force,
};
use crate::domain::order::OrderChange;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, StopLoss, Symbol, TimeInForce, TrailBy,
};
use crate::sim::alpaca::answer::ApiError;
use crate::sim::market::{Market, PriceSource};
use crate::sim::world::{Customer, NewOrder};
use rust_decimal::Decimal;
use serde::Deserialize;

/// The body of `POST /v2/orders`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderRequest {
    symbol: Option<String>,
    qty: Option<Amount>,
    notional: Option<Amount>,
    side: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    time_in_force: Option<String>,
    limit_price: Option<Amount>,
    stop_price: Option<Amount>,
    trail_price: Option<Amount>,
    trail_percent: Option<Amount>,
    extended_hours: Option<bool>,
    client_order_id: Option<String>,
    order_class: Option<String>,
    take_profit: Option<TakeProfitRequest>,
    stop_loss: Option<StopLossRequest>,
}

#[derive(Debug, Deserialize)]
struct TakeProfitRequest {
    limit_price: Option<Amount>,
}

#[derive(Debug, Deserialize)]
struct StopLossRequest {
    stop_price: Option<Amount>,
    limit_price: Option<Amount>,
}

/// The body of `PATCH /v2/orders/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct ReplaceRequest {
    qty: Option<Amount>,
    time_in_force: Option<String>,
    limit_price: Option<Amount>,
    stop_price: Option<Amount>,
    trail: Option<Amount>,
    client_order_id: Option<String>,
}

/// Parses a body.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| {
        let mut error = ApiError::invalid("request body format is invalid");
        error.code = 40_010_000;
        error
    })
}

impl OrderRequest {
    /// What is wanted, if the provider would take it from anybody.
    pub(super) fn into_order(
        self,
        customer: &Customer,
        market: &Market,
    ) -> Result<NewOrder, ApiError> {
        let symbol = Symbol::new(self.symbol.as_deref().unwrap_or_default());
        if symbol.as_str().is_empty() {
            return Err(ApiError::invalid("symbol is required"));
        }
        let listing = market
            .find(&symbol)
            .ok_or_else(|| ApiError::invalid(format!("asset \"{symbol}\" not found")))?;
        let grid = matches!(market.listings()[listing].price, PriceSource::Seeded(_));
        let side = side(self.side.as_deref())?;
        let size = self.size()?;
        let kind = self.kind(grid)?;
        let time_in_force = time_in_force(self.time_in_force.as_deref())?
            .ok_or_else(|| ApiError::invalid("time_in_force is required"))?;
        let extended_hours = self.extended_hours.unwrap_or(false);
        check_size(&size, &kind, time_in_force)?;
        check_extended(extended_hours, &kind, time_in_force)?;
        let exits = self.exits(&kind, time_in_force, grid)?;
        if exits != Exits::None && extended_hours {
            return Err(ApiError::unprocessable(
                "complex orders not supported for extended hours",
            ));
        }
        check_client_id(self.client_order_id.as_deref())?;
        Ok(NewOrder {
            client_id: self.client_order_id.filter(|id| !id.is_empty()),
            draft: OrderDraft {
                account: AccountId {
                    connection: ConnectionId::new("simulated"),
                    number: customer.number.as_str().into(),
                },
                mode: if customer.profile.paper {
                    Mode::Paper
                } else {
                    Mode::Live
                },
                symbol,
                class: AssetClass::Equity,
                side,
                size,
                kind,
                time_in_force,
                extended_hours,
                exits,
            },
        })
    }

    fn size(&self) -> Result<OrderSize, ApiError> {
        match (self.qty, self.notional) {
            (Some(_), Some(_)) => Err(ApiError::invalid("only one of qty or notional is accepted")),
            (None, None) => Err(ApiError::invalid("qty or notional is required")),
            (Some(Amount(quantity)), None) if quantity <= Decimal::ZERO => {
                Err(ApiError::invalid("qty must be > 0"))
            }
            (Some(Amount(quantity)), None) if quantity.normalize().scale() > 9 => Err(
                ApiError::unprocessable("qty can have at most 9 decimal places"),
            ),
            (Some(Amount(quantity)), None) => Ok(OrderSize::Quantity(Quantity(quantity))),
            (None, Some(Amount(amount))) if amount < Decimal::ONE => Err(ApiError::forbidden(
                "cost basis must be >= minimal amount of order 1",
            )),
            (None, Some(Amount(amount))) => Ok(OrderSize::Notional(amount)),
        }
    }

    fn kind(&self, grid: bool) -> Result<OrderKind, ApiError> {
        let limit = price("limit_price", self.limit_price, grid)?;
        let stop = price("stop_price", self.stop_price, grid)?;
        let kind = self
            .kind
            .as_deref()
            .ok_or_else(|| ApiError::invalid("type is required"))?;
        let unused = |used: bool, what: &str| match used {
            true => Err(ApiError::invalid(format!(
                "{kind} orders require no {what}"
            ))),
            false => Ok(()),
        };
        let needs = |what: &str| ApiError::invalid(format!("{kind} orders require a {what}"));
        match kind {
            "market" => {
                unused(limit.is_some() || stop.is_some(), "limit or stop price")?;
                Ok(OrderKind::Market)
            }
            "limit" => {
                unused(stop.is_some(), "stop price")?;
                // The price of an exit pair is that of its profit-taking exit.
                let limit = limit.or(self.pair_limit());
                Ok(OrderKind::Limit {
                    limit: limit.ok_or_else(|| needs("limit price"))?,
                })
            }
            "stop" => {
                unused(limit.is_some(), "limit price")?;
                Ok(OrderKind::Stop {
                    stop: stop.ok_or_else(|| needs("stop price"))?,
                })
            }
            "stop_limit" => Ok(OrderKind::StopLimit {
                stop: stop.ok_or_else(|| needs("stop price"))?,
                limit: limit.ok_or_else(|| needs("limit price"))?,
            }),
            "trailing_stop" => {
                unused(limit.is_some() || stop.is_some(), "limit or stop price")?;
                self.trail()
            }
            _ => Err(ApiError::invalid(format!("invalid order type {kind:?}"))),
        }
    }

    fn pair_limit(&self) -> Option<Price> {
        let is_pair = self.order_class.as_deref() == Some("oco");
        let profit = self.take_profit.as_ref().filter(|_| is_pair)?;
        profit.limit_price.map(|amount| Price(amount.0))
    }

    fn trail(&self) -> Result<OrderKind, ApiError> {
        let trail = match (self.trail_price, self.trail_percent) {
            (Some(Amount(distance)), None) if distance > Decimal::ZERO => {
                TrailBy::Price(Price(distance))
            }
            (None, Some(Amount(percent)))
                if percent > Decimal::ZERO && percent < Decimal::ONE_HUNDRED =>
            {
                TrailBy::Percent(percent)
            }
            _ => {
                return Err(ApiError::invalid(
                    "trailing_stop orders require one of trail_price and trail_percent",
                ));
            }
        };
        Ok(OrderKind::TrailingStop { trail })
    }

    fn exits(
        &self,
        kind: &OrderKind,
        time_in_force: TimeInForce,
        grid: bool,
    ) -> Result<Exits, ApiError> {
        let class = self.order_class.as_deref().unwrap_or_default();
        let profit = match &self.take_profit {
            Some(profit) => price("take_profit.limit_price", profit.limit_price, grid)?,
            None => None,
        };
        let loss = self.loss(grid)?;
        let needs = |what: &str| ApiError::invalid(format!("{class} orders require {what}"));
        if !matches!(class, "" | "simple")
            && !matches!(
                time_in_force,
                TimeInForce::Day | TimeInForce::GoodTilCancelled
            )
        {
            return Err(ApiError::unprocessable(
                "complex orders must have time_in_force day or gtc",
            ));
        }
        match class {
            "" | "simple" if profit.is_some() || loss.is_some() => Err(ApiError::invalid(
                "simple orders require no take_profit or stop_loss",
            )),
            "" | "simple" => Ok(Exits::None),
            "bracket" => Ok(Exits::Bracket {
                take_profit: profit.ok_or_else(|| needs("take_profit.limit_price"))?,
                stop_loss: loss.ok_or_else(|| needs("stop_loss.stop_price"))?,
            }),
            "oco" if !matches!(kind, OrderKind::Limit { .. }) => {
                Err(ApiError::unprocessable("oco orders must be limit orders"))
            }
            "oco" => Ok(Exits::OneCancelsOther {
                take_profit: profit.ok_or_else(|| needs("take_profit.limit_price"))?,
                stop_loss: loss.ok_or_else(|| needs("stop_loss.stop_price"))?,
            }),
            "oto" => match (profit, loss) {
                (Some(take_profit), None) => Ok(Exits::TakeProfit { take_profit }),
                (None, Some(stop_loss)) => Ok(Exits::StopLoss(stop_loss)),
                _ => Err(needs("one of take_profit and stop_loss")),
            },
            "mleg" => Err(ApiError::invalid("mleg orders are only for options")),
            _ => Err(ApiError::invalid(format!("invalid order_class {class:?}"))),
        }
    }

    fn loss(&self, grid: bool) -> Result<Option<StopLoss>, ApiError> {
        let Some(loss) = &self.stop_loss else {
            return Ok(None);
        };
        let stop = price("stop_loss.stop_price", loss.stop_price, grid)?;
        let limit = price("stop_loss.limit_price", loss.limit_price, grid)?;
        Ok(stop.map(|stop| StopLoss { stop, limit }))
    }
}

impl ReplaceRequest {
    /// The changes, and the new id if one is given.
    pub(super) fn into_change(
        self,
        kind: &OrderKind,
        grid: bool,
    ) -> Result<(OrderChange, Option<String>), ApiError> {
        check_client_id(self.client_order_id.as_deref())?;
        let quantity = match self.qty {
            Some(Amount(quantity)) if quantity <= Decimal::ZERO => {
                return Err(ApiError::invalid("qty must be > 0"));
            }
            Some(Amount(quantity)) if !quantity.fract().is_zero() => {
                return Err(ApiError::unprocessable("qty must be integer"));
            }
            quantity => quantity.map(|Amount(quantity)| Quantity(quantity)),
        };
        let trail = self.trail.map(|Amount(trail)| match kind {
            OrderKind::TrailingStop {
                trail: TrailBy::Percent(_),
            } => TrailBy::Percent(trail),
            OrderKind::TrailingStop { .. }
            | OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => TrailBy::Price(Price(trail)),
        });
        let change = OrderChange {
            quantity,
            limit: price("limit_price", self.limit_price, grid)?,
            stop: price("stop_price", self.stop_price, grid)?,
            trail,
            time_in_force: time_in_force(self.time_in_force.as_deref())?,
        };
        Ok((change, self.client_order_id.filter(|id| !id.is_empty())))
    }
}
