//! Ids for rows that have none.

use super::{Entry, EntryId, What};
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::text::Text;
use std::collections::HashMap;

/// Gives ids to rows that have none, over all pages of one listing of one account.
///
/// The rule: the digest is of all that the row says (when, settlement, word, description, what happened, with amounts
/// that are equal said alike), and neither of the account nor of an id. Rows with the same digest are of the same instant
/// and content; they are numbered from 0 in the order in which the listing has them. So the ids are the same in every
/// listing, whatever its window and its pages, as long as a window is cut between instants: a listing that is resumed
/// begins at the last instant seen and not behind it.
#[derive(Debug, Default)]
pub struct Listing {
    seen: HashMap<[u8; 16], u16>,
}

impl Listing {
    /// The id of the listing's next row; what its `id` is now does not matter.
    pub fn next_id(&mut self, row: &Entry) -> EntryId {
        let digest = row.digest();
        let count = self.seen.entry(digest).or_default();
        let ordinal = *count;
        *count = count.saturating_add(1);
        let hex = format!("{:032x}", u128::from_be_bytes(digest));
        EntryId::Fingerprint(Text::new(&hex), ordinal)
    }
}

impl What {
    /// The same with every amount in its shortest form: `1.50` is `1.5`.
    fn normalised(&self) -> Self {
        let units = |quantity: Quantity| Quantity(quantity.0.normalize());
        let money = |it: Money| Money::new(it.amount.normalize(), it.currency);
        let mut same = self.clone();
        match &mut same {
            Self::Trade(trade) => {
                trade.holding.multiplier = trade.holding.multiplier.normalize();
                trade.quantity = units(trade.quantity);
                trade.price = Price(trade.price.0.normalize());
                trade.fees = trade.fees.normalize();
            }
            Self::Cash { amount, .. } => *amount = money(*amount),
            Self::Units {
                holding,
                quantity,
                cost,
            } => {
                holding.multiplier = holding.multiplier.normalize();
                *quantity = units(*quantity);
                *cost = cost.map(money);
            }
            Self::OptionEnded {
                holding, quantity, ..
            } => {
                holding.multiplier = holding.multiplier.normalize();
                *quantity = units(*quantity);
            }
            Self::Split { from, to, .. } => (*from, *to) = (from.normalize(), to.normalize()),
            Self::Exchanged {
                from,
                gone,
                to,
                come,
                cash,
            } => {
                from.multiplier = from.multiplier.normalize();
                to.multiplier = to.multiplier.normalize();
                (*gone, *come) = (units(*gone), units(*come));
                *cash = cash.map(money);
            }
            Self::SpunOff {
                child,
                quantity,
                cost_share,
                ..
            } => {
                child.multiplier = child.multiplier.normalize();
                *quantity = units(*quantity);
                *cost_share = cost_share.map(|share| share.normalize());
            }
            Self::TakenBack => {}
            Self::Noted {
                amount, quantity, ..
            } => {
                *amount = amount.map(money);
                *quantity = quantity.map(units);
            }
        }
        same
    }
}

impl Entry {
    /// Of all that it says but whose it is and what it is called.
    fn digest(&self) -> [u8; 16] {
        let said = (
            self.time.nanos(),
            self.settles,
            &self.corrects,
            &self.word,
            &self.description,
            self.what.normalised(),
        );
        let bytes = postcard::to_stdvec(&said).expect("plain data always serialises");
        let digest = blake3::hash(&bytes);
        *digest.as_bytes().first_chunk().expect("longer than that")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Holding, Trade};
    use super::*;
    use crate::domain::account::AccountId;
    use crate::domain::ids::ConnectionId;
    use crate::domain::instrument::{AssetClass, Symbol};
    use crate::domain::money::Currency;
    use crate::domain::order::Side;
    use crate::domain::time::Timestamp;
    use rust_decimal::Decimal;

    fn row(seconds: i64, price: &str) -> Entry {
        Entry {
            account: AccountId {
                connection: ConnectionId::new("schwab"),
                number: "1".into(),
            },
            id: EntryId::provider("no matter"),
            time: Timestamp::from_millis(seconds * 1000).unwrap(),
            settles: None,
            corrects: None,
            word: "TRADE".into(),
            description: "".into(),
            what: What::Trade(Trade {
                holding: Holding {
                    symbol: Symbol::new("X"),
                    class: AssetClass::Equity,
                    multiplier: Decimal::ONE,
                    currency: Currency::USD,
                },
                side: Side::Buy,
                quantity: "2".parse().unwrap(),
                price: price.parse().unwrap(),
                fees: Decimal::ZERO,
                order: None,
            }),
        }
    }

    fn ids(rows: &[Entry]) -> Vec<EntryId> {
        let mut listing = Listing::default();
        rows.iter().map(|row| listing.next_id(row)).collect()
    }

    #[test]
    fn equal_rows_of_one_instant_are_numbered_and_others_are_not() {
        let rows = [row(1, "5"), row(2, "5"), row(1, "5.00"), row(1, "6")];
        let numbers = ids(&rows).into_iter().map(|id| match id {
            EntryId::Fingerprint(digest, ordinal) => (digest, ordinal),
            EntryId::Provider(_) => panic!("a fingerprint"),
        });
        let numbers: Vec<_> = numbers.collect();
        assert_eq!(numbers[0].0, numbers[2].0, "5 is 5.00");
        assert_eq!(
            numbers.iter().map(|it| it.1).collect::<Vec<_>>(),
            [0, 0, 1, 0]
        );
        let digests: std::collections::BTreeSet<_> = numbers.iter().map(|it| &it.0).collect();
        assert_eq!(digests.len(), 3);
    }

    #[test]
    fn a_row_has_the_same_fingerprint_in_every_window_that_holds_its_instant() {
        let rows: Vec<_> = [1, 2, 2, 2, 3, 4, 4].map(|it| row(it, "5")).into();
        let all = ids(&rows);
        for (from, until) in [(0, 4), (1, 5), (4, 7), (1, 7)] {
            assert_eq!(ids(&rows[from..until]), all[from..until]);
        }
        let mut of_another = rows.clone();
        for row in &mut of_another {
            row.account.number = "2".into();
            row.id = EntryId::provider("another");
        }
        assert_eq!(ids(&of_another), all, "whose it is does not matter");
    }

    #[test]
    fn every_word_of_a_row_is_in_its_fingerprint() {
        let one = |change: fn(&mut Entry)| {
            let mut row = row(1, "5");
            change(&mut row);
            ids(&[row])
        };
        let same = one(|_| {});
        let changes: [fn(&mut Entry); 5] = [
            |row| row.word = "SELL".into(),
            |row| row.description = "x".into(),
            |row| row.settles = Some(jiff::civil::date(2026, 1, 2)),
            |row| row.time = Timestamp::from_nanos(1_000_000_001).unwrap(),
            |row| row.what = What::TakenBack,
        ];
        for change in changes {
            assert_ne!(one(change), same);
        }
    }
}
