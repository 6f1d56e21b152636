use super::*;
use crate::net::session::{Ending, Session};
use crate::providers::provider::StreamEvent;
use crate::providers::tastytrade::stream::quotes::QuoteSession;
use crate::providers::tastytrade::stream::script;
use crate::providers::tastytrade::tests::FarSide;

type Script = script::Script<QuoteSession>;

const SERVER_SETUP: &str = r#"{"channel":0,"type":"SETUP","keepaliveTimeout":60,"acceptKeepaliveTimeout":60,"version":"0.1-123"}"#;
const UNAUTHORIZED: &str = r#"{"type":"AUTH_STATE","channel":0,"state":"UNAUTHORIZED"}"#;
const AUTHORIZED: &str = r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED","userId":"u"}"#;
const OPENED: &str = r#"{"type":"CHANNEL_OPENED","channel":1,"service":"FEED","parameters":{"contract":"AUTO","extra":1}}"#;

impl Script {
    pub(in crate::providers::tastytrade::stream) fn new() -> Self {
        let (ticket, tickets, names, rest) = FarSide::new(Vec::new()).stream_parts();
        Self::open(QuoteSession::new(ticket, tickets, names, rest))
    }

    pub(in crate::providers::tastytrade::stream) fn live() -> Self {
        let mut script = Self::new();
        for text in [SERVER_SETUP, UNAUTHORIZED, AUTHORIZED, OPENED] {
            script.hear(text);
        }
        script.said();
        script.events();
        script
    }
}

#[tokio::test]
async fn set_up_then_token_then_channel_then_feed() {
    let mut script = Script::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        script.said(),
        [format!(
            r#"{{"type":"SETUP","channel":0,"version":"0.1-tradedeck/{version}","keepaliveTimeout":60,"acceptKeepaliveTimeout":60}}"#
        )]
    );
    script.hear(SERVER_SETUP);
    assert_eq!(script.said(), [""; 0]);
    script.hear(UNAUTHORIZED);
    assert_eq!(
        script.said(),
        [r#"{"type":"AUTH","channel":0,"token":"t0ken"}"#]
    );
    script.hear(AUTHORIZED);
    assert_eq!(
        script.said(),
        [
            r#"{"type":"CHANNEL_REQUEST","channel":1,"service":"FEED","parameters":{"contract":"AUTO"}}"#
        ]
    );
    assert_eq!(script.events(), []);
    script.hear(OPENED);
    let said = script.said();
    assert!(said[0].starts_with(
        r#"{"type":"FEED_SETUP","channel":1,"acceptAggregationPeriod":0.1,"acceptDataFormat":"COMPACT","acceptEventFields":{"#
    ));
    assert_eq!((said.len(), script.events()), (1, vec![StreamEvent::Ready]));
    script.hear(OPENED);
    assert_eq!((script.said().len(), script.events().len()), (0, 0));
}

#[tokio::test]
async fn the_token_may_be_asked_for_before_the_server_says_who_it_is() {
    let mut script = Script::new();
    for text in [UNAUTHORIZED, SERVER_SETUP, AUTHORIZED, OPENED] {
        script.hear(text);
    }
    assert_eq!(script.events(), [StreamEvent::Ready]);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_then_is_for_a_person() {
    let far = FarSide::new(Vec::new());
    let (ticket, tickets, names, rest) = far.stream_parts();
    let end = || {
        let (ticket, names) = (ticket.clone(), names.clone());
        let session = QuoteSession::new(ticket, tickets.clone(), names, rest.clone());
        let mut script = Script::open(session);
        script.hear(UNAUTHORIZED);
        script.hear(UNAUTHORIZED);
        script.out.end
    };
    assert_eq!(end(), Some(Ending::Retry));
    assert!(matches!(end(), Some(Ending::GiveUp { .. })));
    let mut script = Script::live();
    script.hear(UNAUTHORIZED);
    assert_eq!(script.out.end, Some(Ending::Retry), "its day is over");
}

#[tokio::test]
async fn errors_end_a_connection_by_what_they_mean() {
    let end = |script: &mut Script, channel: u8, code: &str| {
        script.hear(&format!(
            r#"{{"type":"ERROR","channel":{channel},"error":"{code}","message":"why"}}"#
        ));
        let told = script.events();
        assert!(
            matches!(told[..], [StreamEvent::Trouble { .. }]),
            "{code}: {told:?}"
        );
        script.out.end.clone()
    };
    for (channel, code, early, live) in [
        (0, "UNSUPPORTED_PROTOCOL", "gives up", "gives up"),
        (0, "TIMEOUT", "retries", "retries"),
        (0, "UNAUTHORIZED", "retries", "retries"),
        (1, "UNAUTHORIZED", "gives up", "gives up"),
        (0, "BAD_ACTION", "retries", "goes on"),
        (1, "INVALID_MESSAGE", "retries", "goes on"),
        (0, "SOMETHING_NEW", "retries", "goes on"),
    ] {
        for (mut script, expected) in [(Script::new(), early), (Script::live(), live)] {
            let word = match end(&mut script, channel, code) {
                None => "goes on",
                Some(Ending::GiveUp { .. }) => "gives up",
                Some(Ending::Retry | Ending::RetryAfter(_)) => "retries",
            };
            assert_eq!(word, expected, "{code} on channel {channel}");
        }
    }
    let mut script = Script::live();
    script.hear(r#"{"channel":1,"type":"CHANNEL_CLOSED"}"#);
    assert_eq!(script.out.end, Some(Ending::Retry));
}

#[tokio::test]
async fn each_step_has_a_deadline_and_silence_has_an_end() {
    let mut script = Script::new();
    assert_eq!(script.session.next_deadline(), Some(script.now + STEP));
    script.at(STEP - Duration::from_millis(1));
    assert_eq!(script.out.end, None);
    script.at(Duration::from_millis(1));
    assert_eq!(script.out.end, Some(Ending::Retry));

    let mut script = Script::live();
    script.at(KEEP_ALIVE);
    assert_eq!(script.said(), [ALIVE]);
    script.hear(ALIVE);
    script.at(KEEP_ALIVE);
    script.at(KEEP_ALIVE - Duration::from_millis(1));
    assert_eq!(script.out.end, None, "it was heard 59 seconds ago");
    script.said();
    script.at(Duration::from_millis(1));
    assert_eq!(script.said(), [TIMED_OUT]);
    assert_eq!(script.out.end, Some(Ending::Retry));
}

#[tokio::test]
async fn the_server_says_how_long_it_may_be_silent() {
    let mut script = Script::live();
    script.hear(&SERVER_SETUP.replace("60", "5"));
    assert_eq!(
        script.session.next_deadline(),
        Some(script.now + Duration::from_secs(5))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_survived() {
    for frame in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"type":"A_NEW_ONE","channel":0}"#,
        r#"{"type":"FEED_DATA","channel":1,"data":{}}"#,
        r#"{"type":"FEED_DATA","channel":1,"data":[1]}"#,
        r#"{"type":"FEED_DATA","channel":1,"data":["Quote"]}"#,
        r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["AAPL",1]]}"#,
        r#"{"type":"FEED_DATA","channel":1,"data":["Unheard",["AAPL",1]]}"#,
    ] {
        let mut script = Script::live();
        script.hear(frame);
        let events = script.events();
        assert!(
            matches!(events[..], [StreamEvent::Garbled { .. }]),
            "{frame}: {events:?}"
        );
        assert_eq!(script.out.end, None, "{frame}");
    }
}
