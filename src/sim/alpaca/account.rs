//! `/v2/account` and `/v2/account/configurations`.

use super::answer::{Answer, ApiError, decimal, money, ok};
use super::site::Call;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a customer has set of its account.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Settings {
    pub(super) disable_overnight_trading: bool,
    pub(super) fractional_trading: bool,
    pub(super) max_margin_multiplier: String,
    pub(super) max_options_trading_level: u8,
    pub(super) no_shorting: bool,
    pub(super) ptp_no_exception_entry: bool,
    pub(super) suspend_trade: bool,
    pub(super) trade_confirm_email: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            disable_overnight_trading: false,
            fractional_trading: true,
            max_margin_multiplier: "4".to_owned(),
            max_options_trading_level: 0,
            no_shorting: false,
            ptp_no_exception_entry: false,
            suspend_trade: false,
            trade_confirm_email: "all".to_owned(),
        }
    }
}

/// The body of `PATCH /v2/account/configurations`; what is left out stays.
#[derive(Debug, Deserialize)]
struct SettingsChange {
    disable_overnight_trading: Option<bool>,
    fractional_trading: Option<bool>,
    max_margin_multiplier: Option<String>,
    max_options_trading_level: Option<u8>,
    no_shorting: Option<bool>,
    ptp_no_exception_entry: Option<bool>,
    suspend_trade: Option<bool>,
    trade_confirm_email: Option<String>,
}

/// `GET /v2/account`.
pub(super) fn get(call: &Call<'_>) -> Answer {
    let customer = call.customer();
    let market = &call.world.market;
    let figures = customer.figures(market);
    let today = market.calendar().latest_open(call.now);
    let yesterday = market.calendar().previous(today.date);
    let last_equity = customer.equity_at(market, yesterday.close);
    let settings = call.settings();
    let position_value = figures.long_value - figures.short_value;
    ok(&json!({
        "id": customer.id.to_string(),
        "account_number": customer.number,
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "crypto_tier": 1,
        "currency": "USD",
        "cash": money(customer.cash),
        "equity": money(figures.equity),
        "portfolio_value": money(figures.equity),
        "last_equity": decimal(last_equity),
        "buying_power": money(figures.buying_power),
        "regt_buying_power": money(figures.buying_power),
        "effective_buying_power": money(figures.buying_power),
        "non_marginable_buying_power": money(figures.cash_power),
        "options_buying_power": money(figures.cash_power),
        "options_approved_level": 0,
        "options_trading_level": 0,
        "long_market_value": money(figures.long_value),
        "short_market_value": money(figures.short_value),
        "position_market_value": money(position_value),
        "initial_margin": money(figures.initial_margin),
        "maintenance_margin": money(figures.maintenance_margin),
        "last_maintenance_margin": money(figures.maintenance_margin),
        "sma": money(figures.equity - figures.initial_margin),
        "multiplier": customer.profile.multiplier.to_string(),
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "pending_transfer_out": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "balance_asof": yesterday.date.to_string(),
        "created_at": customer.created.to_string(),
        "trading_blocked": false,
        "transfers_blocked": false,
        "account_blocked": false,
        "trade_suspended_by_user": settings.suspend_trade,
        "shorting_enabled": customer.profile.may_short() && !settings.no_shorting,
        "admin_configurations": {},
        "user_configurations": null,
    }))
}

/// `GET /v2/account/configurations`.
pub(super) fn settings(call: &Call<'_>) -> Answer {
    ok(&json!(call.settings()))
}

/// `PATCH /v2/account/configurations`.
pub(super) fn change_settings(call: &mut Call<'_>) -> Answer {
    let change: SettingsChange = serde_json::from_slice(call.body)
        .map_err(|_| ApiError::invalid("request body format is invalid"))?;
    let multiplier = change.max_margin_multiplier.as_deref();
    if multiplier.is_some_and(|text| !matches!(text, "1" | "2" | "4")) {
        return Err(ApiError::invalid("max_margin_multiplier must be 1, 2 or 4"));
    }
    if change
        .max_options_trading_level
        .is_some_and(|level| level > 3)
    {
        return Err(ApiError::invalid(
            "max_options_trading_level must be 0 to 3",
        ));
    }
    let email = change.trade_confirm_email.as_deref();
    if email.is_some_and(|word| !matches!(word, "all" | "none")) {
        return Err(ApiError::invalid("trade_confirm_email must be all or none"));
    }
    let settings = &mut call.settings[call.index];
    take(
        &mut settings.disable_overnight_trading,
        change.disable_overnight_trading,
    );
    take(&mut settings.fractional_trading, change.fractional_trading);
    take(
        &mut settings.max_margin_multiplier,
        change.max_margin_multiplier,
    );
    take(
        &mut settings.max_options_trading_level,
        change.max_options_trading_level,
    );
    take(&mut settings.no_shorting, change.no_shorting);
    take(
        &mut settings.ptp_no_exception_entry,
        change.ptp_no_exception_entry,
    );
    take(&mut settings.suspend_trade, change.suspend_trade);
    take(
        &mut settings.trade_confirm_email,
        change.trade_confirm_email,
    );
    self::settings(call)
}

fn take<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

/// A number as the data parts of the API write it: digits without quotes.
pub(super) fn number(amount: Decimal) -> String {
    amount.normalize().to_string()
}
