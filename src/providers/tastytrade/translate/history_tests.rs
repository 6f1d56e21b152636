use super::*;
use crate::providers::tastytrade::tests::{account_id, at};
use crate::providers::told::tests::shown;
use serde_json::{Value, json};

fn told(row: &Value) -> Result<Vec<Told>, Unreadable> {
    let text = row.to_string();
    let row: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
    entries(&row, &account_id(), &mut Names::default())
}

fn read(row: &Value) -> Vec<String> {
    let all = joined(told(row).unwrap());
    all.iter().map(shown).collect()
}

/// A row of a type and a sub-type, with more fields.
fn row(kind: &str, sub: &str, more: Value) -> Value {
    let mut row = json!({
        "id": 7,
        "transaction-type": kind,
        "transaction-sub-type": sub,
        "executed-at": "2026-02-02T21:00:00.000+00:00",
    });
    let Value::Object(more) = more else {
        panic!("{more}")
    };
    row.as_object_mut().unwrap().extend(more);
    row
}

fn check(row: &Value, expected: &[&str]) {
    assert_eq!(read(row), expected, "{row}");
}

/// Cash before and after fees, both in one direction.
fn cash(value: &str, net: &str, effect: &str) -> Value {
    json!({"value": value, "value-effect": effect, "net-value": net, "net-value-effect": effect})
}

fn with(one: Value, other: Value) -> Value {
    let (Value::Object(mut one), Value::Object(other)) = (one, other) else {
        panic!("no objects")
    };
    one.extend(other);
    Value::Object(one)
}

fn leg(symbol: &str, kind: &str, action: &str, units: &str, price: &str) -> Value {
    json!({"symbol": symbol, "instrument-type": kind, "action": action, "quantity": units, "price": price})
}

#[test]
fn an_execution_has_its_fees_whatever_its_kind() {
    let trade = |leg: Value, cash: Value| row("Trade", "x", with(leg, cash));
    let share = |action| leg("BRK/B", "Equity", action, "10", "500.25");
    let bought = trade(share("Buy to Open"), cash("5002.5", "5002.58", "Debit"));
    check(&bought, &["7: buy 10 BRK.B @ 500.25 fees 0.08 order none"]);
    let sold = trade(share("Sell to Close"), cash("5002.5", "5002.42", "Credit"));
    check(&sold, &["7: sell 10 BRK.B @ 500.25 fees 0.08 order none"]);
    let rebate = trade(share("Sell to Close"), cash("5002.5", "5002.60", "Credit"));
    check(&rebate, &["7: sell 10 BRK.B @ 500.25 fees -0.1 order none"]);
    let option = leg(
        "SPY   261218P00600000",
        "Equity Option",
        "Sell to Open",
        "2.0",
        "1.5",
    );
    let sold = trade(option, cash("300.0", "297.7", "Credit"));
    check(
        &sold,
        &["7: sell 2.0 Optionx100 SPY261218P00600000 @ 1.5 fees 2.3 order none"],
    );
    let future = leg("/ESZ6", "Future", "Buy", "1", "6000.25");
    let bought = trade(
        future,
        with(
            cash("0.0", "2.05", "Debit"),
            json!({"value-effect": "None"}),
        ),
    );
    check(
        &bought,
        &["7: buy 1 Future /ESZ6 @ 6000.25 fees 2.05 order none"],
    );
    let option = leg(
        "./ESZ6 EW4Q6 260823C5750",
        "Future Option",
        "Buy to Open",
        "2",
        "10.25",
    );
    let bought = trade(option, cash("1025.0", "1030.0", "Debit"));
    check(
        &bought,
        &["7: buy 2 Optionx50 ./ESZ6 EW4Q6 260823C5750 @ 10.25 fees 5 order none"],
    );
    let coin = leg(
        "BTC/USD",
        "Cryptocurrency",
        "Buy to Open",
        "0.00012345",
        "60000.01",
    );
    let bought = trade(coin, cash("7.41", "7.48", "Debit"));
    let fees = "0.0729987655";
    check(
        &bought,
        &[&format!(
            "7: buy 0.00012345 Crypto BTC/USD @ 60000.01 fees {fees} order none"
        )],
    );
}

#[test]
fn fees_one_by_one_count_where_the_cash_after_them_is_not_said() {
    let share = leg("T", "Equity", "Sell to Close", "100", "20");
    let stated = json!({
        "value": "2000.0", "value-effect": "Credit",
        "commission": "1.00", "commission-effect": "Debit",
        "clearing-fees": "0.08", "clearing-fees-effect": "Debit",
        "regulatory-fees": "0.05", "regulatory-fees-effect": "Debit",
        "proprietary-index-option-fees": "0.0", "proprietary-index-option-fees-effect": "None",
        "currency-conversion-fees": "0.02", "currency-conversion-fees-effect": "Debit",
        "other-charge": "0.15", "other-charge-effect": "Credit",
    });
    let sold = row("Trade", "Sell to Close", with(share.clone(), stated));
    check(&sold, &["7: sell 100 T @ 20 fees 1 order none"]);
    let odd = row(
        "Trade",
        "x",
        with(share.clone(), json!({"commission": "much"})),
    );
    assert_eq!(told(&odd).err(), Some(Unreadable("a number")));
    check(
        &row("Trade", "Sell to Close", share),
        &["7: sell 100 T @ 20 fees 0 order none"],
    );
}

#[test]
fn an_execution_that_contradicts_itself_is_noted() {
    let share = leg("T", "Equity", "Buy to Open", "10", "20");
    let other = row(
        "Trade",
        "Buy to Open",
        with(share.clone(), cash("300", "300", "Debit")),
    );
    check(&other, &["7: noted -300 USD T units 10"]);
    let wrong = row(
        "Trade",
        "Buy to Open",
        with(share.clone(), cash("200", "200", "Credit")),
    );
    check(&wrong, &["7: noted 200 USD T units 10"]);
    for (missing, expected) in [
        ("price", "7: noted -200 USD T units 10"),
        ("quantity", "7: noted -200 USD T"),
        ("symbol", "7: noted -200 USD units 10"),
        ("action", "7: noted -200 USD T"),
    ] {
        let mut bare = row(
            "Trade",
            "barter",
            with(share.clone(), cash("200", "200", "Debit")),
        );
        bare[missing] = Value::Null;
        check(&bare, &[expected]);
    }
}

#[test]
fn an_execution_and_what_takes_it_back_share_its_name() {
    let ids = json!({"order-id": 270602, "ext-exec-id": "134"});
    let share = with(leg("T", "Equity", "Buy to Open", "10", "20"), ids);
    let trade = row("Trade", "Buy to Open", share.clone());
    check(&trade, &["270602:134:T: buy 10 T @ 20 fees 0 order 270602"]);
    let undone = with(share, json!({"reverses-id": 5, "id": 9}));
    check(
        &row("Trade", "Buy to Open", undone),
        &["9 for 270602:134:T: TakenBack"],
    );
    let undone = json!({"reverses-id": 5, "value": "3.0", "value-effect": "Debit"});
    check(
        &row("Money Movement", "Dividend", undone),
        &["7 for 5: TakenBack"],
    );
}

#[test]
fn an_execution_that_was_booked_anew_is_another_one() {
    let share = json!({"order-id": 1, "ext-exec-id": "e"});
    let share = || with(leg("T", "Equity", "Buy to Open", "10", "20"), share.clone());
    let rows = [
        row("Trade", "Buy to Open", with(share(), json!({"id": 1}))),
        row(
            "Trade",
            "Buy to Open",
            with(share(), json!({"id": 2, "reverses-id": 1})),
        ),
        row("Trade", "Buy to Open", with(share(), json!({"id": 3}))),
        row(
            "Trade",
            "Buy to Open",
            with(share(), json!({"id": 4, "reverses-id": 3})),
        ),
    ];
    let mut names = Names::default();
    let lines = rows.map(|row| {
        let text = row.to_string();
        let row: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
        let told = entries(&row, &account_id(), &mut names).unwrap();
        shown(&told[0].entry)
    });
    let trade = "buy 10 T @ 20 fees 0 order 1";
    let expected = [
        format!("1:e:T: {trade}"),
        "2 for 1:e:T: TakenBack".into(),
        format!("1:e:T:3: {trade}"),
        "4 for 1:e:T:3: TakenBack".into(),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn cash_has_its_cause_and_its_direction() {
    for (sub, cause) in [
        ("Deposit", "Deposit"),
        ("Withdrawal", "Withdrawal"),
        ("ACAT", "Withdrawal"),
        ("Dividend", "Dividend"),
        ("Special Dividend", "Dividend"),
        ("Credit Interest", "Interest"),
        ("Debit Interest", "Interest"),
        ("Fee", "Fee"),
        ("Transfer", "Journal"),
        ("Balance Adjustment", "Adjustment"),
        ("Mark to Market", "MarkToMarket"),
    ] {
        let moved = row("Money Movement", sub, cash("27.74", "27.74", "Debit"));
        check(&moved, &[&format!("7: {cause} -27.74 USD")]);
    }
    let paid = with(
        cash("1", "0.85", "Credit"),
        json!({"symbol": "T", "currency": "EUR"}),
    );
    check(
        &row("Money Movement", "Dividend", paid),
        &["7: Dividend 0.85 EUR T"],
    );
    let came = row("Money Movement", "ACAT", cash("5", "5", "Credit"));
    check(&came, &["7: Deposit 5 USD"]);
    let none = row("Money Movement", "Deposit", json!({}));
    check(&none, &["7: noted"]);
}

#[test]
fn options_end_by_their_sub_type() {
    let option = |action: &str| leg("T     260116C00020000", "Equity Option", action, "2", "0");
    let none = || cash("0.0", "0.0", "None");
    let name = "Optionx100 T260116C00020000";
    for (sub, action, expected) in [
        ("Expiration", "Sell to Close", "Expired -2"),
        ("Expiration", "Buy to Close", "Expired 2"),
        ("Assignment", "Buy to Close", "Assigned 2"),
        ("Assignment", "", "Assigned 2"),
        ("Exercise", "", "Exercised -2"),
        ("Cash Settled Exercise", "Sell to Close", "Exercised -2"),
        ("Cash Settled Assignment", "Buy to Close", "Assigned 2"),
    ] {
        let ended = row("Receive Deliver", sub, with(option(action), none()));
        check(&ended, &[&format!("7: {expected} {name}")]);
    }
    let unsure = row("Receive Deliver", "Expiration", with(option(""), none()));
    check(&unsure, &["7: noted T260116C00020000"]);
    let fee = with(
        option("Sell to Close"),
        with(
            none(),
            json!({"net-value": "5", "net-value-effect": "Debit"}),
        ),
    );
    let used = row("Receive Deliver", "Exercise", fee);
    let ended = format!("7: Exercised -2 {name}");
    check(&used, &[&ended, "7:cash: Fee -5 USD T260116C00020000"]);
    let settled = with(option("Sell to Close"), cash("612", "612", "Credit"));
    let settled = row("Receive Deliver", "Cash Settled Exercise", settled);
    check(
        &settled,
        &[&ended, "7:cash: Adjustment 612 USD T260116C00020000"],
    );
    let priced = leg(
        "T     260116C00020000",
        "Equity Option",
        "Sell to Close",
        "2",
        "3.06",
    );
    let priced = with(priced, cash("612", "607", "Credit"));
    let priced = row("Receive Deliver", "Cash Settled Exercise", priced);
    check(
        &priced,
        &[&format!("7: sell 2 {name} @ 3.06 fees 5 order none")],
    );
}

#[test]
fn what_is_delivered_for_cash_is_a_trade_and_for_nothing_units() {
    let shares = |action: &str| leg("T", "Equity", action, "200", "20");
    let none = || cash("0.0", "0.0", "None");
    let paid = with(shares("Buy to Open"), cash("4000", "4005", "Debit"));
    let delivered = row("Receive Deliver", "Buy to Open", paid);
    check(&delivered, &["7: buy 200 T @ 20 fees 5 order none"]);
    let reinvested = with(shares("Buy to Open"), none());
    let reinvested = row("Receive Deliver", "Dividend", reinvested);
    check(&reinvested, &["7: units 200 T cost 4000 USD"]);
    for sub in ["Transfer", "ACAT"] {
        let came = row("Receive Deliver", sub, with(shares("Buy to Open"), none()));
        check(&came, &["7: units 200 T"]);
        let went = row(
            "Receive Deliver",
            sub,
            with(shares("Sell to Close"), none()),
        );
        check(&went, &["7: units -200 T"]);
        let unsure = row("Receive Deliver", sub, with(shares(""), none()));
        check(&unsure, &["7: noted T"]);
    }
}

#[test]
fn halves_of_one_moment_become_one() {
    let read = |rows: [Value; 2]| {
        let all = rows.iter().flat_map(|row| told(row).unwrap()).collect();
        joined(all)
            .into_iter()
            .map(|it| it.what)
            .collect::<Vec<_>>()
    };
    let half = |sub: &str, symbol: &str, action: &str, units: &str| {
        row(
            "Receive Deliver",
            sub,
            leg(symbol, "Equity", action, units, "0"),
        )
    };
    let noted = |symbol: &str| What::Noted {
        amount: None,
        symbol: Some(Symbol::new(symbol)),
        quantity: None,
    };
    let split = read([
        half("Forward Split", "T", "Sell to Close", "10"),
        half("Forward Split", "T", "Buy to Open", "30"),
    ]);
    let (from, to) = (Decimal::TEN, Decimal::from(30));
    let symbol = Symbol::new("T");
    assert_eq!(split, [noted("T"), What::Split { symbol, from, to }]);
    let renamed = read([
        half("Symbol Change", "META", "Buy to Open", "10"),
        half("Symbol Change", "FB", "Sell to Close", "10"),
    ]);
    let What::Exchanged { from, to, .. } = &renamed[0] else {
        panic!("{renamed:?}")
    };
    assert_eq!((from.symbol.as_str(), to.symbol.as_str()), ("FB", "META"));
    assert_eq!(renamed[1], noted("FB"));
    let alone = half("Reverse Split", "T", "Buy to Open", "3");
    check(&alone, &["7: noted T units 3"]);
}

#[test]
fn what_has_no_word_of_ours_is_noted_with_what_it_moves() {
    let share = || {
        with(
            leg("T", "Equity", "Sell to Close", "3", "1"),
            cash("2.5", "2.5", "Debit"),
        )
    };
    check(
        &row("Receive Deliver", "Something New", share()),
        &["7: noted -2.5 USD T units -3"],
    );
    check(
        &row("Something New", "x", share()),
        &["7: noted -2.5 USD T units -3"],
    );
    check(
        &row("Money Movement", "Something New", share()),
        &["7: noted -2.5 USD T"],
    );
    let bare = json!({"id": 7, "transaction-date": "2026-11-19"});
    check(&bare, &["7: noted"]);
    assert_eq!(
        told(&bare).unwrap()[0].entry.time,
        at("2026-11-19T00:00:00Z")
    );
    for (field, value, missing) in [
        ("id", Value::Null, "the id of a transaction"),
        ("executed-at", Value::Null, "the time of a transaction"),
        ("quantity", json!("three"), "a number"),
        ("currency", json!("much too long"), "the currency"),
    ] {
        let mut odd = row("Receive Deliver", "Transfer", share());
        odd[field] = value;
        assert_eq!(told(&odd).err(), Some(Unreadable(missing)), "{field}");
    }
}
