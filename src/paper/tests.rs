//! Scripts of inputs and the events that come of them, a line a case.
//!
//! A script is a list of steps with semicolons: `open`, `extended`, `close`, `halt`, `resume`,
//! `q BIDxSIZE ASKxSIZE` (`-` for no size or no side), `t PRICE`,
//! `NAME SIDE UNITS KIND [PRICES] TIF [ext] [tp PRICE] [sl STOP[/LIMIT]] [oco]`,
//! `cancel NAME`, `replace OLD NEW [qty UNITS] [limit PRICE] [stop PRICE]`. Exits are named `NAME.tp` and
//! `NAME.sl`.

use super::*;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Exits, Mode, OrderKind, OrderSize, Side, StopLoss,
    TimeInForce, TrailBy,
};

struct Scene {
    venue: PaperVenue,
    class: AssetClass,
}

fn check(script: &str, expected: &str) {
    check_class(AssetClass::Equity, script, expected);
}

fn check_class(class: AssetClass, script: &str, expected: &str) {
    let mut scene = Scene {
        venue: PaperVenue::new(Session::Closed),
        class,
    };
    let mut events = Vec::new();
    for step in script.split(';') {
        let input = scene.input(step.trim());
        let heard = scene.venue.handle(Timestamp::EPOCH, input);
        events.extend(heard.iter().map(written));
    }
    assert_eq!(events.join("; "), expected, "{script}");
}

fn id(name: &str) -> ClientOrderId {
    ClientOrderId::new(name)
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn side_of_quote(text: &str) -> (Option<Price>, Option<Quantity>) {
    let (price, size) = text.split_once('x').unwrap_or((text, "-"));
    let known = |text: &str| text != "-";
    (
        known(price).then(|| number(price)),
        known(size).then(|| number(size)),
    )
}

impl Scene {
    fn symbol(&self) -> Symbol {
        Symbol::new("AAPL")
    }

    fn input(&self, step: &str) -> Input {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[0] {
            "open" => Input::Session(Session::Regular),
            "extended" => Input::Session(Session::Extended),
            "close" => Input::Session(Session::Closed),
            "halt" => Input::Status(self.symbol(), TradingStatus::Halted("news".into())),
            "resume" => Input::Status(self.symbol(), TradingStatus::Trading),
            "q" => {
                let ((bid, bid_size), (ask, ask_size)) =
                    (side_of_quote(words[1]), side_of_quote(words[2]));
                Input::Quote(Quote {
                    symbol: self.symbol(),
                    bid,
                    ask,
                    bid_size,
                    ask_size,
                    time: Timestamp::EPOCH,
                })
            }
            "t" => Input::Trade(Trade {
                symbol: self.symbol(),
                price: number(words[1]),
                size: number("1"),
                time: Timestamp::EPOCH,
            }),
            "cancel" => Input::Cancel(id(words[1])),
            "replace" => self.replace(&words),
            _ => self.place(&words),
        }
    }

    fn replace(&self, words: &[&str]) -> Input {
        let after = |word: &str| {
            let place = words.iter().position(|known| *known == word)?;
            Some(words[place + 1])
        };
        Input::Replace {
            old: id(words[1]),
            new: id(words[2]),
            change: OrderChange {
                quantity: after("qty").map(number),
                limit: after("limit").map(number),
                stop: after("stop").map(number),
                ..OrderChange::default()
            },
        }
    }

    fn place(&self, words: &[&str]) -> Input {
        let (side, size) = match words[1] {
            "buy" => (Side::Buy, words[2]),
            "sell" => (Side::Sell, words[2]),
            other => panic!("{other}"),
        };
        let size = match size.strip_prefix('$') {
            Some(amount) => OrderSize::Notional(number(amount)),
            None => OrderSize::Quantity(number(size)),
        };
        let (kind, rest) = kind(words);
        let tif = TimeInForce::ALL
            .into_iter()
            .find(|tif| tif.as_str() == words[rest])
            .unwrap();
        let name = words[0];
        Input::Place(Placement {
            id: id(name),
            take_profit: Some(id(&format!("{name}.tp"))),
            stop_loss: Some(id(&format!("{name}.sl"))),
            draft: OrderDraft {
                account: AccountId {
                    connection: ConnectionId::new("paper"),
                    number: "1".into(),
                },
                mode: Mode::Paper,
                symbol: self.symbol(),
                class: self.class.clone(),
                side,
                size,
                kind,
                time_in_force: tif,
                extended_hours: words.contains(&"ext"),
                exits: exits(words),
            },
        })
    }
}

/// The kind of an order and the place of the word behind it.
fn kind(words: &[&str]) -> (OrderKind, usize) {
    match words[3] {
        "market" => (OrderKind::Market, 4),
        "limit" => {
            let limit = number(words[4]);
            (OrderKind::Limit { limit }, 5)
        }
        "stop" => {
            let stop = number(words[4]);
            (OrderKind::Stop { stop }, 5)
        }
        "stoplimit" => {
            let (stop, limit) = (number(words[4]), number(words[5]));
            (OrderKind::StopLimit { stop, limit }, 6)
        }
        "trail" => {
            let trail = match words[4].strip_suffix('%') {
                Some(percent) => TrailBy::Percent(number(percent)),
                None => TrailBy::Price(number(words[4])),
            };
            (OrderKind::TrailingStop { trail }, 5)
        }
        other => panic!("{other}"),
    }
}

fn exits(words: &[&str]) -> Exits {
    let after = |word: &str| {
        let place = words.iter().position(|known| *known == word)?;
        Some(words[place + 1])
    };
    let loss = after("sl").map(|text| {
        let (stop, limit) = text.split_once('/').unwrap_or((text, ""));
        StopLoss {
            stop: number(stop),
            limit: (!limit.is_empty()).then(|| number(limit)),
        }
    });
    match (after("tp").map(number), loss) {
        (None, None) => Exits::None,
        (Some(take_profit), None) => Exits::TakeProfit { take_profit },
        (None, Some(stop_loss)) => Exits::StopLoss(stop_loss),
        (Some(take_profit), Some(stop_loss)) if words.contains(&"oco") => Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        },
        (Some(take_profit), Some(stop_loss)) => Exits::Bracket {
            take_profit,
            stop_loss,
        },
    }
}

fn written(event: &Event) -> String {
    match event {
        Event::Accepted(id) => format!("{id} accepted"),
        Event::Held(id) => format!("{id} held"),
        Event::Working(id) => format!("{id} works"),
        Event::Triggered(id) => format!("{id} triggered"),
        Event::Trailed { id, mark, stop } => format!("{id} trails {mark} at {stop}"),
        Event::Filled(fill) if fill.leaves.0.is_zero() => {
            format!("{} {}@{}", fill.id, fill.quantity, fill.price)
        }
        Event::Filled(fill) => format!(
            "{} {}@{} leaves {}",
            fill.id, fill.quantity, fill.price, fill.leaves
        ),
        Event::Resized { id, quantity } => format!("{id} now {quantity}"),
        Event::Cancelled(id) => format!("{id} cancelled"),
        Event::Expired(id) => format!("{id} expired"),
        Event::Replaced { old, new } => format!("{old} -> {new}"),
        Event::Rejected { id, reason } => format!("{id} rejected: {reason}"),
        Event::CancelRefused { id, reason } => format!("{id} not cancelled: {reason}"),
        Event::ReplaceRefused { old, reason, .. } => format!("{old} not replaced: {reason}"),
    }
}

#[test]
fn a_market_order_takes_the_far_side() {
    check(
        "open; q 10.00x500 10.02x500; a buy 100 market day",
        "a works; a 100@10.02",
    );
    check(
        "open; q 10.00x500 10.02x500; a sell 100 market day",
        "a works; a 100@10.00",
    );
    check(
        "open; a buy 100 market day; q 10x- 11x-",
        "a works; a 100@11",
    );
    check("open; q 10x500 -; a buy 1 market day", "a works");
    check("open; q 0x0 0x0; a buy 1 market day", "a works");
    check("open; t 10.01; a buy 1 market day", "a works; a 1@10.01");
}

#[test]
fn no_more_deals_than_is_shown() {
    check(
        "open; q 10x100 11x30; a buy 100 market day; q 10x100 11x50; q 10x100 12x50",
        "a works; a 30@11 leaves 70; a 50@11 leaves 20; a 20@12",
    );
    check(
        "open; q 10x100 11x100; a buy 60 market day; b buy 60 market day",
        "a works; a 60@11; b works; b 40@11 leaves 20",
    );
    check(
        "open; q 10x100 11x100; a buy 60 market day; a buy 1 market day; b buy 60 market ioc",
        "a works; a 60@11; a works; a 1@11; b works; b 39@11 leaves 21; b cancelled",
    );
}

#[test]
fn a_limit_deals_at_its_price_or_better() {
    check(
        "open; q 10.00x9 10.02x9; a buy 5 limit 10.05 day",
        "a works; a 5@10.02",
    );
    check(
        "open; q 10.00x9 10.02x9; a buy 5 limit 10.01 day; q 9.99x9 10.01x9",
        "a works; a 5@10.01",
    );
    check(
        "open; q 10.00x9 10.02x9; a sell 5 limit 10.01 gtc; q 10.00x9 10.01x9",
        "a works",
    );
    check(
        "open; q 10.00x9 10.02x9; a sell 5 limit 10.00 gtc",
        "a works; a 5@10.00",
    );
}

#[test]
fn a_stop_waits_for_its_price() {
    let start = "open; q 10.00x900 10.02x900; ";
    check(
        &format!("{start}a sell 5 stop 9.90 gtc; q 9.95x9 9.97x9; q 9.85x9 9.87x9"),
        "a works; a triggered; a 5@9.85",
    );
    check(
        &format!("{start}a buy 5 stop 10.10 gtc; t 10.10"),
        "a works; a triggered; a 5@10.02",
    );
    check(
        &format!("{start}a buy 5 stoplimit 10.10 10.15 gtc; q 10.18x9 10.20x9; q 10.1x9 10.12x9"),
        "a works; a triggered; a 5@10.12",
    );
    check(
        &format!("{start}a sell 5 stoplimit 9.90 9.88 gtc; t 9.90; q 9.80x9 9.9x9"),
        "a works; a triggered; a 5@10.00",
    );
}

#[test]
fn a_trailing_stop_follows_and_never_backs_off() {
    check(
        "open; q 100x9 101x9; a sell 5 trail 2 gtc; q 105x9 106x9; q 104x9 105x9; q 103x9 104x9",
        "a works; a trails 100 at 98; a trails 105 at 103; a triggered; a 5@103",
    );
    check(
        "open; q 99x9 100x9; a buy 5 trail 10% gtc; q 79x9 80x9; q 87x9 88x9",
        "a works; a trails 100 at 110; a trails 80 at 88; a triggered; a 5@88",
    );
}

#[test]
fn an_immediate_order_leaves_nothing_behind() {
    check(
        "open; q 10x9 11x3; a buy 5 limit 11 ioc",
        "a works; a 3@11 leaves 2; a cancelled",
    );
    check(
        "open; q 10x9 11x3; a buy 5 limit 10 ioc",
        "a works; a cancelled",
    );
    check(
        "open; q 10x9 11x3; a buy 5 limit 11 fok",
        "a works; a cancelled",
    );
    check("open; q 10x9 11x5; a buy 5 limit 11 fok", "a works; a 5@11");
    check("a buy 5 limit 11 ioc", "a accepted; a cancelled");
}

#[test]
fn orders_keep_to_the_hours_of_the_day() {
    check(
        "q 10x9 11x9; a buy 1 market day; open",
        "a accepted; a works; a 1@11",
    );
    check(
        "extended; q 10x9 11x9; a buy 1 limit 11 day ext; b buy 1 limit 11 day; open",
        "a works; a 1@11; b accepted; b works; b 1@11",
    );
    check(
        "open; a buy 1 limit 9 day; b buy 1 limit 9 gtc; extended",
        "a works; b works; a expired",
    );
    check(
        "open; a buy 1 limit 9 day ext; extended; close",
        "a works; a expired",
    );
    check("open; a buy 1 limit 9 day ext; close", "a works; a expired");
    check(
        "extended; a buy 1 limit 9 day; close; open",
        "a accepted; a works",
    );
    check(
        "open; a buy 1 limit 9 gtc; close; q 8x9 8.5x9; open",
        "a works; a 1@8.5",
    );
    check_class(
        AssetClass::Crypto,
        "q 10x9 11x9; a buy 1 market gtc",
        "a works; a 1@11",
    );
}

#[test]
fn auction_orders_deal_once_a_day() {
    check(
        "q 10x9 11x9; a buy 1 market opg; open; q 10x9 11x9",
        "a accepted; a 1@11",
    );
    check(
        "q 10x9 11x9; a buy 1 limit 9 opg; open",
        "a accepted; a cancelled",
    );
    check(
        "open; q 10x9 11x9; a sell 1 market cls; q 12x9 13x9; extended",
        "a accepted; a 1@12",
    );
    check(
        "open; q 10x9 11x9; a sell 20 limit 5 cls; extended",
        "a accepted; a 9@10 leaves 11; a cancelled",
    );
}

#[test]
fn a_halt_stops_everything_but_cancels() {
    check(
        "open; q 10x9 11x9; halt; a buy 1 market day; q 10x9 11x9; b buy 1 limit 5 day; cancel b; resume",
        "a accepted; b accepted; b cancelled; a works; a 1@11",
    );
}

#[test]
fn an_amount_of_money_buys_what_it_buys() {
    check(
        "open; q 10x9 3x900; a buy $100 market day",
        "a works; a 33.333333333@3",
    );
    check(
        "open; q 10x9 3x20; a buy $90 market day; q 10x9 4x20",
        "a works; a 20@3 leaves 10; a 10@4",
    );
}

#[test]
fn a_bracket_holds_its_exits_until_it_is_filled() {
    let start = "open; q 10.00x9 10.02x9; a buy 5 limit 10 gtc tp 11 sl 9; ";
    let held = "a.tp held; a.sl held; a works";
    check(start.trim_end_matches("; "), held);
    let filled = format!("{held}; a 5@9.99; a.tp works; a.sl works");
    let enter = format!("{start}q 9.97x9 9.99x9; ");
    check(
        &format!("{enter}q 11x9 11.02x9"),
        &format!("{filled}; a.tp 5@11; a.sl cancelled"),
    );
    check(
        &format!("{enter}q 8.95x9 8.97x9"),
        &format!("{filled}; a.sl triggered; a.sl 5@8.95; a.tp cancelled"),
    );
    check(
        &format!("{enter}cancel a.tp"),
        &format!("{filled}; a.tp cancelled; a.sl cancelled"),
    );
    check(
        &format!("{start}cancel a"),
        &format!("{held}; a cancelled; a.tp cancelled; a.sl cancelled"),
    );
    check(
        &format!("{start}q 9.97x9 9.99x2; cancel a"),
        &format!("{held}; a 2@9.99 leaves 3; a cancelled; a.tp cancelled; a.sl cancelled"),
    );
}

#[test]
fn an_exit_that_fills_in_part_shrinks_the_other() {
    check(
        "open; q 10x9 10x9; a buy 5 market gtc tp 11 sl 9/8.9; q 11x2 12x9; q 8.9x9 9x9",
        "a.tp held; a.sl held; a works; a 5@10; a.tp works; a.sl works; \
         a.tp 2@11 leaves 3; a.sl now 3; a.sl triggered; a.sl 3@8.9; a.tp cancelled",
    );
}

#[test]
fn an_exit_closes_what_its_entry_bought() {
    check(
        "open; q 10x- 10x-; a buy $100 market day tp 11; q 11x- 12x-",
        "a.tp held; a works; a 10@10; a.tp works; a.tp 10@11",
    );
}

#[test]
fn pairs_and_single_exits() {
    check(
        "open; q 10x9 10.1x9; a sell 5 limit 11 gtc tp 11 sl 9 oco; q 11x9 11.1x9",
        "a works; a.sl works; a 5@11; a.sl cancelled",
    );
    check(
        "open; q 10x9 10.1x9; a sell 5 limit 11 gtc tp 11 sl 9 oco; cancel a.sl",
        "a works; a.sl works; a.sl cancelled; a cancelled",
    );
    check(
        "open; q 10x9 10x9; a buy 5 market gtc sl 9; q 9x9 9.1x9",
        "a.sl held; a works; a 5@10; a.sl works; a.sl triggered; a.sl 5@9",
    );
    check(
        "open; q 10x9 10x9; a buy 5 market gtc tp 12; q 12x9 12.1x9",
        "a.tp held; a works; a 5@10; a.tp works; a.tp 5@12",
    );
}

#[test]
fn a_replacement_keeps_what_is_filled_and_its_exits() {
    let start = "open; q 10x9 11x3; a buy 5 limit 11 gtc tp 20 sl 1; ";
    let began = "a.tp held; a.sl held; a works; a 3@11 leaves 2";
    check(
        &format!("{start}replace a b qty 7 limit 12; q 10x9 12x9"),
        &format!("{began}; a -> b; b works; b 4@12; a.tp works; a.sl works"),
    );
    check(
        &format!("{start}replace a b qty 3"),
        &format!("{began}; a not replaced: no more is wanted than is filled"),
    );
    check(
        &format!("{start}replace a b stop 3"),
        &format!("{began}; a not replaced: the order has no such price"),
    );
    check(
        &format!("{start}replace x b qty 3"),
        &format!("{began}; x not replaced: no such working order"),
    );
    check(
        &format!("{start}replace a a.tp qty 9"),
        &format!("{began}; a not replaced: an order of that name stands already"),
    );
    check(
        &format!("{start}replace a b limit 10; cancel a; cancel b"),
        &format!(
            "{began}; a -> b; b works; a not cancelled: no such working order; b cancelled; a.tp cancelled; a.sl cancelled"
        ),
    );
}

#[test]
fn what_is_over_is_over() {
    check(
        "open; q 10x9 11x9; a buy 1 market day; cancel a",
        "a works; a 1@11; a not cancelled: no such working order",
    );
    check(
        "open; a buy 1 limit 1 day; a buy 1 limit 1 day",
        "a works; a rejected: an order of that name stands already",
    );
    let mut venue = PaperVenue::new(Session::Regular);
    let scene = Scene {
        venue: PaperVenue::new(Session::Regular),
        class: AssetClass::Equity,
    };
    for step in [
        "q 10x9 11x9",
        "a buy 1 market day",
        "b buy 1 limit 1 day",
        "cancel b",
    ] {
        venue.handle(Timestamp::EPOCH, scene.input(step));
    }
    assert!(venue.is_empty() && !venue.has_orders_in(&scene.symbol()));
}
