use super::*;
use crate::domain::MarketEvent;
use crate::net::session::Outgoing;
use crate::providers::schwab::tests::fixture;

/// A session that a test's script speaks with, at a time of its own.
struct Script {
    session: StreamerSession,
    now: Instant,
    out: Outbox<StreamEvent>,
}

fn streamer() -> Streamer {
    Streamer {
        url: "wss://streamer.example/ws".into(),
        customer: "customer-example".into(),
        correlation: "correlation-example".into(),
        channel: "N9".into(),
        function: "APIAPP".into(),
    }
}

impl Script {
    fn resuming(resume: Arc<Resume>) -> Self {
        let token = AccessToken::new("t0ken-of-mine".to_owned().into());
        let mut script = Self {
            session: StreamerSession::new(streamer(), token, Arc::default(), resume),
            now: Instant::now(),
            out: Outbox::new(),
        };
        script.session.opened(script.now, &mut script.out);
        script
    }

    fn new() -> Self {
        Self::resuming(Arc::default())
    }

    /// Logged in, account activity on its way, nothing watched yet.
    fn live() -> Self {
        let mut script = Self::new();
        script.hear(&fixture("login_ok"));
        script.answer(1, 0, "SUBS command succeeded");
        script.out = Outbox::new();
        script
    }

    fn hear(&mut self, text: &str) {
        self.session.text(self.now, text, &mut self.out);
    }

    fn answer(&mut self, id: u32, code: u16, words: &str) {
        self.hear(&format!(
            r#"{{"response":[{{"service":"S","command":"C","requestid":"{id}","timestamp":1,"content":{{"code":{code},"msg":"{words}"}}}}]}}"#
        ));
    }

    fn watch(&mut self, names: &[&str]) {
        let symbols = names.iter().map(|name| Symbol::new(name)).collect();
        let command = StreamCommand::Watch(symbols);
        self.session.command(self.now, command, &mut self.out);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.session.tick(self.now, &mut self.out);
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
}

/// What of a frame could not be read by a live session.
pub(in crate::providers::schwab) fn garbled_in(frame: &str) -> Vec<String> {
    let mut script = Script::live();
    script.hear(frame);
    let mut places = Vec::new();
    for event in script.events() {
        if let StreamEvent::Garbled { at } = event {
            places.push(at.to_string());
        }
    }
    places
}

fn request(id: u32, service: &str, command: &str, parameters: &str) -> String {
    format!(
        r#"{{"requests":[{{"requestid":"{id}","service":"{service}","command":"{command}","SchwabClientCustomerId":"customer-example","SchwabClientCorrelId":"correlation-example","parameters":{{{parameters}}}}}]}}"#
    )
}

fn trouble(what: &str) -> StreamEvent {
    StreamEvent::Trouble { what: what.into() }
}

const EQUITIES: &str = r#""fields":"0,1,2,3,4,5,8,9,10,11,12,17,32,34,35""#;

#[test]
fn log_in_then_account_activity_then_what_is_watched() {
    let mut script = Script::new();
    let parameters = r#""Authorization":"t0ken-of-mine","SchwabClientChannel":"N9","SchwabClientFunctionId":"APIAPP""#;
    assert_eq!(script.said(), [request(0, "ADMIN", "LOGIN", parameters)]);
    script.watch(&["AAPL", "BRK.B", "AAPL251219C00200000"]);
    assert_eq!(script.said(), [""; 0], "not before the log-in is answered");
    script.hear(&fixture("login_ok"));
    assert_eq!(script.events(), [StreamEvent::Ready]);
    let activity = r#""keys":"Account Activity","fields":"0,1,2,3""#;
    assert_eq!(
        script.said(),
        [request(1, "ACCT_ACTIVITY", "SUBS", activity)]
    );
    script.answer(1, 0, "SUBS command succeeded");
    let keys = format!(r#""keys":"AAPL,BRK/B",{EQUITIES}"#);
    assert_eq!(
        script.said(),
        [request(2, "LEVELONE_EQUITIES", "SUBS", &keys)]
    );
    script.answer(2, 26, "");
    let keys = r#""keys":"AAPL  251219C00200000","fields":"0,2,3,4,5,6,7,8,15,16,17,18,33,38,39""#;
    assert_eq!(
        script.said(),
        [request(3, "LEVELONE_OPTIONS", "SUBS", keys)]
    );
    script.answer(3, 0, "");
    assert_eq!((script.said(), script.events()), (vec![], vec![]));
    script.watch(&["AAPL", "AMD"]);
    let keys = r#""keys":"BRK/B""#;
    assert_eq!(
        script.said(),
        [request(4, "LEVELONE_EQUITIES", "UNSUBS", keys)]
    );
    script.answer(4, 27, "");
    let keys = format!(r#""keys":"AMD",{EQUITIES}"#);
    assert_eq!(
        script.said(),
        [request(5, "LEVELONE_EQUITIES", "ADD", &keys)]
    );
}

#[test]
fn a_denied_log_in_comes_back_with_another_token_once() {
    let resume = Arc::<Resume>::default();
    let mut script = Script::resuming(resume.clone());
    script.hear(&fixture("login_denied"));
    assert_eq!(script.out.end, Some(Ending::Retry));
    let refused = resume.take_refused().unwrap();
    assert!(refused.is(&AccessToken::new("t0ken-of-mine".to_owned().into())));
    assert!(resume.take_refused().is_none());
    let mut script = Script::resuming(resume.clone());
    script.hear(&fixture("login_denied"));
    assert!(matches!(script.out.end, Some(Ending::GiveUp { .. })));
    let mut script = Script::resuming(resume.clone());
    script.hear(&fixture("login_ok"));
    let mut script = Script::resuming(resume);
    script.hear(&fixture("login_denied"));
    assert_eq!(
        script.out.end,
        Some(Ending::Retry),
        "a log-in in between counts"
    );
}

#[test]
fn each_code_of_an_open_session_asks_for_something_else() {
    let severed = |code: u16| {
        let mut script = Script::live();
        script.hear(&format!(
            r#"{{"notify":[{{"service":"ADMIN","content":{{"code":{code},"msg":"t0ken-of-mine"}}}}]}}"#
        ));
        (script.out.end.clone(), script.events())
    };
    assert_eq!(severed(20).0, Some(Ending::Retry));
    let (end, events) = severed(30);
    assert_eq!(end, Some(Ending::Retry));
    assert_eq!(
        events,
        [trouble("the streamer ended the connection: [hidden]")]
    );
    assert_eq!(
        severed(12).0,
        Some(Ending::RetryAfter(Duration::from_secs(2)))
    );
    assert_eq!(severed(3).0, Some(Ending::Retry));
    assert_eq!(
        severed(9),
        (None, vec![trouble("the streamer said: [hidden] (code 9)")])
    );
    assert_eq!(severed(0), (None, vec![]));

    let answered = |code: u16| {
        let mut script = Script::live();
        script.watch(&["AAPL", "MSFT"]);
        script.said();
        script.answer(2, code, "why");
        (script.out.end.clone(), script.said().len(), script.events())
    };
    for code in [0, 26, 27, 28, 29] {
        assert_eq!(answered(code), (None, 0, vec![]), "{code}");
    }
    for code in [9, 19, 21, 22, 23, 24, 25, 99] {
        assert_eq!(
            answered(code),
            (None, 1, vec![]),
            "{code}: half of them again"
        );
    }
    let (_, _, events) = answered(11);
    let [StreamEvent::NotLive { symbols, why }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((symbols.len(), why.as_str()), (2, "why"));
}

#[test]
fn a_log_in_that_is_not_taken_is_tried_again() {
    for code in [9, 11, 21, 99] {
        let mut script = Script::new();
        script.answer(0, code, "no");
        assert_eq!(script.out.end, Some(Ending::Retry), "{code}");
    }
}

#[test]
fn without_account_activity_prices_still_come() {
    let mut script = Script::new();
    script.hear(&fixture("login_ok"));
    script.events();
    script.said();
    script.watch(&["AAPL"]);
    script.answer(1, 11, "not now");
    assert_eq!(script.said().len(), 1);
    assert_eq!(
        script.events(),
        [trouble(
            "events of orders do not come: not now; orders are read from time to time"
        )]
    );
}

#[test]
fn another_program_in_our_place_is_waited_for_longer_each_time() {
    let resume = Arc::<Resume>::default();
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        let mut script = Script::resuming(resume.clone());
        script.answer(0, 12, "");
        let wait = Duration::from_secs(seconds);
        assert_eq!(script.out.end, Some(Ending::RetryAfter(wait)));
    }
}

#[test]
fn each_answer_has_a_deadline_and_so_has_silence() {
    let mut script = Script::new();
    script.pass(9);
    assert_eq!(script.out.end, None);
    script.pass(1);
    assert_eq!(
        script.events(),
        [trouble("the streamer did not answer the log-in")]
    );
    assert_eq!(script.out.end, Some(Ending::Retry));

    let mut script = Script::live();
    script.pass(40);
    script.hear(&fixture("heartbeat"));
    script.pass(44);
    assert_eq!(script.out.end, None);
    assert_eq!(
        script.session.next_deadline(),
        Some(script.now + Duration::from_secs(1))
    );
    script.pass(1);
    assert_eq!(script.events(), [trouble("the streamer fell silent")]);
    assert_eq!(script.out.end, Some(Ending::Retry));

    let mut script = Script::live();
    script.watch(&["AAPL"]);
    script.pass(10);
    assert_eq!(
        script.events(),
        [trouble("the streamer did not answer a subscription")]
    );
}

#[test]
fn recorded_prices_are_told() {
    for (name, symbols) in [
        ("level_one_equities", &["AMD", "INTC"][..]),
        ("level_one_options", &["SPXW251208C06880000"][..]),
        ("level_one_futures", &["/ES"][..]),
    ] {
        let mut script = Script::live();
        script.hear(&fixture(name));
        let events = script.events();
        let mut quoted = Vec::new();
        for event in &events {
            if let StreamEvent::Market(MarketEvent::Quote(quote)) = event {
                quoted.push(quote.symbol.to_string());
            }
        }
        assert_eq!(quoted, symbols, "{name}: {events:?}");
    }
}

#[test]
fn delayed_prices_are_said_once() {
    let mut script = Script::live();
    let frame = fixture("level_one_equities").replace("false", "true");
    script.hear(&frame);
    script.hear(&frame);
    let is_said = |event: &StreamEvent| matches!(event, StreamEvent::Trouble { .. });
    assert_eq!(
        script
            .events()
            .iter()
            .filter(|event| is_said(event))
            .count(),
        1
    );
}

#[test]
fn an_error_of_account_activity_does_not_repeat_who_we_are() {
    let mut script = Script::live();
    script.hear(
        r#"{"data":[{"service":"ACCT_ACTIVITY","timestamp":0,"content":[{"1":"12345678","2":"ERROR","3":"no customer-example here","key":"x"}]}]}"#,
    );
    assert_eq!(
        script.events(),
        [trouble("account activity: no [hidden] here")]
    );
}

#[test]
fn what_cannot_be_read_is_counted_and_its_neighbours_are_heard() {
    assert_eq!(garbled_in("[]"), ["a frame of the streamer"]);
    assert_eq!(garbled_in("{"), ["a frame of the streamer"]);
    assert_eq!(
        garbled_in(r#"{"response":[7]}"#),
        ["an answer of the streamer"]
    );
    assert_eq!(
        garbled_in(r#"{"response":[{}]}"#),
        ["an answer of the streamer"]
    );
    assert_eq!(
        garbled_in(r#"{"notify":[{"content":{}}]}"#),
        ["the code of an answer"]
    );
    assert_eq!(garbled_in(r#"{"data":["x"]}"#), ["news of the streamer"]);
    let rows = r#"{"data":[{"service":"LEVELONE_EQUITIES","content":[7,{"1":1},{"key":"A","1":"?"},{"key":"B","1":2}]}]}"#;
    assert_eq!(
        garbled_in(rows),
        [
            "LEVELONE_EQUITIES: a row is missing or cannot be read",
            "LEVELONE_EQUITIES: the symbol is missing or cannot be read",
            "LEVELONE_EQUITIES: a number is missing or cannot be read",
        ]
    );
    let strange = r#"{"data":[{"service":"SONGS","content":[{},{}]}]}"#;
    assert_eq!(garbled_in(strange), ["news of the unknown kind SONGS"]);
    let event = r#"{"data":[{"service":"ACCT_ACTIVITY","content":[{"2":"AnEvent","3":"{\"SchwabOrderID\":\"1\"}"}]}]}"#;
    assert_eq!(garbled_in(event), ["news of the unknown kind AnEvent"]);
}

#[test]
fn binary_frames_are_read_as_texts() {
    let mut script = Script::new();
    let frame = fixture("login_ok").into_bytes();
    script.session.binary(script.now, &frame, &mut script.out);
    assert_eq!(script.events(), [StreamEvent::Ready]);
}
