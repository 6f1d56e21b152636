//! `/accounts/{hash}/transactions`: what happened, newest first, a year at most and no pages.

use super::answer::{Answer, ApiError, money, number, ok, stamp};
use super::instruments::{find, instrument, number_of};
use super::orders::id::order_id;
use super::site::Call;
use crate::domain::{Side, Symbol};
use crate::sim::market::Market;
use crate::sim::world::{Activity, Cash, CashKind, Customer, Happening};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Most rows of one answer; whoever gets so many has to ask for a shorter time.
const MOST_ROWS: usize = 3_000;
/// Every kind of transaction there is.
const TYPES: [&str; 15] = [
    "TRADE",
    "RECEIVE_AND_DELIVER",
    "DIVIDEND_OR_INTEREST",
    "ACH_RECEIPT",
    "ACH_DISBURSEMENT",
    "CASH_RECEIPT",
    "CASH_DISBURSEMENT",
    "ELECTRONIC_FUND",
    "WIRE_OUT",
    "WIRE_IN",
    "JOURNAL",
    "MEMORANDUM",
    "MARGIN_CALL",
    "MONEY_MARKET",
    "SMA_ADJUSTMENT",
];

/// `GET /accounts/{hash}/transactions`.
pub(super) fn list(call: &Call<'_>, hash: &str) -> Answer {
    let index = call.account(hash)?;
    let (start, end) = call.query.span("startDate", "endDate")?;
    call.query.need("types")?;
    let types = call.query.list("types");
    if let Some(wrong) = types.iter().find(|word| !TYPES.contains(word)) {
        let words = format!("{wrong} is not a valid transaction type");
        return Err(ApiError::parameter("types", words));
    }
    let symbol = match call.query.get("symbol") {
        None => None,
        Some(name) => {
            let market = &call.world.market;
            let listing =
                find(market, name).map(|listing| market.listings()[listing].symbol.clone());
            Some(listing.unwrap_or_else(|| Symbol::new(name)))
        }
    };
    let book = Book::of(call, index);
    let places = (0..book.customer.activities.len()).rev();
    let rows = places.filter(|place| {
        let activity = &book.customer.activities[*place];
        (start..=end).contains(&activity.time)
            && types.contains(&type_of(activity))
            && symbol
                .as_ref()
                .is_none_or(|symbol| of(activity) == Some(symbol))
    });
    let rows = rows.filter_map(|place| book.row(place)).take(MOST_ROWS);
    ok(&Value::Array(rows.collect()))
}

/// `GET /accounts/{hash}/transactions/{activityId}`: a list of one.
pub(super) fn get(call: &Call<'_>, hash: &str, id: &str) -> Answer {
    let book = Book::of(call, call.account(hash)?);
    let row = id
        .parse()
        .ok()
        .and_then(|id| place_of(book.index, id))
        .filter(|place| *place < book.customer.activities.len())
        .and_then(|place| book.row(place))
        .ok_or_else(|| ApiError::not_found("Transaction not found"))?;
    ok(&json!([row]))
}

/// The number of something that happened, the same whenever it is asked for.
pub(super) fn activity_id(account: usize, place: usize) -> u64 {
    80_000_000_000 + account as u64 * 1_000_000_000 + place as u64
}

fn place_of(account: usize, id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(activity_id(account, 0))?).ok()
}

fn type_of(activity: &Activity) -> &'static str {
    match &activity.happening {
        Happening::Fill { .. } => "TRADE",
        Happening::Cash(cash) => match cash.kind {
            CashKind::Deposit => "ACH_RECEIPT",
            CashKind::Withdrawal => "ACH_DISBURSEMENT",
            CashKind::Dividend | CashKind::Interest => "DIVIDEND_OR_INTEREST",
            CashKind::RegulatoryFee => "TRADE",
        },
    }
}

fn of(activity: &Activity) -> Option<&Symbol> {
    match &activity.happening {
        Happening::Fill { symbol, .. } => Some(symbol),
        Happening::Cash(cash) => cash.symbol.as_ref(),
    }
}

/// An account's history, the fees with the sales they were taken for.
struct Book<'a> {
    index: usize,
    customer: &'a Customer,
    market: &'a Market,
    fees: HashMap<usize, Decimal>,
    /// Whether a sale made a long position smaller or a purchase a short one, by place.
    closing: Vec<bool>,
}

impl<'a> Book<'a> {
    fn of(call: &'a Call<'_>, index: usize) -> Self {
        let customer = &call.world.customers[index];
        let (mut fees, mut closing) = (HashMap::new(), Vec::new());
        let mut held: HashMap<&Symbol, Decimal> = HashMap::new();
        let mut last_sale = None;
        for (place, activity) in customer.activities.iter().enumerate() {
            let mut closes = false;
            if let Some((symbol, units)) = activity.units() {
                let held = held.entry(symbol).or_default();
                closes = !held.is_zero() && held.is_sign_negative() != units.is_sign_negative();
                *held += units;
                if units.is_sign_negative() {
                    last_sale = Some(place);
                }
            }
            closing.push(closes);
            // The books take a day's fee the next morning; here it is a part of the sale.
            if let (Happening::Cash(cash), Some(sale)) = (&activity.happening, last_sale)
                && cash.kind == CashKind::RegulatoryFee
            {
                *fees.entry(sale).or_default() += cash.amount;
            }
        }
        Self {
            index,
            customer,
            market: &call.world.market,
            fees,
            closing,
        }
    }

    fn row(&self, place: usize) -> Option<Value> {
        let activity = &self.customer.activities[place];
        let mut row = match &activity.happening {
            Happening::Fill { .. } => self.trade(place)?,
            Happening::Cash(cash) if cash.kind == CashKind::RegulatoryFee => return None,
            Happening::Cash(cash) => self.cash(cash),
        };
        row["activityId"] = activity_id(self.index, place).into();
        row["time"] = stamp(activity.time);
        row["accountNumber"] = self.customer.number.as_str().into();
        row["type"] = type_of(activity).into();
        row["status"] = "VALID".into();
        row["tradeDate"] = stamp(activity.time);
        Some(row)
    }

    fn trade(&self, place: usize) -> Option<Value> {
        let activity = &self.customer.activities[place];
        let Happening::Fill {
            order,
            symbol,
            side,
            short,
            quantity,
            price,
            ..
        } = &activity.happening
        else {
            return None;
        };
        let units = match side {
            Side::Buy => quantity.0,
            Side::Sell => -quantity.0,
        };
        let fee = self.fees.get(&place).copied().unwrap_or_default();
        let cost = activity.cash();
        let mut security = instrument(self.market, symbol);
        security["status"] = "ACTIVE".into();
        security["closingPrice"] = number(price.0);
        let effect = if self.closing[place] {
            "CLOSING"
        } else {
            "OPENING"
        };
        Some(json!({
            "subAccount": match (self.customer.profile.may_short(), short) {
                (_, true) => "SHORT",
                (true, false) => "MARGIN",
                (false, false) => "CASH",
            },
            "positionId": number_of(symbol),
            "orderId": order_id(self.index, self.customer, order),
            "netAmount": money(cost + fee),
            "activityType": "EXECUTION",
            "transferItems": [
                fee_item("COMMISSION", Decimal::ZERO),
                fee_item("SEC_FEE", fee),
                fee_item("OPT_REG_FEE", Decimal::ZERO),
                fee_item("TAF_FEE", Decimal::ZERO),
                {
                    "instrument": security,
                    "amount": number(units),
                    "cost": money(cost),
                    "price": number(price.0),
                    "positionEffect": effect,
                },
            ],
        }))
    }

    fn cash(&self, cash: &Cash) -> Value {
        let name = cash.symbol.as_ref().and_then(|symbol| {
            let listing = self.market.find(symbol)?;
            Some(super::instruments::description(
                &self.market.listings()[listing],
            ))
        });
        let mut item = json!({
            "instrument": dollar(),
            "amount": money(cash.amount),
            "cost": 0.0,
        });
        if let Some(symbol) = &cash.symbol {
            item["instrument"] = instrument(self.market, symbol);
        }
        json!({
            "description": name.unwrap_or_else(|| cash.description.to_uppercase()),
            "subAccount": if cash.kind == CashKind::Dividend { "DIV" } else { "CASH" },
            "netAmount": money(cash.amount),
            "transferItems": [item],
        })
    }
}

fn dollar() -> Value {
    json!({
        "assetType": "CURRENCY",
        "status": "ACTIVE",
        "symbol": "CURRENCY_USD",
        "description": "USD currency",
        "instrumentId": 1,
        "closingPrice": 0.0,
    })
}

/// A fee; what goes is below zero.
fn fee_item(kind: &str, amount: Decimal) -> Value {
    json!({
        "instrument": dollar(),
        "amount": money(amount.abs()),
        "cost": money(amount),
        "feeType": kind,
    })
}
