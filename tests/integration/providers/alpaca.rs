//! The adapter against its simulator, over real sockets on loopback: two readings of one manual that have to agree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tradedeck::auth::oauth1::Entropy;
use tradedeck::domain::{
    AccountId, AssetClass, Clock, ConnectionId, Environment, MarketEvent, Symbol, Timeframe,
};
use tradedeck::net::session::Ending;
use tradedeck::net::socket::{self, Socket, SocketEnd, Target};
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::net::{Dialer, install_tls_provider};
use tradedeck::providers;
use tradedeck::providers::provider::{
    ActivitiesQuery, Opening, Provider, ProviderError, StreamCommand, StreamEvent, StreamName,
};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::alpaca::{self, Running};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    provider: Arc<dyn Provider>,
    _sim: Running,
}

/// The first customer of an environment, connected, after `change` of the credentials.
async fn rig(environment: Environment, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Rig {
    install_tls_provider();
    let sim = alpaca::start(alpaca::Options::default(), Arc::new(SystemClock))
        .await
        .unwrap();
    let paper = environment == Environment::Paper;
    let mut customers = sim.ready.customers.iter();
    let customer = customers.find(|customer| customer.paper == paper).unwrap();
    let mut secrets = BTreeMap::from([
        ("key".to_owned(), customer.key.clone()),
        ("secret".to_owned(), customer.secret.clone()),
    ]);
    change(&mut secrets);
    let ready = serde_json::to_value(&sim.ready).unwrap();
    let addresses = ready.as_object().unwrap().iter();
    let opening = Opening {
        way: providers::find("alpaca").unwrap().way(None).unwrap(),
        bearer: None,
        connection: ConnectionId::new("test"),
        environment,
        secrets: secrets
            .into_iter()
            .map(|(name, text)| (name, text.into()))
            .collect(),
        addresses: addresses
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    };
    let provider = (providers::find("alpaca").unwrap().open)(opening)
        .ok()
        .unwrap();
    Rig {
        provider,
        _sim: sim,
    }
}

async fn paper() -> Rig {
    rig(Environment::Paper, |_| {}).await
}

impl Rig {
    async fn account(&self) -> AccountId {
        let list = self.provider.accounts().unwrap().list().await.unwrap();
        list[0].0.id.clone()
    }

    /// Runs a stream, tells it what to watch once it is ready, and collects its events until `done` says so.
    async fn hear(
        &self,
        name: StreamName,
        watch: &[Symbol],
        done: impl Fn(&[StreamEvent]) -> bool,
    ) -> Vec<StreamEvent> {
        let (commands, inbox) = mpsc::channel(4);
        let (events, mut heard) = mpsc::unbounded_channel();
        let listening = async {
            let mut all = Vec::new();
            while !done(&all) {
                let event = heard.recv().await.expect("the stream goes on");
                if event == StreamEvent::Ready {
                    let watch = StreamCommand::Watch(watch.to_vec());
                    commands.send(watch).await.unwrap();
                }
                all.push(event);
            }
            all
        };
        tokio::select! {
            end = self.run(name, inbox, events) => panic!("it ended: {end:?}"),
            all = tokio::time::timeout(PATIENCE, listening) => all.expect("it was heard in time"),
        }
    }

    /// Runs a stream to its end.
    async fn run(
        &self,
        name: StreamName,
        mut commands: mpsc::Receiver<StreamCommand>,
        events: mpsc::UnboundedSender<StreamEvent>,
    ) -> SocketEnd {
        let account = AccountId {
            connection: ConnectionId::new("test"),
            number: "any".into(),
        };
        let streams = self.provider.streams(&[account]);
        let stream = streams
            .into_iter()
            .find(|stream| stream.name == name)
            .unwrap();
        let start = (stream.start)().await.unwrap();
        let target = Target {
            url: start.url.parse().unwrap(),
            headers: Vec::new(),
        };
        let dialer = Dialer::from_system().unwrap();
        let socket = Socket::connect(&dialer, &target).await.unwrap();
        let mut sink = move |batch: &mut Vec<StreamEvent>| {
            batch.drain(..).for_each(|event| drop(events.send(event)));
        };
        let options = socket::Options::default();
        let cancel = CancellationToken::new();
        let mut session = start.session;
        socket
            .run(&mut session, &mut commands, &mut sink, options, &cancel)
            .await
    }
}

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

#[tokio::test]
async fn every_reading_is_read_without_a_row_left_out() {
    let rig = paper().await;
    let accounts = rig.provider.accounts().unwrap();
    let list = accounts.list().await.unwrap();
    let (account, balance) = &list[0];
    assert_eq!(account.environment, Environment::Paper);
    assert!(balance.as_ref().unwrap().buying_power.is_some());
    let id = &account.id;
    let positions = accounts.positions(id).await.unwrap();
    assert!(
        positions
            .iter()
            .any(|it| it.class == AssetClass::Equity && it.average_price.is_some())
    );
    assert!(accounts.equity_history(id).await.unwrap().len() > 5);
    let page = accounts
        .activities(id, ActivitiesQuery::default())
        .await
        .unwrap();
    assert_eq!(page.rejected, []);
    assert!(!page.items.is_empty());
    let since = SystemClock
        .now()
        .minus(Duration::from_secs(30 * 24 * 3_600));
    rig.provider
        .orders()
        .unwrap()
        .list(id, since)
        .await
        .unwrap();
    let meter = rig.provider.meter();
    assert_eq!(
        (meter.errors, meter.unreadable, meter.unreadable_at),
        (0, 0, None)
    );
    assert!(meter.requests_left.is_some_and(|(left, of)| left < of));
}

#[tokio::test]
async fn activities_are_walked_to_the_end_without_a_repeat() {
    let rig = paper().await;
    let id = rig.account().await;
    let mut seen = BTreeSet::new();
    let mut query = ActivitiesQuery::default();
    for _ in 0..20 {
        let page = rig
            .provider
            .accounts()
            .unwrap()
            .activities(&id, query)
            .await
            .unwrap();
        assert!(
            page.items
                .iter()
                .all(|item| seen.insert(item.provider_id.clone()))
        );
        if page.next.is_none() {
            return;
        }
        query = ActivitiesQuery {
            after: None,
            cursor: page.next,
        };
    }
    panic!("it never ends");
}

#[tokio::test]
async fn market_data_are_had_by_request() {
    let rig = paper().await;
    let quotes = rig.provider.quotes().unwrap();
    let wanted = symbols(&["AAPL", "MSFT"]);
    let events = quotes.snapshots(&wanted).await.unwrap();
    for symbol in &wanted {
        let kinds: Vec<bool> = events
            .iter()
            .filter_map(|event| match event {
                MarketEvent::Quote(quote) => {
                    (quote.symbol == *symbol).then_some(quote.bid < quote.ask)
                }
                MarketEvent::Trade(trade) => (trade.symbol == *symbol).then_some(true),
                MarketEvent::Day(day) => {
                    (day.symbol == *symbol).then_some(day.previous_close.is_some())
                }
                MarketEvent::Bar(_) | MarketEvent::Status(..) => None,
            })
            .collect();
        assert_eq!(kinds, [true; 3], "{symbol}: {events:?}");
    }
    assert_eq!(quotes.latest(&wanted).await.unwrap().len(), 2);
    let since = SystemClock
        .now()
        .minus(Duration::from_secs(20 * 24 * 3_600));
    let bars = quotes
        .bars(&wanted[0], Timeframe::Day, since)
        .await
        .unwrap();
    assert!(
        bars.len() > 5 && bars.is_sorted_by_key(|bar| bar.start),
        "{bars:?}"
    );
    assert!(
        bars.iter()
            .all(|bar| bar.low <= bar.open && bar.close <= bar.high)
    );
    let clock = quotes.clock().await.unwrap();
    assert!(clock.next_open > SystemClock.now());
    let apple = quotes.instrument(&wanted[0]).await.unwrap().unwrap();
    assert!(apple.tradable && apple.tick.to_string() == "0.01");
    assert_eq!(
        quotes
            .instrument(&Symbol::new("NOSUCHTHING"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let rig = paper().await;
    let id = rig.account().await;
    let orders = rig.provider.orders().unwrap();
    assert_eq!(orders.by_client_id(&id, "never-sent").await.unwrap(), None);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let error = orders.cancel(&id, unknown).await.unwrap_err();
    assert!(matches!(error, ProviderError::NotFound { .. }), "{error:?}");
    let (asked, refused) = orders.cancel_all(&id).await.unwrap();
    assert_eq!((asked > 10_000, refused), (false, vec![]));
}

#[tokio::test]
async fn wrong_keys_are_refused_by_calls_and_by_both_sockets() {
    let wrong = |secrets: &mut BTreeMap<String, String>| {
        secrets.insert("secret".into(), "wrong".into());
    };
    let rig = rig(Environment::Paper, wrong).await;
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unauthorised { .. }),
        "{error:?}"
    );
    for name in [StreamName::Quotes, StreamName::Orders] {
        let (_commands, inbox) = mpsc::channel(1);
        let (events, mut heard) = mpsc::unbounded_channel();
        let end = tokio::time::timeout(PATIENCE, rig.run(name, inbox, events))
            .await
            .unwrap();
        assert!(
            matches!(end, SocketEnd::Ended(Ending::GiveUp { .. })),
            "{end:?}"
        );
        assert!(matches!(
            heard.recv().await,
            Some(StreamEvent::Trouble { .. })
        ));
    }
}

#[tokio::test]
async fn a_live_customer_can_be_read() {
    let rig = rig(Environment::Live, |_| {}).await;
    let list = rig.provider.accounts().unwrap().list().await.unwrap();
    assert_eq!(list[0].0.environment, Environment::Live);
    rig.hear(StreamName::Orders, &[], |events| {
        events.contains(&StreamEvent::Ready)
    })
    .await;
}

#[tokio::test]
async fn quotes_flow_for_what_is_watched() {
    let rig = paper().await;
    let wanted = symbols(&["AAPL", "MSFT"]);
    let quoted = |events: &[StreamEvent], symbol: &Symbol| {
        events
            .iter()
            .any(|event| matches!(event, StreamEvent::Market(MarketEvent::Quote(quote)) if quote.symbol == *symbol))
    };
    let events = rig
        .hear(StreamName::Quotes, &wanted, |events| {
            wanted.iter().all(|symbol| quoted(events, symbol))
        })
        .await;
    assert_eq!(events[0], StreamEvent::Ready);
    assert!(
        events[1..]
            .iter()
            .all(|event| matches!(event, StreamEvent::Market(_))),
        "{events:?}"
    );
}

#[tokio::test]
async fn order_events_are_listened_to_in_binary_frames() {
    let rig = paper().await;
    let events = rig
        .hear(StreamName::Orders, &[], |events| !events.is_empty())
        .await;
    assert_eq!(events, [StreamEvent::Ready]);
}
