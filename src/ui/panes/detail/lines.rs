//! The lines under the chart: what is held of the symbol, and the orders that work.

use crate::domain::{Order, Position, Symbol};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;

/// Holdings and working orders of a symbol, a line each, the newest order first.
pub(super) fn lines(context: &PaneContext<'_>, symbol: &Symbol) -> Vec<(Role, String)> {
    let replica = context.replica;
    let held = replica
        .all_positions()
        .filter(|position| position.symbol == *symbol)
        .map(|position| (Role::Text, holding(context, position)));
    let orders = replica.orders.values();
    let mut working: Vec<&Order> = orders
        .filter(|it| it.draft.symbol == *symbol && !it.state.is_final())
        .collect();
    working.sort_by_key(|order| std::cmp::Reverse(order.updated));
    let working = working
        .into_iter()
        .map(|it| (Role::Accent, order(context, it)));
    held.chain(working).collect()
}

/// The first `most` of `lines`; those left out are counted on the last.
pub(super) fn few(mut lines: Vec<(Role, String)>, most: usize) -> Vec<(Role, String)> {
    if lines.len() > most && most > 0 {
        let more = lines.len() - (most - 1);
        lines.truncate(most - 1);
        lines.push((Role::Muted, format!("and {more} more")));
    }
    lines.truncate(most);
    lines
}

fn holding(context: &PaneContext<'_>, position: &Position) -> String {
    let quantity = if context.hidden {
        format::MASK.to_owned()
    } else {
        format::quantity(position.quantity)
    };
    let average = format::or_unknown(position.average_price, cells::average_price);
    let account = position.account.short();
    format!("holds {quantity} @ {average}  {account}")
}

fn order(context: &PaneContext<'_>, order: &Order) -> String {
    let draft = &order.draft;
    let (side, size) = (draft.side.as_str(), cells::order_size(context, order));
    let filled = match order.quantity() {
        Some(_) if context.hidden => String::new(),
        Some(wanted) => format!(
            " {} / {}",
            format::quantity(order.filled),
            format::quantity(wanted)
        ),
        None => String::new(),
    };
    format!(
        "{side} {size} {} {}  {}{filled}  {} {}",
        cells::order_kind(&draft.kind),
        draft.time_in_force.as_str(),
        order.state.word(),
        draft.mode.word(),
        draft.account.short()
    )
}
