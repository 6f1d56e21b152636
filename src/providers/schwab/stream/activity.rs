//! Account activity: what an event says of an order that is known.
//!
//! An event names its order by id and tells what changed. Only what the manual shows is taken from it; everything else
//! waits for the next reading of orders.

use crate::domain::{
    AccountActivity, ActivityKind, Order, OrderState, Price, Quantity, Text, Timestamp,
};
use crate::net::json;
use crate::providers::fields::{Field, Unreadable};
use crate::providers::provider::StreamEvent;
use crate::providers::schwab::known::Known;
use crate::providers::schwab::translate::symbol;
use crate::providers::schwab::wire::ByText;
use rust_decimal::Decimal;
use serde::Deserialize;

/// Types whose orders are read again soon enough by themselves.
const ASIDE: [&str; 14] = [
    "SUBSCRIBED",
    "OrderCreated",
    "OrderAccepted",
    "ExecutionRequested",
    "ExecutionRequestCreated",
    "ExecutionRequestCompleted",
    "ExecutionCreated",
    "ChangeCreated",
    "ChangeAccepted",
    "OrderMonitorCreated",
    "OrderMonitorUpdated",
    "OrderMonitorCompleted",
    "OrderRejected",
    "OrderExpired",
];

/// `{"SchwabOrderID":…,"BaseEvent":{"EventType":…,"<payload>":{…}}}`
#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Event<'a> {
    #[serde(rename = "SchwabOrderID")]
    order: Field<'a>,
    #[serde(rename = "BaseEvent")]
    base: Option<ByText<'a, Field<'a>>>,
}

/// Everything that the payloads we read hold.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Payload<'a> {
    quantity_info: Option<QuantityInfo>,
    execution_info: Option<ExecutionInfo<'a>>,
    order_info_for_transaction_posting: Option<Posting<'a>>,
    out_cancel_type: Field<'a>,
    validation_detail: Option<Vec<Validation<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct QuantityInfo {
    cumulative_quantity: Option<Scaled>,
    leaves_quantity: Option<Scaled>,
    average_price: Option<Scaled>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct ExecutionInfo<'a> {
    execution_id: Field<'a>,
    execution_quantity: Option<Scaled>,
    execution_price: Option<Scaled>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Posting<'a> {
    symbol: Field<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Validation<'a> {
    #[serde(rename = "NgOMSRuleDescription")]
    description: Field<'a>,
}

/// A decimal as protobuf-net writes it: `{"lo":"220470000","signScale":12}` is 220.47. A missing part is zero.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Scaled {
    lo: Part,
    mid: Part,
    hi: Part,
    #[serde(rename = "signScale")]
    sign_scale: Part,
}

/// A whole number, as a text or as a number.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Part {
    Number(u64),
    Text(String),
    #[default]
    Nothing,
}

impl Part {
    fn value(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            Self::Nothing => Some(0),
        }
    }
}

impl Scaled {
    fn decimal(&self) -> Result<Decimal, Unreadable> {
        self.value().ok_or(Unreadable("a number"))
    }

    fn value(&self) -> Option<Decimal> {
        let sign_scale = self.sign_scale.value()?;
        let scale = u32::try_from(sign_scale >> 1).ok()?;
        if self.mid.value()? != 0 {
            return None; // no such number was ever seen
        }
        let high = u32::try_from(self.hi.value()?).ok()?;
        let whole = (i128::from(high) << 64) | i128::from(self.lo.value()?);
        let signed = if sign_scale & 1 == 1 { -whole } else { whole };
        let value = Decimal::try_from_i128_with_scale(signed, scale).ok()?;
        Some(value.normalize())
    }
}

/// What follows from one event of the type `kind`, told at `told`.
pub(super) fn events(
    kind: &str,
    content: &str,
    told: Option<Timestamp>,
    known: &Known,
) -> Result<Vec<StreamEvent>, Unreadable> {
    if ASIDE.contains(&kind) {
        return Ok(Vec::new());
    }
    if kind == "ERROR" {
        return Ok(vec![StreamEvent::Trouble {
            what: format!("account activity: {}", Text::at_most(content, 128)).into(),
        }]);
    }
    let event: Event<'_> =
        json::parse_object(content.as_bytes()).map_err(|_| Unreadable("its content"))?;
    let id = event.order.text().ok_or(Unreadable("its order"))?;
    let id = Text::from(id.as_ref());
    let payload = payload(&event)?;
    match kind {
        "OrderFillCompleted" => filled(&id, &payload, told, known),
        "CancelAccepted" => Ok(step(&id, known, &OrderState::CancelPending)),
        "CancelRejected" => Ok(vec![StreamEvent::Trouble {
            what: format!("the cancel of order {id} was refused").into(),
        }]),
        "OrderUROutCompleted" => {
            Ok(ended(&payload).map_or_else(Vec::new, |state| step(&id, known, &state)))
        }
        _ => Err(Unreadable("its type")),
    }
}

/// The payload has a name of its own for each type, beside the type.
fn payload<'a>(event: &Event<'a>) -> Result<Payload<'a>, Unreadable> {
    let parts = event.base.iter().flat_map(|base| base.values());
    let mut objects = parts.filter_map(|part| part.raw());
    let Some(object) = objects.find(|raw| raw.get().starts_with('{')) else {
        return Ok(Payload::default());
    };
    json::parse_object(object.get().as_bytes()).map_err(|_| Unreadable("its payload"))
}

/// A whole order, or a part of it, has filled.
fn filled(
    id: &Text,
    payload: &Payload<'_>,
    told: Option<Timestamp>,
    known: &Known,
) -> Result<Vec<StreamEvent>, Unreadable> {
    let info = payload
        .quantity_info
        .as_ref()
        .ok_or(Unreadable("the quantities"))?;
    let part = |part: &Option<Scaled>| part.as_ref().map(Scaled::decimal).transpose();
    let sum = part(&info.cumulative_quantity)?.ok_or(Unreadable("the quantities"))?;
    let left = part(&info.leaves_quantity)?;
    let average = part(&info.average_price)?;
    let posting = payload.order_info_for_transaction_posting.as_ref();
    let traded = posting.and_then(|it| it.symbol.text().map(|text| symbol::ours(&text)));
    let mut is_own = false;
    let order = known.change(id, |order| {
        // A leg of a spread says nothing of the whole.
        is_own = traded.as_ref().is_none_or(|it| *it == order.draft.symbol);
        if is_own && sum >= order.filled.0 {
            order.filled = Quantity(sum);
            order.average_price = average.map(Price).or(order.average_price);
            if left.is_some_and(|left| left.is_zero()) && !sum.is_zero() {
                advance(order, &OrderState::Filled);
            }
        }
    });
    let Some(order) = order.filter(|_| is_own) else {
        return Ok(Vec::new());
    };
    let fill = execution(payload, &order, told)?;
    let mut events = vec![StreamEvent::Order(Box::new(order))];
    events.extend(fill.map(|fill| StreamEvent::Fill(Box::new(fill))));
    Ok(events)
}

fn execution(
    payload: &Payload<'_>,
    order: &Order,
    told: Option<Timestamp>,
) -> Result<Option<AccountActivity>, Unreadable> {
    let Some(info) = &payload.execution_info else {
        return Ok(None);
    };
    let (Some(id), Some(quantity), Some(price)) = (
        info.execution_id.text(),
        &info.execution_quantity,
        &info.execution_price,
    ) else {
        return Ok(None);
    };
    Ok(Some(AccountActivity {
        account: order.draft.account.clone(),
        provider_id: id.as_ref().into(),
        // Its own stamps do not say in which zone they are.
        time: told.unwrap_or(order.updated),
        kind: ActivityKind::Fill {
            symbol: order.draft.symbol.clone(),
            side: order.draft.side,
            quantity: Quantity(quantity.decimal()?),
            price: Price(price.decimal()?),
            order: order.provider_id.clone().unwrap_or_default(),
        },
    }))
}

/// How an order that is out ended, where the event says it.
fn ended(payload: &Payload<'_>) -> Option<OrderState> {
    match payload.out_cancel_type.text().as_deref() {
        Some("ClientCancel") => Some(OrderState::Cancelled),
        Some("SystemReject") => {
            let details = payload.validation_detail.iter().flatten();
            let words: Vec<String> = details
                .filter_map(|it| Some(it.description.text()?.into_owned()))
                .collect();
            let reason = match words.is_empty() {
                true => "the venue gave no reason".into(),
                false => words.join("; ").into(),
            };
            Some(OrderState::Rejected { reason })
        }
        _ => None,
    }
}

fn step(id: &Text, known: &Known, state: &OrderState) -> Vec<StreamEvent> {
    let order = known.change(id, |order| advance(order, state));
    let event = order.map(|order| StreamEvent::Order(Box::new(order)));
    event.into_iter().collect()
}

fn advance(order: &mut Order, state: &OrderState) {
    if order.state.may_become(state) {
        order.state = state.clone();
    }
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
