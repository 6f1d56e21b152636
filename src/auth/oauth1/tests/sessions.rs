//! The day's key at work, against a broker in memory.

use super::server::{Server, Still};
use super::{consumer, entropy};
use crate::auth::AuthError;
use crate::auth::oauth1::{Endpoint, LiveSession, Signed};
use crate::domain::Clock;
use crate::net::error::NetError;
use crate::net::http::{Request, Response};
use crate::net::transport::{MemoryTransport, Transport};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

struct Rig {
    session: LiveSession,
    clock: Arc<Still>,
    server: Arc<Mutex<Server>>,
    transport: Arc<dyn Transport>,
}

fn rig() -> Rig {
    let clock = Still::new();
    let server = Arc::new(Mutex::new(Server::new(clock.clone())));
    let far = server.clone();
    let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::from_async(move |request| {
        let far = far.clone();
        Box::pin(async move {
            tokio::task::yield_now().await; // others come meanwhile
            far.lock().unwrap().answer(&request)
        })
    }));
    let endpoint = Endpoint {
        url: Url::parse("https://broker.example/v1/api/oauth/live_session_token").unwrap(),
        transport: transport.clone(),
        clock: clock.clone(),
        entropy: entropy(),
        early: 0,
    };
    Rig {
        session: LiveSession::start(consumer(), endpoint),
        clock,
        server,
        transport,
    }
}

fn call() -> Request {
    let url = Url::parse("https://broker.example/v1/api/iserver/secdef/search").unwrap();
    Request::get(url)
        .query("symbol", "BRK B/ä~*")
        .query("a", "")
}

impl Rig {
    async fn sent(&self, signed: &Signed) -> u16 {
        let request = call().secret_header(http::header::AUTHORIZATION, signed.header.clone());
        self.transport.send(&request).await.unwrap().status
    }

    async fn call(&self) -> Result<u16, AuthError> {
        let signed = self.session.header(&call()).await?;
        Ok(self.sent(&signed).await)
    }

    fn instead(&self, answer: Result<Response, NetError>) {
        self.server.lock().unwrap().instead.push_back(answer);
    }

    fn agreements(&self) -> u64 {
        self.server.lock().unwrap().agreements
    }
}

/// Many callers at the moment of each agreement: it is made once, and every call of theirs is taken.
#[tokio::test]
async fn a_storm_of_calls_agrees_on_one_key() {
    let rig = rig();
    for day in 1..=5 {
        let calls = join_all((0..64).map(|_| rig.call())).await;
        assert!(calls.iter().all(|status| *status == Ok(200)), "{calls:?}");
        assert_eq!(rig.agreements(), day);
        rig.clock.pass(86_399);
    }
    assert_eq!(rig.server.lock().unwrap().served, 5 * 64);
    assert_eq!(rig.session.standing().renewals, 5);
}

#[tokio::test]
async fn a_key_is_agreed_on_before_the_day_is_over_and_used_while_the_next_cannot_be_had() {
    let rig = rig();
    assert_eq!(rig.call().await, Ok(200));
    let ends = rig.session.standing().access_until.unwrap();
    assert_eq!(ends.since(rig.clock.now()), Duration::from_secs(86_400));
    rig.clock.pass(69_119);
    assert_eq!((rig.call().await, rig.agreements()), (Ok(200), 1));
    rig.instead(Ok(Response::new(503, "")));
    rig.clock.pass(1); // four fifths of a day
    assert_eq!((rig.call().await, rig.agreements()), (Ok(200), 1));
    assert_eq!(rig.session.standing().failures, 1);
    assert_eq!(rig.call().await, Ok(200), "after a pause, not at once");
    assert_eq!(rig.agreements(), 1);
    rig.clock.pass(3);
    assert_eq!((rig.call().await, rig.agreements()), (Ok(200), 2));
}

#[tokio::test]
async fn a_key_that_is_over_signs_nothing() {
    let rig = rig();
    rig.call().await.unwrap();
    rig.clock.pass(86_400);
    rig.instead(Ok(Response::new(503, "")));
    let error = rig.call().await.unwrap_err();
    assert_eq!(error, AuthError::Unavailable { status: 503 });
}

#[tokio::test]
async fn a_refused_key_is_replaced_once_for_all_who_had_it() {
    let rig = rig();
    let first = rig.session.header(&call()).await.ok().unwrap();
    rig.clock.pass(3_600);
    rig.server.lock().unwrap().restart();
    assert_eq!(rig.sent(&first).await, 401);
    let request = call();
    let again = (0..20).map(|_| rig.session.another(&request, &first));
    for signed in join_all(again).await {
        assert_eq!(rig.sent(&signed.ok().unwrap()).await, 200);
    }
    assert_eq!(rig.agreements(), 2);
}

/// Otherwise a broker that says 401 for another reason would be asked for keys without end.
#[tokio::test]
async fn a_key_that_is_new_is_not_replaced_for_a_refusal() {
    let rig = rig();
    let mut signed = rig.session.header(&call()).await.ok().unwrap();
    for _ in 0..10 {
        signed = rig.session.another(&call(), &signed).await.ok().unwrap();
    }
    assert_eq!(rig.agreements(), 1);
    rig.clock.pass(10);
    let another = rig.session.another(&call(), &signed).await.ok().unwrap();
    assert_eq!(rig.sent(&another).await, 200);
    assert_eq!(rig.agreements(), 2);
}

#[tokio::test]
async fn a_header_is_good_for_one_sending() {
    let rig = rig();
    let signed = rig.session.header(&call()).await.ok().unwrap();
    assert_eq!(rig.sent(&signed).await, 200);
    assert_eq!(rig.sent(&signed).await, 401);
}

#[tokio::test]
async fn what_a_refused_request_for_a_key_asks_for_next() {
    let check = async |answer: Result<Response, NetError>, told: &str, is_passing: bool| {
        let rig = rig();
        rig.instead(answer);
        let error = rig.call().await.unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(error.is_passing(), is_passing, "{error}");
        rig.clock.pass(3);
        match is_passing {
            true => assert_eq!(rig.call().await, Ok(200)),
            false => assert_eq!(rig.call().await, Err(error)),
        }
    };
    let consumer = r#"{"error":"id: 92177, error: invalid consumer","statusCode":401}"#;
    check(Ok(Response::new(401, consumer)), "nightly restart", false).await;
    check(Ok(Response::new(400, "")), "consumer key", false).await;
    check(Ok(Response::new(410, "")), "status 410", true).await;
    check(Ok(Response::new(502, "<html>")), "status 502", true).await;
    check(Ok(Response::new(200, "<html>")), "could not be read", true).await;
    check(Err(NetError::Stalled), "cannot be reached", true).await;
    let low = r#"{"diffie_hellman_response":"01","live_session_token_signature":"00","live_session_token_expiration":0}"#;
    check(Ok(Response::new(200, low)), "could not be read", true).await;
    let busy = Response::new(429, "").with("retry-after", "2");
    check(Ok(busy), "pause", true).await;
}

#[tokio::test]
async fn a_broker_that_made_another_key_is_not_trusted() {
    let rig = rig();
    rig.server.lock().unwrap().confirms = "ANOTHER00";
    let error = rig.call().await.unwrap_err();
    assert!(matches!(error, AuthError::Registration { .. }));
    assert!(error.to_string().contains("does not fit"), "{error}");
    assert_eq!(rig.server.lock().unwrap().served, 0);
}

#[tokio::test]
async fn nothing_is_signed_and_no_key_is_left_after_all_is_forgotten() {
    let rig = rig();
    rig.call().await.unwrap();
    let token = rig.session.access_token().await.unwrap();
    assert_eq!(token.expose_secret(), super::vectors().access_token);
    rig.session.forget().await;
    assert_eq!(rig.call().await, Err(AuthError::Closed));
    assert!(rig.session.access_token().await.is_none());
    assert_eq!(rig.session.standing().access_until, None);
    rig.session.forget().await; // and again does no harm
}

/// The broker's clock or ours is wrong; that is no reason to ask for a key with each call.
#[tokio::test]
async fn an_end_that_cannot_be_is_a_day_from_now() {
    for stated in [0, 1_789_999_999_999, i64::MAX] {
        let rig = rig();
        rig.server.lock().unwrap().ends = Some(stated);
        assert_eq!(rig.call().await, Ok(200));
        let ends = rig.session.standing().access_until.unwrap();
        assert_eq!(ends.since(rig.clock.now()), Duration::from_secs(86_400));
        assert_eq!((rig.call().await, rig.agreements()), (Ok(200), 1));
    }
}
