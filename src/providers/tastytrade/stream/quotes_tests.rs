use super::*;
use crate::domain::money::decimal;
use crate::providers::tastytrade::stream::script;
use crate::providers::tastytrade::tests::fixture;

type Script = script::Script<QuoteSession>;

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

impl Script {
    fn watching(names: &[&str]) -> Self {
        let mut script = Self::live();
        script.watch(names);
        script.said();
        script
    }

    fn watch(&mut self, names: &[&str]) {
        let watch = StreamCommand::Watch(symbols(names));
        self.session.command(self.now, watch, &mut self.out);
    }

    fn feed(&mut self, data: &str) -> Vec<MarketEvent> {
        self.hear(&format!(
            r#"{{"type":"FEED_DATA","channel":1,"data":{data}}}"#
        ));
        let market = self.events().into_iter().map(|event| {
            let StreamEvent::Market(event) = event else {
                panic!("{event:?}")
            };
            event
        });
        market.collect()
    }
}

fn price(text: &str) -> Option<Price> {
    Some(Price(decimal(text).unwrap()))
}

#[tokio::test]
async fn rows_come_as_they_were_asked_for_until_the_server_says_otherwise() {
    let mut script = Script::watching(&["AAPL", "BRK.B"]);
    let events = script.feed(r#"["Quote",["AAPL",131.66,131.67,760.0,307.0,1748020168804,0,"BRK/B","NaN",2,"NaN",4,0,0]]"#);
    let [MarketEvent::Quote(apple), MarketEvent::Quote(berkshire)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((apple.bid, apple.ask), (price("131.66"), price("131.67")));
    assert_eq!(apple.bid_size.unwrap().to_string(), "760.0");
    assert_eq!(apple.time.millis(), 1_748_020_168_804);
    assert_eq!(berkshire.symbol.as_str(), "BRK.B");
    assert_eq!((berkshire.bid, berkshire.ask), (None, price("2")));
    assert_eq!(
        berkshire.time.to_string(),
        "2026-11-23T12:00:00Z",
        "as we heard it"
    );

    script.hear(&fixture("feed_config"));
    let data = r#"["Quote",["Quote","AAPL",1,2,3,4],"Trade",["AAPL",190.5,10,1000,1748020168804]]"#;
    let events = script.feed(data);
    let [MarketEvent::Quote(quote), MarketEvent::Trade(trade)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(quote.ask, price("2"));
    assert_eq!(trade.price, price("190.5").unwrap(), "the other types stay");
}

#[tokio::test]
async fn rows_with_names_are_read_too_and_strangers_are_passed_over() {
    let mut script = Script::watching(&["AAPL"]);
    script.hear(&fixture("feed_full"));
    assert_eq!(script.events().len(), 2);
    let events = script.feed(r#"["Quote",["MSFT",1,2,3,4,0,0]]"#);
    assert_eq!(events, []);
}

#[tokio::test]
async fn a_symbol_that_never_traded_and_one_that_counts_for_itself() {
    let mut script = Script::watching(&["AAPL"]);
    assert_eq!(script.feed(r#"["Trade",["AAPL","NaN","NaN","NaN",0]]"#), []);
    let day = r#"["Summary",["AAPL",190,195,189,188.5]]"#;
    let events = script.feed(day);
    let [MarketEvent::Day(summary)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (summary.previous_close, summary.today.clone()),
        (price("188.5"), None)
    );
    let trade =
        |size: u32, volume: u32| format!(r#"["Trade",["AAPL",191,{size},{volume},1748020168804]]"#);
    let events = script.feed(&trade(10, 1_000));
    let [MarketEvent::Trade(_), MarketEvent::Day(summary)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(summary.today.as_ref().unwrap().volume.to_string(), "1000");
    assert_eq!(script.feed(&trade(5, 1_005)).len(), 1, "counted alike");
    assert_eq!(script.feed(&trade(5, 1_500)).len(), 2, "some were joined");
}

#[tokio::test]
async fn halts_are_told_and_so_is_their_end_and_nothing_else() {
    let mut script = Script::watching(&["AAPL"]);
    let mut profile =
        |status: &str| script.feed(&format!(r#"["Profile",["AAPL","{status}","T1"]]"#));
    assert_eq!(profile("ACTIVE"), []);
    let halted = TradingStatus::Halted("T1".into());
    let symbol = Symbol::new("AAPL");
    assert_eq!(
        profile("HALTED"),
        [MarketEvent::Status(symbol.clone(), halted)]
    );
    assert_eq!(profile("UNDEFINED"), []);
    assert_eq!(
        profile("ACTIVE"),
        [MarketEvent::Status(symbol, TradingStatus::Trading)]
    );
}

#[tokio::test]
async fn a_symbol_without_a_name_waits_for_its_record() {
    let mut script = Script::live();
    script.watch(&["/ESZ6", "AAPL"]);
    let said = script.said();
    assert!(said.len() == 1 && !said[0].contains("ESZ"), "{said:?}");
    script
        .session
        .names
        .learn(&Symbol::new("/ESZ6"), "/ESZ26:XCME");
    assert_eq!(
        script.session.next_deadline(),
        Some(script.now + LOOK_AGAIN)
    );
    script.at(LOOK_AGAIN);
    let said = script.said();
    assert!(said[0].contains("/ESZ26:XCME"), "{said:?}");
    let events = script.feed(r#"["Quote",["/ESZ26:XCME",1,2,3,4,0,0]]"#);
    assert!(matches!(&events[0], MarketEvent::Quote(it) if it.symbol.as_str() == "/ESZ6"));
}

#[tokio::test]
async fn a_symbol_that_gets_no_name_is_not_live() {
    let mut script = Script::live();
    script.watch(&["/ESZ6"]);
    let mut waited = 0;
    while script.out.events.is_empty() {
        script.at(LOOK_AGAIN);
        waited += 1;
        assert!(waited <= LOOKS);
    }
    let events = script.events();
    assert!(
        matches!(&events[..], [StreamEvent::NotLive { symbols, .. }] if symbols[0].as_str() == "/ESZ6"),
        "{events:?}"
    );
    assert_eq!(script.session.look, None);
}

#[tokio::test]
async fn symbols_given_up_are_unsubscribed_and_watching_early_is_remembered() {
    let mut script = Script::new();
    script.watch(&["AAPL"]);
    script.said();
    for text in [
        r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED"}"#,
        r#"{"type":"CHANNEL_OPENED","channel":1}"#,
    ] {
        script.hear(text);
    }
    let said = script.said();
    assert!(
        said.last()
            .unwrap()
            .contains(r#""add":[{"type":"Quote","symbol":"AAPL"}"#)
    );
    script.watch(&[]);
    assert!(script.said()[0].contains(r#""remove":[{"type":"Quote","symbol":"AAPL"}"#));
    script.events();
    assert_eq!(script.feed(r#"["Quote",["AAPL",1,2,3,4,0,0]]"#), []);
}
