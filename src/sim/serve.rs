//! Serving a simulator's answers over any byte stream, and doing them wrong where a cue says so.

use super::faults::{Fault, Faults, Moment, Subject};
use crate::domain::Timestamp;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Largest body of a request that is read.
const LARGEST_REQUEST: usize = 1 << 20;
/// Size of a body that is far more than anybody asked for.
const HUGE_BODY: usize = 50_000_000;
/// Time between the half of a body that is sent and the end of its connection.
const BEFORE_A_CUT: Duration = Duration::from_millis(20);
/// Largest answer that a fault changes; larger ones are passed on as they are.
const LARGEST_ANSWER: usize = 64 << 20;
/// A text that rewrites a terminal's screen, title and clipboard if it is shown as it comes.
pub const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{9b}31m\u{202e}";

/// What answers requests.
pub trait Site: Send + Sync + 'static {
    /// What a request is of, as cues name it: its name first, then the groups it is of.
    fn names(&self, path: &str) -> Vec<&'static str>;
    /// The cues.
    fn faults(&self) -> &Faults;
    /// The site's own body for an error status.
    fn refusal(&self, status: StatusCode) -> Response<Body>;
    /// The value of a `Date` header, the clock being off by so many seconds.
    fn date(&self, skew: i64) -> String;
    /// Answers a request.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A moment as a `Date` header has it, the clock being off by so many seconds.
pub fn http_date(now: Timestamp, skew: i64) -> String {
    let moved = now.millis().saturating_add(skew.saturating_mul(1000));
    let time = Timestamp::from_millis(moved).unwrap_or(now);
    time.in_zone(&jiff::tz::TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

/// Serves `site` on a listener until `stop`.
pub async fn listen<S: Site>(
    listener: TcpListener,
    site: Arc<S>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            // One write a wake is one packet; without this it waits for the one before.
            drop(stream.set_nodelay(true));
            let (site, stop) = (Arc::clone(&site), stop.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = serve(stream, site) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    }
}

/// Serves `site` over one connection until it closes.
pub async fn serve<S: Site>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    site: Arc<S>,
) {
    let service = hyper::service::service_fn(move |request| respond(Arc::clone(&site), request));
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A client that hangs up and a fault on cue both end here; neither is worth a word.
    drop(connection.await);
}

/// Reads a request's body; `None` when it is too long or breaks off.
pub async fn read(body: Incoming) -> Option<Bytes> {
    to_bytes(Body::new(body), LARGEST_REQUEST).await.ok()
}

async fn respond<S: Site>(site: Arc<S>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    let verb = verb_of(&request);
    let fault = site.faults().meet(Subject {
        names: &site.names(&path),
        verb: &verb,
        path: &path,
    });
    match fault {
        Some(Fault::Drop(Moment::Before)) => return Err(dropped()),
        Some(Fault::HalfOpen(Moment::Before)) => return pending().await,
        Some(Fault::Status(status, Moment::Before)) => return Ok(refused(&*site, status, &path)),
        Some(Fault::Wait(seconds)) => {
            let mut answer = refused(&*site, 429, &path);
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(answer);
        }
        _ => {}
    }
    let mut answer = Arc::clone(&site).answer(request).await;
    let skew = if let Some(Fault::Skew(skew)) = fault {
        skew
    } else {
        0
    };
    if let Ok(date) = HeaderValue::from_str(&site.date(skew)) {
        answer.headers_mut().insert(DATE, date);
    }
    match fault {
        Some(Fault::Status(status, Moment::After)) => Ok(refused(&*site, status, &path)),
        Some(fault) => spoil(fault, answer).await,
        None => Ok(answer),
    }
}

/// `get`, `post`, …; `connect` where a stream is asked for.
fn verb_of(request: &Request<Incoming>) -> String {
    match request.headers().contains_key(http::header::UPGRADE) {
        true => "connect".to_owned(),
        false => request.method().as_str().to_ascii_lowercase(),
    }
}

async fn spoil(fault: Fault, answer: Response<Body>) -> io::Result<Response<Body>> {
    match fault {
        Fault::Drop(_) => Err(dropped()),
        Fault::HalfOpen(_) => pending().await,
        Fault::Slow(delay) => {
            tokio::time::sleep(delay).await;
            Ok(answer)
        }
        Fault::Trickle(bytes) => trickle(answer, bytes).await,
        Fault::Cut => cut(answer).await,
        Fault::Html => Ok(with(
            answer,
            "text/html",
            "<html><body><h1>502 Bad Gateway</h1></body></html>",
        )),
        Fault::BadJson => Ok(with(answer, "application/json", "{\"cash\":\"12.5\",,]")),
        Fault::Empty => Ok(with(answer, "application/json", "")),
        Fault::Bomb => Ok(bomb(answer)),
        Fault::Numbers => rewrite(answer, numbers).await,
        Fault::WrongType => rewrite(answer, wrong_type).await,
        Fault::Escape => rewrite(answer, escape).await,
        Fault::Huge => Ok(with(answer, "application/json", " ".repeat(HUGE_BODY))),
        Fault::Status(..)
        | Fault::Wait(_)
        | Fault::Skew(_)
        | Fault::Silent
        | Fault::Gap
        | Fault::Duplicate
        | Fault::Swap
        | Fault::Error(_)
        | Fault::UnknownType
        | Fault::InvalidUtf8
        | Fault::Fragments => Ok(answer),
    }
}

fn dropped() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "a fault on cue")
}

/// An error status in the site's own words; a redirection leads to another host.
fn refused(site: &impl Site, status: u16, path: &str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = site.refusal(status);
    if let Ok(date) = HeaderValue::from_str(&site.date(0)) {
        answer.headers_mut().insert(DATE, date);
    }
    if status.is_redirection()
        && let Ok(target) = HeaderValue::from_str(&format!("http://127.0.0.2:9{path}"))
    {
        answer.headers_mut().insert(LOCATION, target);
    }
    answer
}

fn with(mut answer: Response<Body>, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    *answer.body_mut() = body.into();
    answer
}

async fn cut(answer: Response<Body>) -> io::Result<Response<Body>> {
    let (mut head, body) = answer.into_parts();
    let whole = to_bytes(body, LARGEST_ANSWER)
        .await
        .map_err(io::Error::other)?;
    head.headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let parts = stream::iter([Ok(half)]).chain(stream::once(async {
        // What was written has to leave before the connection breaks.
        tokio::time::sleep(BEFORE_A_CUT).await;
        Err(dropped())
    }));
    Ok(Response::from_parts(head, Body::from_stream(parts)))
}

/// The body in small pieces, a piece every tenth of a second.
async fn trickle(answer: Response<Body>, bytes: u32) -> io::Result<Response<Body>> {
    let (mut head, body) = answer.into_parts();
    let whole = to_bytes(body, LARGEST_ANSWER)
        .await
        .map_err(io::Error::other)?;
    head.headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let piece = usize::try_from(bytes.div_ceil(10)).unwrap_or(1);
    let parts = stream::unfold(whole, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let part = rest.split_to(piece.min(rest.len()));
        Some((Ok::<_, io::Error>(part), rest))
    });
    Ok(Response::from_parts(head, Body::from_stream(parts)))
}

/// Zeros in gzip, made by hand: one fixed block of one literal and then only its longest repetition.
fn bomb(answer: Response<Body>) -> Response<Body> {
    // Ten bytes of header: deflate, no name, no time, unknown system.
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut put = |value: u32, length: u32| {
        bits |= value << count;
        count += length;
        while count >= 8 {
            packed.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            count -= 8;
        }
    };
    // Last block, fixed codes; the literal 0; then "258 bytes, one back" again and again.
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..HUGE_BODY / 258 {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    let mut answer = with(answer, "application/json", packed);
    let gzip = HeaderValue::from_static("gzip");
    answer.headers_mut().insert(CONTENT_ENCODING, gzip);
    answer
}

async fn rewrite(
    answer: Response<Body>,
    change: fn(serde_json::Value) -> serde_json::Value,
) -> io::Result<Response<Body>> {
    let (mut head, body) = answer.into_parts();
    let whole = to_bytes(body, LARGEST_ANSWER)
        .await
        .map_err(io::Error::other)?;
    let value = serde_json::from_slice(&whole).unwrap_or(serde_json::Value::Null);
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(
        head,
        Body::from(change(value).to_string()),
    ))
}

/// Every number, and every text that is one, becomes one that is hard to take.
pub fn numbers(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    let is_number = |text: &str| crate::domain::money::decimal(text).is_ok();
    match value {
        Value::Number(_) => serde_json::json!(1e308),
        Value::String(text) if is_number(&text) => {
            let strange = ["NaN", "1e308", "-0", "99999999999999999999999999999999"];
            Value::from(strange[text.len() % strange.len()])
        }
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, field)| (name, numbers(field))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// A list becomes an object, an object a list, everything else a number.
pub fn wrong_type(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(_) => serde_json::json!({"unexpected": true}),
        Value::Object(_) => serde_json::json!([17]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 17.into(),
    }
}

/// Fields whose texts a client has to understand before it can show any other.
const PROTOCOL: [&str; 8] = [
    "T", "stream", "streams", "event", "action", "status", "side", "type",
];

/// Every text that is not a number, a time or a word of the protocol gets control sequences.
pub fn escape(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            Value::String(text)
        }
        Value::String(text) => Value::String(format!("{text}{ESCAPES}")),
        Value::Array(items) => Value::Array(items.into_iter().map(escape).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, field)| match PROTOCOL.contains(&name.as_str()) {
                    true => (name, field),
                    false => (name, escape(field)),
                })
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
