//! Their JSON, as documented, nothing else. Unknown fields are skipped, every known one may be missing.
//!
//! Amounts are numbers, numbers are sometimes texts, and what the specification calls a list is an object live, so
//! every field is kept as it was written until [`Field`] is asked for what it holds.

use crate::providers::fields::Field;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Values by a name that is data: a symbol, a number of a field.
pub(super) type ByText<'a, T> = BTreeMap<Cow<'a, str>, T>;

/// A refusal: of the trader API (`message`, `errors` of sentences), of the market-data API (`errors` of objects), of the
/// gateway (`fault`), of the sign-in (`error`, `error_description`).
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Reason<'a> {
    pub(super) message: Field<'a>,
    pub(super) errors: Option<Vec<&'a RawValue>>,
    pub(super) fault: Option<Fault<'a>>,
    pub(super) error: Field<'a>,
    pub(super) error_description: Field<'a>,
}

/// `{"faultstring":"Body buffer overflow", …}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Fault<'a> {
    pub(super) faultstring: Field<'a>,
}

/// `{"status":"400","title":"Bad Request","detail":"Missing header","source":{"header":"Authorization"}}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct DataError<'a> {
    pub(super) title: Field<'a>,
    pub(super) detail: Field<'a>,
    pub(super) source: Option<ErrorSource<'a>>,
}

/// What of a request was wrong.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct ErrorSource<'a> {
    pub(super) parameter: Field<'a>,
    pub(super) header: Field<'a>,
}

/// A row of `GET /accounts/accountNumbers`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct AccountNumber<'a> {
    pub(super) account_number: Field<'a>,
    pub(super) hash_value: Field<'a>,
}

/// A row of `GET /accounts`, and `GET /accounts/{hash}`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Account<'a> {
    pub(super) securities_account: Option<SecuritiesAccount<'a>>,
    pub(super) aggregated_balance: Option<AggregatedBalance<'a>>,
}

/// Everything of one account.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct SecuritiesAccount<'a> {
    pub(super) r#type: Field<'a>,
    pub(super) account_number: Field<'a>,
    pub(super) is_closing_only_restricted: Field<'a>,
    pub(super) positions: Option<Vec<&'a RawValue>>,
    pub(super) initial_balances: Option<Balances<'a>>,
    pub(super) current_balances: Option<Balances<'a>>,
}

/// Balances of a margin or of a cash account, at the start of the day or now.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Balances<'a> {
    pub(super) liquidation_value: Field<'a>,
    pub(super) account_value: Field<'a>,
    pub(super) equity: Field<'a>,
    pub(super) cash_balance: Field<'a>,
    pub(super) total_cash: Field<'a>,
    pub(super) margin_balance: Field<'a>,
    pub(super) buying_power: Field<'a>,
    pub(super) available_funds: Field<'a>,
    pub(super) cash_available_for_trading: Field<'a>,
    pub(super) is_in_call: Field<'a>,
}

/// Live only; the specification does not have it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct AggregatedBalance<'a> {
    pub(super) current_liquidation_value: Field<'a>,
    pub(super) liquidation_value: Field<'a>,
}

/// A row of `positions`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Position<'a> {
    pub(super) short_quantity: Field<'a>,
    pub(super) long_quantity: Field<'a>,
    pub(super) average_price: Field<'a>,
    pub(super) market_value: Field<'a>,
    pub(super) instrument: Option<Instrument<'a>>,
}

/// An instrument in a position, an order, a transaction, or an answer of `GET /instruments`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Instrument<'a> {
    pub(super) asset_type: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) cusip: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) net_change: Field<'a>,
    pub(super) option_multiplier: Field<'a>,
    pub(super) option_premium_multiplier: Field<'a>,
    pub(super) multiplier: Field<'a>,
    pub(super) underlying_symbol: Field<'a>,
}

/// A row of `GET /accounts/{hash}/transactions`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Transaction<'a> {
    pub(super) activity_id: Field<'a>,
    pub(super) time: Field<'a>,
    pub(super) trade_date: Field<'a>,
    pub(super) r#type: Field<'a>,
    pub(super) settlement_date: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) activity_type: Field<'a>,
    pub(super) order_id: Field<'a>,
    pub(super) net_amount: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) transfer_items: Option<Vec<TransferItem<'a>>>,
}

/// One side of a transaction: a security, cash, or a fee.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct TransferItem<'a> {
    pub(super) instrument: Option<Instrument<'a>>,
    pub(super) amount: Field<'a>,
    pub(super) cost: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) fee_type: Field<'a>,
}

/// An order, or a strategy of several
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Order<'a> {
    pub(super) order_id: Field<'a>,
    pub(super) session: Field<'a>,
    pub(super) duration: Field<'a>,
    pub(super) order_type: Field<'a>,
    pub(super) order_strategy_type: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) filled_quantity: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) stop_price: Field<'a>,
    pub(super) stop_price_offset: Field<'a>,
    pub(super) stop_price_link_type: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) status_description: Field<'a>,
    pub(super) entered_time: Field<'a>,
    pub(super) close_time: Field<'a>,
    pub(super) order_leg_collection: Option<Vec<OrderLeg<'a>>>,
    pub(super) order_activity_collection: Option<Vec<OrderActivity<'a>>>,
    pub(super) child_order_strategies: Option<Vec<&'a RawValue>>,
}

/// What an order buys or sells.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct OrderLeg<'a> {
    pub(super) order_leg_type: Field<'a>,
    pub(super) instruction: Field<'a>,
    pub(super) quantity: Field<'a>,
    pub(super) quantity_type: Field<'a>,
    pub(super) instrument: Option<Instrument<'a>>,
}

/// Something that happened to an order.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct OrderActivity<'a> {
    pub(super) execution_type: Field<'a>,
    pub(super) execution_legs: Option<Vec<ExecutionLeg<'a>>>,
}

/// One execution.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct ExecutionLeg<'a> {
    pub(super) quantity: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) time: Field<'a>,
}

/// One symbol of `GET /quotes`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct QuoteRow<'a> {
    pub(super) asset_main_type: Field<'a>,
    pub(super) quote: Option<QuotePart<'a>>,
    pub(super) reference: Option<Reference<'a>>,
}

/// The prices of a symbol.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct QuotePart<'a> {
    pub(super) bid_price: Field<'a>,
    pub(super) bid_size: Field<'a>,
    pub(super) ask_price: Field<'a>,
    pub(super) ask_size: Field<'a>,
    pub(super) last_price: Field<'a>,
    pub(super) last_size: Field<'a>,
    pub(super) open_price: Field<'a>,
    pub(super) high_price: Field<'a>,
    pub(super) low_price: Field<'a>,
    pub(super) close_price: Field<'a>,
    pub(super) total_volume: Field<'a>,
    pub(super) quote_time: Field<'a>,
    pub(super) trade_time: Field<'a>,
    pub(super) security_status: Field<'a>,
}

/// What a symbol is.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Reference<'a> {
    pub(super) description: Field<'a>,
    pub(super) is_shortable: Field<'a>,
}

/// `GET /pricehistory`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct History<'a> {
    pub(super) candles: Option<Vec<&'a RawValue>>,
}

/// One candle; the time is in milliseconds.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Candle<'a> {
    pub(super) open: Field<'a>,
    pub(super) high: Field<'a>,
    pub(super) low: Field<'a>,
    pub(super) close: Field<'a>,
    pub(super) volume: Field<'a>,
    pub(super) datetime: Field<'a>,
}

/// One product of `GET /markets/{id}`: a day's hours.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Hours<'a> {
    pub(super) is_open: Field<'a>,
    pub(super) session_hours: Option<SessionHours<'a>>,
}

/// The sessions of a day that we show.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct SessionHours<'a> {
    pub(super) regular_market: Option<Vec<SessionSpan<'a>>>,
}

/// From when to when.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct SessionSpan<'a> {
    pub(super) start: Field<'a>,
    pub(super) end: Field<'a>,
}

/// `GET /instruments`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Instruments<'a> {
    pub(super) instruments: Option<Vec<Instrument<'a>>>,
}

/// `GET /userPreference`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Preference<'a> {
    pub(super) streamer_info: Option<Vec<StreamerInfo<'a>>>,
}

/// Where the streamer is, and who we are to it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct StreamerInfo<'a> {
    pub(super) streamer_socket_url: Field<'a>,
    pub(super) schwab_client_customer_id: Field<'a>,
    pub(super) schwab_client_correl_id: Field<'a>,
    pub(super) schwab_client_channel: Field<'a>,
    pub(super) schwab_client_function_id: Field<'a>,
}
