use super::*;
use crate::net::session::Outbox;
use crate::providers::tastytrade::stream::script;
use crate::providers::tastytrade::tests::{FarSide, at, fixture};

type Script = script::Script<CandleSession>;

fn script(since: &str) -> Script {
    let (ticket, tickets, ..) = FarSide::new(Vec::new()).stream_parts();
    let wanted = Wanted {
        symbol: Symbol::new("AAPL"),
        name: name("AAPL", Timeframe::Day),
        since: at(since),
    };
    let mut script = Script::open(CandleSession::new(ticket, tickets, wanted));
    for text in [
        r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED"}"#,
        r#"{"type":"CHANNEL_OPENED","channel":1}"#,
    ] {
        script.hear(text);
    }
    script
}

fn config() -> &'static str {
    r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"COMPACT","eventFields":{"Candle":["eventFlags","eventSymbol","time","open","high","low","close","volume","openInterest"]}}"#
}

#[tokio::test]
async fn candles_are_asked_for_by_their_canonical_name() {
    let mut script = script("2022-10-24T00:00:00Z");
    let said = script.said();
    assert_eq!(
        said.last().unwrap(),
        r#"{"type":"FEED_SUBSCRIPTION","channel":1,"add":[{"type":"Candle","symbol":"AAPL{=d}","fromTime":1666569600000}]}"#
    );
    for (timeframe, expected) in [
        (Timeframe::Minute, "AAPL{=m}"),
        (Timeframe::FiveMinutes, "AAPL{=5m}"),
        (Timeframe::Hour, "AAPL{=h}"),
    ] {
        assert_eq!(name("AAPL", timeframe), expected);
    }
}

#[tokio::test]
async fn a_recorded_snapshot_is_turned_round_and_its_end_is_no_candle() {
    let mut script = script("1999-01-01T00:00:00Z");
    script.hear(config());
    script.hear(&fixture("feed_candles"));
    assert_eq!(script.events(), [StreamEvent::Ready]);
    let candles = script.session.candles();
    let closes: Vec<String> = candles
        .bars
        .iter()
        .map(|bar| bar.close.to_string())
        .collect();
    assert_eq!(closes, ["196.45", "198.42"]);
    assert_eq!(candles.bars[1].volume.to_string(), "43020691.0");
    assert_eq!(candles.unreadable, 0);
}

#[tokio::test]
async fn candles_come_in_parts_and_are_whole_at_the_end_or_where_it_was_cut() {
    let row = |flags: u8, day: u8, close: &str| {
        let millis = at(&format!("2026-11-{day:02}T00:00:00Z")).millis();
        format!(
            r#"{{"type":"FEED_DATA","channel":1,"data":["Candle",[{flags},"AAPL{{=d}}",{millis},1,3,0.5,{close},100]]}}"#
        )
    };
    for last in [8, 16] {
        let mut script = script("2026-11-02T00:00:00Z");
        script.hear(&row(4, 20, "2"));
        script.hear(&row(0, 19, "1.5"));
        script.hear(&row(0, 20, "2.5"));
        script.hear(&row(2, 18, "1"));
        assert_eq!(script.events(), []);
        script.hear(&row(last, 1, "9"));
        assert_eq!(script.events(), [StreamEvent::Ready], "flag {last}");
        let bars = script.session.candles().bars;
        let closes: Vec<String> = bars.iter().map(|bar| bar.close.to_string()).collect();
        assert_eq!(
            closes,
            ["1.5", "2.5"],
            "the one before the time is left out"
        );
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_counted() {
    let mut script = script("1970-01-01T00:00:00Z");
    script.hear(r#"{"type":"FEED_DATA","channel":1,"data":["Candle",[0,"AAPL{=d}",1,"x",1,1,1,1, 8,"AAPL{=d}",1,1,1,1,1,1]]}"#);
    let mut out = Outbox::new();
    script.session.binary(script.now, b"x", &mut out);
    assert!(matches!(out.events[..], [StreamEvent::Garbled { .. }]));
    let candles = script.session.candles();
    assert_eq!((candles.unreadable, candles.bars.len()), (1, 1));
}
