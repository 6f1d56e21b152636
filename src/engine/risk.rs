//! Pre-trade checks: a draft becomes [`Approved`] or a reason why not.
//!
//! Nothing but this file can make an `Approved`, and no provider accepts anything else, so an order
//! that was not checked cannot be sent.

use crate::domain::order::OrderChange;
use crate::domain::{
    Account, ClientOrderId, Environment, Exits, Instrument, Mode, Order, OrderDraft, OrderKind,
    OrderSize, OrderState, Side, Text, TimeInForce, TrailBy,
};
use rust_decimal::Decimal;
use std::marker::PhantomData;

/// Marks what goes to a paper venue.
#[derive(Debug)]
pub enum Paper {}

/// Marks what goes to a broker and may cost money.
#[derive(Debug)]
pub enum Live {}

/// An order, or a change of one, that passed every check for the venue `M`.
///
/// ```compile_fail
/// use tradedeck::domain::ClientOrderId;
/// use tradedeck::engine::risk::{Approved, Paper};
/// let forged: Approved<Paper, u8> = Approved { id: ClientOrderId::new("a"), what: 0, venue: std::marker::PhantomData };
/// ```
#[derive(Debug)]
pub struct Approved<M, T = OrderDraft> {
    id: ClientOrderId,
    what: T,
    venue: PhantomData<M>,
}

impl<M, T> Approved<M, T> {
    /// Our name of the order; the venue refuses a second one with it.
    pub fn id(&self) -> &ClientOrderId {
        &self.id
    }

    /// What was approved.
    pub fn what(&self) -> &T {
        &self.what
    }

    fn new(id: ClientOrderId, what: T) -> Self {
        Self {
            id,
            what,
            venue: PhantomData,
        }
    }
}

/// A change of an order that passed every check; its id names the order that takes the place.
pub type ApprovedChange<M> = Approved<M, OrderChange>;

/// What a person is told in a run that may change nothing.
pub(crate) const READ_ONLY: &str = "this run is read-only; start without --read-only to trade";

/// What a person is told while a venue waits for an answer: it drops its question at the next order request.
const QUESTION_OPEN: &str = "the venue asks about another order of this account; answer that first";

/// What a draft is checked against.
pub(crate) struct Check<'a> {
    pub(crate) account: &'a Account,
    /// Whether the account's connection can be used now.
    pub(crate) is_reachable: bool,
    /// Whether this run may change nothing.
    pub(crate) read_only: bool,
    /// What is known of the instrument, if anything.
    pub(crate) instrument: Option<&'a Instrument>,
    /// Orders of the account that may still fill.
    pub(crate) open: Vec<&'a Order>,
}

/// Approves an order for the paper venue, or says why not and what to do.
pub(crate) fn approve(
    id: ClientOrderId,
    draft: OrderDraft,
    check: &Check<'_>,
) -> Result<Approved<Paper>, Text> {
    check_draft(&draft, check)?;
    check_unknown(&draft, check)?;
    Ok(Approved::new(id, draft))
}

/// Approves a change of `order` that makes it `draft`.
pub(crate) fn approve_change(
    id: ClientOrderId,
    (draft, change): (&OrderDraft, OrderChange),
    order: &Order,
    check: &Check<'_>,
) -> Result<ApprovedChange<Paper>, Text> {
    check_draft(draft, check)?;
    refuse_if(
        change == OrderChange::default() || *draft == order.draft,
        "nothing would change",
    )?;
    refuse_if(
        matches!(order.draft.size, OrderSize::Notional(_)),
        "an order by amount cannot be changed; cancel it",
    )?;
    Ok(Approved::new(id, change))
}

fn refuse_if(wrong: bool, reason: &str) -> Result<(), Text> {
    if wrong { Err(reason.into()) } else { Ok(()) }
}

fn check_draft(draft: &OrderDraft, check: &Check<'_>) -> Result<(), Text> {
    refuse_if(check.read_only, READ_ONLY)?;
    check_venue(draft, check)?;
    let is_asked = check.open.iter().any(|order| order.is_asked());
    refuse_if(is_asked, QUESTION_OPEN)?;
    check_size(draft, check.instrument)?;
    check_prices(draft, check.instrument)?;
    check_time(draft)
}

/// Only paper accounts take orders, and only orders that say so.
fn check_venue(draft: &OrderDraft, check: &Check<'_>) -> Result<(), Text> {
    let account = check.account;
    if account.environment != Environment::Paper || draft.mode != Mode::Paper {
        let short = account.id.short();
        return Err(format!(
            "{short} is a live account; this version sends orders to paper accounts only"
        )
        .into());
    }
    refuse_if(
        !check.is_reachable,
        "the account's connection is down; wait until it is live again",
    )
}

fn check_unknown(draft: &OrderDraft, check: &Check<'_>) -> Result<(), Text> {
    let unknown = check.open.iter().any(|order| {
        matches!(order.state, OrderState::Unknown { .. })
            && order.draft.symbol == draft.symbol
            && order.draft.side == draft.side
    });
    refuse_if(
        unknown,
        "an order for the same symbol and side has an unknown fate; wait until it is resolved",
    )
}

fn check_size(draft: &OrderDraft, instrument: Option<&Instrument>) -> Result<(), Text> {
    refuse_if(
        instrument.is_some_and(|it| !it.tradable),
        "the broker does not trade this symbol",
    )?;
    match draft.size {
        OrderSize::Quantity(quantity) => {
            refuse_if(
                quantity.0 <= Decimal::ZERO,
                "the quantity must be more than zero",
            )?;
            let whole = quantity.0.fract().is_zero();
            let fractions = instrument.is_none_or(|it| it.fractionable);
            refuse_if(
                !whole && !fractions,
                "this symbol trades in whole units only",
            )?;
            let plain =
                draft.kind == OrderKind::Market || matches!(draft.kind, OrderKind::Limit { .. });
            refuse_if(
                !whole && !plain,
                "fractions take market and limit orders only",
            )
        }
        OrderSize::Notional(amount) => {
            refuse_if(amount <= Decimal::ZERO, "the amount must be more than zero")?;
            refuse_if(amount.scale() > 2, "the amount has more than two decimals")?;
            let fits = draft.kind == OrderKind::Market && draft.time_in_force == TimeInForce::Day;
            refuse_if(
                !fits,
                "an order by amount must be a market order for the day",
            )
        }
    }
}

fn check_prices(draft: &OrderDraft, instrument: Option<&Instrument>) -> Result<(), Text> {
    let exits = match draft.exits {
        Exits::None => [None; 3],
        Exits::Bracket {
            take_profit,
            stop_loss,
        }
        | Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => [Some(take_profit), Some(stop_loss.stop), stop_loss.limit],
        Exits::TakeProfit { take_profit } => [Some(take_profit), None, None],
        Exits::StopLoss(stop_loss) => [Some(stop_loss.stop), stop_loss.limit, None],
    };
    let tick = instrument.map_or(Decimal::ZERO, |it| it.tick);
    for price in [draft.kind.limit(), draft.kind.stop()]
        .into_iter()
        .chain(exits)
        .flatten()
    {
        refuse_if(
            price.0 <= Decimal::ZERO,
            "every price must be more than zero",
        )?;
        if !price.is_on_tick(tick) {
            return Err(format!("{price} is not a multiple of the tick size {tick}").into());
        }
    }
    check_trail(draft)?;
    check_exits(draft)
}

fn check_trail(draft: &OrderDraft) -> Result<(), Text> {
    let OrderKind::TrailingStop { trail } = draft.kind else {
        return Ok(());
    };
    let distance = match trail {
        TrailBy::Price(distance) => distance.0,
        TrailBy::Percent(percent) => percent,
    };
    refuse_if(
        distance <= Decimal::ZERO,
        "the trailing distance must be more than zero",
    )
}

/// The exits of a position lie on either side of each other: profit above loss for a buy, below for a sale.
fn check_exits(draft: &OrderDraft) -> Result<(), Text> {
    let (take_profit, stop, closes_long) = match draft.exits {
        Exits::Bracket {
            take_profit,
            stop_loss,
        } => (take_profit, stop_loss.stop, draft.side == Side::Buy),
        Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => (take_profit, stop_loss.stop, draft.side == Side::Sell),
        Exits::None | Exits::TakeProfit { .. } | Exits::StopLoss(_) => return Ok(()),
    };
    let ordered = if closes_long {
        take_profit > stop
    } else {
        take_profit < stop
    };
    refuse_if(
        !ordered,
        "the take-profit price is on the wrong side of the stop-loss price",
    )
}

fn check_time(draft: &OrderDraft) -> Result<(), Text> {
    let limit_only = matches!(draft.kind, OrderKind::Limit { .. });
    let stands = matches!(
        draft.time_in_force,
        TimeInForce::Day | TimeInForce::GoodTilCancelled
    );
    refuse_if(
        draft.extended_hours && !(limit_only && stands),
        "extended hours take limit orders for the day or until cancelled only",
    )
}

#[cfg(test)]
mod tests;
