//! The orders that stand when the world opens.

use super::story::Story;
use super::{NewOrder, World};
use crate::domain::{
    Exits, OrderKind, Price, Side, StopLoss, Symbol, TimeInForce, Timestamp, TrailBy,
};
use rust_decimal::Decimal;

impl World {
    /// Orders that stand when the program starts: a purchase below the market, a stop or a trailing
    /// stop under a holding, a bracket.
    pub(super) fn leave_orders(&mut self, index: usize, story: &Story, now: Timestamp) {
        let favourite = Symbol::new(story.symbols[0]);
        let largest = self.customers[index]
            .holdings
            .iter()
            .max_by_key(|(_, holding)| holding.quantity * holding.average.0)
            .map(|(symbol, holding)| (symbol.clone(), holding.quantity));
        if let Some(price) = self.percent_of_market(&favourite, 96) {
            let kind = OrderKind::Limit { limit: price };
            self.leave(
                index,
                (favourite.clone(), Side::Buy, Decimal::ONE),
                kind,
                Exits::None,
                now,
            );
        }
        if let Some((symbol, units)) = largest.filter(|(symbol, _)| *symbol != favourite)
            && let Some(stop) = self.percent_of_market(&symbol, 91)
        {
            let kind = match story.elaborate {
                true => OrderKind::TrailingStop {
                    trail: TrailBy::Percent(Decimal::from(8)),
                },
                false => OrderKind::Stop { stop },
            };
            let units = (units / Decimal::TWO).trunc();
            self.leave(index, (symbol, Side::Sell, units), kind, Exits::None, now);
        }
        if story.elaborate {
            self.leave_bracket(index, now);
        }
    }

    fn leave_bracket(&mut self, index: usize, now: Timestamp) {
        let symbol = Symbol::new("DIS");
        let prices = [94, 104, 88].map(|percent| self.percent_of_market(&symbol, percent));
        if let [Some(limit), Some(take_profit), Some(stop)] = prices {
            let exits = Exits::Bracket {
                take_profit,
                stop_loss: StopLoss { stop, limit: None },
            };
            let what = (symbol, Side::Buy, Decimal::from(15));
            self.leave(index, what, OrderKind::Limit { limit }, exits, now);
        }
    }

    fn leave(
        &mut self,
        index: usize,
        (symbol, side, units): (Symbol, Side, Decimal),
        kind: OrderKind,
        exits: Exits,
        now: Timestamp,
    ) {
        if units <= Decimal::ZERO {
            return;
        }
        let mut draft = self.draft(index, symbol, side, units, kind);
        draft.time_in_force = TimeInForce::GoodTilCancelled;
        draft.exits = exits;
        let order = NewOrder {
            draft,
            client_id: None,
        };
        // An order that this customer's year does not allow is left out.
        drop(self.place(index, order, now));
    }

    fn percent_of_market(&self, symbol: &Symbol, percent: i64) -> Option<Price> {
        let mark = self.market.mark(self.market.find(symbol)?)?;
        Some(Price((mark.0 * Decimal::new(percent, 2)).round_dp(2)))
    }
}
