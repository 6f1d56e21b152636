//! Market data, contracts, hours and performance.

use super::{ByText, Field};
use serde::Deserialize;
use serde_json::value::RawValue;

/// `GET /iserver/marketdata/history`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct History<'a> {
    #[serde(borrow)]
    pub(in crate::providers::ibkr) data: Option<Vec<&'a RawValue>>,
    pub(in crate::providers::ibkr) volume_factor: Field<'a>,
    pub(in crate::providers::ibkr) error: Field<'a>,
}

/// One bar; the time is in milliseconds.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Candle<'a> {
    pub(in crate::providers::ibkr) t: Field<'a>,
    pub(in crate::providers::ibkr) o: Field<'a>,
    pub(in crate::providers::ibkr) h: Field<'a>,
    pub(in crate::providers::ibkr) l: Field<'a>,
    pub(in crate::providers::ibkr) c: Field<'a>,
    pub(in crate::providers::ibkr) v: Field<'a>,
}

/// A company of `GET /trsrv/stocks`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Stock<'a> {
    pub(in crate::providers::ibkr) name: Field<'a>,
    pub(in crate::providers::ibkr) contracts: Option<Vec<Listing<'a>>>,
}

/// Where a company's share is listed.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Listing<'a> {
    pub(in crate::providers::ibkr) conid: Field<'a>,
    pub(in crate::providers::ibkr) exchange: Field<'a>,
    #[serde(rename = "isUS")]
    pub(in crate::providers::ibkr) is_us: Field<'a>,
}

/// A contract of `GET /trsrv/futures`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Future<'a> {
    pub(in crate::providers::ibkr) conid: Field<'a>,
    pub(in crate::providers::ibkr) expiration_date: Field<'a>,
}

/// A row of `GET /iserver/secdef/search`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Found<'a> {
    pub(in crate::providers::ibkr) conid: Field<'a>,
    pub(in crate::providers::ibkr) symbol: Field<'a>,
    pub(in crate::providers::ibkr) company_name: Field<'a>,
    pub(in crate::providers::ibkr) description: Field<'a>,
    pub(in crate::providers::ibkr) sections: Option<Vec<Section<'a>>>,
}

/// A kind of contract that a found one has.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Section<'a> {
    pub(in crate::providers::ibkr) sec_type: Field<'a>,
}

/// A row of `GET /iserver/secdef/info`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Derivative<'a> {
    pub(in crate::providers::ibkr) conid: Field<'a>,
    pub(in crate::providers::ibkr) right: Field<'a>,
    pub(in crate::providers::ibkr) strike: Field<'a>,
    pub(in crate::providers::ibkr) maturity_date: Field<'a>,
    pub(in crate::providers::ibkr) trading_class: Field<'a>,
    pub(in crate::providers::ibkr) multiplier: Field<'a>,
}

/// `GET /trsrv/secdef`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Definitions<'a> {
    #[serde(borrow)]
    pub(in crate::providers::ibkr) secdef: Option<Vec<&'a RawValue>>,
}

/// What a contract is, by its number
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Definition<'a> {
    pub(in crate::providers::ibkr) conid: Field<'a>,
    pub(in crate::providers::ibkr) currency: Field<'a>,
    pub(in crate::providers::ibkr) name: Field<'a>,
    pub(in crate::providers::ibkr) asset_class: Field<'a>,
    pub(in crate::providers::ibkr) expiry: Field<'a>,
    pub(in crate::providers::ibkr) put_or_call: Field<'a>,
    pub(in crate::providers::ibkr) strike: Field<'a>,
    pub(in crate::providers::ibkr) ticker: Field<'a>,
    pub(in crate::providers::ibkr) multiplier: Field<'a>,
    #[serde(rename = "isUS")]
    pub(in crate::providers::ibkr) is_us: Field<'a>,
    pub(in crate::providers::ibkr) listing_exchange: Field<'a>,
}

/// `POST /iserver/contract/rules`, what matters of it
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Rules<'a> {
    pub(in crate::providers::ibkr) increment: Field<'a>,
    pub(in crate::providers::ibkr) can_trade_acct_ids: Option<Vec<Field<'a>>>,
}

/// `GET /contract/trading-schedule`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Schedule<'a> {
    pub(in crate::providers::ibkr) schedules: Option<ByText<'a, Option<Day<'a>>>>,
}

/// The hours of a day.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Day<'a> {
    pub(in crate::providers::ibkr) liquid_hours: Option<Vec<Hours<'a>>>,
}

/// From when to when, in seconds.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Hours<'a> {
    pub(in crate::providers::ibkr) opening: Field<'a>,
    pub(in crate::providers::ibkr) closing: Field<'a>,
}

/// `POST /pa/performance`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Performance<'a> {
    pub(in crate::providers::ibkr) nav: Option<Nav<'a>>,
}

/// Net asset values by day.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct Nav<'a> {
    pub(in crate::providers::ibkr) dates: Option<Vec<Field<'a>>>,
    pub(in crate::providers::ibkr) data: Option<Vec<NavOfAccount<'a>>>,
}

/// Those of an account.
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(in crate::providers::ibkr) struct NavOfAccount<'a> {
    pub(in crate::providers::ibkr) id: Field<'a>,
    pub(in crate::providers::ibkr) navs: Option<Vec<Field<'a>>>,
}
