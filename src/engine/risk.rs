//! Pre-trade checks: a draft becomes [`Approved`] or a reason why not.
//!
//! Nothing but this file can make an `Approved`, and no provider accepts anything else, so an order
//! that was not checked cannot be sent.

use crate::domain::ClientOrderId;
use crate::domain::order::{OrderChange, OrderDraft};
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
