//! Accounts, balances and positions across connections.

use crate::domain::activity::ActivityKind;
use crate::domain::{
    Account, AccountActivity, AccountId, Balance, ConnectionId, Position, Price, Quantity, Text,
    Timestamp,
};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::link::{EntryKind, Event, Level};
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
    fn of(activity: &AccountActivity) -> Option<Self> {
        let ActivityKind::Fill {
            quantity,
            price,
            order,
            ..
        } = &activity.kind
        else {
            return None;
        };
        let account = activity.account.clone();
        Some(Self {
            account,
            order: order.clone(),
            quantity: *quantity,
            price: *price,
        })
    }
}

/// Ids of executions and activities that were shown, oldest forgotten first.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<(AccountId, Text)>,
    order: VecDeque<(AccountId, Text)>,
}

impl Seen {
    /// Whether this one is new; it is remembered.
    fn is_new(&mut self, id: (AccountId, Text)) -> bool {
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
    fn was_streamed(&mut self, activity: &AccountActivity) -> bool {
        let wanted = Streamed::of(activity);
        let found = self
            .streamed
            .iter()
            .position(|streamed| Some(streamed) == wanted.as_ref());
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
        if !self
            .holdings
            .seen
            .is_new((fill.account.clone(), fill.provider_id.clone()))
        {
            return;
        }
        let ActivityKind::Fill {
            symbol,
            side,
            quantity,
            price,
            ..
        } = &fill.kind
        else {
            return;
        };
        let done = match side {
            crate::domain::Side::Buy => "bought",
            crate::domain::Side::Sell => "sold",
        };
        if self.holdings.streamed.len() == MOST_STREAMED {
            self.holdings.streamed.pop_front();
        }
        self.holdings.streamed.extend(Streamed::of(&fill));
        let mode = self.mode_word(&fill.account);
        let text = format!("{done} {quantity} {symbol} @ {price} ({mode})");
        self.note(now, Line::new(EntryKind::Fill, text).account(&fill.account));
        self.positions_changed(now, &fill.account);
        self.history_changed(now, &fill.account);
    }

    /// Files what happened in an account before and between the streams.
    pub(super) fn take_activities(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        mut activities: Vec<AccountActivity>,
        rejected: &[Text],
    ) {
        activities.sort_by_key(|activity| activity.time);
        for activity in activities {
            if !self
                .holdings
                .seen
                .is_new((activity.account.clone(), activity.provider_id.clone()))
            {
                continue;
            }
            if self.holdings.was_streamed(&activity) {
                continue;
            }
            let entry = self.log.add(activity.time, history_line(&activity));
            self.publish(Event::Activity(entry));
        }
        if let Some(first) = rejected.first() {
            let text = format!("{} rows of the history could not be read", rejected.len());
            self.note(
                now,
                Line::new(EntryKind::Sync, text)
                    .level(Level::Warn)
                    .at(id)
                    .detail(first.clone()),
            );
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

fn history_line(activity: &AccountActivity) -> Line {
    let line = match &activity.kind {
        ActivityKind::Fill {
            symbol,
            side,
            quantity,
            price,
            ..
        } => Line::new(
            EntryKind::Fill,
            format!("{} {quantity} {symbol} @ {price}", side.as_str()),
        ),
        ActivityKind::Other {
            word,
            amount,
            symbol,
            description,
        } => {
            let mut text = word.to_string();
            if let Some(symbol) = symbol {
                text = format!("{text} {symbol}");
            }
            if let Some(amount) = amount {
                text = format!("{text} {amount}");
            }
            if !description.is_empty() {
                text = format!("{text} {description}");
            }
            Line::new(EntryKind::Sync, text)
        }
    };
    line.account(&activity.account)
}
