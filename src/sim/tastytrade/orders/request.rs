//! Reading an order: the documented fields, and the rules that are checked before anything else.

use super::super::answer::{ApiError, symbol};
use super::super::site::Call;
use super::{Note, effective};
use crate::domain::order::OrderChange;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, Side, TimeInForce,
};
use crate::sim::world::BookedOrder;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

type Checked<T> = Result<T, ApiError>;

/// A body; numbers may come as numbers or as texts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OrderRequest {
    order_type: Option<String>,
    time_in_force: Option<String>,
    gtc_date: Option<String>,
    price: Option<Value>,
    price_effect: Option<String>,
    stop_trigger: Option<Value>,
    value: Option<Value>,
    value_effect: Option<String>,
    source: Option<String>,
    external_identifier: Option<String>,
    #[serde(default)]
    legs: Vec<Leg>,
    advanced_instructions: Option<Advanced>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Leg {
    instrument_type: Option<String>,
    symbol: Option<String>,
    action: Option<String>,
    quantity: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Advanced {
    #[serde(default)]
    strict_position_effect_validation: bool,
}

/// How long an order lasts, as the books and as the provider have it.
struct Lasting {
    time_in_force: TimeInForce,
    extended: bool,
    word: &'static str,
}

impl OrderRequest {
    pub(super) fn parse(body: &[u8]) -> Checked<Self> {
        serde_json::from_slice(body).map_err(|_| ApiError::validation("body", "is malformed"))
    }

    /// What the books are to take, and what is noted beside them.
    pub(super) fn into_order(self, call: &Call<'_>) -> Checked<(OrderDraft, Note)> {
        let (leg, name) = self.only_leg()?;
        let symbol = symbol(name);
        if call.world.market.find(&symbol).is_none() {
            let words = format!("There is no instrument {name}.");
            return Err(ApiError::preflight("invalid_symbol", words));
        }
        let held = call.customer().held(&symbol);
        let (side, action) = self.action(leg, held)?;
        let lasting = lasting(self.time_in_force.as_deref())?;
        let size = self.size(leg)?;
        let kind = self.kind(side)?;
        check_time(&kind, &lasting, effective(side, held).ends_with("Open"))?;
        if lasting.word == "GTD" && self.gtc_date.is_none() {
            return Err(ApiError::validation("gtc-date", "is required for GTD"));
        }
        let customer = call.customer();
        let draft = OrderDraft {
            account: AccountId {
                connection: ConnectionId::new("simulated"),
                number: customer.number.as_str().into(),
            },
            mode: match customer.profile.paper {
                true => Mode::Paper,
                false => Mode::Live,
            },
            symbol,
            class: AssetClass::Equity,
            side,
            size,
            kind,
            time_in_force: lasting.time_in_force,
            extended_hours: lasting.extended,
            exits: Exits::None,
        };
        let note = Note {
            action,
            time_in_force: Some(lasting.word),
            gtc_date: self.gtc_date,
            source: self.source,
            external: self.external_identifier,
        };
        Ok((draft, note))
    }

    /// What is to change of an order, and the new word for how long it lasts.
    pub(super) fn into_change(
        self,
        order: &BookedOrder,
    ) -> Checked<(OrderChange, Option<&'static str>)> {
        let no_update = |why: &str| {
            let status = http::StatusCode::UNPROCESSABLE_ENTITY;
            ApiError::new(status, "cannot_update_order", why)
        };
        let lasting = match self.time_in_force.as_deref() {
            None => None,
            word => Some(lasting(word)?),
        };
        let limit = price("price", self.price.as_ref())?;
        let stop = price("stop-trigger", self.stop_trigger.as_ref())?;
        let same_kind = match (self.order_type.as_deref(), order.draft.kind) {
            (None, _)
            | (Some("Market"), OrderKind::Market)
            | (Some("Limit" | "Marketable Limit"), OrderKind::Limit { .. })
            | (Some("Stop"), OrderKind::Stop { .. })
            | (Some("Stop Limit"), OrderKind::StopLimit { .. }) => true,
            (Some(_), _) => false,
        };
        if !same_kind {
            return Err(no_update("The order type cannot be changed."));
        }
        let change = OrderChange {
            quantity: None,
            limit,
            stop,
            trail: None,
            time_in_force: lasting.as_ref().map(|lasting| lasting.time_in_force),
        };
        Ok((change, lasting.map(|lasting| lasting.word)))
    }

    fn only_leg(&self) -> Checked<(&Leg, &str)> {
        let [leg] = self.legs.as_slice() else {
            return Err(match self.legs.len() {
                0 => ApiError::validation("legs", "are missing"),
                _ => {
                    ApiError::preflight("too_many_legs", "Orders of equities have exactly one leg.")
                }
            });
        };
        match leg.instrument_type.as_deref() {
            Some("Equity") => {}
            Some("Cryptocurrency") => {
                let words = "Orders of cryptocurrencies are disabled.";
                return Err(ApiError::preflight("cryptocurrency_disabled", words));
            }
            _ => {
                let words = "This market trades equities only.";
                return Err(ApiError::preflight("instrument_not_supported", words));
            }
        }
        let name = leg.symbol.as_deref();
        let name = name.ok_or_else(|| ApiError::validation("legs.symbol", "is missing"))?;
        Ok((leg, name))
    }

    /// The side, and the action it comes to with what is held.
    fn action(&self, leg: &Leg, held: Decimal) -> Checked<(Side, &'static str)> {
        let side = match leg.action.as_deref() {
            Some("Buy to Open" | "Buy to Close") => Side::Buy,
            Some("Sell to Open" | "Sell to Close") => Side::Sell,
            _ => return Err(ApiError::validation("legs.action", "is unknown")),
        };
        let action = effective(side, held);
        let advanced = self.advanced_instructions.as_ref();
        let strict = advanced.is_some_and(|advanced| advanced.strict_position_effect_validation);
        if strict && leg.action.as_deref() != Some(action) {
            return Err(ApiError::preflight(
                "invalid_position_effect",
                "The action does not fit the position.",
            ));
        }
        Ok((side, action))
    }

    fn size(&self, leg: &Leg) -> Checked<OrderSize> {
        let quantity = number("legs.quantity", leg.quantity.as_ref())?;
        let value = number("value", self.value.as_ref())?;
        if self.order_type.as_deref() == Some("Notional Market") {
            return match (value, quantity) {
                (Some(value), None) if value >= Decimal::from(5) => Ok(OrderSize::Notional(value)),
                (Some(_), None) => Err(ApiError::preflight(
                    "notional_value_too_small",
                    "Notional orders are of 5 dollars or more.",
                )),
                _ => Err(ApiError::validation(
                    "value",
                    "stands in place of a quantity",
                )),
            };
        }
        match quantity {
            Some(quantity) if quantity > Decimal::ZERO => {
                Ok(OrderSize::Quantity(Quantity(quantity)))
            }
            _ => Err(ApiError::validation(
                "legs.quantity",
                "is not more than zero",
            )),
        }
    }

    fn kind(&self, side: Side) -> Checked<OrderKind> {
        let limit = price("price", self.price.as_ref())?;
        let stop = price("stop-trigger", self.stop_trigger.as_ref())?;
        let need = |price: Option<Price>, name: &str| {
            price.ok_or_else(|| ApiError::validation(name, "is required"))
        };
        let effects = [
            (limit.is_some(), &self.price_effect, "price-effect"),
            (self.value.is_some(), &self.value_effect, "value-effect"),
        ];
        for (used, effect, name) in effects {
            if used {
                check_effect(side, effect.as_deref(), name)?;
            }
        }
        match self.order_type.as_deref() {
            Some("Market" | "Notional Market") if limit.is_some() => Err(ApiError::preflight(
                "market_order_with_price",
                "Market orders have no price.",
            )),
            Some("Market" | "Notional Market") => Ok(OrderKind::Market),
            Some("Limit" | "Marketable Limit") => Ok(OrderKind::Limit {
                limit: need(limit, "price")?,
            }),
            Some("Stop") => Ok(OrderKind::Stop {
                stop: need(stop, "stop-trigger")?,
            }),
            Some("Stop Limit") => Ok(OrderKind::StopLimit {
                stop: need(stop, "stop-trigger")?,
                limit: need(limit, "price")?,
            }),
            _ => Err(ApiError::validation("order-type", "is unknown")),
        }
    }
}

/// The kind of an order with a change applied, for a preview.
pub(super) fn changed(kind: OrderKind, change: &OrderChange) -> OrderKind {
    match kind {
        OrderKind::Limit { limit } => OrderKind::Limit {
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::Stop { stop } => OrderKind::Stop {
            stop: change.stop.unwrap_or(stop),
        },
        OrderKind::StopLimit { stop, limit } => OrderKind::StopLimit {
            stop: change.stop.unwrap_or(stop),
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::Market | OrderKind::TrailingStop { .. } => kind,
    }
}

fn check_effect(side: Side, effect: Option<&str>, name: &str) -> Checked<()> {
    match (side, effect) {
        (Side::Buy, Some("Debit")) | (Side::Sell, Some("Credit")) => Ok(()),
        (Side::Buy, Some("Credit")) => Err(ApiError::preflight(
            "cant_buy_for_credit",
            "You cannot buy for a credit.",
        )),
        (Side::Sell, Some("Debit")) => Err(ApiError::preflight(
            "cant_sell_for_debit",
            "You cannot sell for a debit.",
        )),
        _ => Err(ApiError::validation(name, "is required")),
    }
}

fn check_time(kind: &OrderKind, lasting: &Lasting, opens: bool) -> Checked<()> {
    let lasts = matches!(lasting.word, "GTC" | "GTD" | "GTC Ext");
    match kind {
        OrderKind::Market if lasts => Err(ApiError::preflight(
            "gtc_market_orders_not_supported",
            "GTC/GTD Market orders are not supported.",
        )),
        OrderKind::Stop { .. } if lasts && opens => Err(ApiError::preflight(
            "gtc_opening_stop_orders_not_supported",
            "GTC Stop orders that open a position are not supported.",
        )),
        OrderKind::Market | OrderKind::Stop { .. } if lasting.extended => Err(ApiError::preflight(
            "extended_hours_order_type_not_supported",
            "Orders for extended hours are Limit orders.",
        )),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TrailingStop { .. } => Ok(()),
    }
}

fn lasting(word: Option<&str>) -> Checked<Lasting> {
    use TimeInForce::{Day, GoodTilCancelled, ImmediateOrCancel};
    let (time_in_force, extended, word) = match word {
        Some("Day") => (Day, false, "Day"),
        Some("GTC") => (GoodTilCancelled, false, "GTC"),
        Some("GTD") => (GoodTilCancelled, false, "GTD"),
        Some("Ext") => (Day, true, "Ext"),
        Some("GTC Ext") => (GoodTilCancelled, true, "GTC Ext"),
        Some("Ext Overnight") => (Day, true, "Ext Overnight"),
        Some("GTC Ext Overnight") => (GoodTilCancelled, true, "GTC Ext Overnight"),
        Some("IOC") => (ImmediateOrCancel, false, "IOC"),
        _ => return Err(ApiError::validation("time-in-force", "is unknown")),
    };
    Ok(Lasting {
        time_in_force,
        extended,
        word,
    })
}

fn price(name: &str, value: Option<&Value>) -> Checked<Option<Price>> {
    match number(name, value)? {
        Some(price) if price <= Decimal::ZERO => {
            Err(ApiError::validation(name, "is not more than zero"))
        }
        price => Ok(price.map(Price)),
    }
}

fn number(name: &str, value: Option<&Value>) -> Checked<Option<Decimal>> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let number = crate::domain::money::decimal(&text);
    number
        .map(Some)
        .map_err(|_| ApiError::validation(name, "is not a number"))
}
