//! A row of the orders.

use crate::domain::{Mode, Order, OrderKind, OrderState, Side};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Cell, Row};
use ratatui::style::Modifier;

/// The cells, in the order of the columns.
pub(super) fn row(context: &PaneContext<'_>, order: &Order) -> Row {
    let theme = context.theme;
    let draft = &order.draft;
    let side = match draft.side {
        Side::Buy => Role::Up,
        Side::Sell => Role::Down,
    };
    let mode = match draft.mode {
        Mode::Paper => Role::Paper,
        Mode::Live => Role::Live,
    };
    let is_done = order.state.is_final() && order.state != OrderState::Filled;
    let text = theme.style(if is_done { Role::Muted } else { Role::Text });
    let strong = theme.style(if is_done { Role::Muted } else { Role::Strong });
    let time = format::when(order.updated, context.now, context.zone);
    let name = cells::symbol_name(&draft.symbol);
    vec![
        Cell::number(time, theme.style(Role::Muted)),
        Cell::name(draft.side.as_str(), theme.style(side)),
        Cell::number(cells::order_size(context, order), text),
        Cell::name(name, strong),
        kind(order, text),
        state(context, order),
        filled(context, order),
        Cell::name(draft.mode.word(), theme.style(mode)),
        cells::account(context, &draft.account),
    ]
}

/// Kind, prices and time in force; what does not fit is left out whole, so that no price is ever cut.
fn kind(order: &Order, style: ratatui::style::Style) -> Cell {
    let kind = &order.draft.kind;
    let words = cells::order_kind(kind);
    let bare = match kind {
        OrderKind::Market => "market",
        OrderKind::Limit { .. } => "limit …",
        OrderKind::Stop { .. } => "stop …",
        OrderKind::StopLimit { .. } => "stop limit …",
        OrderKind::TrailingStop { .. } => "trail …",
    };
    let time_in_force = order.draft.time_in_force.as_str();
    Cell::number(format!("{words} {time_in_force}"), style)
        .or(words)
        .or(bare)
}

fn state(context: &PaneContext<'_>, order: &Order) -> Cell {
    let is_partial = order.state == OrderState::Working && order.is_partly_filled();
    let role = match &order.state {
        OrderState::Unknown { .. } | OrderState::Rejected { .. } => Role::Wrong,
        OrderState::Working if is_partial => Role::Warn,
        OrderState::Asked { said: None, .. } => Role::Warn,
        OrderState::Asked { said: Some(_), .. }
        | OrderState::Sending
        | OrderState::Accepted
        | OrderState::Working
        | OrderState::CancelPending
        | OrderState::ReplacePending
        | OrderState::Other { .. } => Role::Accent,
        OrderState::Filled => Role::Up,
        OrderState::Cancelled | OrderState::Expired | OrderState::Replaced => Role::Muted,
    };
    let mut style = context.theme.style(role);
    if order.question().is_some() || matches!(order.state, OrderState::Unknown { .. }) {
        style = style.add_modifier(Modifier::BOLD);
    }
    let word = if is_partial {
        "partial"
    } else {
        order.state.word()
    };
    Cell::name(word, style)
}

/// What became of it: units and price, a part of the whole, or why there is none.
fn filled(context: &PaneContext<'_>, order: &Order) -> Cell {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let wrong = theme.style(Role::Wrong);
    if let OrderState::Unknown { since, .. } = &order.state {
        let age = format::age(context.now.since(*since));
        return Cell::sentence(format!("looking up, {age}"), wrong).or("looking up");
    }
    if let OrderState::Asked {
        until, said: None, ..
    } = &order.state
    {
        let left = format::countdown(until.since(context.now));
        let style = theme.style(Role::Warn);
        return Cell::sentence(format!("enter answers it, {left} left"), style)
            .or(format!("answer {left}"))
            .or(left);
    }
    if let OrderState::Rejected { reason } = &order.state {
        return Cell::sentence(reason.as_str(), wrong);
    }
    if context.hidden {
        return Cell::number(format::MASK, muted);
    }
    let units = format::quantity(order.filled);
    let part = match order.quantity() {
        Some(wanted) if order.state != OrderState::Filled || wanted != order.filled => {
            format!("{units} / {}", format::quantity(wanted))
        }
        _ => units,
    };
    let style = if order.filled.0.is_zero() {
        muted
    } else {
        theme.style(Role::Text)
    };
    match order.average_price {
        Some(price) => {
            let priced = format!("{part} @ {}", cells::average_price(price));
            Cell::number(priced, style).or(part)
        }
        None => Cell::number(part, style),
    }
}
