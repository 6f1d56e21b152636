//! What several panes say in the same words: marks, amounts that may be hidden, changes, ages.

use crate::domain::quote::{Direction, TradingStatus};
use crate::domain::{AccountId, Level1, Position, Price, Timestamp};
use crate::link::{ConnectionState, ConnectionStatus};
use crate::ui::format::{self, Trend};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::table::Cell;
use ratatui::style::Style;
use rust_decimal::Decimal;
use std::time::Duration;

/// What stands for an amount that is hidden, whatever the amount.
pub(crate) const MASK: &str = "•••••";

/// An amount of money with its cents; masked where amounts are hidden.
pub(crate) fn amount(context: &PaneContext<'_>, value: Option<Decimal>, style: Style) -> Cell {
    match value {
        Some(_) if context.hidden => Cell::number(MASK, style),
        Some(value) => Cell::number(format::decimal(value, 2), style),
        None => unknown(context),
    }
}

/// A profit: with its sign, in the colour of its direction; masked where amounts are hidden.
pub(crate) fn profit(context: &PaneContext<'_>, value: Option<Decimal>) -> Cell {
    let Some(value) = value else {
        return unknown(context);
    };
    let style = context.theme.trend(Trend::of(value, 2));
    if context.hidden {
        return Cell::number(MASK, context.theme.style(Role::Muted));
    }
    Cell::number(format::signed(value, 2), style)
}

/// A change in percent with its arrow: `▲ 1.24`.
pub(crate) fn change(context: &PaneContext<'_>, fraction: Option<Decimal>) -> Cell {
    let Some(fraction) = fraction else {
        return unknown(context);
    };
    let (trend, text) = format::change(fraction);
    Cell::number(text, context.theme.trend(trend))
}

/// What is not known.
pub(crate) fn unknown(context: &PaneContext<'_>) -> Cell {
    Cell::number("—", context.theme.style(Role::Muted))
}

/// The mark of a connection: shape and colour say the same.
pub(crate) fn mark(status: Option<&ConnectionStatus>) -> (&'static str, Role) {
    match status.map(|status| &status.state) {
        Some(ConnectionState::Live) => ("●", Role::Up),
        Some(ConnectionState::Connecting) => ("◐", Role::Accent),
        Some(ConnectionState::Retrying { .. }) => ("◐", Role::Warn),
        Some(ConnectionState::Disconnected) => ("○", Role::Muted),
        Some(ConnectionState::NeedsSignIn { .. } | ConnectionState::Failed { .. }) | None => {
            ("○", Role::Wrong)
        }
    }
}

/// What is wrong with a connection, in a word or two; nothing where it is live.
pub(crate) fn trouble(status: &ConnectionStatus, now: Timestamp) -> Option<(String, Role)> {
    match &status.state {
        ConnectionState::Live => None,
        ConnectionState::Connecting => Some(("reading".into(), Role::Accent)),
        ConnectionState::Retrying { at, .. } => {
            Some((format!("retry {}", format::age(at.since(now))), Role::Warn))
        }
        ConnectionState::Disconnected => Some(("off".into(), Role::Muted)),
        ConnectionState::NeedsSignIn { .. } => Some(("sign in".into(), Role::Wrong)),
        ConnectionState::Failed { .. } => Some(("failed".into(), Role::Wrong)),
    }
}

/// How fresh a quote is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As good as new.
    Live,
    /// Older than a live feed should be.
    Old(Duration),
    /// Too old to act on.
    Stale(Duration),
    /// Nothing was heard yet.
    Unknown,
}

/// How fresh a quote is, by the limits of the configuration. A feed that is closed for the day is not stale.
pub(crate) fn freshness(context: &PaneContext<'_>, line: Option<&Level1>) -> Freshness {
    let Some(received) = line.and_then(|line| line.received) else {
        return Freshness::Unknown;
    };
    let age = context.now.since(received);
    let limits = &context.config.ui;
    if age > Duration::from_secs(u64::from(limits.stale_after_seconds)) {
        Freshness::Stale(age)
    } else if age > Duration::from_secs(u64::from(limits.old_after_seconds)) {
        Freshness::Old(age)
    } else {
        Freshness::Live
    }
}

/// The style of a price by the direction of its last change.
pub(crate) fn price_style(context: &PaneContext<'_>, line: &Level1) -> Style {
    let role = match (&line.status, line.direction) {
        (TradingStatus::Halted(_), _) => Role::Warn,
        (TradingStatus::Trading, Direction::Up) => Role::Up,
        (TradingStatus::Trading, Direction::Down) => Role::Down,
        (TradingStatus::Trading, Direction::Level) => Role::Text,
    };
    context.theme.style(role)
}

/// The price that a holding is valued at, and whether it is a live one.
pub(crate) fn valuation(context: &PaneContext<'_>, position: &Position) -> Option<(Price, bool)> {
    let line = context.replica.quote(&position.symbol);
    let live = match freshness(context, line) {
        Freshness::Live | Freshness::Old(_) => line.and_then(Level1::mark),
        Freshness::Stale(_) | Freshness::Unknown => None,
    };
    live.map(|price| (price, true))
        .or_else(|| position.reported_price.map(|price| (price, false)))
}

/// Change since the close before, at a price.
pub(crate) fn day_change(
    context: &PaneContext<'_>,
    position: &Position,
    price: Price,
) -> Option<Decimal> {
    let line = context.replica.quote(&position.symbol);
    let close = line
        .and_then(|line| line.previous_close)
        .or(position.previous_close)?;
    (price.0 - close.0).checked_div(close.0)
}

/// The account as a column shows it: `…4821`.
pub(crate) fn account(context: &PaneContext<'_>, id: &AccountId) -> Cell {
    Cell::name(id.short(), context.theme.style(Role::Muted))
}
