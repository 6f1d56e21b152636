//! Accounts, balances and positions across connections.

use crate::domain::{
    Account, AccountActivity, AccountId, ActivityKind, Balance, ConnectionId, Entry, EntryId,
    Position, Price, Quantity, Text, Timestamp, What,
};
use crate::engine::Engine;
use crate::engine::activity::{Line, entries};
use crate::link::{EntryKind, Event};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Executions remembered until the history repeats them.
const MOST_STREAMED: usize = 2_000;

/// Executions remembered so that one told twice is shown once.
const MOST_SEEN: usize = 20_000;

/// What every account holds.
#[derive(Default)]
pub(crate) struct Holdings {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) balances: BTreeMap<AccountId, Balance>,
    pub(crate) positions: BTreeMap<AccountId, Vec<Position>>,
    seen: Seen,
    streamed: VecDeque<Streamed>,
}

/// An execution that a stream told of and the history has not repeated yet. Providers name the same execution
/// differently in the two places, so it is recognised by what it was; two alike are two, each matched once.
#[derive(PartialEq, Eq)]
struct Streamed {
    account: AccountId,
    order: Text,
    quantity: Quantity,
    price: Price,
}

impl Streamed {
    fn of_fill(fill: &AccountActivity) -> Self {
        let ActivityKind::Fill {
            quantity,
            price,
            order,
            ..
        } = &fill.kind;
        Self {
            account: fill.account.clone(),
            order: order.clone(),
            quantity: *quantity,
            price: *price,
        }
    }

    fn of_entry(entry: &Entry) -> Option<Self> {
        let What::Trade(trade) = &entry.what else {
            return None;
        };
        Some(Self {
            account: entry.account.clone(),
            order: trade.order.clone()?,
            quantity: trade.quantity,
            price: trade.price,
        })
    }
}

/// Ids of executions and activities that were shown, oldest forgotten first.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<(AccountId, EntryId)>,
    order: VecDeque<(AccountId, EntryId)>,
}

impl Seen {
    /// Whether this one is new; it is remembered.
    fn is_new(&mut self, id: (AccountId, EntryId)) -> bool {
        if !self.ids.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > MOST_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

impl Holdings {
    /// Whether a stream told of this already; each telling counts once.
    fn was_streamed(&mut self, entry: &Entry) -> bool {
        let Some(wanted) = Streamed::of_entry(entry) else {
            return false;
        };
        let found = self.streamed.iter().position(|it| *it == wanted);
        found.is_some_and(|index| self.streamed.remove(index).is_some())
    }

    pub(crate) fn forget(&mut self, connection: &ConnectionId) {
        self.accounts.retain(|id, _| id.connection != *connection);
        self.balances.retain(|id, _| id.connection != *connection);
        self.positions.retain(|id, _| id.connection != *connection);
    }
}

impl Engine {
    /// The accounts that a connection is known to reach.
    pub fn accounts_of(&self, connection: &ConnectionId) -> Vec<AccountId> {
        let all = self.holdings.accounts.keys();
        all.filter(|id| id.connection == *connection)
            .cloned()
            .collect()
    }

    pub(super) fn take_accounts(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        accounts: Vec<(Account, Option<Balance>)>,
    ) {
        let mut ids = Vec::with_capacity(accounts.len());
        for (account, balance) in accounts {
            ids.push(account.id.clone());
            if self.holdings.accounts.get(&account.id) != Some(&account) {
                self.holdings
                    .accounts
                    .insert(account.id.clone(), account.clone());
                self.publish(Event::Account(account));
            }
            if let Some(balance) = balance {
                self.holdings
                    .balances
                    .insert(balance.account.clone(), balance.clone());
                self.publish(Event::Balance(balance));
            }
        }
        self.accounts_are_known(now, id, ids);
    }

    pub(super) fn take_positions(&mut self, account: &AccountId, positions: Vec<Position>) {
        self.holdings
            .positions
            .insert(account.clone(), positions.clone());
        self.publish(Event::Positions {
            account: account.clone(),
            positions,
        });
    }

    pub(super) fn take_fill(&mut self, now: Timestamp, fill: AccountActivity) {
        let id = EntryId::provider(fill.provider_id.as_str());
        if !self.holdings.seen.is_new((fill.account.clone(), id)) {
            return;
        }
        let ActivityKind::Fill {
            symbol,
            side,
            quantity,
            price,
            ..
        } = &fill.kind;
        let done = match side {
            crate::domain::Side::Buy => "bought",
            crate::domain::Side::Sell => "sold",
        };
        if self.holdings.streamed.len() == MOST_STREAMED {
            self.holdings.streamed.pop_front();
        }
        self.holdings.streamed.push_back(Streamed::of_fill(&fill));
        let mode = self.mode_word(&fill.account);
        let text = format!("{done} {quantity} {symbol} @ {price} ({mode})");
        self.note(now, Line::new(EntryKind::Fill, text).account(&fill.account));
        self.positions_changed(now, &fill.account);
    }

    /// Tells what a history brought that no stream told of.
    pub(super) fn tell_history(&mut self, mut news: Vec<Entry>) {
        news.sort_by_key(|entry| entry.time);
        for entry in news {
            let id = (entry.account.clone(), entry.id.clone());
            if !self.holdings.seen.is_new(id) || self.holdings.was_streamed(&entry) {
                continue;
            }
            let shown = self.log.add(entry.time, entries::line(&entry));
            self.publish(Event::Activity(shown));
        }
    }

    pub(super) fn mode_word(&self, account: &AccountId) -> &'static str {
        let environment = self
            .holdings
            .accounts
            .get(account)
            .map(|account| account.environment);
        environment.map_or("mode unknown", |environment| {
            crate::domain::Mode::from(environment).word()
        })
    }
}
