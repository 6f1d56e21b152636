//! Orders: the working ones first, or all that are known.

use super::View;
use super::json::{Exact, Moment};
use super::table::Table;
use crate::domain::{
    AssetClass, Exits, Order, OrderKind, OrderSize, OrderState, Price, Quantity, TrailBy,
};
use crate::ui::format;
use serde::Serialize;

/// An order in JSON. Prices and notional are in `currency`, quantities in units of the instrument.
#[derive(Serialize)]
pub(super) struct Item<'v> {
    provider: Option<&'v str>,
    connection: &'v str,
    account: &'v str,
    client_order_id: &'v str,
    provider_id: Option<&'v str>,
    mode: &'static str,
    symbol: &'v str,
    class: &'v AssetClass,
    currency: Option<&'v str>,
    side: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    quantity: Option<Quantity>,
    notional: Option<Exact>,
    limit_price: Option<Price>,
    stop_price: Option<Price>,
    trail_price: Option<Price>,
    trail_percent: Option<Exact>,
    time_in_force: &'static str,
    extended_hours: bool,
    exits: Option<&'v Exits>,
    state: &'v str,
    state_reason: Option<&'v str>,
    filled: Quantity,
    average_price: Option<Price>,
    created_at: Moment,
    updated_at: Moment,
    replaces: Option<&'v str>,
    parent: Option<&'v str>,
    source: Option<&'v str>,
    age_ms: u64,
    stale: bool,
}

/// Newest first; ones whose fate is unknown before all others.
fn chosen<'v>(view: &View<'v>, all: bool) -> Vec<&'v Order> {
    let orders = view.replica.orders.values();
    let mut orders: Vec<&Order> = orders
        .filter(|order| all || !order.state.is_final())
        .collect();
    orders.sort_by_key(|order| {
        let unknown = matches!(order.state, OrderState::Unknown { .. });
        (!unknown, std::cmp::Reverse(order.created))
    });
    orders
}

pub(super) fn items<'v>(view: &View<'v>, all: bool) -> Vec<Item<'v>> {
    let orders = chosen(view, all).into_iter();
    orders.map(|order| item(view, order)).collect()
}

fn item<'v>(view: &View<'v>, order: &'v Order) -> Item<'v> {
    let draft = &order.draft;
    let account = view.replica.accounts.get(&draft.account);
    let (trail_price, trail_percent) = trail(&draft.kind);
    let (state, state_reason) = state(&order.state);
    Item {
        provider: view.provider_of(&draft.account),
        connection: draft.account.connection.as_str(),
        account: draft.account.number.as_str(),
        client_order_id: order.id.as_str(),
        provider_id: order.provider_id.as_ref().map(|it| it.as_str()),
        mode: match draft.mode {
            crate::domain::Mode::Paper => "paper",
            crate::domain::Mode::Live => "live",
        },
        symbol: draft.symbol.as_str(),
        class: &draft.class,
        currency: account.map(|it| it.currency.as_str()),
        side: draft.side.as_str(),
        kind: kind(&draft.kind),
        quantity: order.quantity(),
        notional: notional(order),
        limit_price: draft.kind.limit(),
        stop_price: draft.kind.stop(),
        trail_price,
        trail_percent,
        time_in_force: draft.time_in_force.as_str(),
        extended_hours: draft.extended_hours,
        exits: Some(&draft.exits).filter(|it| **it != Exits::None),
        state,
        state_reason,
        filled: order.filled,
        average_price: order.average_price,
        created_at: Moment(order.created),
        updated_at: Moment(order.updated),
        replaces: order.replaces.as_ref().map(|it| it.as_str()),
        parent: order.parent.as_ref().map(|it| it.as_str()),
        source: view.provider_of(&draft.account),
        age_ms: view.age_ms(order.updated),
        // An order does not age; what is old is a word from a connection that is not live.
        stale: view.is_stale(&draft.account, view.now),
    }
}

fn kind(kind: &OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit { .. } => "limit",
        OrderKind::Stop { .. } => "stop",
        OrderKind::StopLimit { .. } => "stop_limit",
        OrderKind::TrailingStop { .. } => "trailing_stop",
    }
}

fn trail(kind: &OrderKind) -> (Option<Price>, Option<Exact>) {
    match kind {
        OrderKind::TrailingStop {
            trail: TrailBy::Price(distance),
        } => (Some(*distance), None),
        OrderKind::TrailingStop {
            trail: TrailBy::Percent(percent),
        } => (None, Some(Exact(*percent))),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => (None, None),
    }
}

fn notional(order: &Order) -> Option<Exact> {
    match order.draft.size {
        OrderSize::Quantity(_) => None,
        OrderSize::Notional(amount) => Some(Exact(amount)),
    }
}

/// The state's word for scripts, and the reason where there is one.
fn state(state: &OrderState) -> (&str, Option<&str>) {
    match state {
        OrderState::Sending => ("sending", None),
        OrderState::Unknown { why, .. } => ("unknown", Some(why.as_str())),
        OrderState::Accepted => ("accepted", None),
        OrderState::Working => ("working", None),
        OrderState::CancelPending => ("cancel_pending", None),
        OrderState::ReplacePending => ("replace_pending", None),
        OrderState::Filled => ("filled", None),
        OrderState::Cancelled => ("cancelled", None),
        OrderState::Expired => ("expired", None),
        OrderState::Replaced => ("replaced", None),
        OrderState::Rejected { reason } => ("rejected", Some(reason.as_str())),
        OrderState::Asked { question, .. } => {
            let words = question.sentences().first();
            ("asked", words.map(|words| words.as_str()))
        }
        OrderState::Other { word } => ("other", Some(word.as_str())),
    }
}

pub(super) fn text(view: &View<'_>, all: bool) -> String {
    let mut table = Table::new(&[
        "MODE",
        "ACCOUNT",
        "SYMBOL",
        "SIDE",
        ">QUANTITY",
        "TYPE",
        "TIF",
        "STATE",
        ">FILLED",
        ">AVERAGE",
        ">AGE",
        "ID",
        "REASON",
    ]);
    for order in chosen(view, all) {
        let draft = &order.draft;
        let size = match draft.size {
            OrderSize::Quantity(quantity) => format::quantity(quantity),
            OrderSize::Notional(amount) => format!("for {}", format::decimal(amount, 2)),
        };
        table.row([
            draft.mode.word().to_owned(),
            format!("{} {}", draft.account.connection, draft.account.short()),
            draft.symbol.to_string(),
            draft.side.as_str().to_owned(),
            size,
            draft.kind.to_string(),
            draft.time_in_force.as_str().to_owned(),
            order.state.word().to_owned(),
            format::quantity(order.filled),
            format::or_unknown(order.average_price, format::price),
            format::age(view.now.since(order.created)),
            order.id.to_string(),
            state(&order.state).1.unwrap_or_default().to_owned(),
        ]);
    }
    table.finish(match all {
        true => "no orders",
        false => "no working orders; --all shows finished ones",
    })
}
