//! What a screen may read: a snapshot kept up to date by updates.

use crate::domain::text::Text;
use crate::domain::{
    Account, AccountId, Balance, Bar, ClientOrderId, ConnectionId, EquityPoint, Instrument, Level1,
    MarketClock, Order, Position, Sequence, Symbol, Timeframe,
};
use crate::link::{
    Addition, ConnectionStatus, Entry, Event, Level, ProviderOffer, Snapshot, Update, VaultStatus,
};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Lines of activity kept; older ones are dropped and counted.
pub const MOST_ACTIVITY: usize = 2_000;

/// Finished orders kept; older ones are dropped and counted. Working ones always stay.
pub const MOST_FINISHED_ORDERS: usize = 5_000;

/// Price histories kept; the one that came first goes first, and is asked for again when it is looked at.
const MOST_HISTORIES: usize = 128;

/// Sentences for the person that wait to be shown.
const MOST_NOTICES: usize = 32;

/// What came of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Something a screen may show is different.
    Changed,
    /// A number was missing: ask for a snapshot.
    Gap,
}

/// A screen's copy of the runtime's state.
#[derive(Default)]
pub struct Replica {
    at: Sequence,
    /// Whether a snapshot has arrived.
    pub ready: bool,
    /// Whether this is the embedded simulation.
    pub demo: bool,
    /// State of the vault.
    pub vault: Option<VaultStatus>,
    /// What may be connected.
    pub offers: Vec<ProviderOffer>,
    /// Connections by name.
    pub connections: BTreeMap<ConnectionId, ConnectionStatus>,
    /// Accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Balances, where they were read.
    pub balances: BTreeMap<AccountId, Balance>,
    /// Positions, where they were read.
    pub positions: BTreeMap<AccountId, Vec<Position>>,
    /// Orders by our name of them.
    pub orders: BTreeMap<ClientOrderId, Order>,
    /// Finished orders that were dropped to bound memory.
    pub orders_dropped: u64,
    /// Opening hours, by market.
    pub clocks: BTreeMap<Text, MarketClock>,
    /// What is known of symbols that were looked up.
    pub instruments: BTreeMap<Symbol, Instrument>,
    /// Price history that was asked for.
    pub bars: HashMap<(Symbol, Timeframe), Vec<Bar>>,
    /// In which order they came.
    histories: VecDeque<(Symbol, Timeframe)>,
    /// Equity history that was asked for.
    pub equity: BTreeMap<AccountId, Vec<EquityPoint>>,
    /// Activity, oldest first.
    pub activity: VecDeque<Entry>,
    /// Lines of activity that were dropped to bound memory.
    pub activity_dropped: u64,
    /// Newest market data.
    pub quotes: HashMap<Symbol, Level1>,
    /// Market-data states overtaken by newer ones before they were shown.
    pub overtaken: u64,
    /// Sentences for the person that nobody showed yet, oldest first.
    pub notices: VecDeque<(Level, Text)>,
    /// What came of adding connections, newest last.
    pub additions: VecDeque<Addition>,
    /// Orders that were refused before they left, newest last.
    pub refusals: VecDeque<(ClientOrderId, Text)>,
}

impl Replica {
    /// Whether the vault is open to look and for nothing else.
    pub fn is_for_viewing(&self) -> bool {
        self.vault.as_ref().is_some_and(VaultStatus::is_for_viewing)
    }

    /// Number of the last event that is in it.
    #[cfg(test)]
    pub(crate) fn at(&self) -> Sequence {
        self.at
    }

    /// Whether a broker waits for the answer to a question about an order of the account.
    pub fn is_asked(&self, account: &AccountId) -> bool {
        self.orders
            .values()
            .any(|order| order.draft.account == *account && order.is_asked())
    }

    /// Takes an update in.
    pub fn apply(&mut self, update: Update) -> Applied {
        match update {
            Update::Snapshot(snapshot) => self.start_from(*snapshot),
            Update::Numbered { sequence, event } => {
                if !self.ready || sequence <= self.at {
                    return Applied::Changed; // older than the snapshot that holds it
                }
                if sequence != self.at.next() {
                    return Applied::Gap;
                }
                self.at = sequence;
                self.apply_event(event);
            }
            Update::Quotes { lines, overtaken } => {
                self.overtaken += overtaken;
                self.quotes
                    .extend(lines.into_iter().map(|line| (line.symbol.clone(), line)));
            }
        }
        Applied::Changed
    }

    fn start_from(&mut self, snapshot: Snapshot) {
        let kept = std::mem::take(self);
        *self = Self {
            at: snapshot.at,
            ready: true,
            demo: snapshot.demo,
            vault: Some(snapshot.vault),
            offers: snapshot.offers,
            connections: snapshot
                .connections
                .into_iter()
                .map(|it| (it.id.clone(), it))
                .collect(),
            accounts: snapshot
                .accounts
                .into_iter()
                .map(|it| (it.id.clone(), it))
                .collect(),
            balances: snapshot
                .balances
                .into_iter()
                .map(|it| (it.account.clone(), it))
                .collect(),
            positions: snapshot.positions.into_iter().collect(),
            orders: snapshot
                .orders
                .into_iter()
                .map(|it| (it.id.clone(), it))
                .collect(),
            clocks: snapshot
                .clocks
                .into_iter()
                .map(|it| (it.market.clone(), it))
                .collect(),
            activity: snapshot.activity.into(),
            quotes: snapshot
                .quotes
                .into_iter()
                .map(|it| (it.symbol.clone(), it))
                .collect(),
            // What was asked for and sentences not yet shown are this screen's own.
            instruments: kept.instruments,
            bars: kept.bars,
            histories: kept.histories,
            equity: kept.equity,
            overtaken: kept.overtaken,
            notices: kept.notices,
            additions: kept.additions,
            refusals: kept.refusals,
            orders_dropped: kept.orders_dropped,
            activity_dropped: kept.activity_dropped,
        };
    }

    fn take_bars(&mut self, of: (Symbol, Timeframe), bars: Vec<Bar>) {
        self.histories.retain(|known| *known != of);
        self.histories.push_back(of.clone());
        self.bars.insert(of, bars);
        if self.histories.len() > MOST_HISTORIES
            && let Some(first) = self.histories.pop_front()
        {
            self.bars.remove(&first);
        }
    }

    fn apply_event(&mut self, event: Event) {
        match event {
            Event::Vault(vault) => self.vault = Some(vault),
            Event::Connection(status) => {
                self.connections.insert(status.id.clone(), *status);
            }
            Event::ConnectionGone(connection) => self.forget(&connection),
            Event::Account(account) => {
                self.accounts.insert(account.id.clone(), account);
            }
            Event::Balance(balance) => {
                self.balances.insert(balance.account.clone(), balance);
            }
            Event::Positions { account, positions } => {
                self.positions.insert(account, positions);
            }
            Event::Order(order) => self.take_order(*order),
            Event::Instrument(instrument) => {
                self.instruments
                    .insert(instrument.symbol.clone(), instrument);
            }
            Event::MarketClock(clock) => {
                self.clocks.insert(clock.market.clone(), clock);
            }
            Event::Bars {
                symbol,
                timeframe,
                bars,
            } => self.take_bars((symbol, timeframe), bars),
            Event::EquityHistory { account, points } => {
                self.equity.insert(account, points);
            }
            Event::Activity(entry) => self.take_entry(entry),
            Event::Notice { level, text } => push_bounded(&mut self.notices, (level, text)),
            Event::Addition(addition) => push_bounded(&mut self.additions, addition),
            Event::OrderRefused { id, reason } => push_bounded(&mut self.refusals, (id, reason)),
        }
    }

    fn forget(&mut self, connection: &ConnectionId) {
        self.connections.remove(connection);
        self.accounts.retain(|id, _| id.connection != *connection);
        self.balances.retain(|id, _| id.connection != *connection);
        self.positions.retain(|id, _| id.connection != *connection);
        self.equity.retain(|id, _| id.connection != *connection);
        self.orders
            .retain(|_, order| order.draft.account.connection != *connection);
    }

    fn take_order(&mut self, order: Order) {
        self.orders.insert(order.id.clone(), order);
        if self.orders.len() <= MOST_FINISHED_ORDERS {
            return;
        }
        let finished = self.orders.values().filter(|order| order.state.is_final());
        let oldest = finished
            .min_by_key(|order| order.updated)
            .map(|order| order.id.clone());
        if let Some(oldest) = oldest {
            self.orders.remove(&oldest);
            self.orders_dropped += 1;
        }
    }

    fn take_entry(&mut self, entry: Entry) {
        let earlier = self.activity.iter_mut().rev().find(|it| it.id == entry.id);
        if let Some(earlier) = earlier {
            *earlier = entry;
            return;
        }
        if self.activity.len() == MOST_ACTIVITY {
            self.activity.pop_front();
            self.activity_dropped += 1;
        }
        self.activity.push_back(entry);
    }

    /// The newest market data of a symbol.
    pub fn quote(&self, symbol: &Symbol) -> Option<&Level1> {
        self.quotes.get(symbol)
    }

    /// The connection an account belongs to.
    pub fn connection_of(&self, account: &AccountId) -> Option<&ConnectionStatus> {
        self.connections.get(&account.connection)
    }

    /// Every position with its account, by account.
    pub fn all_positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.values().flatten()
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == MOST_NOTICES {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::link::EntryKind;

    fn snapshot(at: u64) -> Update {
        Update::Snapshot(Box::new(Snapshot {
            version: crate::link::VERSION,
            at: Sequence(at),
            time: Timestamp::EPOCH,
            demo: false,
            vault: VaultStatus::Absent,
            offers: vec![],
            connections: vec![],
            accounts: vec![],
            balances: vec![],
            positions: vec![],
            orders: vec![],
            clocks: vec![],
            activity: vec![],
            quotes: vec![],
        }))
    }

    fn entry(id: u64, text: &str) -> Entry {
        Entry {
            id,
            time: Timestamp::EPOCH,
            kind: EntryKind::Sync,
            level: Level::Info,
            connection: None,
            account: None,
            text: text.into(),
            detail: None,
            took_ms: None,
            progress: None,
        }
    }

    fn numbered(sequence: u64, event: Event) -> Update {
        Update::Numbered {
            sequence: Sequence(sequence),
            event,
        }
    }

    #[test]
    fn price_histories_are_bounded_and_the_first_goes_first() {
        let mut replica = Replica::default();
        let of = |number: usize| (Symbol::new(&format!("S{number}")), Timeframe::Day);
        for number in 0..MOST_HISTORIES {
            replica.take_bars(of(number), vec![]);
        }
        replica.take_bars(of(0), vec![]); // read again: no longer the first
        replica.take_bars(of(MOST_HISTORIES), vec![]);
        assert_eq!(replica.bars.len(), MOST_HISTORIES);
        assert!(!replica.bars.contains_key(&of(1)));
        for kept in [0, 2, MOST_HISTORIES] {
            assert!(replica.bars.contains_key(&of(kept)), "{kept}");
        }
    }

    #[test]
    fn a_missing_number_is_noticed_and_a_repeat_is_not_applied_twice() {
        let mut replica = Replica::default();
        replica.apply(snapshot(4));
        assert_eq!(
            replica.apply(numbered(5, Event::Activity(entry(1, "a")))),
            Applied::Changed
        );
        assert_eq!(
            replica.apply(numbered(5, Event::Activity(entry(2, "b")))),
            Applied::Changed
        );
        assert_eq!(
            replica.apply(numbered(7, Event::Activity(entry(3, "c")))),
            Applied::Gap
        );
        assert_eq!(replica.activity.len(), 1);
        replica.apply(snapshot(9));
        assert_eq!(
            replica.apply(numbered(10, Event::Vault(VaultStatus::Unlocking))),
            Applied::Changed
        );
        assert_eq!(replica.vault, Some(VaultStatus::Unlocking));
    }

    #[test]
    fn progress_replaces_its_own_line() {
        let mut replica = Replica::default();
        replica.apply(snapshot(0));
        replica.apply(numbered(1, Event::Activity(entry(1, "page 1"))));
        replica.apply(numbered(2, Event::Activity(entry(1, "page 2"))));
        assert_eq!(
            replica
                .activity
                .iter()
                .map(|it| it.text.as_str())
                .collect::<Vec<_>>(),
            ["page 2"]
        );
    }

    #[test]
    fn activity_is_bounded_and_the_loss_is_counted() {
        let mut replica = Replica::default();
        replica.apply(snapshot(0));
        for number in 1..=(MOST_ACTIVITY as u64 + 3) {
            replica.apply(numbered(number, Event::Activity(entry(number, "x"))));
        }
        assert_eq!(
            (replica.activity.len(), replica.activity_dropped),
            (MOST_ACTIVITY, 3)
        );
    }
}
