//! `/accounts/{hash}/previewOrder`: what an order would cost, and whether it would be taken.

use super::{Instruction, request};
use crate::domain::{OrderDraft, OrderSize, Side};
use crate::sim::schwab::answer::{Answer, money, number, ok, stamp};
use crate::sim::schwab::instruments::spelled;
use crate::sim::schwab::site::Call;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// `POST /accounts/{hash}/previewOrder`.
pub(in crate::sim::schwab) fn preview(call: &Call<'_>, hash: &str) -> Answer {
    let account = call.account(hash)?;
    let customer = &call.world.customers[account];
    let market = &call.world.market;
    let request = request::parse(call.body)?;
    let (draft, instruction) = request.into_draft(customer, market)?;
    let figures = customer.figures(market);
    let prices = Prices::of(call, &draft);
    let units = units(&draft);
    let value = units * draft.kind.limit().map_or(prices.far, |limit| limit.0);
    let held = customer.held(&draft.symbol);
    let opens = !instruction.closes();
    let misfit = instruction.misfit(held, customer.profile.may_short());
    let short_of_cash = (opens && value > figures.buying_power)
        .then_some("You do not have enough available cash/buying power for this order.");
    let rejects: Vec<Value> = misfit
        .into_iter()
        .chain(short_of_cash)
        .map(|words| json!({"activityMessage": words, "originalSeverity": "REJECT"}))
        .collect();
    let left = figures.buying_power - if opens { value } else { Decimal::ZERO };
    let outcome = Outcome {
        value,
        left: left.max(Decimal::ZERO),
        rejected: !rejects.is_empty(),
    };
    let mut strategy = strategy(call, &draft, instruction, &prices, &outcome);
    strategy["accountNumber"] = customer.number.as_str().into();
    if let Some(limit) = draft.kind.limit() {
        strategy["price"] = number(limit.0);
    }
    let validation = match rejects.is_empty() {
        true => json!({}),
        false => json!({"rejects": rejects}),
    };
    ok(&json!({
        "orderId": 0,
        "orderStrategy": strategy,
        "orderValidationResult": validation,
        "commissionAndFee": commission(),
    }))
}

/// What would come of an order.
struct Outcome {
    value: Decimal,
    /// What could still be spent after it.
    left: Decimal,
    rejected: bool,
}

fn units(draft: &OrderDraft) -> Decimal {
    match draft.size {
        OrderSize::Quantity(quantity) => quantity.0,
        OrderSize::Notional(_) => Decimal::ZERO,
    }
}

fn strategy(
    call: &Call<'_>,
    draft: &OrderDraft,
    instruction: Instruction,
    prices: &Prices,
    outcome: &Outcome,
) -> Value {
    let units = units(draft);
    json!({
        "advancedOrderType": "NONE",
        "closeTime": stamp(call.now),
        "enteredTime": stamp(call.now),
        "orderBalance": {
            "orderValue": money(outcome.value),
            "projectedAvailableFund": money(outcome.left),
            "projectedBuyingPower": money(outcome.left),
            "projectedCommission": 0.0,
        },
        "orderStrategyType": "SINGLE",
        "orderVersion": 1,
        "session": if draft.extended_hours { "SEAMLESS" } else { "NORMAL" },
        "status": if outcome.rejected { "REJECTED" } else { "ACCEPTED" },
        "discretionary": false,
        "filledQuantity": 0.0,
        "orderValue": money(outcome.value),
        "quantity": number(units),
        "remainingQuantity": number(units),
        "sellNonMarginableFirst": false,
        "strategy": "NONE",
        "amountIndicator": "SHARES",
        "orderLegs": [{
            "askPrice": number(prices.ask),
            "bidPrice": number(prices.bid),
            "lastPrice": number(prices.last),
            "markPrice": number(prices.last),
            "projectedCommission": 0.0,
            "finalSymbol": spelled(&draft.symbol),
            "legId": 1,
            "assetType": "EQUITY",
            "instruction": instruction.word(),
            "positionEffect": if instruction.closes() { "CLOSING" } else { "OPENING" },
            "instrument": {"assetType": "EQUITY", "symbol": spelled(&draft.symbol)},
        }],
    })
}

struct Prices {
    bid: Decimal,
    ask: Decimal,
    last: Decimal,
    /// The price at which an order at the market would deal.
    far: Decimal,
}

impl Prices {
    fn of(call: &Call<'_>, draft: &OrderDraft) -> Self {
        let market = &call.world.market;
        let listing = market.find(&draft.symbol);
        let quote = listing.map(|listing| &market.line(listing).quote);
        let last = listing.and_then(|listing| market.mark(listing));
        let last = last.unwrap_or_default().0;
        let bid = quote.and_then(|quote| quote.bid).map_or(last, |bid| bid.0);
        let ask = quote.and_then(|quote| quote.ask).map_or(last, |ask| ask.0);
        let far = match draft.side {
            Side::Buy => ask,
            Side::Sell => bid,
        };
        Self {
            bid,
            ask,
            last,
            far,
        }
    }
}

fn commission() -> Value {
    let legs = json!({"commissionLegs": [{"commissionValues": [
        {"value": 0.0, "type": "BASE_CHARGE"},
        {"value": 0.0, "type": "COMMISSION"},
    ]}]});
    json!({
        "commission": legs,
        "fee": {"feeLegs": [{"feeValues": [
            {"value": 0.0, "type": "SEC_FEE"},
            {"value": 0.0, "type": "OPT_REG_FEE"},
            {"value": 0.0, "type": "TAF_FEE"},
        ]}]},
        "trueCommission": legs,
    })
}
