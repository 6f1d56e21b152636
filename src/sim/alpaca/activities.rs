//! `/v2/account/activities`: what happened, newest first, paged by the last id received.

use super::answer::{Answer, ApiError, decimal, ok};
use super::orders::json::status_after_fill;
use super::site::Call;
use crate::domain::{Side, Timestamp};
use crate::sim::calendar::Calendar;
use crate::sim::world::{Activity, Cash, CashKind, Happening};
use jiff::civil::Date;
use serde_json::{Value, json};

/// Words of the activities that move cash and are no trades.
pub(super) const CASH_WORDS: [&str; 5] = ["CSD", "CSW", "DIV", "FEE", "INT"];
/// Most activities of one answer, and the number where none is asked for.
const PAGE: usize = 100;

/// `GET /v2/account/activities` and, with a type, `GET /v2/account/activities/{type}`.
pub(super) fn list(call: &Call<'_>, only: Option<&str>) -> Answer {
    let calendar = call.world.market.calendar();
    let filter = Filter::read(call, only)?;
    let mut rows: Vec<(String, &Activity)> = call
        .customer()
        .activities
        .iter()
        .filter(|activity| filter.takes(activity, calendar))
        .map(|activity| (activity_id(activity, calendar), activity))
        .collect();
    rows.sort_by(|one, other| (one.1.time, &one.0).cmp(&(other.1.time, &other.0)));
    if !filter.oldest_first {
        rows.reverse();
    }
    let start = match &filter.page_token {
        None => 0,
        Some(token) => {
            1 + rows
                .iter()
                .position(|(id, _)| id == token)
                .ok_or_else(|| ApiError::invalid("invalid page_token"))?
        }
    };
    let body: Vec<Value> = rows[start..]
        .iter()
        .take(filter.page_size)
        .map(|(id, activity)| shown(id, activity))
        .collect();
    ok(&Value::Array(body))
}

/// `<17 digits of New York time>::<uuid>`.
fn activity_id(activity: &Activity, calendar: &Calendar) -> String {
    let local = activity.time.in_zone(calendar.zone());
    format!("{}::{}", local.strftime("%Y%m%d%H%M%S%3f"), activity.id)
}

/// The provider's word and, with fees and dividends, the sub-word.
pub(super) fn cash_word(kind: CashKind) -> (&'static str, Option<&'static str>) {
    match kind {
        CashKind::Deposit => ("CSD", None),
        CashKind::Withdrawal => ("CSW", None),
        CashKind::Dividend => ("DIV", Some("CDIV")),
        CashKind::RegulatoryFee => ("FEE", Some("REG")),
        CashKind::Interest => ("INT", None),
    }
}

fn word(activity: &Activity) -> &'static str {
    match &activity.happening {
        Happening::Fill { .. } => "FILL",
        Happening::Cash(cash) => cash_word(cash.kind).0,
    }
}

fn shown(id: &str, activity: &Activity) -> Value {
    let (mut body, time) = match &activity.happening {
        Happening::Fill {
            order,
            symbol,
            side,
            short,
            quantity,
            price,
            cumulative,
            leaves,
        } => {
            let body = json!({
                "type": if leaves.0.is_zero() { "fill" } else { "partial_fill" },
                "symbol": symbol.as_str(),
                "side": match (side, short) {
                    (Side::Buy, _) => "buy",
                    (Side::Sell, false) => "sell",
                    (Side::Sell, true) => "sell_short",
                },
                "price": decimal(price.0),
                "qty": decimal(quantity.0),
                "cum_qty": decimal(cumulative.0),
                "leaves_qty": decimal(leaves.0),
                "order_id": order.as_str(),
                "order_status": status_after_fill(leaves.0),
            });
            (body, "transaction_time")
        }
        Happening::Cash(cash) => (shown_cash(cash), "created_at"),
    };
    body["id"] = id.into();
    body["activity_type"] = word(activity).into();
    body[time] = activity.time.to_string().into();
    body
}

fn shown_cash(cash: &Cash) -> Value {
    let mut body = json!({
        "date": cash.date.to_string(),
        "net_amount": decimal(cash.amount),
        "currency": "USD",
        "status": "executed",
        "description": cash.description,
    });
    if let Some(sub) = cash_word(cash.kind).1 {
        body["activity_sub_type"] = sub.into();
    }
    if let Some(symbol) = &cash.symbol {
        body["symbol"] = symbol.as_str().into();
    }
    if let Some(quantity) = cash.quantity {
        let each = cash.amount.checked_div(quantity.0).unwrap_or_default();
        body["qty"] = decimal(quantity.0);
        body["per_share_amount"] = decimal(each.round_dp(6));
    }
    body
}

/// What a listing of activities asks for.
struct Filter {
    words: Vec<String>,
    category: Option<&'static str>,
    order: Option<String>,
    date: Option<Date>,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
    oldest_first: bool,
    page_size: usize,
    page_token: Option<String>,
}

impl Filter {
    fn read(call: &Call<'_>, only: Option<&str>) -> Result<Self, ApiError> {
        let query = call.query;
        let category = query.word("category", &["trade_activity", "non_trade_activity"])?;
        let mut words: Vec<String> = query
            .list("activity_types")
            .into_iter()
            .map(str::to_owned)
            .collect();
        if category.is_some() && !words.is_empty() {
            return Err(ApiError::invalid(
                "category cannot be combined with activity_types",
            ));
        }
        words.extend(only.map(str::to_owned));
        let direction = query.word("direction", &["asc", "desc"])?;
        Ok(Self {
            words,
            category,
            order: query.get("order_id").map(str::to_owned),
            date: query.date("date", call.world.market.calendar())?,
            after: query.moment("after")?,
            until: query.moment("until")?,
            oldest_first: direction == Some("asc"),
            page_size: query.limit("page_size", PAGE, PAGE)?,
            page_token: query.get("page_token").map(str::to_owned),
        })
    }

    fn takes(&self, activity: &Activity, calendar: &Calendar) -> bool {
        let word = word(activity);
        let (is_trade, of_order) = match &activity.happening {
            Happening::Fill { order, .. } => (
                true,
                self.order.as_deref().is_none_or(|id| id == order.as_str()),
            ),
            Happening::Cash(_) => (false, self.order.is_none()),
        };
        let of_category = match self.category {
            Some("trade_activity") => is_trade,
            Some(_) => !is_trade,
            None => true,
        };
        of_category
            && of_order
            && (self.words.is_empty() || self.words.iter().any(|wanted| wanted == word))
            && self
                .date
                .is_none_or(|date| calendar.date_of(activity.time) == date)
            && self.after.is_none_or(|after| activity.time > after)
            && self.until.is_none_or(|until| activity.time < until)
    }
}
