//! The first line: the mode in words, what everything is worth, how the connections are, and the time.

use crate::domain::{Currency, MarketClock, Mode};
use crate::link::{ConnectionState, Replica};
use crate::ui::format::{self, Trend};
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A piece of the bar; pieces with a higher rank drop out first.
struct Piece {
    rank: u8,
    spans: Vec<(String, Style)>,
}

impl Piece {
    fn new(rank: u8, spans: Vec<(String, Style)>) -> Self {
        Self { rank, spans }
    }

    fn width(&self) -> u16 {
        let width: usize = self.spans.iter().map(|(text, _)| format::width(text)).sum();
        u16::try_from(width).unwrap_or(u16::MAX)
    }
}

/// Columns between two pieces.
const GAP: u16 = 2;

/// Draws the bar. The mode and the time stay at every width; the rest drops out from the least important.
pub fn draw(context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
    let mut left = left_pieces(context);
    let mut right = right_pieces(context);
    while needed(&left, &right) > area.width {
        let worst = left
            .iter()
            .chain(&right)
            .map(|piece| piece.rank)
            .max()
            .unwrap_or(0);
        if worst == 0 {
            break;
        }
        left.retain(|piece| piece.rank < worst);
        right.retain(|piece| piece.rank < worst);
    }
    let mut x = area.x;
    for piece in &left {
        x = draw_piece(piece, x, area, buffer) + GAP;
    }
    let width: u16 = right.iter().map(|piece| piece.width() + 1).sum();
    let mut x = area
        .right()
        .saturating_sub(width)
        .max(x.saturating_sub(GAP - 1));
    for piece in &right {
        x = draw_piece(piece, x, area, buffer) + 1;
    }
}

fn needed(left: &[Piece], right: &[Piece]) -> u16 {
    left.iter()
        .chain(right)
        .map(|piece| piece.width().saturating_add(GAP))
        .fold(0, u16::saturating_add)
}

fn draw_piece(piece: &Piece, mut x: u16, area: Rect, buffer: &mut Buffer) -> u16 {
    for (text, style) in &piece.spans {
        let room = usize::from(area.right().saturating_sub(x));
        buffer.set_string(x, area.y, format::cut(text, room), *style);
        x += u16::try_from(format::width(text)).unwrap_or(0);
    }
    x
}

fn badge(theme: &Theme, mode: Mode) -> (String, Style) {
    let role = match mode {
        Mode::Paper => Role::PaperBadge,
        Mode::Live => Role::LiveBadge,
    };
    (format!(" {} ", mode.word()), theme.style(role))
}

fn left_pieces(context: &PaneContext<'_>) -> Vec<Piece> {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let mut badges = vec![badge(theme, context.mode)];
    if context.replica.demo {
        badges.push((" DEMO".into(), theme.style(Role::Warn)));
    }
    if context.killed {
        badges.push((" KILL".into(), theme.style(Role::Wrong)));
    }
    let mut pieces = vec![Piece::new(0, badges)];
    if let Some(worth) = worth(context.replica) {
        let text = |value| {
            if context.hidden {
                cells::MASK.to_owned()
            } else {
                format::decimal(value, 2)
            }
        };
        let strong = theme.style(Role::Strong);
        let currency = worth.currency.as_str().to_owned();
        pieces.push(Piece::new(
            1,
            vec![
                ("net ".into(), muted),
                (text(worth.equity), strong),
                (format!(" {currency}"), muted),
            ],
        ));
        pieces.push(Piece::new(2, day(context, &worth)));
        pieces.push(Piece::new(
            5,
            vec![
                ("cash ".into(), muted),
                (text(worth.cash), theme.style(Role::Text)),
            ],
        ));
    }
    pieces.push(Piece::new(3, connections(context)));
    pieces
}

/// Change of the day: arrow, amount and percent.
fn day(context: &PaneContext<'_>, worth: &Worth) -> Vec<(String, Style)> {
    let Some(before) = worth.before else {
        return vec![("—".into(), context.theme.style(Role::Muted))];
    };
    let change = worth.equity - before;
    let trend = Trend::of(change, 2);
    let percent = change
        .checked_div(before)
        .map_or("—".into(), format::signed_percent);
    let amount = if context.hidden {
        cells::MASK.to_owned()
    } else {
        format::signed(change, 2)
    };
    vec![(
        format!("{} {amount} {percent}", trend.arrow()),
        context.theme.trend(trend),
    )]
}

/// What everything in the main currency is worth.
struct Worth {
    currency: Currency,
    equity: Decimal,
    cash: Decimal,
    /// Equity at the close before; `None` where one account does not say.
    before: Option<Decimal>,
}

/// Sums of the currency that most is kept in: amounts of different currencies are not added.
fn worth(replica: &Replica) -> Option<Worth> {
    let mut sums: BTreeMap<Currency, Worth> = BTreeMap::new();
    for balance in replica.balances.values() {
        let currency = balance.currency;
        let empty = Worth {
            currency,
            equity: Decimal::ZERO,
            cash: Decimal::ZERO,
            before: Some(Decimal::ZERO),
        };
        let sum = sums.entry(currency).or_insert(empty);
        sum.equity += balance.equity;
        sum.cash += balance.cash;
        sum.before = sum
            .before
            .zip(balance.previous_equity)
            .map(|(sum, before)| sum + before);
    }
    sums.into_values().max_by_key(|worth| worth.equity.abs())
}

/// Connections that are live, that try again, that want the person: shape and colour say the same.
fn connections(context: &PaneContext<'_>) -> Vec<(String, Style)> {
    let (mut live, mut old, mut out) = (0, 0, 0);
    for status in context.replica.connections.values() {
        match status.state {
            ConnectionState::Live => live += 1,
            ConnectionState::Connecting
            | ConnectionState::Retrying { .. }
            | ConnectionState::Disconnected => old += 1,
            ConnectionState::NeedsSignIn { .. } | ConnectionState::Failed { .. } => out += 1,
        }
    }
    let theme = context.theme;
    let mut spans = vec![(format!("● {live}"), theme.style(Role::Up))];
    if old > 0 {
        spans.push((format!("  ◐ {old} old"), theme.style(Role::Warn)));
    }
    if out > 0 {
        spans.push((format!("  ○ {out} sign in"), theme.style(Role::Wrong)));
    }
    spans
}

fn right_pieces(context: &PaneContext<'_>) -> Vec<Piece> {
    let muted = context.theme.style(Role::Muted);
    let mut pieces = Vec::new();
    if let Some(clock) = context.replica.clocks.values().next() {
        pieces.push(Piece::new(4, vec![(market_words(context, clock), muted)]));
    }
    let time = format::time_of_day(context.now, context.zone);
    pieces.push(Piece::new(0, vec![(time, context.theme.style(Role::Text))]));
    pieces
}

fn market_words(context: &PaneContext<'_>, clock: &MarketClock) -> String {
    let (word, at) = if clock.is_open {
        ("closes", clock.next_close)
    } else {
        ("opens", clock.next_open)
    };
    format!(
        "{} {word} in {}",
        clock.market,
        format::time_left(at.since(context.now))
    )
}

/// The window's title: the mode first, no amounts.
pub fn title(context: &PaneContext<'_>) -> String {
    let demo = if context.replica.demo { " demo" } else { "" };
    format!("{} tradedeck{demo}", context.mode.word())
}
