//! `/v2/orders`: placing, listing, replacing, cancelling.

mod fields;
pub(super) mod json;
mod request;

use super::answer::{Answer, ApiError, find_asset, multi, nothing, ok, part};
use super::query::Query;
use super::site::Call;
use crate::domain::{ClientOrderId, Symbol, Timestamp};
use crate::sim::alpaca::answer::decimal;
use crate::sim::market::PriceSource;
use crate::sim::world::{BookedOrder, Refusal, Standing};
use request::{OrderRequest, ReplaceRequest};
use serde_json::Value;

/// Most orders of one listing.
const MOST_LISTED: usize = 500;

/// `POST /v2/orders`.
pub(super) fn place(call: &mut Call<'_>) -> Answer {
    if call.settings().suspend_trade {
        return Err(ApiError::forbidden(
            "new orders are rejected by user request",
        ));
    }
    let request: OrderRequest = request::parse(call.body)?;
    let order = request.into_order(call.customer(), &call.world.market)?;
    let id = call
        .world
        .place(call.index, order, call.now)
        .map_err(refused)?;
    ok(&call.shown(&id, true)?)
}

/// `GET /v2/orders`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let filter = Filter::read(call)?;
    let customer = call.customer();
    let mut orders: Vec<&BookedOrder> = customer
        .orders
        .iter()
        .filter(|order| filter.takes(order))
        .collect();
    orders.sort_by_key(|order| order.created);
    if !filter.oldest_first {
        orders.reverse();
    }
    let body: Vec<Value> = orders
        .into_iter()
        .take(filter.limit)
        .map(|order| json::order(customer, order, filter.nested))
        .collect();
    ok(&Value::Array(body))
}

/// `GET /v2/orders/{id}`.
pub(super) fn get(call: &Call<'_>, id: &str) -> Answer {
    let nested = call.query.flag("nested");
    ok(&call.shown(&ClientOrderId::new(id), nested)?)
}

/// `GET /v2/orders:by_client_order_id`.
pub(super) fn get_by_client_id(call: &Call<'_>) -> Answer {
    let client_id = call.query.get("client_order_id").unwrap_or_default();
    let customer = call.customer();
    let order = customer
        .order_by_client_id(client_id)
        .ok_or_else(|| ApiError::not_found(format!("order not found for {client_id}")))?;
    ok(&json::order(customer, order, true))
}

/// `PATCH /v2/orders/{id}`.
pub(super) fn replace(call: &mut Call<'_>, id: &str) -> Answer {
    let id = ClientOrderId::new(id);
    let order = call.customer().order(&id).ok_or_else(|| missing(&id))?;
    let listing = call.world.market.find(&order.draft.symbol);
    let grid = listing.is_some_and(|listing| {
        matches!(
            call.world.market.listings()[listing].price,
            PriceSource::Seeded(_)
        )
    });
    let request: ReplaceRequest = request::parse(call.body)?;
    let (change, client_id) = request.into_change(&order.draft.kind, grid)?;
    let new = call
        .world
        .replace(call.index, &id, change, client_id, call.now)
        .map_err(refused)?;
    ok(&call.shown(&new, true)?)
}

/// `DELETE /v2/orders/{id}`.
pub(super) fn cancel(call: &mut Call<'_>, id: &str) -> Answer {
    let id = ClientOrderId::new(id);
    call.world
        .cancel(call.index, &id, call.now)
        .map_err(|refusal| {
            if refusal == Refusal::NoSuchOrder {
                missing(&id)
            } else {
                refused(refusal)
            }
        })?;
    nothing()
}

/// `DELETE /v2/orders`.
pub(super) fn cancel_all(call: &mut Call<'_>) -> Answer {
    let ids: Vec<ClientOrderId> = call
        .customer()
        .open_orders()
        .filter(|order| {
            order
                .group
                .as_ref()
                .is_none_or(|group| group.parent.is_none())
        })
        .map(|order| order.id.clone())
        .collect();
    let parts = ids.iter().map(|id| {
        let status = match call.world.cancel(call.index, id, call.now) {
            Ok(()) => 200,
            Err(_) => 500,
        };
        serde_json::json!({"id": id.as_str(), "status": status})
    });
    multi(parts.collect())
}

/// `DELETE /v2/positions/{symbol}`: an order that closes some or all of it.
pub(super) fn close(call: &mut Call<'_>, name: &str) -> Answer {
    let symbol = find_asset(&call.world.market, name)
        .map(|listing| call.world.market.listings()[listing].symbol.clone())
        .ok_or_else(|| ApiError::not_found(format!("symbol not found: {name}")))?;
    let order = super::positions::closing_order(call, &symbol)?;
    let id = call
        .world
        .place(call.index, order, call.now)
        .map_err(refused)?;
    ok(&call.shown(&id, false)?)
}

/// `DELETE /v2/positions`.
pub(super) fn close_all(call: &mut Call<'_>) -> Answer {
    if call.query.flag("cancel_orders") {
        cancel_all(call)?;
    }
    let symbols: Vec<Symbol> = call.customer().holdings.keys().cloned().collect();
    let parts = symbols
        .iter()
        .map(|symbol| part("symbol", symbol.as_str(), &close(call, symbol.as_str())));
    let parts = parts.collect();
    multi(parts)
}

impl Call<'_> {
    fn shown(&self, id: &ClientOrderId, nested: bool) -> Result<Value, ApiError> {
        let customer = self.customer();
        let order = customer.order(id).ok_or_else(|| missing(id))?;
        Ok(json::order(customer, order, nested))
    }
}

fn missing(id: &ClientOrderId) -> ApiError {
    ApiError::not_found(format!("order not found for {id}"))
}

/// The provider's words for what the books refuse.
fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::ClientIdTaken => ApiError::invalid("client_order_id must be unique"),
        Refusal::BuyingPower { power, cost } => ApiError::forbidden("insufficient buying power")
            .with("buying_power", decimal(power.round_dp(2)))
            .with("cost_basis", decimal(cost.round_dp(2))),
        Refusal::Quantity {
            symbol,
            requested,
            available,
            existing,
            bound,
            orders,
        } => {
            let related: Vec<&str> = orders.iter().map(ClientOrderId::as_str).collect();
            let (requested, available) = (requested.normalize(), available.normalize());
            ApiError::forbidden(format!(
                "insufficient qty available for order (requested: {requested}, available: {available})"
            ))
            .with("symbol", symbol.as_str())
            .with("available", decimal(available))
            .with("existing_qty", decimal(existing))
            .with("held_for_orders", decimal(bound))
            .with("related_orders", related)
        }
        Refusal::WashTrade { order } => {
            ApiError::forbidden("potential wash trade detected. use complex orders")
                .with("existing_order_id", order.as_str())
                .with("reject_reason", "opposite side market/stop order exists")
        }
        Refusal::Short => ApiError::forbidden("fractional orders cannot be sold short"),
        Refusal::NoPrice => ApiError::unprocessable("no price available for the asset"),
        Refusal::Misplaced(why) => ApiError::unprocessable(why),
        Refusal::NoSuchOrder => ApiError::not_found("order not found"),
        Refusal::NotCancelable => ApiError::unprocessable("order is not cancelable"),
        Refusal::NotReplaceable(standing) => not_replaceable(standing),
        Refusal::Notional => ApiError::unprocessable("notional orders cannot be replaced"),
        Refusal::Unchanged => ApiError::unprocessable("order parameters are not changed"),
        Refusal::BadChange(why) => ApiError::invalid(why),
    }
}

fn not_replaceable(standing: Standing) -> ApiError {
    let word = match standing {
        Standing::Accepted => "accepted",
        Standing::Held => "held",
        Standing::Working => "new",
        Standing::CancelPending => "pending_cancel",
        Standing::ReplacePending => "pending_replace",
        Standing::Filled => "filled",
        Standing::Cancelled => "canceled",
        Standing::Expired => "expired",
        Standing::Replaced => "replaced",
        Standing::Rejected => "rejected",
    };
    ApiError::unprocessable(format!("cannot replace order in {word} status"))
}

/// What a listing of orders asks for.
struct Filter {
    status: &'static str,
    limit: usize,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
    oldest_first: bool,
    nested: bool,
    symbols: Vec<Symbol>,
    side: Option<&'static str>,
}

impl Filter {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let query: &Query = call.query;
        let of_order = |name: &str| -> Result<Option<Timestamp>, ApiError> {
            let Some(id) = query.get(name) else {
                return Ok(None);
            };
            let id = ClientOrderId::new(id);
            let order = call.customer().order(&id).ok_or_else(|| missing(&id))?;
            Ok(Some(order.created))
        };
        let status = query.word("status", &["open", "closed", "all"])?;
        let direction = query.word("direction", &["asc", "desc"])?;
        Ok(Self {
            status: status.unwrap_or("open"),
            limit: query.limit("limit", 50, MOST_LISTED)?,
            after: query.moment("after")?.or(of_order("after_order_id")?),
            until: query.moment("until")?.or(of_order("before_order_id")?),
            oldest_first: direction == Some("asc"),
            nested: query.flag("nested"),
            symbols: query.list("symbols").into_iter().map(Symbol::new).collect(),
            side: query.word("side", &["buy", "sell"])?,
        })
    }

    fn takes(&self, order: &BookedOrder) -> bool {
        let of_status = match self.status {
            "open" => order.standing.is_open(),
            "closed" => !order.standing.is_open(),
            _ => true,
        };
        let is_leg = order
            .group
            .as_ref()
            .is_some_and(|group| group.parent.is_some());
        of_status
            && !(self.nested && is_leg)
            && self.after.is_none_or(|after| order.created > after)
            && self.until.is_none_or(|until| order.created < until)
            && (self.symbols.is_empty() || self.symbols.contains(&order.draft.symbol))
            && self
                .side
                .is_none_or(|side| order.draft.side.as_str() == side)
    }
}
