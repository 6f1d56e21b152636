//! A row of the accounts: what is known of an account, or of a connection that has none yet.

use super::{Field, Key, overdue};
use crate::domain::{Account, AccountId, Balance, Environment};
use crate::link::{ConnectionState, ConnectionStatus};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::table::Cell;
use std::borrow::Cow;

/// Everything that is known of a row.
pub(super) struct Entry<'a> {
    key: &'a Key,
    status: Option<&'a ConnectionStatus>,
    account: Option<&'a Account>,
    balance: Option<&'a Balance>,
    /// What is wrong: the long way, the short, and how bad.
    trouble: Option<(Cow<'static, str>, Cow<'static, str>, Role)>,
}

impl<'a> Entry<'a> {
    pub(super) fn of(context: &PaneContext<'a>, key: &'a Key) -> Self {
        let replica = context.replica;
        let Key(connection, id) = key;
        let status = replica.connections.get(connection);
        let balance = id.as_ref().and_then(|id| replica.balances.get(id));
        let account = id.as_ref().and_then(|id| replica.accounts.get(id));
        let down = status.and_then(|status| cells::trouble(status, context.now));
        let down = down.map(|(long, short, role)| (long, short.into(), role));
        let restricted = || {
            account?.restriction.as_ref()?;
            Some(("restricted".into(), "limits".into(), Role::Warn))
        };
        let old = || {
            let age = format::age(overdue(context, balance?)?);
            Some((format!("{age} old").into(), age.into(), Role::Warn))
        };
        Self {
            key,
            status,
            account,
            balance,
            trouble: down.or_else(restricted).or_else(old),
        }
    }

    /// A live connection of which a part is missing is half a mark.
    fn mark(&self) -> (&'static str, Role) {
        let is_partly = |status: &ConnectionStatus| {
            status.feeds.iter().any(|feed| !feed.live) || self.trouble.is_some()
        };
        match self.status {
            Some(status) if status.state == ConnectionState::Live && is_partly(status) => {
                ("◐", Role::Warn)
            }
            status => cells::mark(status),
        }
    }

    fn environment(&self) -> Option<Environment> {
        let of_account = self.account.map(|it| it.environment);
        of_account.or(self.status.map(|it| it.environment))
    }

    fn title(&self) -> &str {
        self.status
            .map_or(self.key.0.as_str(), |it| it.title.as_str())
    }

    /// The account's own name; the connection's where it has no account.
    fn name(&self) -> &str {
        match self.account {
            Some(account) if account.name.as_str() == account.environment.as_str() => "",
            Some(account) => account.name.as_str(),
            None => self.key.0.as_str(),
        }
    }

    pub(super) fn cell(&self, context: &PaneContext<'_>, field: Field) -> Cell {
        let theme = context.theme;
        let muted = theme.style(Role::Muted);
        let is_old = self.trouble.is_some();
        let strong = if is_old {
            muted
        } else {
            theme.style(Role::Strong)
        };
        let text = if is_old {
            muted
        } else {
            theme.style(Role::Text)
        };
        let amount = |value: &dyn Fn(&Balance) -> _| match self.balance {
            Some(it) => cells::amount(context, value(it), it.currency, text),
            None => cells::unknown(context),
        };
        match field {
            Field::Mark => {
                let (mark, role) = self.mark();
                Cell::name(mark, theme.style(role))
            }
            Field::Title => Cell::name(self.title(), strong),
            Field::Environment => environment(context, self.environment()),
            Field::Name => Cell::name(self.name(), muted),
            Field::Number => {
                let id = self.key.1.as_ref();
                Cell::name(id.map(AccountId::short).unwrap_or_default(), muted)
            }
            Field::Value => amount(&|it| Some(it.equity)),
            Field::Currency => {
                let currency = self.balance.map(|it| it.currency.to_string());
                Cell::name(currency.unwrap_or_default(), muted)
            }
            Field::Day => self.day(context),
            Field::Age => {
                let age = self.balance.map(|it| context.now.since(it.as_of));
                Cell::number(format::or_unknown(age, format::age), muted)
            }
            Field::SignIn => self.sign_in(context),
            Field::Cash => amount(&|it| Some(it.cash)),
            Field::BuyingPower => amount(&|it| it.buying_power),
        }
    }

    /// What is wrong, else the change of the day.
    fn day(&self, context: &PaneContext<'_>) -> Cell {
        if let Some((long, short, role)) = &self.trouble {
            let style = context.theme.style(*role);
            return Cell::sentence(long.clone(), style).or(short.clone());
        }
        let fraction = self.balance.and_then(Balance::day_change_fraction);
        cells::change(context, fraction, false)
    }

    /// Time until the person has to sign in again.
    fn sign_in(&self, context: &PaneContext<'_>) -> Cell {
        let Some(due) = self.status.and_then(|it| it.sign_in_due) else {
            return Cell::empty();
        };
        let left = due.since(context.now);
        let (text, role) = match left.as_secs() {
            0 => ("now".into(), Role::Wrong),
            1..86_400 => (format::age(left), Role::Warn),
            _ => (format::age(left), Role::Muted),
        };
        Cell::number(text, context.theme.style(role))
    }
}

fn environment(context: &PaneContext<'_>, environment: Option<Environment>) -> Cell {
    let (word, role) = match environment {
        Some(Environment::Paper) => ("paper", Role::Paper),
        Some(Environment::Live) => ("live", Role::Muted),
        None => ("", Role::Muted),
    };
    Cell::name(word, context.theme.style(role))
}
