//! Recorded and documented answers beside those of the simulator: the same fields. The recordings lie beside
//! the repository and not in it; without them there is nothing to compare.

use super::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Fields of the recordings that only advisers, other instruments or other clients have.
const ELSEWHERE: &[&str] = &["message", "rules"];

fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/ibkr/examples");
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/specs/ibkr/examples");
    [here, beside].into_iter().find(|folder| folder.is_dir())
}

/// A recording's body.
fn recorded(folder: &std::path::Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    match value.get("body") {
        Some(body) if value.get("request").is_some() => body.clone(),
        _ => value,
    }
}

/// The fields of an object, or of the first row of a list.
fn fields(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(rows) => rows.first().map(fields).unwrap_or_default(),
        Value::Object(object) => object.keys().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

fn missing(recorded: &Value, ours: &Value) -> Vec<String> {
    let ours = fields(ours);
    let theirs = fields(recorded).into_iter();
    theirs
        .filter(|name| !ours.contains(name) && !ELSEWHERE.contains(&name.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn answers_have_the_fields_of_the_recordings() {
    let Some(folder) = folder() else {
        println!("skipped: there are no recordings beside the repository");
        return;
    };
    let far = trading(patient()).await;
    let number = far.customer.account_number.clone();
    let of = |path: &str| path.replace("{id}", &number);
    let snapshot = "iserver/marketdata/snapshot?conids=756733&fields=31,84,86,85,88,87,70,71,82,83";
    far.data(snapshot).await;
    far.live().await;
    let id = far.placed(market(SPY, "BUY", 1)).await;
    far.wait_for(id, "Filled").await;
    let order_status = format!("iserver/account/order/status/{id}");
    let pairs = [
        ("session-GET-auth-status.json", "iserver/auth/status", ""),
        ("session-POST-tickle.json", "tickle", ""),
        ("doc-tickle-200.json", "tickle", ""),
        ("doc-tickle-200.json", "tickle", "/iserver/authStatus"),
        ("doc-sso-validate-200.json", "sso/validate", ""),
        ("accounts-GET-iserver-accounts.json", "iserver/accounts", ""),
        (
            "accounts-GET-account-summary-margins.json",
            "iserver/account/{id}/summary/margins",
            "",
        ),
        (
            "accounts-GET-account-summary-margins.json",
            "iserver/account/{id}/summary/margins",
            "/total",
        ),
        (
            "accounts-GET-account-summary-market-value.json",
            "iserver/account/{id}/summary/market_value",
            "/USD",
        ),
        (
            "portfolio-GET-portfolio-accounts.json",
            "portfolio/accounts",
            "",
        ),
        (
            "portfolio-GET-portfolio-meta.json",
            "portfolio/{id}/meta",
            "",
        ),
        (
            "portfolio-GET-portfolio-ledger.json",
            "portfolio/{id}/ledger",
            "/USD",
        ),
        (
            "portfolio-GET-portfolio-summary.json",
            "portfolio/{id}/summary",
            "",
        ),
        (
            "portfolio-GET-portfolio-summary.json",
            "portfolio/{id}/summary",
            "/netliquidation",
        ),
        (
            "portfolio-GET-portfolio-positions-page0.json",
            "portfolio/{id}/positions/0",
            "",
        ),
        (
            "portfolio-GET-portfolio-position-by-conid.json",
            "portfolio/{id}/position/756733",
            "",
        ),
        (
            "portfolio-GET-portfolio-allocation.json",
            "portfolio/{id}/allocation",
            "",
        ),
        (
            "doc-iserver-account-trades-200.json",
            "iserver/account/trades",
            "",
        ),
        (
            "orders-GET-live-orders.json",
            "iserver/account/orders",
            "/orders",
        ),
        ("orders-GET-order-status.json", order_status.as_str(), ""),
        ("doc-order-status-200.json", order_status.as_str(), ""),
        (
            "contracts-GET-contract-info.json",
            "iserver/contract/756733/info",
            "",
        ),
        (
            "contracts-GET-secdef-search.json",
            "iserver/secdef/search?symbol=SPY",
            "",
        ),
        (
            "contracts-GET-trsrv-secdef.json",
            "trsrv/secdef?conids=756733",
            "/secdef",
        ),
        (
            "contracts-GET-trsrv-stocks.json",
            "trsrv/stocks?symbols=AAPL",
            "/AAPL",
        ),
        (
            "contracts-GET-trading-schedule.json",
            "contract/trading-schedule?conid=756733",
            "",
        ),
        (
            "contracts-GET-exchangerate.json",
            "iserver/exchangerate?source=USD&target=EUR",
            "",
        ),
        ("marketdata-GET-snapshot.json", snapshot, ""),
        (
            "doc-marketdata-history-200.json",
            "iserver/marketdata/history?conid=265598&period=1d&bar=1h",
            "",
        ),
        (
            "doc-marketdata-history-200.json",
            "iserver/marketdata/history?conid=265598&period=1d&bar=1h",
            "/data",
        ),
    ];
    let mut complaints = Vec::new();
    for (name, path, part) in pairs {
        let ours = far.data(&of(path)).await;
        let theirs = recorded(&folder, name);
        let at = |value: &Value| value.pointer(part).cloned().unwrap_or(Value::Null);
        let (theirs, ours) = (at(&theirs), at(&ours));
        assert!(!fields(&theirs).is_empty(), "{name} has nothing at {part}");
        let missing = missing(&theirs, &ours);
        if !missing.is_empty() {
            complaints.push(format!("{path} {part}: {missing:?} of {name}"));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_has_them_too() {
    let Some(folder) = folder() else {
        println!("skipped: there are no recordings beside the repository");
        return;
    };
    let far = trading(patient()).await;
    let posted = async |name: &str, path: &str, body: Value| {
        let ours = far.post(path, body).await;
        assert_eq!(ours.status, 200, "{path}: {}", ours.raw);
        let missing = missing(&recorded(&folder, name), &ours.body);
        assert!(missing.is_empty(), "{path}: {missing:?} of {name}");
    };
    let publish = json!({"publish": true, "compete": true});
    posted(
        "session-POST-ssodh-init.json",
        "iserver/auth/ssodh/init",
        publish,
    )
    .await;
    let order = json!({"orders": [market(SPY, "BUY", 1)]});
    let orders = far.path("orders");
    posted(
        "orders-POST-place-order-confirmation.json",
        &orders,
        order.clone(),
    )
    .await;
    posted(
        "orders-POST-whatif-order.json",
        &far.path("orders/whatif"),
        order,
    )
    .await;
    let rules = json!({"conid": SPY, "isBuy": true});
    posted(
        "contracts-POST-contract-rules.json",
        "iserver/contract/rules",
        rules,
    )
    .await;
    let past = json!({
        "acctIds": [far.customer.account_number], "conids": [AAPL], "currency": "USD", "days": 365,
    });
    posted(
        "portfolio-POST-pa-transactions.json",
        "pa/transactions",
        past,
    )
    .await;
    let invalidate = format!(
        "portfolio/{}/positions/invalidate",
        far.customer.account_number
    );
    posted(
        "portfolio-POST-portfolio-invalidate.json",
        &invalidate,
        json!({}),
    )
    .await;
    let ids = json!({"messageIds": ["o354", "o163", "o10151"]});
    posted(
        "session-POST-suppress-reset.json",
        "iserver/questions/suppress",
        ids,
    )
    .await;
    far.percent_of(SPY, 100).await;
    let order = json!({"orders": [market(SPY, "BUY", 1)]});
    posted("orders-POST-place-order-submitted.json", &orders, order).await;
}
