//! Accounts, positions and history, read from answers as they are documented.

use super::*;
use crate::domain::{ActivityKind, AssetClass, Currency, Money, Side};
use crate::providers::provider::ActivitiesQuery;
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

#[tokio::test]
async fn transactions_are_executions_or_what_they_say_they_are() {
    let rig = paper(vec![ok("transactions"), none()]);
    let accounts = rig.provider.accounts().unwrap();
    let query = ActivitiesQuery {
        after: Some(at("2026-01-01T00:00:00Z")),
        cursor: None,
    };
    let page = accounts.activities(&account_id(), query).await.unwrap();
    assert_eq!(page.rejected, []);
    let ActivityKind::Fill {
        symbol,
        side,
        order,
        ..
    } = &page.items[0].kind
    else {
        panic!("{:?}", page.items[0])
    };
    assert_eq!(
        (symbol.as_str(), *side, order.as_str()),
        ("SPY261218P00600000", Side::Sell, "270602")
    );
    let ids: Vec<&str> = page
        .items
        .iter()
        .map(|it| it.provider_id.as_str())
        .collect();
    assert_eq!(
        ids[..3],
        ["270602:134:SPY261218P00600000", "252640998", "252640997"],
        "one that is taken back is not the execution itself"
    );
    let ActivityKind::Other { word, amount, .. } = &page.items[1].kind else {
        panic!("{:?}", page.items[1])
    };
    let fee = Money::new(Decimal::new(-250, 2), Currency::USD);
    assert_eq!((word.as_str(), *amount), ("Something New", Some(fee)));
    assert_eq!(page.items[1].time, at("2026-11-19T00:00:00Z"));
    assert_eq!(page.next, Some("1".into()));
    let query = ActivitiesQuery {
        after: None,
        cursor: page.next,
    };
    let last = accounts.activities(&account_id(), query).await.unwrap();
    assert_eq!((last.items.len(), last.next), (0, None));
    let path = "GET /accounts/5WX00042/transactions?sort=Desc&per-page=250";
    assert_eq!(
        rig.sent(),
        [
            format!("{path}&start-at=2026-01-01T00%3A00%3A00.000Z&page-offset=0"),
            format!("{path}&page-offset=1")
        ]
    );
}
