//! Orders read page by page.

use super::*;

fn row(index: usize, status: &str, submitted: &str) -> String {
    format!(
        r#"{{"id":"v{index}","client_order_id":"c{index}","symbol":"AAPL","side":"buy","qty":"1","type":"market",
            "time_in_force":"day","status":"{status}","created_at":"{submitted}","submitted_at":"{submitted}"}}"#
    )
}

fn page(rows: &[String]) -> Outcome {
    status(200, &format!("[{}]", rows.join(",")))
}

#[tokio::test]
async fn orders_are_read_page_by_page_and_none_is_lost_or_counted_twice() {
    let time = |index: usize| format!("2026-11-{:02}T10:00:00.5Z", 23 - index / 100);
    let rows: Vec<String> = (0..1_100)
        .map(|index| row(index, "filled", &time(index)))
        .collect();
    // Each page begins a moment after the end of the one before, so rows of the same instant come twice.
    let rig = paper(vec![
        page(&[]),
        page(&rows[..500]),
        page(&rows[400..900]),
        page(&rows[800..]),
    ]);
    let since = at("2026-11-01T00:00:00Z");
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), since)
        .await
        .unwrap();
    assert_eq!(orders.len(), 1_100);
    let sent = rig.sent();
    let base = "GET paper-api.alpaca.markets/v2/orders?status";
    let end = "limit=500&direction=desc&nested=true";
    assert_eq!(sent[0], format!("{base}=open&{end}"));
    assert_eq!(
        sent[1],
        format!("{base}=closed&{end}&after=2026-11-01T00%3A00%3A00Z")
    );
    assert_eq!(
        sent[2],
        format!("{}&until=2026-11-19T10%3A00%3A00.501Z", sent[1])
    );
    assert_eq!(
        sent[3],
        format!("{}&until=2026-11-15T10%3A00%3A00.501Z", sent[1])
    );
}

#[tokio::test]
async fn an_order_that_ended_outside_the_span_is_looked_up() {
    let old = row(1, "new", "2026-01-01T00:00:00Z");
    let ended = old.replace(r#""new""#, r#""filled""#);
    let rig = paper(vec![
        page(&[old]),
        page(&[]),
        page(&[]),
        page(&[]),
        status(200, &ended),
        page(&[]),
        page(&[]),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (id, since) = (account_id(), at("2026-11-16T00:00:00Z"));
    assert_eq!(
        orders.list(&id, since).await.unwrap()[0].state,
        OrderState::Working
    );
    let second = orders.list(&id, since).await.unwrap();
    assert_eq!(second[0].state, OrderState::Filled);
    assert_eq!(
        rig.sent()[4],
        "GET paper-api.alpaca.markets/v2/orders/v1?nested=true"
    );
    assert_eq!(orders.list(&id, since).await.unwrap(), [], "and only once");
}

#[tokio::test]
async fn what_ends_between_the_two_readings_counts_as_ended() {
    let (open, ended) = (
        row(1, "new", "2026-11-20T00:00:00Z"),
        row(1, "canceled", "2026-11-20T00:00:00Z"),
    );
    let rig = paper(vec![page(&[open]), page(&[ended])]);
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), Timestamp::EPOCH)
        .await
        .unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].state, OrderState::Cancelled);
}

#[tokio::test]
async fn a_bracket_is_flattened_and_a_bad_row_costs_one_row() {
    let list = format!(r#"[{},{{"id":"x"}}]"#, fixture("order_bracket"));
    let rig = paper(vec![status(200, &list), page(&[])]);
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), Timestamp::EPOCH)
        .await
        .unwrap();
    assert_eq!(orders.len(), 3);
    let head = orders.iter().find(|order| order.parent.is_none()).unwrap();
    let price = |text: &str| text.parse().unwrap();
    let stop_loss = StopLoss {
        stop: price("140"),
        limit: None,
    };
    assert_eq!(
        head.draft.exits,
        Exits::Bracket {
            take_profit: price("170"),
            stop_loss
        }
    );
    assert_eq!(
        orders
            .iter()
            .filter(|order| order.parent == head.provider_id)
            .count(),
        2
    );
    assert_eq!(rig.provider.meter().unreadable, 1);
}
