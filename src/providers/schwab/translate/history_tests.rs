use super::*;
use crate::providers::schwab::tests::{account_id, at};
use crate::providers::told::tests::shown;
use serde_json::{Value, json};

fn told(row: &Value) -> Result<Vec<Entry>, Unreadable> {
    let text = row.to_string();
    let row: Transaction<'_> = serde_json::from_str(&text).unwrap();
    entries(&row, &account_id())
}

fn row(kind: &str, net: Value, items: Vec<Value>) -> Value {
    json!({
        "activityId": 7, "time": "2026-02-02T21:00:00+0000", "status": "VALID", "type": kind,
        "netAmount": net, "transferItems": items,
    })
}

fn check(row: &Value, expected: &[&str]) {
    let told = told(row).unwrap();
    let lines: Vec<String> = told.iter().map(shown).collect();
    assert_eq!(lines, expected, "{row}");
}

/// With a description.
fn said(mut row: Value, words: &str) -> Value {
    row["description"] = words.into();
    row
}

fn security(kind: &str, symbol: &str, amount: Value, cost: Value, price: Value) -> Value {
    json!({
        "instrument": {"assetType": kind, "symbol": symbol},
        "amount": amount, "cost": cost, "price": price,
    })
}

fn share(amount: f64, cost: f64, price: f64) -> Value {
    security("EQUITY", "T", json!(amount), json!(cost), json!(price))
}

fn option(amount: f64, cost: f64, price: f64) -> Value {
    let symbol = "T     260116C00020000";
    security("OPTION", symbol, json!(amount), json!(cost), json!(price))
}

fn fee(kind: &str, cost: f64) -> Value {
    json!({"instrument": {"assetType": "CURRENCY"}, "amount": 0.0, "cost": cost, "feeType": kind})
}

fn money(amount: f64) -> Value {
    json!({"instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}, "amount": amount})
}

#[test]
fn an_execution_has_the_fees_of_its_transaction() {
    let bought = vec![
        fee("COMMISSION", 0.0),
        fee("SEC_FEE", -0.03),
        share(10.0, -200.0, 20.0),
    ];
    let mut bought = row("TRADE", json!(-200.03), bought);
    bought["orderId"] = 42.into();
    bought["settlementDate"] = "2026-02-03T00:00:00+0000".into();
    check(&bought, &["7: buy 10.0 T @ 20.0 fees 0.03 order 42"]);
    let entry = &told(&bought).unwrap()[0];
    assert_eq!(entry.settles, Some(jiff::civil::date(2026, 2, 3)));
    assert_eq!(entry.time, at("2026-02-02T21:00:00Z"));
    let sold = vec![fee("TAF_FEE", -0.01), share(-10.0, 200.0, 20.0)];
    let sold = row("TRADE", json!(199.99), sold);
    check(&sold, &["7: sell 10.0 T @ 20.0 fees 0.01 order none"]);
    // A price of four digits and cash of two.
    let part = row("TRADE", json!(-100.0), vec![share(3.0, -100.0, 33.3333)]);
    check(&part, &["7: buy 3.0 T @ 33.3333 fees 0.0001 order none"]);
    let without = row(
        "TRADE",
        Value::Null,
        vec![fee("R_FEE", -0.5), share(10.0, -200.0, 20.0)],
    );
    check(&without, &["7: buy 10.0 T @ 20.0 fees 0.5 order none"]);
    let mut future = security(
        "FUTURE",
        "/ESZ26",
        json!(1.0),
        json!(300_000.0),
        json!(6000.0),
    );
    future["instrument"]["multiplier"] = json!(50.0);
    let future = row(
        "TRADE",
        json!(-2.25),
        vec![fee("FUTURES_EXCHANGE_FEE", -2.25), future],
    );
    check(
        &future,
        &["7: buy 1.0 Futurex50.0 /ESZ26 @ 6000.0 fees 2.25 order none"],
    );
}

#[test]
fn fees_are_split_in_proportion_and_the_last_takes_what_is_left() {
    let sold = security(
        "OPTION",
        "T     260116C00025000",
        json!(-1.0),
        json!(100.0),
        json!(1.0),
    );
    let legs = vec![fee("COMMISSION", -1.0), option(1.0, -200.0, 2.0), sold];
    check(
        &row("TRADE", json!(-101.0), legs.clone()),
        &[
            "7: buy 1.0 Optionx100 T260116C00020000 @ 2.0 fees 0.67 order none",
            "7:1: sell 1.0 Optionx100 T260116C00025000 @ 1.0 fees 0.33 order none",
        ],
    );
    let mut free = legs;
    free.remove(0);
    check(
        &row("TRADE", json!(-100.0), free),
        &[
            "7: buy 1.0 Optionx100 T260116C00020000 @ 2.0 fees 0 order none",
            "7:1: sell 1.0 Optionx100 T260116C00025000 @ 1.0 fees 0 order none",
        ],
    );
}

#[test]
fn an_execution_that_contradicts_itself_is_noted() {
    let other = row("TRADE", json!(-250.5), vec![share(10.0, -250.0, 20.0)]);
    check(&other, &["7: noted -250.5 USD T units 10.0"]);
    let priceless = row("TRADE", json!(-250.5), vec![share(10.0, -250.0, 0.0)]);
    check(&priceless, &["7: noted -250.5 USD T units 10.0"]);
    let bare = security("EQUITY", "T", json!(5.0), Value::Null, Value::Null);
    check(
        &row("TRADE", json!(-9.0), vec![bare]),
        &["7: noted T units 5.0", "7:1: noted -9.0 USD T"],
    );
    let none = row("TRADE", json!(-9.0), vec![share(0.0, -9.0, 9.0)]);
    check(&none, &["7: noted -9.0 USD T"]);
    check(&row("TRADE", json!(-9.0), vec![]), &["7: noted -9.0 USD"]);
    let fees = row("TRADE", json!(-0.5), vec![fee("SEC_FEE", -0.5)]);
    check(&fees, &["7: Fee -0.5 USD"]);
}

#[test]
fn cash_has_its_cause_and_the_sign_of_the_account() {
    for (kind, cause) in [
        ("ACH_RECEIPT", "Deposit"),
        ("CASH_RECEIPT", "Deposit"),
        ("WIRE_IN", "Deposit"),
        ("ACH_DISBURSEMENT", "Withdrawal"),
        ("CASH_DISBURSEMENT", "Withdrawal"),
        ("WIRE_OUT", "Withdrawal"),
        ("ELECTRONIC_FUND", "Withdrawal"),
        ("JOURNAL", "Journal"),
        ("DIVIDEND_OR_INTEREST", "Dividend"),
    ] {
        let moved = row(kind, json!(-12.5), vec![money(-12.5)]);
        check(&moved, &[&format!("7: {cause} -12.5 USD")]);
    }
    check(
        &row("ELECTRONIC_FUND", json!(5.0), vec![]),
        &["7: Deposit 5.0 USD"],
    );
    for (words, cause) in [
        ("APPLE INC", "Dividend"),
        ("INTEL CORP", "Dividend"),
        ("BANK INT 101625-111525", "Interest"),
        ("Margin interest", "Interest"),
        ("NRA TAX ADJ", "Tax"),
    ] {
        let income = said(row("DIVIDEND_OR_INTEREST", json!(5.0), vec![]), words);
        check(&income, &[&format!("7: {cause} 5.0 USD")]);
    }
    // What of a security they say beside a dividend are no units of it.
    let of = vec![share(12.5, 0.0, 0.0)];
    check(
        &row("DIVIDEND_OR_INTEREST", json!(12.5), of),
        &["7: Dividend 12.5 USD T"],
    );
    let bond = security("FIXED_INCOME", "B", json!(1.0), json!(0.0), Value::Null);
    check(
        &row("DIVIDEND_OR_INTEREST", json!(3.0), vec![bond]),
        &["7: Interest 3.0 USD B"],
    );
}

#[test]
fn units_come_go_and_end_as_their_description_says() {
    let moved = |items, words| said(row("RECEIVE_AND_DELIVER", json!(0.0), items), words);
    let name = "Optionx100 T260116C00020000";
    for (words, how) in [
        ("Removal of Option due to Expiration", "Expired"),
        ("REMOVAL OF OPTION DUE TO ASSIGNMENT", "Assigned"),
        ("Option exercised, exercise", "Exercised"),
    ] {
        let expected = format!("7: {how} 2.0 {name}");
        check(&moved(vec![option(2.0, 0.0, 0.0)], words), &[&expected]);
        let expected = format!("7: {how} -2.0 {name}");
        check(&moved(vec![option(-2.0, 0.0, 0.0)], words), &[&expected]);
    }
    check(
        &moved(vec![option(2.0, 0.0, 0.0)], "?"),
        &["7: noted T260116C00020000 units 2.0"],
    );
    check(
        &moved(vec![share(-3.0, 0.0, 0.0)], "TRANSFER"),
        &["7: units -3.0 T"],
    );
    check(
        &moved(vec![share(30.0, 0.0, 0.0)], "STOCK SPLIT"),
        &["7: noted T units 30.0"],
    );
    let mut journal = row("JOURNAL", json!(0.0), vec![share(3.0, 0.0, 0.0)]);
    check(&journal, &["7: units 3.0 T"]);
    journal["netAmount"] = json!(4.0);
    check(&journal, &["7: units 3.0 T", "7:1: noted 4.0 USD T"]);
    let both = vec![option(1.0, 0.0, 0.0), share(-100.0, 2000.0, 20.0)];
    let mut both = moved(both, "ASSIGNMENT");
    both["netAmount"] = json!(1999.95);
    check(
        &both,
        &[
            &format!("7: Assigned 1.0 {name}"),
            "7:1: sell 100.0 T @ 20.0 fees 0.05 order none",
        ],
    );
}

#[test]
fn what_has_no_word_of_ours_is_noted_with_what_it_moves() {
    for kind in ["MARGIN_CALL", "SMA_ADJUSTMENT", "MEMORANDUM", "A_NEW_WORD"] {
        check(
            &row(kind, json!(-2.5), vec![money(-2.5)]),
            &["7: noted -2.5 USD"],
        );
        check(&row(kind, Value::Null, vec![]), &["7: noted"]);
        let unit = row(kind, json!(0.0), vec![share(4.0, 0.0, 0.0)]);
        check(&unit, &["7: noted T units 4.0"]);
    }
    let fund = security(
        "CASH_EQUIVALENT",
        "SWVXX",
        json!(5.0),
        json!(-5.0),
        json!(1.0),
    );
    let fund = row("MONEY_MARKET", json!(-5.0), vec![fund]);
    let of = r#"Other("CASH_EQUIVALENT") SWVXX"#;
    check(
        &fund,
        &[&format!("7: buy 5.0 {of} @ 1.0 fees 0 order none")],
    );
    for (field, value, missing) in [
        ("activityId", Value::Null, "the id of a transaction"),
        ("type", Value::Null, "the type of a transaction"),
        ("time", Value::Null, "the time of a transaction"),
        ("netAmount", json!("much"), "a number"),
        (
            "transferItems",
            json!([share(1.0, 0.0, 0.0), {"instrument": {}, "amount": 1.0}]),
            "the symbol",
        ),
    ] {
        let mut odd = row("TRADE", json!(1.0), vec![]);
        odd[field] = value;
        assert_eq!(told(&odd), Err(Unreadable(missing)), "{field}");
    }
}

#[test]
fn what_is_void_is_taken_back_and_what_is_under_way_only_noted() {
    let with = |status: &str| {
        let mut row = row("ACH_RECEIPT", json!(5.0), vec![]);
        row["status"] = status.into();
        row
    };
    check(&with("VALID"), &["7: Deposit 5.0 USD"]);
    check(&with("INVALID"), &["7 for 7: TakenBack"]);
    check(&with("PENDING"), &["7: noted 5.0 USD"]);
    check(&with("UNKNOWN"), &["7: noted 5.0 USD"]);
    let mut corrected = said(with("VALID"), "D");
    corrected["activityType"] = "ACTIVITY_CORRECTION".into();
    check(&corrected, &["7: Deposit 5.0 USD"]);
    let words = &told(&corrected).unwrap()[0].description;
    assert_eq!(words.as_str(), "D (activity correction)");
    assert_eq!(
        told(&said(with("PENDING"), "D")).unwrap()[0]
            .description
            .as_str(),
        "D (pending)"
    );
}
