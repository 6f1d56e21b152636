//! Streams that talk nonsense, break or fall silent: what cannot be read is counted, what is broken is connected again.

use super::super::deck::{Deck, connection, feed, held, says};
use super::{brisk, each, each_on};
use futures_util::{SinkExt, StreamExt};
use rust_decimal::Decimal;
use tokio_tungstenite::tungstenite::Message;
use tradedeck::domain::{ClientOrderId, OrderState, Symbol, Timestamp};
use tradedeck::link::{Replica, Request};
use tradedeck::sim::alpaca::ReadyCustomer;

/// What a stream may say that nobody can read, and words of the sentence about it.
const NONSENSE: [(&str, &str); 5] = [
    ("unknown-type", "a message of unknown kind zz"),
    ("bad-json", "a frame of market data"),
    ("html", "a frame of market data"),
    ("wrong-type", "a frame of market data"),
    ("empty", "a frame of market data"),
];

/// What ends a socket, and words of why.
const BREAKS: [(&str, &str); 4] = [
    ("drop", "closed"),
    ("huge", "is larger than"),
    ("invalid-utf8", "does not speak the protocol"),
    ("fragments", "fragments"),
];

/// A deck that watches a few symbols and has heard of them.
async fn watching() -> Deck {
    let mut deck = Deck::connected(brisk()).await;
    watch(&deck);
    flows(&mut deck, "the start").await;
    deck
}

fn watch(deck: &Deck) {
    let symbols = ["AAPL", "MSFT", "NVDA", "SPY", "QQQ", "KO"].map(Symbol::new);
    deck.request(Request::Watch {
        symbols: symbols.into(),
    });
}

/// When anything of the market was heard last.
fn heard(replica: &Replica) -> Option<Timestamp> {
    let received = replica.quotes.values().filter_map(|line| line.received);
    received.max()
}

/// Waits until the stream says something, and goes on: one reading of what is newest comes by request.
async fn flows(deck: &mut Deck, what: &str) {
    deck.until(&format!("quotes are live after {what}"), |replica| {
        feed(replica, "quotes").live
    })
    .await;
    for _ in 0..3 {
        let before = heard(&deck.replica);
        deck.until(&format!("quotes flow after {what}"), |replica| {
            heard(replica) > before
        })
        .await;
    }
}

async fn beside<Case>(cases: &[Case], check: impl AsyncFn(Deck, &Case)) {
    each_on(cases, watching, check).await;
}

#[tokio::test]
async fn messages_that_cannot_be_read_are_counted_and_the_rest_goes_on() {
    beside(&NONSENSE, async |mut deck, (fault, words)| {
        deck.cue(&format!("data_stream.message:{fault}:2"));
        deck.until(fault, |replica| {
            let quotes = feed(replica, "quotes");
            quotes.garbled > 0 && says(replica, words)
        })
        .await;
        flows(&mut deck, fault).await;
        assert_eq!(feed(&deck.replica, "quotes").reconnects, 0, "{fault}");
    })
    .await;
}

#[tokio::test]
async fn a_broken_market_stream_is_connected_again() {
    beside(&BREAKS, async |mut deck, (fault, words)| {
        deck.cue(&format!("data_stream.message:{fault}:1"));
        deck.until(fault, |replica| says(replica, words)).await;
        deck.until_live().await;
        assert_eq!(feed(&deck.replica, "quotes").reconnects, 1, "{fault}");
        flows(&mut deck, fault).await;
    })
    .await;
}

#[tokio::test]
async fn a_market_stream_that_hangs_is_given_up_for_another() {
    let steps = ["auth", "subscription", "message"];
    beside(&steps, async |mut deck, step| {
        let connects = deck.sim.faults().seen("data_stream", "connect");
        deck.cue(&format!(
            "data_stream.message:drop,data_stream.{step}:half-open"
        ));
        deck.until_both(step, |replica, sim| {
            says(replica, "quotes: silent for")
                && sim.faults().seen("data_stream", "connect") >= connects + 2
        })
        .await;
        deck.until_live().await;
        flows(&mut deck, step).await;
    })
    .await;
}

#[tokio::test]
async fn a_broken_order_stream_is_connected_again_and_everything_read() {
    let nonsense = NONSENSE.map(|(fault, _)| (fault, false));
    let breaks = BREAKS.map(|(fault, _)| (fault, true));
    let cases = [&nonsense[..], &breaks[..], &[("half-open", true)]].concat();
    each(&cases, async |mut deck, (fault, breaks)| {
        let before = held(&deck.replica, "MSFT");
        deck.cue(&format!("trading_stream.message:{fault}:1"));
        let id = ClientOrderId::from_random([50; 16]);
        deck.request(Request::PlaceOrder {
            id: id.clone(),
            draft: deck.buy("MSFT"),
        });
        deck.until(fault, |replica| {
            let order = replica.orders.get(&id);
            order.is_some_and(|order| order.state == OrderState::Filled)
                && held(replica, "MSFT") == before + Decimal::from(3)
        })
        .await;
        deck.until_live().await;
        let orders = feed(&deck.replica, "orders");
        assert_eq!(orders.reconnects, u32::from(*breaks), "{fault}");
        assert_eq!(orders.garbled, u64::from(!breaks), "{fault}");
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_breaks_at_any_step_of_its_log_in_is_connected_again() {
    let steps = [
        ("data_stream", "connect:drop"),
        ("data_stream", "connect:429"),
        ("data_stream", "connect:503"),
        ("data_stream", "connected:drop"),
        ("data_stream", "connected:half-open"),
        (
            "data_stream",
            "connected:bad-json,data_stream.connected:drop",
        ),
        ("data_stream", "auth:drop"),
        ("data_stream", "auth:error-404"),
        ("data_stream", "subscription:drop"),
        ("trading_stream", "connect:drop"),
        ("trading_stream", "connect:503"),
        ("trading_stream", "auth:drop"),
        ("trading_stream", "auth:half-open"),
        ("trading_stream", "auth:invalid-utf8"),
        ("trading_stream", "listening:drop"),
        ("trading_stream", "listening:half-open"),
    ];
    beside(&steps, async |mut deck, (stream, step)| {
        let faults = deck.sim.faults();
        let connects = faults.seen(stream, "connect");
        deck.cue(&format!("{stream}.message:drop,{stream}.{step}"));
        order(&deck);
        deck.until_both(&format!("{stream}.{step}"), |_, sim| {
            sim.faults().seen(stream, "connect") >= connects + 2 && sim.faults().is_quiet()
        })
        .await;
        deck.until_live().await;
        flows(&mut deck, step).await;
        order(&deck);
        deck.until(&format!("orders flow after {step}"), |replica| {
            let mine = replica
                .orders
                .values()
                .filter(|it| it.draft.symbol == Symbol::new("KO"));
            let filled = mine.filter(|it| it.state == OrderState::Filled);
            filled.count() >= 2
        })
        .await;
    })
    .await;
}

/// Gives the order stream something to say.
fn order(deck: &Deck) {
    let number = u8::try_from(deck.sim.faults().seen("orders", "post")).unwrap();
    deck.request(Request::PlaceOrder {
        id: ClientOrderId::from_random([60 + number; 16]),
        draft: deck.buy("KO"),
    });
}

#[tokio::test]
async fn a_stream_that_gave_up_is_connected_again_when_the_person_asks() {
    let refusals = [
        (
            "data_stream",
            "quotes",
            "auth:error-402",
            "check the API keys",
        ),
        (
            "data_stream",
            "quotes",
            "auth:error-409",
            "does not include this feed",
        ),
        (
            "data_stream",
            "quotes",
            "connect:403",
            "refused with status 403",
        ),
        (
            "trading_stream",
            "orders",
            "connect:401",
            "refused with status 401",
        ),
    ];
    beside(
        &refusals,
        async |mut deck, (stream, name, refusal, words)| {
            deck.cue(&format!("{stream}.message:drop,{stream}.{refusal}"));
            order(&deck);
            deck.until(refusal, |replica| {
                let feed = feed(replica, name);
                let why = feed.problem.as_ref();
                !feed.live && why.is_some_and(|why| why.as_str().contains(words))
            })
            .await;
            deck.until("it gave up", |replica| {
                says(replica, "gave up; press c to connect again")
            })
            .await;
            let connection = connection(&deck.replica).id.clone();
            deck.request(Request::Connect { connection });
            deck.until_live().await;
            flows(&mut deck, refusal).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_second_program_on_the_one_data_connection_is_named_and_outlasted() {
    let mut deck = Deck::without_vault(brisk()).await;
    deck.create_vault().await;
    let customer = deck.customer(true);
    let other = log_in(&deck.sim.ready.data_stream, &customer).await;
    deck.add(&customer, tradedeck::domain::Environment::Paper)
        .await;
    deck.until("the other program is named", |replica| {
        says(replica, "another program uses the one data connection")
    })
    .await;
    drop(other);
    watch(&deck);
    deck.until_live().await;
    flows(&mut deck, "the other program").await;
}

type Client = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// Another program that logs in to the data stream.
async fn log_in(address: &str, customer: &ReadyCustomer) -> Client {
    let host = address.trim_start_matches("ws://").split('/').next();
    let stream = tokio::net::TcpStream::connect(host.unwrap()).await.unwrap();
    let (mut client, _) = tokio_tungstenite::client_async(address, stream)
        .await
        .unwrap();
    let (key, secret) = (&customer.key, &customer.secret);
    let auth = serde_json::json!({"action": "auth", "key": key, "secret": secret});
    client.send(Message::text(auth.to_string())).await.unwrap();
    for expected in ["connected", "authenticated"] {
        let said = client.next().await.unwrap().unwrap();
        assert!(said.to_text().unwrap().contains(expected), "{said}");
    }
    client
}
