//! Several feeds of the same symbol: one says what is shown, the next takes over.

use super::*;
use crate::domain::{MarketEvent, Trade};
use crate::engine::input::Feed;

struct Two {
    rig: Rig,
}

fn id(name: &str) -> ConnectionId {
    ConnectionId::new(name)
}

fn profile_of(name: &str, simulated: bool) -> Profile {
    Profile {
        id: id(name),
        simulated,
        ..profile()
    }
}

fn feed(label: &str, delayed_minutes: u16) -> StreamChange {
    StreamChange::Up(Feed {
        label: label.into(),
        delayed_minutes,
        carries_orders: false,
    })
}

/// Two connections, and one screen that watches two symbols.
fn two(simulated: (bool, bool)) -> Two {
    let mut rig = Rig {
        engine: Engine::new(settings(), vec![], VaultStatus::Absent),
        published: vec![],
    };
    rig.tell(0, Input::Opened(profile_of("a", simulated.0)));
    rig.tell(0, Input::Opened(profile_of("b", simulated.1)));
    let symbols = vec![Symbol::new("AAPL"), Symbol::new("SPY")];
    rig.request(0, Request::Watch { symbols });
    Two { rig }
}

impl Two {
    fn stream(&mut self, second: u64, name: &str, change: StreamChange) -> Vec<String> {
        let outputs = self
            .rig
            .tell(second, Input::Stream(id(name), Channel::Quotes, change));
        let watch = |output: &Output| {
            let Output::Watch(id, symbols) = output else {
                return None;
            };
            let symbols: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
            Some(format!("{id}: {}", symbols.join(" ")))
        };
        outputs.iter().filter_map(watch).collect()
    }

    fn trade(&mut self, second: u64, name: &str, price: &str) {
        let trade = Trade {
            symbol: Symbol::new("AAPL"),
            price: price.parse().unwrap(),
            size: Quantity::ZERO,
            time: at(second),
        };
        let events = vec![MarketEvent::Trade(trade)];
        self.rig.tell(second, Input::Market(id(name), events));
    }

    /// What the screen last heard of the symbol: its last price and whose it is.
    fn shown(&mut self) -> String {
        let lines = self.rig.engine.take_quotes();
        let line = lines.iter().find(|it| it.symbol.as_str() == "AAPL");
        line.map_or_else(String::new, |line| {
            let last = line
                .last
                .map_or_else(|| "-".to_owned(), |it| it.to_string());
            let bid = line.bid.map_or_else(|| "-".to_owned(), |it| it.to_string());
            format!(
                "{} last {last} bid {bid} delayed {}",
                line.source, line.delayed_minutes
            )
        })
    }
}

fn down() -> StreamChange {
    StreamChange::Down {
        why: "lost".into(),
        again: Some(at(100)),
    }
}

#[test]
fn a_symbol_is_carried_by_one_feed_and_the_next_takes_over() {
    let mut two = two((false, false));
    assert_eq!(two.stream(1, "b", feed("DXLink", 0)), ["b: AAPL SPY"]);
    assert_eq!(
        two.stream(2, "a", feed("IEX", 0)),
        ["b: ", "a: AAPL SPY"],
        "the first by name"
    );
    two.trade(3, "a", "10");
    assert_eq!(two.shown(), "IEX last 10 bid - delayed 0");
    assert_eq!(two.stream(4, "a", down()), ["a: ", "b: AAPL SPY"]);
    assert_eq!(two.stream(5, "a", feed("IEX", 0)), ["b: ", "a: AAPL SPY"]);
}

#[test]
fn a_row_never_shows_two_feeds_at_once() {
    let mut two = two((false, false));
    two.stream(1, "a", feed("IEX", 0));
    two.stream(1, "b", feed("DXLink", 0));
    let quote = crate::domain::quote::Quote {
        symbol: Symbol::new("AAPL"),
        bid: Some("9".parse().unwrap()),
        ask: None,
        bid_size: None,
        ask_size: None,
        time: at(2),
    };
    two.rig
        .tell(2, Input::Market(id("a"), vec![MarketEvent::Quote(quote)]));
    two.trade(2, "b", "11");
    assert_eq!(
        two.shown(),
        "IEX last - bid 9 delayed 0",
        "the other feed is left out"
    );
    two.stream(3, "a", down());
    two.trade(4, "b", "11");
    assert_eq!(
        two.shown(),
        "DXLink last 11 bid - delayed 0",
        "the row begins anew"
    );
    two.trade(5, "a", "12");
    assert_eq!(
        two.shown(),
        "",
        "what still comes of the old one is left out"
    );
}

#[test]
fn a_real_feed_comes_before_a_simulated_one_and_a_prompt_one_before_a_late_one() {
    let mut simulated_first = two((true, false));
    simulated_first.stream(1, "a", feed("IEX", 0));
    assert_eq!(
        simulated_first.stream(2, "b", feed("DXLink", 15)),
        ["a: ", "b: AAPL SPY"]
    );
    let mut late_first = two((false, false));
    late_first.stream(1, "a", feed("demo", 15));
    assert_eq!(
        late_first.stream(2, "b", feed("DXLink", 0)),
        ["a: ", "b: AAPL SPY"]
    );
    late_first.stream(3, "b", down());
    late_first.trade(4, "a", "1");
    assert_eq!(late_first.shown(), "demo last 1 bid - delayed 15");
}

#[test]
fn what_a_feed_does_not_carry_comes_from_the_next() {
    let mut two = two((false, false));
    two.stream(1, "a", feed("IEX", 0));
    two.stream(1, "b", feed("DXLink", 0));
    let not_live = StreamChange::NotLive(vec![Symbol::new("SPY")], "30 symbols at most".into());
    assert_eq!(two.stream(2, "a", not_live), ["a: AAPL", "b: SPY"]);
}

#[test]
fn what_a_feed_takes_over_is_asked_for_at_once() {
    let mut two = two((false, false));
    two.stream(1, "a", feed("IEX", 0));
    let outputs = two.rig.tell(
        2,
        Input::Stream(id("b"), Channel::Quotes, feed("DXLink", 0)),
    );
    assert_eq!(count(&outputs, |it| matches!(it, Output::Read(..))), 0);
    let outputs = two
        .rig
        .tell(3, Input::Stream(id("a"), Channel::Quotes, down()));
    let wanted = Reading::Snapshots(vec![Symbol::new("AAPL"), Symbol::new("SPY")]);
    let is_asked = |it: &Output| matches!(it, Output::Read(from, reading) if *from == id("b") && *reading == wanted);
    assert_eq!(count(&outputs, is_asked), 1, "{outputs:?}");
}

#[test]
fn an_answer_for_a_symbol_that_another_feed_took_over_is_no_complaint() {
    let mut two = two((false, false));
    two.stream(1, "b", feed("DXLink", 0));
    two.stream(2, "a", feed("IEX", 0));
    let answer = |id: ConnectionId| {
        Input::Read(Box::new(ReadAnswer {
            connection: id,
            reading: Reading::Snapshots(vec![Symbol::new("AAPL")]),
            took: Duration::ZERO,
            meter: CallMeter::default(),
            outcome: Ok(ReadData::Snapshots(vec![])),
        }))
    };
    two.rig.tell(3, answer(id("b")));
    assert!(lines_with(&two.rig, "no market data").is_empty());
    two.rig.tell(4, answer(id("a")));
    assert_eq!(
        lines_with(&two.rig, "no market data"),
        ["no market data for AAPL at a"]
    );
}
