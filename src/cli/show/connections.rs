//! Connections, their health and their streams.

use super::json::Moment;
use super::table::Table;
use super::{View, state_of};
use crate::domain::Symbol;
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth};
use crate::ui::format;
use serde::Serialize;

/// A connection in JSON.
#[derive(Serialize)]
pub(super) struct Item<'v> {
    connection: &'v str,
    provider: &'v str,
    title: &'v str,
    environment: &'static str,
    way: Option<&'v str>,
    state: &'static str,
    reason: Option<&'v str>,
    retry_at: Option<Moment>,
    latency_ms: Option<u64>,
    calls: u64,
    errors: u64,
    requests_left: Option<u32>,
    requests_limit: Option<u32>,
    last_sync_at: Option<Moment>,
    next_sync_at: Option<Moment>,
    session_until_at: Option<Moment>,
    sign_in_due_at: Option<Moment>,
    refresh_failures: u32,
    clock_skew_ms: Option<i64>,
    feeds: Vec<Feed<'v>>,
    source: &'v str,
    age_ms: Option<u64>,
    stale: bool,
}

/// A stream of a connection in JSON.
#[derive(Serialize)]
struct Feed<'v> {
    name: &'v str,
    source: &'v str,
    live: bool,
    heard_at: Option<Moment>,
    age_ms: Option<u64>,
    reconnects: u32,
    messages: u64,
    garbled: u64,
    not_live: Vec<&'v str>,
    problem: Option<&'v str>,
}

pub(super) fn items<'v>(view: &View<'v>) -> Vec<Item<'v>> {
    let connections = view.replica.connections.values();
    connections.map(|it| item(view, it)).collect()
}

fn item<'v>(view: &View<'v>, connection: &'v ConnectionStatus) -> Item<'v> {
    let (state, reason) = state_of(connection);
    let retry_at = match &connection.state {
        ConnectionState::Retrying { at, .. } => Some(Moment(*at)),
        ConnectionState::Disconnected
        | ConnectionState::Sealed
        | ConnectionState::Connecting
        | ConnectionState::Live
        | ConnectionState::NeedsSignIn { .. }
        | ConnectionState::Failed { .. } => None,
    };
    Item {
        connection: connection.id.as_str(),
        provider: connection.provider.as_str(),
        title: connection.title.as_str(),
        environment: connection.environment.as_str(),
        way: Some(connection.way.as_str()).filter(|way| !way.is_empty()),
        state,
        reason,
        retry_at,
        latency_ms: connection.latency_ms,
        calls: connection.calls,
        errors: connection.errors,
        requests_left: connection.requests_left.map(|it| it.0),
        requests_limit: connection.requests_left.map(|it| it.1),
        last_sync_at: connection.last_sync.map(Moment),
        next_sync_at: connection.next_sync.map(Moment),
        session_until_at: connection.session_until.map(Moment),
        sign_in_due_at: connection.sign_in_due.map(Moment),
        refresh_failures: connection.refresh_failures,
        clock_skew_ms: connection.clock_skew_ms,
        feeds: connection.feeds.iter().map(|it| feed(view, it)).collect(),
        source: connection.provider.as_str(),
        age_ms: connection.last_sync.map(|it| view.age_ms(it)),
        stale: connection.state != ConnectionState::Live
            || connection
                .last_sync
                .is_none_or(|it| view.now.since(it) > view.limits.accounts),
    }
}

fn feed<'v>(view: &View<'v>, feed: &'v FeedHealth) -> Feed<'v> {
    Feed {
        name: feed.name.as_str(),
        source: feed.label.as_str(),
        live: feed.live,
        heard_at: feed.heard.map(Moment),
        age_ms: feed.heard.map(|it| view.age_ms(it)),
        reconnects: feed.reconnects,
        messages: feed.messages,
        garbled: feed.garbled,
        not_live: feed.not_live.iter().map(Symbol::as_str).collect(),
        problem: feed.problem.as_ref().map(|it| it.as_str()),
    }
}

pub(super) fn text(view: &View<'_>) -> String {
    let mut table = Table::new(&[
        "CONNECTION",
        "PROVIDER",
        "MONEY",
        "STATE",
        ">LATENCY",
        ">CALLS",
        ">ERRORS",
        ">LEFT",
        ">SYNCED",
        "FEEDS",
        "REASON",
    ]);
    for connection in view.replica.connections.values() {
        let (state, reason) = state_of(connection);
        let left = connection
            .requests_left
            .map(|(left, limit)| format!("{left}/{limit}"));
        table.row([
            connection.id.to_string(),
            connection.title.to_string(),
            connection.environment.as_str().to_uppercase(),
            state.replace('_', " "),
            format::or_unknown(connection.latency_ms, format::latency),
            format::count(connection.calls),
            format::count(connection.errors),
            format::or_unknown(left, |it| it),
            format::or_unknown(connection.last_sync, |it| format::age(view.now.since(it))),
            feeds(connection),
            reason.unwrap_or_default().to_owned(),
        ]);
    }
    table.finish("no connections; add one with `tradedeck connect PROVIDER`")
}

fn feeds(connection: &ConnectionStatus) -> String {
    let feeds = connection.feeds.iter().map(|feed| {
        let mark = if feed.live { '●' } else { '○' };
        match feed.label.is_empty() {
            true => format!("{mark} {}", feed.name),
            false => format!("{mark} {} ({})", feed.name, feed.label),
        }
    });
    feeds.collect::<Vec<_>>().join(" ")
}
