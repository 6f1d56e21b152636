use super::super::rate_limit::Purpose;
use super::super::transport::MemoryTransport;
use super::*;
use ::http::{HeaderName, Method};
use secrecy::SecretString;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

fn url() -> Url {
    Url::parse("https://api.example.com/v2/orders").unwrap()
}

/// A client whose server gives `answers` in turn, then status 299 for ever; and how often it was asked.
fn serve(answers: Vec<Result<Response, NetError>>) -> (Http, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let transport = MemoryTransport::new(move |_request| {
        let turn = counter.fetch_add(1, Ordering::SeqCst);
        let end = Ok(Response::new(299, ""));
        answers.get(turn).cloned().unwrap_or(end)
    });
    let http = Http::new(
        Arc::new(transport),
        Allowance::per_minute(200),
        Arc::new(|| u64::MAX),
    );
    (http, asked)
}

fn broken() -> Result<Response, NetError> {
    Err(NetError::Broken { why: "cut".into() })
}

fn status(status: u16) -> Result<Response, NetError> {
    Ok(Response::new(status, ""))
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_after_passing_failures_only() {
    for (first, asked_twice) in [
        (broken(), true),
        (status(500), true),
        (status(503), true),
        (status(429), true),
        (status(404), false),
        (status(401), false),
        (status(422), false),
        (Err(NetError::Redirect { status: 302 }), false),
    ] {
        let shown = format!("{first:?}");
        let first = first.map(|response| response.with("retry-after", "1"));
        let (http, asked) = serve(vec![first]);
        let answer = http.send(Request::get(url())).await;
        assert_eq!(asked.load(Ordering::SeqCst) == 2, asked_twice, "{shown}");
        let reached_the_end = answer.is_ok_and(|response| response.status == 299);
        assert_eq!(reached_the_end, asked_twice, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_sent_once_whatever_happens() {
    for first in [broken(), status(500), status(429), status(408)] {
        let (http, asked) = serve(vec![first.clone()]);
        let order = Request::new(Method::POST, url(), Purpose::Order).json("{}");
        let answer = http.send(order).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let statuses = (answer.ok().map(|a| a.status), first.ok().map(|a| a.status));
        assert_eq!(statuses.0, statuses.1);
    }
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_four_attempts_and_returns_the_last_answer() {
    let (http, asked) = serve(vec![status(503); 9]);
    let answer = http.send(Request::get(url())).await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_the_server_asks() {
    let (http, _) = serve(vec![Ok(Response::new(429, "").with("retry-after", "7"))]);
    let start = Instant::now();
    let answer = http.send(Request::get(url())).await.unwrap();
    assert_eq!(answer.status, 299);
    assert!(start.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_reported_at_once() {
    let (http, asked) = serve(vec![Ok(Response::new(429, "").with("retry-after", "60"))]);
    let start = Instant::now();
    let answer = http.send(Request::get(url())).await.unwrap();
    assert_eq!(answer.retry_after(), Some(Duration::from_secs(60)));
    assert_eq!(start.elapsed(), Duration::ZERO);
    let next = http.send(Request::get(url())).await.unwrap_err();
    assert!(matches!(next, NetError::Throttled { .. }), "{next}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_read_leaves_the_reserve_and_a_cancel_uses_it() {
    let spent = Response::new(200, "")
        .with("x-ratelimit-limit", "200")
        .with("x-ratelimit-remaining", "20")
        .with("x-ratelimit-reset", "1732446060")
        .with("date", "Sun, 24 Nov 2024 11:00:01 GMT");
    let (http, asked) = serve(vec![Ok(spent)]);
    http.send(Request::get(url())).await.unwrap();
    assert_eq!(http.requests_left(&url()), Some((20, 200)));
    let other: Url = "https://api.example.com:8443/".parse().unwrap();
    assert_eq!(
        http.requests_left(&other),
        None,
        "another port is another server"
    );
    let refused = http.send(Request::get(url())).await.unwrap_err();
    let retry_after = Duration::from_secs(59);
    assert_eq!(refused, NetError::Throttled { retry_after });
    let cancel = Request::new(Method::DELETE, url(), Purpose::Cancel);
    assert_eq!(http.send(cancel).await.unwrap().status, 299);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_ends_at_the_deadline() {
    let transport = MemoryTransport::from_async(|_request| Box::pin(std::future::pending()));
    let random: Random = Arc::new(|| 0);
    let http = Http::new(Arc::new(transport), Allowance::per_minute(60), random);
    let order = Request::new(Method::POST, url(), Purpose::Order);
    let error = http.send(order).await.unwrap_err();
    assert_eq!(error.reached(), super::super::error::Reached::Perhaps);
    assert!(matches!(error, NetError::Timeout { .. }));
}

#[test]
fn neither_request_nor_answer_shows_what_is_secret() {
    let request = Request::get(url())
        .query("token", "canary-query")
        .secret_header(
            HeaderName::from_static("apca-api-secret-key"),
            SecretString::from("canary-header"),
        )
        .json("canary-body");
    let answer = Response::new(200, "canary-body").with("set-cookie", "canary-cookie");
    let shown = format!("{request:?} {answer:?} {:?}", request.headers[0].1.value());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("api.example.com/v2/orders"));
}

#[test]
fn a_header_cannot_smuggle_another() {
    let smuggled = HeaderText::Secret(SecretString::from("key\r\nHost: evil"));
    assert!(matches!(smuggled.value(), Err(NetError::Request(_))));
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let answer = || Response::new(429, "").with("date", "Sun, 22 Nov 2026 10:00:00 GMT");
    for (text, seconds) in [
        ("120", Some(120)),
        (" 5 ", Some(5)),
        ("Sun, 22 Nov 2026 10:00:30 GMT", Some(30)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
        ("soon", None),
        ("-3", None),
    ] {
        let waits = answer().with("retry-after", text).retry_after();
        assert_eq!(waits, seconds.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn a_reset_is_a_time_of_the_server_or_a_number_of_seconds() {
    let by_clock = Response::new(200, "")
        .with("date", "Sun, 24 Nov 2024 11:00:01 GMT")
        .with("x-ratelimit-reset", "1732446060");
    assert_eq!(
        by_clock.rate_report().reset_in,
        Some(Duration::from_secs(59))
    );
    let seconds = Response::new(200, "").with("ratelimit-reset", "12");
    assert_eq!(
        seconds.rate_report().reset_in,
        Some(Duration::from_secs(12))
    );
    let no_clock = Response::new(200, "").with("x-ratelimit-reset", "1732446060");
    assert_eq!(no_clock.rate_report().reset_in, None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_repeats_no_secret_of_its_request() {
    let said = r#"{"message":"T0K3N-of-mine and K3Y-of-mine are no good"}"#;
    for (code, expected) in [
        (401, r#"{"message":"[hidden] and [hidden] are no good"}"#),
        (500, r#"{"message":"[hidden] and [hidden] are no good"}"#),
        (200, said),
    ] {
        let (http, _) = serve(vec![Ok(Response::new(code, said))]);
        let name = HeaderName::from_static;
        let request = Request::new(Method::POST, url(), Purpose::Read)
            .secret_header(name("authorization"), "Bearer T0K3N-of-mine".into())
            .secret_header(name("x-key"), "K3Y-of-mine".into());
        let answer = http.send(request).await.unwrap();
        assert_eq!(answer.body, expected, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_repeats_no_token_that_stands_among_named_parts() {
    let said = r#"{"error":"token T0K3N-of-mine is unknown to limited_poa"}"#;
    let transport = MemoryTransport::new(move |_| Ok(Response::new(401, said)));
    let random: Random = Arc::new(|| 0);
    let http = Http::new(Arc::new(transport), Allowance::per_minute(60), random);
    let header = r#"OAuth realm="limited_poa", oauth_token="T0K3N-of-mine""#;
    let request = Request::get(url()).secret_header(
        HeaderName::from_static("authorization"),
        SecretString::from(header),
    );
    let answer = http.send(request).await.unwrap();
    assert_eq!(
        answer.body,
        r#"{"error":"token [hidden] is unknown to limited_poa"}"#
    );
}
