//! Accounts, positions and history, read from answers as they are documented.

use super::*;
use crate::domain::{AssetClass, Span, Text};
use crate::providers::provider::{HistoryQuery, ProviderError};
use crate::providers::told::tests::shown;
use rust_decimal::Decimal;

#[tokio::test]
async fn open_accounts_come_with_their_balance_whichever_form_it_has() {
    for balance in ["balance", "balances_list"] {
        let rig = paper(vec![ok("accounts"), ok(balance), ok("trading_status")]);
        let list = rig.provider.accounts().unwrap().list().await.unwrap();
        let [(account, Some(balance))] = &list[..] else {
            panic!("{list:?}")
        };
        assert_eq!(
            (account.id.clone(), account.name.as_str()),
            (account_id(), "Main")
        );
        assert_eq!(account.restriction, None);
        assert_eq!(balance.equity.to_string(), "15500.0");
        assert_eq!(balance.cash.to_string(), "10000.0");
        assert_eq!(balance.buying_power.unwrap().to_string(), "20000.0");
        assert_eq!(
            rig.sent(),
            [
                "GET /customers/me/accounts",
                "GET /accounts/5WX00042/balances",
                "GET /accounts/5WX00042/trading-status"
            ]
        );
    }
}

#[tokio::test]
async fn what_an_account_may_not_do_is_told_and_not_knowing_it_withholds_nothing() {
    let frozen = fixture("trading_status").replace(r#""is-frozen": false"#, r#""is-frozen": true"#);
    let answers = vec![ok("accounts"), ok("balance"), status(200, &frozen)];
    let list = paper(answers)
        .provider
        .accounts()
        .unwrap()
        .list()
        .await
        .unwrap();
    assert_eq!(list[0].0.restriction, Some("frozen".into()));
    let answers = vec![ok("accounts"), ok("balance"), status(403, "{}")];
    let list = paper(answers)
        .provider
        .accounts()
        .unwrap()
        .list()
        .await
        .unwrap();
    assert_eq!(list[0].0.restriction, None);
}

#[tokio::test]
async fn positions_are_signed_and_worth_their_multiplier_and_none_are_left_out() {
    let rig = paper(vec![ok("positions")]);
    let accounts = rig.provider.accounts().unwrap();
    let read = accounts.positions(&account_id()).await.unwrap();
    assert_eq!(
        rig.sent(),
        ["GET /accounts/5WX00042/positions?include-marks=true"]
    );
    let rows: Vec<(&str, String, String)> = read
        .iter()
        .map(|it| {
            let (quantity, multiplier) = (it.quantity.to_string(), it.multiplier.normalize());
            (it.symbol.as_str(), quantity, multiplier.to_string())
        })
        .collect();
    let expected = [
        ("AAPL", "1", "1"),
        ("TQQQ", "742", "1"),
        ("SPY261218P00600000", "-2", "100"),
        ("/ESZ6", "1", "50"),
        ("BRK.B", "3", "1"),
        ("BTC/USD", "0.022", "1"),
    ];
    let expected = expected
        .map(|(symbol, quantity, multiplier)| (symbol, quantity.to_owned(), multiplier.to_owned()));
    assert_eq!(rows, expected);
    let short = &read[2];
    assert_eq!(short.class, AssetClass::Option);
    let profit = short.unrealised(short.reported_price.unwrap());
    assert_eq!(profit.unwrap().normalize(), Decimal::from(80));
    assert_eq!(read[3].class, AssetClass::Future);
    assert_eq!(read[0].previous_close, None, "a close of nothing is none");
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn equity_over_time_is_sorted_and_takes_cash_in() {
    let rig = paper(vec![ok("net_liq")]);
    let accounts = rig.provider.accounts().unwrap();
    let points = accounts.equity_history(&account_id()).await.unwrap();
    let points: Vec<String> = points
        .iter()
        .map(|it| format!("{} {}", it.time, it.equity))
        .collect();
    assert_eq!(
        points,
        [
            "2026-11-20T00:00:00Z 15500.5",
            "2026-11-21T21:00:00Z 15460.0"
        ]
    );
    assert_eq!(
        rig.sent(),
        ["GET /accounts/5WX00042/net-liq/history?time-back=1m"]
    );
}

pub(super) fn query(cursor: Option<Text>) -> HistoryQuery {
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
    let span = Span { from, until };
    HistoryQuery { span, cursor }
}

#[tokio::test]
async fn a_history_comes_page_by_page_the_oldest_first() {
    let rig = paper(vec![ok("transactions"), none()]);
    let accounts = rig.provider.accounts().unwrap();
    let page = accounts.history(&account_id(), query(None)).await.unwrap();
    assert_eq!(page.rejected, []);
    let lines: Vec<String> = page.items.iter().map(shown).collect();
    let execution = "270602:134:SPY261218P00600000";
    assert_eq!(
        lines,
        [
            &format!(
                "{execution}: sell 2.0 Optionx100 SPY261218P00600000 @ 1.5 fees 2.3 order 270602"
            ),
            "252640998: noted -2.50 USD",
            &format!("252640997 for {execution}: TakenBack"),
            "252640963: units 1.68074 KBWD cost 27.6649804 USD",
            "252640962: units 0.55928 PGX cost 6.3086784 USD",
            "252634233: Dividend 27.74 USD KBWD",
        ]
    );
    let word = &page.items[1];
    assert_eq!(
        (word.word.as_str(), word.description.as_str()),
        ("Something New", "A fee")
    );
    assert_eq!(page.next, Some("1".into()));
    // What was on the second page is there no more.
    let last = accounts.history(&account_id(), query(page.next)).await;
    assert_eq!(last, Err(ProviderError::UnknownCursor));
    let path = "GET /accounts/5WX00042/transactions?sort=Asc&per-page=1000\
        &start-at=2026-01-01T00%3A00%3A00.000Z&end-at=2026-12-01T00%3A00%3A00.001Z";
    assert_eq!(
        rig.sent(),
        [
            format!("{path}&page-offset=0"),
            format!("{path}&page-offset=1")
        ]
    );
}

#[tokio::test]
async fn a_cursor_of_something_else_is_not_known() {
    for cursor in ["", "x", "-1", "99999999999"] {
        let rig = paper(vec![]);
        let accounts = rig.provider.accounts().unwrap();
        let page = accounts
            .history(&account_id(), query(Some(cursor.into())))
            .await;
        assert_eq!(page, Err(ProviderError::UnknownCursor), "{cursor}");
    }
}

#[tokio::test]
async fn a_full_page_has_to_say_whether_it_is_the_last() {
    let row = r#"{"id":1,"transaction-date":"2026-11-19"}"#;
    let rows = vec![row; 1_000].join(",");
    let rig = paper(vec![status(
        200,
        &format!(r#"{{"data":{{"items":[{rows}]}}}}"#),
    )]);
    let accounts = rig.provider.accounts().unwrap();
    let page = accounts.history(&account_id(), query(None)).await;
    assert!(matches!(page, Err(ProviderError::Garbled { .. })));
}
