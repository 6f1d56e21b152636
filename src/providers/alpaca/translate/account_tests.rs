use super::*;
use crate::providers::alpaca::tests::{account_id, at, fixture};
use serde::Deserialize;

fn row<'a, T: Deserialize<'a>>(json: &'a str) -> T {
    serde_json::from_str(json).unwrap()
}

fn read_account(json: &str) -> (Account, Option<Balance>) {
    account(
        &row(json),
        &ConnectionId::new("alpaca"),
        Environment::Paper,
        Timestamp::EPOCH,
    )
    .unwrap()
}

#[test]
fn an_account_says_its_name_its_kind_and_what_is_wrong_with_it() {
    let (account, balance) = read_account(&fixture("account"));
    assert_eq!(account.id, account_id());
    assert_eq!(
        (account.name.as_str(), account.restriction),
        ("margin", None)
    );
    let balance = balance.unwrap();
    assert_eq!(balance.cash.to_string(), "122086.5");
    assert_eq!(balance.buying_power.unwrap().to_string(), "245432.61");
    let check = |json: &str, expected: &str| {
        assert_eq!(read_account(json).0.restriction.unwrap().as_str(), expected)
    };
    check(
        r#"{"id":"1","status":"ACTION_REQUIRED"}"#,
        "ACTION_REQUIRED",
    );
    check(r#"{"id":"1","status":"A_NEW_WORD"}"#, "A_NEW_WORD");
    check(
        r#"{"id":"1","status":"ACTIVE","trading_blocked":true}"#,
        "trading blocked",
    );
    check(
        r#"{"id":"1","status":"ACTIVE","trade_suspended_by_user":true}"#,
        "trading suspended by its owner",
    );
}

#[test]
fn a_bare_account_is_an_account_without_a_balance() {
    let (account, balance) = read_account(r#"{"id":"1","multiplier":"1"}"#);
    assert_eq!(
        (account.name.as_str(), account.currency, balance),
        ("cash", Currency::USD, None)
    );
    let old = r#"{"id":"1","portfolio_value":"5","cash":"2","pattern_day_trader":false,"daytrade_count":0}"#;
    assert_eq!(read_account(old).1.unwrap().equity.to_string(), "5");
}

#[test]
fn a_position_has_the_sign_of_its_side() {
    let json = fixture("position");
    let held = position(&row(&json), &account_id(), Timestamp::EPOCH).unwrap();
    assert_eq!(held.symbol.as_str(), "AAPL");
    assert_eq!(
        (
            held.quantity.to_string(),
            held.available.unwrap().to_string()
        ),
        ("5".into(), "4".into())
    );
    assert_eq!(held.average_price.unwrap().to_string(), "100.0");
    assert_eq!(held.previous_close.unwrap().to_string(), "119.0");
    let quantity = |json: &str| {
        position(&row(json), &account_id(), Timestamp::EPOCH).map(|it| it.quantity.to_string())
    };
    assert_eq!(
        quantity(r#"{"symbol":"A","side":"short","qty":"-5"}"#).unwrap(),
        "-5"
    );
    assert_eq!(
        quantity(r#"{"symbol":"A","side":"short","qty":"5"}"#).unwrap(),
        "-5"
    );
    assert_eq!(
        quantity(r#"{"symbol":"A","qty":5,"current_price":null}"#).unwrap(),
        "5"
    );
    assert_eq!(
        quantity(r#"{"symbol":"A"}"#),
        Err(Unreadable("the quantity"))
    );
    assert_eq!(quantity(r#"{"qty":"1"}"#), Err(Unreadable("the symbol")));
}

#[test]
fn symbols_and_classes_are_passed_through() {
    for (symbol, word, class) in [
        ("BRK.B", "us_equity", AssetClass::Equity),
        ("BTC/USD", "crypto", AssetClass::Crypto),
        ("AAPL250620C00100000", "us_option", AssetClass::Option),
        ("FI111225", "ipo", AssetClass::Other("ipo".into())),
        ("X", "\\u001bnew", AssetClass::Other("\u{fffd}new".into())),
    ] {
        let json = format!(r#"{{"symbol":"{symbol}","asset_class":"{word}","qty":"1"}}"#);
        let held = position(&row(&json), &account_id(), Timestamp::EPOCH).unwrap();
        assert_eq!((held.symbol.as_str(), held.class), (symbol, class));
    }
}

#[test]
fn history_leaves_out_what_has_no_value() {
    let json = r#"{"timestamp":[1697241600,1697500800,1697587200],"equity":[2784.79,null,2805.46],"profit_loss":[0]}"#;
    let points = history(&row(json)).unwrap();
    let read: Vec<_> = points
        .iter()
        .map(|point| (point.time, point.equity.to_string(), point.profit))
        .collect();
    assert_eq!(
        read,
        [
            (
                at("2023-10-14T00:00:00Z"),
                "2784.79".into(),
                Some(Decimal::ZERO)
            ),
            (at("2023-10-18T00:00:00Z"), "2805.46".into(), None),
        ]
    );
    assert_eq!(history(&row("{}")).unwrap(), []);
    assert!(history(&row(r#"{"timestamp":["soon"],"equity":[1]}"#)).is_err());
}

#[test]
fn a_tick_follows_the_price_and_an_assets_own_word_stands_above() {
    let json = fixture("asset");
    let tick = |json: &str, last: Option<&str>| {
        let last = last.map(|text| text.parse().unwrap());
        instrument(&row(json), last).unwrap().tick.to_string()
    };
    assert_eq!(tick(&json, Some("1.00")), "0.01");
    assert_eq!(tick(&json, Some("0.9999")), "0.0001");
    assert_eq!(tick(&json, None), "0");
    let coin = r#"{"symbol":"BTC/USD","class":"crypto","price_increment":"0.005","min_trade_increment":"0.0001"}"#;
    assert_eq!(tick(coin, Some("60000")), "0.005");
    let coin = instrument(&row(coin), None).unwrap();
    assert_eq!(
        (coin.lot.to_string(), coin.class),
        ("0.0001".into(), AssetClass::Crypto)
    );
    let contract =
        r#"{"symbol":"AAPL250620C00100000","name":"AAPL Jun 20 2025 100 Call","tradable":true}"#;
    let contract = instrument(&row(contract), None).unwrap();
    assert_eq!(
        (contract.class, contract.lot),
        (AssetClass::Option, Decimal::ONE)
    );
}
