//! Their JSON, as documented, nothing else. Unknown fields are skipped, every known one may be missing.
//!
//! The trading API writes amounts as strings, the market-data API as numbers, and both change without notice, so every
//! field is kept as it was written until [`Field`] is asked for what it holds.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) use crate::providers::provider::fields::{Field, Unreadable};

/// `{"code":40310000,"message":"insufficient buying power", …}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Refusal<'a> {
    pub(super) message: Field<'a>,
    pub(super) available: Field<'a>,
    pub(super) buying_power: Field<'a>,
    pub(super) cost_basis: Field<'a>,
    pub(super) existing_order_id: Field<'a>,
}

/// `GET /v2/account`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Account<'a> {
    pub(super) id: Field<'a>,
    pub(super) account_number: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) cash: Field<'a>,
    pub(super) equity: Field<'a>,
    pub(super) last_equity: Field<'a>,
    pub(super) portfolio_value: Field<'a>,
    pub(super) buying_power: Field<'a>,
    pub(super) multiplier: Field<'a>,
    pub(super) account_blocked: Field<'a>,
    pub(super) trading_blocked: Field<'a>,
    pub(super) transfers_blocked: Field<'a>,
    pub(super) trade_suspended_by_user: Field<'a>,
}

/// A row of `GET /v2/positions`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Position<'a> {
    pub(super) symbol: Field<'a>,
    pub(super) asset_class: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) qty: Field<'a>,
    pub(super) qty_available: Field<'a>,
    pub(super) avg_entry_price: Field<'a>,
    pub(super) current_price: Field<'a>,
    pub(super) lastday_price: Field<'a>,
}

/// `GET /v2/assets/…` and `GET /v2/options/contracts/…`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Asset<'a> {
    pub(super) symbol: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) class: Field<'a>,
    pub(super) tradable: Field<'a>,
    pub(super) fractionable: Field<'a>,
    pub(super) shortable: Field<'a>,
    pub(super) price_increment: Field<'a>,
    pub(super) min_trade_increment: Field<'a>,
}

/// `GET /v2/clock`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Clock<'a> {
    pub(super) is_open: Field<'a>,
    pub(super) next_open: Field<'a>,
    pub(super) next_close: Field<'a>,
}

/// `GET /v2/account/portfolio/history`: parallel lists, times in unix seconds
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct History<'a> {
    pub(super) timestamp: Vec<Field<'a>>,
    pub(super) equity: Vec<Field<'a>>,
    pub(super) profit_loss: Vec<Field<'a>>,
}

/// A row of `GET /v2/account/activities`, of either kind
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Activity<'a> {
    pub(super) id: Field<'a>,
    pub(super) activity_type: Field<'a>,
    pub(super) activity_sub_type: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) qty: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) order_id: Field<'a>,
    pub(super) transaction_time: Field<'a>,
    pub(super) created_at: Field<'a>,
    pub(super) date: Field<'a>,
    pub(super) net_amount: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) description: Field<'a>,
    pub(super) group_id: Field<'a>,
    pub(super) previous_id: Field<'a>,
}

/// An order in an answer or an event
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Order<'a> {
    pub(super) id: Field<'a>,
    pub(super) client_order_id: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) asset_class: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) r#type: Field<'a>,
    pub(super) order_type: Field<'a>,
    pub(super) order_class: Field<'a>,
    pub(super) time_in_force: Field<'a>,
    pub(super) qty: Field<'a>,
    pub(super) notional: Field<'a>,
    pub(super) filled_qty: Field<'a>,
    pub(super) filled_avg_price: Field<'a>,
    pub(super) limit_price: Field<'a>,
    pub(super) stop_price: Field<'a>,
    pub(super) trail_price: Field<'a>,
    pub(super) trail_percent: Field<'a>,
    pub(super) extended_hours: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) created_at: Field<'a>,
    pub(super) submitted_at: Field<'a>,
    pub(super) updated_at: Field<'a>,
    pub(super) replaces: Field<'a>,
    pub(super) group_id: Field<'a>,
    pub(super) group_role: Field<'a>,
    pub(super) legs: Option<Vec<&'a RawValue>>,
}

/// A row of `DELETE /v2/orders`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Cancelled<'a> {
    pub(super) id: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) body: Field<'a>,
}

/// One message of either data: a quote, a trade, a bar, a status or an answer of the stream, and the same rows of the
/// REST API. The letters mean different things in different messages, so one flat structure holds them all.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Datum<'a> {
    #[serde(rename = "T")]
    pub(super) kind: Field<'a>,
    #[serde(rename = "S")]
    pub(super) symbol: Field<'a>,
    #[serde(rename = "t")]
    pub(super) time: Field<'a>,
    #[serde(rename = "bp")]
    pub(super) bid: Field<'a>,
    #[serde(rename = "bs")]
    pub(super) bid_size: Field<'a>,
    #[serde(rename = "ap")]
    pub(super) ask: Field<'a>,
    #[serde(rename = "as")]
    pub(super) ask_size: Field<'a>,
    #[serde(rename = "p")]
    pub(super) price: Field<'a>,
    #[serde(rename = "s")]
    pub(super) size: Field<'a>,
    #[serde(rename = "o")]
    pub(super) open: Field<'a>,
    #[serde(rename = "h")]
    pub(super) high: Field<'a>,
    #[serde(rename = "l")]
    pub(super) low: Field<'a>,
    /// The close of a bar; conditions of a trade or a quote.
    #[serde(rename = "c")]
    pub(super) close: Field<'a>,
    #[serde(rename = "v")]
    pub(super) volume: Field<'a>,
    #[serde(rename = "sc")]
    pub(super) status_code: Field<'a>,
    #[serde(rename = "sm")]
    pub(super) status_text: Field<'a>,
    #[serde(rename = "rm")]
    pub(super) reason_text: Field<'a>,
    pub(super) code: Field<'a>,
    pub(super) msg: Field<'a>,
    pub(super) trades: Field<'a>,
    pub(super) quotes: Field<'a>,
}

/// A symbol's newest of everything
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Snapshot<'a> {
    pub(super) latest_quote: Field<'a>,
    pub(super) latest_trade: Field<'a>,
    pub(super) daily_bar: Field<'a>,
    pub(super) prev_daily_bar: Field<'a>,
}

/// A message of the trading socket
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct TradingMessage<'a> {
    pub(super) stream: Field<'a>,
    pub(super) data: Field<'a>,
}

/// What `authorization` and `listening` carry
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Acknowledgement<'a> {
    pub(super) status: Field<'a>,
    pub(super) action: Field<'a>,
    pub(super) message: Field<'a>,
    pub(super) streams: Vec<Field<'a>>,
}

/// What `trade_updates` carries
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct TradeUpdate<'a> {
    pub(super) event: Field<'a>,
    pub(super) execution_id: Field<'a>,
    pub(super) timestamp: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) qty: Field<'a>,
    pub(super) order: Field<'a>,
}

/// `POST /v2/orders`
#[derive(Serialize, Default)]
pub(super) struct OrderRequest<'a> {
    pub(super) symbol: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) qty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) notional: Option<String>,
    pub(super) side: &'static str,
    pub(super) r#type: &'static str,
    pub(super) time_in_force: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trail_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trail_percent: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) extended_hours: bool,
    pub(super) client_order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) take_profit: Option<ExitRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_loss: Option<ExitRequest>,
}

/// An exit inside an [`OrderRequest`]
#[derive(Serialize, Default)]
pub(super) struct ExitRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit_price: Option<String>,
}

/// `PATCH /v2/orders/…`
#[derive(Serialize, Default)]
pub(super) struct ReplaceRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) qty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time_in_force: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trail: Option<String>,
    pub(super) client_order_id: &'a str,
}

/// `subscribe` and `unsubscribe` of the market-data socket
#[derive(Serialize)]
pub(super) struct Subscription<'a> {
    pub(super) action: &'static str,
    pub(super) trades: &'a [&'a str],
    pub(super) quotes: &'a [&'a str],
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub(super) bars: &'a [&'a str],
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub(super) statuses: &'a [&'a str],
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default)]
    #[serde(default, bound(deserialize = "'de: 'a"))]
    struct One<'a> {
        a: Field<'a>,
    }

    fn field(json: &str) -> Field<'_> {
        serde_json::from_str::<One<'_>>(json).unwrap().a
    }

    #[test]
    fn a_field_is_text_whichever_way_it_was_written() {
        for (json, expected) in [
            (r#"{"a":"x"}"#, Some("x")),
            (r#"{"a":"\u0041\n"}"#, Some("A\n")),
            (r#"{"a":12.50}"#, Some("12.50")),
            (r#"{"a":""}"#, None),
            (r#"{"a":null}"#, None),
            (r#"{"b":1}"#, None),
        ] {
            assert_eq!(field(json).text().as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn numbers_are_exact_in_either_spelling_and_a_wrong_one_is_named() {
        let check = |json, expected: Result<Option<&str>, Unreadable>| {
            let read = field(json)
                .decimal()
                .map(|value| value.map(|it| it.to_string()));
            assert_eq!(read, expected.map(|it| it.map(str::to_owned)), "{json}");
        };
        check(
            r#"{"a":"122011.09751111286868"}"#,
            Ok(Some("122011.09751111286868")),
        );
        check(r#"{"a":172.610}"#, Ok(Some("172.610")));
        check(r#"{"a":1e-7}"#, Ok(Some("0.0000001")));
        check(r#"{"a":null}"#, Ok(None));
        check(r#"{"a":"soon"}"#, Err(Unreadable("a number")));
        check(r#"{"a":[1]}"#, Err(Unreadable("a number")));
    }
}
