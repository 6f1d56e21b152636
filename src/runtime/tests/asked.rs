//! A broker that answers orders with questions: from the request of a screen to the journal on the disk and back.

use super::super::*;
use crate::domain::order::{OrderState, Said};
use crate::domain::question::{About, Question};
use crate::domain::{
    Account, AccountId, AssetClass, Balance, ClientOrderId, Currency, Entry, EquityPoint, Exits,
    HistoryLimits, Mode, Order, OrderDraft, OrderKind, OrderSize, Position, Quantity, Side,
    TimeInForce,
};
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::ledger::IntentState;
use crate::link::{Replica, Request, ScreenEnd, VaultStatus};
use crate::net::transport::MemoryTransport;
use crate::providers::provider::{
    Accounts, Answer, HistoryQuery, Orders, Page, Placed, PlacedAnswer,
};
use crate::vault::{Domain, Holder, VaultError, while_busy};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-23T12:00:00Z").unwrap()
}

/// Noon, and the seconds that the test let pass.
#[derive(Default)]
struct Passed(AtomicU64);

impl Clock for Passed {
    fn now(&self) -> Timestamp {
        noon().plus(Duration::from_secs(self.0.load(Ordering::Relaxed)))
    }
}

/// What the broker does next with an order, or with an answer.
#[derive(Clone, Copy, Debug)]
enum Next {
    Asks(&'static str),
    Places,
    /// It places the order, and its answer gets lost.
    PlacesUnheard,
    /// The answer gets lost before it arrives.
    Loses,
    Discards,
}

/// A broker in memory: what it was told, what it has placed, what it does next.
#[derive(Default)]
struct Broker {
    script: Mutex<VecDeque<Next>>,
    heard: Mutex<Vec<String>>,
    asked: Mutex<Option<(ClientOrderId, OrderDraft)>>,
    placed: Mutex<Vec<Order>>,
}

impl Broker {
    fn with(script: &[Next]) -> Arc<Self> {
        let broker = Self::default();
        broker.script.lock().unwrap().extend(script);
        Arc::new(broker)
    }

    fn hears(&self, what: &str) -> Placed {
        self.heard.lock().unwrap().push(what.to_owned());
        let next = self.script.lock().unwrap().pop_front();
        let lost = || Placed::Unknown {
            why: "no answer came".into(),
        };
        match next.expect("nothing more is asked of the broker") {
            Next::Asks(name) => {
                Placed::Asked(Question::new(name, About::Placing, ["Are you sure?"], []).unwrap())
            }
            Next::Places => Placed::Accepted(Box::new(self.places())),
            Next::PlacesUnheard => {
                self.places();
                lost()
            }
            Next::Loses => lost(),
            Next::Discards => Placed::Rejected {
                reason: "discarded".into(),
            },
        }
    }

    fn places(&self) -> Order {
        let (id, draft) = self.asked.lock().unwrap().clone().expect("an order came");
        let now = noon();
        let order = Order {
            id,
            provider_id: Some("1001".into()),
            draft,
            state: OrderState::Working,
            filled: Quantity::ZERO,
            average_price: None,
            created: now,
            updated: now,
            replaces: None,
            parent: None,
        };
        self.placed.lock().unwrap().push(order.clone());
        order
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn placed(&self) -> usize {
        self.placed.lock().unwrap().len()
    }
}

fn ready<T: Send + 'static>(value: T) -> Answer<'static, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Provider for Broker {
    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }
}

impl Accounts for Broker {
    fn list(&self) -> Answer<'_, Vec<(Account, Option<Balance>)>> {
        let account = Account {
            id: account(),
            provider: ProviderId::new("alpaca"),
            environment: Environment::Paper,
            name: "margin".into(),
            currency: Currency::USD,
            restriction: None,
        };
        ready(vec![(account, None)])
    }

    fn positions<'a>(&'a self, _: &'a AccountId) -> Answer<'a, Vec<Position>> {
        ready(Vec::new())
    }

    fn equity_history<'a>(&'a self, _: &'a AccountId) -> Answer<'a, Vec<EquityPoint>> {
        ready(Vec::new())
    }

    fn history_limits(&self) -> HistoryLimits {
        HistoryLimits {
            longest: None,
            oldest: None,
            settled_after: Duration::ZERO,
        }
    }

    fn history<'a>(&'a self, _: &'a AccountId, _: HistoryQuery) -> Answer<'a, Page<Entry>> {
        ready(Page {
            items: Vec::new(),
            rejected: Vec::new(),
            next: None,
        })
    }
}

impl Orders for Broker {
    fn place<'a>(&'a self, order: &'a Approved<Paper>) -> PlacedAnswer<'a> {
        *self.asked.lock().unwrap() = Some((order.id().clone(), order.what().clone()));
        Box::pin(std::future::ready(self.hears("place")))
    }

    fn replace<'a>(
        &'a self,
        _: &'a AccountId,
        _: &'a str,
        _: &'a ApprovedChange<Paper>,
    ) -> PlacedAnswer<'a> {
        Box::pin(std::future::ready(self.hears("replace")))
    }

    fn answer<'a>(
        &'a self,
        _: &'a AccountId,
        question: &'a Question,
        yes: bool,
    ) -> PlacedAnswer<'a> {
        let said = if yes { "yes" } else { "no" };
        let told = format!("{said} to {}", question.id());
        Box::pin(std::future::ready(self.hears(&told)))
    }

    fn cancel<'a>(&'a self, _: &'a AccountId, _: &'a str) -> Answer<'a, ()> {
        ready(())
    }

    fn cancel_all<'a>(&'a self, _: &'a AccountId) -> Answer<'a, (usize, Vec<Text>)> {
        ready((0, Vec::new()))
    }

    fn list<'a>(&'a self, _: &'a AccountId, _: Timestamp) -> Answer<'a, Vec<Order>> {
        ready(Vec::new())
    }

    fn by_client_id<'a>(&'a self, _: &'a AccountId, id: &'a str) -> Answer<'a, Option<Order>> {
        self.heard.lock().unwrap().push("look up".into());
        let placed = self.placed.lock().unwrap();
        ready(placed.iter().find(|it| it.id.as_str() == id).cloned())
    }
}

fn account() -> AccountId {
    AccountId {
        connection: ConnectionId::new("broker"),
        number: "PA34821".into(),
    }
}

fn draft() -> OrderDraft {
    OrderDraft {
        account: account(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity(Quantity(10.into())),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn id() -> ClientOrderId {
    ClientOrderId::new("order-1")
}

/// A runtime on a vault of its own, with that broker as its one connection, and what a screen knows.
struct Desk {
    runtime: Runtime,
    clock: Arc<Passed>,
    happened: mpsc::Receiver<Happened>,
    screen: ScreenEnd,
    replica: Replica,
}

impl Desk {
    async fn open(folder: &std::path::Path, broker: &Arc<Broker>) -> Self {
        crate::net::install_tls_provider();
        let lock = lock(folder.join("data")).await;
        let clock = Arc::<Passed>::default();
        let (hub, _inbox) = Hub::new();
        let screen = hub.attach();
        let (answers, happened) = mpsc::channel(MOST_WAITING);
        let cost = KdfCost::new(64, 1, 1).unwrap();
        let keeper = Keeper::start(lock, cost, None);
        let settings = Settings {
            refresh: Duration::from_secs(3_600),
            sync_every: None,
            read_only: false,
            demo: false,
            lock_after: None,
            seed: 7,
        };
        let refuse = |_: &_| Err(crate::net::NetError::Address("nobody is there"));
        let runtime = Runtime {
            clock: clock.clone(),
            transport: Arc::new(MemoryTransport::new(refuse)),
            dialer: Dialer::from_system().unwrap(),
            socket: socket::Options::default(),
            addresses: BTreeMap::new(),
            hub,
            engine: Engine::new(settings, offers(), VaultStatus::Absent),
            effects: Effects { answers, keeper },
            connections: BTreeMap::new(),
            sign_ins: BTreeMap::new(),
            random: fastrand::Rng::with_seed(7),
            asleep: Duration::ZERO,
        };
        let mut desk = Self {
            runtime,
            clock,
            happened,
            screen,
            replica: Replica::default(),
        };
        desk.unlock().await;
        desk.connect(broker).await;
        desk
    }

    async fn unlock(&mut self) {
        let passphrase = secrecy::SecretString::from("correct horse battery staple");
        let keeper = self.runtime.effects.keeper.clone();
        let opened = keeper.ask(move |room| {
            if room.status() == VaultStatus::Absent {
                room.create(&passphrase, noon())
            } else {
                room.unlock(&passphrase, noon())
            }
        });
        let opened = opened.await.unwrap();
        let opened = opened.unwrap_or_else(|status| panic!("{status:?}"));
        self.runtime.vault_opened(opened).await;
    }

    async fn connect(&mut self, broker: &Arc<Broker>) {
        let credentials = Credentials {
            connection: account().connection,
            provider: ProviderId::new("alpaca"),
            environment: Environment::Paper,
            way: None,
            domain: Domain::Trade,
            secrets: BTreeMap::new(),
        };
        let open = Open {
            provider: broker.clone(),
            bearer: None,
        };
        let profile = self.runtime.keep(open, credentials);
        self.runtime.handle(Input::Opened(profile)).await;
        self.ask(Request::Snapshot).await;
        self.until("the account was read", |desk| {
            desk.replica.accounts.contains_key(&account())
        })
        .await;
    }

    async fn ask(&mut self, request: Request) {
        let input = Input::Request(ScreenId(0), request);
        self.runtime.handle(input).await;
    }

    async fn place(&mut self) {
        let (id, draft) = (id(), draft());
        self.ask(Request::PlaceOrder { id, draft }).await;
    }

    async fn say(&mut self, question: &str, said: Said) {
        let question = question.into();
        let id = id();
        self.ask(Request::Answer { id, question, said }).await;
    }

    async fn pass(&mut self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
        self.runtime.handle(Input::Tick).await;
    }

    /// Takes in what happens until it is as wanted.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        loop {
            for update in self.screen.drain() {
                self.replica.apply(update);
            }
            if is_so(self) {
                return;
            }
            let next = tokio::time::timeout(PATIENCE, self.happened.recv()).await;
            let next = next.unwrap_or_else(|_| panic!("{what}: {:?}", self.order()));
            self.runtime
                .take_happened(next.expect("we hold one end"))
                .await;
        }
    }

    async fn until_word(&mut self, word: &str) {
        self.until(word, |desk| {
            desk.order().is_some_and(|order| order.state.word() == word)
        })
        .await;
    }

    /// Until the broker asks by that name.
    async fn until_asked(&mut self, name: &str) {
        self.until(name, |desk| {
            let question = desk.order().and_then(Order::question);
            question.is_some_and(|question| question.id() == name)
        })
        .await;
    }

    fn order(&self) -> Option<&Order> {
        self.replica.orders.get(&id())
    }

    /// What the journal says on the disk. The keeper does one thing after the other: what was queued is written.
    async fn journal(&self) -> IntentState {
        let keeper = &self.runtime.effects.keeper;
        keeper
            .ask(|room| room.intent(&id()))
            .await
            .unwrap()
            .unwrap()
    }

    /// The program is gone without a word; what is under way is gone with it.
    async fn crash(self) {
        drop(self);
        tokio::task::yield_now().await;
    }
}

/// The folder, once nobody of an earlier run has it any more; what that left under way goes on meanwhile.
async fn lock(folder: std::path::PathBuf) -> InstanceLock {
    let holder = Holder {
        pid: std::process::id(),
        terminal: "no terminal".into(),
        since: "noon".into(),
    };
    let take = move || {
        let is_busy = |error: &VaultError| matches!(error, VaultError::InUse { .. });
        while_busy(|| InstanceLock::take(&folder, &holder), is_busy)
    };
    tokio::task::spawn_blocking(take).await.unwrap().unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_no_places_nothing() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q"), Next::Discards]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    assert_eq!(desk.journal().await, IntentState::Sent);
    desk.say("q", Said::No).await;
    desk.until_word("rejected").await;
    assert_eq!(broker.heard(), ["place", "no to q"]);
    assert_eq!(broker.placed(), 0);
    let state = desk.journal().await;
    assert!(matches!(state, IntentState::Rejected { .. }), "{state:?}");
}

#[tokio::test]
async fn a_yes_places_it_once_however_often_it_is_said() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q"), Next::Places]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    for said in [Said::Yes, Said::Yes, Said::No] {
        desk.say("q", said).await;
    }
    desk.place().await;
    desk.until_word("working").await;
    assert_eq!(broker.heard(), ["place", "yes to q"]);
    assert_eq!(broker.placed(), 1);
    let state = desk.journal().await;
    assert!(
        matches!(state, IntentState::Acknowledged { .. }),
        "{state:?}"
    );
}

#[tokio::test]
async fn two_questions_take_two_yeses() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q"), Next::Asks("q-2"), Next::Places]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    desk.say("q", Said::Yes).await;
    desk.until_asked("q-2").await;
    assert_eq!(broker.placed(), 0);
    desk.say("q-2", Said::Yes).await;
    desk.until_word("working").await;
    assert_eq!(broker.heard(), ["place", "yes to q", "yes to q-2"]);
    assert_eq!(broker.placed(), 1);
}

#[tokio::test]
async fn a_yes_whose_answer_is_lost_is_looked_up_and_never_said_again() {
    for (next, placed) in [(Next::PlacesUnheard, 1), (Next::Loses, 0)] {
        let folder = folder();
        let broker = Broker::with(&[Next::Asks("q"), next]);
        let mut desk = Desk::open(folder.path(), &broker).await;
        desk.place().await;
        desk.until_asked("q").await;
        desk.say("q", Said::Yes).await;
        desk.until_word("UNKNOWN").await;
        let state = desk.journal().await;
        assert!(matches!(state, IntentState::Unknown { .. }), "{state:?}");
        desk.say("q", Said::Yes).await;
        desk.pass(2).await;
        if placed == 1 {
            desk.until_word("working").await;
        } else {
            desk.until("a look-up", |_| broker.heard().len() > 2).await;
            assert_eq!(desk.order().unwrap().state.word(), "UNKNOWN");
        }
        assert_eq!(broker.heard()[..3], ["place", "yes to q", "look up"]);
        assert_eq!(broker.placed(), placed, "{next:?}");
    }
}

#[tokio::test]
async fn a_crash_while_asked_is_an_order_to_look_up() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q")]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    assert_eq!(desk.journal().await, IntentState::Sent);
    desk.crash().await;
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.until("a look-up", |_| broker.heard().len() > 1).await;
    assert_eq!(broker.heard()[..2], ["place", "look up"], "nothing is said");
    assert_eq!(desk.order().unwrap().state.word(), "UNKNOWN");
    desk.say("q", Said::Yes).await;
    assert_eq!(broker.placed(), 0);
    assert!(!broker.heard().iter().any(|heard| heard.starts_with("yes")));
}

#[tokio::test]
async fn the_end_of_the_program_says_nothing_and_writes_down_that_nothing_was_placed() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q")]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    desk.runtime.close().await;
    desk.crash().await;
    assert_eq!(broker.heard(), ["place"]);
    let desk = Desk::open(folder.path(), &broker).await;
    let state = desk.journal().await;
    assert!(matches!(state, IntentState::Rejected { .. }), "{state:?}");
    assert_eq!(broker.heard(), ["place"]);
}

#[tokio::test]
async fn a_question_that_nobody_answers_is_over_and_nothing_is_said() {
    let folder = folder();
    let broker = Broker::with(&[Next::Asks("q")]);
    let mut desk = Desk::open(folder.path(), &broker).await;
    desk.place().await;
    desk.until_asked("q").await;
    desk.pass(61).await;
    desk.until_word("rejected").await;
    desk.say("q", Said::Yes).await;
    assert_eq!(broker.heard(), ["place"]);
    let state = desk.journal().await;
    assert!(matches!(state, IntentState::Rejected { .. }), "{state:?}");
}
