//! One order as the venue keeps it, and the orders a placement becomes.

use super::matching::{self, Touch};
use super::{Placement, Session};
use crate::domain::order::OrderChange;
use crate::domain::{
    AssetClass, ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, Side, StopLoss,
    TimeInForce,
};
use rust_decimal::{Decimal, RoundingStrategy};

/// Decimal places of a quantity that an amount of money buys.
const QUANTITY_PLACES: u32 = 9;

/// Where an order stands inside the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Just arrived; nothing was said of it yet.
    New,
    /// An exit whose entry has not filled.
    Held,
    /// Taken, not worked: the market is closed or the auction is to come.
    Waiting,
    /// In the market.
    Working,
    /// At an end; swept away after the pass.
    Done,
}

/// What ties an order to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// Nothing.
    Alone,
    /// It opens what its exits close.
    Entry,
    /// It closes; what happens to it happens to its sibling.
    Exit {
        /// The entry, while that one stands.
        entry: Option<ClientOrderId>,
        /// The other exit.
        sibling: Option<ClientOrderId>,
    },
}

/// One order.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) id: ClientOrderId,
    pub(super) draft: OrderDraft,
    pub(super) standing: Standing,
    pub(super) filled: Decimal,
    pub(super) tie: Tie,
    /// Whether the stop was reached.
    pub(super) triggered: bool,
    /// Best price a trailing stop has seen.
    pub(super) mark: Option<Price>,
}

/// Why a replacement is refused.
const NO_SUCH_FIELD: &str = "the order has no such price";

impl Ticket {
    fn new(id: ClientOrderId, draft: OrderDraft, tie: Tie, standing: Standing) -> Self {
        Self {
            id,
            draft,
            standing,
            filled: Decimal::ZERO,
            tie,
            triggered: false,
            mark: None,
        }
    }

    pub(super) fn side(&self) -> Side {
        self.draft.side
    }

    /// Whether orders like this one trade in `session`.
    pub(super) fn trades_in(&self, session: Session) -> bool {
        match self.draft.class {
            AssetClass::Crypto | AssetClass::Forex | AssetClass::Future => true,
            AssetClass::Equity | AssetClass::Option | AssetClass::Other(_) => match session {
                Session::Closed => false,
                Session::Extended => self.draft.extended_hours,
                Session::Regular => true,
            },
        }
    }

    /// Whether it takes part in an auction only.
    pub(super) fn is_for_auction(&self) -> bool {
        matches!(
            self.draft.time_in_force,
            TimeInForce::AtTheOpen | TimeInForce::AtTheClose
        )
    }

    /// Whether what does not deal at once is cancelled.
    pub(super) fn is_immediate(&self) -> bool {
        matches!(
            self.draft.time_in_force,
            TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill
        )
    }

    /// Whether it ends when the day goes from one part to another.
    pub(super) fn expires_at(&self, (before, next): (Session, Session)) -> bool {
        if self.draft.time_in_force != TimeInForce::Day {
            return false;
        }
        match before {
            Session::Regular => next == Session::Closed || !self.draft.extended_hours,
            Session::Extended => next == Session::Closed && self.standing == Standing::Working,
            Session::Closed => false,
        }
    }

    /// Units still wanted if it deals at `price`; fixes the number of an order by amount.
    pub(super) fn leaves_at(&mut self, price: Price) -> Decimal {
        if let OrderSize::Notional(amount) = self.draft.size {
            let units = amount
                .checked_div(price.0)
                .unwrap_or_default()
                .round_dp_with_strategy(QUANTITY_PLACES, RoundingStrategy::ToZero);
            self.set_wanted(units);
        }
        self.leaves()
    }

    /// Units still wanted; zero for an order by amount that has not dealt.
    pub(super) fn leaves(&self) -> Decimal {
        match self.draft.size {
            OrderSize::Quantity(quantity) => quantity.0 - self.filled,
            OrderSize::Notional(_) => Decimal::ZERO,
        }
    }

    pub(super) fn set_wanted(&mut self, units: Decimal) {
        self.draft.size = OrderSize::Quantity(crate::domain::Quantity(units));
    }

    /// Whether its stop, if it has one, was reached.
    pub(super) fn is_live(&self) -> bool {
        self.triggered || matches!(self.draft.kind, OrderKind::Market | OrderKind::Limit { .. })
    }

    /// Moves a trailing stop; returns its new mark and stop when they changed.
    pub(super) fn follow(&mut self, touch: &Touch) -> Option<(Price, Price)> {
        let OrderKind::TrailingStop { trail } = self.draft.kind else {
            return None;
        };
        let mark = matching::trailing_mark(self.side(), self.mark, touch)?;
        if self.mark == Some(mark) {
            return None;
        }
        self.mark = Some(mark);
        Some((mark, matching::trailing_stop(self.side(), trail, mark)))
    }

    /// The stop as it lies now.
    pub(super) fn stop(&self) -> Option<Price> {
        match self.draft.kind {
            OrderKind::TrailingStop { trail } => self
                .mark
                .map(|mark| matching::trailing_stop(self.side(), trail, mark)),
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. } => self.draft.kind.stop(),
        }
    }

    /// Takes over what a replacement changes.
    pub(super) fn change(&mut self, change: &OrderChange) -> Result<(), &'static str> {
        if self.is_for_auction() || self.is_immediate() {
            return Err("the order cannot be changed");
        }
        let mut draft = self.draft.clone();
        draft.kind = changed_kind(draft.kind, change)?;
        draft.time_in_force = change.time_in_force.unwrap_or(draft.time_in_force);
        if let Some(quantity) = change.quantity {
            if quantity.0 <= self.filled {
                return Err("no more is wanted than is filled");
            }
            if matches!(draft.size, OrderSize::Notional(_)) {
                return Err("an order by amount has no quantity to change");
            }
            draft.size = OrderSize::Quantity(quantity);
        }
        if change.trail.is_some() {
            self.mark = None;
        }
        self.draft = draft;
        Ok(())
    }
}

fn changed_kind(kind: OrderKind, change: &OrderChange) -> Result<OrderKind, &'static str> {
    let unused = |wanted: bool| if wanted { Err(NO_SUCH_FIELD) } else { Ok(()) };
    match kind {
        OrderKind::Market => {
            unused(change.limit.is_some() || change.stop.is_some() || change.trail.is_some())?;
            Ok(kind)
        }
        OrderKind::Limit { limit } => {
            unused(change.stop.is_some() || change.trail.is_some())?;
            Ok(OrderKind::Limit {
                limit: change.limit.unwrap_or(limit),
            })
        }
        OrderKind::Stop { stop } => {
            unused(change.limit.is_some() || change.trail.is_some())?;
            Ok(OrderKind::Stop {
                stop: change.stop.unwrap_or(stop),
            })
        }
        OrderKind::StopLimit { stop, limit } => {
            unused(change.trail.is_some())?;
            Ok(OrderKind::StopLimit {
                stop: change.stop.unwrap_or(stop),
                limit: change.limit.unwrap_or(limit),
            })
        }
        OrderKind::TrailingStop { trail } => {
            unused(change.limit.is_some() || change.stop.is_some())?;
            Ok(OrderKind::TrailingStop {
                trail: change.trail.unwrap_or(trail),
            })
        }
    }
}

/// The orders a placement becomes: entry first, then profit-taking, then loss-taking exit.
pub(super) fn tickets(placement: Placement) -> Result<Vec<Ticket>, &'static str> {
    let Placement {
        id,
        draft,
        take_profit: profit_id,
        stop_loss: loss_id,
    } = placement;
    const UNNAMED: &str = "an exit without a name";
    match draft.exits {
        Exits::None => Ok(vec![Ticket::new(id, draft, Tie::Alone, Standing::New)]),
        Exits::Bracket {
            take_profit,
            stop_loss,
        } => {
            let (profit_id, loss_id) = (profit_id.ok_or(UNNAMED)?, loss_id.ok_or(UNNAMED)?);
            let profit = exit_draft(&draft, profit_kind(take_profit));
            let loss = exit_draft(&draft, loss_kind(stop_loss));
            let tie = |sibling: &ClientOrderId| Tie::Exit {
                entry: Some(id.clone()),
                sibling: Some(sibling.clone()),
            };
            let exits = [
                Ticket::new(profit_id.clone(), profit, tie(&loss_id), Standing::Held),
                Ticket::new(loss_id, loss, tie(&profit_id), Standing::Held),
            ];
            let mut all = vec![Ticket::new(id, draft, Tie::Entry, Standing::New)];
            all.extend(exits);
            Ok(all)
        }
        Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => {
            let loss_id = loss_id.ok_or(UNNAMED)?;
            let tie = |sibling: &ClientOrderId| Tie::Exit {
                entry: None,
                sibling: Some(sibling.clone()),
            };
            let mut profit = draft.clone();
            profit.kind = profit_kind(take_profit);
            let mut loss = draft;
            loss.kind = loss_kind(stop_loss);
            Ok(vec![
                Ticket::new(id.clone(), profit, tie(&loss_id), Standing::New),
                Ticket::new(loss_id, loss, tie(&id), Standing::New),
            ])
        }
        Exits::TakeProfit { take_profit } => {
            let kind = profit_kind(take_profit);
            Ok(with_one_exit(id, draft, profit_id.ok_or(UNNAMED)?, kind))
        }
        Exits::StopLoss(stop_loss) => {
            let kind = loss_kind(stop_loss);
            Ok(with_one_exit(id, draft, loss_id.ok_or(UNNAMED)?, kind))
        }
    }
}

fn with_one_exit(
    id: ClientOrderId,
    draft: OrderDraft,
    exit_id: ClientOrderId,
    kind: OrderKind,
) -> Vec<Ticket> {
    let tie = Tie::Exit {
        entry: Some(id.clone()),
        sibling: None,
    };
    let exit = Ticket::new(exit_id, exit_draft(&draft, kind), tie, Standing::Held);
    vec![Ticket::new(id, draft, Tie::Entry, Standing::New), exit]
}

fn exit_draft(entry: &OrderDraft, kind: OrderKind) -> OrderDraft {
    OrderDraft {
        side: match entry.side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        },
        kind,
        exits: Exits::None,
        extended_hours: false,
        ..entry.clone()
    }
}

fn profit_kind(limit: Price) -> OrderKind {
    OrderKind::Limit { limit }
}

fn loss_kind(loss: StopLoss) -> OrderKind {
    match loss.limit {
        None => OrderKind::Stop { stop: loss.stop },
        Some(limit) => OrderKind::StopLimit {
            stop: loss.stop,
            limit,
        },
    }
}
