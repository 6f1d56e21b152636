//! Accounts, what is in them, contracts, prices.

use super::*;
use std::collections::BTreeMap;

#[tokio::test(start_paused = true)]
async fn a_username_opens_its_own_accounts() {
    let far = trading(patient()).await;
    let tradeable = far.data("iserver/accounts").await;
    let numbers: Vec<&str> = tradeable["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert_eq!(numbers.len(), 2);
    assert!(numbers.iter().all(|number| number.starts_with("DU")));
    assert_eq!(
        (&tradeable["isPaper"], &tradeable["selectedAccount"]),
        (&json!(true), &json!(numbers[0]))
    );
    let viewable = far.data("portfolio/accounts").await;
    let seen: Vec<&str> = viewable
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["accountId"].as_str().unwrap())
        .collect();
    assert_eq!(seen, numbers);
    let same = far
        .post("iserver/account", json!({"acctId": numbers[0]}))
        .await
        .body;
    assert_eq!(same, json!({"success": "Account already set"}));
    let other = far
        .post("iserver/account", json!({"acctId": numbers[1]}))
        .await
        .body;
    assert_eq!(other, json!({"set": true, "acctId": numbers[1]}));
    let customers = far.simulator.customers();
    let stranger = &customers
        .iter()
        .find(|one| one.name == "small")
        .unwrap()
        .account_number;
    let refused = far.get(&format!("portfolio/{stranger}/ledger")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.body["error"],
        format!("Bad Request: accountId is not valid: {stranger}")
    );
    assert_eq!(far.data("portfolio/subaccounts2?page=1").await, json!([]));
    assert_eq!(far.account("meta").await["id"], numbers[0]);
}

#[tokio::test(start_paused = true)]
async fn a_live_username_is_no_paper() {
    let far = far_at(TEN_O_CLOCK, patient(), "live");
    far.sign_in().await;
    far.begin().await;
    let accounts = far.data("iserver/accounts").await;
    assert_eq!(accounts["isPaper"], false);
    assert!(accounts["accounts"][0].as_str().unwrap().starts_with('U'));
    assert_eq!(far.data("sso/validate").await["LOGIN_TYPE"], 1);
}

#[tokio::test(start_paused = true)]
async fn ledger_summaries_and_positions_agree() {
    let far = trading(patient()).await;
    let ledger = far.account("ledger").await;
    let (base, dollars) = (&ledger["BASE"], &ledger["USD"]);
    assert_eq!(base["cashbalance"], dollars["cashbalance"]);
    let worth = number(&base["cashbalance"]) + number(&base["stockmarketvalue"]);
    assert!((worth - number(&base["netliquidationvalue"])).abs() < Decimal::new(2, 2));
    let uncached = format!("portfolio2/{}/positions", far.customer.account_number);
    let uncached = far.data(&uncached).await;
    let held: Decimal = uncached
        .as_array()
        .unwrap()
        .iter()
        .map(|it| number(&it["marketValue"]))
        .sum();
    assert!((held - number(&base["stockmarketvalue"])).abs() < Decimal::ONE);
    assert!(
        uncached[0]["conid"].is_string(),
        "a text here, a number elsewhere"
    );
    let summary = far.account("summary").await;
    assert!(summary.as_object().unwrap().len() > 45);
    assert_eq!(
        summary["netliquidation"]["amount"],
        base["netliquidationvalue"]
    );
    let brief = far.data(&far.path("summary")).await;
    assert_eq!(brief["netLiquidationValue"], base["netliquidationvalue"]);
    let words = far.data(&far.path("summary/margins")).await;
    assert!(
        words["total"]["current_initial"]
            .as_str()
            .unwrap()
            .ends_with(" USD")
    );
    let gains = far.data("iserver/account/pnl/partitioned").await;
    let gains = &gains["upnl"][format!("{}.Core", far.customer.account_number)];
    assert_eq!(gains["nl"], base["netliquidationvalue"]);
    assert!(gains["el"].is_number() && gains["dpl"].is_number());
}

#[tokio::test(start_paused = true)]
async fn positions_are_brief_at_first_and_cached() {
    let far = trading(patient()).await;
    let first = far.account("positions/0").await;
    assert!(first[0].get("ticker").is_none() && first[0]["strike"] == json!(0.0));
    let then = far.account("positions/0").await;
    assert_eq!(
        (&then[0]["pageSize"], &then[0]["strike"]),
        (&json!(100), &json!("0"))
    );
    assert_eq!(far.account("positions/1").await, json!([]));
    let units = |rows: &Value, conid: i64| {
        let rows = rows.as_array().unwrap();
        let row = rows.iter().find(|row| row["conid"] == conid);
        row.map_or(Decimal::ZERO, |row| number(&row["position"]))
    };
    let before = units(&then, AAPL);
    let id = far.placed(market(AAPL, "BUY", 1)).await;
    far.wait_for(id, "Filled").await;
    let kept = far.account("positions/0").await;
    assert_eq!(units(&kept, AAPL), before, "as it was");
    let invalidate = format!(
        "portfolio/{}/positions/invalidate",
        far.customer.account_number
    );
    let done = far.call("POST", &invalidate, "").await.body;
    assert_eq!(done, json!({"message": "success"}));
    let newest = far.account("positions/0").await;
    assert_eq!(units(&newest, AAPL), before + Decimal::ONE);
    let one = far.account(&format!("position/{AAPL}")).await;
    assert_eq!(units(&one, AAPL), before + Decimal::ONE);
    let all = far.data(&format!("portfolio/positions/{AAPL}")).await;
    assert!(all[&far.customer.account_number].is_array());
}

#[tokio::test(start_paused = true)]
async fn executions_of_a_week_have_their_own_ids() {
    let far = trading(patient()).await;
    let today = far.data("iserver/account/trades").await;
    let week = far.data("iserver/account/trades?days=7").await;
    let week = week.as_array().unwrap();
    assert!(week.len() > today.as_array().unwrap().len());
    let ids: BTreeMap<&str, &Value> = week
        .iter()
        .map(|row| (row["execution_id"].as_str().unwrap(), row))
        .collect();
    assert_eq!(ids.len(), week.len());
    for row in week {
        assert!(row["price"].is_string() && row["commission"].is_string());
        assert!(
            row["size"].is_number() && row["net_amount"].is_number() && row["conid"].is_number()
        );
        assert!(["B", "S"].contains(&row["side"].as_str().unwrap()));
        assert_eq!(row["account"], far.customer.account_number);
        assert!(row.get("order_ref").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn one_contract_s_history_comes_without_ids() {
    let far = trading(patient()).await;
    let body = json!({
        "acctIds": [far.customer.account_number], "conids": [AAPL], "currency": "USD", "days": 365,
    });
    let answer = far.post("pa/transactions", body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    let rows = answer.body["transactions"].as_array().unwrap();
    let mut kinds: Vec<&str> = rows
        .iter()
        .map(|row| row["type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.contains(&"Buy"), "{kinds:?}");
    for row in rows {
        assert_eq!(row["conid"], AAPL);
        assert_eq!(row["rawDate"].as_str().unwrap().len(), 8);
    }
    let mut two = body;
    two["conids"] = json!([AAPL, SPY]);
    assert_eq!(far.post("pa/transactions", two).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn contracts_are_found_by_symbol_and_by_id() {
    let far = trading(patient()).await;
    let stocks = far.data("trsrv/stocks?symbols=AAPL,BRK%20B,NOSUCH").await;
    assert_eq!(stocks["AAPL"][0]["contracts"][0]["conid"], AAPL);
    assert_eq!(stocks["NOSUCH"], json!([]));
    let conid = &stocks["BRK B"][0]["contracts"][0]["conid"];
    let search = far.data("iserver/secdef/search?symbol=BRK%20B").await;
    assert_eq!(search[0]["conid"], conid.to_string(), "a text here");
    let named = far
        .post(
            "iserver/secdef/search",
            json!({"symbol": "apple", "name": true}),
        )
        .await;
    assert_eq!(named.body[0]["symbol"], "AAPL");
    let info = far.data(&format!("iserver/contract/{conid}/info")).await;
    assert_eq!((&info["symbol"], &info["con_id"]), (&json!("BRK B"), conid));
    let known = far.data(&format!("trsrv/secdef?conids={AAPL},{SPY}")).await;
    assert_eq!(known["secdef"][1]["ticker"], "SPY");
    assert_eq!(known["secdef"][1]["type"], "ETF");
    let rules = far
        .post(
            "iserver/contract/rules",
            json!({"conid": AAPL, "isBuy": true}),
        )
        .await;
    assert_eq!(rules.body["increment"], 0.01);
    let rate = far.data("iserver/exchangerate?source=USD&target=EUR").await;
    assert_eq!(rate, json!({"rate": 0.866_566_14}));
    let hours = far
        .data(&format!("contract/trading-schedule?conid={SPY}"))
        .await;
    assert_eq!(hours["exchange_time_zone"], "US/Eastern");
    let friday = &hours["schedules"]["20261127"]["liquid_hours"][0];
    assert_eq!(
        friday["closing"].as_i64().unwrap() - friday["opening"].as_i64().unwrap(),
        12_600
    );
    assert!(hours["schedules"].get("20261126").is_none(), "Thanksgiving");
}

#[tokio::test(start_paused = true)]
async fn options_are_described_by_month_and_strike() {
    let far = trading(patient()).await;
    let found = far.data("iserver/secdef/search?symbol=AAPL").await;
    assert_eq!(found[0]["sections"][1]["months"], "NOV26;DEC26;JAN27");
    let strikes = "iserver/secdef/strikes?conid=265598&sectype=OPT&month=DEC26&exchange=SMART";
    let strikes = far.data(strikes).await;
    let strike = &strikes["call"][0];
    let info =
        format!("iserver/secdef/info?conid=265598&sectype=OPT&month=DEC26&strike={strike}&right=C");
    let info = far.data(&info).await;
    assert_eq!(
        (&info[0]["maturityDate"], &info[0]["strike"]),
        (&json!("20261218"), strike)
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_snapshot_is_empty() {
    let far = trading(patient()).await;
    let path =
        format!("iserver/marketdata/snapshot?conids={AAPL},{SPY}&fields=31,83,84,85,86,87,88,55");
    let bare = |conid: i64| json!({"conid": conid, "conidEx": conid.to_string()});
    assert_eq!(far.data(&path).await, json!([bare(AAPL), bare(SPY)]));
    let rows = far.data(&path).await;
    let row = &rows[0];
    assert_eq!((&row["55"], &row["6509"]), (&json!("AAPL"), &json!("RpB")));
    for field in ["31", "83", "84", "85", "86", "87", "88"] {
        assert!(row[field].is_string(), "{field} of {row}");
    }
    let price = |field: &str| number(&row[field]);
    assert!(price("84") < price("86"));
    let gone = far
        .post("iserver/marketdata/unsubscribe", json!({"conid": AAPL}))
        .await;
    assert_eq!(gone.body, json!({"success": true}));
    let again = far
        .post("iserver/marketdata/unsubscribe", json!({"conid": AAPL}))
        .await;
    assert_eq!(
        (again.status, again.body),
        (500, json!({"error": "unknown"}))
    );
    let all = far.data("iserver/marketdata/unsubscribeall").await;
    assert_eq!(all, json!({"unsubscribed": true}));
    assert_eq!(far.data(&path).await, json!([bare(AAPL), bare(SPY)]));
}

#[tokio::test(start_paused = true)]
async fn bars_come_oldest_first() {
    let far = trading(patient()).await;
    let path = format!("iserver/marketdata/history?conid={AAPL}&period=1w&bar=1h");
    let history = far.data(&path).await;
    let bars = history["data"].as_array().unwrap();
    assert!(bars.len() > 20);
    assert_eq!(history["points"], bars.len() - 1);
    assert_eq!(
        (&history["barLength"], &history["symbol"]),
        (&json!(3_600), &json!("AAPL"))
    );
    let time = |bar: &Value| bar["t"].as_i64().unwrap();
    assert!(bars.windows(2).all(|pair| time(&pair[0]) < time(&pair[1])));
    assert_eq!(history["high"].as_str().unwrap().split('/').count(), 3);
    let wrong = far
        .get("iserver/marketdata/history?conid=265598&period=1x")
        .await;
    assert_eq!(
        (wrong.status, wrong.body),
        (500, json!({"error": "invalid period"}))
    );
}
