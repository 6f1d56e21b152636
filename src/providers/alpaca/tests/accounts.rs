use super::*;
use crate::domain::{Rejected, Span, Text};
use crate::providers::provider::{HistoryQuery, ProviderError};
use std::time::Duration;

#[tokio::test]
async fn the_account_and_its_balance_come_from_one_call() {
    let rig = paper(vec![ok("account")]);
    let list = rig.provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(rig.sent(), ["GET paper-api.alpaca.markets/v2/account"]);
    let [(account, Some(balance))] = &list[..] else {
        panic!("{list:?}")
    };
    assert_eq!(account.id, account_id());
    assert_eq!(account.environment, Environment::Paper);
    assert_eq!(account.name.as_str(), "margin");
    assert_eq!(balance.equity.to_string(), "123346.11");
    assert_eq!(
        balance.previous_equity.unwrap().to_string(),
        "122011.09751111286868"
    );
    assert_eq!(balance.as_of, at("2026-11-23T12:00:00Z"));
}

#[tokio::test]
async fn a_paper_account_that_answers_to_live_credentials_is_not_let_in() {
    let rig = rig(Environment::Live, vec![ok("account")]);
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unauthorised { .. }),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_status_asks_for_something_else() {
    use ProviderError::{Garbled, NotFound, RateLimited, Refused, Unauthorised, Unavailable};
    let check = async |answer: Response, expected: ProviderError| {
        // A read is repeated where that may help; the far side says the same each time.
        let rig = paper(vec![Ok(answer.clone()); 4]);
        let error = rig
            .provider
            .accounts()
            .unwrap()
            .positions(&account_id())
            .await
            .unwrap_err();
        assert_eq!(error, expected, "{answer:?}");
    };
    let from = |code: u16, name: &str| Response::new(code, fixture(name));
    let reason = "access key verification failed : access key not found (Code = 40110000)".into();
    check(from(401, "error_401"), Unauthorised { reason }).await;
    let reason = "insufficient buying power; buying power 176531.28; cost 48640000".into();
    check(from(403, "error_403"), Refused { reason }).await;
    check(
        from(404, "error_404_order"),
        NotFound {
            what: "order not found".into(),
        },
    )
    .await;
    check(
        from(422, "error_422_duplicate"),
        Refused {
            reason: "client_order_id must be unique".into(),
        },
    )
    .await;
    check(
        Response::new(400, "<html>\u{1b}[2J"),
        Refused {
            reason: "status 400".into(),
        },
    )
    .await;
    check(Response::new(503, "busy"), Unavailable { status: 503 }).await;
    check(
        Response::new(200, "<html>"),
        Garbled {
            at: "positions: a web page came instead of data".into(),
        },
    )
    .await;
    let limited = from(429, "error_429").with("retry-after", "40");
    check(
        limited,
        RateLimited {
            retry_after: Some(Duration::from_secs(40)),
        },
    )
    .await;
}

#[tokio::test]
async fn one_bad_row_costs_one_row() {
    let good = fixture("position");
    let rig = paper(vec![status(
        200,
        &format!(r#"[{good},{{"symbol":"X","qty":"many"}},7,{good}]"#),
    )]);
    let positions = rig
        .provider
        .accounts()
        .unwrap()
        .positions(&account_id())
        .await
        .unwrap();
    assert_eq!(positions.len(), 2);
    let meter = rig.provider.meter();
    assert_eq!(meter.unreadable, 2);
    assert_eq!(
        meter.unreadable_at.unwrap().as_str(),
        "positions, row 2: a number is missing or cannot be read"
    );
}

#[tokio::test]
async fn equity_is_asked_for_by_the_day_of_a_month() {
    let rig = paper(vec![ok("history")]);
    let points = rig
        .provider
        .accounts()
        .unwrap()
        .equity_history(&account_id())
        .await
        .unwrap();
    assert_eq!(
        rig.sent(),
        ["GET paper-api.alpaca.markets/v2/account/portfolio/history?period=1M&timeframe=1D"]
    );
    assert_eq!(points.len(), 5);
    assert_eq!(points[1].profit.unwrap().to_string(), "10.0022");
}

fn query(cursor: Option<Text>) -> HistoryQuery {
    let (from, until) = (at("2022-01-01T00:00:00Z"), at("2022-03-01T00:00:00Z"));
    let span = Span { from, until };
    HistoryQuery { span, cursor }
}

#[tokio::test]
async fn a_history_is_paged_by_the_id_of_the_last_row() {
    let row = |index: usize| {
        format!(
            r#"{{"id":"20220202135509981::{index}","activity_type":"FEE","net_amount":"-0.01","date":"2022-02-02"}}"#
        )
    };
    let mut full: Vec<String> = (0..99).map(row).collect();
    full.push(r#"{"activity_type":"FEE","token":"t","net_amount":"-0.10"}"#.into());
    let rig = paper(vec![
        status(200, &format!("[{}]", full.join(","))),
        status(200, &format!("[{}]", fixture("activity_fill"))),
        status(422, r#"{"message":"invalid page_token"}"#),
        status(422, r#"{"message":"invalid until"}"#),
        status(200, &format!("[{}]", full.join(","))),
    ]);
    let accounts = rig.provider.accounts().unwrap();
    let id = account_id();
    let first = accounts.history(&id, query(None)).await.unwrap();
    assert_eq!(first.items.len(), 99);
    let why = "row 100: the id of an activity is missing or cannot be read";
    let raw = r#"{"activity_type":"FEE","token":"[hidden]","net_amount":"-0.10"}"#;
    assert_eq!(first.rejected, [Rejected::new(why.into(), raw)]);
    let cursor = first.next;
    let second = accounts.history(&id, query(cursor.clone())).await.unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
    let forgotten = accounts.history(&id, query(cursor.clone())).await;
    assert_eq!(forgotten, Err(ProviderError::UnknownCursor));
    let refused = accounts.history(&id, query(None)).await;
    assert!(matches!(refused, Err(ProviderError::Refused { .. })));
    let round = accounts.history(&id, query(cursor)).await;
    assert!(
        matches!(round, Err(ProviderError::Garbled { .. })),
        "{round:?}"
    );
    let base = "GET paper-api.alpaca.markets/v2/account/activities?direction=asc&page_size=100\
        &after=2021-12-31T23%3A59%3A59.999Z&until=2022-03-01T00%3A00%3A00Z";
    let next = format!("{base}&page_token=20220202135509981%3A%3A98");
    assert_eq!(rig.sent(), [base, &next, &next, base, &next]);
    assert_eq!(rig.provider.meter().unreadable, 2);
}
