//! An order as the books keep it.

use crate::domain::{ClientOrderId, Exits, OrderDraft, OrderSize, Price, Side, Timestamp};
use crate::sim::market::Market;
use rust_decimal::Decimal;
use uuid::Uuid;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Taken, not yet in the market.
    Accepted,
    /// An exit that waits for its entry.
    Held,
    /// In the market, perhaps partly filled.
    Working,
    /// A cancel is under way.
    CancelPending,
    /// A replacement is under way.
    ReplacePending,
    /// All of it filled.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// Another order took its place.
    Replaced,
    /// Refused after it was taken.
    Rejected,
}

impl Standing {
    /// Whether something can still happen to the order.
    pub fn is_open(self) -> bool {
        match self {
            Self::Accepted
            | Self::Held
            | Self::Working
            | Self::CancelPending
            | Self::ReplacePending => true,
            Self::Filled | Self::Cancelled | Self::Expired | Self::Replaced | Self::Rejected => {
                false
            }
        }
    }
}

/// What an order is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It opens.
    Entry,
    /// It closes with a profit.
    TakeProfit,
    /// It closes with a loss.
    StopLoss,
}

/// An order's group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of the group.
    pub id: Uuid,
    /// What the order is in it.
    pub role: Role,
    /// The exits as they were placed; tells the kind of group.
    pub exits: Exits,
    /// The order the exits were placed with.
    pub parent: Option<ClientOrderId>,
}

/// An order in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedOrder {
    /// The venue's id.
    pub id: ClientOrderId,
    /// The customer's own id.
    pub client_id: String,
    /// What is wanted; of an order by amount, the amount.
    pub draft: OrderDraft,
    /// Where it stands.
    pub standing: Standing,
    /// Units filled.
    pub filled: Decimal,
    /// Average price of what filled.
    pub average: Option<Price>,
    /// When it was placed.
    pub created: Timestamp,
    /// When anything last changed.
    pub updated: Timestamp,
    /// When it came to the end that its standing names.
    pub ended: Option<Timestamp>,
    /// The order this one replaced.
    pub replaces: Option<ClientOrderId>,
    /// The order that replaced this one.
    pub replaced_by: Option<ClientOrderId>,
    /// Best price a trailing stop saw, and where the stop is now.
    pub trail: Option<(Price, Price)>,
    /// Its group.
    pub group: Option<Group>,
    /// Orders placed with it, its exits.
    pub legs: Vec<ClientOrderId>,
}

/// What a customer places.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// What is wanted.
    pub draft: OrderDraft,
    /// The customer's own id; one is made where there is none.
    pub client_id: Option<String>,
}

impl BookedOrder {
    /// A simple order as just placed.
    pub(super) fn new(
        id: ClientOrderId,
        client_id: String,
        draft: OrderDraft,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            client_id,
            draft,
            standing: Standing::Accepted,
            filled: Decimal::ZERO,
            average: None,
            created: now,
            updated: now,
            ended: None,
            replaces: None,
            replaced_by: None,
            trail: None,
            group: None,
            legs: Vec::new(),
        }
    }

    /// Units wanted; `None` of an order by amount.
    pub fn quantity(&self) -> Option<Decimal> {
        match self.draft.size {
            OrderSize::Quantity(quantity) => Some(quantity.0),
            OrderSize::Notional(_) => None,
        }
    }

    /// Units still wanted; zero of an order by amount.
    pub fn leaves(&self) -> Decimal {
        self.quantity()
            .map_or(Decimal::ZERO, |quantity| quantity - self.filled)
    }

    /// Whether it is an exit that shares its units with another exit of the group.
    pub fn is_second_exit(&self) -> bool {
        self.group.as_ref().is_some_and(|group| {
            group.role == Role::StopLoss && !matches!(group.exits, Exits::StopLoss(_))
        })
    }

    /// Whether it is an exit that waits for its entry.
    pub fn is_held_exit(&self) -> bool {
        self.standing == Standing::Held
    }

    /// What the rest of it will cost if it deals at its own limit or at the market.
    pub fn cost(&self, market: &Market) -> Decimal {
        match self.draft.size {
            OrderSize::Notional(amount) if self.filled.is_zero() => amount,
            OrderSize::Notional(_) => Decimal::ZERO,
            OrderSize::Quantity(_) => {
                let price = expected_price(&self.draft, market).unwrap_or_default();
                price.0 * self.leaves()
            }
        }
    }
}

/// The price at which an order would deal at worst: its limit, its stop, or the far side of the quote.
pub(super) fn expected_price(draft: &OrderDraft, market: &Market) -> Option<Price> {
    let quoted = || {
        let listing = market.find(&draft.symbol)?;
        let quote = &market.line(listing).quote;
        match draft.side {
            Side::Buy => quote.ask,
            Side::Sell => quote.bid,
        }
        .or_else(|| market.mark(listing))
    };
    draft.kind.limit().or(draft.kind.stop()).or_else(quoted)
}
