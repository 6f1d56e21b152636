//! A row of the health: a connection with what it costs, or a stream with what it carries.

use super::{COLUMNS, Key};
use crate::domain::Timestamp;
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::meter;
use crate::ui::widgets::table::{Cell, Row};
use rust_decimal::Decimal;
use std::time::Duration;

/// Columns of the meter of requests left.
const METER: u16 = 8;

/// A rate limit of which no more than one part in so many is left is worth a warning: the reserve that is kept for
/// orders and cancels.
const RESERVE: u32 = 10;

pub(super) fn row(context: &PaneContext<'_>, Key(id, feed): &Key) -> Row {
    let Some(status) = context.replica.connections.get(id) else {
        return COLUMNS.iter().map(|_| Cell::empty()).collect();
    };
    let Some(name) = feed else {
        return connection(context, status);
    };
    let feed = status.feeds.iter().find(|feed| feed.name == *name);
    feed.map_or_else(Vec::new, |feed| stream(context, feed))
}

fn connection(context: &PaneContext<'_>, status: &ConnectionStatus) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let (mark, role) = cells::mark(Some(status));
    vec![
        Cell::name(mark, theme.style(role)),
        Cell::name(status.id.as_str(), theme.style(Role::Strong)),
        state_and_clock(context, status),
        match status.latency_ms {
            Some(millis) => Cell::number(format::latency(millis), theme.style(Role::Text)),
            None => cells::unknown(context),
        },
        errors(context, status),
        requests_left(context, status),
        heard(context, status.last_sync),
        match status.next_sync {
            Some(at) => Cell::number(format::until(at.since(context.now)), muted),
            None => cells::unknown(context),
        },
        refreshes(context, status),
        Cell::number(format::count(status.calls), muted),
    ]
}

/// The state, with what runs out next.
fn state_and_clock(context: &PaneContext<'_>, status: &ConnectionStatus) -> Cell {
    let (words, role) = state(context, status);
    let Some((clock, is_worth_a_look)) = clock(context.now, status) else {
        return Cell::sentence(words, context.theme.style(role));
    };
    // What is wrong already is said in its own colour.
    let is_louder = role == Role::Text && is_worth_a_look;
    let role = if is_louder { Role::Warn } else { role };
    Cell::sentence(format!("{words} · {clock}"), context.theme.style(role)).or(words)
}

/// When the person has to sign in again where that is soon, else when the session is renewed; and whether it is worth a
/// look.
pub(super) fn clock(now: Timestamp, status: &ConnectionStatus) -> Option<(String, bool)> {
    let left = |at: Timestamp| at.since(now);
    let sign_in = |left: Duration| format!("sign in {}", format::until(left));
    match (status.sign_in_due.map(left), status.session_until.map(left)) {
        (Some(left), _) if status.ends_soon(now) => Some((sign_in(left), true)),
        (_, Some(left)) if left.is_zero() => Some(("session over".into(), true)),
        (_, Some(left)) => Some((format!("renews {}", format::until(left)), false)),
        (Some(left), None) => Some((sign_in(left), false)),
        (None, None) => None,
    }
}

fn state(context: &PaneContext<'_>, status: &ConnectionStatus) -> (String, Role) {
    match &status.state {
        ConnectionState::Live => match status.clock_skew_ms {
            Some(_) => ("live, skewed".into(), Role::Warn),
            None => ("live".into(), Role::Text),
        },
        ConnectionState::Connecting => ("reading".into(), Role::Accent),
        ConnectionState::Disconnected => ("off".into(), Role::Muted),
        ConnectionState::Sealed => ("viewer".into(), Role::Muted),
        ConnectionState::Retrying { at, .. } => {
            let left = at.since(context.now);
            (format!("again {}", format::until(left)), Role::Warn)
        }
        ConnectionState::NeedsSignIn { .. } => ("sign in".into(), Role::Wrong),
        ConnectionState::Failed { .. } => ("failed".into(), Role::Wrong),
    }
}

/// Failed calls and their share of all: `3 1.2%`.
fn errors(context: &PaneContext<'_>, status: &ConnectionStatus) -> Cell {
    let share = Decimal::from(status.errors).checked_div(Decimal::from(status.calls));
    match share.filter(|_| status.errors > 0) {
        Some(share) => {
            let percent = format!("{}%", format::percent(share, 1));
            let style = context.theme.style(Role::Warn);
            let count = format::count(status.errors);
            Cell::number(format!("{count} {percent}"), style).or(percent)
        }
        None => Cell::number("0", context.theme.style(Role::Muted)),
    }
}

/// A meter of the requests that are left in the rate limit's window, with their number: `█████▏·· 130 / 200`.
fn requests_left(context: &PaneContext<'_>, status: &ConnectionStatus) -> Cell {
    let Some((left, all)) = status.requests_left else {
        return cells::unknown(context);
    };
    let role = match left {
        0 => Role::Wrong,
        _ if left <= all / RESERVE => Role::Warn,
        _ => Role::Muted,
    };
    let bar = meter::bar(left.into(), all.into(), METER);
    let [few, many] = [left, all].map(|it| format::count(it.into()));
    Cell::number(format!("{bar} {few} / {many}"), context.theme.style(role))
        .or(format!("{few} / {many}"))
        .or(format!("{left}/{all}"))
        .or(few)
}

/// Token refreshes that failed; unknown where the credentials do not expire, so that nothing is refreshed.
fn refreshes(context: &PaneContext<'_>, status: &ConnectionStatus) -> Cell {
    let theme = context.theme;
    match status.refresh_failures {
        0 if status.sign_in_due.is_none() && status.session_until.is_none() => {
            cells::unknown(context)
        }
        0 => Cell::number("0", theme.style(Role::Muted)),
        1 => Cell::number("1 failed", theme.style(Role::Warn)).or("1"),
        failures => {
            let count = format::count(failures.into());
            Cell::number(format!("{count} failed"), theme.style(Role::Warn)).or(count)
        }
    }
}

fn heard(context: &PaneContext<'_>, at: Option<Timestamp>) -> Cell {
    match at {
        Some(at) => {
            let age = format::age(context.now.since(at));
            Cell::number(age, context.theme.style(Role::Muted))
        }
        None => cells::unknown(context),
    }
}

fn stream(context: &PaneContext<'_>, feed: &FeedHealth) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let name = format!("  {}", feed.name);
    let garbled = if feed.garbled > 0 {
        Role::Warn
    } else {
        Role::Muted
    };
    vec![
        Cell::empty(),
        Cell::name(format!("{name} {}", feed.label).trim_end(), muted).or(name),
        stream_state(context, feed),
        Cell::empty(),
        Cell::number(format::count(feed.garbled), theme.style(garbled)),
        Cell::empty(),
        heard(context, feed.heard),
        Cell::empty(),
        Cell::empty(),
        Cell::number(format::count(feed.messages), muted),
    ]
}

/// Whether it is up, and what of it is not as it should be; the words are under the table.
fn stream_state(context: &PaneContext<'_>, feed: &FeedHealth) -> Cell {
    let (word, role) = match (feed.live, &feed.problem) {
        (true, None) if feed.not_live.is_empty() => ("live", Role::Text),
        (true, _) => ("live in part", Role::Warn),
        (false, Some(_)) => ("down", Role::Warn),
        (false, None) => ("off", Role::Muted),
    };
    let style = context.theme.style(role);
    match feed.reconnects {
        0 => Cell::sentence(word, style),
        1 => Cell::sentence(format!("{word}, 1 reconnect"), style).or(word),
        times => Cell::sentence(format!("{word}, {times} reconnects"), style).or(word),
    }
}
