//! `/accounts`: numbers with the hashes that stand for them, balances, positions.

use super::answer::{Answer, ApiError, money, number, ok};
use super::positions;
use super::site::Call;
use crate::sim::world::{Customer, Figures};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// `GET /accounts/accountNumbers`.
pub(super) fn numbers(call: &Call<'_>) -> Answer {
    let rows = call.customers().map(|(_, customer)| {
        json!({"accountNumber": customer.number, "hashValue": call.person.hash_of(customer)})
    });
    ok(&Value::Array(rows.collect()))
}

/// `GET /accounts`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let detailed = wants_positions(call)?;
    let rows = call
        .customers()
        .map(|(index, _)| shown(call, index, detailed));
    ok(&Value::Array(rows.collect()))
}

/// `GET /accounts/{hash}`.
pub(super) fn get(call: &Call<'_>, hash: &str) -> Answer {
    let detailed = wants_positions(call)?;
    ok(&shown(call, call.account(hash)?, detailed))
}

fn wants_positions(call: &Call<'_>) -> Result<bool, ApiError> {
    match call.query.get("fields") {
        None => Ok(false),
        Some("positions") => Ok(true),
        Some(_) => Err(ApiError::parameter("fields", "Invalid value for fields")),
    }
}

fn shown(call: &Call<'_>, index: usize, detailed: bool) -> Value {
    let customer = &call.world.customers[index];
    let market = &call.world.market;
    let figures = customer.figures(market);
    let today = market.calendar().latest_open(call.now);
    let yesterday = market.calendar().previous(today.date);
    let opening = customer.equity_at(market, yesterday.close);
    let borrows = customer.profile.may_short();
    let mut account = json!({
        "type": if borrows { "MARGIN" } else { "CASH" },
        "accountNumber": customer.number,
        "roundTrips": 0,
        "isDayTrader": false,
        "isClosingOnlyRestricted": false,
        "pfcbFlag": false,
        "initialBalances": match borrows {
            true => initial_margin(customer, &figures, opening),
            false => initial_cash(customer, &figures, opening),
        },
        "currentBalances": match borrows {
            true => current_margin(customer, &figures),
            false => current_cash(customer, &figures),
        },
        "projectedBalances": match borrows {
            true => projected_margin(&figures),
            false => projected_cash(&figures),
        },
    });
    let positions = if detailed {
        positions::list(call, index)
    } else {
        Vec::new()
    };
    if !positions.is_empty() {
        account["positions"] = positions.into();
    }
    json!({
        "securitiesAccount": account,
        "aggregatedBalance": {
            "currentLiquidationValue": money(figures.equity),
            "liquidationValue": money(figures.equity),
        },
    })
}

/// What both kinds of account say of the present.
fn current(customer: &Customer, figures: &Figures) -> Value {
    json!({
        "accruedInterest": 0.0,
        "cashBalance": money(customer.cash.max(Decimal::ZERO)),
        "cashReceipts": 0.0,
        "longOptionMarketValue": 0.0,
        "liquidationValue": money(figures.equity),
        "longMarketValue": money(figures.long_value),
        "moneyMarketFund": 0.0,
        "savings": 0.0,
        "shortMarketValue": money(figures.short_value),
        "pendingDeposits": 0.0,
        "mutualFundValue": 0.0,
        "bondValue": 0.0,
        "shortOptionMarketValue": 0.0,
    })
}

/// The fields of `more` beside those of `body`.
fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// How much of the positions is the owner's own, in percent.
fn equity_percentage(figures: &Figures) -> Value {
    let exposure = figures.long_value - figures.short_value;
    let share = figures.equity.checked_div(exposure).unwrap_or(Decimal::ONE);
    number(
        (share * Decimal::ONE_HUNDRED)
            .min(Decimal::ONE_HUNDRED)
            .round_dp(2),
    )
}

fn excess(figures: &Figures) -> Decimal {
    (figures.equity - figures.initial_margin).max(Decimal::ZERO)
}

fn current_margin(customer: &Customer, figures: &Figures) -> Value {
    let more = json!({
        "availableFunds": money(excess(figures)),
        "availableFundsNonMarginableTrade": money(figures.cash_power),
        "buyingPower": money(figures.buying_power),
        "buyingPowerNonMarginableTrade": money(figures.cash_power),
        "dayTradingBuyingPower": money(figures.buying_power),
        "equity": money(figures.equity),
        "equityPercentage": equity_percentage(figures),
        "longMarginValue": money(figures.long_value),
        "maintenanceCall": 0.0,
        "maintenanceRequirement": money(figures.maintenance_margin),
        "marginBalance": money(customer.cash.min(Decimal::ZERO)),
        "regTCall": 0.0,
        "shortBalance": 0.0,
        "shortMarginValue": money(figures.short_value),
        "sma": money(excess(figures)),
    });
    with(current(customer, figures), more)
}

fn current_cash(customer: &Customer, figures: &Figures) -> Value {
    let more = json!({
        "cashAvailableForTrading": money(figures.cash_power),
        "cashAvailableForWithdrawal": money(figures.cash_power),
        "cashCall": 0.0,
        "longNonMarginableMarketValue": money(figures.long_value),
        "totalCash": money(customer.cash),
        "cashDebitCallValue": 0.0,
        "unsettledCash": 0.0,
    });
    with(current(customer, figures), more)
}

/// What both kinds of account say of the morning.
fn initial(customer: &Customer, figures: &Figures, opening: Decimal) -> Value {
    json!({
        "accruedInterest": 0.0,
        "bondValue": 0.0,
        "cashBalance": money(customer.cash),
        "cashAvailableForTrading": money(figures.cash_power),
        "cashReceipts": 0.0,
        "liquidationValue": money(opening),
        "longOptionMarketValue": 0.0,
        "longStockValue": money(figures.long_value),
        "moneyMarketFund": 0.0,
        "mutualFundValue": 0.0,
        "shortOptionMarketValue": 0.0,
        "shortStockValue": money(figures.short_value),
        "isInCall": false,
        "pendingDeposits": 0.0,
        "accountValue": money(opening),
    })
}

fn initial_margin(customer: &Customer, figures: &Figures, opening: Decimal) -> Value {
    let more = json!({
        "availableFundsNonMarginableTrade": money(figures.cash_power),
        "buyingPower": money(figures.buying_power),
        "dayTradingBuyingPower": money(figures.buying_power),
        "dayTradingBuyingPowerCall": 0.0,
        "dayTradingEquityCall": 0.0,
        "equity": money(opening),
        "equityPercentage": equity_percentage(figures),
        "longMarginValue": money(figures.long_value),
        "maintenanceCall": 0.0,
        "maintenanceRequirement": money(figures.maintenance_margin),
        "margin": money(customer.cash),
        "marginEquity": money(opening),
        "regTCall": 0.0,
        "shortMarginValue": money(figures.short_value),
        "totalCash": money(customer.cash.max(Decimal::ZERO)),
        "marginBalance": money(customer.cash.min(Decimal::ZERO)),
        "shortBalance": 0.0,
    });
    with(initial(customer, figures, opening), more)
}

fn initial_cash(customer: &Customer, figures: &Figures, opening: Decimal) -> Value {
    let more = json!({
        "cashAvailableForWithdrawal": money(figures.cash_power),
        "unsettledCash": 0.0,
        "cashDebitCallValue": 0.0,
    });
    with(initial(customer, figures, opening), more)
}

fn projected_margin(figures: &Figures) -> Value {
    json!({
        "availableFunds": money(excess(figures)),
        "availableFundsNonMarginableTrade": money(figures.cash_power),
        "buyingPower": money(figures.buying_power),
        "dayTradingBuyingPower": money(figures.buying_power),
        "dayTradingBuyingPowerCall": 0.0,
        "maintenanceCall": 0.0,
        "regTCall": 0.0,
        "isInCall": false,
        "stockBuyingPower": money(figures.buying_power),
    })
}

fn projected_cash(figures: &Figures) -> Value {
    json!({
        "cashAvailableForTrading": money(figures.cash_power),
        "cashAvailableForWithdrawal": money(figures.cash_power),
    })
}
