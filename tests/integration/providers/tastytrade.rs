//! The adapter against its simulator, over real sockets on loopback: two readings of one manual that have to agree.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tradedeck::auth::bearer::Keep;
use tradedeck::auth::oauth1::Entropy;
use tradedeck::auth::{Bearer, Client, Profile, TokenEndpoint, Tokens};
use tradedeck::domain::{
    AccountId, Clock, ConnectionId, Environment, MarketEvent, Symbol, Text, Timeframe,
};
use tradedeck::net::socket::{self, Socket, SocketEnd, Target};
use tradedeck::net::transport::{Patience, Transport, WebTransport};
use tradedeck::net::{Dialer, install_tls_provider};
use tradedeck::providers;
use tradedeck::providers::provider::{
    ActivitiesQuery, Opening, Provider, ProviderError, StreamCommand, StreamEvent, StreamName,
};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::tastytrade::{self, Options, ReadyCustomer, Running};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    provider: Arc<dyn Provider>,
    _sim: Running,
}

struct Kept;

impl Keep for Kept {
    fn keep<'a>(
        &'a self,
        _tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

fn bearer(
    customer: &ReadyCustomer,
    addresses: &BTreeMap<String, String>,
    environment: Environment,
    transport: Arc<dyn Transport>,
) -> Bearer {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let profile = Profile::from_settings(addresses, environment).unwrap();
    let client = Client {
        id: customer.client_id.clone(),
        secret: Some(Arc::new(customer.client_secret.clone().into())),
    };
    let endpoint = TokenEndpoint::new(Arc::new(profile), client, transport, clock.clone());
    let tokens = Tokens::of_refresh(customer.refresh_token.clone().into(), clock.now());
    Bearer::start(tokens, endpoint, Arc::new(Kept), clock, 0)
}

/// The first customer of an environment, connected, after `change` of what was granted.
async fn rig(
    environment: Environment,
    options: Options,
    change: impl FnOnce(&mut ReadyCustomer),
) -> Rig {
    install_tls_provider();
    let sim = tastytrade::start(options, Arc::new(SystemClock))
        .await
        .unwrap();
    let paper = environment == Environment::Paper;
    let mut customers = sim.ready.customers.iter();
    let mut customer = customers
        .find(|customer| customer.paper == paper)
        .unwrap()
        .clone();
    change(&mut customer);
    let spec = providers::find("tastytrade").unwrap();
    let defaults = spec.addresses.iter();
    let mut addresses: BTreeMap<String, String> = defaults
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect();
    let ready = serde_json::to_value(&sim.ready).unwrap();
    let told = ready.as_object().unwrap().iter();
    addresses.extend(told.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))));
    let transport: Arc<dyn Transport> = Arc::new(WebTransport::new(Patience::default()).unwrap());
    let opening = Opening {
        way: spec.way(None).unwrap(),
        bearer: Some(bearer(
            &customer,
            &addresses,
            environment,
            transport.clone(),
        )),
        connection: ConnectionId::new("test"),
        environment,
        secrets: BTreeMap::new(),
        addresses,
        transport,
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    };
    let provider = (spec.open)(opening).ok().unwrap();
    Rig {
        provider,
        _sim: sim,
    }
}

async fn paper() -> Rig {
    rig(Environment::Paper, Options::default(), |_| {}).await
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
        let account = self.account().await;
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
            end = self.run(name, account, inbox, events) => panic!("it ended: {end:?}"),
            all = tokio::time::timeout(PATIENCE, listening) => all.expect("it was heard in time"),
        }
    }

    /// Runs a stream to its end.
    async fn run(
        &self,
        name: StreamName,
        account: AccountId,
        mut commands: mpsc::Receiver<StreamCommand>,
        events: mpsc::UnboundedSender<StreamEvent>,
    ) -> SocketEnd {
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

#[tokio::test]
async fn every_reading_is_read_without_a_row_left_out() {
    for (environment, balances_as_items) in [(Environment::Paper, false), (Environment::Live, true)]
    {
        let options = Options {
            balances_as_items,
            ..Options::default()
        };
        let rig = rig(environment, options, |_| {}).await;
        let accounts = rig.provider.accounts().unwrap();
        let list = accounts.list().await.unwrap();
        let (account, balance) = &list[0];
        assert!(balance.as_ref().unwrap().equity.is_sign_positive());
        let id = &account.id;
        accounts.positions(id).await.unwrap();
        accounts.equity_history(id).await.unwrap();
        let orders = rig.provider.orders().unwrap();
        let since = SystemClock.now().minus(Duration::from_secs(86_400 * 60));
        orders.list(id, since).await.unwrap();
        assert_eq!(orders.by_client_id(id, "nobody-s").await.unwrap(), None);
        rig.provider.quotes().unwrap().clock().await.unwrap();
        let meter = rig.provider.meter();
        assert_eq!((meter.unreadable, meter.unreadable_at), (0, None));
        assert_eq!(meter.standing.renewals, 1);
    }
}

#[tokio::test]
async fn transactions_come_page_by_page_each_once() {
    let rig = paper().await;
    let account = rig.account().await;
    let accounts = rig.provider.accounts().unwrap();
    let (mut cursor, mut ids, mut rows) = (None, std::collections::BTreeSet::new(), 0);
    loop {
        let query = ActivitiesQuery {
            after: None,
            cursor,
        };
        let page = accounts.activities(&account, query).await.unwrap();
        assert_eq!(page.rejected, []);
        rows += page.items.len();
        ids.extend(page.items.into_iter().map(|it| it.provider_id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert!(rows > 0);
    assert_eq!(ids.len(), rows);
}

#[tokio::test]
async fn quotes_come_live_and_candles_by_a_socket_of_their_own() {
    let rig = paper().await;
    let aapl = Symbol::new("AAPL");
    let is_quote = |event: &StreamEvent| matches!(event, StreamEvent::Market(MarketEvent::Quote(quote)) if quote.symbol.as_str() == "AAPL" && quote.bid.is_some());
    let heard = rig
        .hear(StreamName::Quotes, std::slice::from_ref(&aapl), |all| {
            all.iter().any(is_quote)
        })
        .await;
    assert_eq!(heard[0], StreamEvent::Ready);
    let since = SystemClock.now().minus(Duration::from_secs(86_400 * 30));
    let quotes = rig.provider.quotes().unwrap();
    let bars = quotes.bars(&aapl, Timeframe::Day, since).await.unwrap();
    assert!(bars.len() > 5, "{}", bars.len());
    assert!(bars.windows(2).all(|pair| pair[0].start < pair[1].start));
    let share = quotes.instrument(&aapl).await.unwrap().unwrap();
    assert!(share.tradable);
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn the_account_stream_is_ready() {
    let rig = paper().await;
    let heard = rig
        .hear(StreamName::Orders, &[], |all| !all.is_empty())
        .await;
    assert_eq!(heard[0], StreamEvent::Ready);
}

#[tokio::test]
async fn a_grant_that_is_none_is_for_a_person() {
    let rig = rig(Environment::Paper, Options::default(), |customer| {
        customer.refresh_token = "not-granted".into();
    })
    .await;
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unauthorised { .. }),
        "{error:?}"
    );
}
