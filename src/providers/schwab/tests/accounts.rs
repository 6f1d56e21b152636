use super::*;
use crate::domain::{Entry, Rejected, Span};
use crate::providers::provider::{HistoryQuery, Page};
use crate::providers::told::tests::shown;

#[tokio::test]
async fn margin_and_cash_accounts_are_read_with_their_balances() {
    let rig = rig(vec![ok("account_numbers"), ok("accounts")]);
    let list = rig.provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(
        rig.sent(),
        [
            "GET /trader/v1/accounts/accountNumbers",
            "GET /trader/v1/accounts"
        ]
    );
    let [(margin, Some(margin_balance)), (cash, Some(cash_balance))] = &list[..] else {
        panic!("{list:?}")
    };
    assert_eq!(margin.id, account_id());
    assert_eq!(margin.environment, Environment::Live);
    assert_eq!(
        (margin.name.as_str(), cash.name.as_str()),
        ("margin", "cash")
    );
    assert_eq!(margin.restriction, None);
    assert_eq!(cash.restriction, Some("may only close positions".into()));
    assert_eq!(margin_balance.equity.to_string(), "25410.75");
    assert_eq!(
        margin_balance.cash.to_string(),
        "-1200.25",
        "it is borrowed"
    );
    assert_eq!(margin_balance.buying_power.unwrap().to_string(), "9000.1");
    assert_eq!(
        margin_balance.previous_equity.unwrap().to_string(),
        "25000.5"
    );
    assert_eq!(cash_balance.equity.to_string(), "990.5");
    assert_eq!(cash_balance.cash.to_string(), "990.5");
    assert_eq!(cash_balance.buying_power.unwrap().to_string(), "990.5");
}

#[tokio::test]
async fn an_account_that_cannot_be_read_is_not_taken_for_one_that_is_gone() {
    let rows = format!(
        "[{},{{}}]",
        fixture("accounts")
            .trim()
            .trim_start_matches('[')
            .trim_end_matches(']')
    );
    let rig = rig(vec![ok("account_numbers"), status(200, &rows)]);
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    let at = "accounts, row 3: the account is missing or cannot be read".into();
    assert_eq!(error, ProviderError::Garbled { at });
}

#[tokio::test]
async fn positions_are_asked_for_by_hash_and_the_hash_is_asked_for_once() {
    let rig = rig(vec![
        ok("account_numbers"),
        ok("positions"),
        ok("positions"),
    ]);
    let accounts = rig.provider.accounts().unwrap();
    let positions = accounts.positions(&account_id()).await.unwrap();
    accounts.positions(&account_id()).await.unwrap();
    assert_eq!(
        rig.sent(),
        [
            "GET /trader/v1/accounts/accountNumbers",
            "GET /trader/v1/accounts/HASH?fields=positions",
            "GET /trader/v1/accounts/HASH?fields=positions",
        ]
    );
    let line = |index: usize| {
        let it = &positions[index];
        let price = it.reported_price.map(|price| price.to_string());
        (
            it.symbol.as_str().to_owned(),
            it.quantity.to_string(),
            it.multiplier.to_string(),
            price.unwrap_or_default(),
        )
    };
    let expected = |symbol: &str, quantity: &str, multiplier: &str, price: &str| {
        (
            symbol.to_owned(),
            quantity.to_owned(),
            multiplier.to_owned(),
            price.to_owned(),
        )
    };
    assert_eq!(line(0), expected("AAPL", "120.0", "1", "189.95"));
    assert_eq!(line(1), expected("BRK.B", "-2.0", "1", "410"));
    assert_eq!(line(2), expected("AAPL251219C00200000", "3.0", "100", "5"));
    assert_eq!(line(3), expected("SCHB", "10.0", "1", "21"));
    assert_eq!(positions[0].previous_close.unwrap().to_string(), "188.45");
    assert_eq!(positions[0].average_price.unwrap().to_string(), "171.2");
    assert_eq!(
        positions[4].average_price, None,
        "a bond is priced by the hundred"
    );
}

#[tokio::test]
async fn an_account_of_nobody_is_not_found() {
    let rig = rig(vec![ok("account_numbers")]);
    let other = AccountId {
        number: "11112222".into(),
        ..account_id()
    };
    let error = rig.provider.accounts().unwrap().positions(&other).await;
    let what = "account …2222 of this sign-in".into();
    assert_eq!(error.unwrap_err(), ProviderError::NotFound { what });
}

#[tokio::test]
async fn an_account_without_positions_has_none() {
    let rig = rig(vec![
        ok("account_numbers"),
        status(200, r#"{"securitiesAccount":{"accountNumber":"12345678"}}"#),
    ]);
    let positions = rig
        .provider
        .accounts()
        .unwrap()
        .positions(&account_id())
        .await;
    assert_eq!(positions.unwrap(), []);
}

fn query(from: &str, cursor: Option<Text>) -> HistoryQuery {
    let (from, until) = (at(from), at("2026-11-23T12:01:00Z"));
    let span = Span { from, until };
    HistoryQuery { span, cursor }
}

async fn page(rig: &Rig, from: &str, cursor: Option<Text>) -> Page<Entry> {
    let accounts = rig.provider.accounts().unwrap();
    let page = accounts.history(&account_id(), query(from, cursor)).await;
    page.unwrap()
}

/// The windows that were asked for.
fn windows(rig: &Rig) -> Vec<(String, String)> {
    let part = |line: &str, name: &str| {
        let rest = line.split(&format!("{name}=")).nth(1).unwrap();
        rest.split('&').next().unwrap().replace("%3A", ":")
    };
    let sent = rig.sent();
    let asked = sent.iter().filter(|line| line.contains("startDate"));
    asked
        .map(|line| (part(line, "startDate"), part(line, "endDate")))
        .collect()
}

#[tokio::test]
async fn a_history_has_executions_with_their_fees_and_everything_else() {
    let rig = rig(vec![ok("account_numbers"), ok("transactions")]);
    let page = page(&rig, "2025-12-01T00:00:00Z", None).await;
    assert_eq!((page.next, page.rejected), (None, vec![]));
    let lines: Vec<String> = page.items.iter().map(shown).collect();
    assert_eq!(
        lines,
        [
            "98765432101: buy 10.0 AAPL @ 150.25 fees 0.03 order 1004988000001",
            "98765432102: Dividend 12.5 USD",
        ]
    );
    assert_eq!(page.items[0].time, at("2025-12-04T01:21:21Z"));
}

#[tokio::test]
async fn a_history_is_walked_in_windows_of_less_than_a_year_to_its_beginning() {
    let rig = rig(vec![
        ok("account_numbers"),
        ok("transactions"),
        status(200, "[]"),
        status(200, "[]"),
    ]);
    let from = "2024-01-01T00:00:00Z";
    let first = page(&rig, from, None).await;
    let second = page(&rig, from, first.next).await;
    assert_eq!(second.items, []);
    let last = page(&rig, from, second.next).await;
    assert_eq!(last.next, None);
    let window = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(
        windows(&rig),
        [
            window("2025-11-24T12:01:00.000Z", "2026-11-23T12:01:00.000Z"),
            window("2024-11-25T12:00:59.999Z", "2025-11-24T12:00:59.999Z"),
            window("2024-01-01T00:00:00.000Z", "2024-11-25T12:00:59.998Z"),
        ]
    );
    assert!(rig.sent()[1].contains("types=TRADE%2CRECEIVE_AND_DELIVER%2C"));
}

#[tokio::test]
async fn a_full_window_is_cut_in_two_and_the_older_half_comes_next() {
    let row =
        r#"{"activityId":1,"type":"JOURNAL","time":"2026-11-01T00:00:00+0000","netAmount":1.0}"#;
    let full = format!("[{}]", vec![row; 3_000].join(","));
    let rig = rig(vec![
        ok("account_numbers"),
        status(200, &full),
        ok("transactions"),
        ok("transactions"),
    ]);
    let from = "2026-11-13T12:00:00Z";
    let first = page(&rig, from, None).await;
    assert_eq!(first.items.len(), 2);
    let last = page(&rig, from, first.next).await;
    assert_eq!(last.next, None);
    let window = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    assert_eq!(
        windows(&rig),
        [
            window("2026-11-13T12:00:00.000Z", "2026-11-23T12:01:00.000Z"),
            window("2026-11-18T12:00:30.000Z", "2026-11-23T12:01:00.000Z"),
            window("2026-11-13T12:00:00.000Z", "2026-11-18T12:00:29.999Z"),
        ]
    );
}

#[tokio::test]
async fn more_in_a_second_than_an_answer_holds_is_said() {
    let row =
        r#"{"activityId":1,"type":"JOURNAL","time":"2026-11-23T12:00:59+0000","netAmount":1.0}"#;
    let full = format!("[{}]", vec![row; 3_000].join(","));
    let rig = rig(vec![ok("account_numbers"), status(200, &full)]);
    let page = page(&rig, "2026-11-23T12:00:59Z", None).await;
    let why = "transactions: there are more in a second than can be read";
    assert_eq!(page.rejected, [Rejected::new(why.into(), "")]);
    assert_eq!(rig.provider.meter().unreadable, 1);
}

#[tokio::test]
async fn a_cursor_of_something_else_is_not_known() {
    let (before, after) = ("946684800000", "4102444800000");
    for cursor in ["", "x", "1:", before, after, "99999999999999999999"] {
        let rig = rig(vec![ok("account_numbers")]);
        let query = query("2026-01-01T00:00:00Z", Some(cursor.into()));
        let accounts = rig.provider.accounts().unwrap();
        let page = accounts.history(&account_id(), query).await;
        assert_eq!(page, Err(ProviderError::UnknownCursor), "{cursor}");
    }
}

/// Checks what becomes of an answer to the first call.
async fn check(code: u16, body: &str, expected: ProviderError) {
    // A read is repeated where that may help; the far side says the same each time.
    let rig = rig(vec![status(code, body); 8]);
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert_eq!(error, expected, "{code} {body}");
}

#[tokio::test]
async fn the_words_of_a_refusal_are_found_in_each_of_its_shapes() {
    let refused = async |body: &str, words: &str| {
        let reason = words.into();
        check(400, body, ProviderError::Refused { reason }).await;
    };
    refused(
        r#"{"message":"bad","errors":["one","two"]}"#,
        "bad; one; two",
    )
    .await;
    refused(
        r#"{"fault":{"faultstring":"Body buffer overflow","detail":{"errorcode":"x"}}}"#,
        "Body buffer overflow",
    )
    .await;
    refused(
        &fixture("error_sign_in"),
        "Exception while authenticating refresh token [tokenDigest=..., reason=...]",
    )
    .await;
    let listed = "Missing header (Authorization); Search combination should have min of 1.; \
        valid fields should be any of all,fundamental,reference,extended,quote,regular or empty value (fields)";
    refused(&fixture("error_data_400"), listed).await;
    refused(
        r#"{"errors":[{"status":404,"title":"Not Found"}]}"#,
        "Not Found",
    )
    .await;
    refused(r#"{"error":"invalid_request"}"#, "invalid_request").await;
    refused(r#"{"message":"{\"message\":\"{}\"}"}"#, "{}").await;
    refused("<html>\u{1b}[2J", "status 400").await;
}

#[tokio::test(start_paused = true)]
async fn each_status_asks_for_something_else() {
    use ProviderError::{Garbled, NotFound, Refused, Unauthorised, Unavailable};
    let reason = "Forbidden; the app at developer.schwab.com needs both API products".into();
    check(403, r#"{"message":"Forbidden"}"#, Refused { reason }).await;
    let what = "status 404".into();
    check(404, "", NotFound { what }).await;
    let reason = "no Bearer [hidden] here".into();
    let body = r#"{"message":"no Bearer access-2 here"}"#;
    check(401, body, Unauthorised { reason }).await;
    check(503, "<html>", Unavailable { status: 503 }).await;
    let at = "account numbers: a web page came instead of data".into();
    check(200, "<html>", Garbled { at }).await;
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_followed_by_a_pause() {
    use crate::net::error::NetError;
    let asked = async |answer: Response| {
        let rig = rig(vec![Ok(answer); 4]);
        rig.provider.accounts().unwrap().list().await.unwrap_err()
    };
    let told = asked(Response::new(429, "").with("retry-after", "40")).await;
    let retry_after = Some(std::time::Duration::from_secs(40));
    assert_eq!(told, ProviderError::RateLimited { retry_after });
    // Without a word of it, the budget of a minute is taken to be used up.
    let untold = asked(Response::new(429, "")).await;
    assert!(
        matches!(untold, ProviderError::Unreachable(NetError::Throttled { retry_after }) if retry_after.as_secs() > 50),
        "{untold:?}"
    );
}
