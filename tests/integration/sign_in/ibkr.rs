//! A gateway's life: its certificate confirmed, somebody logged in, an order with its questions, sessions that end and
//! begin again, a log-in that ran out, another program that takes the trading session.

use super::desk::{Desk, Heard, NAME, Sim, is_live, wants_sign_in};
use http::Method;
use rust_decimal::Decimal;
use secrecy::SecretString;
use tradedeck::domain::order::Said;
use tradedeck::domain::{
    AssetClass, ClientOrderId, ConnectionId, Environment, Exits, Mode, Order, OrderDraft,
    OrderKind, OrderSize, OrderState, Price, ProviderId, Quantity, Side, Symbol, TimeInForce,
};
use tradedeck::link::{Addition, ConnectionState, FINGERPRINT, Replica, Request, SecretRequest};
use tradedeck::net::http::Request as Call;
use tradedeck::net::rate_limit::Purpose;
use tradedeck::net::tls::pinned::{self, Pinned};
use tradedeck::net::transport::{Patience, Transport, WebTransport};
use tradedeck::sim::ibkr::Running;

const ORDER: [u8; 16] = [7; 16];

fn sim(desk: &Desk) -> &Running {
    match &desk.sim {
        Sim::Ibkr(sim) => sim,
        Sim::Tastytrade(_) | Sim::Alpaca(_) => panic!("another broker"),
    }
}

/// What the person does in the browser.
async fn log_in(desk: &Desk, login: &str) {
    let page: url::Url = sim(desk).ready.gateway_login.parse().unwrap();
    let seen = pinned::look_up(&page).await.unwrap();
    let browser = Pinned::new(&page, seen).unwrap();
    let browser = WebTransport::pinned(Patience::default(), browser).unwrap();
    let mut call = Call::new(Method::POST, page, Purpose::Order);
    let form = format!("user={login}");
    call.body = Some(("application/x-www-form-urlencoded", form.into()));
    assert_eq!(browser.send(&call).await.unwrap().status, 200);
}

fn add(fingerprint: Option<&str>, environment: Environment) -> SecretRequest {
    let confirmed = fingerprint.map(|it| (FINGERPRINT.to_owned(), SecretString::from(it)));
    SecretRequest::AddConnection {
        name: Some(ConnectionId::new(NAME)),
        provider: ProviderId::new("ibkr"),
        environment,
        way: "gateway".into(),
        secrets: confirmed.into_iter().collect(),
    }
}

async fn came(desk: &mut Desk) -> Addition {
    match desk.hear().await {
        Heard::Came(addition) => addition,
        Heard::Waiting(address) => panic!("no browser is sent to {address}"),
    }
}

/// The certificate that the person is asked about.
async fn shown(desk: &mut Desk) -> String {
    desk.secret(add(None, Environment::Paper));
    let Addition::Certificate {
        address,
        fingerprint,
    } = came(desk).await
    else {
        panic!("the person is asked first");
    };
    assert!(sim(desk).ready.gateway.starts_with(address.as_str()));
    fingerprint.to_string()
}

async fn connected() -> Desk {
    let mut desk = Desk::at_ibkr().await;
    log_in(&desk, "ada").await;
    let fingerprint = shown(&mut desk).await;
    desk.secret(add(Some(&fingerprint), Environment::Paper));
    let addition = came(&mut desk).await;
    let Addition::Added { accounts, .. } = &addition else {
        panic!("{addition:?}");
    };
    assert_eq!(accounts.len(), 2);
    desk.until("everything was read", is_live).await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_confirmed_first_and_another_is_refused() {
    let mut desk = Desk::at_ibkr().await;
    log_in(&desk, "ada").await;
    let fingerprint = shown(&mut desk).await;
    let other = "5a".repeat(32);
    desk.secret(add(Some(&other), Environment::Paper));
    let Addition::Failed { why } = came(&mut desk).await else {
        panic!("it has another one");
    };
    assert!(why.as_str().contains(&fingerprint), "{why}");
    desk.secret(add(Some("no fingerprint"), Environment::Paper));
    assert!(matches!(came(&mut desk).await, Addition::Failed { .. }));
    desk.secret(add(Some(&fingerprint), Environment::Live));
    let Addition::Refused { why } = came(&mut desk).await else {
        panic!("paper is not live");
    };
    assert!(why.as_str().contains("paper"), "{why}");
    assert!(desk.replica.connections.is_empty());
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_logged_in_is_said_and_nothing_is_kept() {
    let mut desk = Desk::at_ibkr().await;
    let fingerprint = shown(&mut desk).await;
    desk.secret(add(Some(&fingerprint), Environment::Paper));
    let Addition::Failed { why } = came(&mut desk).await else {
        panic!("nobody is logged in");
    };
    assert!(
        why.as_str()
            .contains("in a browser on this machine and log in"),
        "{why}"
    );
    assert!(desk.replica.connections.is_empty());
    desk.stop().await;
}

fn order(replica: &Replica) -> Option<&Order> {
    replica.orders.get(&ClientOrderId::from_random(ORDER))
}

/// One share at a tenth of its price: nobody sells it so.
fn far_away(replica: &Replica) -> Request {
    let account = replica.accounts.keys().next().unwrap().clone();
    Request::PlaceOrder {
        id: ClientOrderId::from_random(ORDER),
        draft: OrderDraft {
            account,
            mode: Mode::Paper,
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity(Quantity(Decimal::ONE)),
            kind: OrderKind::Limit {
                limit: Price(Decimal::TEN),
            },
            time_in_force: TimeInForce::GoodTilCancelled,
            extended_hours: false,
            exits: Exits::None,
        },
    }
}

async fn answer(desk: &mut Desk, said: Said) -> bool {
    desk.until("the venue asks, or has it", |replica| {
        order(replica).is_some_and(|order| {
            order.question().is_some()
                || matches!(order.state, OrderState::Accepted | OrderState::Working)
                || order.state.is_final()
        })
    })
    .await;
    let Some(question) = order(&desk.replica).and_then(Order::question) else {
        return false;
    };
    let question = question.id().into();
    desk.request(Request::Answer {
        id: ClientOrderId::from_random(ORDER),
        question,
        said,
    });
    desk.until("it was said", |replica| {
        order(replica).is_some_and(|order| order.question().is_none())
    })
    .await;
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_after_its_questions_heard_of_and_cancelled() {
    let mut desk = connected().await;
    desk.until("the stream is live", |replica| {
        replica.connections.values().any(|it| it.feeds[0].live)
    })
    .await;
    desk.request(far_away(&desk.replica));
    let mut asked = 0;
    while answer(&mut desk, Said::Yes).await {
        asked += 1;
    }
    assert!(asked >= 1, "a price so far away is asked about");
    desk.until("it works", |replica| {
        order(replica).is_some_and(|order| order.state == OrderState::Working)
    })
    .await;
    desk.request(Request::CancelOrder {
        id: ClientOrderId::from_random(ORDER),
    });
    desk.until("the stream tells that it is cancelled", |replica| {
        order(replica).is_some_and(|order| order.state == OrderState::Cancelled)
    })
    .await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_no_places_nothing() {
    let mut desk = connected().await;
    desk.request(far_away(&desk.replica));
    assert!(answer(&mut desk, Said::No).await);
    desk.until("it is over", |replica| {
        order(replica).is_some_and(|order| order.state.is_final())
    })
    .await;
    let state = &order(&desk.replica).unwrap().state;
    assert!(matches!(state, OrderState::Rejected { .. }), "{state:?}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trading_session_that_ended_is_begun_again_by_itself() {
    let mut desk = connected().await;
    // Longer than the trading session stands silence, and shorter than the log-in does.
    desk.pass(8 * 60).await;
    desk.until("it is live again", is_live).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_that_ran_out_is_waited_for_and_what_was_known_stays() {
    let mut desk = connected().await;
    let positions = desk.replica.positions.len();
    desk.pass(24 * 60 * 60).await;
    desk.until("it waits for the person", wants_sign_in).await;
    assert_eq!(desk.replica.positions.len(), positions);
    let ConnectionState::NeedsSignIn { why } = &desk.connection().state else {
        panic!("{:?}", desk.connection().state);
    };
    assert!(why.as_str().contains("log in"), "{why}");
    log_in(&desk, "ada").await;
    // Nobody asks for it: it is looked again after a while.
    desk.until("it goes on by itself", is_live).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_that_takes_the_session_is_shown_and_left_alone() {
    let mut desk = connected().await;
    sim(&desk).simulator.take_session("ada");
    desk.request(Request::Refresh { connection: None });
    desk.until("it is said", |replica| {
        replica.connections.values().any(|it| {
            matches!(&it.state, ConnectionState::Retrying { why, .. } if why.as_str().contains("another program"))
        })
    })
    .await;
    assert!(!desk.replica.positions.is_empty());
    desk.secret(SecretRequest::RemoveConnection {
        connection: ConnectionId::new(NAME),
    });
    desk.until("it is gone", |replica| replica.connections.is_empty())
        .await;
    desk.stop().await;
}
