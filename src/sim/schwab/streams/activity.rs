//! Account activity: what happened to orders, as JSON in a text, decimals in the form a .NET program
//! writes them.

use crate::domain::{ClientOrderId, OrderKind, Price, Side, Timestamp};
use crate::sim::schwab::instruments::{cusip, number_of, spelled};
use crate::sim::schwab::orders::{Rejected, id::order_id};
use crate::sim::schwab::people::Person;
use crate::sim::schwab::shared::News;
use crate::sim::world::{BookedOrder, Customer, Notice, NoticeKind, World};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Places of a decimal on this wire.
const PLACES: u32 = 6;

/// One message.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) account: String,
    pub(super) kind: &'static str,
    pub(super) body: Value,
}

/// What a person is told of news; nothing of other people's.
pub(super) fn events(world: &World, person: &Person, news: &News) -> Vec<Event> {
    match news {
        News::Order(notice) if person.accounts.contains(&notice.customer) => {
            let teller = Teller {
                account: notice.customer,
                customer: &world.customers[notice.customer],
            };
            teller.booked(notice)
        }
        News::Rejected(rejected) if person.accounts.contains(&rejected.account) => {
            let teller = Teller {
                account: rejected.account,
                customer: &world.customers[rejected.account],
            };
            teller.rejected(rejected)
        }
        News::Order(_) | News::Rejected(_) => Vec::new(),
    }
}

struct Teller<'a> {
    account: usize,
    customer: &'a Customer,
}

impl Teller<'_> {
    fn booked(&self, notice: &Notice) -> Vec<Event> {
        let (order, time) = (&notice.order, notice.time);
        let number = self.number(&order.id);
        let event = |kind, payload, body| vec![self.event(&number, kind, (payload, body))];
        let out = |how, why| vec![self.out(&number, order, how, why)];
        match &notice.kind {
            NoticeKind::Accepted => self.taken(order, &number, time),
            NoticeKind::Working => {
                let body = routed(&number, time);
                event(
                    "ExecutionRequestCompleted",
                    "ExecutionRequestCompletedEvent",
                    body,
                )
            }
            NoticeKind::Filled {
                execution,
                price,
                quantity,
                complete,
                ..
            } => {
                let dealt = Dealt {
                    execution: execution.to_string(),
                    price: *price,
                    quantity: quantity.0,
                    time,
                };
                let (kind, payload) = match complete {
                    true => (
                        "OrderFillCompleted",
                        "OrderFillCompletedEventOrderLegQuantityInfo",
                    ),
                    false => ("ExecutionCreated", "ExecutionCreatedEventExecutionInfo"),
                };
                event(kind, payload, dealt.body(order, &number, *complete))
            }
            NoticeKind::PendingCancel => {
                let body = cancel_accepted(order, &number, time);
                event("CancelAccepted", "CancelAcceptedEvent", body)
            }
            NoticeKind::PendingReplace => self.replacement(order, time),
            NoticeKind::Cancelled => out("ClientCancel", None),
            NoticeKind::Replaced => out("ClientReplace", None),
            NoticeKind::Expired => out("Expired", None),
            NoticeKind::Rejected => out("SystemReject", Some("Rejected")),
            NoticeKind::CancelRejected => {
                let body = json!({"CancelTimeStamp": moment(time)});
                event("CancelRejected", "CancelRejectedEvent", body)
            }
            NoticeKind::Resized | NoticeKind::ReplaceRejected => Vec::new(),
        }
    }

    fn taken(&self, order: &BookedOrder, number: &str, time: Timestamp) -> Vec<Event> {
        let accepted = json!({
            "CreatedTimeStamp": moment(time),
            "ExpiryTimeStamp": moment(time),
            "Status": "Accepted",
        });
        let made = self.made(order, number);
        vec![
            self.event(
                number,
                "OrderCreated",
                ("OrderCreatedEventEquityOrder", made),
            ),
            self.event(number, "OrderAccepted", ("OrderAcceptedEvent", accepted)),
        ]
    }

    fn rejected(&self, rejected: &Rejected) -> Vec<Event> {
        let number = rejected.number.to_string();
        let made = self.made(&rejected.order, &number);
        vec![
            self.event(
                &number,
                "OrderCreated",
                ("OrderCreatedEventEquityOrder", made),
            ),
            self.out(
                &number,
                &rejected.order,
                "SystemReject",
                Some(&rejected.why),
            ),
        ]
    }

    fn number(&self, id: &ClientOrderId) -> String {
        order_id(self.account, self.customer, id).to_string()
    }

    fn event(&self, number: &str, kind: &'static str, (payload, body): (&str, Value)) -> Event {
        let mut body = body;
        body["EventType"] = kind.into();
        Event {
            account: self.customer.number.clone(),
            kind,
            body: json!({
                "SchwabOrderID": number,
                "AccountNumber": self.customer.number,
                "BaseEvent": {"EventType": kind, payload: body},
            }),
        }
    }

    /// The order that is to take another one's place.
    fn replacement(&self, old: &BookedOrder, time: Timestamp) -> Vec<Event> {
        let mut orders = self.customer.orders.iter().rev();
        let new = orders.find(|order| order.replaces.as_ref() == Some(&old.id));
        let Some(new) = new else {
            return Vec::new();
        };
        let number = self.number(&new.id);
        let mut made = self.made(new, &number);
        made["ParentSchwabOrderID"] = self.number(&old.id).into();
        vec![
            self.event(
                &number,
                "ChangeCreated",
                ("ChangeCreatedEventEquityOrder", made),
            ),
            self.event(
                &number,
                "ChangeAccepted",
                (
                    "ChangeAcceptedEvent",
                    json!({"CreatedTimeStamp": moment(time)}),
                ),
            ),
        ]
    }

    fn made(&self, order: &BookedOrder, number: &str) -> Value {
        let quantity = decimal(order.quantity().unwrap_or_default());
        json!({"Order": {
            "SchwabOrderID": number,
            "AccountNumber": self.customer.number,
            "Order": {
                "AccountInfo": {"AccountNumber": self.customer.number},
                "LifecycleSchwabOrderID": number,
                "EntryTimestamp": moment(order.created),
                "AssetOrderEquityOrderLeg": {
                    "OrderInstruction": {"ExecutionStrategy": strategy(order)},
                    "AssetType": "MajorAssetType_Equity",
                    "TimeInForce": "Day",
                    "OrderTypeCode": type_code(&order.draft.kind),
                    "OrderLegs": [{
                        "LegID": number,
                        "Quantity": quantity,
                        "LeavesQuantity": quantity,
                        "BuySellCode": side_code(order.draft.side),
                        "Security": security(order),
                    }],
                },
            },
        }})
    }

    /// The end of an order that did not fill.
    fn out(&self, number: &str, order: &BookedOrder, how: &str, why: Option<&str>) -> Event {
        let details: Vec<Value> = why
            .into_iter()
            .map(|why| json!({"NgOMSRuleName": "SimulatedRule", "NgOMSRuleDescription": why}))
            .collect();
        let body = json!({
            "LegId": number,
            "LeavesQuantity": decimal(Decimal::ZERO),
            "CancelQuantity": decimal(order.leaves()),
            "OutCancelType": how,
            "ValidationDetail": details,
        });
        self.event(
            number,
            "OrderUROutCompleted",
            ("OrderUROutCompletedEvent", body),
        )
    }
}

struct Dealt {
    execution: String,
    price: Price,
    quantity: Decimal,
    time: Timestamp,
}

impl Dealt {
    fn body(&self, order: &BookedOrder, number: &str, complete: bool) -> Value {
        let execution = json!({
            "ExecutionSequenceNumber": 1,
            "ExecutionId": self.execution,
            "VenueExecutionID": self.execution,
            "ExecutionQuantity": decimal(self.quantity),
            "ExecutionPrice": decimal(self.price.0),
            "ExecutionTimeStamp": moment(self.time),
            "ExecutionTransType": "Fill",
            "ActualChargedCommissionAmount": decimal(Decimal::ZERO),
            "ClientOrderID": format!("{number}.1"),
        });
        json!({
            "LegId": number,
            "LegStatus": if complete { "LegClosed" } else { "LegOpen" },
            "QuantityInfo": {
                "ExecutionID": self.execution,
                "CumulativeQuantity": decimal(order.filled),
                "LeavesQuantity": decimal(order.leaves()),
                "AveragePrice": decimal(order.average.unwrap_or_default().0),
            },
            "LegSubStatus": if complete { "LegSubStatusFilled" } else { "LegSubStatusPartialFilled" },
            "ExecutionInfo": execution,
            "OrderInfoForTransactionPosting": {
                "OrderTypeCode": type_code(&order.draft.kind),
                "BuySellCode": side_code(order.draft.side),
                "Quantity": decimal(order.quantity().unwrap_or_default()),
                "Symbol": spelled(&order.draft.symbol),
                "SchwabSecurityID": number_of(&order.draft.symbol).to_string(),
            },
        })
    }
}

fn routed(number: &str, time: Timestamp) -> Value {
    json!({
        "LegId": number,
        "ResponseType": "Accepted",
        "ExecutionTime": moment(time),
        "RouteStatus": "RouteVenueAccepted",
        "ClientOrderID": format!("{number}.1"),
    })
}

fn cancel_accepted(order: &BookedOrder, number: &str, time: Timestamp) -> Value {
    json!({
        "LifecycleSchwabOrderID": number,
        "AutoConfirm": true,
        "CancelTimeStamp": moment(time),
        "LegCancelRequestInfoList": [{
            "LegID": number,
            "IntendedOrderQuantity": decimal(order.quantity().unwrap_or_default()),
            "RequestedAmount": decimal(order.leaves()),
            "LegStatus": "LegOpen",
            "LegSubStatus": "LegSubStatusCancelled",
            "CancelAcceptedTime": moment(time),
        }],
        "CancelRequestType": "ClientCancel",
    })
}

fn strategy(order: &BookedOrder) -> Value {
    match order.draft.kind.limit() {
        Some(limit) => json!({
            "Type": "ES_Limit",
            "LimitExecutionStrategy": {"Type": "ES_Limit", "LimitPrice": decimal(limit.0)},
        }),
        None => json!({"Type": "ES_Market"}),
    }
}

fn type_code(kind: &OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "Market",
        OrderKind::Limit { .. } => "Limit",
        OrderKind::Stop { .. } => "Stop",
        OrderKind::StopLimit { .. } => "StopLimit",
        OrderKind::TrailingStop { .. } => "TrailingStop",
    }
}

fn side_code(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

fn security(order: &BookedOrder) -> Value {
    let symbol = &order.draft.symbol;
    json!({
        "SchwabSecurityID": number_of(symbol).to_string(),
        "Symbol": spelled(symbol),
        "UnderlyingSymbol": spelled(symbol),
        "MajorAssetType": "MajorAssetType_Equity",
        "CUSIP": cusip(symbol),
    })
}

/// A time as this stream has it: to the millisecond, without a zone.
fn moment(time: Timestamp) -> Value {
    let text = time
        .in_zone(&TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S%.3f");
    json!({"DateTimeString": text.to_string()})
}

/// A decimal as protobuf-net writes it: the digits as a whole number, and twice their places with the
/// sign as the lowest bit. Nothing is written for zero.
fn decimal(amount: Decimal) -> Value {
    let mut scaled = amount.abs().round_dp(PLACES);
    scaled.rescale(PLACES);
    let sign = u32::from(amount.is_sign_negative() && !amount.is_zero());
    let mut body = json!({"signScale": (PLACES << 1) | sign});
    if !scaled.is_zero() {
        body["lo"] = scaled.mantissa().to_string().into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_as_whole_numbers_with_their_places() {
        let of = |text: &str| decimal(text.parse().unwrap());
        assert_eq!(of("220.47"), json!({"lo": "220470000", "signScale": 12}));
        assert_eq!(of("-1.5"), json!({"lo": "1500000", "signScale": 13}));
        assert_eq!(of("0"), json!({"signScale": 12}));
    }
}
