//! Sign-in, reading, envelopes, as the manual has them.

use super::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use tradedeck::sim::oauth::{Consent, Pkce};

fn number(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.to_string().parse().unwrap(),
    }
}

/// A number with the sign of its effect.
fn signed(row: &Value, name: &str) -> Decimal {
    match row[format!("{name}-effect")].as_str().unwrap() {
        "Credit" => number(&row[name]),
        "Debit" => -number(&row[name]),
        _ => Decimal::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_no_user_agent_gets_a_page_and_who_has_no_token_an_error() {
    let mut far = far_for("margin").await;
    for path in ["/customers/me", "/oauth/token"] {
        let answer = far.call_with("GET", path, "", "").await;
        assert_eq!(answer.status, 401);
        assert!(
            answer.head.contains("content-type: text/html"),
            "{}",
            answer.head
        );
    }
    let good = std::mem::replace(&mut far.token, "wrong".to_owned());
    let answer = far.get("/customers/me").await;
    assert_eq!(
        (answer.status, &answer.body["error"]["code"]),
        (401, &json!("unauthorized"))
    );
    far.token = good;
    assert_eq!(far.get("/customers/me").await.status, 200);
    let request = far.request("GET", "/customers/me", "", "User-Agent: test/1\r\n");
    let other = far.raw(Host::Live, &request).await.unwrap();
    assert_eq!(
        other.status, 401,
        "a sandbox token means nothing in production"
    );
}

#[tokio::test(start_paused = true)]
async fn an_access_token_lasts_a_quarter_of_an_hour() {
    let mut far = far_for("margin").await;
    tokio::time::sleep(Duration::from_secs(899)).await;
    assert_eq!(far.get("/customers/me").await.status, 200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(far.get("/customers/me").await.status, 401);
    far.sign_in().await;
    assert_eq!(far.get("/customers/me").await.status, 200);
    assert_eq!(far.simulator.auth(Host::Sandbox).counts().refreshes, 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_token_endpoint_are_of_the_standard() {
    let far = far_for("margin").await;
    let live = far
        .simulator
        .customers()
        .into_iter()
        .find(|one| !one.paper)
        .unwrap();
    for (token, secret, status, error) in [
        (
            live.refresh_token.as_str(),
            live.client_secret.as_str(),
            400,
            "invalid_grant",
        ),
        (&far.customer.refresh_token, "wrong", 401, "invalid_client"),
    ] {
        let body =
            json!({"grant_type": "refresh_token", "refresh_token": token, "client_secret": secret});
        let answer = far.call("POST", "/oauth/token", &body.to_string()).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (status, &json!(error))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_brings_a_code_that_becomes_tokens() {
    let mut far = far_for("margin").await;
    let path = format!(
        "/auth.html?client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A8000&response_type=code&scope=read&state=xyz",
        far.customer.client_id
    );
    let page = far.call_with("GET", &path, "", "").await;
    assert_eq!(page.status, 302);
    let location = page
        .head
        .lines()
        .find(|line| line.starts_with("location: "));
    let location = location.unwrap();
    assert!(
        location.starts_with("location: http://localhost:8000?code="),
        "{location}"
    );
    assert!(location.ends_with("&state=xyz"), "{location}");
    let auth = far.simulator.auth(Host::Sandbox).clone();
    assert_eq!(auth.counts().codes, 1);
    auth.change(|profile| profile.pkce = Pkce::Required);
    let page = far.call_with("GET", &path, "", "").await;
    assert!(page.head.contains("error=invalid_request"), "{}", page.head);
    auth.change(|profile| profile.consent = Consent::Deny);
    let page = far.call_with("GET", &path, "", "").await;
    assert!(page.head.contains("error=access_denied"), "{}", page.head);
    // A grant that reads only may not trade.
    let refresh = auth.grant(&far.customer.client_id, far.customer.login, &["read"]);
    far.customer.refresh_token = refresh.unwrap();
    far.sign_in().await;
    assert_eq!(far.get("/customers/me").await.status, 200);
    let refused = far.place(&resting("KO")).await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (403, &json!("not_permitted"))
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_are_the_person_s_own() {
    let far = far_for("margin").await;
    let accounts = far.items("/customers/me/accounts").await;
    assert_eq!(accounts.len(), 2);
    for row in &accounts {
        expect_shape("account", &row["account"]);
        assert_eq!(row["authority-level"], "owner");
    }
    expect_shape("status", &far.data(&far.path("trading-status")).await);
    let customers = far.simulator.customers();
    let stranger = customers.iter().find(|one| one.name == "small").unwrap();
    let answer = far
        .get(&format!("/accounts/{}/balances", stranger.account_number))
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(far.get("/nowhere").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_balance_is_an_object_or_a_list_of_one() {
    let far = far_for("margin").await;
    let answer = far.get(&far.path("balances")).await;
    expect_shape("balance", &answer.body["data"]);
    assert_eq!(answer.body["context"], far.path("balances"));
    let listed = Options {
        balances_as_items: true,
        ..Options::default()
    };
    let other = super::far(listed).await;
    assert_eq!(other.items(&other.path("balances")).await.len(), 1);
    let data = other.data(&other.path("balances/USD")).await;
    assert_eq!(data["currency"], "USD");
}

#[tokio::test(start_paused = true)]
async fn cash_and_positions_are_the_sum_of_the_transactions() {
    for name in ["margin", "ira", "small", "live"] {
        let far = far_for(name).await;
        let mut rows = Vec::new();
        for page in 0.. {
            let path = format!("transactions?per-page=40&sort=Asc&page-offset={page}");
            let answer = far.get(&far.path(&path)).await;
            expect_shape("pagination", &answer.body["pagination"]);
            rows.extend(answer.body["data"]["items"].as_array().unwrap().clone());
            if page + 1 >= answer.body["pagination"]["total-pages"].as_u64().unwrap() {
                break;
            }
        }
        let mut ids: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
        assert!(ids.is_sorted(), "{name}");
        ids.dedup();
        assert_eq!(ids.len(), rows.len(), "{name}");
        let cash: Decimal = rows.iter().map(|row| signed(row, "net-value")).sum();
        let balance = far.data(&far.path("balances")).await;
        assert_eq!(cash, number(&balance["cash-balance"]), "{name}");
        let mut held: BTreeMap<String, Decimal> = BTreeMap::new();
        for row in rows.iter().filter(|row| row["transaction-type"] == "Trade") {
            expect_shape("trade", row);
            let units = number(&row["quantity"]);
            let sign = if row["action"].as_str().unwrap().starts_with("Buy") {
                units
            } else {
                -units
            };
            *held
                .entry(row["symbol"].as_str().unwrap().to_owned())
                .or_default() += sign;
        }
        held.retain(|_, units| !units.is_zero());
        let positions = far.items(&far.path("positions")).await;
        let shown: BTreeMap<String, Decimal> = positions
            .iter()
            .map(|position| {
                expect_shape("position", position);
                let units = number(&position["quantity"]);
                let is_short = position["quantity-direction"] == "Short";
                let symbol = position["symbol"].as_str().unwrap().to_owned();
                (symbol, if is_short { -units } else { units })
            })
            .collect();
        assert_eq!(held, shown, "{name}");
        let multipliers: Vec<&Value> = positions.iter().map(|one| &one["multiplier"]).collect();
        assert_eq!(
            multipliers[..2],
            [&json!(1), &json!("1.0")],
            "one list has both spellings"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn transactions_can_be_filtered() {
    let far = far_for("margin").await;
    let rows = far
        .items(&far.path("transactions?types[]=Money%20Movement&per-page=2000"))
        .await;
    rows.iter()
        .for_each(|row| expect_shape("movement", row_with_symbol(row)));
    assert!(
        rows.iter()
            .any(|row| row["transaction-sub-type"] == "Dividend")
    );
    let rows = far.items(&far.path("transactions?symbol=BRK%2FB")).await;
    assert!(!rows.is_empty() && rows.iter().all(|row| row["symbol"] == "BRK/B"));
    let since = far
        .items(&far.path("transactions?start-date=2026-10-01&per-page=2000"))
        .await;
    let all = far.items(&far.path("transactions?per-page=2000")).await;
    assert!(0 < since.len() && since.len() < all.len());
    let one = far
        .data(&far.path(&format!("transactions/{}", all[3]["id"])))
        .await;
    assert_eq!(one, all[3]);
    for wrong in [
        "per-page=2001",
        "per-page=0",
        "sort=Down",
        "start-date=yesterday",
    ] {
        let answer = far.get(&far.path(&format!("transactions?{wrong}"))).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.body["error"]["errors"][0]["domain"].is_string());
    }
}

/// The documented movement is a dividend; other kinds of cash are of no symbol.
fn row_with_symbol(row: &Value) -> &Value {
    static DIVIDEND: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    if row["transaction-sub-type"] == "Dividend" {
        return row;
    }
    DIVIDEND.get_or_init(|| {
        let shapes = include_str!("../../../fixtures/tastytrade/shapes.json");
        let shapes: Value = serde_json::from_str(shapes).unwrap();
        let fields = shapes["movement"].as_object().unwrap().clone();
        let kinds = fields
            .into_iter()
            .map(|(name, kind)| match kind.as_str().unwrap() {
                "number" => (name, json!(1)),
                "bool" => (name, json!(true)),
                _ => (name, json!("")),
            });
        Value::Object(kinds.collect())
    })
}

#[tokio::test(start_paused = true)]
async fn versions_are_dates_and_the_newest_wants_to_know_from_when() {
    let far = far_for("margin").await;
    let ask = |path: String, version: &str| {
        let headers = format!("User-Agent: test/1\r\nAccept-Version: {version}\r\n");
        let far = &far;
        async move { far.call_with("GET", &path, "", &headers).await }
    };
    let answer = ask("/customers/me".to_owned(), "19990101").await;
    assert_eq!(
        (answer.status, &answer.body["error"]["code"]),
        (406, &json!(406))
    );
    let answer = ask(far.path("orders"), "20250813").await;
    assert_eq!(
        (answer.status, &answer.body["api-version"]),
        (200, &json!("20250813"))
    );
    assert_eq!(ask(far.path("orders"), "20261012").await.status, 400);
    let dated = far.path("orders?start-date=2026-11-01");
    assert_eq!(ask(dated, "20261012").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn prices_at_a_glance_exist_in_production_only() {
    let sandbox = far_for("margin").await;
    for path in [
        "/market-data/by-type?equity=AAPL",
        "/symbols/search/AA",
        "/market-metrics?symbols=AAPL",
    ] {
        let answer = sandbox.get(path).await;
        assert_eq!(answer.status, 502, "{path}");
        assert!(answer.raw.starts_with("<html>"), "{path}");
    }
    let live = far_for("live").await;
    let quotes = live
        .items("/market-data/by-type?equity=AAPL&equity=BRK%2FB")
        .await;
    quotes.iter().for_each(|quote| expect_shape("quote", quote));
    assert_eq!(quotes[1]["symbol"], "BRK/B");
    let many: String = (0..101)
        .map(|number| format!("equity=S{number}&"))
        .collect();
    assert_eq!(
        live.get(&format!("/market-data/by-type?{many}"))
            .await
            .status,
        400
    );
    let found = live.items("/symbols/search/AA").await;
    assert_eq!(found[0]["symbol"], "AAPL");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_the_reference() {
    let far = far_for("margin").await;
    let equities = far
        .items("/instruments/equities?symbol[]=AAPL&symbol[]=NOSUCH")
        .await;
    assert_eq!(equities.len(), 1);
    expect_shape("equity", &equities[0]);
    let one = far.data("/instruments/equities/BRK%2FB").await;
    assert_eq!(one["streamer-symbol"], "BRK/B");
    assert_eq!(far.get("/instruments/equities/NOSUCH").await.status, 404);
    assert_eq!(far.get("/instruments/equity-options").await.status, 403);
    let sessions = far
        .items("/market-time/sessions/current?instrument-collections[]=Equity")
        .await;
    assert_eq!(sessions[0]["open-at"], "2026-11-24T14:30:00.000+00:00");
    let holidays = far.data("/market-time/equities/holidays").await;
    let closed = holidays["market-holidays"].as_array().unwrap();
    assert!(closed.contains(&json!("2026-11-26")), "{holidays}");
    let token = far.data("/api-quote-tokens").await;
    expect_shape("token", &token);
    assert_eq!(token["dxlink-url"], "ws://far/delayed");
    let days = far
        .items(&far.path("balance-snapshots?time-of-day=EOD&start-date=2026-11-16"))
        .await;
    assert_eq!(days.len(), 7);
    assert_eq!(far.get(&far.path("balance-snapshots")).await.status, 400);
    let history = far.items(&far.path("net-liq/history?time-back=1w")).await;
    assert!(history.len() >= 5 && history[0]["totalClose"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_minute_has_its_requests_and_no_header_tells_how_many() {
    let far = far(Options {
        requests_a_minute: 3,
        ..Options::default()
    })
    .await;
    for _ in 0..3 {
        assert_eq!(far.get("/customers/me").await.status, 200);
    }
    let answer = far.get("/customers/me").await;
    assert_eq!(answer.status, 429);
    assert!(!answer.head.contains("retry-after") && !answer.head.contains("ratelimit"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(far.get("/customers/me").await.status, 200);
}

#[tokio::test]
async fn two_brokers_of_one_market_quote_the_same() {
    use tradedeck::sim::alpaca;
    let clock = clock(TEN_O_CLOCK);
    let opened = Some(clock.now());
    let ours = Simulator::new(
        Options {
            opened,
            rate: 0,
            ..Options::default()
        },
        std::sync::Arc::clone(&clock),
    );
    let theirs = alpaca::Simulator::new(
        alpaca::Options {
            opened,
            rate: 0,
            ..alpaca::Options::default()
        },
        clock,
    );
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    let mut customers = ours.customers().into_iter();
    let customer = customers.find(|one| !one.paper).unwrap();
    let mut far = Far {
        simulator: ours,
        customer,
        token: String::new(),
    };
    far.sign_in().await;
    let quote = far
        .items("/market-data/by-type?equity=AAPL")
        .await
        .remove(0);
    let customer = theirs.customers().remove(0);
    let theirs = super::super::Far {
        simulator: theirs,
        customer,
    };
    let snapshot = theirs
        .data("/v2/stocks/quotes/latest?symbols=AAPL")
        .await
        .body;
    let bid = &snapshot["quotes"]["AAPL"]["bp"];
    assert_eq!(number(&quote["bid"]), number(bid));
}
