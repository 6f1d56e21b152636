//! When and at what price an order deals: pure rules on prices, without state.
//!
//! A buyer pays the ask, a seller gets the bid. A stop is reached by a trade at or through it, or by
//! the price its own side could deal at.

use crate::domain::{Price, Side, TrailBy};
use rust_decimal::Decimal;

/// The prices of one symbol at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
    /// Price of a trade that happened just now; `None` when it was a quote that changed.
    pub trade: Option<Price>,
    /// Price of the last trade, whenever it was.
    pub last: Option<Price>,
}

impl Touch {
    /// The price at which a market order of `side` deals: the far side of the quote, or the last
    /// trade of a symbol that has no quotes at all.
    pub fn deals_at(&self, side: Side) -> Option<Price> {
        let far = match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        };
        let quoted = self.bid.is_some() || self.ask.is_some();
        far.or_else(|| self.last.filter(|_| !quoted))
    }
}

/// Whether `price` is as good as `limit` for `side`.
pub fn is_within(side: Side, limit: Option<Price>, price: Price) -> bool {
    match (side, limit) {
        (_, None) => true,
        (Side::Buy, Some(limit)) => price <= limit,
        (Side::Sell, Some(limit)) => price >= limit,
    }
}

/// Whether the market has reached the stop of an order of `side`.
pub fn reaches_stop(side: Side, stop: Price, touch: &Touch) -> bool {
    let through = |price: Price| match side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    };
    touch.trade.is_some_and(through) || touch.deals_at(side).is_some_and(through)
}

/// The mark of a trailing stop after `touch`: the best price seen, highest for a sale, lowest for a
/// purchase.
pub fn trailing_mark(side: Side, mark: Option<Price>, touch: &Touch) -> Option<Price> {
    let seen = [mark, touch.deals_at(side), touch.trade];
    match side {
        Side::Sell => seen.into_iter().flatten().max(),
        Side::Buy => seen.into_iter().flatten().min(),
    }
}

/// Where a trailing stop lies for a mark.
pub fn trailing_stop(side: Side, trail: TrailBy, mark: Price) -> Price {
    let distance = match trail {
        TrailBy::Price(distance) => distance.0,
        TrailBy::Percent(percent) => mark.0.saturating_mul(percent) / Decimal::ONE_HUNDRED,
    };
    Price(match side {
        Side::Sell => mark.0.saturating_sub(distance),
        Side::Buy => mark.0.saturating_add(distance),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_that_does_not_fit_ends_where_numbers_do() {
        let far = TrailBy::Percent(Decimal::MAX);
        let most = Price(Decimal::MAX);
        assert_eq!(trailing_stop(Side::Buy, far, most), most);
        assert!(trailing_stop(Side::Sell, far, most) < most);
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn quote(bid: &str, ask: &str) -> Touch {
        Touch {
            bid: Some(price(bid)),
            ask: Some(price(ask)),
            ..Touch::default()
        }
    }

    #[test]
    fn a_market_order_deals_at_the_far_side() {
        let touch = quote("10.00", "10.02");
        assert_eq!(touch.deals_at(Side::Buy), Some(price("10.02")));
        assert_eq!(touch.deals_at(Side::Sell), Some(price("10.00")));
        let no_ask = Touch {
            ask: None,
            last: Some(price("9")),
            ..touch
        };
        assert_eq!(no_ask.deals_at(Side::Buy), None, "a quote without offers");
        let trades_only = Touch {
            last: Some(price("9")),
            ..Touch::default()
        };
        assert_eq!(trades_only.deals_at(Side::Buy), Some(price("9")));
    }

    #[test]
    fn a_stop_is_reached_by_its_own_side_or_by_a_trade() {
        let traded = |text| Touch {
            trade: Some(price(text)),
            ..quote("10.00", "10.02")
        };
        let cases = [
            (Side::Sell, "9.99", quote("10.00", "10.02"), false),
            (Side::Sell, "10.00", quote("10.00", "10.02"), true),
            (Side::Sell, "9.99", traded("9.98"), true),
            (Side::Buy, "10.03", quote("10.00", "10.02"), false),
            (Side::Buy, "10.02", quote("10.00", "10.02"), true),
            (Side::Buy, "10.03", traded("10.03"), true),
            (Side::Buy, "10.03", Touch::default(), false),
        ];
        for (side, stop, touch, reached) in cases {
            assert_eq!(
                reaches_stop(side, price(stop), &touch),
                reached,
                "{side:?} {stop} {touch:?}"
            );
        }
    }

    #[test]
    fn a_trailing_stop_only_moves_its_own_way() {
        let mark = trailing_mark(Side::Sell, None, &quote("100", "101"));
        assert_eq!(mark, Some(price("100")));
        let higher = trailing_mark(Side::Sell, mark, &quote("110", "111"));
        let kept = trailing_mark(Side::Sell, higher, &quote("90", "91"));
        assert_eq!(kept, Some(price("110")));
        let by_percent = TrailBy::Percent(Decimal::from(10));
        assert_eq!(
            trailing_stop(Side::Sell, by_percent, price("110")),
            price("99")
        );
        let by_price = TrailBy::Price(price("2.50"));
        assert_eq!(
            trailing_stop(Side::Buy, by_price, price("100")),
            price("102.50")
        );
    }
}
