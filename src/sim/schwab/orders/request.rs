//! Reading orders: what the provider accepts, and its words for what it does not.

use super::Instruction;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, StopLoss, Symbol, TimeInForce, TrailBy, money,
};
use crate::sim::market::Market;
use crate::sim::schwab::answer::ApiError;
use crate::sim::schwab::instruments::find;
use crate::sim::world::Customer;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Greatest number an order may carry: the product of two is far from what a decimal holds.
const GREATEST_AMOUNT: u64 = 1_000_000_000_000;

/// A decimal in the body, as a string or as a number; its digits are read as they are written.
#[derive(Clone, Copy, Debug)]
struct Amount(Decimal);

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

/// The body of an order, and of the orders inside it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderRequest {
    order_type: Option<String>,
    session: Option<String>,
    duration: Option<String>,
    order_strategy_type: Option<String>,
    complex_order_strategy_type: Option<String>,
    price: Option<Amount>,
    stop_price: Option<Amount>,
    stop_price_link_type: Option<String>,
    stop_price_offset: Option<Amount>,
    #[serde(default)]
    order_leg_collection: Vec<Leg>,
    #[serde(default)]
    child_order_strategies: Vec<OrderRequest>,
}

#[derive(Debug, Deserialize)]
struct Leg {
    instruction: Option<String>,
    quantity: Option<Amount>,
    instrument: Option<Instrument>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instrument {
    symbol: Option<String>,
    asset_type: Option<String>,
}

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Result<OrderRequest, ApiError> {
    serde_json::from_slice(body)
        .map_err(|_| ApiError::invalid("The request body could not be read"))
}

fn missing(what: &str) -> ApiError {
    ApiError::invalid(format!("{what} is required"))
}

fn wrong(what: &str, word: &str) -> ApiError {
    ApiError::invalid(format!("{word} is not a valid {what}"))
}

impl OrderRequest {
    /// What is wanted, if the provider would take it from anybody.
    pub(super) fn into_draft(
        self,
        customer: &Customer,
        market: &Market,
    ) -> Result<(OrderDraft, Instruction), ApiError> {
        match self.order_strategy_type.as_deref() {
            Some("SINGLE") => self.single(customer, market),
            Some("TRIGGER") => {
                let (mut draft, instruction) = self.single(customer, market)?;
                draft.exits = self.exits(customer, market)?;
                Ok((draft, instruction))
            }
            Some("OCO") => self.pair(customer, market),
            Some(word) => Err(wrong("orderStrategyType", word)),
            None => Err(missing("orderStrategyType")),
        }
    }

    /// The order by itself, whatever is inside it.
    fn single(
        &self,
        customer: &Customer,
        market: &Market,
    ) -> Result<(OrderDraft, Instruction), ApiError> {
        let complex = self.complex_order_strategy_type.as_deref();
        let [leg] = self.order_leg_collection.as_slice() else {
            return Err(ApiError::invalid("Orders of one leg only are taken here"));
        };
        if complex.is_some_and(|word| word != "NONE") {
            return Err(ApiError::invalid("Orders of one leg only are taken here"));
        }
        let symbol = leg.symbol(market)?;
        let instruction = leg.instruction.as_deref();
        let instruction = instruction.ok_or_else(|| missing("instruction"))?;
        let instruction =
            Instruction::parse(instruction).ok_or_else(|| wrong("instruction", instruction))?;
        let quantity = leg.quantity.ok_or_else(|| missing("quantity"))?.0;
        if quantity <= Decimal::ZERO || !quantity.fract().is_zero() {
            return Err(ApiError::invalid("quantity must be a whole number above 0"));
        }
        let draft = OrderDraft {
            account: AccountId {
                connection: ConnectionId::new("simulated"),
                number: customer.number.as_str().into(),
            },
            mode: Mode::Live,
            symbol,
            class: AssetClass::Equity,
            side: instruction.side(),
            size: OrderSize::Quantity(Quantity(quantity)),
            kind: self.kind()?,
            time_in_force: self.time_in_force()?,
            extended_hours: self.is_extended()?,
            exits: Exits::None,
        };
        Ok((draft, instruction))
    }

    fn kind(&self) -> Result<OrderKind, ApiError> {
        let word = self.order_type.as_deref();
        let limit = price("price", self.price)?;
        let stop = price("stopPrice", self.stop_price)?;
        match word.ok_or_else(|| missing("orderType"))? {
            "MARKET" | "MARKET_ON_CLOSE" => Ok(OrderKind::Market),
            "LIMIT" | "LIMIT_ON_CLOSE" => Ok(OrderKind::Limit {
                limit: limit.ok_or_else(|| missing("price"))?,
            }),
            "STOP" => Ok(OrderKind::Stop {
                stop: stop.ok_or_else(|| missing("stopPrice"))?,
            }),
            "STOP_LIMIT" => Ok(OrderKind::StopLimit {
                stop: stop.ok_or_else(|| missing("stopPrice"))?,
                limit: limit.ok_or_else(|| missing("price"))?,
            }),
            "TRAILING_STOP" => self.trail(),
            word @ ("TRAILING_STOP_LIMIT"
            | "CABINET"
            | "NON_MARKETABLE"
            | "EXERCISE"
            | "NET_DEBIT"
            | "NET_CREDIT"
            | "NET_ZERO") => Err(ApiError::invalid(format!(
                "{word} orders are not taken for this instrument"
            ))),
            word => Err(wrong("orderType", word)),
        }
    }

    fn trail(&self) -> Result<OrderKind, ApiError> {
        let offset = self.stop_price_offset.map(|Amount(offset)| offset);
        let offset = offset
            .filter(|offset| *offset > Decimal::ZERO)
            .ok_or_else(|| missing("stopPriceOffset"))?;
        let trail = match self.stop_price_link_type.as_deref() {
            Some("VALUE") => TrailBy::Price(Price(offset)),
            Some("PERCENT") if offset < Decimal::ONE_HUNDRED => TrailBy::Percent(offset),
            Some(word) => return Err(wrong("stopPriceLinkType", word)),
            None => return Err(missing("stopPriceLinkType")),
        };
        Ok(OrderKind::TrailingStop { trail })
    }

    fn time_in_force(&self) -> Result<TimeInForce, ApiError> {
        if self
            .order_type
            .as_deref()
            .is_some_and(|word| word.ends_with("_ON_CLOSE"))
        {
            return Ok(TimeInForce::AtTheClose);
        }
        match self.duration.as_deref() {
            Some("DAY") => Ok(TimeInForce::Day),
            Some("GOOD_TILL_CANCEL" | "END_OF_WEEK" | "END_OF_MONTH" | "NEXT_END_OF_MONTH") => {
                Ok(TimeInForce::GoodTilCancelled)
            }
            Some("FILL_OR_KILL") => Ok(TimeInForce::FillOrKill),
            Some("IMMEDIATE_OR_CANCEL") => Ok(TimeInForce::ImmediateOrCancel),
            Some(word) => Err(wrong("duration", word)),
            None => Err(missing("duration")),
        }
    }

    fn is_extended(&self) -> Result<bool, ApiError> {
        let extended = match self.session.as_deref() {
            Some("NORMAL") => false,
            Some("AM" | "PM" | "SEAMLESS") => true,
            Some(word) => return Err(wrong("session", word)),
            None => return Err(missing("session")),
        };
        if extended && self.order_type.as_deref() != Some("LIMIT") {
            return Err(ApiError::invalid(
                "Only limit orders are taken in extended hours",
            ));
        }
        Ok(extended)
    }

    /// What is to happen once the order filled.
    fn exits(&self, customer: &Customer, market: &Market) -> Result<Exits, ApiError> {
        let [child] = self.child_order_strategies.as_slice() else {
            return Err(ApiError::invalid("TRIGGER orders have one child here"));
        };
        match child.order_strategy_type.as_deref() {
            Some("OCO") => {
                let (take_profit, stop_loss, _) = child.both(customer, market)?;
                Ok(Exits::Bracket {
                    take_profit,
                    stop_loss,
                })
            }
            _ => match exit_of(&child.single(customer, market)?.0.kind)? {
                Exit::Profit(take_profit) => Ok(Exits::TakeProfit { take_profit }),
                Exit::Loss(stop_loss) => Ok(Exits::StopLoss(stop_loss)),
            },
        }
    }

    /// Two exits of one position, of which one will be cancelled.
    fn pair(
        &self,
        customer: &Customer,
        market: &Market,
    ) -> Result<(OrderDraft, Instruction), ApiError> {
        let (take_profit, stop_loss, (mut draft, instruction)) = self.both(customer, market)?;
        draft.kind = OrderKind::Limit { limit: take_profit };
        draft.exits = Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        };
        Ok((draft, instruction))
    }

    fn both(
        &self,
        customer: &Customer,
        market: &Market,
    ) -> Result<(Price, StopLoss, (OrderDraft, Instruction)), ApiError> {
        let words = "OCO orders have a limit order and a stop order inside them";
        let [one, other] = self.child_order_strategies.as_slice() else {
            return Err(ApiError::invalid(words));
        };
        let (one, other) = (
            one.single(customer, market)?,
            other.single(customer, market)?,
        );
        if (&one.0.symbol, one.0.side) != (&other.0.symbol, other.0.side) {
            return Err(ApiError::invalid(
                "OCO orders are of one instrument and one side here",
            ));
        }
        match (exit_of(&one.0.kind)?, exit_of(&other.0.kind)?) {
            (Exit::Profit(profit), Exit::Loss(loss)) => Ok((profit, loss, one)),
            (Exit::Loss(loss), Exit::Profit(profit)) => Ok((profit, loss, other)),
            _ => Err(ApiError::invalid(words)),
        }
    }
}

enum Exit {
    Profit(Price),
    Loss(StopLoss),
}

fn exit_of(kind: &OrderKind) -> Result<Exit, ApiError> {
    match *kind {
        OrderKind::Limit { limit } => Ok(Exit::Profit(limit)),
        OrderKind::Stop { stop } => Ok(Exit::Loss(StopLoss { stop, limit: None })),
        OrderKind::StopLimit { stop, limit } => Ok(Exit::Loss(StopLoss {
            stop,
            limit: Some(limit),
        })),
        OrderKind::Market | OrderKind::TrailingStop { .. } => Err(ApiError::invalid(
            "Exits are limit, stop or stop limit orders here",
        )),
    }
}

impl Leg {
    fn symbol(&self, market: &Market) -> Result<Symbol, ApiError> {
        let instrument = self
            .instrument
            .as_ref()
            .ok_or_else(|| missing("instrument"))?;
        let asset = instrument.asset_type.as_deref();
        match asset.ok_or_else(|| missing("assetType"))? {
            "EQUITY" | "COLLECTIVE_INVESTMENT" => {}
            word => return Err(ApiError::invalid(format!("{word} cannot be traded here"))),
        }
        let name = instrument
            .symbol
            .as_deref()
            .ok_or_else(|| missing("symbol"))?;
        let listing = find(market, name)
            .ok_or_else(|| ApiError::invalid(format!("{name} is not a valid symbol")))?;
        Ok(market.listings()[listing].symbol.clone())
    }
}

/// A price above zero: cents from a dollar on, hundredths of a cent below.
fn price(name: &str, amount: Option<Amount>) -> Result<Option<Price>, ApiError> {
    let Some(Amount(amount)) = amount else {
        return Ok(None);
    };
    let places = if amount >= Decimal::ONE { 2 } else { 4 };
    if amount <= Decimal::ZERO || amount.normalize().scale() > places {
        return Err(ApiError::invalid(format!("{amount} is not a valid {name}")));
    }
    Ok(Some(Price(amount)))
}
