//! A busy feed: ten thousand quotes a second over two hundred symbols, and everything else goes on.

use super::deck::{Deck, held};
use tradedeck::domain::{ClientOrderId, OrderState, Symbol};
use tradedeck::link::Request;
use tradedeck::sim::alpaca::Options;

/// Messages that the feed has to deliver while the rest goes on.
const MANY: u64 = 15_000;

#[tokio::test]
async fn an_order_fills_and_nothing_grows_while_quotes_pour_in() {
    let options = Options {
        rate: 10_000,
        universe: 200,
        ..Options::default()
    };
    let mut deck = Deck::connected(options).await;
    let names = [
        "AAPL", "MSFT", "NVDA", "TSLA", "SPY", "QQQ", "AMZN", "GOOGL", "META", "JPM",
    ];
    let symbols: Vec<Symbol> = names.map(Symbol::new).to_vec();
    deck.request(Request::Watch {
        symbols: symbols.clone(),
    });
    deck.until("every symbol has a price", |replica| {
        symbols
            .iter()
            .all(|symbol| replica.quote(symbol).is_some_and(|line| line.bid.is_some()))
    })
    .await;
    let before = held(&deck.replica, "MSFT");
    let id = ClientOrderId::from_random([11; 16]);
    let draft = deck.buy("MSFT");
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft,
    });
    deck.until("the order filled", |replica| {
        replica
            .orders
            .get(&id)
            .is_some_and(|order| order.state == OrderState::Filled)
    })
    .await;
    deck.until("the position changed", |replica| {
        held(replica, "MSFT") > before
    })
    .await;
    // What is not read piles up nowhere: states are overtaken, and that is counted.
    let messages = |replica: &tradedeck::link::Replica| {
        replica
            .connections
            .values()
            .flat_map(|it| &it.feeds)
            .map(|feed| feed.messages)
            .max()
            .unwrap_or(0)
    };
    deck.until("many messages were taken in", |replica| {
        messages(replica) > MANY / symbols.len() as u64
    })
    .await;
    assert!(
        deck.replica.quotes.len() <= 200,
        "{}",
        deck.replica.quotes.len()
    );
    assert!(deck.replica.activity.len() <= tradedeck::link::replica::MOST_ACTIVITY);
}
