use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Uri};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const BACK: &str = "http://127.0.0.1:8000/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123";

/// A clock that moves when it is told to.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

struct Far {
    server: AuthServer,
    clock: Arc<Hand>,
}

struct Said {
    status: u16,
    body: Value,
    location: String,
}

fn client() -> Client {
    Client {
        id: "app".to_owned(),
        secret: Some("s3cret:%".to_owned()),
        redirects: vec![BACK.to_owned()],
    }
}

fn far(change: impl FnOnce(&mut Profile)) -> Far {
    let mut profile = Profile::plain(client());
    profile.pkce = Pkce::Optional;
    profile.client_auth = ClientAuth::Body;
    change(&mut profile);
    let clock = Arc::new(Hand(AtomicI64::new(1_700_000_000_000)));
    let server = AuthServer::new(profile, 1, Arc::clone(&clock) as Arc<dyn Clock>);
    Far { server, clock }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Far {
    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    fn say(&self, method: &Method, path: &str, body: &str, header: Option<&str>) -> Said {
        let uri: Uri = path.parse().unwrap();
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        let asked = Asked {
            method,
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            headers: &headers,
            body: body.as_bytes(),
        };
        let answer = self.server.answer(asked).unwrap();
        let location = answer.headers().get(LOCATION);
        let location = location.map(|it| it.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let waiting = axum::body::to_bytes(answer.into_body(), 1 << 16);
        let body = futures_util::FutureExt::now_or_never(waiting)
            .unwrap()
            .unwrap();
        Said {
            status,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            location: location.unwrap_or_default(),
        }
    }

    fn page(&self, more: &[(&str, &str)]) -> Said {
        let usual = [
            ("client_id", "app"),
            ("response_type", "code"),
            ("redirect_uri", BACK),
        ];
        // The first of two counts.
        let fields: Vec<(&str, &str)> = more.iter().copied().chain(usual).collect();
        let path = format!("/authorize?{}", form(&fields));
        self.say(&Method::GET, &path, "", None)
    }

    fn code(&self, more: &[(&str, &str)]) -> String {
        let parameters = back(&self.page(more));
        let found = parameters.into_iter().find(|(name, _)| name == "code");
        found.unwrap().1
    }

    fn token(&self, fields: &[(&str, &str)]) -> Said {
        let mut fields = fields.to_vec();
        fields.extend([("client_id", "app"), ("client_secret", "s3cret:%")]);
        self.say(&Method::POST, "/token", &form(&fields), None)
    }

    fn exchange(&self, code: &str) -> Said {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
        ])
    }

    fn refresh(&self, token: &str) -> Said {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }
}

/// The parameters with which a browser is sent back.
fn back(said: &Said) -> Vec<(String, String)> {
    assert_eq!(said.status, 302);
    let query = said.location.strip_prefix(BACK).unwrap();
    let query = query.strip_prefix('?').unwrap();
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn sent_back(said: &Said, name: &str) -> Option<String> {
    let mut found = back(said).into_iter();
    found
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

fn text(said: &Said, name: &str) -> String {
    said.body[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_code_is_exchanged_once_and_a_second_time_ends_the_grant() {
    let far = far(|_| {});
    let page = far.page(&[("state", "a b&c"), ("scope", "read")]);
    assert_eq!(sent_back(&page, "state").unwrap(), "a b&c");
    assert_eq!(sent_back(&page, "iss"), None);
    let code = sent_back(&page, "code").unwrap();
    let tokens = far.exchange(&code);
    assert_eq!(
        (tokens.status, text(&tokens, "scope").as_str()),
        (200, "read")
    );
    assert_eq!(tokens.body["expires_in"], 900);
    let access = text(&tokens, "access_token");
    let bearer = far.server.bearer(&access).unwrap();
    assert_eq!(
        (bearer.login.as_str(), bearer.scopes),
        ("ada", vec!["read".to_owned()])
    );
    let again = far.exchange(&code);
    assert_eq!(
        (again.status, text(&again, "error").as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(far.server.bearer(&access), Err(NoBearer::Unknown));
    let counts = far.server.counts();
    assert_eq!((counts.codes, counts.exchanges), (1, 1));
    assert_eq!((counts.code_reuses, counts.invalid_grants), (1, 1));
}

#[test]
fn codes_and_access_tokens_end_in_time() {
    let far = far(|_| {});
    let code = far.code(&[]);
    far.pass(60);
    assert_eq!(text(&far.exchange(&code), "error"), "invalid_grant");
    let tokens = far.exchange(&far.code(&[]));
    let access = text(&tokens, "access_token");
    far.pass(899);
    assert!(far.server.bearer(&access).is_ok());
    far.pass(1);
    assert_eq!(far.server.bearer(&access), Err(NoBearer::Expired));
    far.pass(30 * 86_400);
    let late = far.refresh(&text(&tokens, "refresh_token"));
    assert_eq!(text(&late, "error"), "invalid_grant");
}

#[test]
fn a_proof_key_is_checked_where_it_was_given_and_needed_where_it_is_required() {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let asked = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let proved = |far: &Far, code: &str, verifier: &str| {
        far.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ])
    };
    let optional = far(|_| {});
    let code = optional.code(&asked);
    assert_eq!(proved(&optional, &code, "another").status, 400);
    assert_eq!(
        proved(&optional, &optional.code(&asked), VERIFIER).status,
        200
    );
    assert_eq!(optional.exchange(&optional.code(&[])).status, 200);
    let required = far(|profile| profile.pkce = Pkce::Required);
    let error = |said: Said| sent_back(&said, "error").unwrap();
    assert_eq!(error(required.page(&[])), "invalid_request");
    let plain = [
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
    ];
    assert_eq!(error(required.page(&plain)), "invalid_request");
    let ignored = far(|profile| profile.pkce = Pkce::Ignored);
    assert_eq!(ignored.exchange(&ignored.code(&asked)).status, 200);
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_the_client_s_own() {
    let far = far(|_| {});
    for wrong in [
        "http://127.0.0.1:8000/callback/",
        "http://127.0.0.1:8001/callback",
        "https://127.0.0.1:8000/callback",
        "http://localhost:8000/callback",
        "http://127.0.0.1:8000/callback?x=1",
    ] {
        let said = far.page(&[("redirect_uri", wrong)]);
        assert_eq!((said.status, said.location.as_str()), (400, ""), "{wrong}");
    }
    let code = far.code(&[]);
    let other = far.token(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:8000/"),
    ]);
    assert_eq!(text(&other, "error"), "invalid_grant");
}

#[test]
fn a_person_can_refuse_and_be_asked() {
    let far = far(|profile| {
        profile.consent = Consent::Deny;
        profile.issuer = Some("https://far.example".to_owned());
    });
    let denied = far.page(&[("state", "s")]);
    assert_eq!(sent_back(&denied, "error").unwrap(), "access_denied");
    assert_eq!(sent_back(&denied, "iss").unwrap(), "https://far.example");
    far.server.change(|profile| profile.consent = Consent::Ask);
    assert_eq!(far.page(&[]).status, 200);
    assert_eq!(
        sent_back(&far.page(&[("deny", "1")]), "error").unwrap(),
        "access_denied"
    );
    assert!(sent_back(&far.page(&[("login", "ada")]), "code").is_some());
    assert_eq!(far.page(&[("login", "nobody")]).status, 200);
    far.server
        .change(|profile| profile.consent = Consent::Approve("ada".to_owned()));
    let error = |more: &[(&str, &str)]| sent_back(&far.page(more), "error").unwrap();
    assert_eq!(error(&[("scope", "read everything")]), "invalid_scope");
    assert_eq!(
        error(&[("response_type", "token")]),
        "unsupported_response_type"
    );
}

#[test]
fn refresh_tokens_rotate_and_a_late_reuse_ends_the_grant() {
    let far = far(|profile| profile.rotation = Rotation::Replace { grace: 30 });
    let first = text(&far.exchange(&far.code(&[])), "refresh_token");
    let second = far.refresh(&first);
    let newer = text(&second, "refresh_token");
    assert!(second.status == 200 && newer != first);
    far.pass(29);
    assert_eq!(far.refresh(&first).status, 200, "within its grace");
    far.pass(1);
    assert_eq!(text(&far.refresh(&first), "error"), "invalid_grant");
    assert_eq!(text(&far.refresh(&newer), "error"), "invalid_grant");
    let access = text(&second, "access_token");
    assert_eq!(far.server.bearer(&access), Err(NoBearer::Unknown));
    let counts = far.server.counts();
    assert_eq!((counts.refreshes, counts.refresh_reuses), (2, 1));
}

#[test]
fn refresh_tokens_that_stay_may_be_repeated_or_not() {
    let far = far(|profile| profile.rotation = Rotation::Keep);
    let token = text(&far.exchange(&far.code(&[])), "refresh_token");
    assert_eq!(text(&far.refresh(&token), "refresh_token"), token);
    far.server
        .change(|profile| profile.rotation = Rotation::KeepUnsaid);
    let unsaid = far.refresh(&token);
    assert!(unsaid.status == 200 && unsaid.body.get("refresh_token").is_none());
    let narrow = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    let scoped = |scope| far.token(&[narrow[0], narrow[1], ("scope", scope)]);
    assert_eq!(text(&scoped("read"), "scope"), "read");
    assert_eq!(text(&scoped("admin"), "error"), "invalid_scope");
    far.server.withdraw("ada");
    assert_eq!(text(&far.refresh(&token), "error"), "invalid_grant");
}

#[test]
fn a_client_says_who_it_is_in_the_way_the_profile_wants() {
    let basic = format!("Basic {}", STANDARD.encode("app:s3cret%3A%25"));
    let wrong = format!("Basic {}", STANDARD.encode("app:wrong"));
    let ask = |far: &Far, secret: &str, header: Option<&str>| {
        let token = far.server.grant("app", "ada", &["read"]).unwrap();
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str()),
            ("client_id", "app"),
        ];
        if !secret.is_empty() {
            fields.push(("client_secret", secret));
        }
        far.say(&Method::POST, "/token", &form(&fields), header)
            .status
    };
    for (auth, in_body, in_header) in [
        (ClientAuth::Body, 200, 401),
        (ClientAuth::Basic, 401, 200),
        (ClientAuth::Either, 200, 200),
    ] {
        let far = far(|profile| profile.client_auth = auth);
        assert_eq!(ask(&far, "s3cret:%", None), in_body, "{auth:?}");
        assert_eq!(ask(&far, "", Some(&basic)), in_header, "{auth:?}");
        assert_eq!(ask(&far, "wrong", None), 401, "{auth:?}");
        assert_eq!(ask(&far, "", Some(&wrong)), 401, "{auth:?}");
        assert_eq!(ask(&far, "", Some("Basic !")), 401, "{auth:?}");
        assert!(far.server.counts().invalid_clients >= 3);
    }
}

#[test]
fn a_refresh_may_leave_its_client_unnamed_and_come_as_json() {
    let far = far(|profile| profile.refresh_names_client = false);
    let token = far.server.grant("app", "ada", &["read"]).unwrap();
    let ask = |token: &str, secret: &str| {
        let body = serde_json::json!({
            "grant_type": "refresh_token", "refresh_token": token, "client_secret": secret,
        });
        far.say(&Method::POST, "/token", &body.to_string(), None)
    };
    assert_eq!(text(&ask("unknown", "s3cret:%"), "error"), "invalid_grant");
    assert_eq!(text(&ask(&token, "wrong"), "error"), "invalid_client");
    assert_eq!(ask(&token, "s3cret:%").status, 200);
}

#[test]
fn tokens_can_be_revoked_by_their_client_only() {
    let far = far(|profile| {
        profile.clients.push(Client {
            id: "other".to_owned(),
            secret: None,
            redirects: Vec::new(),
        });
    });
    let tokens = far.exchange(&far.code(&[]));
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let revoke = |token: &str, client: &[(&str, &str)]| {
        let mut fields = vec![("token", token)];
        fields.extend(client);
        far.say(&Method::POST, "/revoke", &form(&fields), None)
            .status
    };
    let own = [("client_id", "app"), ("client_secret", "s3cret:%")];
    assert_eq!(revoke(&refresh, &[("client_id", "other")]), 200);
    assert!(far.server.bearer(&access).is_ok());
    assert_eq!(revoke("unknown", &own), 200);
    assert_eq!(revoke(&refresh, &[("client_id", "app")]), 401);
    assert_eq!(revoke(&refresh, &own), 200);
    assert_eq!(far.server.bearer(&access), Err(NoBearer::Unknown));
    assert_eq!(text(&far.refresh(&refresh), "error"), "invalid_grant");
    assert_eq!(far.server.counts().revocations, 1);
}

#[test]
fn what_cannot_be_read_is_refused_in_the_standard_s_words() {
    let far = far(|_| {});
    assert_eq!(text(&far.token(&[]), "error"), "invalid_request");
    let unknown = far.token(&[("grant_type", "password")]);
    assert_eq!(text(&unknown, "error"), "unsupported_grant_type");
    let get = far.say(&Method::GET, "/token", "", None);
    assert_eq!(get.status, 405);
}

#[tokio::test]
async fn it_can_stand_alone() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let clock = Arc::new(Hand(AtomicI64::new(1_700_000_000_000)));
    let alone = start(Profile::plain(client()), 1, clock, 0).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(alone.address).await.unwrap();
    let request =
        "GET /authorize?client_id=nobody HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(alone.faults.seen("authorize", "get"), 1);
}
