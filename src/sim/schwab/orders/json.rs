//! Orders as the provider writes them.

use super::id::order_id;
use super::{Desk, Instruction, Rejected};
use crate::domain::{ClientOrderId, OrderKind, TimeInForce, TrailBy};
use crate::sim::market::Market;
use crate::sim::schwab::answer::{number, stamp};
use crate::sim::schwab::instruments::{cusip, is_fund, number_of, spelled};
use crate::sim::schwab::transactions::activity_id;
use crate::sim::world::{Activity, BookedOrder, Customer, Group, Happening, Standing};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashMap;

/// An account's orders with what they are shown beside.
pub(super) struct Orders<'a> {
    pub(super) account: usize,
    pub(super) customer: &'a Customer,
    market: &'a Market,
    desk: &'a Desk,
    /// Executions by order, each with its place in the account's history.
    fills: HashMap<&'a ClientOrderId, Vec<(usize, &'a Activity)>>,
}

impl<'a> Orders<'a> {
    pub(super) fn of(
        account: usize,
        customer: &'a Customer,
        market: &'a Market,
        desk: &'a Desk,
    ) -> Self {
        let mut fills: HashMap<_, Vec<_>> = HashMap::new();
        for (place, activity) in customer.activities.iter().enumerate() {
            if let Happening::Fill { order, .. } = &activity.happening {
                fills.entry(order).or_default().push((place, activity));
            }
        }
        Self {
            account,
            customer,
            market,
            desk,
            fills,
        }
    }

    /// An order in the books; those that wait for it inside it.
    pub(super) fn shown(&self, order: &BookedOrder) -> Value {
        let legs: Vec<&BookedOrder> = self.customer.legs_of(order).collect();
        let is_pair = order.group.as_ref().is_some_and(Self::is_pair);
        match legs.as_slice() {
            [] => self.single(order),
            exits if is_pair => {
                let mut inside = vec![self.single(order)];
                inside.extend(exits.iter().map(|exit| self.single(exit)));
                self.enclosing(order, inside)
            }
            [exit] => {
                let mut body = self.single(order);
                body["orderStrategyType"] = "TRIGGER".into();
                body["childOrderStrategies"] = json!([self.single(exit)]);
                body
            }
            exits => {
                let inside = exits.iter().map(|exit| self.single(exit)).collect();
                let mut body = self.single(order);
                body["orderStrategyType"] = "TRIGGER".into();
                body["childOrderStrategies"] = json!([self.enclosing(exits[0], inside)]);
                body
            }
        }
    }

    fn is_pair(group: &Group) -> bool {
        matches!(group.exits, crate::domain::Exits::OneCancelsOther { .. })
    }

    /// The strategy around two exits, which is numbered like its first one.
    fn enclosing(&self, first: &BookedOrder, inside: Vec<Value>) -> Value {
        json!({
            "orderStrategyType": "OCO",
            "orderId": order_id(self.account, self.customer, &first.id),
            "cancelable": first.standing.is_open(),
            "editable": false,
            "status": status(first),
            "enteredTime": stamp(first.created),
            "accountNumber": self.account_number(),
            "childOrderStrategies": inside,
        })
    }

    /// A number here, whatever it is elsewhere.
    fn account_number(&self) -> Value {
        self.customer
            .number
            .parse::<u64>()
            .unwrap_or_default()
            .into()
    }

    fn single(&self, order: &BookedOrder) -> Value {
        let number = order_id(self.account, self.customer, &order.id);
        let mut body = self.plain(order, number, self.instruction(order));
        let executions = self.executions(order);
        if !executions.is_empty() {
            body["orderActivityCollection"] = executions.into();
        }
        body
    }

    /// An order that never came into the books.
    pub(super) fn rejected(&self, rejected: &Rejected) -> Value {
        let mut body = self.plain(&rejected.order, rejected.number, rejected.instruction);
        body["statusDescription"] = rejected.why.as_str().into();
        body
    }

    fn plain(&self, order: &BookedOrder, id: u64, instruction: Instruction) -> Value {
        let quantity = order.quantity().unwrap_or_default();
        let open = order.standing.is_open();
        let left = if open { order.leaves() } else { Decimal::ZERO };
        let mut body = json!({
            "session": if order.draft.extended_hours { "SEAMLESS" } else { "NORMAL" },
            "duration": duration(order.draft.time_in_force),
            "orderType": kind_word(order),
            "complexOrderStrategyType": "NONE",
            "quantity": number(quantity),
            "filledQuantity": number(order.filled),
            "remainingQuantity": number(left),
            "requestedDestination": "AUTO",
            "destinationLinkName": "AutoRoute",
            "orderLegCollection": [self.leg(order, quantity, instruction)],
            "orderStrategyType": "SINGLE",
            "orderId": id,
            "cancelable": open && order.standing != Standing::CancelPending,
            "editable": order.standing == Standing::Working,
            "status": status(order),
            "enteredTime": stamp(order.created),
            "tag": "API_TOS:simulated",
            "accountNumber": self.account_number(),
        });
        if let Some(ended) = order.ended {
            body["closeTime"] = stamp(ended);
        }
        self.add_prices(order, &mut body);
        body
    }

    fn add_prices(&self, order: &BookedOrder, body: &mut Value) {
        if let Some(limit) = order.draft.kind.limit() {
            body["price"] = number(limit.0);
        }
        let stop = order
            .trail
            .map(|(_, stop)| stop)
            .or(order.draft.kind.stop());
        if let Some(stop) = stop {
            body["stopPrice"] = number(stop.0.round_dp(4));
        }
        if let OrderKind::TrailingStop { trail } = order.draft.kind {
            let (word, offset) = match trail {
                TrailBy::Price(distance) => ("VALUE", distance.0),
                TrailBy::Percent(percent) => ("PERCENT", percent),
            };
            body["stopPriceLinkBasis"] = "LAST".into();
            body["stopPriceLinkType"] = word.into();
            body["stopPriceOffset"] = number(offset);
        }
    }

    fn leg(&self, order: &BookedOrder, quantity: Decimal, instruction: Instruction) -> Value {
        let symbol = &order.draft.symbol;
        let listing = self
            .market
            .find(symbol)
            .map(|index| &self.market.listings()[index]);
        let asset = match listing.is_some_and(is_fund) {
            true => "COLLECTIVE_INVESTMENT",
            false => "EQUITY",
        };
        json!({
            "orderLegType": "EQUITY",
            "legId": 1,
            "instrument": {
                "assetType": asset,
                "cusip": cusip(symbol),
                "symbol": spelled(symbol),
                "instrumentId": number_of(symbol),
            },
            "instruction": instruction.word(),
            "positionEffect": if instruction.closes() { "CLOSING" } else { "OPENING" },
            "quantity": number(quantity),
        })
    }

    /// As it was given, or, of an order of the past, as its executions tell.
    fn instruction(&self, order: &BookedOrder) -> Instruction {
        if let Some(given) = self.desk.instructions.get(&order.id) {
            return *given;
        }
        let is_short = |(_, activity): &(usize, &Activity)| {
            matches!(activity.happening, Happening::Fill { short: true, .. })
        };
        let fills = self.fills.get(&order.id);
        let short = fills.is_some_and(|fills| fills.iter().any(is_short));
        Instruction::plain(order.draft.side, short)
    }

    fn executions(&self, order: &BookedOrder) -> Vec<Value> {
        let fills = self.fills.get(&order.id).into_iter().flatten();
        let mut rows: Vec<Value> = fills
            .filter_map(|(place, activity)| self.execution(*place, activity))
            .collect();
        let ended = matches!(order.standing, Standing::Cancelled | Standing::Expired);
        if let Some(time) = order.ended.filter(|_| ended) {
            rows.push(json!({
                "activityType": "EXECUTION",
                "executionType": "CANCELED",
                "quantity": number(order.leaves()),
                "orderRemainingQuantity": 0.0,
                "executionLegs": [{
                    "legId": 1,
                    "quantity": number(order.leaves()),
                    "mismarkedQuantity": 0.0,
                    "price": 0.0,
                    "time": stamp(time),
                    "instrumentId": number_of(&order.draft.symbol),
                }],
            }));
        }
        rows
    }

    fn execution(&self, place: usize, activity: &Activity) -> Option<Value> {
        let Happening::Fill {
            symbol,
            quantity,
            price,
            leaves,
            ..
        } = &activity.happening
        else {
            return None;
        };
        Some(json!({
            "activityType": "EXECUTION",
            "activityId": activity_id(self.account, place),
            "executionType": "FILL",
            "quantity": number(quantity.0),
            "orderRemainingQuantity": number(leaves.0),
            "executionLegs": [{
                "legId": 1,
                "quantity": number(quantity.0),
                "mismarkedQuantity": 0.0,
                "price": number(price.0),
                "time": stamp(activity.time),
                "instrumentId": number_of(symbol),
            }],
        }))
    }
}

fn duration(time: TimeInForce) -> &'static str {
    match time {
        TimeInForce::Day | TimeInForce::AtTheOpen | TimeInForce::AtTheClose => "DAY",
        TimeInForce::GoodTilCancelled => "GOOD_TILL_CANCEL",
        TimeInForce::ImmediateOrCancel => "IMMEDIATE_OR_CANCEL",
        TimeInForce::FillOrKill => "FILL_OR_KILL",
    }
}

fn kind_word(order: &BookedOrder) -> &'static str {
    let at_close = order.draft.time_in_force == TimeInForce::AtTheClose;
    match order.draft.kind {
        OrderKind::Market if at_close => "MARKET_ON_CLOSE",
        OrderKind::Market => "MARKET",
        OrderKind::Limit { .. } if at_close => "LIMIT_ON_CLOSE",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Stop { .. } => "STOP",
        OrderKind::StopLimit { .. } => "STOP_LIMIT",
        OrderKind::TrailingStop { .. } => "TRAILING_STOP",
    }
}

/// The provider's word for where an order stands; there is none for one that is filled in part.
pub(super) fn status(order: &BookedOrder) -> &'static str {
    match (order.standing, order.draft.kind) {
        (Standing::Accepted, _) => "PENDING_ACTIVATION",
        (Standing::Held, _) => "AWAITING_PARENT_ORDER",
        (Standing::Working, OrderKind::Stop { .. } | OrderKind::TrailingStop { .. })
            if order.filled.is_zero() =>
        {
            "AWAITING_STOP_CONDITION"
        }
        (Standing::Working, _) => "WORKING",
        (Standing::CancelPending, _) => "PENDING_CANCEL",
        (Standing::ReplacePending, _) => "PENDING_REPLACE",
        (Standing::Filled, _) => "FILLED",
        (Standing::Cancelled, _) => "CANCELED",
        (Standing::Expired, _) => "EXPIRED",
        (Standing::Replaced, _) => "REPLACED",
        (Standing::Rejected, _) => "REJECTED",
    }
}
