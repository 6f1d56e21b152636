//! Recordings: every row, every digit, and the last row for whoever comes late.

use super::*;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use tradedeck::sim::market::Speed;

/// Two thousand quotes a millisecond apart, a trade on every hundredth, the last price unlike the others.
fn rows() -> String {
    let mut text = String::from("time,symbol,bid,ask,bid_size,ask_size,last,last_size\n");
    for row in 0..2000 {
        let trade = if row % 100 == 0 {
            format!("{row}.50,3")
        } else {
            ",".to_owned()
        };
        writeln!(
            text,
            "2024-07-01T10:00:{:02}.{:03}Z,EUR/USD,{row}.250,{row}.750,,,{trade}",
            row / 1000,
            row % 1000
        )
        .unwrap();
    }
    text.push_str("2024-07-01T10:00:02Z,EUR/USD,1.12170,1.121720,,,,\n");
    text
}

fn recording(folder: &tempfile::TempDir, speed: Speed) -> Options {
    let path: PathBuf = folder.path().join("rows.csv");
    std::fs::write(&path, rows()).unwrap();
    Options {
        replay: vec![path],
        speed,
        rate: 0,
        ..Options::default()
    }
}

/// Quotes and trades, as text, until the last row's ask.
async fn hear_all(socket: &mut Socket) -> (usize, usize, String) {
    let (mut quotes, mut trades) = (0, 0);
    loop {
        let text = socket.frame().await.unwrap().into_text().unwrap();
        quotes += text.matches(r#""T":"q""#).count();
        trades += text.matches(r#""T":"t""#).count();
        if text.contains(r#""ap":1.121720,"#) {
            return (quotes, trades, text.to_string());
        }
    }
}

fn subscribe() -> Value {
    json!({"action": "subscribe", "quotes": ["EUR/USD"], "trades": ["EUR/USD"]})
}

#[tokio::test(start_paused = true)]
async fn without_gaps_every_socket_gets_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let far = far(recording(&folder, Speed::Max));
    for feed in ["/v2/iex", "/v2/sip"] {
        let mut socket = far.data_socket(feed).await;
        socket.say(&subscribe()).await;
        socket.hear().await;
        let (quotes, trades, last) = hear_all(&mut socket).await;
        assert_eq!((quotes, trades), (2001, 20), "{feed}");
        assert!(
            last.contains(r#""bp":1.12170,"#),
            "the digits are the recording's own"
        );
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let latest = far.data("/v2/stocks/quotes/latest?symbols=EUR%2FUSD").await;
    assert!(latest.raw.contains(r#""bp":1.12170,"#), "{}", latest.raw);
    let alone = far.data("/v2/stocks/EUR%2FUSD/quotes/latest").await;
    assert!(alone.raw.contains(r#""ap":1.121720,"#), "{}", alone.raw);
    let snapshot = far.data("/v2/stocks/snapshots?symbols=EUR/USD").await.body;
    assert_eq!(snapshot["EUR/USD"]["latestTrade"]["p"], 1900.5);
    assert_eq!(
        far.get("/v2/assets/EUR%2FUSD").await.body["symbol"],
        "EUR/USD"
    );
}

#[tokio::test(start_paused = true)]
async fn at_a_speed_the_gaps_shrink_and_who_comes_late_gets_the_last_row() {
    let folder = tempfile::tempdir().unwrap();
    let far = far(recording(&folder, Speed::Times(2)));
    let mut socket = far.data_socket("/v2/iex").await;
    socket.say(&subscribe()).await;
    socket.hear().await;
    let began = Instant::now();
    let (quotes, trades, last) = hear_all(&mut socket).await;
    assert!(quotes > 1900 && trades >= 19, "{quotes} {trades}");
    assert!(
        (900..=1100).contains(&began.elapsed().as_millis()),
        "two seconds at double speed"
    );
    assert!(last.contains("2026-11-24T15:00:01"), "{last}");
    let mut late = far.data_socket("/v2/sip").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    late.say(&subscribe()).await;
    late.hear().await;
    let (quotes, trades, last) = hear_all(&mut late).await;
    assert_eq!((quotes, trades), (1, 1), "{last}");
    late.say(&json!({"action": "subscribe", "quotes": ["*"]}))
        .await;
    late.hear().await;
    let again = tokio::time::timeout(Duration::from_secs(5), late.frame()).await;
    assert!(again.is_err(), "it was subscribed already");
}

#[tokio::test(start_paused = true)]
async fn orders_in_a_recorded_symbol_meet_its_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let far = far(recording(&folder, Speed::Max));
    let mut wanted = order("EUR/USD", "buy", "1000");
    wanted["type"] = "limit".into();
    wanted["limit_price"] = "1.12173".into();
    let placed = far.post("/v2/orders", wanted).await;
    assert_eq!(placed.status, 200, "{}", placed.raw);
    let filled = far.wait_for(&placed.body["id"], "filled").await;
    assert_eq!(filled["filled_avg_price"], "1.12172");
}

#[test]
fn a_recording_that_is_not_there_is_an_error() {
    let options = Options {
        replay: vec!["/nowhere/rows.csv".into()],
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let refused = runtime.block_on(async { Simulator::new(options, clock(TEN_O_CLOCK)).err() });
    assert!(refused.unwrap().to_string().contains("/nowhere/rows.csv"));
}
