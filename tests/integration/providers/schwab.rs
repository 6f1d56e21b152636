//! The adapter against its simulator, over real sockets on loopback: two readings of one manual that have to agree.

use http::Method;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tradedeck::auth::bearer::Keep;
use tradedeck::auth::oauth1::Entropy;
use tradedeck::auth::{Bearer, Client, Profile, TokenEndpoint, Tokens};
use tradedeck::domain::{
    AccountId, AssetClass, Clock, ConnectionId, Environment, MarketEvent, OrderState, Symbol, Text,
    Timeframe,
};
use tradedeck::net::http::{Request, Response};
use tradedeck::net::rate_limit::Purpose;
use tradedeck::net::session::Ending;
use tradedeck::net::socket::{self, Socket, SocketEnd, Target};
use tradedeck::net::transport::{Patience, Transport, WebTransport};
use tradedeck::net::{Dialer, install_tls_provider};
use tradedeck::providers;
use tradedeck::providers::provider::{
    ActivitiesQuery, Opening, Provider, ProviderError, StreamCommand, StreamEvent,
};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::sim::schwab::{self, Options, ReadyCustomer, Running};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Kept;

impl Keep for Kept {
    fn keep<'a>(
        &'a self,
        _tokens: &'a Tokens,
    ) -> Pin<Box<dyn Future<Output = Result<(), Text>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

struct Rig {
    provider: Arc<dyn Provider>,
    sim: Running,
    bearer: Bearer,
    transport: Arc<dyn Transport>,
}

fn bearer(
    customer: &ReadyCustomer,
    addresses: &BTreeMap<String, String>,
    transport: Arc<dyn Transport>,
) -> Bearer {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let profile = Profile::from_settings(addresses, Environment::Live).unwrap();
    let client = Client {
        id: customer.client_id.clone(),
        secret: Some(Arc::new(customer.client_secret.clone().into())),
    };
    let endpoint = TokenEndpoint::new(Arc::new(profile), client, transport, clock.clone());
    let tokens = Tokens::of_refresh(customer.refresh_token.clone().into(), clock.now());
    Bearer::start(tokens, endpoint, Arc::new(Kept), clock, 0)
}

/// The first customer, connected, after `change` of what was granted.
async fn rig_with(options: Options, change: impl FnOnce(&mut ReadyCustomer)) -> Rig {
    install_tls_provider();
    let sim = schwab::start(options, Arc::new(SystemClock)).await.unwrap();
    let mut customer = sim.ready.customers[0].clone();
    change(&mut customer);
    let spec = providers::find("schwab").unwrap();
    let defaults = spec.addresses.iter();
    let mut addresses: BTreeMap<String, String> = defaults
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect();
    let ready = serde_json::to_value(&sim.ready).unwrap();
    let told = ready.as_object().unwrap().iter();
    addresses.extend(told.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))));
    let transport: Arc<dyn Transport> = Arc::new(WebTransport::new(Patience::default()).unwrap());
    let bearer = bearer(&customer, &addresses, transport.clone());
    let opening = Opening {
        way: spec.way(None).unwrap(),
        bearer: Some(bearer.clone()),
        connection: ConnectionId::new("test"),
        environment: Environment::Live,
        secrets: BTreeMap::new(),
        addresses,
        transport: transport.clone(),
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    };
    let provider = (spec.open)(opening).ok().unwrap();
    Rig {
        provider,
        sim,
        bearer,
        transport,
    }
}

async fn rig() -> Rig {
    rig_with(Options::default(), |_| {}).await
}

impl Rig {
    async fn account(&self) -> AccountId {
        let list = self.provider.accounts().unwrap().list().await.unwrap();
        list[0].0.id.clone()
    }

    /// What the person does elsewhere, with the same login.
    async fn elsewhere(&self, method: Method, path: &str, body: &str) -> Response {
        let url = format!("{}/trader/v1/{path}", self.sim.ready.api);
        let token = self.bearer.token().await.ok().unwrap();
        let request = Request::new(method, url.parse().unwrap(), Purpose::Order)
            .secret_header(http::header::AUTHORIZATION, token.header());
        let request = match body {
            "" => request,
            body => request.json(body.to_owned()),
        };
        let response = self.transport.send(&request).await.unwrap();
        assert!(response.is_success(), "{:?}", response.body);
        response
    }

    /// The path of the orders of an account.
    async fn orders_path(&self, account: &AccountId) -> String {
        let path = "accounts/accountNumbers";
        let response = self.elsewhere(Method::GET, path, "").await;
        let list: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        let mut rows = list.as_array().unwrap().iter();
        let row = rows.find(|row| row["accountNumber"] == account.number.as_str());
        format!(
            "accounts/{}/orders",
            row.unwrap()["hashValue"].as_str().unwrap()
        )
    }

    /// Runs the stream, tells it what to watch once it is ready, and collects its events until `done` says so.
    async fn hear(
        &self,
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
            end = self.run(inbox, events) => panic!("it ended: {end:?}"),
            all = tokio::time::timeout(PATIENCE, listening) => all.expect("it was heard in time"),
        }
    }

    /// Runs the stream to its end.
    async fn run(
        &self,
        mut commands: mpsc::Receiver<StreamCommand>,
        events: mpsc::UnboundedSender<StreamEvent>,
    ) -> SocketEnd {
        let streams = self.provider.streams(&[]);
        let start = (streams[0].start)().await.unwrap();
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

fn is_quote_of(event: &StreamEvent, symbol: &Symbol) -> bool {
    matches!(event, StreamEvent::Market(MarketEvent::Quote(quote)) if quote.symbol == *symbol)
}

#[tokio::test]
async fn every_reading_is_read_without_a_row_left_out() {
    let rig = rig().await;
    let accounts = rig.provider.accounts().unwrap();
    let list = accounts.list().await.unwrap();
    let numbers: BTreeSet<&str> = list.iter().map(|(it, _)| it.id.number.as_str()).collect();
    assert!(numbers.contains(rig.sim.ready.customers[0].account_number.as_str()));
    let (mut held, mut happened) = (0, 0);
    let since = SystemClock
        .now()
        .minus(Duration::from_secs(30 * 24 * 3_600));
    for (account, balance) in &list {
        assert_eq!(account.environment, Environment::Live);
        assert!(balance.as_ref().unwrap().buying_power.is_some());
        let positions = accounts.positions(&account.id).await.unwrap();
        let shares = positions.iter().filter(|it| it.class == AssetClass::Equity);
        held += shares.filter(|it| it.average_price.is_some()).count();
        let page = accounts
            .activities(&account.id, ActivitiesQuery::default())
            .await
            .unwrap();
        assert_eq!(page.rejected, []);
        happened += page.items.len();
        let orders = rig.provider.orders().unwrap();
        for order in orders.list(&account.id, since).await.unwrap() {
            let again = orders.by_client_id(&account.id, order.id.as_str()).await;
            assert_eq!(again.unwrap().unwrap().id, order.id);
        }
    }
    assert!(held > 0 && happened > 0, "{held} {happened}");
    let meter = rig.provider.meter();
    assert_eq!(
        (meter.errors, meter.unreadable, meter.unreadable_at),
        (0, 0, None)
    );
    assert_eq!(meter.standing.renewals, 1);
}

#[tokio::test]
async fn transactions_are_walked_to_the_end_without_a_repeat() {
    let rig = rig().await;
    let id = rig.account().await;
    let mut seen = BTreeSet::new();
    let mut query = ActivitiesQuery::default();
    for _ in 0..20 {
        let accounts = rig.provider.accounts().unwrap();
        let page = accounts.activities(&id, query).await.unwrap();
        let mut names = page.items.iter().map(|item| item.provider_id.clone());
        assert!(names.all(|name| seen.insert(name)));
        if page.next.is_none() {
            return assert!(!seen.is_empty());
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
    let rig = rig().await;
    let quotes = rig.provider.quotes().unwrap();
    let wanted = symbols(&["AAPL", "MSFT"]);
    let events = quotes
        .snapshots(&symbols(&["AAPL", "MSFT", "NOSUCHTHING"]))
        .await
        .unwrap();
    for symbol in &wanted {
        let is_quoted = |event: &MarketEvent| matches!(event, MarketEvent::Quote(quote) if quote.symbol == *symbol && quote.bid < quote.ask);
        let has_day = |event: &MarketEvent| matches!(event, MarketEvent::Day(day) if day.symbol == *symbol && day.previous_close.is_some());
        assert!(
            events.iter().any(is_quoted) && events.iter().any(has_day),
            "{events:?}"
        );
    }
    assert_eq!(quotes.latest(&wanted).await.unwrap().len(), 2);
    let now = SystemClock.now();
    for (timeframe, days) in [
        (Timeframe::Minute, 5),
        (Timeframe::FiveMinutes, 5),
        (Timeframe::Hour, 10),
        (Timeframe::Day, 60),
    ] {
        let since = now.minus(Duration::from_secs(days * 24 * 3_600));
        let bars = quotes.bars(&wanted[0], timeframe, since).await.unwrap();
        assert!(bars.len() > 5, "{timeframe:?}: {bars:?}");
        assert!(bars.is_sorted_by(|a, b| a.start < b.start), "{timeframe:?}");
        assert!(
            bars.iter()
                .all(|bar| bar.low <= bar.open && bar.close <= bar.high)
        );
    }
    let clock = quotes.clock().await.unwrap();
    assert!(clock.next_open > now && clock.next_close > now);
    let apple = quotes.instrument(&wanted[0]).await.unwrap().unwrap();
    assert!(apple.tradable && apple.tick.to_string() == "0.01");
    let nothing = quotes
        .instrument(&Symbol::new("NOSUCHTHING"))
        .await
        .unwrap();
    assert_eq!(nothing, None);
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let rig = rig().await;
    let id = rig.account().await;
    let orders = rig.provider.orders().unwrap();
    assert_eq!(orders.by_client_id(&id, "1").await.unwrap(), None);
    let stranger = AccountId {
        number: "0".into(),
        ..id
    };
    let error = rig.provider.accounts().unwrap().positions(&stranger).await;
    assert!(
        matches!(error, Err(ProviderError::NotFound { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_dead_refresh_token_asks_the_person_to_sign_in() {
    let rig = rig_with(Options::default(), |customer| {
        customer.refresh_token = "stale".into();
    })
    .await;
    let error = rig.provider.accounts().unwrap().list().await.unwrap_err();
    assert!(
        matches!(error, ProviderError::Unauthorised { .. }),
        "{error:?}"
    );
    let streams = rig.provider.streams(&[]);
    let error = (streams[0].start)().await.err().unwrap();
    assert!(
        matches!(error, ProviderError::Unauthorised { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn quotes_flow_for_what_is_watched() {
    let rig = rig().await;
    let wanted = symbols(&["AAPL", "MSFT"]);
    let quoted = |events: &[StreamEvent], symbol: &Symbol| {
        events.iter().any(|event| is_quote_of(event, symbol))
    };
    let events = rig
        .hear(&wanted, |events| {
            wanted.iter().all(|symbol| quoted(events, symbol)) && events.len() > 20
        })
        .await;
    assert_eq!(events[0], StreamEvent::Ready);
    let is_market = |event: &StreamEvent| matches!(event, StreamEvent::Market(_));
    assert!(events[1..].iter().all(is_market), "{events:?}");
}

#[tokio::test]
async fn a_second_program_takes_the_one_socket() {
    let rig = rig().await;
    let (_commands, inbox) = mpsc::channel(1);
    let (events, mut heard) = mpsc::unbounded_channel();
    let first = rig.run(inbox, events);
    let second = async {
        assert_eq!(heard.recv().await, Some(StreamEvent::Ready));
        rig.hear(&[], |events| events.contains(&StreamEvent::Ready))
            .await;
    };
    let both = async { tokio::join!(first, second).0 };
    let end = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert!(
        matches!(end, SocketEnd::Ended(Ending::RetryAfter(_))),
        "{end:?}"
    );
}

#[tokio::test]
async fn an_order_cancelled_elsewhere_is_told_by_the_stream() {
    let rig = rig().await;
    let account = rig.account().await;
    let path = rig.orders_path(&account).await;
    let order = r#"{"orderType":"LIMIT","session":"NORMAL","duration":"GOOD_TILL_CANCEL","orderStrategyType":"SINGLE",
        "price":"1.00","orderLegCollection":[{"instruction":"BUY","quantity":1,"instrument":{"symbol":"AAPL","assetType":"EQUITY"}}]}"#;
    let placed = rig.elsewhere(Method::POST, &path, order).await;
    let id = placed
        .header("location")
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap();
    let orders = rig.provider.orders().unwrap();
    let since = SystemClock.now().minus(Duration::from_secs(86_400));
    let listed = orders.list(&account, since).await.unwrap();
    let ours = listed.iter().find(|order| order.id.as_str() == id);
    let ours = ours.unwrap_or_else(|| panic!("{id}: {listed:?}"));
    assert!(
        !ours.state.is_final() && ours.filled.0.is_zero(),
        "{ours:?}"
    );
    let (commands, inbox) = mpsc::channel(4);
    let (events, mut heard) = mpsc::unbounded_channel();
    let listening = async {
        let mut is_cancelled = false;
        loop {
            let event = heard.recv().await.expect("the stream goes on");
            if event == StreamEvent::Ready {
                let watch = StreamCommand::Watch(symbols(&["AAPL"]));
                commands.send(watch).await.unwrap();
            } else if matches!(event, StreamEvent::Market(_)) && !is_cancelled {
                // Prices are asked for after account activity, so that is there by now.
                is_cancelled = true;
                let one = format!("{path}/{id}");
                rig.elsewhere(Method::DELETE, &one, "").await;
            } else if let StreamEvent::Order(order) = event
                && order.id.as_str() == id
                && order.state.is_final()
            {
                return order.state;
            }
        }
    };
    let state = tokio::select! {
        end = rig.run(inbox, events) => panic!("it ended: {end:?}"),
        state = tokio::time::timeout(PATIENCE, listening) => state.expect("it was told in time"),
    };
    assert_eq!(state, OrderState::Cancelled);
    let now = orders.by_client_id(&account, id).await.unwrap().unwrap();
    assert_eq!(now.state, OrderState::Cancelled);
}
