//! Changes, cancels and look-ups.

use super::*;

#[tokio::test]
async fn a_change_names_its_replacement_and_only_what_changes() {
    let rig = paper(vec![ok("order_equity"), ok("order_equity")]);
    let orders = rig.provider.orders().unwrap();
    let change = OrderChange {
        quantity: Some("4".parse().unwrap()),
        limit: Some("155.00".parse().unwrap()),
        time_in_force: Some(TimeInForce::GoodTilCancelled),
        ..OrderChange::default()
    };
    let placed = orders
        .replace(&account_id(), "7b08df51", &approved_change(change))
        .await;
    assert!(matches!(placed, Placed::Accepted(order) if order.id.as_str() == OURS));
    let trail = OrderChange {
        trail: Some(TrailBy::Price("1.5".parse().unwrap())),
        ..OrderChange::default()
    };
    orders
        .replace(&account_id(), "../account", &approved_change(trail))
        .await;
    let host = "PATCH paper-api.alpaca.markets/v2/orders";
    assert_eq!(
        rig.sent(),
        [format!("{host}/7b08df51"), format!("{host}/..%2Faccount")]
    );
    assert_eq!(
        rig.body(0),
        format!(
            r#"{{"qty":"4","time_in_force":"gtc","limit_price":"155","client_order_id":"{OURS}"}}"#
        )
    );
    assert_eq!(
        rig.body(1),
        format!(r#"{{"trail":"1.5","client_order_id":"{OURS}"}}"#)
    );
    assert!(
        rig.seen
            .lock()
            .unwrap()
            .iter()
            .all(|request| request.retry == Retry::Never)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_asked_for_until_it_is_heard() {
    let rig = paper(vec![
        status(503, ""),
        status(204, ""),
        status(422, &fixture("error_422_not_cancelable")),
    ]);
    let orders = rig.provider.orders().unwrap();
    orders.cancel(&account_id(), "7b08df51").await.unwrap();
    let error = orders.cancel(&account_id(), "7b08df51").await.unwrap_err();
    assert_eq!(
        error,
        ProviderError::Refused {
            reason: "order is not cancelable".into()
        }
    );
    assert_eq!(
        rig.sent(),
        ["DELETE paper-api.alpaca.markets/v2/orders/7b08df51"; 3]
    );
}

#[tokio::test]
async fn a_cancel_of_all_tells_how_many_and_who_refused() {
    let rig = paper(vec![
        status(207, &fixture("cancel_all_207")),
        status(207, "[]"),
        status(204, ""),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (asked, refused) = orders.cancel_all(&account_id()).await.unwrap();
    assert_eq!(asked, 1);
    assert_eq!(
        refused[0].as_str(),
        "order e2f8b1a6-7c3d-4a5e-9b8f-0d1c6a4e3b72: order is not cancelable"
    );
    assert_eq!(orders.cancel_all(&account_id()).await.unwrap(), (0, vec![]));
    assert_eq!(orders.cancel_all(&account_id()).await.unwrap(), (0, vec![]));
}

#[tokio::test]
async fn a_look_up_takes_only_their_word_for_absence() {
    let rig = paper(vec![
        ok("order_equity"),
        status(404, &fixture("error_404_order")),
        status(404, "<html>not found</html>"),
        ok("order_crypto"),
    ]);
    let orders = rig.provider.orders().unwrap();
    let id = account_id();
    assert_eq!(
        orders
            .by_client_id(&id, OURS)
            .await
            .unwrap()
            .unwrap()
            .id
            .as_str(),
        OURS
    );
    assert_eq!(orders.by_client_id(&id, OURS).await.unwrap(), None);
    for _ in 0..2 {
        let error = orders.by_client_id(&id, OURS).await.unwrap_err();
        assert!(matches!(error, ProviderError::Garbled { .. }), "{error:?}");
    }
    let address =
        format!("GET paper-api.alpaca.markets/v2/orders:by_client_order_id?client_order_id={OURS}");
    assert_eq!(
        rig.sent(),
        [address.clone(), address.clone(), address.clone(), address]
    );
}
