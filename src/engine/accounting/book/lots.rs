//! The lots of one position: what was opened, and which of it a closing takes.

use crate::domain::{EntryId, Timestamp};
use crate::engine::accounting::round::{round, share};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which lots a closing takes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The oldest, by the day on which they were opened.
    #[default]
    Fifo,
    /// The newest.
    Lifo,
    /// The one that makes the least profit: bought for the most, or written for the least. Unknown cost comes last.
    HighestCost,
    /// None: all units are one lot, whose cost is spread evenly.
    AverageCost,
    /// Those that the person chose for the closing, then the oldest.
    Chosen,
}

/// A part of a lot that the person chose for a closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Which lot, by the entry that opened it.
    pub lot: EntryId,
    /// How many units of it, positive.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
}

/// Units that were opened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The entry that opened it; of an average, the first.
    pub id: EntryId,
    /// When it was opened; `None` where nobody said, and of an average of several days.
    pub opened: Option<Timestamp>,
    /// How many units; negative when sold short.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    /// What they cost in all, fees included; negative, what they brought, when sold short. `None` where unknown.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub cost: Option<Decimal>,
}

impl Lot {
    /// Cost of one unit, positive for both directions.
    pub fn unit_cost(&self) -> Option<Decimal> {
        self.cost?.checked_div(self.quantity).map(round)
    }

    /// Takes `quantity`, positive and at most the lot's own, out of it.
    fn split_off(&mut self, quantity: Decimal) -> Self {
        let taken = match self.quantity < Decimal::ZERO {
            true => -quantity,
            false => quantity,
        };
        let cost = self.cost.map(|cost| share(cost, taken, self.quantity));
        self.quantity -= taken;
        self.cost = self.cost.zip(cost).map(|(whole, part)| whole - part);
        Self {
            id: self.id.clone(),
            opened: self.opened,
            quantity: taken,
            cost,
        }
    }
}

/// Where a lot stands in the line: by what its method looks at, then by age.
type Place = (Decimal, u64);

/// The open lots of one position, all of one direction and none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lots {
    line: BTreeMap<Place, Lot>,
    opened: u64,
}

impl Lots {
    /// Every lot: the oldest first, or by highest cost the one that is taken first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Lot> {
        self.line.values()
    }

    /// Number of lots.
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// What all of them cost; `None` as soon as one of them is unknown.
    pub fn cost(&self) -> Option<Decimal> {
        self.iter().map(|lot| lot.cost).sum()
    }

    /// Adds a lot in the direction of those that are there.
    pub(super) fn open(&mut self, lot: Lot, method: Method) {
        if lot.quantity.is_zero() {
            return;
        }
        if method == Method::AverageCost
            && let Some(mut pool) = self.line.first_entry()
        {
            let pool = pool.get_mut();
            pool.quantity += lot.quantity;
            pool.cost = pool.cost.zip(lot.cost).map(|(old, new)| old + new);
            pool.opened = pool.opened.filter(|opened| Some(*opened) == lot.opened);
            return;
        }
        self.opened += 1;
        self.line.insert((rank(&lot, method), self.opened), lot);
    }

    /// Takes up to `quantity` units, positive, out of the lots; the parts come in the order they were taken.
    pub(super) fn take(&mut self, quantity: Decimal, method: Method, picks: &[Pick]) -> Vec<Lot> {
        let mut left = quantity;
        let mut taken = Vec::new();
        if method == Method::Chosen {
            for pick in picks {
                self.take_picked(pick, &mut left, &mut taken);
            }
        }
        while left > Decimal::ZERO {
            let next = match method {
                Method::Lifo => self.line.last_key_value(),
                Method::Fifo | Method::HighestCost | Method::AverageCost | Method::Chosen => {
                    self.line.first_key_value()
                }
            };
            let Some(place) = next.map(|(place, _)| *place) else {
                break;
            };
            self.take_at(place, left, &mut left, &mut taken);
        }
        taken
    }

    fn take_picked(&mut self, pick: &Pick, left: &mut Decimal, taken: &mut Vec<Lot>) {
        let found = self.line.iter().find(|(_, lot)| lot.id == pick.lot);
        if let Some(place) = found.map(|(place, _)| *place) {
            self.take_at(place, pick.quantity.min(*left), left, taken);
        }
    }

    fn take_at(&mut self, place: Place, most: Decimal, left: &mut Decimal, taken: &mut Vec<Lot>) {
        let Some(mut lot) = self.line.remove(&place) else {
            return;
        };
        if lot.quantity.abs() <= most {
            *left -= lot.quantity.abs();
            taken.push(lot);
            return;
        }
        if most > Decimal::ZERO {
            *left -= most;
            taken.push(lot.split_off(most));
        }
        self.line.insert(place, lot);
    }

    /// Gives every lot another number of units or another cost.
    pub(super) fn rewrite(&mut self, method: Method, mut change: impl FnMut(&mut Lot)) {
        let line = std::mem::take(&mut self.line);
        // What lies in the line by its cost must lie there by its new one.
        for ((_, number), mut lot) in line {
            change(&mut lot);
            if !lot.quantity.is_zero() {
                self.line.insert((rank(&lot, method), number), lot);
            }
        }
    }
}

/// Whether two numbers of units are of different directions.
pub(super) fn oppose(one: Decimal, other: Decimal) -> bool {
    let zero = Decimal::ZERO;
    (one < zero && other > zero) || (one > zero && other < zero)
}

fn rank(lot: &Lot, method: Method) -> Decimal {
    match method {
        Method::HighestCost => match lot.unit_cost() {
            None => Decimal::MAX,
            Some(unit) if lot.quantity < Decimal::ZERO => unit,
            Some(unit) => -unit,
        },
        Method::Fifo | Method::Lifo | Method::AverageCost | Method::Chosen => age(lot),
    }
}

/// Lots that came by a merger are as old as what they came from. Units of which nobody knows the day are the oldest:
/// brokers sell them first (Treasury Regulations 1.6045-1(d)(2)).
fn age(lot: &Lot) -> Decimal {
    lot.opened
        .map_or(Decimal::MIN, |opened| Decimal::from(opened.nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::decimal;

    fn lots(method: Method, all: &[(&str, &str, Option<&str>)]) -> Lots {
        let mut lots = Lots::default();
        for (id, quantity, cost) in all {
            let lot = Lot {
                id: EntryId::provider(id),
                opened: Some(Timestamp::EPOCH),
                quantity: decimal(quantity).unwrap(),
                cost: cost.map(|cost| decimal(cost).unwrap()),
            };
            lots.open(lot, method);
        }
        lots
    }

    fn taken(lots: &mut Lots, quantity: &str, method: Method, picks: &[Pick]) -> String {
        let show = |lot: &Lot| {
            let EntryId::Provider(id) = &lot.id else {
                unreachable!("every lot of these tests has a provider's id")
            };
            let cost = lot
                .cost
                .map_or("?".to_owned(), |it| it.normalize().to_string());
            format!("{id}:{}@{cost}", lot.quantity.normalize())
        };
        let taken = lots.take(decimal(quantity).unwrap(), method, picks);
        taken.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_method_takes_its_own_lots_first() {
        let all = [
            ("a", "2", Some("20")),
            ("b", "3", Some("60")),
            ("c", "4", Some("48")),
            ("d", "1", None),
        ];
        let check = |method, expected: &str| {
            let mut lots = lots(
                method,
                &all[..if method == Method::AverageCost { 3 } else { 4 }],
            );
            assert_eq!(taken(&mut lots, "6", method, &[]), expected, "{method:?}");
        };
        check(Method::Fifo, "a:2@20 b:3@60 c:1@12");
        check(Method::Lifo, "d:1@? c:4@48 b:1@20");
        check(Method::HighestCost, "b:3@60 c:3@36");
        check(Method::AverageCost, "a:6@85.333333333333");
        check(Method::Chosen, "a:2@20 b:3@60 c:1@12");
    }

    #[test]
    fn chosen_lots_come_before_the_oldest() {
        let pick = Pick {
            lot: EntryId::provider("c"),
            quantity: 3.into(),
        };
        let mut lots = lots(
            Method::Chosen,
            &[("a", "2", Some("20")), ("c", "4", Some("48"))],
        );
        let picked = taken(&mut lots, "4", Method::Chosen, std::slice::from_ref(&pick));
        assert_eq!(picked, "c:3@36 a:1@10");
        assert_eq!(lots.cost(), Some(22.into()));
    }

    #[test]
    fn of_written_lots_the_cheapest_makes_the_least_profit() {
        let all = [("a", "-1", Some("-20")), ("b", "-1", Some("-10"))];
        let mut lots = lots(Method::HighestCost, &all);
        let first = taken(&mut lots, "1", Method::HighestCost, &[]);
        assert_eq!(first, "b:-1@-10");
    }

    #[test]
    fn no_more_is_taken_than_is_there_and_thirds_leave_nothing_behind() {
        let mut lots = lots(Method::Fifo, &[("a", "3", Some("10"))]);
        assert_eq!(
            taken(&mut lots, "1", Method::Fifo, &[]),
            "a:1@3.333333333333"
        );
        assert_eq!(
            taken(&mut lots, "5", Method::Fifo, &[]),
            "a:2@6.666666666667"
        );
        assert!(lots.is_empty());
    }

    #[test]
    fn an_average_with_something_unknown_is_unknown() {
        let all = [("a", "1", Some("20")), ("b", "1", None)];
        let lots = lots(Method::AverageCost, &all);
        assert_eq!((lots.len(), lots.cost()), (1, None));
    }
}
