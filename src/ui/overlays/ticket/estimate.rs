//! What an order would do: cost, position and buying power after, and what deserves a second look.

use crate::domain::quote::TradingStatus;
use crate::domain::{
    AssetClass, Balance, Level1, MarketClock, Order, OrderDraft, OrderKind, OrderSize, Price, Side,
    Timestamp,
};
use crate::ui::format;
use rust_decimal::Decimal;
use std::time::Duration;

/// How far from the market a price may be before it is questioned, in percent.
const FAR_PERCENT: i64 = 3;

/// How long after an order the same one again is questioned.
const SAME_AGAIN: Duration = Duration::from_secs(10);

/// What an estimate is made from.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) now: Timestamp,
    /// The newest market data of the symbol.
    pub(super) quote: Option<&'a Level1>,
    /// What is held of it in the account; `None` where the positions were not read.
    pub(super) held: Option<Decimal>,
    /// What the account may spend.
    pub(super) balance: Option<&'a Balance>,
    /// The market of its class.
    pub(super) clock: Option<&'a MarketClock>,
    /// Age from which a quote is stale.
    pub(super) stale_after: Duration,
}

/// What an order would do, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Price it is reckoned at.
    pub(super) price: Option<Price>,
    /// Cost of a purchase, proceeds of a sale.
    pub(super) cost: Option<Decimal>,
    /// Units held afterwards, if all of it fills.
    pub(super) held_after: Option<Decimal>,
    /// What may be spent afterwards.
    pub(super) buying_power_after: Option<Decimal>,
}

impl Estimate {
    pub(super) fn of(draft: &OrderDraft, around: Around<'_>) -> Self {
        let price = reference(draft, around.quote);
        let cost = cost(draft, price);
        let units = match draft.size {
            OrderSize::Quantity(quantity) => Some(quantity.0),
            OrderSize::Notional(amount) => price.and_then(|price| amount.checked_div(price.0)),
        };
        let signed = units.map(|units| match draft.side {
            Side::Buy => units,
            Side::Sell => -units,
        });
        let held_after = add(around.held, signed);
        let buying_power = around.balance.and_then(|balance| balance.buying_power);
        let takes = match (draft.side, around.held, held_after) {
            (Side::Sell, Some(held), Some(after))
                if held.is_sign_positive() && after >= Decimal::ZERO =>
            {
                cost.map(|cost| -cost) // a sale of what is held gives money
            }
            _ => cost,
        };
        Self {
            price,
            cost,
            held_after,
            buying_power_after: add(buying_power, takes.map(|takes| -takes)),
        }
    }
}

fn add(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    one?.checked_add(other?)
}

/// The price an order would trade at: its own, else the other side of the quote.
fn reference(draft: &OrderDraft, quote: Option<&Level1>) -> Option<Price> {
    let market = quote.and_then(|quote| touch(draft.side, quote).or(quote.mark()));
    match draft.kind {
        OrderKind::Limit { limit } | OrderKind::StopLimit { limit, .. } => Some(limit),
        OrderKind::Stop { stop } => Some(stop),
        OrderKind::Market | OrderKind::TrailingStop { .. } => market,
    }
}

/// The side of the quote that an order meets.
fn touch(side: Side, quote: &Level1) -> Option<Price> {
    match side {
        Side::Buy => quote.ask,
        Side::Sell => quote.bid,
    }
}

/// What it costs; unknown for contracts, whose size is not known here.
fn cost(draft: &OrderDraft, price: Option<Price>) -> Option<Decimal> {
    let is_contract = matches!(draft.class, AssetClass::Option | AssetClass::Future);
    match draft.size {
        OrderSize::Notional(amount) => Some(amount),
        OrderSize::Quantity(_) if is_contract => None,
        OrderSize::Quantity(quantity) => price?.times(quantity),
    }
}

/// What deserves a second look before it is sent.
pub(super) fn doubts<'a>(
    draft: &OrderDraft,
    estimate: &Estimate,
    around: Around<'_>,
    orders: impl Iterator<Item = &'a Order>,
) -> Vec<String> {
    let mut doubts = Vec::new();
    doubts.extend(quote_doubt(around));
    doubts.extend(price_doubt(draft, around.quote));
    doubts.extend(closed_doubt(draft, around));
    if estimate
        .buying_power_after
        .is_some_and(|after| after.is_sign_negative() && !after.is_zero())
    {
        doubts.push("costs more than the buying power".into());
    }
    if draft.side == Side::Sell
        && let (Some(held), Some(after)) = (around.held, estimate.held_after)
        && after.is_sign_negative()
        && !held.is_sign_negative()
    {
        let short = format::decimal(after.abs(), format::decimals_shown(after));
        doubts.push(format!(
            "sells {short} more than is held: opens a short position"
        ));
    }
    let is_same = |order: &Order| {
        order.draft.side == draft.side
            && order.draft.account == draft.account
            && order.draft.symbol == draft.symbol
            && order.draft.size == draft.size
            && order.draft.kind == draft.kind
            && around.now.since(order.created) < SAME_AGAIN
    };
    if let Some(order) = orders.into_iter().find(|order| is_same(order)) {
        let age = format::age(around.now.since(order.created));
        doubts.push(format!("the same order was made {age} ago"));
    }
    doubts
}

fn quote_doubt(around: Around<'_>) -> Option<String> {
    let Some(quote) = around.quote else {
        return Some("no quote: what it costs is not known".into());
    };
    if let TradingStatus::Halted(why) = &quote.status {
        return Some(format!("trading is halted: {why}"));
    }
    if quote.delayed_minutes > 0 {
        return Some(format!(
            "the quote is delayed by {} minutes",
            quote.delayed_minutes
        ));
    }
    let Some(received) = quote.received else {
        return Some("no quote yet: what it costs is not known".into());
    };
    let age = around.now.since(received);
    (age >= around.stale_after).then(|| format!("the quote is {} old", format::age(age)))
}

/// A limit that would trade far through the market, or a stop that would trigger at once.
fn price_doubt(draft: &OrderDraft, quote: Option<&Level1>) -> Option<String> {
    let market = touch(draft.side, quote?)?;
    let is_buy = draft.side == Side::Buy;
    let (name, beyond) = match draft.side {
        Side::Buy => ("ask", "above"),
        Side::Sell => ("bid", "below"),
    };
    if let Some(stop) = draft.kind.stop()
        && (if is_buy {
            stop <= market
        } else {
            stop >= market
        })
    {
        return Some(format!(
            "the stop is already reached by the {name} {}",
            format::price(market)
        ));
    }
    let limit = draft.kind.limit()?;
    let distance = if is_buy {
        limit.0 - market.0
    } else {
        market.0 - limit.0
    };
    let percent = (distance * Decimal::ONE_HUNDRED).checked_div(market.0)?;
    (percent > Decimal::from(FAR_PERCENT)).then(|| {
        let percent = format::decimal(percent, 1);
        format!(
            "the limit is {percent} % {beyond} the {name} {}",
            format::price(market)
        )
    })
}

fn closed_doubt(draft: &OrderDraft, around: Around<'_>) -> Option<String> {
    let clock = around
        .clock
        .filter(|clock| draft.class == AssetClass::Equity && !clock.is_open)?;
    let left = format::time_left(clock.next_open.since(around.now));
    Some(format!("{} is closed; it opens in {left}", clock.market))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Currency, Symbol};
    use crate::ui::overlays::stage::draft as base;

    const NOW: &str = "2026-11-23T15:00:00Z";

    fn exact(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn quote(bid: &str, ask: &str) -> Level1 {
        Level1 {
            bid: Some(bid.parse().unwrap()),
            ask: Some(ask.parse().unwrap()),
            received: Some(Timestamp::parse(NOW).unwrap()),
            ..Level1::unknown(Symbol::new("AAPL"))
        }
    }

    fn balance() -> Balance {
        Balance {
            account: base().account,
            currency: Currency::USD,
            equity: exact("50000"),
            previous_equity: None,
            cash: exact("20000"),
            buying_power: Some(exact("20000")),
            as_of: Timestamp::EPOCH,
        }
    }

    fn around<'a>(quote: Option<&'a Level1>, balance: &'a Balance, held: &str) -> Around<'a> {
        Around {
            now: Timestamp::parse(NOW).unwrap(),
            quote,
            held: held.parse().ok(),
            balance: Some(balance),
            clock: None,
            stale_after: Duration::from_secs(15),
        }
    }

    fn estimated(change: impl FnOnce(&mut OrderDraft), held: &str) -> [String; 3] {
        let mut draft = base();
        change(&mut draft);
        let quote = quote("189.94", "189.96");
        let estimate = Estimate::of(&draft, around(Some(&quote), &balance(), held));
        [
            estimate.cost,
            estimate.held_after,
            estimate.buying_power_after,
        ]
        .map(|it| format::or_unknown(it, |it| format::decimal(it, 2)))
    }

    #[test]
    fn cost_position_and_buying_power_follow_from_the_order() {
        let sell = |it: &mut OrderDraft| it.side = Side::Sell;
        let market = |it: &mut OrderDraft| it.kind = OrderKind::Market;
        assert_eq!(
            estimated(|_| {}, "120"),
            ["18,990.00", "220.00", "1,010.00"]
        );
        assert_eq!(
            estimated(market, "120"),
            ["18,996.00", "220.00", "1,004.00"]
        );
        assert_eq!(estimated(sell, "120"), ["18,990.00", "20.00", "38,990.00"]);
        assert_eq!(estimated(sell, "20"), ["18,990.00", "-80.00", "1,010.00"]);
        assert_eq!(
            estimated(|_| {}, "not read"),
            ["18,990.00", "—", "1,010.00"]
        );
        let notional = |it: &mut OrderDraft| {
            it.kind = OrderKind::Market;
            it.size = OrderSize::Notional(exact("1899.60"));
        };
        assert_eq!(estimated(notional, "0"), ["1,899.60", "10.00", "18,100.40"]);
        let option = |it: &mut OrderDraft| it.class = AssetClass::Option;
        assert_eq!(estimated(option, "0"), ["—", "100.00", "—"]);
    }

    fn doubted(
        change: impl FnOnce(&mut OrderDraft),
        quote: Option<&Level1>,
        held: &str,
    ) -> Vec<String> {
        let mut draft = base();
        change(&mut draft);
        let balance = balance();
        let around = around(quote, &balance, held);
        let estimate = Estimate::of(&draft, around);
        doubts(&draft, &estimate, around, std::iter::empty())
    }

    #[test]
    fn what_is_odd_is_questioned_and_what_is_usual_is_not() {
        let usual = quote("189.94", "189.96");
        let limit = |text: &str| {
            let limit = text.parse().unwrap();
            move |it: &mut OrderDraft| it.kind = OrderKind::Limit { limit }
        };
        let stop = |text: &str| {
            let stop = text.parse().unwrap();
            move |it: &mut OrderDraft| it.kind = OrderKind::Stop { stop }
        };
        assert_eq!(doubted(|_| {}, Some(&usual), "0"), [""; 0]);
        assert_eq!(doubted(limit("150"), Some(&usual), "0"), [""; 0]);
        assert_eq!(
            doubted(limit("199.00"), Some(&usual), "0"),
            ["the limit is 4.8 % above the ask 189.96"]
        );
        assert_eq!(
            doubted(stop("189.96"), Some(&usual), "0"),
            ["the stop is already reached by the ask 189.96"]
        );
        assert_eq!(doubted(stop("189.97"), Some(&usual), "0"), [""; 0]);
        assert_eq!(
            doubted(|_| {}, None, "0"),
            ["no quote: what it costs is not known"]
        );
        let many = |it: &mut OrderDraft| it.size = OrderSize::Quantity("200".parse().unwrap());
        assert_eq!(
            doubted(many, Some(&usual), "0"),
            ["costs more than the buying power"]
        );
        let sell = |it: &mut OrderDraft| it.side = Side::Sell;
        assert_eq!(
            doubted(sell, Some(&usual), "20"),
            ["sells 80 more than is held: opens a short position"]
        );
    }

    #[test]
    fn an_old_delayed_or_halted_quote_is_told() {
        let old = Level1 {
            received: Some(Timestamp::parse("2026-11-23T14:59:45Z").unwrap()),
            ..quote("189.94", "189.96")
        };
        let delayed = Level1 {
            delayed_minutes: 15,
            ..quote("189.94", "189.96")
        };
        let halted = Level1 {
            status: TradingStatus::Halted("news".into()),
            ..quote("189.94", "189.96")
        };
        let silent = Level1 {
            received: None,
            ..quote("189.94", "189.96")
        };
        for (quote, expected) in [
            (old, "the quote is 15 s old"),
            (delayed, "the quote is delayed by 15 minutes"),
            (halted, "trading is halted: news"),
            (silent, "no quote yet: what it costs is not known"),
        ] {
            assert_eq!(doubted(|_| {}, Some(&quote), "0"), [expected]);
        }
    }

    #[test]
    fn the_same_order_again_and_a_closed_market_are_told() {
        let (balance, quote) = (balance(), quote("189.94", "189.96"));
        let clock = MarketClock {
            market: "NYSE".into(),
            is_open: false,
            next_open: Timestamp::parse("2026-11-24T14:30:00Z").unwrap(),
            next_close: Timestamp::parse("2026-11-24T21:00:00Z").unwrap(),
        };
        let around = Around {
            clock: Some(&clock),
            ..around(Some(&quote), &balance, "0")
        };
        let order = |created: &str| Order {
            id: crate::domain::ClientOrderId::new("1"),
            provider_id: None,
            draft: base(),
            state: crate::domain::OrderState::Working,
            filled: "0".parse().unwrap(),
            average_price: None,
            created: Timestamp::parse(created).unwrap(),
            updated: Timestamp::parse(created).unwrap(),
            replaces: None,
            parent: None,
        };
        let told = |created: &str| {
            doubts(
                &base(),
                &Estimate::default(),
                around,
                [order(created)].iter(),
            )
        };
        assert_eq!(
            told("2026-11-23T14:59:52Z"),
            [
                "NYSE is closed; it opens in 23h30m",
                "the same order was made 8 s ago"
            ]
        );
        assert_eq!(
            told("2026-11-23T14:59:50Z"),
            ["NYSE is closed; it opens in 23h30m"]
        );
    }
}
