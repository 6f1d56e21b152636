use super::*;
use crate::domain::{ConnectionId, MarketEvent, OrderState};
use crate::net::session::{Ending, Outbox, Outgoing};
use crate::providers::ibkr::tests::{FarSide, fixture};

/// A session that a test's script speaks with, at a time of its own.
struct Script {
    session: StreamerSession,
    now: Instant,
    out: Outbox<StreamEvent>,
    far: FarSide,
}

impl Script {
    fn open() -> Self {
        Self::of(&["DU7654321"], FarSide::new(vec![]))
    }

    fn of(accounts: &[&str], far: FarSide) -> Self {
        let account = |number: &&str| AccountId {
            connection: ConnectionId::new("ibkr"),
            number: (*number).into(),
        };
        let accounts = accounts.iter().map(account).collect();
        let cookie = Some(SecretString::from("bb665d0f"));
        let mut script = Self {
            session: StreamerSession::new(far.shared(), accounts, cookie),
            now: Instant::now(),
            out: Outbox::new(),
            far,
        };
        script.session.opened(script.now, &mut script.out);
        script
    }

    fn live() -> Self {
        let mut script = Self::open();
        script.hear(r#"{"topic":"system","success":"ada","isFT":false,"isPaper":true}"#);
        script.said();
        script.events();
        script
    }

    fn hear(&mut self, text: &str) {
        self.session.text(self.now, text, &mut self.out);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.session.tick(self.now, &mut self.out);
    }

    fn watch(&mut self, symbols: &[&str]) {
        let symbols = symbols.iter().map(|it| Symbol::new(it)).collect();
        self.session
            .command(self.now, StreamCommand::Watch(symbols), &mut self.out);
    }

    fn said(&mut self) -> Vec<String> {
        let texts = self.out.send.drain(..).map(|frame| match frame {
            Outgoing::Text(text) => text,
            Outgoing::Binary(_) | Outgoing::Ping => panic!("only texts are sent"),
        });
        texts.collect()
    }

    fn events(&mut self) -> Vec<StreamEvent> {
        std::mem::take(&mut self.out.events)
    }

    /// Lets the search for contracts come to its end, and looks.
    async fn settle(&mut self) {
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.pass(1);
    }
}

/// Hears a frame after everything it may be about was subscribed to; what could not be read is the error.
pub(in crate::providers::ibkr) fn heard(text: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let accounts = ["DU7654321", "DU1234", "DU26214", "DU1234567"];
    let mut script = Script::of(&accounts, FarSide::new(vec![]));
    // What changed of orders is told of orders that were told of whole.
    for id in [922_048_212_u64, 352_055_828] {
        let whole = fixture("frame_sor").replace("922048212", &id.to_string());
        script.hear(&whole.replace("DU7654321", "DU1234"));
    }
    script
        .session
        .subscriptions
        .add(265_598, &Symbol::new("AAPL"), script.now);
    script.events();
    script.hear(text);
    for event in script.events() {
        if let StreamEvent::Garbled { at } = event {
            return Err(at.to_string());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_socket_says_hello_and_asks_for_orders_and_executions() {
    let mut script = Script::open();
    assert_eq!(script.said(), ["tic"]);
    script.hear(r#"{"topic":"system","success":"ada","isFT":false,"isPaper":true}"#);
    assert_eq!(
        script.said(),
        ["sor+{}", r#"str+{"realtimeUpdatesOnly":true}"#]
    );
    assert_eq!(script.events(), [StreamEvent::Ready]);
    script.hear(r#"{"topic":"sts","args":{"authenticated":true,"competing":false}}"#);
    assert_eq!(script.said(), [""; 0], "once");
}

#[tokio::test]
async fn without_a_hello_it_is_spoken_to_after_three_seconds() {
    let mut script = Script::open();
    script.said();
    script.pass(3);
    assert_eq!(script.events(), [StreamEvent::Ready]);
}

#[tokio::test]
async fn a_socket_that_wants_to_know_the_session_is_told() {
    let mut script = Script::open();
    script.said();
    script.hear(r#"{"message":"waiting for session"}"#);
    assert_eq!(script.said(), [r#"{"session":"bb665d0f"}"#]);
}

#[tokio::test]
async fn a_login_of_another_world_is_left_for_good() {
    for other in [
        r#"{"topic":"system","success":"ada","isPaper":false}"#,
        r#"{"topic":"act","args":{"accounts":["U1"],"isPaper":false}}"#,
    ] {
        let mut script = Script::open();
        script.hear(other);
        assert!(
            matches!(script.out.end, Some(Ending::GiveUp { .. })),
            "{other}"
        );
        assert!(!script.events().contains(&StreamEvent::Ready));
    }
}

#[tokio::test]
async fn silence_and_the_end_of_a_session_are_reasons_to_come_again() {
    let mut script = Script::live();
    script.pass(30);
    script.hear(r#"{"topic":"system","hb":1594677336001}"#);
    script.pass(30);
    assert_eq!(script.out.end, None);
    script.pass(5);
    assert_eq!(script.out.end, Some(Ending::Retry));
    for (status, word) in [
        (r#"{"authenticated":false}"#, "ended"),
        (
            r#"{"authenticated":true,"competing":true}"#,
            "another program",
        ),
    ] {
        let mut script = Script::live();
        script.hear(&format!(r#"{{"topic":"sts","args":{status}}}"#));
        assert_eq!(script.out.end, Some(Ending::Retry));
        let told = format!("{:?}", script.events());
        assert!(told.contains(word), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn symbols_are_subscribed_to_by_number_and_again_before_they_end() {
    let mut script = Script::live();
    script.watch(&["AAPL"]);
    assert_eq!(script.said(), [""; 0], "its number is looked up first");
    script.settle().await;
    let said = script.said();
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with(r#"smd+265598+{"fields":["31","70","#),
        "{said:?}"
    );
    for _ in 0..17 {
        script.pass(30);
        script.hear(r#"{"topic":"system","hb":1}"#);
    }
    let again = script.said();
    assert_eq!(
        again
            .iter()
            .filter(|it| it.starts_with("smd+265598"))
            .count(),
        1,
        "{again:?}"
    );
    assert!(again.iter().filter(|it| *it == "tic").count() >= 8);
    script.watch(&[]);
    assert_eq!(script.said(), ["umd+265598+{}"]);
    script.hear(&fixture("frame_smd"));
    assert_eq!(script.events(), [], "it may still be on its way");
}

#[tokio::test(start_paused = true)]
async fn prices_are_told_and_what_is_not_live_is_said_once() {
    let mut script = Script::live();
    script.watch(&["AAPL", "NOPE"]);
    script.settle().await;
    let told = script.events();
    let [StreamEvent::NotLive { symbols, why }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (symbols[0].as_str(), why.as_str()),
        ("NOPE", "Interactive Brokers does not know them")
    );
    script.hear(&fixture("frame_smd"));
    let told = script.events();
    assert!(
        matches!(
            told[..],
            [
                StreamEvent::Market(MarketEvent::Quote(_)),
                StreamEvent::Market(MarketEvent::Trade(_))
            ] | [
                StreamEvent::Market(MarketEvent::Trade(_)),
                StreamEvent::Market(MarketEvent::Quote(_))
            ]
        ),
        "{told:?}"
    );
    script.hear(r#"{"topic":"smd+265598","conid":265598,"6509":"DPB","31":"189.7"}"#);
    let told = script.events();
    assert!(
        matches!(&told[1], StreamEvent::NotLive { symbols, .. } if symbols.len() == 2),
        "{told:?}"
    );
    script.hear(r#"{"topic":"smd+265598","conid":265598,"6509":"DPB","31":"189.8"}"#);
    assert_eq!(script.events().len(), 1, "said once");
    script.hear(r#"{"topic":"smd+265598","error":"no market data lines left"}"#);
    let told = script.events();
    assert!(
        matches!(&told[..], [StreamEvent::NotLive { why, .. }] if why.as_str().contains("lines")),
        "{told:?}"
    );
    assert!(
        script
            .far
            .sent()
            .iter()
            .any(|it| it.contains("symbols=NOPE"))
    );
}

#[tokio::test]
async fn orders_are_whole_though_only_changes_are_told() {
    let mut script = Script::live();
    script.hear(&fixture("frame_sor"));
    script.events();
    let change = r#"{"topic":"sor","args":[{"acct":"DU7654321","orderId":922048212,"status":"Filled","filledQuantity":10.0,"remainingQuantity":0.0,"avgPrice":"150.20"}]}"#;
    script.hear(change);
    let told = script.events();
    let [StreamEvent::Order(order)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(order.state, OrderState::Filled);
    assert_eq!(
        (order.id.as_str(), order.draft.symbol.as_str()),
        ("mine-1", "AAPL")
    );
    assert_eq!(order.average_price.unwrap().to_string(), "150.20");
    script.hear(r#"{"topic":"sor","args":[{"acct":"DU7654321","orderId":1,"status":"Filled"},{"acct":"DU9","orderId":922048212}]}"#);
    let garbled = script.events();
    assert!(
        garbled
            .iter()
            .all(|it| matches!(it, StreamEvent::Garbled { .. }))
    );
    assert_eq!(
        garbled.len(),
        2,
        "neither a change of what is not known nor another's order"
    );
}

#[tokio::test]
async fn an_execution_is_told_once() {
    let mut script = Script::live();
    script.hear(&fixture("frame_str"));
    assert!(matches!(script.events()[..], [StreamEvent::Fill(_)]));
    script.hear(&fixture("frame_str").replace(".01.01", ".01.02"));
    assert_eq!(script.events(), []);
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_what_is_aside_is_not() {
    let mut script = Script::live();
    for aside in [
        "ech+hb",
        r#"{"topic":"tic","alive":true,"lastAccessed":1}"#,
        r#"{"topic":"ntf","args":{"id":"X","text":"hello","title":"Warning"}}"#,
        r#"{"topic":"ntf","args":[{"id":"X"}]}"#,
        r#"{"topic":"blt","args":{"id":"1","message":"maintenance"}}"#,
        r#"{"topic":"system","hb":1}"#,
        r#"{"message":"Unsubscribed 1"}"#,
    ] {
        script.hear(aside);
        assert_eq!(script.events(), [], "{aside}");
    }
    for odd in [
        r#"{"topic":"new"}"#,
        "{",
        r#"{"topic":"smd+x"}"#,
        r#"{"topic":"error","error":"unknown"}"#,
    ] {
        script.hear(odd);
        assert!(
            matches!(script.events()[..], [StreamEvent::Garbled { .. }]),
            "{odd}"
        );
    }
}
