//! Their JSON, as documented, nothing else. Unknown fields are skipped, every known one may be missing.
//!
//! Money comes as decimal text without a sign and says its direction in a neighbour, `…-effect`; quantities come as
//! numbers or as text. Every field is kept as it was written until [`Field`] is asked for what it holds.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) use crate::providers::provider::fields::{Field, Unreadable};

/// `{"data":{…},"context":"…","pagination":{…}}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Envelope<'a> {
    pub(super) data: Field<'a>,
    pub(super) pagination: Option<Pagination<'a>>,
}

/// Where a page is among all; its links are null.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Pagination<'a> {
    pub(super) page_offset: Field<'a>,
    pub(super) total_pages: Field<'a>,
}

/// `{"items":[…]}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Items<'a> {
    #[serde(borrow)]
    pub(super) items: Option<Vec<&'a RawValue>>,
}

/// `{"error":{"code":"…","message":"…","errors":[…]}}`; OAuth's has a text in the place of the object.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Refusal<'a> {
    pub(super) error: Field<'a>,
}

/// The inner part of a refusal. The code is a number when the version is not known.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Reason<'a> {
    pub(super) code: Field<'a>,
    pub(super) message: Field<'a>,
    #[serde(borrow)]
    pub(super) errors: Option<Vec<&'a RawValue>>,
}

/// One of a refusal's reasons: of a preflight check, or of a parameter.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Detail<'a> {
    pub(super) code: Field<'a>,
    pub(super) message: Field<'a>,
    pub(super) domain: Field<'a>,
    pub(super) reason: Field<'a>,
}

/// A row of `GET /customers/me/accounts`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct AccountRow<'a> {
    #[serde(borrow)]
    pub(super) account: Option<Account<'a>>,
    pub(super) authority_level: Field<'a>,
}

/// An account
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Account<'a> {
    pub(super) account_number: Field<'a>,
    pub(super) account_type_name: Field<'a>,
    pub(super) nickname: Field<'a>,
    pub(super) margin_or_cash: Field<'a>,
    pub(super) is_closed: Field<'a>,
}

/// `GET /accounts/…/trading-status`, what matters of it
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct TradingStatus<'a> {
    pub(super) is_closed: Field<'a>,
    pub(super) is_frozen: Field<'a>,
    pub(super) is_closing_only: Field<'a>,
    pub(super) is_in_margin_call: Field<'a>,
    pub(super) is_risk_reducing_only: Field<'a>,
}

/// `GET /accounts/…/balances`, and a frame of the account stream
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Balance<'a> {
    pub(super) account_number: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) cash_balance: Field<'a>,
    pub(super) cash_balance_effect: Field<'a>,
    pub(super) net_liquidating_value: Field<'a>,
    pub(super) equity_buying_power: Field<'a>,
    pub(super) derivative_buying_power: Field<'a>,
}

/// A row of `GET /accounts/…/positions`, and a frame of the account stream
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Position<'a> {
    pub(super) account_number: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) instrument_type: Field<'a>,
    pub(super) streamer_symbol: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) quantity_direction: Field<'a>,
    pub(super) restricted_quantity: Field<'a>,
    pub(super) average_open_price: Field<'a>,
    pub(super) close_price: Field<'a>,
    pub(super) mark: Field<'a>,
    pub(super) mark_price: Field<'a>,
    pub(super) multiplier: Field<'a>,
}

/// A row of `GET /accounts/…/net-liq/history`; camel case, unlike the rest
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct NetLiq<'a> {
    pub(super) time: Field<'a>,
    pub(super) close: Field<'a>,
    pub(super) total_close: Field<'a>,
    #[serde(rename = "total-close")]
    pub(super) total_close_dashed: Field<'a>,
}

/// A row of `GET /accounts/…/transactions`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Transaction<'a> {
    pub(super) id: Field<'a>,
    pub(super) transaction_type: Field<'a>,
    pub(super) transaction_sub_type: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) instrument_type: Field<'a>,
    pub(super) action: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) executed_at: Field<'a>,
    pub(super) transaction_date: Field<'a>,
    pub(super) value: Field<'a>,
    pub(super) value_effect: Field<'a>,
    pub(super) net_value: Field<'a>,
    pub(super) net_value_effect: Field<'a>,
    pub(super) commission: Field<'a>,
    pub(super) commission_effect: Field<'a>,
    pub(super) clearing_fees: Field<'a>,
    pub(super) clearing_fees_effect: Field<'a>,
    pub(super) regulatory_fees: Field<'a>,
    pub(super) regulatory_fees_effect: Field<'a>,
    pub(super) proprietary_index_option_fees: Field<'a>,
    pub(super) proprietary_index_option_fees_effect: Field<'a>,
    pub(super) currency_conversion_fees: Field<'a>,
    pub(super) currency_conversion_fees_effect: Field<'a>,
    pub(super) other_charge: Field<'a>,
    pub(super) other_charge_effect: Field<'a>,
    pub(super) order_id: Field<'a>,
    pub(super) ext_exec_id: Field<'a>,
    pub(super) reverses_id: Field<'a>,
    pub(super) currency: Field<'a>,
}

/// An order in an answer or a frame
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Order<'a> {
    pub(super) id: Field<'a>,
    pub(super) account_number: Field<'a>,
    pub(super) external_identifier: Field<'a>,
    pub(super) order_type: Field<'a>,
    pub(super) time_in_force: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) price_effect: Field<'a>,
    pub(super) stop_trigger: Field<'a>,
    pub(super) value: Field<'a>,
    pub(super) size: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) reject_reason: Field<'a>,
    pub(super) underlying_symbol: Field<'a>,
    pub(super) underlying_instrument_type: Field<'a>,
    pub(super) received_at: Field<'a>,
    pub(super) live_at: Field<'a>,
    pub(super) terminal_at: Field<'a>,
    pub(super) updated_at: Field<'a>,
    pub(super) replaces_order_id: Field<'a>,
    pub(super) replacing_order_id: Field<'a>,
    pub(super) complex_order_id: Field<'a>,
    pub(super) complex_order_tag: Field<'a>,
    #[serde(borrow)]
    pub(super) legs: Option<Vec<&'a RawValue>>,
}

/// A leg of an order
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Leg<'a> {
    pub(super) symbol: Field<'a>,
    pub(super) instrument_type: Field<'a>,
    pub(super) action: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) remaining_quantity: Field<'a>,
    #[serde(borrow)]
    pub(super) fills: Option<Vec<&'a RawValue>>,
}

/// One execution of a leg
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Fill<'a> {
    pub(super) fill_id: Field<'a>,
    pub(super) ext_exec_id: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) fill_price: Field<'a>,
    pub(super) filled_at: Field<'a>,
}

/// A complex order: several that depend on each other
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct ComplexOrder<'a> {
    pub(super) id: Field<'a>,
    pub(super) r#type: Field<'a>,
    #[serde(borrow)]
    pub(super) trigger_order: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) orders: Option<Vec<&'a RawValue>>,
}

/// The answer to an order that was sent
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Placed<'a> {
    #[serde(borrow)]
    pub(super) order: Option<Order<'a>>,
    #[serde(borrow)]
    pub(super) complex_order: Option<ComplexOrder<'a>>,
    #[serde(borrow)]
    pub(super) warnings: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) errors: Option<Vec<&'a RawValue>>,
}

/// Any instrument's record
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct Instrument<'a> {
    pub(super) symbol: Field<'a>,
    pub(super) instrument_type: Field<'a>,
    pub(super) streamer_symbol: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) short_description: Field<'a>,
    pub(super) active: Field<'a>,
    pub(super) is_closing_only: Field<'a>,
    pub(super) is_tradeable: Field<'a>,
    pub(super) is_fractional_quantity_eligible: Field<'a>,
    pub(super) lendability: Field<'a>,
    pub(super) tick_size: Field<'a>,
    #[serde(borrow)]
    pub(super) tick_sizes: Option<Vec<TickSize<'a>>>,
}

/// A step of prices up to a threshold; the last has none
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct TickSize<'a> {
    pub(super) value: Field<'a>,
    pub(super) threshold: Field<'a>,
}

/// A row of `GET /market-data/by-type`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct MarketData<'a> {
    pub(super) symbol: Field<'a>,
    pub(super) instrument_type: Field<'a>,
    pub(super) updated_at: Field<'a>,
    pub(super) bid: Field<'a>,
    pub(super) bid_size: Field<'a>,
    pub(super) ask: Field<'a>,
    pub(super) ask_size: Field<'a>,
    pub(super) last: Field<'a>,
    pub(super) open: Field<'a>,
    pub(super) day_high_price: Field<'a>,
    pub(super) day_low_price: Field<'a>,
    pub(super) prev_close: Field<'a>,
    pub(super) volume: Field<'a>,
    pub(super) is_trading_halted: Field<'a>,
}

/// `GET /market-time/equities/sessions/current`, and its neighbours
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct MarketSession<'a> {
    pub(super) state: Field<'a>,
    pub(super) open_at: Field<'a>,
    pub(super) close_at: Field<'a>,
    #[serde(borrow)]
    pub(super) next_session: Option<Box<MarketSession<'a>>>,
}

/// `GET /api-quote-tokens`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct QuoteToken<'a> {
    pub(super) token: Field<'a>,
    pub(super) dxlink_url: Field<'a>,
}

/// A message of the account stream: an answer to ours, a notification, or several of those
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case", bound(deserialize = "'de: 'a"))]
pub(super) struct AccountMessage<'a> {
    pub(super) status: Field<'a>,
    pub(super) action: Field<'a>,
    pub(super) message: Field<'a>,
    pub(super) r#type: Field<'a>,
    pub(super) data: Field<'a>,
    #[serde(borrow)]
    pub(super) results: Option<Vec<&'a RawValue>>,
}

/// A message to the account stream
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AccountAction<'a> {
    pub(super) action: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) value: &'a [String],
    pub(super) auth_token: &'a str,
    pub(super) request_id: u64,
}

/// An order to send, and, without legs, a change of one
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OrderRequest<'a> {
    pub(super) time_in_force: &'static str,
    pub(super) order_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price_effect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_effect: Option<&'static str>,
    pub(super) source: &'static str,
    pub(super) external_identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) legs: Option<Vec<LegRequest>>,
}

/// A leg of an order to send
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LegRequest {
    pub(super) instrument_type: &'static str,
    pub(super) symbol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quantity: Option<Box<RawValue>>,
    pub(super) action: &'static str,
}
