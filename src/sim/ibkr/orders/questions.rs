//! Questions that are asked before an order is taken: one at a time, each of its own id, and every one is
//! void as soon as anything else is asked for.

use super::super::answer::{Answer, Reply, declined, ok};
use super::super::data::{described, worded_price};
use super::super::site::Call;
use super::request::Wanted;
use super::{Intent, carry_out};
use crate::domain::{OrderKind, OrderSize, Side};
use http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Most messages that can be suppressed at once.
const SUPPRESSED_AT_MOST: usize = 51;

/// What there is to ask: the message's id and its words.
type Doubt = (&'static str, String);

/// A question that waits for its answer.
#[derive(Debug)]
pub(in crate::sim::ibkr) struct Question {
    id: String,
    intent: Intent,
    rest: VecDeque<Doubt>,
}

/// Asks what there is to ask of an intent, or carries it out.
pub(super) fn ask(call: &mut Call<'_>, intent: Intent, doubts: VecDeque<Doubt>) -> Answer {
    let suppressed = &call.trading()?.suppressed;
    let mut rest: VecDeque<Doubt> = doubts
        .into_iter()
        .filter(|(id, _)| !suppressed.contains(*id))
        .collect();
    let Some((message_id, words)) = rest.pop_front() else {
        return carry_out(call, intent);
    };
    let id = call.world.make_id().to_string();
    let body = json!([{
        "id": id,
        "message": [words],
        "isSuppressed": false,
        "messageIds": [message_id],
        "messageOptions": ["Yes", "No"],
    }]);
    call.trading()?.question = Some(Question { id, intent, rest });
    ok(&body)
}

/// `POST /iserver/reply/{id}`.
pub(super) fn reply(call: &mut Call<'_>, id: &str) -> Answer {
    let question = call.trading()?.question.take();
    let unknown = || {
        let words = format!("reply id not found: '{id}'");
        Reply::error(StatusCode::BAD_REQUEST, words)
    };
    let question = question.filter(|question| question.id == id);
    let question = question.ok_or_else(unknown)?;
    match call.body["confirmed"] == true {
        true => ask(call, question.intent, question.rest),
        false => Err(declined("Order not confirmed ")),
    }
}

/// `POST /iserver/questions/suppress`.
pub(super) fn suppress(call: &mut Call<'_>) -> Answer {
    let ids = call.body["messageIds"].as_array();
    let ids = ids.filter(|ids| ids.len() <= SUPPRESSED_AT_MOST);
    let ids = ids.ok_or_else(|| Reply::bad_request("messageIds are missing or too many"))?;
    let ids: Vec<String> = ids
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    call.trading()?.suppressed.extend(ids);
    ok(&json!({"status": "submitted"}))
}

/// `POST /iserver/questions/suppress/reset`.
pub(super) fn reset(call: &mut Call<'_>) -> Answer {
    call.trading()?.suppressed.clear();
    ok(&json!({"status": "submitted"}))
}

/// What there is to ask of an order.
pub(super) fn doubts(call: &mut Call<'_>, wanted: &Wanted) -> Result<Vec<Doubt>, Reply> {
    let mut doubts = Vec::new();
    if !call.trading()?.watched.contains(&wanted.listing) {
        let words = "You are submitting an order without market data. We strongly recommend \
                     against this as it may result in erroneous and unexpected trades.\n\
                     Are you sure you want to submit this order?";
        doubts.push(("o354", words.to_owned()));
    }
    if is_far(call, wanted, Decimal::new(3, 2)) {
        let words = format!(
            "The following order \"{}\" price exceeds \nthe Percentage constraint of 3%.\n\
             Are you sure you want to submit this order?",
            worded(call, wanted)
        );
        doubts.push(("o163", words));
    }
    match wanted.draft.kind {
        OrderKind::Market => {
            let words = "You are about to submit a market order. A market order may be filled at \
                         a price that is worse than the displayed one.\n\
                         Are you sure you want to submit this order?";
            doubts.push(("o10151", words.to_owned()));
        }
        OrderKind::Stop { .. } => {
            let words = "You are about to submit a stop order. Please be aware of the various \
                         stop order types available and the risks associated with each one.\n\
                         Are you sure you want to submit this order?";
            doubts.push(("o10152", words.to_owned()));
        }
        OrderKind::Limit { .. } | OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. } => {}
    }
    Ok(doubts)
}

/// The words for a limit that nobody would want; `None` where the limit is not far on the wrong side.
pub(super) fn refusal_of_price(call: &Call<'_>, wanted: &Wanted) -> Option<Reply> {
    let mark = call.world.market.mark(wanted.listing)?.0;
    let OrderKind::Limit { limit } = wanted.draft.kind else {
        return None;
    };
    let is_wrong = match wanted.draft.side {
        Side::Buy => limit.0 > mark,
        Side::Sell => limit.0 < mark,
    };
    (is_wrong && is_far(call, wanted, Decimal::new(3, 1))).then(|| {
        declined(format!(
            "We cannot accept an order at the limit price you selected. Please submit your order \
             using a limit price that is closer to the current market price of {}. Alternatively, \
             you can convert your order to an Algorithmic Order (IBALGO).",
            worded_price(call, wanted.listing)
        ))
    })
}

/// Whether a limit is more than a share away from the market.
fn is_far(call: &Call<'_>, wanted: &Wanted, share: Decimal) -> bool {
    let mark = call.world.market.mark(wanted.listing);
    let (Some(mark), Some(limit)) = (mark, wanted.draft.kind.limit()) else {
        return false;
    };
    (limit.0 - mark.0).abs() > mark.0 * share
}

/// An order in the words of a question: `BUY 5 AAPL NASDAQ.NMS @ 150.0`.
pub(super) fn worded(call: &Call<'_>, wanted: &Wanted) -> String {
    let draft = &wanted.draft;
    let side = draft.side.as_str().to_uppercase();
    let units = match draft.size {
        OrderSize::Quantity(quantity) => quantity.0.normalize(),
        OrderSize::Notional(amount) => amount,
    };
    let price = draft.kind.limit().or(draft.kind.stop());
    let price = price.map_or_else(String::new, |price| {
        format!(" @ {}", super::super::answer::text(price.0))
    });
    format!("{side} {units} {}{price}", described(call, &draft.symbol))
}
