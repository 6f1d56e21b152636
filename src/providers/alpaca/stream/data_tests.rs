use super::*;
use crate::domain::TradingStatus;
use crate::providers::alpaca::auth::tests::keys;
use crate::providers::alpaca::stream::script;
use crate::providers::alpaca::tests::fixture;

type Script = script::Script<DataSession>;

impl Script {
    fn new() -> Self {
        Self::resuming(Arc::default())
    }

    fn resuming(resume: Arc<Resume>) -> Self {
        Self::open(DataSession::new(keys("PK1"), resume))
    }

    /// Logged in, with nothing watched yet.
    fn live() -> Self {
        let mut script = Self::new();
        script.hear(&fixture("data_connected"));
        script.hear(&fixture("data_authenticated"));
        script.out = Outbox::new();
        script
    }

    fn hear(&mut self, text: &str) {
        self.session.text(self.now, text, &mut self.out);
    }

    fn watch(&mut self, symbols: &[&str]) {
        let symbols = symbols.iter().map(|name| Symbol::new(name)).collect();
        self.session
            .command(self.now, StreamCommand::Watch(symbols), &mut self.out);
    }

    /// Answers the request under way as the manual's server does, `carried` being all that is subscribed then.
    fn acknowledge(&mut self, carried: &[&str]) {
        let list = serde_json::to_string(carried).unwrap();
        self.hear(&format!(
            r#"[{{"T":"subscription","trades":{list},"quotes":{list},"bars":{list}}}]"#
        ));
    }

    fn error(&mut self, code: u16, words: &str) {
        self.hear(&format!(
            r#"[{{"T":"error","code":{code},"msg":"{words}"}}]"#
        ));
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.session.tick(self.now, &mut self.out);
    }
}

fn subscribe(symbols: &str) -> String {
    format!(
        r#"{{"action":"subscribe","trades":{symbols},"quotes":{symbols},"bars":{symbols},"statuses":{symbols}}}"#
    )
}

#[test]
fn log_in_follows_the_greeting_and_readiness_the_log_in() {
    let mut script = Script::new();
    assert_eq!(script.said(), [""; 0]);
    script.hear(&fixture("data_connected"));
    assert_eq!(
        script.said(),
        [r#"{"action":"auth","key":"PK1","secret":"s3cr3t"}"#]
    );
    assert_eq!(script.events(), []);
    script.hear(&fixture("data_authenticated"));
    assert_eq!(script.events(), [StreamEvent::Ready]);
    assert_eq!(script.session.next_deadline(), None);
}

#[test]
fn each_step_of_the_log_in_has_a_deadline() {
    let ends = |script: &mut Script| {
        assert_eq!(script.session.next_deadline(), Some(script.now + STEP));
        script.pass(9);
        assert_eq!(script.out.end, None);
        script.pass(1);
        assert_eq!(script.out.end, Some(Ending::Retry));
        assert_eq!(script.session.next_deadline(), None);
    };
    ends(&mut Script::new());
    let mut script = Script::new();
    script.hear(&fixture("data_connected"));
    ends(&mut script);
    let mut script = Script::live();
    script.watch(&["AAPL"]);
    ends(&mut script);
}

#[test]
fn symbols_that_were_watched_early_are_asked_for_when_it_is_time() {
    let mut script = Script::new();
    script.watch(&["AAPL"]);
    script.hear(&fixture("data_connected"));
    script.said();
    script.hear(&fixture("data_authenticated"));
    assert_eq!(script.said(), [subscribe(r#"["AAPL"]"#)]);
}

#[test]
fn only_the_difference_is_asked_for() {
    let mut script = Script::live();
    script.watch(&["AAPL", "EUR/USD"]);
    assert_eq!(script.said(), [subscribe(r#"["AAPL","EUR/USD"]"#)]);
    script.watch(&["EUR/USD", "ESU4"]);
    assert_eq!(script.said(), [""; 0], "one request at a time");
    script.acknowledge(&["AAPL", "EUR/USD"]);
    assert_eq!(
        script.said(),
        [subscribe(r#"["AAPL"]"#).replace("subscribe", "unsubscribe")]
    );
    script.acknowledge(&["EUR/USD"]);
    assert_eq!(script.said(), [subscribe(r#"["ESU4"]"#)]);
    script.acknowledge(&["EUR/USD", "ESU4"]);
    assert_eq!(script.said(), [""; 0]);
    assert_eq!(script.session.next_deadline(), None);
    script.watch(&["EUR/USD", "ESU4"]);
    assert_eq!((script.said(), script.events()), (vec![], vec![]));
}

#[test]
fn documented_messages_become_market_data() {
    let mut script = Script::live();
    for name in [
        "data_quote",
        "data_trade",
        "data_bar",
        "data_status",
        "data_daily_bar",
    ] {
        script.hear(&fixture(name));
    }
    let events = script.events();
    assert_eq!(events.len(), 4, "a daily bar is not shown");
    assert!(
        matches!(&events[0], StreamEvent::Market(MarketEvent::Quote(quote))
        if quote.symbol.as_str() == "AMD" && quote.ask.unwrap().to_string() == "87.68")
    );
    assert!(
        matches!(&events[1], StreamEvent::Market(MarketEvent::Trade(trade))
        if trade.price.to_string() == "126.55" && trade.size.to_string() == "1")
    );
    assert!(
        matches!(&events[2], StreamEvent::Market(MarketEvent::Bar(bar)) if bar.volume.to_string() == "49378")
    );
    assert!(
        matches!(&events[3], StreamEvent::Market(MarketEvent::Status(symbol, TradingStatus::Halted(_)))
        if symbol.as_str() == "AAPL")
    );
}

#[test]
fn a_frame_may_come_as_bytes() {
    let mut script = Script::live();
    script.session.binary(
        script.now,
        fixture("data_quote").as_bytes(),
        &mut script.out,
    );
    assert!(matches!(script.events()[..], [StreamEvent::Market(_)]));
    script
        .session
        .binary(script.now, b"\x91\x80\xff", &mut script.out);
    assert!(matches!(script.events()[..], [StreamEvent::Garbled { .. }]));
}

#[test]
fn one_message_that_cannot_be_read_costs_one_message() {
    let quote = |symbol: &str| {
        format!(r#"{{"T":"q","S":"{symbol}","bp":1,"ap":2,"t":"2026-11-23T12:00:00Z"}}"#)
    };
    let (a, b) = (quote("A"), quote("B"));
    for bad in [
        "7",
        r#"{"T":"q","S":"X","S":"Y"}"#,
        r#"{"T":"q","S":"X","bp":1,"t":"soon"}"#,
        r#"{"T":"t","S":"X"}"#,
    ] {
        let mut script = Script::live();
        script.hear(&format!("[{a},{bad},{b}]"));
        let events = script.events();
        let symbols: Vec<&str> = events
            .iter()
            .filter_map(|event| {
                let StreamEvent::Market(MarketEvent::Quote(quote)) = event else {
                    return None;
                };
                Some(quote.symbol.as_str())
            })
            .collect();
        assert_eq!(symbols, ["A", "B"], "{bad}");
        assert!(matches!(events[2], StreamEvent::Garbled { .. }), "{bad}");
        assert_eq!((events.len(), script.out.end), (3, None), "{bad}");
    }
}

#[test]
fn a_frame_that_is_none_is_counted_and_survived() {
    for frame in ["", "<html>", "{", "[{\"T\":\"q\"", "null", "{\"T\":\"q\"}"] {
        let mut script = Script::live();
        script.hear(frame);
        assert!(
            matches!(script.events()[..], [StreamEvent::Garbled { .. }]),
            "{frame}"
        );
        assert_eq!(script.out.end, None, "{frame}");
    }
}

#[test]
fn escapes_in_strings_are_read_and_cleaned() {
    let mut script = Script::live();
    script.hear(r#"[{"T":"q","S":"\u0041\u001b[2J","bp":1,"ap":2,"t":"2026-11-23T12:00:00Z"}]"#);
    assert!(
        matches!(&script.events()[0], StreamEvent::Market(MarketEvent::Quote(quote))
        if quote.symbol.as_str() == "A\u{fffd}[2J")
    );
}

#[test]
fn an_unknown_kind_is_named_once() {
    let mut script = Script::live();
    for _ in 0..3 {
        script.hear(r#"[{"T":"zz\u001b"},{"T":"n"},{"T":"l"}]"#);
    }
    assert_eq!(
        script.events(),
        [StreamEvent::Garbled {
            at: "a message of unknown kind zz\u{fffd}".into()
        }]
    );
}

#[test]
fn known_symbols_are_shared_and_not_copied() {
    let mut script = Script::live();
    script.watch(&["AMD"]);
    let mine = script.session.known["AMD"].clone();
    script.hear(&fixture("data_quote"));
    let StreamEvent::Market(MarketEvent::Quote(quote)) = script.events().remove(0) else {
        panic!()
    };
    assert_eq!(quote.symbol.as_str().as_ptr(), mine.as_str().as_ptr());
}

#[test]
fn at_the_limit_of_the_plan_the_first_ones_stay_live() {
    let mut script = Script::live();
    script.watch(&["A", "B", "C", "D"]);
    assert_eq!(script.said(), [subscribe(r#"["A","B","C","D"]"#)]);
    script.hear(&fixture("data_error_405"));
    assert_eq!(script.said(), [subscribe(r#"["A","B"]"#)]);
    script.acknowledge(&["A", "B"]);
    assert_eq!(script.said(), [subscribe(r#"["C","D"]"#)]);
    script.error(405, "symbol limit exceeded");
    assert_eq!(script.said(), [subscribe(r#"["C"]"#)]);
    assert_eq!(script.events(), [], "not told before it is settled");
    script.error(405, "symbol limit exceeded");
    assert_eq!(script.said(), [""; 0]);
    let symbols = vec![Symbol::new("C"), Symbol::new("D")];
    let not_live = StreamEvent::NotLive {
        symbols,
        why: "the data plan carries 2 symbols".into(),
    };
    assert_eq!(
        (script.events(), script.out.end.clone()),
        (vec![not_live], None)
    );
}

#[test]
fn a_symbol_that_is_refused_alone_is_not_live() {
    let mut script = Script::live();
    script.watch(&["A", "B@D"]);
    script.error(400, "invalid syntax");
    script.said();
    script.acknowledge(&["A"]);
    script.error(400, "invalid syntax");
    let not_live = StreamEvent::NotLive {
        symbols: vec![Symbol::new("B@D")],
        why: "invalid syntax".into(),
    };
    assert_eq!(script.events(), [not_live]);
}

#[test]
fn a_feed_without_bars_and_halts_is_asked_for_the_rest() {
    let mut script = Script::live();
    script.watch(&["A"]);
    script.said();
    script.error(410, "invalid subscribe action for this feed");
    assert_eq!(
        script.said(),
        [r#"{"action":"subscribe","trades":["A"],"quotes":["A"]}"#]
    );
    script.error(410, "invalid subscribe action for this feed");
    assert!(matches!(
        &script.events()[..],
        [StreamEvent::NotLive { .. }]
    ));
}

#[test]
fn each_error_ends_as_it_means() {
    let retry = Some(Ending::Retry);
    let give_up = |why: &str| Some(Ending::GiveUp { why: why.into() });
    let check = |code: u16, words: &str, expected: Option<Ending>| {
        let mut script = Script::new();
        script.hear(&fixture("data_connected"));
        script.error(code, words);
        let events = script.events();
        assert_eq!(script.out.end, expected, "{code}");
        let told = events
            .iter()
            .any(|event| matches!(event, StreamEvent::Trouble { .. }));
        assert_eq!(told, expected.is_some(), "{code}");
    };
    check(400, "invalid syntax", retry.clone());
    check(401, "not authenticated", retry.clone());
    check(
        402,
        "auth failed",
        give_up("the log-in was refused (auth failed); check the API keys"),
    );
    check(
        402,
        "no s3cr3t here",
        give_up("the log-in was refused (no [hidden] here); check the API keys"),
    );
    check(403, "already authenticated", None);
    check(404, "auth timeout", retry.clone());
    check(405, "symbol limit exceeded", None);
    check(
        406,
        "connection limit exceeded",
        Some(Ending::RetryAfter(Duration::from_secs(1))),
    );
    check(407, "slow client", retry.clone());
    check(
        408,
        "v2 not enabled",
        give_up("this account has no access to this data stream (v2 not enabled)"),
    );
    let plan = give_up("the data plan does not include this feed (insufficient subscription)");
    check(409, "insufficient subscription", plan);
    check(
        411,
        "insufficient scope",
        give_up("the credentials do not cover market data (insufficient scope)"),
    );
    check(410, "invalid subscribe action", retry.clone());
    check(500, "internal error", retry.clone());
    check(599, "a new error", retry);
    check(
        402,
        "\\u001b[2J",
        give_up("the log-in was refused (\u{fffd}[2J); check the API keys"),
    );
}

#[test]
fn an_error_in_answer_to_a_subscription_costs_the_connection_only_when_it_must() {
    for (code, expected) in [
        (401, Some(Ending::Retry)),
        (404, Some(Ending::Retry)),
        (407, Some(Ending::Retry)),
        (500, Some(Ending::Retry)),
        (599, None),
    ] {
        let mut script = Script::live();
        script.watch(&["A"]);
        script.error(code, "words");
        assert_eq!(script.out.end, expected, "{code}");
        let not_live = matches!(&script.events()[..], [StreamEvent::NotLive { why, .. }] if why.as_str() == "words");
        assert_eq!(not_live, expected.is_none(), "{code}");
    }
}

#[test]
fn a_documented_answer_to_a_subscription_is_read() {
    let mut script = Script::live();
    script.watch(&["AMD", "CLDR", "VOO"]);
    script.hear(&fixture("data_subscription"));
    let not_live = StreamEvent::NotLive {
        symbols: vec![Symbol::new("VOO")],
        why: "the feed does not carry it".into(),
    };
    assert_eq!(script.events(), [not_live], "bars alone are not a quote");
}

#[test]
fn already_logged_in_is_logged_in() {
    let mut script = Script::new();
    script.error(403, "already authenticated");
    assert_eq!(script.events(), [StreamEvent::Ready]);
    script.error(403, "already authenticated");
    assert_eq!(script.events(), []);
}

#[test]
fn the_wait_for_the_one_connection_grows_until_it_is_ours() {
    let resume = Arc::new(Resume::default());
    let mut waits = Vec::new();
    for _ in 0..7 {
        let mut script = Script::resuming(resume.clone());
        script.hear(&fixture("data_connected"));
        script.hear(&fixture("data_error_406"));
        let Some(Ending::RetryAfter(wait)) = script.out.end else {
            panic!("{:?}", script.out.end)
        };
        waits.push(wait.as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    let mut script = Script::resuming(resume.clone());
    script.hear(&fixture("data_authenticated"));
    let mut script = Script::resuming(resume);
    script.hear(&fixture("data_error_406"));
    assert_eq!(
        script.out.end,
        Some(Ending::RetryAfter(Duration::from_secs(1)))
    );
}

#[test]
fn a_trading_status_that_nobody_knows_changes_nothing() {
    let mut script = Script::live();
    script.hear(r#"[{"T":"s","S":"A","sc":"Z","sm":"New","t":"2026-11-23T12:00:00Z"},{"T":"s","S":"A","sc":"E"}]"#);
    assert!(
        matches!(&script.events()[..], [StreamEvent::Garbled { at }] if at.as_str().ends_with("Z New"))
    );
}
