//! A connection's life where a token lasts until it is taken back: nothing is renewed, and the person signs in again.

use super::desk::{Desk, Heard, NAME, is_live, is_open, wants_sign_in};
use rust_decimal::Decimal;
use tradedeck::domain::{
    AssetClass, ClientOrderId, ConnectionId, Exits, Mode, OrderDraft, OrderKind, OrderSize,
    OrderState, Quantity, Side, Symbol, TimeInForce,
};
use tradedeck::link::{Addition, Replica, Request, SecretRequest, SignInRequest};

fn again() -> SignInRequest {
    SignInRequest::Again {
        connection: ConnectionId::new(NAME),
    }
}

async fn signed_in() -> Desk {
    let mut desk = Desk::at_alpaca().await;
    let request = desk.new_by_code();
    let came = desk.sign_in(request).await;
    assert!(matches!(came, Addition::Added { .. }), "{came:?}");
    desk.until("everything was read", is_live).await;
    desk
}

fn hears_of_orders(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    connections.any(|it| it.feeds[1].live)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_by_browser_and_their_orders_are_heard_of() {
    let mut desk = signed_in().await;
    assert_eq!(desk.replica.accounts.len(), 1);
    assert_eq!(desk.auth().counts().exchanges, 1);
    assert!(desk.connection().by_browser);
    assert_eq!(desk.connection().session_until, None);
    desk.until("events of orders come", hears_of_orders).await;
    let account = desk.replica.accounts.keys().next().unwrap().clone();
    desk.request(Request::PlaceOrder {
        id: ClientOrderId::from_random([7; 16]),
        draft: OrderDraft {
            account,
            mode: Mode::Paper,
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity(Quantity(Decimal::ONE)),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        },
    });
    desk.until("it is filled", |replica| {
        let order = replica.orders.get(&ClientOrderId::from_random([7; 16]));
        order.is_some_and(|order| order.state == OrderState::Filled)
    })
    .await;
    desk.stop().await;
}

/// What there is not is said where people look for it, and does not make the connection a bad one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_live_prices_need_keys_is_said() {
    let mut desk = signed_in().await;
    desk.until("why there are none is known", |replica| {
        let mut connections = replica.connections.values();
        connections.any(|it| {
            let problem = it.feeds[0].problem.as_ref();
            problem.is_some_and(|why| why.as_str().contains("API keys"))
        })
    })
    .await;
    assert!(!desk.connection().feeds[0].live);
    assert!(is_live(&desk.replica));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_by_a_pasted_address() {
    let mut desk = Desk::at_alpaca().await;
    let request = desk.new_by_code();
    desk.secret(SecretRequest::SignIn(request));
    let Heard::Waiting(address) = desk.hear().await else {
        panic!("it waits for the browser");
    };
    let asked: Vec<_> = address.query_pairs().into_owned().collect();
    for (name, value) in [
        ("env", "paper"),
        ("response_type", "code"),
        ("scope", "account:write trading data"),
    ] {
        assert!(asked.contains(&(name.into(), value.into())), "{asked:?}");
    }
    assert!(!asked.iter().any(|(name, _)| name == "code_challenge"));
    let (_, back) = super::browse(&address).await;
    let address = back.unwrap().to_string().into();
    desk.secret(SecretRequest::SignIn(SignInRequest::Pasted { address }));
    assert!(matches!(
        desk.hear().await,
        Heard::Came(Addition::Added { .. })
    ));
    desk.until("everything was read", is_live).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_taken_back_asks_for_the_person_who_signs_in_again_and_disconnects() {
    let mut desk = signed_in().await;
    desk.auth().withdraw(&desk.sim.login());
    desk.request(Request::Refresh { connection: None });
    desk.until("it wants a sign-in", wants_sign_in).await;
    assert!(!desk.replica.positions.is_empty(), "what was known stays");

    let came = desk.sign_in(again()).await;
    assert!(matches!(came, Addition::Added { .. }), "{came:?}");
    desk.until("it is live again", is_live).await;
    desk.until("events of orders come", hears_of_orders).await;
    let counts = desk.auth().counts();
    assert_eq!((counts.exchanges, counts.refreshes), (2, 0));

    desk.secret(SecretRequest::RemoveConnection {
        connection: ConnectionId::new(NAME),
    });
    desk.until("it is gone", |replica| replica.connections.is_empty())
        .await;
    desk.stop().await;
}

/// The token alone is all there is, so it has to be among what was sealed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_outlives_a_lock() {
    let mut desk = signed_in().await;
    desk.request(Request::Lock);
    desk.until("it is locked", |replica| !is_open(replica))
        .await;
    let passphrase = "correct horse battery staple".to_owned().into();
    desk.secret(SecretRequest::Unlock { passphrase });
    desk.until("it is open again", is_open).await;
    desk.until("everything was read", is_live).await;
    assert_eq!(desk.auth().counts().exchanges, 1);
    desk.stop().await;
}
