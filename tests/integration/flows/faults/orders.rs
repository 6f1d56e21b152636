//! An order whose sending goes wrong: never a second one on the wire, and its fate is known or said to be unknown.

use super::super::deck::{Deck, held, says};
use super::each;
use rust_decimal::Decimal;
use tradedeck::domain::{
    ClientOrderId, OrderDraft, OrderKind, OrderSize, OrderState, Quantity, Symbol,
};
use tradedeck::link::{Replica, Request};
use tradedeck::sim::alpaca::Running;

/// Faults after which the venue has the order although it could not tell us so.
const LOST_ANSWERS: [&str; 11] = [
    "drop-after",
    "half-open-after",
    "500-after",
    "504-after",
    "slow-2000",
    "cut",
    "html",
    "bad-json",
    "wrong-type",
    "empty",
    "huge",
];

/// Faults after which it does not, which nobody can know here.
const LOST_ORDERS: [&str; 6] = ["drop", "half-open", "408", "500", "503", "redirect"];

fn id() -> ClientOrderId {
    ClientOrderId::from_random([40; 16])
}

fn place(deck: &Deck, draft: OrderDraft) {
    deck.request(Request::PlaceOrder { id: id(), draft });
}

fn state(replica: &Replica) -> Option<&OrderState> {
    replica.orders.get(&id()).map(|order| &order.state)
}

fn is_unknown(replica: &Replica) -> bool {
    matches!(state(replica), Some(OrderState::Unknown { .. }))
}

fn posts(sim: &Running) -> u64 {
    sim.faults().seen("orders", "post")
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_unknown_until_it_is_looked_up() {
    each(&LOST_ANSWERS, async |mut deck, fault| {
        let before = held(&deck.replica, "MSFT");
        // The event stream would tell at once; here the look-up has to.
        deck.cue("trading_stream.message:gap:*");
        deck.cue(&format!("orders.post:{fault}:1"));
        place(&deck, deck.buy("MSFT"));
        deck.until(&format!("unknown after {fault}"), is_unknown)
            .await;
        deck.until(&format!("found after {fault}"), |replica| {
            state(replica) == Some(&OrderState::Filled)
        })
        .await;
        deck.until(&format!("held after {fault}"), |replica| {
            held(replica, "MSFT") == before + Decimal::from(3)
        })
        .await;
        assert!(says(&deck.replica, "UNKNOWN"), "{fault}");
        assert_eq!(posts(&deck.sim), 1, "{fault}");
    })
    .await;
}

#[tokio::test]
async fn an_order_that_got_lost_stays_unknown_and_is_never_sent_again() {
    each(&LOST_ORDERS, async |mut deck, fault| {
        deck.cue(&format!("orders.post:{fault}:1"));
        place(&deck, deck.buy("MSFT"));
        deck.until(&format!("unknown after {fault}"), is_unknown)
            .await;
        let reads = deck.sim.faults().seen("orders", "get");
        deck.until_both(&format!("looked for twice after {fault}"), |_, sim| {
            sim.faults().seen("orders", "get") >= reads + 2
        })
        .await;
        assert!(is_unknown(&deck.replica), "{fault}");
        let again = ClientOrderId::from_random([41; 16]);
        deck.request(Request::PlaceOrder {
            id: again.clone(),
            draft: deck.buy("MSFT"),
        });
        deck.until("the same again is refused", |replica| {
            let mut refused = replica.refusals.iter();
            refused.any(|(id, why)| *id == again && why.as_str().contains("unknown fate"))
        })
        .await;
        assert_eq!(posts(&deck.sim), 1, "{fault}");
        deck.request(Request::PlaceOrder {
            id: again.clone(),
            draft: deck.buy("AAPL"),
        });
        deck.until("another symbol is not held up", |replica| {
            let order = replica.orders.get(&again);
            order.is_some_and(|order| order.state == OrderState::Filled)
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_order_is_unknown_after_a_restart_too() {
    let mut deck = Deck::connected(super::brisk()).await;
    deck.cue("orders.post:drop:1");
    place(&deck, deck.buy("MSFT"));
    deck.until("unknown", is_unknown).await;
    deck.restart().await;
    deck.unlock().await;
    deck.until_live().await;
    let reads = deck.sim.faults().seen("orders", "get");
    deck.until_both("looked for", |_, sim| {
        sim.faults().seen("orders", "get") > reads
    })
    .await;
    assert!(is_unknown(&deck.replica));
    assert_eq!(posts(&deck.sim), 1);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_venue_s_words() {
    let refusals = [
        ("400", "refused"),
        ("403", "forbidden"),
        ("404", "not found"),
        ("422", "refused"),
        ("401", "request is not authorized"),
        ("429", "the broker takes no more requests for the moment"),
    ];
    each(&refusals, async |mut deck, (status, words)| {
        deck.cue(&format!("orders.post:{status}:1"));
        place(&deck, deck.buy("MSFT"));
        rejected(&mut deck, words).await;
        assert_eq!(posts(&deck.sim), 1, "{status}");
    })
    .await;
}

#[tokio::test]
async fn what_the_venue_itself_refuses_is_told_in_its_words() {
    let too_much = OrderSize::Quantity(Quantity(Decimal::from(1_000_000)));
    let not_held = "99.99".parse().unwrap();
    let cases = [
        (
            too_much,
            OrderKind::Market,
            "MSFT",
            "insufficient buying power",
        ),
        (
            OrderSize::Quantity(Quantity(Decimal::ONE)),
            OrderKind::Limit { limit: not_held },
            "NOPE",
            "not found",
        ),
    ];
    each(&cases, async |mut deck, (size, kind, symbol, words)| {
        let draft = OrderDraft {
            size: *size,
            kind: *kind,
            symbol: Symbol::new(symbol),
            ..deck.buy(symbol)
        };
        place(&deck, draft);
        rejected(&mut deck, words).await;
        assert_eq!(posts(&deck.sim), 1, "{symbol}");
    })
    .await;
}

async fn rejected(deck: &mut Deck, words: &str) {
    deck.until(words, |replica| {
        matches!(state(replica), Some(OrderState::Rejected { reason })
            if reason.as_str().contains(words))
    })
    .await;
    let is_told = says(&deck.replica, "rejected: ") && says(&deck.replica, words);
    assert!(is_told, "{}", deck.story());
}

#[tokio::test]
async fn a_cancel_that_gets_lost_is_asked_for_again() {
    let faults = ["drop", "half-open", "500", "503", "drop-after", "504-after"];
    each(&faults, async |mut deck, fault| {
        let kind = OrderKind::Limit {
            limit: "1.00".parse().unwrap(),
        };
        place(
            &deck,
            OrderDraft {
                kind,
                ..deck.buy("MSFT")
            },
        );
        deck.until("working", |replica| {
            state(replica) == Some(&OrderState::Working)
        })
        .await;
        deck.cue(&format!("orders.delete:{fault}:1"));
        deck.request(Request::CancelOrder { id: id() });
        deck.until(&format!("cancelled despite {fault}"), |replica| {
            state(replica) == Some(&OrderState::Cancelled)
        })
        .await;
        assert_eq!(posts(&deck.sim), 1);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_fills_while_its_stream_is_cut_is_known_afterwards() {
    let messages = ["@0", "@1", "@2"];
    each(&messages, async |mut deck, skip| {
        let before = held(&deck.replica, "MSFT");
        deck.cue(&format!("trading_stream.message:drop:1{skip}"));
        place(&deck, deck.buy("MSFT"));
        deck.until(&format!("filled despite a cut at {skip}"), |replica| {
            state(replica) == Some(&OrderState::Filled)
                && held(replica, "MSFT") == before + Decimal::from(3)
        })
        .await;
        deck.until_live().await;
        assert_eq!(
            super::super::deck::feed(&deck.replica, "orders").reconnects,
            1
        );
    })
    .await;
}

#[tokio::test]
async fn events_that_never_come_or_come_twice_change_nothing_in_the_end() {
    let faults = [
        "gap:*",
        "duplicate:*",
        "gap:1@2",
        "duplicate:1@2",
        "slow-300:1",
    ];
    let check = async |fault: &&str| {
        let mut setup = super::brisk();
        setup.refresh = std::time::Duration::from_secs(1);
        let mut deck = Deck::connected(setup).await;
        let before = held(&deck.replica, "MSFT");
        deck.cue(&format!("trading_stream.message:{fault}"));
        place(&deck, deck.buy("MSFT"));
        deck.until(fault, |replica| {
            state(replica) == Some(&OrderState::Filled)
                && held(replica, "MSFT") == before + Decimal::from(3)
                && says_of_fills(replica) == 1
        })
        .await;
        let asked = deck.sim.faults().seen("positions", "get");
        deck.until_both("read again", |_, sim| {
            sim.faults().seen("positions", "get") >= asked + 2
        })
        .await;
        assert_eq!(
            held(&deck.replica, "MSFT"),
            before + Decimal::from(3),
            "{fault}"
        );
        assert_eq!(says_of_fills(&deck.replica), 1, "{fault}");
    };
    futures_util::future::join_all(faults.iter().map(check)).await;
}

/// Lines of the activity log about executions of what the test bought.
fn says_of_fills(replica: &Replica) -> usize {
    use tradedeck::link::EntryKind;
    let fills = replica
        .activity
        .iter()
        .filter(|it| it.kind == EntryKind::Fill);
    fills
        .filter(|it| it.text.as_str().contains(" 3 MSFT @"))
        .count()
}
