//! A far side that takes no more requests for a while: nothing is sent until it does, and that is said.

use super::super::deck::{Deck, Setup, connection, says};
use super::brisk;
use std::sync::Arc;
use std::time::Duration;
use tradedeck::domain::{ClientOrderId, Clock, OrderState, Timestamp};
use tradedeck::link::{ConnectionState, Request};
use tradedeck::net::http;
use tradedeck::net::transport::{Patience, Transport, WebTransport};
use tradedeck::runtime::clock::SystemClock;

/// The machine's clock, set so that a minute of the far side began a while ago.
struct Shifted(Duration);

impl Shifted {
    fn into_the_minute(seconds: u64) -> Arc<dyn Clock> {
        let now = u64::try_from(SystemClock.now().millis()).unwrap() % 60_000;
        let ahead = (seconds * 1_000 + 60_000 - now) % 60_000;
        Arc::new(Self(Duration::from_millis(ahead)))
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0)
    }
}

/// A deck whose far side takes a hundred requests a minute, so many seconds into one.
async fn limited(seconds: u64) -> Deck {
    let mut setup: Setup = brisk();
    setup.sim.requests_a_minute = 100;
    setup.clock = Shifted::into_the_minute(seconds);
    Deck::connected(setup).await
}

/// Another program of the same person uses up what is left of the minute.
async fn use_it_up(deck: &Deck) {
    let customer = deck.customer(true);
    let transport = WebTransport::new(Patience::default()).unwrap();
    let url = format!("{}/v2/clock", deck.sim.ready.trading)
        .parse()
        .unwrap();
    let header = |name| ::http::HeaderName::from_static(name);
    let request = http::Request::get(url)
        .header(header("apca-api-key-id"), &customer.key)
        .header(header("apca-api-secret-key"), &customer.secret);
    for _ in 0..200 {
        if transport.send(&request).await.unwrap().status == 429 {
            return;
        }
    }
    panic!("there is no limit");
}

#[tokio::test]
async fn a_minute_that_is_used_up_is_waited_for() {
    let mut deck = limited(54).await;
    let last_sync = connection(&deck.replica).last_sync;
    use_it_up(&deck).await;
    let asked = deck.sim.faults().seen("account", "get");
    deck.request(Request::Refresh { connection: None });
    deck.until_both("refused once", |_, sim| {
        sim.faults().seen("account", "get") > asked
    })
    .await;
    deck.until("read in the next minute", |replica| {
        let now = connection(replica);
        now.state == ConnectionState::Live && now.last_sync > last_sync
    })
    .await;
    let asked = deck.sim.faults().seen("account", "get") - asked;
    assert_eq!(asked, 2, "one that was refused and one that was not");
}

#[tokio::test]
async fn a_pause_without_an_end_lasts_until_the_minute_is_over() {
    let mut deck = limited(10).await;
    deck.cue("account.get:429:1");
    deck.request(Request::Refresh { connection: None });
    deck.until("the pause is said", |replica| {
        let state = &connection(replica).state;
        matches!(state, ConnectionState::Retrying { why, .. }
            if why.as_str().contains("the request budget is used up for"))
    })
    .await;
    let ConnectionState::Retrying { at, .. } = connection(&deck.replica).state else {
        panic!("{}", deck.story());
    };
    let second = at.millis() % 60_000 / 1_000;
    assert!(
        [59, 0, 1].contains(&second),
        "it ends with the minute: {at}"
    );
    let asked = deck.sim.faults().seen("account", "get");
    let id = ClientOrderId::from_random([80; 16]);
    deck.request(Request::Refresh { connection: None });
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: deck.buy("MSFT"),
    });
    deck.until("an order is not held back unseen", |replica| {
        let order = replica.orders.get(&id);
        matches!(order.map(|it| &it.state), Some(OrderState::Rejected { reason })
            if reason.as_str().contains("the request budget is used up"))
            && says(replica, "could not read accounts")
    })
    .await;
    let faults = deck.sim.faults();
    assert_eq!(faults.seen("account", "get"), asked, "nothing is sent");
    assert_eq!(faults.seen("orders", "post"), 0);
}
