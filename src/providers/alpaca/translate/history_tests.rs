use super::*;
use crate::providers::alpaca::tests::{account_id, at, fixture};
use crate::providers::told::tests::shown;

fn read(json: &str) -> Result<Entry, Unreadable> {
    let row: wire::Activity<'_> = serde_json::from_str(json).unwrap();
    let mut told = entry(&row, &account_id())?;
    assert_eq!(told.len(), 1);
    Ok(told.remove(0).entry)
}

/// A row that is no execution, with more fields.
fn row(word: &str, more: &str) -> String {
    format!(r#"{{"id":"1","activity_type":"{word}","date":"2026-02-02"{more}}}"#)
}

fn check(word: &str, more: &str, expected: &str) {
    let entry = read(&row(word, more)).unwrap();
    assert_eq!(shown(&entry), format!("1: {expected}"), "{word} {more}");
}

#[test]
fn an_execution_has_its_id_its_side_and_no_fees() {
    let json = fixture("activity_fill");
    let fill = read(&json).unwrap();
    let id = "20220202135509981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e";
    let order = "order b5abe576-6a8a-49f3-a353-46b72c1ccae9";
    assert_eq!(
        shown(&fill),
        format!("{id}: buy 2 AAPL @ 174.78 fees 0 {order}")
    );
    assert_eq!(fill.time, at("2022-02-02T18:55:09.981482Z"));
    assert_eq!((fill.word.as_str(), fill.settles), ("FILL", None));
    let change = |from: &str, to: &str| read(&json.replace(from, to));
    let sides = [
        ("sell", "sell"),
        ("sell_short", "sell"),
        ("buy_to_close", "buy"),
        ("sell_to_open", "sell"),
    ];
    for (theirs, ours) in sides {
        let fill = change(r#""buy""#, &format!("\"{theirs}\"")).unwrap();
        assert!(
            shown(&fill).contains(&format!(": {ours} 2 AAPL")),
            "{theirs}"
        );
    }
    for (from, to, missing) in [
        (r#""buy""#, r#""barter""#, "the side"),
        (r#""174.78""#, "null", "the price"),
        (r#""qty": "2""#, r#""qty": null"#, "the quantity"),
        (r#""qty": "2""#, r#""qty": "two""#, "a number"),
        (r#""AAPL""#, r#""""#, "the symbol"),
        (r#""FILL""#, "null", "the type of an activity"),
    ] {
        assert_eq!(change(from, to), Err(Unreadable(missing)), "{to}");
    }
}

#[test]
fn options_are_of_a_hundred_and_coins_are_whole() {
    let fill = |symbol: &str| {
        let more = format!(
            r#","symbol":"{symbol}","qty":"0.5","side":"sell","price":"3","transaction_time":"2026-02-02T00:00:00Z""#
        );
        let entry = read(&row("FILL", &more)).unwrap();
        shown(&entry)
    };
    let end = "@ 3 fees 0 order none";
    let option = "AAPL250620C00100000";
    assert_eq!(
        fill(option),
        format!("1: sell 0.5 Optionx100 {option} {end}")
    );
    assert_eq!(fill("BTC/USD"), format!("1: sell 0.5 Crypto BTC/USD {end}"));
    assert_eq!(fill("SOLUSD"), format!("1: sell 0.5 Crypto SOL/USD {end}"));
    assert_eq!(fill("BRK.B"), format!("1: sell 0.5 BRK.B {end}"));
    let tether = read(&row(
        "FILL",
        r#","symbol":"BTC/USDT","qty":"1","side":"buy","price":"3""#,
    ));
    let What::Trade(trade) = tether.unwrap().what else {
        panic!("no trade")
    };
    assert_eq!(trade.holding.currency.as_str(), "USDT");
}

#[test]
fn cash_has_its_cause_and_the_sign_of_the_account() {
    for (word, cause) in [
        ("DIV", "Dividend"),
        ("DIVCGL", "Dividend"),
        ("DIVCGS", "Dividend"),
        ("DIVROC", "Dividend"),
        ("DIVTXEX", "Dividend"),
        ("CGD", "Dividend"),
        ("DIVNRA", "Tax"),
        ("DIVFT", "Tax"),
        ("DIVTW", "Tax"),
        ("INTNRA", "Tax"),
        ("INTTW", "Tax"),
        ("TAX", "Tax"),
        ("INT", "Interest"),
        ("FEE", "Fee"),
        ("CFEE", "Fee"),
        ("DIVFEE", "Fee"),
        ("PTC", "Fee"),
        ("PTR", "Fee"),
        ("CSD", "Deposit"),
        ("CSW", "Withdrawal"),
        ("ACATC", "Withdrawal"),
        ("JNLC", "Journal"),
        ("JNL", "Journal"),
        ("OPCSH", "Adjustment"),
    ] {
        let what = format!("{cause} -1.02 USD T");
        check(
            word,
            r#","net_amount":"-1.02","symbol":"T","qty":"2""#,
            &what,
        );
    }
    check("ACATC", r#","net_amount":"7""#, "Deposit 7 USD");
    check(
        "CSD",
        r#","net_amount":7,"currency":"EUR""#,
        "Deposit 7 EUR",
    );
    check("FEE", r#","net_amount":"0""#, "Fee 0 USD");
}

#[test]
fn units_come_and_go_by_their_sign() {
    for word in ["ACATS", "JNLS", "FOPT"] {
        let more = r#","symbol":"T","qty":"-3","net_amount":"0","price":"9""#;
        check(word, more, "units -3 T");
        check(word, r#","symbol":"T","qty":"3""#, "units 3 T");
        let paid = r#","symbol":"T","qty":"3","net_amount":"-9""#;
        check(word, paid, "noted -9 USD T units 3");
    }
    let coins = r#","symbol":"ETHUSD","qty":"-0.000195","net_amount":"0""#;
    check("CFEE", coins, "units -0.000195 Crypto ETH/USD");
    let coins = r#","symbol":"USDCUSD","qty":"5""#;
    check("OCT", coins, "units 5 Crypto USDC/USD");
}

#[test]
fn options_end_and_what_is_behind_them_is_delivered_at_the_strike() {
    let symbol = r#","symbol":"AAPL230721C00150000","net_amount":"0""#;
    let option = "Optionx100 AAPL230721C00150000";
    for (word, how) in [
        ("OPEXC", "Exercised"),
        ("OPXRC", "Exercised"),
        ("OPASN", "Assigned"),
        ("OPEXP", "Expired"),
    ] {
        let more = format!(r#"{symbol},"qty":"-2""#);
        check(word, &more, &format!("{how} -2 {option}"));
        let without = symbol.to_owned();
        check(word, &without, "noted AAPL230721C00150000");
    }
    let shares = r#","symbol":"AAPL","qty":"-200","price":"150","net_amount":"#;
    let sold = "sell 200 AAPL @ 150 fees 0 order none";
    check("OPTRD", &format!(r#"{shares}"30000""#), sold);
    check("OPTRD", &format!("{shares}null"), sold);
    let apart = "noted 18000 USD AAPL units -200";
    check("OPTRD", &format!(r#"{shares}"18000""#), apart);
    let bare = r#","symbol":"AAPL","qty":"200","net_amount":"-30000""#;
    check("OPTRD", bare, "noted -30000 USD AAPL units 200");
}

#[test]
fn two_rows_of_a_split_become_one() {
    let leg = |id: &str, what: &str, units: &str| {
        format!(
            r#"{{"id":"{id}","activity_type":"SPLIT","date":"2026-02-02","symbol":"T","net_amount":"0",
            "group_id":"g","description":"{what}, From QTY:10, To QTY:30","qty":"{units}"}}"#
        )
    };
    let rows = [leg("1", "REMOVE", "-10"), leg("2", "ADD", "30")];
    let told = rows.iter().flat_map(|json| {
        let row: wire::Activity<'_> = serde_json::from_str(json).unwrap();
        entry(&row, &account_id()).unwrap()
    });
    let entries = joined(told.collect());
    assert_eq!(shown(&entries[0]), "1: noted T");
    let (from, to) = (Decimal::TEN, Decimal::from(30));
    let symbol = Symbol::new("T");
    assert_eq!(entries[1].what, What::Split { symbol, from, to });
    let alone = read(&rows[1]).unwrap();
    assert_eq!(shown(&alone), "2: noted T units 30");
}

#[test]
fn what_has_no_word_of_ours_is_noted_with_what_it_moves() {
    let more = r#","net_amount":"-2.5","symbol":"T","qty":"4""#;
    for word in [
        "A_NEW_WORD",
        "SPIN",
        "MA",
        "NC",
        "REORG",
        "SPLIT",
        "REO",
        "MISC",
    ] {
        check(word, more, "noted -2.5 USD T units 4");
    }
    check("VOF", "", "noted");
    let shares = r#","activity_sub_type":"SDIV","symbol":"T","qty":"2""#;
    check("DIV", shares, "noted T");
    let json = row("FEE", r#","net_amount":"-1","currency":"much too long""#);
    assert_eq!(read(&json), Err(Unreadable("the currency")));
}

#[test]
fn what_was_cancelled_is_taken_back_and_what_was_corrected_says_of_what() {
    let read = |more: &str| shown(&read(&row("DIV", more)).unwrap());
    let paid = |status: &str| format!(r#","net_amount":"1","description":"d","status":"{status}""#);
    assert_eq!(read(&paid("executed")), "1: Dividend 1 USD");
    assert_eq!(read(&paid("canceled")), "1 for 1: TakenBack");
    assert_eq!(read(&paid("correct")), "1: Dividend 1 USD");
    assert_eq!(read(&paid("pending")), "1: noted 1 USD");
    let previous = r#","previous_id":"0""#;
    let with = |status: &str| format!("{}{previous}", paid(status));
    assert_eq!(read(&with("canceled")), "1 for 0: TakenBack");
    assert_eq!(read(&with("correct")), "1 for 0: Dividend 1 USD");
    assert_eq!(read(&with("executed")), "1: Dividend 1 USD");
}

#[test]
fn the_time_is_the_best_there_is() {
    let dividend = read(&fixture("activity_dividend")).unwrap();
    assert_eq!(dividend.time, at("2021-05-10T14:01:04.650275Z"));
    assert_eq!(dividend.settles, Some(jiff::civil::date(2019, 8, 1)));
    assert_eq!(dividend.description.as_str(), "SDIV");
    let time = |json: &str| read(json).map(|entry| entry.time);
    let dated = r#"{"id":"x","activity_type":"FEE","date":"2022-02-02T00:00:00Z"}"#;
    assert_eq!(time(dated), Ok(at("2022-02-02T00:00:00Z")));
    let bare = r#"{"id":"20220202135509981::x","activity_type":"A_NEW_WORD"}"#;
    assert_eq!(time(bare), Ok(at("2022-02-02T13:55:09.981Z")));
    let nothing = r#"{"id":"x","activity_type":"FEE"}"#;
    assert_eq!(time(nothing), Err(Unreadable("the time of an activity")));
    let nameless = r#"{"activity_type":"FEE","date":"2022-02-02"}"#;
    assert_eq!(time(nameless), Err(Unreadable("the id of an activity")));
}
