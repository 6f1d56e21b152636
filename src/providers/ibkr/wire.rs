//! Their JSON, as documented, nothing else. Unknown fields are skipped, every known one may be missing.
//!
//! The same thing is a number in one answer and a text in another, so every field is kept as it was written until
//! [`Field`] is asked for what it holds.

mod reference;

pub(super) use reference::*;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) use crate::providers::fields::{Field, Unreadable};

/// Values by a name that is data: a currency, a symbol, the number of a field. Where they are objects, any may be null.
pub(super) type ByText<'a, T> = BTreeMap<Cow<'a, str>, T>;

/// Every shape of a refusal: `{"error":"…","statusCode":400}`, and problem+json with `title`, `detail`.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Refusal<'a> {
    pub(super) error: Field<'a>,
    pub(super) title: Field<'a>,
    pub(super) detail: Field<'a>,
}

/// `GET /iserver/auth/status`, `POST /iserver/auth/ssodh/init`, and the inner part of a tickle
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct AuthStatus<'a> {
    pub(super) authenticated: Field<'a>,
    pub(super) established: Field<'a>,
    pub(super) competing: Field<'a>,
    pub(super) connected: Field<'a>,
}

/// `POST /tickle`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Tickle<'a> {
    pub(super) session: Field<'a>,
    pub(super) iserver: Option<TickleServer<'a>>,
}

/// What a tickle says of the brokerage session.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct TickleServer<'a> {
    pub(super) auth_status: Option<AuthStatus<'a>>,
}

/// `GET /iserver/accounts`, and what an `act` of the stream says
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct BrokerageAccounts<'a> {
    pub(super) accounts: Option<Vec<Field<'a>>>,
    pub(super) is_paper: Field<'a>,
}

/// A row of `GET /portfolio/accounts`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct PortfolioAccount<'a> {
    pub(super) id: Field<'a>,
    pub(super) account_id: Field<'a>,
    pub(super) account_alias: Field<'a>,
    pub(super) account_title: Field<'a>,
    pub(super) display_name: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) r#type: Field<'a>,
    pub(super) clearing_status: Field<'a>,
    pub(super) no_client_trading: Field<'a>,
    pub(super) brokerage_access: Field<'a>,
}

/// One currency of `GET /portfolio/{id}/ledger`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Ledger<'a> {
    pub(super) cashbalance: Field<'a>,
    pub(super) settledcash: Field<'a>,
    pub(super) netliquidationvalue: Field<'a>,
    pub(super) exchangerate: Field<'a>,
}

/// One key of `GET /portfolio/{id}/summary`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct SummaryValue<'a> {
    pub(super) amount: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) is_null: Field<'a>,
}

/// A row of `GET /portfolio/{id}/positions/{page}`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Position<'a> {
    pub(super) conid: Field<'a>,
    pub(super) contract_desc: Field<'a>,
    pub(super) position: Field<'a>,
    pub(super) mkt_price: Field<'a>,
    pub(super) currency: Field<'a>,
    pub(super) avg_price: Field<'a>,
    pub(super) avg_cost: Field<'a>,
    pub(super) expiry: Field<'a>,
    pub(super) put_or_call: Field<'a>,
    pub(super) multiplier: Field<'a>,
    pub(super) strike: Field<'a>,
    pub(super) asset_class: Field<'a>,
    pub(super) ticker: Field<'a>,
    pub(super) listing_exchange: Field<'a>,
    #[serde(rename = "isUS")]
    pub(super) is_us: Field<'a>,
}

/// A row of `GET /iserver/account/trades`, and of the stream's `str`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Trade<'a> {
    pub(super) execution_id: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) trade_time: Field<'a>,
    pub(super) trade_time_r: Field<'a>,
    pub(super) size: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) order_ref: Field<'a>,
    pub(super) order_id: Field<'a>,
    pub(super) order_description: Field<'a>,
    pub(super) commission: Field<'a>,
    pub(super) account: Field<'a>,
    #[serde(rename = "accountCode")]
    pub(super) account_code: Field<'a>,
    pub(super) contract_description_1: Field<'a>,
    pub(super) contract_description_2: Field<'a>,
    pub(super) sec_type: Field<'a>,
    pub(super) conid: Field<'a>,
}

/// `GET /iserver/account/orders`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct LiveOrders<'a> {
    #[serde(borrow)]
    pub(super) orders: Option<Vec<&'a RawValue>>,
    pub(super) snapshot: Field<'a>,
}

/// A row of the live orders, and of the stream's `sor`, which repeats only what changed
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Order<'a> {
    pub(super) acct: Field<'a>,
    pub(super) account: Field<'a>,
    pub(super) order_id: Field<'a>,
    pub(super) conid: Field<'a>,
    pub(super) ticker: Field<'a>,
    pub(super) sec_type: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) status: Field<'a>,
    pub(super) total_size: Field<'a>,
    pub(super) total_cash_size: Field<'a>,
    pub(super) filled_quantity: Field<'a>,
    pub(super) remaining_quantity: Field<'a>,
    pub(super) avg_price: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) aux_price: Field<'a>,
    #[serde(rename = "stop_price")]
    pub(super) stop_price: Field<'a>,
    pub(super) trailing_amt: Field<'a>,
    pub(super) trailing_type: Field<'a>,
    pub(super) order_type: Field<'a>,
    pub(super) orig_order_type: Field<'a>,
    pub(super) time_in_force: Field<'a>,
    #[serde(rename = "outsideRTH")]
    pub(super) outside_rth: Field<'a>,
    #[serde(rename = "order_ref")]
    pub(super) order_ref: Field<'a>,
    pub(super) order_desc: Field<'a>,
    pub(super) description1: Field<'a>,
    pub(super) description2: Field<'a>,
    #[serde(rename = "lastExecutionTime_r")]
    pub(super) last_execution_time: Field<'a>,
    pub(super) parent_id: Field<'a>,
    #[serde(rename = "order_cancellation_by_system_reason")]
    pub(super) system_reason: Field<'a>,
}

/// `GET /iserver/account/order/status/{id}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct OrderStatus<'a> {
    pub(super) order_id: Field<'a>,
    pub(super) account: Field<'a>,
    pub(super) order_clearing_account: Field<'a>,
    pub(super) conid: Field<'a>,
    pub(super) symbol: Field<'a>,
    pub(super) sec_type: Field<'a>,
    pub(super) side: Field<'a>,
    pub(super) order_status: Field<'a>,
    pub(super) order_type: Field<'a>,
    pub(super) tif: Field<'a>,
    pub(super) total_size: Field<'a>,
    pub(super) total_cash_size: Field<'a>,
    pub(super) cum_fill: Field<'a>,
    pub(super) filled_quantity: Field<'a>,
    pub(super) average_price: Field<'a>,
    pub(super) avg_fill_price: Field<'a>,
    pub(super) limit_price: Field<'a>,
    pub(super) price: Field<'a>,
    pub(super) stop_price: Field<'a>,
    pub(super) outside_rth: Field<'a>,
    pub(super) order_description: Field<'a>,
    pub(super) contract_description_1: Field<'a>,
    pub(super) order_time: Field<'a>,
}

/// One thing that an order, a change or a reply is answered with: an acknowledgement, a question, or a refusal
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct OrderAnswer<'a> {
    pub(super) order_id: Field<'a>,
    pub(super) order_status: Field<'a>,
    pub(super) id: Field<'a>,
    pub(super) message: Option<Vec<Field<'a>>>,
    #[serde(rename = "messageIds")]
    pub(super) message_ids: Option<Vec<Field<'a>>>,
    pub(super) error: Field<'a>,
    /// Of a prompt that came instead of an answer.
    pub(super) text: Field<'a>,
    #[serde(rename = "orderId")]
    pub(super) prompt_order: Field<'a>,
}

/// The answer to a cancel
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Cancelled<'a> {
    pub(super) msg: Field<'a>,
    pub(super) error: Field<'a>,
}

/// A message of the stream; of market data the rest are fields by number
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Message<'a> {
    pub(super) topic: Field<'a>,
    pub(super) args: Field<'a>,
    pub(super) hb: Field<'a>,
    pub(super) success: Field<'a>,
    #[serde(rename = "isPaper")]
    pub(super) is_paper: Field<'a>,
    pub(super) message: Field<'a>,
    pub(super) error: Field<'a>,
}

/// What an `ntf` or a `blt` says.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Notice<'a> {
    pub(super) title: Field<'a>,
    pub(super) text: Field<'a>,
    pub(super) message: Field<'a>,
}

/// `POST /iserver/account/{id}/orders`
#[derive(Serialize)]
pub(super) struct NewOrders<'a> {
    pub(super) orders: Vec<OrderRequest<'a>>,
}

/// An order as it is sent
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderRequest<'a> {
    pub(super) acct_id: &'a str,
    pub(super) conid: u64,
    #[serde(rename = "cOID", skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_id: Option<&'a str>,
    pub(super) order_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aux_price: Option<Box<RawValue>>,
    pub(super) side: &'static str,
    pub(super) tif: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quantity: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cash_qty: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trailing_amt: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trailing_type: Option<&'static str>,
    #[serde(rename = "outsideRTH")]
    pub(super) outside_rth: bool,
    /// A person sends every order; US futures require that it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) manual_indicator: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ext_operator: Option<&'a str>,
}
