//! One customer: credentials, cash, holdings, orders, history, and the figures made of them.

use super::activity::Activity;
use super::order::{BookedOrder, Role};
use crate::domain::{ClientOrderId, Price, Quantity, Side, Symbol, Timestamp};
use crate::sim::market::Market;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What a customer may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What the account is called: `margin`.
    pub name: &'static str,
    /// Whether its money is pretended.
    pub paper: bool,
    /// Whether its market data is of the free plan.
    pub free: bool,
    /// How many times its excess equity it may spend; 1 for a cash account.
    pub multiplier: u32,
}

impl Profile {
    /// Whether it may sell what it does not hold.
    pub fn may_short(&self) -> bool {
        self.multiplier > 1
    }
}

/// A position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Units; negative when short.
    pub quantity: Decimal,
    /// Average price paid or received.
    pub average: Price,
}

/// A customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// What it may do.
    pub profile: Profile,
    /// The account's internal name.
    pub id: Uuid,
    /// The account's number.
    pub number: String,
    /// Public half of its credentials.
    pub key: String,
    /// Secret half of its credentials.
    pub secret: String,
    /// When the account was opened.
    pub created: Timestamp,
    /// Cash; negative when borrowed.
    pub cash: Decimal,
    /// What it holds.
    pub holdings: BTreeMap<Symbol, Holding>,
    /// Every order it ever placed, oldest first.
    pub orders: Vec<BookedOrder>,
    /// Everything that happened, oldest first.
    pub activities: Vec<Activity>,
    pub(super) by_id: HashMap<ClientOrderId, usize>,
    pub(super) by_client_id: HashMap<String, usize>,
    /// Indices of the orders that are not at an end.
    pub(super) open: Vec<usize>,
}

/// What an account is worth and may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Everything at market value.
    pub equity: Decimal,
    /// Value of long positions.
    pub long_value: Decimal,
    /// Value of short positions; negative.
    pub short_value: Decimal,
    /// Equity that positions bind.
    pub initial_margin: Decimal,
    /// Equity below which positions are closed.
    pub maintenance_margin: Decimal,
    /// What may be spent on new positions.
    pub buying_power: Decimal,
    /// What may be spent on things that cannot be borrowed for.
    pub cash_power: Decimal,
}

impl Customer {
    /// An order by the venue's id.
    pub fn order(&self, id: &ClientOrderId) -> Option<&BookedOrder> {
        self.by_id.get(id).map(|index| &self.orders[*index])
    }

    /// The place of an order among all the customer placed, which never changes.
    pub fn place_of(&self, id: &ClientOrderId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// An order by the customer's own id.
    pub fn order_by_client_id(&self, client_id: &str) -> Option<&BookedOrder> {
        self.by_client_id
            .get(client_id)
            .map(|index| &self.orders[*index])
    }

    /// Orders that are not at an end, oldest first.
    pub fn open_orders(&self) -> impl Iterator<Item = &BookedOrder> {
        self.open.iter().map(|index| &self.orders[*index])
    }

    pub(super) fn order_mut(&mut self, id: &ClientOrderId) -> Option<&mut BookedOrder> {
        let index = *self.by_id.get(id)?;
        Some(&mut self.orders[index])
    }

    pub(super) fn add_order(&mut self, order: BookedOrder) {
        let index = self.orders.len();
        self.by_id.insert(order.id.clone(), index);
        self.by_client_id.insert(order.client_id.clone(), index);
        if order.standing.is_open() {
            self.open.push(index);
        }
        self.orders.push(order);
    }

    /// Drops orders that came to an end from the list of open ones.
    pub(super) fn sweep(&mut self) {
        let orders = &self.orders;
        self.open.retain(|index| orders[*index].standing.is_open());
    }

    /// Units of a symbol held; negative when short.
    pub fn held(&self, symbol: &Symbol) -> Decimal {
        self.holdings
            .get(symbol)
            .map_or(Decimal::ZERO, |holding| holding.quantity)
    }

    /// Units of a position that working orders will close; of two exits of a group only one counts.
    pub fn bound(&self, symbol: &Symbol) -> Decimal {
        let closing = match self.held(symbol) >= Decimal::ZERO {
            true => Side::Sell,
            false => Side::Buy,
        };
        self.open_orders()
            .filter(|order| order.draft.symbol == *symbol && order.draft.side == closing)
            .filter(|order| !order.is_second_exit() && !order.is_held_exit())
            .map(BookedOrder::leaves)
            .sum()
    }

    /// Books an execution: cash and holding.
    pub(super) fn settle(&mut self, symbol: &Symbol, side: Side, quantity: Quantity, price: Price) {
        let signed = match side {
            Side::Buy => quantity.0,
            Side::Sell => -quantity.0,
        };
        self.cash -= signed * price.0;
        let before = self.holdings.get(symbol).copied();
        let held = before.map_or(Decimal::ZERO, |holding| holding.quantity);
        let after = held + signed;
        let average = match before {
            Some(holding) if is_closing(held, signed, after) => holding.average,
            Some(holding) if same_sign(held, after) => {
                Price((held * holding.average.0 + signed * price.0) / after)
            }
            _ => price,
        };
        if after.is_zero() {
            self.holdings.remove(symbol);
        } else {
            let holding = Holding {
                quantity: after,
                average,
            };
            self.holdings.insert(symbol.clone(), holding);
        }
    }

    /// What the account is worth and may spend at the market's prices.
    pub fn figures(&self, market: &Market) -> Figures {
        let (mut long_value, mut short_value) = (Decimal::ZERO, Decimal::ZERO);
        for (symbol, holding) in &self.holdings {
            let value = holding.quantity * mark(market, symbol, holding).0;
            if value > Decimal::ZERO {
                long_value += value;
            } else {
                short_value += value;
            }
        }
        let equity = self.cash + long_value + short_value;
        let exposure = long_value - short_value;
        let half = Decimal::new(5, 1);
        let borrows = self.profile.multiplier > 1;
        let initial_margin = if borrows { exposure * half } else { exposure };
        let promised = self.promised(market);
        let excess = (equity - initial_margin).max(Decimal::ZERO);
        let power = match borrows {
            true => excess * Decimal::from(self.profile.multiplier),
            false => self.cash,
        };
        Figures {
            equity,
            long_value,
            short_value,
            initial_margin,
            maintenance_margin: exposure * Decimal::new(3, 1),
            buying_power: (power - promised).max(Decimal::ZERO),
            cash_power: (self.cash - promised).max(Decimal::ZERO),
        }
    }

    /// What open buy orders will cost beyond closing short positions.
    fn promised(&self, market: &Market) -> Decimal {
        self.open_orders()
            .filter(|order| order.draft.side == Side::Buy)
            .filter(|order| {
                order
                    .group
                    .as_ref()
                    .is_none_or(|group| group.role == Role::Entry)
            })
            .filter(|order| self.held(&order.draft.symbol) >= Decimal::ZERO)
            .map(|order| order.cost(market))
            .sum()
    }

    /// Cash and holdings as they were at a moment of the past.
    pub fn holdings_at(&self, time: Timestamp) -> (Decimal, BTreeMap<&Symbol, Decimal>) {
        let mut cash = Decimal::ZERO;
        let mut held: BTreeMap<&Symbol, Decimal> = BTreeMap::new();
        for activity in self.activities.iter().take_while(|past| past.time <= time) {
            cash += activity.cash();
            if let Some((symbol, units)) = activity.units() {
                *held.entry(symbol).or_default() += units;
            }
        }
        (cash, held)
    }

    /// Equity at a moment of the past.
    pub fn equity_at(&self, market: &Market, time: Timestamp) -> Decimal {
        let (cash, held) = self.holdings_at(time);
        let value = |(symbol, units): (&&Symbol, &Decimal)| {
            let price = market
                .find(symbol)
                .and_then(|listing| market.price_at(listing, time).or(market.mark(listing)));
            price.map_or(Decimal::ZERO, |price| price.0 * units)
        };
        cash + held.iter().map(value).sum::<Decimal>()
    }
}

/// A holding's market price, or what was paid where the market has none.
pub(super) fn mark(market: &Market, symbol: &Symbol, holding: &Holding) -> Price {
    market
        .find(symbol)
        .and_then(|listing| market.mark(listing))
        .unwrap_or(holding.average)
}

fn same_sign(one: Decimal, other: Decimal) -> bool {
    one.is_sign_negative() == other.is_sign_negative()
}

/// Whether an execution only makes a position smaller.
fn is_closing(held: Decimal, signed: Decimal, after: Decimal) -> bool {
    !same_sign(held, signed) && (after.is_zero() || same_sign(held, after))
}
