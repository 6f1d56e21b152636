//! Lines under the accounts: other currencies, how much is old, what is wrong, an equity history.

use super::Key;
use super::totals::Sum;
use crate::domain::{AccountId, SyncOutcome, SyncRun};
use crate::link::ConnectionState;
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::line_chart::sparkline;
use crate::ui::widgets::table::Note;
use rust_decimal::Decimal;

/// Columns of an equity history's words: `…4821 equity`, `+10.42% since 24 Oct`.
const HISTORY_WORDS: usize = 36;

/// Most points of an equity history.
const MOST_POINTS: usize = 40;

pub(super) fn notes(
    context: &PaneContext<'_>,
    sums: &[Sum],
    selected: Option<&Key>,
    (history, width): (Option<&AccountId>, u16),
) -> Vec<Note> {
    let muted = context.theme.style(Role::Muted);
    let shares = share(sums).into_iter().map(|text| (text, muted));
    let mut notes: Vec<Note> = shares.collect();
    notes.extend(
        sums.iter()
            .filter_map(|it| Some((paper(context, it)?, muted))),
    );
    let dayless = sums.first().map_or(0, |sum| sum.dayless);
    if dayless > 0 {
        notes.push((format!("day % without {dayless}"), muted));
    }
    notes.extend(sums.iter().skip(1).map(|it| (total(context, it), muted)));
    if let Some(Key(_, account)) = selected
        && account.is_some()
        && account.as_ref() == history
    {
        notes.extend(account.iter().map(|it| equity(context, it, width)));
    }
    notes.extend(selected.and_then(|key| why(context, key)));
    notes.extend(histories(context, selected));
    notes.extend(feeds(context));
    notes
}

/// How much of each total is old: `61% live, 39% up to 5 h old`.
fn share(sums: &[Sum]) -> Option<String> {
    let is_alone = sums.len() == 1;
    let parts: Vec<String> = sums
        .iter()
        .filter_map(|sum| {
            let age = format::age(sum.oldest?);
            let currency = if is_alone {
                String::new()
            } else {
                format!("{} ", sum.currency)
            };
            Some(match sum.live_percent() {
                Some(live) => format!("{currency}{live}% live, {}% up to {age} old", 100 - live),
                None => format!("{currency}partly up to {age} old"),
            })
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// How much of a total is no real money.
fn paper(context: &PaneContext<'_>, sum: &Sum) -> Option<String> {
    let amount = cells::amount_text(context, sum.paper_among_real()?, sum.currency);
    Some(format!("{amount} {} of it is paper", sum.currency))
}

fn total(context: &PaneContext<'_>, sum: &Sum) -> String {
    let amount = cells::amount_text(context, sum.equity, sum.currency);
    format!("Total {amount} {}", sum.currency)
}

/// What the provider said when the selected connection stopped being live.
fn why(context: &PaneContext<'_>, Key(connection, account): &Key) -> Option<Note> {
    let status = context.replica.connections.get(connection)?;
    let restriction = || {
        let account = context.replica.accounts.get(account.as_ref()?)?;
        account.restriction.as_ref()
    };
    let (why, role) = match &status.state {
        ConnectionState::Retrying { why, .. } => (why.to_string(), Role::Warn),
        ConnectionState::NeedsSignIn { why } | ConnectionState::Failed { why } => {
            (why.to_string(), Role::Wrong)
        }
        ConnectionState::Sealed => (cells::last_known(context, status), Role::Warn),
        ConnectionState::Live => (restriction()?.to_string(), Role::Warn),
        ConnectionState::Connecting | ConnectionState::Disconnected => return None,
    };
    let text = format!("{}: {why}", status.title);
    Some((text, context.theme.style(role)))
}

/// Streams of live connections that are down.
fn feeds(context: &PaneContext<'_>) -> Vec<Note> {
    let warn = context.theme.style(Role::Warn);
    let connections = context.replica.connections.values();
    let live = connections.filter(|it| it.state == ConnectionState::Live);
    let down = live.flat_map(|status| {
        let feeds = status.feeds.iter().filter(|feed| !feed.live);
        feeds.map(move |feed| {
            let problem = feed.problem.as_ref().map_or("down", |it| it.as_str());
            (format!("{} {}: {problem}", status.title, feed.name), warn)
        })
    });
    down.collect()
}

/// Histories that are being read, and how the last reading of the selected account ended.
fn histories(context: &PaneContext<'_>, selected: Option<&Key>) -> Vec<Note> {
    let of_selected = selected.and_then(|Key(_, account)| account.as_ref());
    let runs = context.replica.syncs.values();
    let told = runs.filter(|run| run.ended.is_none() || of_selected == Some(&run.account));
    told.map(|run| history(context, run)).collect()
}

fn history(context: &PaneContext<'_>, run: &SyncRun) -> Note {
    let account = run.account.short();
    let [rows, new] = [run.rows.fetched, run.rows.new].map(format::count);
    let (done, all) = run.stretches;
    let when = cells::moment(context, run.ended.unwrap_or(run.started));
    let (text, role) = match &run.outcome {
        SyncOutcome::UnderWay => {
            let pages = format::count(run.pages.into());
            let text = format!("reading: {rows} rows, {pages} pages, stretch {done} of {all}");
            (text, Role::Accent)
        }
        SyncOutcome::Done => (format!("read {when}, {new} new"), Role::Muted),
        SyncOutcome::Cancelled => (format!("stopped {when}, {new} new"), Role::Muted),
        SyncOutcome::Interrupted => (format!("interrupted {when}, {new} new"), Role::Warn),
        SyncOutcome::Failed(why) => (format!("failed {when}: {why}"), Role::Wrong),
    };
    let text = format!("{account} history {text}");
    (text, context.theme.style(role))
}

/// The newest points of an account's equity that fit, and the change over them.
fn equity(context: &PaneContext<'_>, account: &AccountId, width: u16) -> Note {
    let muted = context.theme.style(Role::Muted);
    let name = account.short();
    let Some(points) = context.replica.equity.get(account) else {
        return (format!("{name} equity: reading its history"), muted);
    };
    let room = usize::from(width).saturating_sub(HISTORY_WORDS);
    let shown = &points[points.len().saturating_sub(room.clamp(1, MOST_POINTS))..];
    let values: Vec<Decimal> = shown.iter().map(|point| point.equity).collect();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return (format!("{name} equity: no history"), muted);
    };
    let change = last
        .equity
        .checked_sub(first.equity)
        .and_then(|it| it.checked_div(first.equity));
    let change = format::or_unknown(change, format::signed_percent);
    let line = sparkline(&values, room.min(MOST_POINTS));
    let since = cells::moment(context, first.time);
    let text = format!("{name} equity {line} {change} since {since}");
    (text, context.theme.style(Role::Accent))
}
