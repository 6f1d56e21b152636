//! The engine, input by input. Here is the rig that the themes share.

mod asked;
mod feeds;
mod lock;
mod orders;
mod readings;
mod roles;
mod routes;
mod sessions;

use super::*;
use crate::domain::money::decimal;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AccountActivity, AccountId, AssetClass, Balance, ClientOrderId, Currency, Environment,
    Exits, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position, ProviderId,
    Quantity, Side, TimeInForce,
};
use crate::engine::input::{
    CallMeter, Channel, Failure, FailureKind, Profile, ReadAnswer, ReadData, Sent, StreamChange,
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

fn connection() -> ConnectionId {
    ConnectionId::new("alpaca")
}

fn account_id() -> AccountId {
    AccountId {
        connection: connection(),
        number: "PA34821".into(),
    }
}

fn account() -> Account {
    Account {
        id: account_id(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn balance() -> Balance {
    Balance {
        account: account_id(),
        currency: Currency::USD,
        equity: decimal("100").unwrap(),
        previous_equity: None,
        cash: decimal("100").unwrap(),
        buying_power: None,
        as_of: at(0),
    }
}

fn draft() -> OrderDraft {
    OrderDraft {
        account: account_id(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity(Quantity(decimal("10").unwrap())),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn report(id: &str, state: OrderState, filled: &str, when: u64) -> Order {
    Order {
        id: ClientOrderId::new(id),
        provider_id: Some(format!("venue-{id}").into()),
        draft: draft(),
        state,
        filled: filled.parse().unwrap(),
        average_price: None,
        created: at(when),
        updated: at(when),
        replaces: None,
        parent: None,
    }
}

const LOCKED: VaultStatus = VaultStatus::Locked {
    failures: 0,
    wait_until: None,
    problem: None,
};

fn settings() -> Settings {
    Settings {
        refresh: Duration::from_secs(60),
        read_only: false,
        demo: false,
        lock_after: None,
        seed: 7,
    }
}

fn profile() -> Profile {
    Profile {
        id: connection(),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment: Environment::Paper,
        has_quotes: true,
        by_browser: false,
        simulated: true,
    }
}

/// An engine with one live connection, and what it published.
struct Rig {
    engine: Engine,
    published: Vec<Event>,
}

impl Rig {
    fn connected() -> Self {
        let mut rig = Self {
            engine: Engine::new(settings(), vec![], VaultStatus::Absent),
            published: vec![],
        };
        let reads = rig.tell(0, Input::Opened(profile()));
        assert!(
            reads
                .iter()
                .any(|it| matches!(it, Output::Read(_, Reading::Accounts))),
            "{reads:?}"
        );
        rig.answer(
            0,
            Reading::Accounts,
            Ok(ReadData::Accounts(vec![(account(), Some(balance()))])),
        );
        rig
    }

    fn finish_first_run(&mut self, seconds: u64) {
        self.tell(seconds, Input::Tick);
        self.answer(
            seconds,
            Reading::Positions(account_id()),
            Ok(ReadData::Positions(vec![])),
        );
        self.answer(
            seconds,
            Reading::Orders(account_id()),
            Ok(ReadData::Orders(vec![])),
        );
        self.answer(
            seconds,
            Reading::Activities(account_id()),
            Ok(ReadData::Activities(vec![], vec![])),
        );
    }

    /// Gives an input and returns what is to be done, published events kept aside.
    fn tell(&mut self, seconds: u64, input: Input) -> Vec<Output> {
        let mut rest = Vec::new();
        for output in self.engine.handle(at(seconds), input) {
            if let Output::Publish(_, event) = output {
                self.published.push(event);
            } else {
                rest.push(output);
            }
        }
        rest
    }

    fn answer(
        &mut self,
        seconds: u64,
        reading: Reading,
        outcome: Result<ReadData, Failure>,
    ) -> Vec<Output> {
        let meter = CallMeter::default();
        let took = Duration::from_millis(5);
        self.tell(
            seconds,
            Input::Read(Box::new(ReadAnswer {
                connection: connection(),
                reading,
                took,
                meter,
                outcome,
            })),
        )
    }

    fn request(&mut self, seconds: u64, request: Request) -> Vec<Output> {
        self.tell(seconds, Input::Request(ScreenId(1), request))
    }

    fn place(&mut self, seconds: u64, id: &str) -> Vec<Output> {
        self.request(
            seconds,
            Request::PlaceOrder {
                id: ClientOrderId::new(id),
                draft: draft(),
            },
        )
    }

    fn state(&self, id: &str) -> &OrderState {
        &self
            .engine
            .book
            .get(&ClientOrderId::new(id))
            .expect("the order is known")
            .state
    }

    fn connection_state(&self) -> &ConnectionState {
        &self.engine.sessions[&connection()].status.state
    }
}

fn count(outputs: &[Output], wanted: impl Fn(&Output) -> bool) -> usize {
    outputs.iter().filter(|output| wanted(output)).count()
}

fn is_place(output: &Output) -> bool {
    matches!(output, Output::Place(_))
}

fn is_look_up(output: &Output) -> bool {
    matches!(output, Output::LookUp(..))
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Output>;
}

impl<const N: usize> ConcatAll for [Vec<Output>; N] {
    fn concat_all(self) -> Vec<Output> {
        self.into_iter().flatten().collect()
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        what: "status 503".into(),
    }
}

fn is_read_of(output: &Output, wanted: &Reading) -> bool {
    matches!(output, Output::Read(_, reading) if reading == wanted)
}

fn lines_with<'a>(rig: &'a Rig, words: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for event in &rig.published {
        if let Event::Activity(entry) = event
            && entry.text.as_str().contains(words)
        {
            found.push(entry.text.as_str());
        }
    }
    found
}

fn quotes(change: StreamChange) -> Input {
    Input::Stream(connection(), Channel::Quotes, change)
}
