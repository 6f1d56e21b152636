//! Orders of one small account around one quote.

use super::*;
use crate::domain::{Currency, Symbol};
use crate::ui::overlays::tests::stage::draft as base;

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
    let rejected = Order {
        state: crate::domain::OrderState::Rejected {
            reason: "no".into(),
        },
        ..order("2026-11-23T14:59:59Z")
    };
    let open = Around {
        clock: None,
        ..around
    };
    assert_eq!(
        doubts(&base(), &Estimate::default(), open, [rejected].iter()),
        [""; 0]
    );
    assert_eq!(
        told("2026-11-23T14:59:50Z"),
        ["NYSE is closed; it opens in 23h30m"]
    );
}
