//! The first line: the mode in words, what everything is worth, how the connections are, and the time.

use crate::domain::{Currency, Environment, MarketClock, Mode, Timestamp};
use crate::link::{ConnectionState, Replica, VaultStatus};
use crate::ui::format::{self, Trend};
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::pieces::{Line, Piece, Span};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::time::Duration;

/// From this width a column stays free at the right.
const ROOMY: u16 = 40;

/// Within this time of an opening the weekday says enough.
const A_WEEK: Duration = Duration::from_secs(6 * 86_400);

/// Draws the bar. The mode and the time stay at every width; the rest drops out from the least important.
pub fn draw(context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
    let mut left = badges(context);
    if is_locked(context.replica) {
        let style = context.theme.style(Role::Warn);
        left.push(Piece::text(1, "locked", style));
    } else {
        left.extend(worth_pieces(context));
        left.push(connections(context));
    }
    let line = Line {
        left,
        right: right(context),
        gap: 2,
        ..Line::default()
    };
    let margin = u16::from(area.width >= ROOMY);
    let area = Rect {
        width: area.width - margin,
        ..area
    };
    line.draw(area, buffer);
}

/// The window's title: the mode first, no amounts.
pub fn title(context: &PaneContext<'_>) -> String {
    let demo = if context.replica.demo { " demo" } else { "" };
    let viewer = match context.replica.is_for_viewing() {
        true => " viewer",
        false => "",
    };
    let killed = if context.killed { ", kill switch" } else { "" };
    format!("{} tradedeck{demo}{viewer}{killed}", context.mode.word())
}

/// Whether what is behind the vault's door is nobody's to see.
fn is_locked(replica: &Replica) -> bool {
    let is_locked = matches!(
        replica.vault,
        Some(VaultStatus::Locked { .. } | VaultStatus::Unlocking | VaultStatus::Broken { .. })
    );
    is_locked && !replica.demo
}

/// The mode always, then what else changes the meaning of everything below.
fn badges(context: &PaneContext<'_>) -> Vec<Piece> {
    let theme = context.theme;
    let role = match context.mode {
        Mode::Paper => Role::PaperBadge,
        Mode::Live => Role::LiveBadge,
    };
    let mode = format!(" {} ", context.mode.word());
    let mut badges = vec![Piece::text(0, mode, theme.style(role))];
    if context.replica.is_for_viewing() {
        let style = theme.style(Role::Strong).add_modifier(Modifier::REVERSED);
        badges.push(Piece::text(0, " VIEWER ", style));
    }
    if context.killed {
        let style = theme.style(Role::Wrong).add_modifier(Modifier::REVERSED);
        badges.push(Piece::text(1, " KILL ", style));
    }
    if context.replica.demo {
        badges.push(Piece::text(2, "DEMO", theme.style(Role::Warn)));
    }
    badges
}

/// What everything in the main currency is worth.
struct Worth {
    currency: Currency,
    equity: Decimal,
    cash: Decimal,
    /// Equity now and at the close before, of the accounts that say both.
    day: (Decimal, Decimal),
    has_paper: bool,
    has_real: bool,
    /// Whether any of it can still be read anew.
    has_live: bool,
}

/// Sums of the currency that most is kept in: amounts of different currencies are not added.
fn worth(replica: &Replica) -> Option<Worth> {
    let mut sums: BTreeMap<Currency, Worth> = BTreeMap::new();
    for balance in replica.balances.values() {
        let currency = balance.currency;
        let sum = sums.entry(currency).or_insert(Worth {
            currency,
            equity: Decimal::ZERO,
            cash: Decimal::ZERO,
            day: (Decimal::ZERO, Decimal::ZERO),
            has_paper: false,
            has_real: false,
            has_live: false,
        });
        sum.equity = sum.equity.saturating_add(balance.equity);
        sum.cash = sum.cash.saturating_add(balance.cash);
        if let Some(before) = balance.previous_equity {
            sum.day.0 = sum.day.0.saturating_add(balance.equity);
            sum.day.1 = sum.day.1.saturating_add(before);
        }
        let account = replica.accounts.get(&balance.account);
        let is_paper = account.is_some_and(|it| it.environment == Environment::Paper);
        sum.has_paper |= is_paper;
        sum.has_real |= !is_paper;
        let connection = replica.connection_of(&balance.account);
        sum.has_live |= connection.is_some_and(|it| it.state == ConnectionState::Live);
    }
    sums.into_values().max_by_key(|worth| worth.equity.abs())
}

fn worth_pieces(context: &PaneContext<'_>) -> Vec<Piece> {
    let theme = context.theme;
    let (muted, strong) = (theme.style(Role::Muted), theme.style(Role::Strong));
    let Some(worth) = worth(context.replica) else {
        let unknown = vec![("net ".into(), muted), (format::UNKNOWN.into(), muted)];
        return vec![Piece::new(5, unknown)];
    };
    let amount = |value| cells::amount_text(context, value, worth.currency);
    let net: Span = (
        amount(worth.equity),
        if worth.has_live { strong } else { muted },
    );
    let currency: Span = (format!(" {}", worth.currency), muted);
    let mut short = vec![net, currency];
    if !worth.has_live {
        short.push((" old".into(), theme.style(Role::Warn)));
    }
    let long = std::iter::once(("net ".into(), muted)).chain(short.clone());
    let mut pieces = vec![Piece::new(6, long.collect()).or(4, short)];
    if let Some(words) = left_out(context, &worth) {
        pieces.push(Piece::text(6, words, muted));
    }
    pieces.push(day(context, &worth));
    let cash = (amount(worth.cash), theme.style(Role::Text));
    pieces.push(Piece::new(10, vec![("cash ".into(), muted), cash]));
    pieces
}

/// What the net is not: all of it real, all that there is.
fn left_out(context: &PaneContext<'_>, worth: &Worth) -> Option<String> {
    let replica = context.replica;
    let unread = replica.accounts.keys();
    let unread = unread
        .filter(|id| !replica.balances.contains_key(*id))
        .count();
    let mut others: Vec<&str> = replica
        .balances
        .values()
        .map(|balance| &balance.currency)
        .filter(|currency| **currency != worth.currency)
        .map(Currency::as_str)
        .collect();
    others.sort_unstable();
    others.dedup();
    let mut words = Vec::new();
    if worth.has_paper && worth.has_real {
        words.push("with paper".to_owned());
    }
    match others.as_slice() {
        [] => {}
        [other] => words.push(format!("+ {other}")),
        several => words.push(format!("+ {} currencies", several.len())),
    }
    if unread > 0 {
        words.push(format!("{unread} unread"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// Change of the day: arrow, amount and percent.
fn day(context: &PaneContext<'_>, worth: &Worth) -> Piece {
    let (now, before) = worth.day;
    let known = now
        .checked_sub(before)
        .and_then(|change| Some((change, change.checked_div(before)?)));
    let Some((change, fraction)) = known else {
        return Piece::text(8, format::UNKNOWN, context.theme.style(Role::Muted));
    };
    let decimals = format::decimals_of(worth.currency);
    let trend = Trend::of(change, decimals);
    let style = context.theme.trend(trend);
    let (arrow, percent) = (trend.arrow(), format::signed_percent(fraction));
    let amount = match context.hidden {
        true => format::MASK.to_owned(),
        false => format::signed(change, decimals),
    };
    let long = format!("{arrow} {amount} {percent}");
    Piece::text(8, long, style).or(5, vec![(format!("{arrow} {percent}"), style)])
}

/// How many connections are how: mark, count and word, of which mark and count stay where it is narrow.
fn connections(context: &PaneContext<'_>) -> Piece {
    let states = context.replica.connections.values().map(|it| &it.state);
    let states: Vec<&ConnectionState> = states.collect();
    let count = |is: fn(&ConnectionState) -> bool| states.iter().filter(|state| is(state)).count();
    let groups = [
        (
            "●",
            count(|it| matches!(it, ConnectionState::Live)),
            "",
            Role::Up,
        ),
        (
            "◐",
            count(|it| matches!(it, ConnectionState::Connecting)),
            " reading",
            Role::Accent,
        ),
        (
            "◐",
            count(|it| matches!(it, ConnectionState::Retrying { .. })),
            " old",
            Role::Warn,
        ),
        (
            "○",
            count(|it| matches!(it, ConnectionState::NeedsSignIn { .. })),
            " sign in",
            Role::Wrong,
        ),
        (
            "○",
            count(|it| matches!(it, ConnectionState::Failed { .. })),
            " failed",
            Role::Wrong,
        ),
        (
            "○",
            count(|it| matches!(it, ConnectionState::Disconnected)),
            " off",
            Role::Muted,
        ),
        (
            "○",
            count(|it| matches!(it, ConnectionState::Sealed)),
            " last known",
            Role::Warn,
        ),
    ];
    if states.is_empty() {
        let style = context.theme.style(Role::Muted);
        return Piece::text(7, "○ not connected", style).or(3, vec![("○ 0".into(), style)]);
    }
    let shown = groups.iter().filter(|(_, count, _, _)| *count > 0);
    let spans = |with_words: bool| -> Vec<Span> {
        let gaps = std::iter::once("").chain(std::iter::repeat("  "));
        let groups = gaps.zip(shown.clone());
        groups
            .map(|(gap, (mark, count, word, role))| {
                let word = if with_words { word } else { "" };
                let text = format!("{gap}{mark} {count}{word}");
                (text, context.theme.style(*role))
            })
            .collect()
    };
    Piece::new(7, spans(true)).or(3, spans(false))
}

fn right(context: &PaneContext<'_>) -> Vec<Piece> {
    let theme = context.theme;
    let mut pieces = Vec::new();
    if let Some(words) = market(context) {
        pieces.push(Piece::text(9, words, theme.style(Role::Muted)));
    }
    let time = format::time_of_day(context.now, context.zone);
    pieces.push(Piece::text(0, time, theme.style(Role::Text)));
    pieces
}

/// What happens next at the market where something happens first.
fn market(context: &PaneContext<'_>) -> Option<String> {
    let clocks = context.replica.clocks.values();
    let next = clocks
        .min_by_key(|clock| next_step(clock, context.now).map_or(Timestamp::EPOCH, |it| it.1))?;
    let market = &next.market;
    let Some((word, at)) = next_step(next, context.now) else {
        return Some(format!("{market} hours unknown"));
    };
    let left = at.since(context.now);
    if word == "closes" {
        return Some(format!("{market} closes in {}", format::time_left(left)));
    }
    let (then, today) = (at.in_zone(context.zone), context.now.in_zone(context.zone));
    let pattern = match left {
        _ if then.date() == today.date() => "%H:%M",
        _ if left < A_WEEK => "%a %H:%M",
        _ => "%d %b %H:%M",
    };
    Some(format!("{market} opens {}", then.strftime(pattern)))
}

/// What comes next and when. What was read before the last step is not believed to be the state still.
fn next_step(clock: &MarketClock, now: Timestamp) -> Option<(&'static str, Timestamp)> {
    let steps = [("closes", clock.next_close), ("opens", clock.next_open)];
    let to_come = steps.into_iter().filter(|(_, at)| *at > now);
    to_come.min_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests;
