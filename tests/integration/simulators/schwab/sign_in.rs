//! Sign-in, as the manual has it.

use super::*;
use std::collections::HashMap;
use std::sync::Mutex;
use tradedeck::domain::Timestamp;

const BACK: &str = "https%3A%2F%2F127.0.0.1%3A8182";

/// A clock that is moved by hand: days pass without the market's beats in between.
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Timestamp::parse(TEN_O_CLOCK).unwrap())))
    }

    fn wait(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(Duration::from_secs(seconds));
    }
}

/// Where a browser ends up that is sent to the page; `None` when it stays there.
async fn browse(far: &Far, more: &str) -> Option<String> {
    let id = &far.customer.client_id;
    let path = format!("/v1/oauth/authorize?response_type=code&client_id={id}{more}");
    let answer = far.raw("GET", &path, "", "").await.unwrap();
    let mut lines = answer.head.lines();
    let location = lines.find_map(|line| line.strip_prefix("location: "));
    location.map(str::to_owned)
}

fn fields(address: &str) -> HashMap<String, String> {
    let query = address.split_once('?').unwrap().1;
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// A code that a browser brought back, encoded as it has to be sent.
async fn code(far: &Far) -> String {
    let back = browse(far, &format!("&redirect_uri={BACK}")).await.unwrap();
    let code = fields(&back)["code"].clone();
    url::form_urlencoded::byte_serialize(code.as_bytes()).collect()
}

async fn exchange(far: &Far, code: &str, back: &str) -> Answer {
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={back}");
    let headers = format!("Authorization: Basic {}\r\n", far.basic());
    far.token(&form, &headers).await
}

#[tokio::test(start_paused = true)]
async fn a_code_ends_in_an_at_sign_and_opens_the_accounts() {
    let mut far = far_for("ira", Options::default()).await;
    let more = format!("&redirect_uri={BACK}&state=s%26t&scope=readonly");
    let back = browse(&far, &more).await.unwrap();
    assert!(
        back.starts_with("https://127.0.0.1:8182?code=C0."),
        "{back}"
    );
    assert!(back.contains("%40&session="), "{back}");
    let found = fields(&back);
    assert_eq!(found["state"], "s&t");
    assert!(found["code"].ends_with('@'));
    let answer = exchange(&far, &code(&far).await, BACK).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    let body = &answer.body;
    assert_eq!(
        (&body["expires_in"], &body["scope"]),
        (&json!(1800), &json!("api"))
    );
    assert_eq!(body["token_type"], "Bearer");
    assert!(body["id_token"].is_string() && body["refresh_token"].is_string());
    far.token = body["access_token"].as_str().unwrap().to_owned();
    let numbers = far.trader("accounts/accountNumbers").await;
    assert_eq!(
        numbers.body.as_array().unwrap().len(),
        2,
        "both accounts of the login"
    );
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_once_for_thirty_seconds_and_its_own_address() {
    let hands = Hands::new();
    let far = far_at(hands.clone(), "margin", Options::default()).await;
    let fresh = code(&far).await;
    let other = exchange(&far, &fresh, &format!("{BACK}%2F")).await;
    assert_eq!(
        (other.status, &other.body["error"]),
        (400, &json!("invalid_grant"))
    );
    let twice = code(&far).await.replace("%40", "%2540");
    assert_eq!(
        exchange(&far, &twice, BACK).await.status,
        400,
        "decoded twice"
    );
    let late = code(&far).await;
    hands.wait(31);
    assert_eq!(exchange(&far, &late, BACK).await.status, 400);
    let used = code(&far).await;
    assert_eq!(exchange(&far, &used, BACK).await.status, 200);
    assert_eq!(exchange(&far, &used, BACK).await.status, 400);
    for elsewhere in [
        "https%3A%2F%2F127.0.0.1%3A8182%2F",
        "http%3A%2F%2F127.0.0.1%3A8182",
    ] {
        let back = browse(&far, &format!("&redirect_uri={elsewhere}")).await;
        assert_eq!(back, None, "{elsewhere}");
    }
    let denied = browse(&far, &format!("&redirect_uri={BACK}&deny=1"))
        .await
        .unwrap();
    assert_eq!(fields(&denied)["error"], "access_denied");
}

#[tokio::test(start_paused = true)]
async fn a_program_says_who_it_is_in_a_header_only() {
    let far = far(Options::default()).await;
    let ReadyCustomer {
        client_id,
        client_secret,
        refresh_token,
        ..
    } = &far.customer;
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let in_body = format!("{form}&client_id={client_id}&client_secret={client_secret}");
    let wrong = STANDARD.encode(format!("{client_id}:wrong"));
    for (form, headers) in [
        (&form, String::new()),
        (&in_body, String::new()),
        (&form, format!("Authorization: Basic {wrong}\r\n")),
    ] {
        let answer = far.token(form, &headers).await;
        assert_eq!(answer.status, 401);
        let words = json!({"error": "invalid_client", "error_description": "Unauthorized"});
        assert_eq!(answer.body, words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_for_half_an_hour_and_its_grant_for_a_week() {
    let hands = Hands::new();
    let mut far = far_at(hands.clone(), "margin", Options::default()).await;
    assert_eq!(far.trader("accounts").await.status, 200);
    hands.wait(1_801);
    for path in ["trader/v1/accounts", "marketdata/v1/quotes?symbols=AAPL"] {
        let stale = far.call("GET", &format!("/{path}"), "").await;
        let error = &stale.body["errors"][0];
        assert_eq!(
            (stale.status, &error["status"]),
            (401, &json!(401)),
            "{path}"
        );
        assert_eq!(error["detail"], "Client not authorized");
    }
    for _ in 0..6 {
        hands.wait(86_400);
        let answer = far.refresh().await;
        assert_eq!(answer.status, 200);
        let token = &answer.body["refresh_token"];
        assert_eq!(
            token, &far.customer.refresh_token,
            "it is not renewed by its use"
        );
    }
    hands.wait(86_400);
    let dead = far.refresh().await;
    assert_eq!(
        (dead.status, &dead.body["error"]),
        (400, &json!("unsupported_token_type"))
    );
    let inside = dead.body["error_description"].as_str().unwrap();
    assert!(
        inside.contains("\"error\":\"refresh_token_authentication_error\""),
        "{inside}"
    );
    far.token = "nobody".to_owned();
    assert_eq!(far.trader("accounts").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_new_sign_in_ends_the_refresh_token_of_the_one_before() {
    let far = far(Options::default()).await;
    let newer = exchange(&far, &code(&far).await, BACK).await;
    assert_eq!(newer.status, 200);
    assert_eq!(far.refresh().await.status, 400);
    assert_eq!(
        far.trader("accounts").await.status,
        200,
        "the access token lives on"
    );
    let token = newer.body["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    let headers = format!("Authorization: Basic {}\r\n", far.basic());
    assert_eq!(far.token(&form, &headers).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn only_addresses_in_https_are_registered() {
    for address in ["http://127.0.0.1:8182", "https://localhost:8182"] {
        let options = Options {
            redirects: vec![address.to_owned()],
            ..Options::default()
        };
        let started = Simulator::new(options, clock(TEN_O_CLOCK));
        assert!(started.is_err(), "{address}");
    }
}
