//! The adapter against its simulator, over real encrypted sockets on loopback: two readings of one manual that have to
//! agree. Whole connections with orders and sessions that end are in `sign_in/ibkr.rs`.

use http::Method;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tradedeck::auth::oauth1::Entropy;
use tradedeck::domain::{
    AccountId, Clock, ConnectionId, Environment, MarketEvent, Span, Symbol, Timeframe, Timestamp,
};
use tradedeck::net::Dialer;
use tradedeck::net::http::{HeaderText, Request};
use tradedeck::net::install_tls_provider;
use tradedeck::net::rate_limit::Purpose;
use tradedeck::net::socket::{self, Socket, Target};
use tradedeck::net::tls::pinned::{self, Pinned};
use tradedeck::net::transport::{Patience, Transport, WebTransport};
use tradedeck::providers;
use tradedeck::providers::provider::{
    FINGERPRINT, HistoryQuery, Opening, Provider, ProviderError, StreamCommand, StreamEvent,
};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::ibkr::{self, Options, Running};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    provider: Arc<dyn Provider>,
    sim: Running,
}

fn open(
    sim: &Running,
    way: &str,
    secrets: BTreeMap<String, secrecy::SecretString>,
) -> Arc<dyn Provider> {
    let spec = providers::find("ibkr").unwrap();
    let defaults = spec.addresses.iter();
    let mut addresses: BTreeMap<String, String> = defaults
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect();
    let ready = serde_json::to_value(&sim.ready).unwrap();
    let told = ready.as_object().unwrap().iter();
    addresses.extend(told.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))));
    let opening = Opening {
        way: spec.way(Some(way)).unwrap(),
        bearer: None,
        connection: ConnectionId::new("test"),
        environment: Environment::Paper,
        secrets,
        addresses,
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill_with(|| fastrand::u8(..))),
    };
    (spec.open)(opening).ok().unwrap()
}

/// A gateway whose certificate was confirmed, before anybody logged in.
async fn gateway() -> Rig {
    install_tls_provider();
    let sim = ibkr::start(Options::default(), Arc::new(SystemClock))
        .await
        .unwrap();
    let address = sim.ready.gateway.parse().unwrap();
    let seen = pinned::look_up(&address).await.unwrap();
    let secrets = BTreeMap::from([(FINGERPRINT.to_owned(), seen.to_string().into())]);
    let provider = open(&sim, "gateway", secrets);
    Rig { provider, sim }
}

async fn logged_in() -> Rig {
    let rig = gateway().await;
    rig.log_in("ada").await;
    rig
}

/// The same customer by keys of their own.
async fn signed() -> Rig {
    install_tls_provider();
    let sim = ibkr::start(Options::default(), Arc::new(SystemClock))
        .await
        .unwrap();
    let customer = sim
        .ready
        .customers
        .iter()
        .find(|it| it.login == "ada")
        .unwrap();
    let secrets = [
        ("consumer_key", customer.consumer_key.as_str()),
        ("access_token", &customer.access_token),
        ("access_token_secret", &customer.access_token_secret),
        ("signing_key", sim.ready.signing_key),
        ("encryption_key", sim.ready.encryption_key),
        ("dh_prime", sim.ready.dh_prime),
    ];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned().into()));
    let provider = open(&sim, "oauth1a", BTreeMap::from(secrets));
    Rig { provider, sim }
}

impl Rig {
    async fn log_in(&self, login: &str) {
        let page: url::Url = self.sim.ready.gateway_login.parse().unwrap();
        let seen = pinned::look_up(&page).await.unwrap();
        let browser = Pinned::new(&page, seen).unwrap();
        let browser = WebTransport::pinned(Patience::default(), browser).unwrap();
        let mut call = Request::new(Method::POST, page, Purpose::Order);
        let form = format!("user={login}");
        call.body = Some(("application/x-www-form-urlencoded", form.into()));
        assert_eq!(browser.send(&call).await.unwrap().status, 200);
    }

    async fn accounts(&self) -> Vec<AccountId> {
        let list = self.provider.accounts().unwrap().list().await.unwrap();
        list.into_iter().map(|(account, _)| account.id).collect()
    }

    /// Listens to the stream until something is said that is waited for; `watch` is sent first.
    async fn listen(
        &self,
        accounts: &[AccountId],
        watch: &[&str],
        mut done: impl FnMut(&StreamEvent) -> bool + Send,
    ) {
        let spec = self.provider.streams(accounts).remove(0);
        let start = (spec.start)().await.unwrap();
        let headers = start.headers.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderText::Secret(value.clone()))
        });
        let target = Target {
            url: start.url.parse().unwrap(),
            headers: headers.collect(),
        };
        let dialer = start
            .dialer
            .unwrap_or_else(|| Dialer::from_system().unwrap());
        let socket = Socket::connect(&dialer, &target).await.unwrap();
        let (sender, mut commands) = mpsc::channel(4);
        let symbols = watch.iter().map(|it| Symbol::new(it)).collect();
        sender.try_send(StreamCommand::Watch(symbols)).unwrap();
        let (cancel, mut heard) = (CancellationToken::new(), Vec::new());
        let stop = cancel.clone();
        let mut take = |events: &mut Vec<StreamEvent>| {
            for event in events.drain(..) {
                if done(&event) {
                    stop.cancel();
                }
                heard.push(event);
            }
        };
        let mut session = start.session;
        let run = socket.run(
            &mut session,
            &mut commands,
            &mut take,
            socket::Options::default(),
            &cancel,
        );
        let ended = tokio::time::timeout(PATIENCE, run).await;
        assert!(ended.is_ok() && cancel.is_cancelled(), "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_in_until_somebody_is() {
    let rig = gateway().await;
    let accounts = rig.provider.accounts().unwrap();
    let refused = accounts.list().await.unwrap_err();
    assert!(
        matches!(refused, ProviderError::AwaitsPerson { .. }),
        "{refused}"
    );
    rig.log_in("alan").await;
    let refused = accounts.list().await.unwrap_err();
    assert!(refused.to_string().contains("live"), "{refused}");
    rig.sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_positions_and_executions_are_read() {
    let rig = logged_in().await;
    let accounts = rig.provider.accounts().unwrap();
    let list = accounts.list().await.unwrap();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|(account, balance)| {
        let balance = balance.as_ref().unwrap();
        account.environment == Environment::Paper
            && !balance.equity.is_zero()
            && balance.buying_power.is_some()
    }));
    let mut positions = Vec::new();
    for (account, _) in &list {
        positions.extend(accounts.positions(&account.id).await.unwrap());
    }
    assert!(!positions.is_empty());
    assert!(
        positions
            .iter()
            .all(|it| it.reported_price.is_some() && it.average_price.is_some())
    );
    let span = Span::new(Timestamp::EPOCH, SystemClock.now()).unwrap();
    let query = HistoryQuery { span, cursor: None };
    let page = accounts.history(&list[0].0.id, query).await.unwrap();
    assert!(page.rejected.is_empty(), "{:?}", page.rejected);
    let orders = rig.provider.orders().unwrap();
    orders.list(&list[0].0.id, Timestamp::EPOCH).await.unwrap();
    assert_eq!(
        rig.provider.meter().unreadable,
        0,
        "{:?}",
        rig.provider.meter().unreadable_at
    );
    rig.sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn market_data_are_had_by_request() {
    let rig = logged_in().await;
    let quotes = rig.provider.quotes().unwrap();
    let symbols = ["AAPL", "SPY", "NOSUCH"].map(Symbol::new);
    let events = quotes.snapshots(&symbols).await.unwrap();
    for symbol in &symbols[..2] {
        let is_quote =
            |it: &MarketEvent| matches!(it, MarketEvent::Quote(it) if it.symbol == *symbol);
        assert!(events.iter().any(is_quote), "{symbol}: {events:?}");
    }
    let instrument = quotes.instrument(&symbols[0]).await.unwrap().unwrap();
    assert!(!instrument.tick.is_zero() && !instrument.name.is_empty());
    assert_eq!(quotes.instrument(&symbols[2]).await, Ok(None));
    quotes.clock().await.unwrap();
    let now = tradedeck::domain::Clock::now(&SystemClock);
    let since = now.minus(Duration::from_secs(30 * 24 * 3_600));
    let bars = quotes
        .bars(&symbols[0], Timeframe::Day, since)
        .await
        .unwrap();
    assert!(bars.len() > 5, "{}", bars.len());
    assert_eq!(
        rig.provider.meter().unreadable,
        0,
        "{:?}",
        rig.provider.meter().unreadable_at
    );
    rig.sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_tells_prices() {
    let rig = logged_in().await;
    let accounts = rig.accounts().await;
    let (mut is_ready, mut quoted) = (false, 0);
    rig.listen(&accounts, &["AAPL", "SPY"], |event| {
        is_ready |= *event == StreamEvent::Ready;
        quoted += usize::from(matches!(event, StreamEvent::Market(MarketEvent::Quote(_))));
        assert!(!matches!(event, StreamEvent::Garbled { .. }), "{event:?}");
        is_ready && quoted > 3
    })
    .await;
    rig.sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_with_keys_of_its_own_reads_and_hears_the_same() {
    let rig = signed().await;
    let accounts = rig.accounts().await;
    assert_eq!(accounts.len(), 2);
    let positions = rig
        .provider
        .accounts()
        .unwrap()
        .positions(&accounts[0])
        .await;
    assert!(positions.is_ok(), "{positions:?}");
    assert!(rig.provider.meter().standing.access_until.is_some());
    let quotes = rig.provider.quotes().unwrap();
    assert_eq!(
        quotes.latest(&[Symbol::new("AAPL")]).await.unwrap().len(),
        1
    );
    rig.listen(&accounts, &["AAPL"], |event| {
        matches!(event, StreamEvent::Market(MarketEvent::Quote(_)))
    })
    .await;
    rig.sim.shutdown().await;
}
