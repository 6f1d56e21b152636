//! Calls, as the manual has them.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_account_is_known_by_a_hash() {
    let far = far(Options::default()).await;
    assert!(far.hash.len() == 64 && far.hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let one = far.trader(&format!("accounts/{}", far.hash)).await;
    assert_eq!(one.status, 200);
    assert_eq!(
        one.body["securitiesAccount"]["accountNumber"],
        far.customer.account_number.as_str()
    );
    let by_number = far
        .trader(&format!("accounts/{}", far.customer.account_number))
        .await;
    assert_eq!(by_number.status, 400);
    assert!(by_number.body["message"].is_string() && by_number.body["errors"].is_array());
    let other = far_for("small", Options::default()).await;
    let foreign = other.trader(&format!("accounts/{}", far.hash)).await;
    assert_eq!(foreign.status, 400, "another login's account");
}

#[tokio::test(start_paused = true)]
async fn balances_have_the_shape_of_their_kind_of_account() {
    let far = far(Options::default()).await;
    let rows = far.trader("accounts").await.body;
    let [margin, cash] = [0, 1].map(|place| &rows[place]["securitiesAccount"]);
    assert_eq!(
        (&margin["type"], &cash["type"]),
        (&json!("MARGIN"), &json!("CASH"))
    );
    for (account, has, has_not) in [
        (
            margin,
            "maintenanceRequirement",
            "cashAvailableForWithdrawal",
        ),
        (cash, "cashAvailableForWithdrawal", "maintenanceRequirement"),
    ] {
        let current = &account["currentBalances"];
        assert!(current[has].is_f64() && current.get(has_not).is_none());
        assert!(current["liquidationValue"].is_f64() && account["roundTrips"].is_i64());
        assert!(account.get("positions").is_none(), "nobody asked");
    }
    assert_eq!(margin["projectedBalances"]["isInCall"], json!(false));
    for row in rows.as_array().unwrap() {
        let value = &row["securitiesAccount"]["currentBalances"]["liquidationValue"];
        assert_eq!(&row["aggregatedBalance"]["liquidationValue"], value);
    }
    assert_eq!(far.trader("accounts?fields=orders").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn positions_come_when_they_are_asked_for() {
    let far = far(Options::default()).await;
    let path = format!("accounts/{}?fields=positions", far.hash);
    let account = far.trader(&path).await.body;
    let positions = account["securitiesAccount"]["positions"]
        .as_array()
        .unwrap();
    let of = |symbol: &str| {
        positions
            .iter()
            .find(|row| row["instrument"]["symbol"] == symbol)
    };
    let fund = of("SPY").unwrap();
    assert_eq!(fund["instrument"]["assetType"], "COLLECTIVE_INVESTMENT");
    assert_eq!(fund["instrument"]["type"], "EXCHANGE_TRADED_FUND");
    assert_eq!(fund["shortQuantity"], json!(0.0));
    assert!(fund["averageLongPrice"].is_f64() && fund.get("averageShortPrice").is_none());
    assert!(of("BRK/B").is_some(), "a share class stands behind a slash");
    let short = of("NFLX").unwrap();
    assert!(short["shortQuantity"].as_f64().unwrap() > 0.0);
    assert!(short["marketValue"].as_f64().unwrap() < 0.0);
    assert!(short["shortOpenProfitLoss"].is_f64() && short.get("longOpenProfitLoss").is_none());
}

#[tokio::test(start_paused = true)]
async fn cash_is_the_sum_of_all_transactions() {
    let far = far_for("ira", Options::default()).await;
    let rows = far
        .transactions("TRADE,ACH_RECEIPT,DIVIDEND_OR_INTEREST")
        .await
        .body;
    let rows = rows.as_array().unwrap();
    let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round();
    let sum: f64 = rows.iter().map(|row| cents(&row["netAmount"])).sum();
    let account = far.trader(&format!("accounts/{}", far.hash)).await.body;
    let cash = cents(&account["securitiesAccount"]["currentBalances"]["totalCash"]);
    // Amounts are rounded to the cent one by one.
    assert!((sum - cash).abs() <= rows.len() as f64, "{sum} {cash}");
    let sold = rows.iter().find(|row| {
        let items = row["transferItems"].as_array().unwrap();
        items
            .iter()
            .any(|item| item["feeType"] == "SEC_FEE" && item["cost"] != json!(0.0))
    });
    let sold = sold.expect("sales cost fees");
    let items = sold["transferItems"].as_array().unwrap();
    let parts: f64 = items.iter().map(|item| cents(&item["cost"])).sum();
    assert!((parts - cents(&sold["netAmount"])).abs() <= 1.0);
    let security = items.last().unwrap();
    assert!(security["amount"].as_f64().unwrap() < 0.0 && security["cost"].as_f64().unwrap() > 0.0);
    assert_eq!(security["positionEffect"], "CLOSING");
    for row in rows {
        assert!(row["time"].as_str().unwrap().ends_with("+0000"));
        assert_eq!(row["accountNumber"], far.customer.account_number.as_str());
    }
    let newest = rows[0]["activityId"].as_u64().unwrap();
    let one = far
        .account("GET", &format!("transactions/{newest}"), "")
        .await;
    assert_eq!(one.body, json!([rows[0]]));
    assert_eq!(far.account("GET", "transactions/17", "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn transactions_are_asked_for_with_both_ends_and_their_types() {
    let far = far(Options::default()).await;
    for (query, status) in [
        (
            "startDate=2026-01-01T00:00:00.000Z&endDate=2026-02-01T00:00:00.000Z&types=TRADE",
            200,
        ),
        (
            "startDate=2026-01-01T00:00:00.000Z&endDate=2026-02-01T00:00:00.000Z",
            400,
        ),
        ("startDate=2026-01-01T00:00:00.000Z&types=TRADE", 400),
        ("endDate=2026-01-01T00:00:00.000Z&types=TRADE", 400),
        ("startDate=2026-01-01&endDate=2026-02-01&types=TRADE", 400),
        (
            "startDate=2025-01-01T00:00:00.000Z&endDate=2026-02-01T00:00:00.000Z&types=TRADE",
            400,
        ),
        (
            "startDate=2026-01-01T00:00:00.000Z&endDate=2026-02-01T00:00:00.000Z&types=FILL",
            400,
        ),
    ] {
        let answer = far
            .account("GET", &format!("transactions?{query}"), "")
            .await;
        assert_eq!(answer.status, status, "{query}");
    }
    let dividends = far.transactions("DIVIDEND_OR_INTEREST").await.body;
    assert!(!dividends.as_array().unwrap().is_empty());
    let path = format!("transactions?startDate={YEAR}&endDate={TOMORROW}&types=TRADE&symbol=BRK/B");
    let trades = far.account("GET", &path, "").await.body;
    let trades = trades.as_array().unwrap();
    assert!(!trades.is_empty());
    for trade in trades {
        let security = trade["transferItems"].as_array().unwrap().last().unwrap();
        assert_eq!(security["instrument"]["symbol"], "BRK/B");
    }
}

#[tokio::test(start_paused = true)]
async fn the_preference_is_an_object_with_the_way_to_the_streamer() {
    let far = far(Options::default()).await;
    let body = far.trader("userPreference").await.body;
    let info = &body["streamerInfo"][0];
    assert_eq!(info["streamerSocketUrl"], "ws://far/ws");
    assert_eq!(info["schwabClientChannel"], "N9");
    assert_eq!(info["schwabClientFunctionId"], "APIAPP");
    assert_eq!(body["accounts"].as_array().unwrap().len(), 2);
    assert_eq!(body["offers"][0]["mktDataPermission"], "NP");
}

#[tokio::test(start_paused = true)]
async fn quotes_name_what_nobody_knows_beside_what_is_known() {
    let far = far(Options::default()).await;
    let body = far
        .data("quotes?symbols=AAPL,BRK%2FB,NOSUCH&fields=quote,reference")
        .await
        .body;
    assert_eq!(body["errors"]["invalidSymbols"], json!(["NOSUCH"]));
    let apple = &body["AAPL"];
    assert_eq!(
        (&apple["assetMainType"], &apple["quoteType"]),
        (&json!("EQUITY"), &json!("NBBO"))
    );
    let quote = &apple["quote"];
    assert!(quote["bidPrice"].as_f64().unwrap() < quote["askPrice"].as_f64().unwrap());
    assert!(quote["quoteTime"].is_i64() && quote["totalVolume"].is_u64());
    assert_eq!(apple["reference"]["exchangeName"], "NASDAQ");
    assert!(apple.get("fundamental").is_none(), "nobody asked");
    assert!(body["BRK/B"]["quote"].is_object());
    assert_eq!(
        far.data("BRK%2FB/quotes").await.body["BRK/B"]["symbol"],
        "BRK/B"
    );
    let unknown = far.data("NOSUCH/quotes").await;
    assert_eq!(
        (unknown.status, &unknown.body["errors"][0]["status"]),
        (404, &json!(404))
    );
    let none = far.data("quotes").await;
    assert_eq!(
        (none.status, &none.body["errors"][0]["status"]),
        (400, &json!("400"))
    );
    let many = vec!["AAPL"; 501].join(",");
    assert_eq!(
        far.data(&format!("quotes?symbols={many}")).await.status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn candles_come_in_the_allowed_combinations() {
    let far = far(Options::default()).await;
    for (query, status) in [
        ("", 200),
        (
            "&periodType=day&period=5&frequencyType=minute&frequency=15",
            200,
        ),
        ("&periodType=year&period=1&frequencyType=daily", 200),
        ("&periodType=ytd&frequencyType=weekly", 200),
        ("&periodType=day&frequencyType=daily", 400),
        ("&periodType=month&frequencyType=minute", 400),
        ("&periodType=day&period=6", 400),
        ("&frequencyType=minute&frequency=3", 400),
        ("&periodType=fortnight", 400),
        ("&startDate=1800000000000&endDate=1700000000000", 400),
    ] {
        let answer = far.data(&format!("pricehistory?symbol=AAPL{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.raw);
        if status == 200 {
            let candles = answer.body["candles"].as_array().unwrap();
            assert!(
                !candles.is_empty() && answer.body["empty"] == json!(false),
                "{query}"
            );
            let times = candles
                .iter()
                .map(|candle| candle["datetime"].as_i64().unwrap());
            assert!(times.is_sorted(), "{query}");
        }
    }
    let path = "pricehistory?symbol=AAPL&periodType=month&needPreviousClose=true";
    assert!(far.data(path).await.body["previousClose"].is_f64());
    assert_eq!(far.data("pricehistory?symbol=NOSUCH").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn markets_have_their_hours_and_holidays() {
    let far = far(Options::default()).await;
    let today = far.data("markets?markets=equity,option").await.body;
    let hours = &today["equity"]["EQ"]["sessionHours"];
    let regular = json!([{
        "start": "2026-11-24T09:30:00-05:00", "end": "2026-11-24T16:00:00-05:00",
    }]);
    assert_eq!(hours["regularMarket"], regular);
    assert!(hours["preMarket"].is_array() && today["option"]["EQO"]["isOpen"] == json!(true));
    let holiday = far.data("markets/equity?date=2026-11-26").await.body;
    assert_eq!(holiday["equity"]["EQ"]["isOpen"], json!(false));
    assert_eq!(far.data("markets?markets=cheese").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn instruments_are_found_by_symbol_name_and_number() {
    let far = far(Options::default()).await;
    for (query, found) in [
        ("symbol=AAPL&projection=symbol-search", true),
        ("symbol=AA.*&projection=symbol-regex", true),
        ("symbol=apple&projection=desc-search", true),
        ("symbol=CHEESE&projection=symbol-search", false),
    ] {
        let body = far.data(&format!("instruments?{query}")).await.body;
        let rows = body["instruments"].as_array().unwrap();
        let has = rows.iter().any(|row| row["symbol"] == "AAPL");
        assert_eq!(has, found, "{query}");
    }
    let apple = far
        .data("instruments?symbol=AAPL&projection=fundamental")
        .await
        .body;
    let apple = &apple["instruments"][0];
    assert!(apple["fundamental"]["high52"].is_f64());
    let number = apple["cusip"].as_str().unwrap();
    let same = far.data(&format!("instruments/{number}")).await.body;
    assert_eq!(same["instruments"][0]["symbol"], "AAPL");
    assert_eq!(far.data("instruments/000000000").await.status, 404);
    assert_eq!(
        far.data("instruments?symbol=AAPL&projection=smell")
            .await
            .status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn a_minute_has_its_allowance() {
    let far = far(Options {
        requests_a_minute: 3,
        ..Options::default()
    })
    .await;
    assert_eq!(far.trader("accounts").await.status, 200);
    assert_eq!(far.data("quotes?symbols=AAPL").await.status, 200);
    let busy = far.trader("accounts").await;
    assert_eq!(busy.status, 429);
    assert!(busy.body["fault"]["faultstring"].is_string());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(far.trader("accounts").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_given_a_name() {
    let far = far(Options::default()).await;
    let headers = format!(
        "Authorization: Bearer {}\r\nSchwab-Client-CorrelId: mine\r\n",
        far.token
    );
    let answer = far
        .raw("GET", "/trader/v1/accounts", &headers, "")
        .await
        .unwrap();
    assert!(
        answer.head.contains("schwab-client-correlid: mine"),
        "{}",
        answer.head
    );
    assert!(answer.head.contains("date: Tue, 24 Nov 2026 15:00:00 GMT"));
    assert_eq!(far.trader("nowhere").await.status, 404);
    assert_eq!(far.call("GET", "/elsewhere", "").await.status, 404);
}
