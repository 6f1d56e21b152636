//! When the vault is locked, and what happened while it was.
//!
//! A lock stops every connection and drops every secret; what was shown stays, with its age. It comes by request, when
//! nobody pressed a key for a while, and when the machine was asleep. It never touches an order.

mod known;
mod role;

use crate::domain::{AccountId, Balance, ClientOrderId, ConnectionId, Order, Text, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::output::Output;
use crate::engine::sessions::Session;
use crate::link::{ConnectionState, EntryKind, Event, Level, VaultStatus};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A machine that slept for longer may have been carried away.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Longest wait for connections before it is told what happened meanwhile.
const LONGEST_RETURN: Duration = Duration::from_secs(30);

/// Orders that a digest names; the rest it counts.
const MOST_NAMED: usize = 4;

/// The last sign of a person, and what was left behind at the last lock.
#[derive(Default)]
pub(super) struct Presence {
    last_sign: Option<Timestamp>,
    away: Option<Away>,
}

/// What stood when the vault was locked, to be compared with what stands afterwards.
struct Away {
    since: Timestamp,
    orders: BTreeMap<ClientOrderId, Order>,
    balances: BTreeMap<AccountId, Balance>,
    /// Connections that were in use, and are to be read again first.
    unread: BTreeSet<ConnectionId>,
    opened: Option<Timestamp>,
}

impl Engine {
    pub(super) fn take_vault(&mut self, now: Timestamp, vault: VaultStatus) {
        self.vault = vault.clone();
        self.publish(Event::Vault(vault.clone()));
        if let VaultStatus::Open { role, .. } = vault {
            self.take_role(role);
            self.presence.last_sign = Some(now);
            if let Some(away) = &mut self.presence.away {
                away.opened = Some(now);
            }
        }
    }

    /// A key was pressed, somewhere.
    pub(super) fn see_a_person(&mut self, now: Timestamp) {
        self.presence.last_sign = Some(now);
    }

    /// The machine was asleep for so long.
    pub(super) fn wake_up(&mut self, now: Timestamp, asleep: Duration) {
        if asleep > LONGEST_SLEEP && self.may_lock_by_itself() {
            self.lock(now, &format!("the machine slept for {}", said(asleep)));
        }
    }

    pub(super) fn lock_when_idle(&mut self, now: Timestamp) {
        if self.next_lock().is_some_and(|at| now >= at) {
            let idle = self.settings.lock_after.unwrap_or_default();
            self.lock(now, &format!("no key was pressed for {}", said(idle)));
        }
    }

    /// When the vault is locked if nobody presses a key.
    pub(super) fn next_lock(&self) -> Option<Timestamp> {
        let last_sign = self.presence.last_sign?;
        let after = self.settings.lock_after?;
        self.may_lock_by_itself().then(|| last_sign.plus(after))
    }

    pub(super) fn lock(&mut self, now: Timestamp, why: &str) {
        self.remember(now);
        self.keep_all();
        let ids: Vec<ConnectionId> = self.sessions.keys().cloned().collect();
        for id in ids {
            self.drop_questions(now, &id, "the vault was locked");
            self.disconnect(now, &id, ConnectionState::Disconnected);
        }
        self.note(now, Line::new(EntryKind::System, format!("locked: {why}")));
        self.out.push(Output::DropSecrets);
    }

    /// The simulation's passphrase is nobody's: it could not be opened again.
    fn may_lock_by_itself(&self) -> bool {
        self.is_open() && !self.settings.demo
    }

    fn is_open(&self) -> bool {
        matches!(self.vault, VaultStatus::Open { .. })
    }

    fn remember(&mut self, now: Timestamp) {
        if !self.is_open() {
            return;
        }
        let in_use = self.sessions.iter().filter(|(_, it)| it.is_usable());
        let unread = in_use.map(|(id, _)| id.clone()).collect();
        if let Some(earlier) = &mut self.presence.away {
            // Locked again before it was told: the longer absence counts.
            earlier.opened = None;
            earlier.unread = unread;
            return;
        }
        let orders = self.book.all();
        self.presence.away = Some(Away {
            since: now,
            orders: orders
                .into_iter()
                .map(|order| (order.id.clone(), order))
                .collect(),
            balances: self.holdings.balances.clone(),
            unread,
            opened: None,
        });
    }

    /// Tells what happened while the vault was locked, once everything was read again.
    pub(super) fn tell_what_happened(&mut self, now: Timestamp) {
        let Some(away) = &mut self.presence.away else {
            return;
        };
        let Some(opened) = away.opened else { return };
        let sessions = &self.sessions;
        away.unread
            .retain(|id| sessions.get(id).is_some_and(|it| is_awaited(it, opened)));
        let given_up = now >= opened.plus(LONGEST_RETURN);
        if !away.unread.is_empty() && !given_up {
            return;
        }
        let Some(away) = self.presence.away.take() else {
            return;
        };
        let digest = self.digest(&away);
        let line = Line::new(EntryKind::System, digest.0).level(Level::Info);
        self.announce(now, line.detail(digest.1));
    }

    pub(super) fn next_digest(&self) -> Option<Timestamp> {
        let opened = self.presence.away.as_ref()?.opened?;
        Some(opened.plus(LONGEST_RETURN))
    }

    /// A sentence, and all of it.
    fn digest(&self, away: &Away) -> (Text, Text) {
        let opened = away.opened.unwrap_or(away.since);
        let mut lines: Vec<String> = self
            .book
            .all()
            .iter()
            .filter_map(|order| what_became(away.orders.get(&order.id), order))
            .collect();
        let orders = match lines.len() {
            0 => "no order changed".to_owned(),
            few @ 1..=MOST_NAMED => lines[..few].join(", "),
            many => format!(
                "{} and {} more",
                lines[..MOST_NAMED].join(", "),
                many - MOST_NAMED
            ),
        };
        let values = self.values(away);
        let absent = said(opened.since(away.since));
        let sentence = format!(
            "back after {absent}: {}",
            [&[orders], &values[..]].concat().join("; ")
        );
        lines.extend(values);
        let unread: Vec<&str> = away.unread.iter().map(ConnectionId::as_str).collect();
        if !unread.is_empty() {
            lines.push(format!("not read yet: {}", unread.join(", ")));
        }
        (sentence.into(), lines.join("\n").into())
    }

    /// What accounts known before and after are worth, by currency.
    fn values(&self, away: &Away) -> Vec<String> {
        let mut sums: BTreeMap<&str, Option<(Decimal, Decimal)>> = BTreeMap::new();
        for (account, before) in &away.balances {
            let Some(after) = self.holdings.balances.get(account) else {
                continue;
            };
            if after.currency != before.currency {
                continue;
            }
            let sum = sums
                .entry(before.currency.as_str())
                .or_insert(Some((Decimal::ZERO, Decimal::ZERO)));
            *sum = sum.and_then(|(was, is)| {
                Some((
                    was.checked_add(before.equity)?,
                    is.checked_add(after.equity)?,
                ))
            });
        }
        let told = |(currency, sum): (&str, Option<(Decimal, Decimal)>)| {
            let (was, is) = sum?;
            Some(format!("value {was} → {is} {currency}"))
        };
        sums.into_iter().filter_map(told).collect()
    }
}

fn is_awaited(session: &Session, opened: Timestamp) -> bool {
    let was_read = session.status.last_sync.is_some_and(|at| at >= opened);
    let is_out = matches!(
        session.status.state,
        ConnectionState::Sealed
            | ConnectionState::NeedsSignIn { .. }
            | ConnectionState::Failed { .. }
    );
    !was_read && !is_out
}

fn what_became(before: Option<&Order>, after: &Order) -> Option<String> {
    let symbol = after.draft.symbol.as_str();
    let Some(before) = before else {
        return Some(format!(
            "{symbol} order from elsewhere, {}",
            after.state.word()
        ));
    };
    if after.filled > before.filled {
        let more = after.filled.0.checked_sub(before.filled.0)?;
        return Some(format!("{symbol} filled {more}"));
    }
    let has_ended = after.state.is_final() && !before.state.is_final();
    has_ended.then(|| format!("{symbol} {}", after.state.word()))
}

/// A span for people, to the minute; to the second when it is shorter.
fn said(span: Duration) -> String {
    let whole = match span.as_secs() {
        seconds @ 0..60 => SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0)),
        seconds => SignedDuration::from_mins(i64::try_from(seconds / 60).unwrap_or(i64::MAX / 60)),
    };
    format!("{whole:#}")
}
