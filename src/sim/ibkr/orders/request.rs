//! Reading an order as it is written by a client, and what is to change of one.

use super::super::answer::{Reply, declined};
use super::super::data::conid_in;
use super::super::query::decimal;
use super::super::site::Call;
use super::Note;
use crate::domain::order::OrderChange;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, Side, StopLoss, TimeInForce, TrailBy,
};
use crate::sim::world::BookedOrder;
use rust_decimal::Decimal;
use serde_json::Value;

/// One order that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) listing: usize,
    pub(super) draft: OrderDraft,
    pub(super) note: Note,
    /// The customer's name of the order that has to fill first.
    parent: Option<String>,
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body[name].as_str().filter(|text| !text.is_empty())
}

fn number(body: &Value, name: &str) -> Option<Decimal> {
    decimal(&body[name]).filter(|number| *number > Decimal::ZERO)
}

fn bad(words: &str) -> Reply {
    Reply::bad_request(words)
}

impl Wanted {
    pub(super) fn read(call: &Call<'_>, account: usize, body: &Value) -> Result<Self, Reply> {
        let conid = conid_in(body).ok_or_else(|| bad("conid is missing"))?;
        let listing = call.shared.contracts.listing(conid);
        let listing = listing.ok_or_else(|| declined("No trading permissions."))?;
        let symbol = call.world.market.listings()[listing].symbol.clone();
        let side = match text(body, "side").map(str::to_uppercase).as_deref() {
            Some("BUY" | "B") => Side::Buy,
            Some("SELL" | "S") => Side::Sell,
            _ => return Err(bad("side is not valid")),
        };
        let (time_in_force, lasts) = lasting(body)?;
        let customer = &call.world.customers[account];
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
            size: size(call, listing, body)?,
            kind: kind(body)?,
            time_in_force,
            extended_hours: body["outsideRTH"] == true,
            exits: Exits::None,
        };
        let note = Note {
            reference: text(body, "cOID").map(str::to_owned),
            lasts,
        };
        let parent = text(body, "parentId").map(str::to_owned);
        Ok(Self {
            listing,
            draft,
            note,
            parent,
        })
    }

    /// Makes exits of the orders that wait for another one.
    pub(super) fn grouped(all: Vec<Self>) -> Result<Vec<Self>, Reply> {
        let (children, mut entries): (Vec<Self>, Vec<Self>) =
            all.into_iter().partition(|order| order.parent.is_some());
        for child in &children {
            let mut found = entries.iter_mut();
            let entry = found.find(|entry| entry.note.reference == child.parent);
            let entry = entry.ok_or_else(|| declined("Parent order is not found."))?;
            let exits = with_exit(entry, child);
            entry.draft.exits = exits.ok_or_else(|| declined("Invalid bracket order."))?;
        }
        Ok(entries)
    }

    /// What is to change of an order so that it becomes this one; `None` where it cannot.
    pub(super) fn as_change_of(&self, order: &BookedOrder) -> Option<OrderChange> {
        let is_same_kind = matches!(
            (&order.draft.kind, &self.draft.kind),
            (OrderKind::Market, OrderKind::Market)
                | (OrderKind::Limit { .. }, OrderKind::Limit { .. })
                | (OrderKind::Stop { .. }, OrderKind::Stop { .. })
                | (OrderKind::StopLimit { .. }, OrderKind::StopLimit { .. })
                | (
                    OrderKind::TrailingStop { .. },
                    OrderKind::TrailingStop { .. }
                )
        );
        let is_same = order.draft.symbol == self.draft.symbol
            && order.draft.side == self.draft.side
            && is_same_kind;
        let quantity = match self.draft.size {
            OrderSize::Quantity(quantity) => Some(quantity),
            OrderSize::Notional(_) => None,
        };
        let trail = match self.draft.kind {
            OrderKind::TrailingStop { trail } => Some(trail),
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => None,
        };
        is_same.then(|| OrderChange {
            quantity,
            limit: self.draft.kind.limit(),
            stop: self.draft.kind.stop(),
            trail,
            time_in_force: Some(self.draft.time_in_force),
        })
    }
}

/// The exits of an entry with one more.
fn with_exit(entry: &Wanted, child: &Wanted) -> Option<Exits> {
    let is_exit = child.draft.symbol == entry.draft.symbol
        && child.draft.side != entry.draft.side
        && child.draft.size == entry.draft.size;
    let stop_loss = |stop, limit| StopLoss { stop, limit };
    match (entry.draft.exits, child.draft.kind) {
        _ if !is_exit => None,
        (Exits::None, OrderKind::Limit { limit }) => Some(Exits::TakeProfit { take_profit: limit }),
        (Exits::None, OrderKind::Stop { stop }) => Some(Exits::StopLoss(stop_loss(stop, None))),
        (Exits::None, OrderKind::StopLimit { stop, limit }) => {
            Some(Exits::StopLoss(stop_loss(stop, Some(limit))))
        }
        (Exits::TakeProfit { take_profit }, kind) => Some(Exits::Bracket {
            take_profit,
            stop_loss: stop_loss(kind.stop()?, kind.limit()),
        }),
        (Exits::StopLoss(stop_loss), OrderKind::Limit { limit }) => Some(Exits::Bracket {
            take_profit: limit,
            stop_loss,
        }),
        _ => None,
    }
}

/// Units; an amount of cash is rounded down to whole shares.
fn size(call: &Call<'_>, listing: usize, body: &Value) -> Result<OrderSize, Reply> {
    let mark = call.world.market.mark(listing).unwrap_or_default().0;
    let units = number(body, "quantity").or_else(|| {
        let units = number(body, "cashQty")?.checked_div(mark)?.trunc();
        Some(units).filter(|units| !units.is_zero())
    });
    let units = units.ok_or_else(|| bad("quantity is not valid"))?;
    Ok(OrderSize::Quantity(Quantity(units)))
}

fn kind(body: &Value) -> Result<OrderKind, Reply> {
    let price = || {
        let price = number(body, "price").map(Price);
        price.ok_or_else(|| bad("price is not valid"))
    };
    let aux = number(body, "auxPrice").map(Price);
    match text(body, "orderType").map(str::to_uppercase).as_deref() {
        Some("MKT") => Ok(OrderKind::Market),
        Some("LMT") => Ok(OrderKind::Limit { limit: price()? }),
        Some("STP") => Ok(OrderKind::Stop {
            stop: price().or_else(|refusal| aux.ok_or(refusal))?,
        }),
        Some("STOP_LIMIT" | "STP LMT") => Ok(OrderKind::StopLimit {
            stop: aux.ok_or_else(|| bad("auxPrice is not valid"))?,
            limit: price()?,
        }),
        Some("TRAIL") => {
            let amount = number(body, "trailingAmt");
            let amount = amount.ok_or_else(|| bad("trailingAmt is not valid"))?;
            let trail = match text(body, "trailingType") {
                Some("%") => TrailBy::Percent(amount),
                _ => TrailBy::Price(Price(amount)),
            };
            Ok(OrderKind::TrailingStop { trail })
        }
        Some("TRAILLMT" | "MIDPRICE" | "MOC" | "LOC") => {
            Err(declined("This order type is not supported."))
        }
        _ => Err(bad("orderType is not valid")),
    }
}

/// How long an order lasts, as the books and as the provider have it.
fn lasting(body: &Value) -> Result<(TimeInForce, &'static str), Reply> {
    Ok(match text(body, "tif").map(str::to_uppercase).as_deref() {
        None | Some("DAY") => (TimeInForce::Day, "DAY"),
        Some("GTC") => (TimeInForce::GoodTilCancelled, "GTC"),
        Some("OPG") => (TimeInForce::AtTheOpen, "OPG"),
        Some("IOC") => (TimeInForce::ImmediateOrCancel, "IOC"),
        Some("OVT" | "OND" | "PAX") => {
            return Err(declined("This time in force is not supported."));
        }
        Some(_) => return Err(bad("tif is not valid")),
    })
}
