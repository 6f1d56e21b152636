//! `/accounts/{number}/orders`: previewing, placing, listing, replacing, cancelling.

mod json;
mod list;
mod preview;
mod request;

pub(super) use json::{action_of_fill, order as order_json};
pub(super) use list::{list, live};

use super::answer::{Answer, ApiError, created, ok};
use super::site::Call;
use crate::domain::order::OrderChange;
use crate::domain::{ClientOrderId, OrderDraft, Side};
use crate::sim::world::{BookedOrder, Customer, NewOrder, Refusal};
use http::StatusCode;
use request::OrderRequest;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Numbers of one account's orders begin at a multiple of this.
const ORDERS_OF_AN_ACCOUNT: usize = 1_000_000;

/// What the customer said of an order that the world's books have no place for.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    /// `Buy to Open` and the like.
    pub(super) action: &'static str,
    /// The time in force, where the books know only a wider one.
    pub(super) time_in_force: Option<&'static str>,
    pub(super) gtc_date: Option<String>,
    pub(super) source: Option<String>,
    pub(super) external: Option<String>,
}

/// Notes on orders.
#[derive(Debug, Default)]
pub(super) struct Notes(HashMap<ClientOrderId, Note>);

impl Notes {
    pub(super) fn get(&self, id: &ClientOrderId) -> Option<&Note> {
        self.0.get(id)
    }

    pub(super) fn action(&self, id: &ClientOrderId) -> Option<&'static str> {
        self.get(id).map(|note| note.action)
    }
}

/// The provider's number of an order.
pub(super) fn order_number(
    account: usize,
    customer: &Customer,
    id: &ClientOrderId,
) -> Option<usize> {
    let place = customer.place_of(id)?;
    Some((account + 1) * ORDERS_OF_AN_ACCOUNT + place + 1)
}

impl Call<'_> {
    fn order(&self, number: &str) -> Result<&BookedOrder, ApiError> {
        let first = (self.account + 1) * ORDERS_OF_AN_ACCOUNT + 1;
        let place = number.parse::<usize>().ok();
        let place = place.and_then(|number| number.checked_sub(first));
        let order = place.and_then(|place| self.customer().orders.get(place));
        order.ok_or_else(ApiError::not_found)
    }

    fn shown(&self, id: &ClientOrderId) -> Result<serde_json::Value, ApiError> {
        let order = self.customer().order(id).ok_or_else(ApiError::not_found)?;
        Ok(order_json(self.world, self.notes, self.account, order))
    }
}

/// `POST /accounts/{number}/orders/dry-run`.
pub(super) fn dry_run(call: &mut Call<'_>) -> Answer {
    let (draft, note) = OrderRequest::parse(call.body)?.into_order(call)?;
    checked(call, &draft)?;
    let shown = json::draft(call.customer(), &draft, &note);
    created(preview::of(call, &draft, shown))
}

/// `POST /accounts/{number}/orders`.
pub(super) fn place(call: &mut Call<'_>) -> Answer {
    let (draft, note) = OrderRequest::parse(call.body)?.into_order(call)?;
    let mut answer = preview::of(call, &draft, serde_json::Value::Null);
    let order = NewOrder {
        draft,
        client_id: None,
    };
    let placed = call.world.place(call.account, order, call.now);
    let id = placed.map_err(refused)?;
    call.notes.0.insert(id.clone(), note);
    answer["order"] = call.shown(&id)?;
    created(answer)
}

/// What placing would be refused for, without placing.
fn checked(call: &Call<'_>, draft: &OrderDraft) -> Result<(), ApiError> {
    let checked = call.world.would_take(call.account, draft);
    checked.map_err(refused)
}

/// `GET /accounts/{number}/orders/{id}`.
pub(super) fn get(call: &Call<'_>, number: &str) -> Answer {
    let order = call.order(number)?;
    ok(order_json(call.world, call.notes, call.account, order))
}

/// `DELETE /accounts/{number}/orders/{id}`.
pub(super) fn cancel(call: &mut Call<'_>, number: &str) -> Answer {
    let id = call.order(number)?.id.clone();
    let cancelled = call.world.cancel(call.account, &id, call.now);
    cancelled.map_err(refused)?;
    ok(call.shown(&id)?)
}

/// `PUT` and `PATCH /accounts/{number}/orders/{id}`: either way another order takes its place.
pub(super) fn replace(call: &mut Call<'_>, number: &str) -> Answer {
    let (old, change, note) = wanted_change(call, number)?;
    let replaced = call
        .world
        .replace(call.account, &old, change, None, call.now);
    let id = replaced.map_err(refused)?;
    call.notes.0.insert(id.clone(), note);
    ok(call.shown(&id)?)
}

/// `POST /accounts/{number}/orders/{id}/dry-run`.
pub(super) fn replace_dry_run(call: &mut Call<'_>, number: &str) -> Answer {
    let (old, change, note) = wanted_change(call, number)?;
    let order = call
        .customer()
        .order(&old)
        .ok_or_else(ApiError::not_found)?;
    let mut draft = order.draft.clone();
    draft.kind = request::changed(draft.kind, &change);
    draft.time_in_force = change.time_in_force.unwrap_or(draft.time_in_force);
    let shown = json::draft(call.customer(), &draft, &note);
    created(preview::of(call, &draft, shown))
}

fn wanted_change(
    call: &Call<'_>,
    number: &str,
) -> Result<(ClientOrderId, OrderChange, Note), ApiError> {
    let order = call.order(number)?;
    let (change, time_in_force) = OrderRequest::parse(call.body)?.into_change(order)?;
    let mut note = call.notes.get(&order.id).cloned().unwrap_or_else(|| Note {
        action: json::action(call.customer(), call.notes, order),
        ..Note::default()
    });
    note.time_in_force = time_in_force.or(note.time_in_force);
    Ok((order.id.clone(), change, note))
}

/// The action that an order comes to: without the strict check, closing what is not held opens, and
/// opening against what is held closes.
fn effective(side: Side, held: Decimal) -> &'static str {
    match side {
        Side::Buy if held < Decimal::ZERO => "Buy to Close",
        Side::Buy => "Buy to Open",
        Side::Sell if held > Decimal::ZERO => "Sell to Close",
        Side::Sell => "Sell to Open",
    }
}

/// The provider's words for what the books refuse.
fn refused(refusal: Refusal) -> ApiError {
    let preflight = |code: &str, words: &str| ApiError::preflight(code, words);
    let no_update =
        |why: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot_update_order", why);
    match refusal {
        Refusal::BuyingPower { power, cost } => preflight(
            "margin_check_failed",
            &format!("The buying power of {power:.2} is less than the {cost:.2} that is needed."),
        ),
        Refusal::Quantity { symbol, .. } => preflight(
            "closing_quantity_exceeds_position",
            &format!("The order would close more of {symbol} than is free to be closed."),
        ),
        Refusal::WashTrade { .. } => preflight(
            "opposing_order_working",
            "The order could deal with another working order of the account.",
        ),
        Refusal::Short => preflight(
            "short_sale_not_allowed",
            "The account cannot sell fractions short.",
        ),
        Refusal::NoPrice => preflight("no_price", "There is no price for the symbol."),
        Refusal::Misplaced(why) => preflight("invalid_price", why),
        Refusal::NoSuchOrder => ApiError::not_found(),
        Refusal::NotCancelable => ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cannot_cancel_order",
            "The order cannot be cancelled any more.",
        ),
        Refusal::NotReplaceable(_) => no_update("The order cannot be updated as it stands."),
        Refusal::Notional => no_update("Notional orders cannot be updated."),
        Refusal::Unchanged => no_update("The update changes nothing."),
        Refusal::BadChange(why) => no_update(why),
        Refusal::ClientIdTaken => preflight("duplicate_order", "The order exists already."),
    }
}
