//! `/orders`: placing, listing, replacing, cancelling, previewing.

pub(super) mod id;
mod json;
mod preview;
mod request;

use super::answer::{Answer, ApiError, created, empty, ok};
use super::shared::News;
use super::site::Call;
use crate::domain::order::OrderChange;
use crate::domain::{ClientOrderId, Exits, OrderDraft, OrderKind, Side, Timestamp};
use crate::sim::world::{BookedOrder, NewOrder, Refusal, Standing};
use json::Orders;
pub(super) use preview::preview;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// Most orders of one listing.
const MOST_LISTED: usize = 3_000;
/// How far back orders of all accounts can be listed: sixty days, the day it is not counted.
const ALL_ACCOUNTS: Duration = Duration::from_secs(61 * 86_400);
/// Every status there is.
const STATUSES: [&str; 21] = [
    "AWAITING_PARENT_ORDER",
    "AWAITING_CONDITION",
    "AWAITING_STOP_CONDITION",
    "AWAITING_MANUAL_REVIEW",
    "ACCEPTED",
    "AWAITING_UR_OUT",
    "PENDING_ACTIVATION",
    "QUEUED",
    "WORKING",
    "REJECTED",
    "PENDING_CANCEL",
    "CANCELED",
    "PENDING_REPLACE",
    "REPLACED",
    "FILLED",
    "EXPIRED",
    "NEW",
    "AWAITING_RELEASE_TIME",
    "PENDING_ACKNOWLEDGEMENT",
    "PENDING_RECALL",
    "UNKNOWN",
];

/// What an order does to a position, in the provider's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    Buy,
    Sell,
    BuyToCover,
    SellShort,
}

impl Instruction {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "BUY" => Some(Self::Buy),
            "SELL" => Some(Self::Sell),
            "BUY_TO_COVER" => Some(Self::BuyToCover),
            "SELL_SHORT" | "SELL_SHORT_EXEMPT" => Some(Self::SellShort),
            _ => None,
        }
    }

    fn plain(side: Side, short: bool) -> Self {
        match (side, short) {
            (Side::Buy, _) => Self::Buy,
            (Side::Sell, false) => Self::Sell,
            (Side::Sell, true) => Self::SellShort,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::BuyToCover => "BUY_TO_COVER",
            Self::SellShort => "SELL_SHORT",
        }
    }

    fn side(self) -> Side {
        match self {
            Self::Buy | Self::BuyToCover => Side::Buy,
            Self::Sell | Self::SellShort => Side::Sell,
        }
    }

    fn closes(self) -> bool {
        matches!(self, Self::Sell | Self::BuyToCover)
    }

    /// Why an instruction does not fit what is held.
    fn misfit(self, held: Decimal, may_short: bool) -> Option<&'static str> {
        match self {
            Self::Sell if held <= Decimal::ZERO => Some(
                "You do not own enough of this security to sell. A short sale has to be placed as one.",
            ),
            Self::SellShort if !may_short => Some("This account may not sell short."),
            Self::SellShort if held > Decimal::ZERO => {
                Some("You own this security. Sell it before you sell it short.")
            }
            Self::BuyToCover if held >= Decimal::ZERO => {
                Some("There is no short position to cover.")
            }
            Self::Buy | Self::Sell | Self::BuyToCover | Self::SellShort => None,
        }
    }
}

/// An order that was taken down and refused at once; it has a number and no place in the books.
#[derive(Clone, Debug)]
pub(super) struct Rejected {
    pub(super) account: usize,
    pub(super) number: u64,
    pub(super) order: BookedOrder,
    pub(super) instruction: Instruction,
    pub(super) why: String,
}

/// What the provider keeps of orders beside the books.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Orders refused at once, oldest first.
    pub(super) rejected: Vec<Rejected>,
    /// The instructions of orders placed here.
    pub(super) instructions: HashMap<ClientOrderId, Instruction>,
}

/// `POST /accounts/{hash}/orders`.
pub(super) fn place(call: &mut Call<'_>, hash: &str) -> Answer {
    let account = call.account(hash)?;
    let customer = &call.world.customers[account];
    let request = request::parse(call.body)?;
    let (draft, instruction) = request.into_draft(customer, &call.world.market)?;
    let held = customer.held(&draft.symbol);
    let may_short = customer.profile.may_short();
    let number = match instruction.misfit(held, may_short) {
        Some(why) => reject(call, account, (draft, instruction), why.to_owned()),
        None => {
            let order = NewOrder {
                draft: draft.clone(),
                client_id: None,
            };
            match call.world.place(account, order, call.now) {
                Ok(id) => {
                    call.shared
                        .desk()
                        .instructions
                        .insert(id.clone(), instruction);
                    id::order_id(account, &call.world.customers[account], &id)
                }
                Err(refusal) => reject(call, account, (draft, instruction), refused(&refusal)),
            }
        }
    };
    created(location(call, hash, number))
}

fn location(call: &Call<'_>, hash: &str, number: u64) -> String {
    format!(
        "http://{}/trader/v1/accounts/{hash}/orders/{number}",
        call.host
    )
}

/// Keeps a refused order where it can be read; its number.
fn reject(
    call: &Call<'_>,
    account: usize,
    (draft, instruction): (OrderDraft, Instruction),
    why: String,
) -> u64 {
    let mut desk = call.shared.desk();
    let number = id::rejected_id(account, desk.rejected.len());
    let rejected = Rejected {
        account,
        number,
        order: never_booked(draft, call.now),
        instruction,
        why,
    };
    desk.rejected.push(rejected.clone());
    drop(desk);
    call.shared.tell(News::Rejected(Box::new(rejected)));
    number
}

fn never_booked(draft: OrderDraft, now: Timestamp) -> BookedOrder {
    BookedOrder {
        id: ClientOrderId::new("rejected"),
        client_id: String::new(),
        draft,
        standing: Standing::Rejected,
        filled: Decimal::ZERO,
        average: None,
        created: now,
        updated: now,
        ended: Some(now),
        replaces: None,
        replaced_by: None,
        trail: None,
        group: None,
        legs: Vec::new(),
    }
}

/// `GET /accounts/{hash}/orders`.
pub(super) fn list(call: &Call<'_>, hash: &str) -> Answer {
    let account = call.account(hash)?;
    listed(call, &[account])
}

/// `GET /orders`: of all accounts, of the last sixty days.
pub(super) fn list_all(call: &Call<'_>) -> Answer {
    let (from, _) = call.query.span("fromEnteredTime", "toEnteredTime")?;
    if from < call.now.minus(ALL_ACCOUNTS) {
        let words = "fromEnteredTime must be within the last 60 days";
        return Err(ApiError::parameter("fromEnteredTime", words));
    }
    listed(call, &call.person.accounts)
}

fn listed(call: &Call<'_>, accounts: &[usize]) -> Answer {
    let (from, to) = call.query.span("fromEnteredTime", "toEnteredTime")?;
    let most = call
        .query
        .parsed::<usize>("maxResults")?
        .unwrap_or(MOST_LISTED);
    let status = call.query.get("status");
    if let Some(word) = status.filter(|word| !STATUSES.contains(word)) {
        let words = format!("{word} is not a valid status");
        return Err(ApiError::parameter("status", words));
    }
    let desk = call.shared.desk();
    let mut rows: Vec<(Timestamp, Value)> = Vec::new();
    for account in accounts {
        let customer = &call.world.customers[*account];
        let orders = Orders::of(*account, customer, &call.world.market, &desk);
        let has = |order: &BookedOrder| {
            let inside = order
                .group
                .as_ref()
                .is_some_and(|group| group.parent.is_some());
            !inside
                && (from..=to).contains(&order.created)
                && status.is_none_or(|word| json::status(order) == word)
        };
        let booked = customer.orders.iter().filter(|order| has(order));
        rows.extend(booked.map(|order| (order.created, orders.shown(order))));
        let of = |rejected: &&Rejected| rejected.account == *account && has(&rejected.order);
        let rejected = desk.rejected.iter().filter(of);
        rows.extend(rejected.map(|order| (order.order.created, orders.rejected(order))));
    }
    rows.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    let newest = rows.into_iter().take(most.min(MOST_LISTED));
    ok(&Value::Array(newest.map(|(_, row)| row).collect()))
}

/// `GET /accounts/{hash}/orders/{id}`.
pub(super) fn get(call: &Call<'_>, hash: &str, id: &str) -> Answer {
    let account = call.account(hash)?;
    let number = number_of(id)?;
    let desk = call.shared.desk();
    let customer = &call.world.customers[account];
    let orders = Orders::of(account, customer, &call.world.market, &desk);
    if let Some(order) = id::find(account, customer, number) {
        return ok(&orders.shown(order));
    }
    let mut rejected = desk.rejected.iter();
    let found = rejected.find(|rejected| (rejected.account, rejected.number) == (account, number));
    ok(&orders.rejected(found.ok_or_else(missing)?))
}

/// `DELETE /accounts/{hash}/orders/{id}`.
pub(super) fn cancel(call: &mut Call<'_>, hash: &str, id: &str) -> Answer {
    let account = call.account(hash)?;
    let id = booked(call, account, id)?;
    call.world
        .cancel(account, &id, call.now)
        .map_err(|refusal| ApiError::invalid(refused(&refusal)))?;
    empty()
}

/// `PUT /accounts/{hash}/orders/{id}`: another order in the place of one that works.
pub(super) fn replace(call: &mut Call<'_>, hash: &str, id: &str) -> Answer {
    let account = call.account(hash)?;
    let old = booked(call, account, id)?;
    let customer = &call.world.customers[account];
    let request = request::parse(call.body)?;
    let (draft, instruction) = request.into_draft(customer, &call.world.market)?;
    let order = customer.order(&old).ok_or_else(missing)?;
    let change = change_of(&order.draft, &draft)?;
    let new = call
        .world
        .replace(account, &old, change, None, call.now)
        .map_err(|refusal| ApiError::invalid(refused(&refusal)))?;
    call.shared
        .desk()
        .instructions
        .insert(new.clone(), instruction);
    let number = id::order_id(account, &call.world.customers[account], &new);
    created(location(call, hash, number))
}

fn booked(call: &Call<'_>, account: usize, id: &str) -> Result<ClientOrderId, ApiError> {
    let number = number_of(id)?;
    let order = id::find(account, &call.world.customers[account], number);
    Ok(order.ok_or_else(missing)?.id.clone())
}

fn number_of(id: &str) -> Result<u64, ApiError> {
    id.parse()
        .map_err(|_| ApiError::invalid(format!("{id} is not a valid orderId")))
}

fn missing() -> ApiError {
    ApiError::not_found("Order not found")
}

/// In what a new order differs from the one whose place it takes.
fn change_of(old: &OrderDraft, new: &OrderDraft) -> Result<OrderChange, ApiError> {
    let same_kind = std::mem::discriminant(&old.kind) == std::mem::discriminant(&new.kind);
    if (&old.symbol, old.side) != (&new.symbol, new.side) || !same_kind || new.exits != Exits::None
    {
        let words = "An order is replaced by one of the same instrument, instruction and type";
        return Err(ApiError::invalid(words));
    }
    let trail = match new.kind {
        OrderKind::TrailingStop { trail } => Some(trail),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => None,
    };
    let quantity = match new.size {
        crate::domain::OrderSize::Quantity(quantity) => Some(quantity),
        crate::domain::OrderSize::Notional(_) => None,
    };
    Ok(OrderChange {
        quantity,
        limit: new.kind.limit(),
        stop: new.kind.stop(),
        trail,
        time_in_force: Some(new.time_in_force),
    })
}

/// Why the books refuse, in words for a person.
fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::BuyingPower { .. } => {
            "You do not have enough available cash/buying power for this order.".to_owned()
        }
        Refusal::Quantity { .. } => {
            "You do not have enough available shares/contracts for this order.".to_owned()
        }
        Refusal::WashTrade { .. } => {
            "This order may execute against another open order of yours.".to_owned()
        }
        Refusal::Short => "This security cannot be sold short.".to_owned(),
        Refusal::NoPrice => "There is no quote for this security.".to_owned(),
        Refusal::Misplaced(_) => "The exit prices do not fit the price of the order.".to_owned(),
        Refusal::NoSuchOrder => "Order not found".to_owned(),
        Refusal::NotCancelable => "Order cannot be canceled".to_owned(),
        Refusal::NotReplaceable(_) | Refusal::Notional => "Order cannot be replaced".to_owned(),
        Refusal::Unchanged => "The new order does not differ from the old one".to_owned(),
        Refusal::BadChange(_) | Refusal::ClientIdTaken => {
            "The order cannot be changed in this way".to_owned()
        }
    }
}
