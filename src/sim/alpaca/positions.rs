//! `/v2/positions`.

use super::answer::{Answer, ApiError, asset_id, decimal, find_asset, fraction, money, ok};
use super::site::Call;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize, Quantity,
    Side, Symbol, TimeInForce,
};
use crate::sim::world::{Holding, NewOrder};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// `GET /v2/positions`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let holdings = call.customer().holdings.iter();
    let body: Vec<Value> = holdings
        .map(|(symbol, holding)| position(call, symbol, holding))
        .collect();
    ok(&Value::Array(body))
}

/// `GET /v2/positions/{symbol_or_asset_id}`.
pub(super) fn get(call: &Call<'_>, name: &str) -> Answer {
    let symbol = held_symbol(call, name)?;
    ok(&position(call, &symbol, &call.customer().holdings[&symbol]))
}

fn held_symbol(call: &Call<'_>, name: &str) -> Result<Symbol, ApiError> {
    let listing = find_asset(&call.world.market, name)
        .ok_or_else(|| ApiError::not_found(format!("symbol not found: {name}")))?;
    let symbol = call.world.market.listings()[listing].symbol.clone();
    match call.customer().holdings.contains_key(&symbol) {
        true => Ok(symbol),
        false => Err(ApiError::not_found("position does not exist")),
    }
}

fn position(call: &Call<'_>, symbol: &Symbol, holding: &Holding) -> Value {
    let market = &call.world.market;
    let listing = market.find(symbol);
    let units = holding.quantity;
    let price = listing
        .and_then(|listing| market.mark(listing))
        .unwrap_or(holding.average);
    let last_day = listing
        .and_then(|listing| market.previous_close(listing, call.now))
        .unwrap_or(price);
    let (value, cost) = (units * price.0, units * holding.average.0);
    let today = units * (price.0 - last_day.0);
    let bound = call.customer().bound(symbol);
    let available = match units.is_sign_negative() {
        true => units + bound,
        false => units - bound,
    };
    json!({
        "asset_id": asset_id(symbol).to_string(),
        "symbol": symbol.as_str(),
        "exchange": listing.map_or("", |listing| market.listings()[listing].exchange),
        "asset_class": "us_equity",
        "asset_marginable": true,
        "qty": decimal(units),
        "qty_available": decimal(available),
        "avg_entry_price": decimal(holding.average.0.round_dp(9)),
        "side": if units.is_sign_negative() { "short" } else { "long" },
        "market_value": money(value),
        "cost_basis": money(cost),
        "unrealized_pl": money(value - cost),
        "unrealized_plpc": fraction(value - cost, cost),
        "unrealized_intraday_pl": money(today),
        "unrealized_intraday_plpc": fraction(today, units * last_day.0),
        "current_price": decimal(price.0),
        "lastday_price": decimal(last_day.0),
        "change_today": fraction(price.0 - last_day.0, last_day.0),
    })
}

/// The market order that closes a position, or as much of it as `qty` or `percentage` says.
pub(super) fn closing_order(call: &Call<'_>, symbol: &Symbol) -> Result<NewOrder, ApiError> {
    let symbol = held_symbol(call, symbol.as_str())?;
    let customer = call.customer();
    let held = customer.held(&symbol);
    let units = match (
        call.query.parsed::<Decimal>("qty")?,
        call.query.parsed::<Decimal>("percentage")?,
    ) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(
                "only one of qty or percentage is accepted",
            ));
        }
        (Some(units), None) => units,
        (None, Some(percent)) => (held.abs() * percent / Decimal::ONE_HUNDRED)
            .round_dp_with_strategy(9, RoundingStrategy::ToZero),
        (None, None) => held.abs(),
    };
    if units <= Decimal::ZERO {
        return Err(ApiError::invalid("qty must be > 0"));
    }
    Ok(NewOrder {
        client_id: None,
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
            side: if held.is_sign_negative() {
                Side::Buy
            } else {
                Side::Sell
            },
            size: OrderSize::Quantity(Quantity(units)),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        },
    })
}
