use super::*;
use crate::domain::{Order, OrderState};

const SINCE: &str = "2026-11-16T12:00:00Z";

async fn list(rig: &Rig) -> Vec<Order> {
    let orders = rig.provider.orders().unwrap();
    orders.list(&account_id(), at(SINCE)).await.unwrap()
}

fn array(names: &[&str]) -> String {
    let rows: Vec<String> = names.iter().map(|name| fixture(name)).collect();
    format!("[{}]", rows.join(","))
}

fn working() -> String {
    fixture("order_cancelled").replace("CANCELED", "WORKING")
}

#[tokio::test]
async fn orders_of_the_past_year_are_read_once_and_then_new_ones_and_old_ones_that_worked() {
    let rig = rig(vec![
        ok("account_numbers"),
        status(200, &format!("[{}]", working())),
        status(200, "[]"),
        ok("order_cancelled"),
        status(200, "[]"),
    ]);
    let first = list(&rig).await;
    assert_eq!(first[0].state, OrderState::Working);
    assert_eq!(
        list(&rig).await,
        [],
        "it ended long before the span asked for"
    );
    assert_eq!(list(&rig).await, []);
    let query = |from: &str| {
        format!(
            "GET /trader/v1/accounts/HASH/orders?fromEnteredTime={from}%3A00.000Z&toEnteredTime=2026-11-23T12%3A01%3A00.000Z&maxResults=3000"
        )
    };
    assert_eq!(
        rig.sent()[1..],
        [
            query("2025-11-24T12%3A01"),
            query("2026-11-16T12%3A00"),
            "GET /trader/v1/accounts/HASH/orders/1004988000001".to_owned(),
            query("2026-11-16T12%3A00"),
        ]
    );
}

#[tokio::test]
async fn an_old_order_that_cannot_be_asked_for_now_is_asked_for_again() {
    let rig = rig(vec![
        ok("account_numbers"),
        status(200, &format!("[{}]", working())),
        status(200, "[]"),
        status(404, "{}"),
        status(200, "[]"),
        status(200, &working()),
    ]);
    list(&rig).await;
    assert_eq!(list(&rig).await, []);
    assert_eq!(list(&rig).await.len(), 1);
}

#[tokio::test]
async fn what_ended_long_ago_is_not_listed_and_a_bracket_comes_whole() {
    let names = [
        "order_cancelled",
        "order_filled",
        "order_bracket",
        "order_spread",
    ];
    let rig = rig(vec![ok("account_numbers"), status(200, &array(&names))]);
    let orders = list(&rig).await;
    let ids: Vec<&str> = orders.iter().map(|order| order.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "1004988000010",
            "1004988000012",
            "1004988000013",
            "1004988000020"
        ]
    );
    assert_eq!(orders[1].parent.as_ref().unwrap().as_str(), "1004988000010");
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn a_full_window_of_orders_is_cut_in_two() {
    let row = working();
    let full = format!("[{}]", vec![row.as_str(); 3_000].join(","));
    let rig = rig(vec![
        ok("account_numbers"),
        status(200, &full),
        status(200, "[]"),
        status(200, &array(&["order_bracket"])),
    ]);
    let orders = list(&rig).await;
    assert_eq!(orders.len(), 4, "each once");
    let sent = rig.sent();
    assert!(
        sent[2].contains("fromEnteredTime=2026-05-25T12%3A01%3A00.000Z"),
        "{sent:?}"
    );
    assert!(
        sent[3].contains("toEnteredTime=2026-05-25T12%3A01%3A00.000Z"),
        "{sent:?}"
    );
}

#[tokio::test]
async fn one_bad_order_costs_one_row() {
    let rows = format!("[{{\"orderId\":7}},{}]", working());
    let rig = rig(vec![ok("account_numbers"), status(200, &rows)]);
    assert_eq!(list(&rig).await.len(), 1);
    let meter = rig.provider.meter();
    assert_eq!(meter.unreadable, 1);
    assert_eq!(
        meter.unreadable_at.unwrap().as_str(),
        "orders, row 1: the leg of an order is missing or cannot be read"
    );
}

#[tokio::test]
async fn an_order_is_looked_up_by_its_number_and_by_nothing_else() {
    let rig = rig(vec![
        ok("account_numbers"),
        ok("order_filled"),
        status(404, r#"{"message":"no such order"}"#),
        status(404, "<html>"),
    ]);
    let orders = rig.provider.orders().unwrap();
    let id = account_id();
    let found = orders.by_client_id(&id, "1004988000002").await.unwrap();
    assert_eq!(found.unwrap().state, OrderState::Filled);
    assert_eq!(orders.by_client_id(&id, "1").await.unwrap(), None);
    let page = orders.by_client_id(&id, "1").await.unwrap_err();
    assert!(matches!(page, ProviderError::NotFound { .. }), "{page:?}");
    let ours = orders.by_client_id(&id, "5f1c-uuid").await.unwrap_err();
    assert!(matches!(ours, ProviderError::Refused { .. }), "{ours:?}");
}

#[tokio::test]
async fn nothing_of_an_order_leaves() {
    let rig = rig(Vec::new());
    let orders = rig.provider.orders().unwrap();
    let cancel = orders.cancel(&account_id(), "1").await.unwrap_err();
    let all = orders.cancel_all(&account_id()).await.unwrap_err();
    for error in [cancel, all] {
        assert!(matches!(error, ProviderError::Refused { .. }), "{error:?}");
    }
    assert_eq!(rig.sent(), [""; 0]);
}
