//! Lines under the health: why a connection is not live, what is wrong with a stream, which symbols it does not carry.

use crate::domain::Symbol;
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::table::Note;

/// Columns kept for a count of the symbols that are not named.
const COUNTED: usize = 12;

/// What is wrong, the worst first, in lines of at most `width`.
pub(super) fn notes(context: &PaneContext<'_>, width: u16) -> Vec<Note> {
    let connections = || context.replica.connections.values();
    let whys = connections().filter_map(|status| why(context, status));
    let problems = connections().flat_map(|status| {
        let feeds = status.feeds.iter();
        feeds.flat_map(|feed| of_stream(status, feed, width.into()))
    });
    let mut notes: Vec<(Role, String)> = whys.chain(problems).collect();
    notes.sort_by_key(|(role, _)| *role != Role::Wrong);
    let styled = notes
        .into_iter()
        .map(|(role, text)| (text, context.theme.style(role)));
    styled.collect()
}

fn why(context: &PaneContext<'_>, status: &ConnectionStatus) -> Option<(Role, String)> {
    let (role, text) = match &status.state {
        ConnectionState::Retrying { why, .. } => (Role::Warn, why.to_string()),
        ConnectionState::NeedsSignIn { why } | ConnectionState::Failed { why } => {
            (Role::Wrong, why.to_string())
        }
        ConnectionState::Sealed => (Role::Muted, cells::last_known(context, status)),
        ConnectionState::Live => (Role::Warn, skew(status.clock_skew_ms?)),
        ConnectionState::Connecting | ConnectionState::Disconnected => return None,
    };
    Some((role, format!("{}: {text}", status.id)))
}

/// How far the provider's clock is from ours.
fn skew(millis: i64) -> String {
    let way = if millis < 0 { "behind" } else { "ahead of" };
    let size = format::latency(millis.unsigned_abs());
    format!("its clock is {size} {way} ours")
}

fn of_stream(status: &ConnectionStatus, feed: &FeedHealth, width: usize) -> Vec<(Role, String)> {
    let name = format!("{} {}", status.id, feed.name);
    let problem = feed.problem.as_ref();
    let mut notes: Vec<(Role, String)> = problem
        .map(|problem| (Role::Warn, format!("{name}: {problem}")))
        .into_iter()
        .collect();
    if !feed.not_live.is_empty() {
        let text = format!("{name}: not live ");
        let room = width.saturating_sub(1 + format::width(&text));
        notes.push((Role::Warn, text + &named(&feed.not_live, room)));
    }
    notes
}

/// As many symbols as fit, and how many more there are.
fn named(symbols: &[Symbol], room: usize) -> String {
    let mut text = String::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let gap = if index == 0 { "" } else { ", " };
        let is_last = index + 1 == symbols.len();
        let needed = format::width(&text) + gap.len() + format::width(symbol.as_str());
        let kept = if is_last { 0 } else { COUNTED };
        if needed + kept > room {
            let more = symbols.len() - index;
            return match index {
                0 => format!("{more} symbols"),
                _ => format!("{text} and {more} more"),
            };
        }
        text.push_str(gap);
        text.push_str(symbol.as_str());
    }
    text
}
