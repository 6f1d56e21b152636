//! Accounts, balances, positions, executions, equity.

use super::*;
use crate::domain::{AssetClass, Span, Symbol};
use crate::providers::provider::{HistoryQuery, ProviderError};

#[tokio::test(start_paused = true)]
async fn an_account_with_what_it_holds_and_may_spend() {
    let rig = paper(vec![]);
    let list = rig.provider.accounts().unwrap().list().await.unwrap();
    let [(account, Some(balance))] = &list[..] else {
        panic!("{list:?}");
    };
    assert_eq!((&account.id, account.name.as_str()), (&account_id(), "Ada"));
    assert_eq!(account.restriction, None);
    assert_eq!(balance.equity.to_string(), "1005165.5");
    assert_eq!(balance.cash.to_string(), "971869.6");
    assert_eq!(balance.buying_power.unwrap().to_string(), "3984328.97");
}

#[tokio::test(start_paused = true)]
async fn a_summary_that_fails_withholds_no_account_and_a_row_that_fails_withholds_all() {
    let rig = paper(vec![("/summary", status(404, "{}"))]);
    let list = rig.provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(list[0].1.as_ref().unwrap().buying_power, None);
    let rig = paper(vec![(
        "/portfolio/accounts",
        status(200, r#"[{"currency":"USD"}]"#),
    )]);
    let refused = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::Garbled { .. }),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn positions_are_called_by_what_their_numbers_stand_for() {
    let rig = paper(vec![("/positions/0", ok("positions"))]);
    let accounts = rig.provider.accounts().unwrap();
    let positions = accounts.positions(&account_id()).await.unwrap();
    let symbols: Vec<&str> = positions.iter().map(|it| it.symbol.as_str()).collect();
    assert_eq!(symbols, ["QQQ", "AAPL241018C00217500", "SAP@IBIS"]);
    let option = &positions[1];
    assert_eq!(option.class, AssetClass::Option);
    assert_eq!(
        (option.quantity.to_string(), option.multiplier.to_string()),
        ("-2.0".into(), "100".into())
    );
    assert_eq!(option.average_price.unwrap().to_string(), "1.1");
    assert_eq!(positions[2].currency.as_str(), "EUR");
    assert_eq!(rig.far.sent().len(), 2, "no trading session is needed");
}

#[tokio::test(start_paused = true)]
async fn positions_are_read_page_by_page() {
    let row =
        r#"{"conid":320227571,"contractDesc":"QQQ","position":1,"assetClass":"STK","mktPrice":1}"#;
    let full = format!("[{}]", vec![row; 100].join(","));
    let rig = paper(vec![
        ("/positions/0", status(200, &full)),
        ("/positions/1", status(200, "[]")),
    ]);
    let accounts = rig.provider.accounts().unwrap();
    assert_eq!(accounts.positions(&account_id()).await.unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn executions_are_of_the_account_in_order_and_as_corrected() {
    let rig = paper(vec![("/iserver/account/trades", ok("trades"))]);
    let accounts = rig.provider.accounts().unwrap();
    let span = Span::new(at("2023-12-11T00:00:00Z"), at("2023-12-12T00:00:00Z")).unwrap();
    let query = HistoryQuery { span, cursor: None };
    let page = accounts.history(&account_id(), query).await.unwrap();
    assert_eq!(page.next, None);
    let told = page.items.iter().map(|item| {
        let trade = item.trade().expect("only executions");
        let order = trade.order.as_ref().unwrap();
        format!(
            "{} @ {} of {order}, fees {}",
            trade.quantity, trade.price, trade.fees
        )
    });
    let told: Vec<String> = told.collect();
    assert_eq!(
        told,
        [
            "5.0 @ 192.27 of mine-1, fees 1.01",
            "1 @ 192.26 of mine-1, fees 1.01"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn equity_is_read_once_in_a_quarter_of_an_hour() {
    let rig = paper(vec![("/pa/performance", ok("performance"))]);
    let accounts = rig.provider.accounts().unwrap();
    let points = accounts.equity_history(&account_id()).await.unwrap();
    let values: Vec<String> = points.iter().map(|it| it.equity.to_string()).collect();
    assert_eq!(values, ["1002417.8", "1002504.15"]);
    assert_eq!(points[0].time, at("2026-03-02T21:00:00Z"));
    let again = accounts.equity_history(&account_id()).await.unwrap_err();
    assert!(matches!(
        again,
        ProviderError::RateLimited {
            retry_after: Some(_)
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_read_do_not_hide_their_neighbours() {
    let rows = fixture("positions").replacen(r#""position": 3.0"#, r#""position": "much""#, 1);
    let rig = paper(vec![("/positions/0", status(200, &rows))]);
    let accounts = rig.provider.accounts().unwrap();
    let positions = accounts.positions(&account_id()).await.unwrap();
    assert_eq!(positions.len(), 2);
    assert_eq!(positions[0].symbol, Symbol::new("AAPL241018C00217500"));
    let meter = rig.provider.meter();
    assert_eq!(meter.unreadable, 1);
    assert!(
        meter
            .unreadable_at
            .unwrap()
            .as_str()
            .starts_with("positions, row 1")
    );
}

#[tokio::test(start_paused = true)]
async fn pages_and_emptiness_in_the_place_of_data_are_told_without_their_content() {
    for (code, body, expected) in [
        (
            200,
            "<html>maintenance</html>",
            "a web page came instead of data",
        ),
        (200, "", "unreadable at line 1"),
        (
            200,
            r#"{"error":"no such thing"}"#,
            "refused: no such thing",
        ),
        (
            400,
            r#"{"error":"Bad Request: accountId is not valid","statusCode":400}"#,
            "refused: accountId is not valid",
        ),
        (
            403,
            r#"{"type":"/simple","title":"Forbidden","status":403,"detail":"IP not allowed"}"#,
            "refused: IP not allowed",
        ),
        (418, "<html>", "refused: status 418"),
    ] {
        let rig = paper(vec![("/positions/0", status(code, body))]);
        let accounts = rig.provider.accounts().unwrap();
        let error = accounts
            .positions(&account_id())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{body}: {error}");
        assert!(!error.contains("maintenance"));
    }
}
