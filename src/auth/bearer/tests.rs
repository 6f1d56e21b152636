//! Tokens against a server in memory that keeps its own count of what it gave.

use super::*;
use crate::auth::exchange::Client;
use crate::auth::profile::{ClientAuth, Profile, Redirect};
use crate::net::error::NetError;
use crate::net::http::{Request, Response};
use crate::net::transport::MemoryTransport;
use secrecy::{ExposeSecret, SecretString};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use url::Url;

/// A clock that stands until it is moved.
struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(self.0.load(Ordering::SeqCst)))
    }
}

impl Still {
    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A token endpoint that takes each refresh token out of use with its first use.
#[derive(Default)]
struct Server {
    exchanges: u64,
    reuses: u64,
    /// Answers in the place of the right one, first come first.
    instead: VecDeque<Result<Response, NetError>>,
    bodies: Vec<String>,
}

impl Server {
    fn answer(&mut self, request: &Request) -> Result<Response, NetError> {
        let (_, body) = request.body.as_ref().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.bodies.push(body.clone());
        if let Some(answer) = self.instead.pop_front() {
            return answer;
        }
        let expected = format!("refresh_token=refresh-{}", self.exchanges);
        if !body.split('&').any(|pair| pair == expected) {
            self.reuses += 1;
            return Ok(Response::new(400, r#"{"error":"invalid_grant"}"#));
        }
        self.exchanges += 1;
        let count = self.exchanges;
        let body = format!(
            r#"{{"access_token":"access-{count}","token_type":"Bearer","expires_in":900,"refresh_token":"refresh-{count}"}}"#
        );
        Ok(Response::new(200, body))
    }
}

/// The disk: what it has, and whether it takes more.
#[derive(Default)]
struct Disk {
    kept: Mutex<Vec<String>>,
    is_full: AtomicBool,
}

impl Keep for Disk {
    fn keep<'a>(
        &'a self,
        tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.is_full.load(Ordering::SeqCst) {
                return Err("the disk is full".into());
            }
            let refresh = tokens.refresh.as_ref().unwrap().expose_secret().to_owned();
            self.kept.lock().unwrap().push(refresh);
            Ok(())
        })
    }
}

struct Rig {
    bearer: Bearer,
    clock: Arc<Still>,
    server: Arc<Mutex<Server>>,
    disk: Arc<Disk>,
}

fn rig() -> Rig {
    let clock = Arc::new(Still(AtomicU64::new(1_000)));
    let server = Arc::<Mutex<Server>>::default();
    let disk = Arc::<Disk>::default();
    let far = server.clone();
    let transport = MemoryTransport::from_async(move |request| {
        let far = far.clone();
        Box::pin(async move {
            tokio::task::yield_now().await; // others come meanwhile
            far.lock().unwrap().answer(&request)
        })
    });
    let profile = Profile {
        authorize: None,
        token: Url::parse("https://broker.example/token").unwrap(),
        revoke: Some(Url::parse("http://127.0.0.1:1/revoke").unwrap()),
        scopes: Vec::new(),
        pkce: false,
        client_auth: ClientAuth::Body,
        redirect: Redirect::new("http://127.0.0.1:8182/cb").unwrap(),
        state: true,
        issuer: None,
        refresh_life: Some(Duration::from_secs(7 * 24 * 3_600)),
    };
    let client = Client {
        id: "client".into(),
        secret: Some(Arc::new(SecretString::from("s3cr3t"))),
    };
    let endpoint = TokenEndpoint::new(
        Arc::new(profile),
        client,
        Arc::new(transport),
        clock.clone(),
    );
    let tokens = Tokens::of_refresh("refresh-0".into(), clock.now());
    Rig {
        bearer: Bearer::start(tokens, endpoint, disk.clone(), clock.clone(), 0),
        clock,
        server,
        disk,
    }
}

impl Rig {
    async fn token(&self) -> Result<String, AuthError> {
        let token = self.bearer.token().await?;
        Ok(token.expose().to_owned())
    }

    fn instead(&self, answer: Result<Response, NetError>) {
        self.server.lock().unwrap().instead.push_back(answer);
    }

    fn exchanges(&self) -> (u64, u64) {
        let server = self.server.lock().unwrap();
        (server.exchanges, server.reuses)
    }
}

/// Many callers at the moment of each renewal: it is made once, and nobody uses an old token again.
#[tokio::test]
async fn refresh_storm_in_one_process() {
    let rig = rig();
    for rotation in 1..=200 {
        let callers = (0..100).map(|_| rig.token());
        let expected = format!("access-{rotation}");
        for token in futures_util::future::join_all(callers).await {
            assert_eq!(token.unwrap(), expected);
        }
        assert_eq!(rig.exchanges(), (rotation, 0));
        rig.clock.pass(899);
    }
    assert_eq!(rig.disk.kept.lock().unwrap().len(), 200);
    assert_eq!(rig.bearer.standing().renewals, 200);
}

#[tokio::test]
async fn a_token_refused_in_spite_of_its_time_is_renewed_once_for_all_who_had_it() {
    let rig = rig();
    let refused = rig.bearer.token().await.ok().unwrap();
    let callers = (0..20).map(|_| rig.bearer.another(&refused));
    for token in futures_util::future::join_all(callers).await {
        assert_eq!(token.ok().unwrap().expose(), "access-2");
    }
    assert_eq!(rig.exchanges(), (2, 0));
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_used_while_the_next_cannot_be_had() {
    let rig = rig();
    assert_eq!(rig.token().await.unwrap(), "access-1");
    rig.clock.pass(719);
    assert_eq!(rig.token().await.unwrap(), "access-1");
    rig.instead(Ok(Response::new(503, "")));
    rig.clock.pass(1); // four fifths of a quarter of an hour
    assert_eq!(rig.token().await.unwrap(), "access-1");
    assert_eq!(rig.bearer.standing().failures, 1);
    assert_eq!(rig.token().await.unwrap(), "access-1");
    assert_eq!(
        rig.server.lock().unwrap().bodies.len(),
        2,
        "after a pause, not at once"
    );
    rig.clock.pass(3);
    assert_eq!(rig.token().await.unwrap(), "access-2");
}

#[tokio::test]
async fn a_token_that_is_over_is_not_used() {
    let rig = rig();
    rig.token().await.unwrap();
    rig.clock.pass(900);
    rig.instead(Ok(Response::new(503, "")));
    assert_eq!(
        rig.token().await.unwrap_err(),
        AuthError::Unavailable { status: 503 }
    );
}

#[tokio::test]
async fn a_refused_refresh_ends_it_without_another_question() {
    let rig = rig();
    rig.instead(Ok(Response::new(
        400,
        r#"{"error":"invalid_grant","error_description":"refresh-0"}"#,
    )));
    let first = rig.token().await.unwrap_err();
    assert!(matches!(first, AuthError::SignIn { .. }));
    assert!(!first.to_string().contains("refresh-0"), "{first}");
    rig.clock.pass(10_000);
    assert_eq!(rig.token().await.unwrap_err(), first);
    assert_eq!(rig.server.lock().unwrap().bodies.len(), 1);
}

/// What every answer of a token endpoint asks for next.
#[tokio::test]
async fn every_refusal_has_its_own_outcome() {
    let named = |name: &str| Ok(Response::new(400, format!(r#"{{"error":"{name}"}}"#)));
    let check = async |answer: Result<Response, NetError>, expected: &str, passing: bool| {
        let rig = rig();
        rig.instead(answer);
        let error = rig.token().await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(expected), "{told}");
        assert_eq!(error.is_passing(), passing, "{told}");
    };
    check(named("invalid_grant"), "sign in again", false).await;
    check(named("invalid_client"), "client id", false).await;
    check(named("unauthorized_client"), "client id", false).await;
    check(named("invalid_scope"), "oauth_scopes", false).await;
    check(named("unsupported_grant_type"), "oauth_", false).await;
    check(named("strange"), "sign in again", false).await;
    check(Ok(Response::new(401, "<html>")), "client id", false).await;
    check(Ok(Response::new(403, "")), "sign in again", false).await;
    check(
        Ok(Response::new(429, "").with("retry-after", "7")),
        "pause",
        true,
    )
    .await;
    check(Ok(Response::new(502, "<html>")), "status 502", true).await;
    check(Ok(Response::new(200, "<html>")), "could not be read", true).await;
    check(Ok(Response::new(200, "{}")), "could not be read", true).await;
    check(Ok(Response::new(200, "")), "could not be read", true).await;
    check(Err(NetError::Stalled), "cannot be reached", true).await;
}

#[tokio::test]
async fn new_tokens_are_not_used_before_they_are_sealed_and_not_asked_for_twice() {
    let rig = rig();
    rig.disk.is_full.store(true, Ordering::SeqCst);
    assert!(matches!(rig.token().await, Err(AuthError::NotKept { .. })));
    assert!(rig.bearer.peek().is_none(), "nobody has it");
    rig.clock.pass(3);
    rig.disk.is_full.store(false, Ordering::SeqCst);
    assert_eq!(rig.token().await.unwrap(), "access-1");
    assert_eq!(rig.exchanges(), (1, 0));
    assert_eq!(*rig.disk.kept.lock().unwrap(), ["refresh-1"]);
}

#[tokio::test]
async fn a_renewal_goes_on_when_the_call_that_wanted_it_is_gone() {
    let rig = rig();
    {
        let mut call = Box::pin(rig.bearer.token());
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context)));
        assert!(first.await.is_pending());
    }
    let settled = rig.bearer.settle().await.unwrap();
    assert_eq!(settled.refresh.unwrap().expose_secret(), "refresh-1");
    assert_eq!(*rig.disk.kept.lock().unwrap(), ["refresh-1"]);
    assert_eq!(rig.token().await.unwrap_err(), AuthError::Closed);
    assert!(rig.bearer.peek().is_none(), "no token stays behind");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_by_the_clock_when_nobody_asks() {
    let rig = rig();
    rig.token().await.unwrap();
    rig.clock.pass(720);
    // The tokens are looked at again after half a minute at most.
    tokio::time::sleep(LONGEST_SLEEP + Duration::from_secs(1)).await;
    assert_eq!(rig.bearer.peek().unwrap().expose(), "access-2");
}

#[tokio::test]
async fn the_end_of_a_refresh_token_is_known_and_starts_anew_with_a_new_one() {
    let rig = rig();
    rig.token().await.unwrap();
    let week = Duration::from_secs(7 * 24 * 3_600);
    assert_eq!(
        rig.bearer.standing().sign_in_due,
        Some(rig.clock.now().plus(week))
    );
    let (given, same) = (
        rig.clock.now(),
        r#"{"access_token":"a","token_type":"bearer","expires_in":1800,"refresh_token":"refresh-1"}"#,
    );
    rig.clock.pass(720);
    rig.instead(Ok(Response::new(200, same)));
    assert_eq!(rig.token().await.unwrap(), "a");
    assert_eq!(
        rig.bearer.standing().sign_in_due,
        Some(given.plus(week)),
        "the same token lives no longer"
    );
}

#[tokio::test]
async fn tokens_are_given_back() {
    let rig = rig();
    rig.token().await.unwrap();
    rig.instead(Ok(Response::new(200, "")));
    assert_eq!(rig.bearer.give_back().await, Ok(true));
    let server = rig.server.lock().unwrap();
    let body = server.bodies.last().unwrap();
    for part in [
        "token=refresh-1",
        "token_type_hint=refresh_token",
        "client_id=client",
    ] {
        assert!(body.contains(part), "{body}");
    }
}

#[test]
fn many_connections_renew_at_moments_of_their_own() {
    let tokens = |life: u64| Tokens {
        access: Some(AccessToken::new("a".into())),
        access_until: Some(Timestamp::EPOCH.plus(Duration::from_secs(life))),
        ..Tokens::of_refresh("r".into(), Timestamp::EPOCH)
    };
    let due = |life, early| tokens(life).renewal_due(early).unwrap().millis() / 1_000;
    assert_eq!((due(900, 0), due(900, 255)), (720, 630));
    assert_eq!(due(86_400, 0), 69_120);
    assert_eq!(due(10, 0), 8);
}

#[tokio::test]
async fn tokens_that_could_not_be_sealed_are_sealed_at_the_last_chance() {
    let rig = rig();
    rig.disk.is_full.store(true, Ordering::SeqCst);
    assert!(matches!(rig.token().await, Err(AuthError::NotKept { .. })));
    rig.disk.is_full.store(false, Ordering::SeqCst);
    rig.bearer.settle().await;
    assert_eq!(*rig.disk.kept.lock().unwrap(), ["refresh-1"]);
}
