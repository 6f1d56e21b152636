//! Everything about one order, and what can still be done with it.

use crate::domain::{ClientOrderId, Exits, Order, OrderSize, OrderState, Side};
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::facts::{self, Fact, draw_facts};
use crate::ui::overlays::{Answer, Layer, Overlay, Question};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Widest the overlay gets.
const WIDEST: u16 = 76;

/// The overlay of an order; it follows the order while that changes.
pub struct OrderDetail {
    id: ClientOrderId,
    for_viewing: bool,
}

impl OrderDetail {
    /// The order of that name; `None` where it is no longer kept.
    pub fn new(id: ClientOrderId, context: &PaneContext<'_>) -> Option<Self> {
        let replica = context.replica;
        let for_viewing = replica.is_for_viewing();
        let is_kept = replica.orders.contains_key(&id);
        is_kept.then_some(Self { id, for_viewing })
    }

    fn order<'a>(&self, context: &'a PaneContext<'_>) -> Option<&'a Order> {
        context.replica.orders.get(&self.id)
    }
}

impl Overlay for OrderDetail {
    fn name(&self) -> &'static str {
        "order"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let open = self.order(context).filter(|order| !order.state.is_final());
        match (key.code, key.typed(), open) {
            (KeyCode::Escape | KeyCode::Enter, _, _) | (_, Some('q'), _) => vec![Action::Close],
            (_, Some('y'), _) => vec![Action::Copy(self.id.as_str().into())],
            (_, Some('a'), Some(order)) if order.question().is_some() => {
                vec![Action::Close, Action::Open(Layer::Asked(self.id.clone()))]
            }
            (_, Some('e'), Some(_)) => {
                vec![Action::Close, Action::Open(Layer::Change(self.id.clone()))]
            }
            (KeyCode::Delete, _, Some(order)) => {
                vec![Action::Open(Layer::Confirm(cancel_question(order)))]
            }
            _ => Vec::new(),
        }
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        match self.order(context) {
            Some(_) => Vec::new(),
            None => vec![Action::Close],
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let Some(order) = self.order(context) else {
            return;
        };
        let facts = facts_of(order, context);
        let width = WIDEST.min(area.width);
        let dialog = Dialog {
            title: "Order",
            info: order.draft.mode.word(),
            width,
            height: facts::lines(&facts, width.saturating_sub(6)).saturating_add(6),
            live: order.draft.mode == crate::domain::Mode::Live,
        };
        let inside = dialog::below(dialog.draw(context.theme, area, buffer), 1);
        let title = title(order);
        let side = match order.draft.side {
            Side::Buy => Role::Up,
            Side::Sell => Role::Down,
        };
        dialog::line(
            context.theme,
            side,
            order.draft.side.as_str(),
            inside,
            buffer,
        );
        let after = Rect {
            x: inside.x + 5.min(inside.width),
            width: inside.width.saturating_sub(5),
            ..inside
        };
        dialog::line(context.theme, Role::Strong, &title, after, buffer);
        draw_facts(context.theme, &facts, dialog::below(inside, 2), buffer);
    }

    fn hints(&self) -> Vec<(String, String)> {
        let trading: &[_] = match self.for_viewing {
            true => &[],
            false => &[("e", "change"), ("del", "cancel")],
        };
        let hints = trading.iter().chain(&[("y", "copy id"), ("esc", "close")]);
        hints
            .map(|(key, hint)| ((*key).into(), (*hint).into()))
            .collect()
    }
}

/// What an order wants, without its side: `100 AAPL limit 189.90 day`.
pub(super) fn title(order: &Order) -> String {
    let draft = &order.draft;
    let size = match draft.size {
        OrderSize::Quantity(quantity) => format::quantity(quantity),
        OrderSize::Notional(amount) => format!("{} worth of", format::decimal(amount, 2)),
    };
    let time = draft.time_in_force.as_str();
    let hours = if draft.extended_hours {
        " extended hours"
    } else {
        ""
    };
    format!("{size} {} {} {time}{hours}", draft.symbol, draft.kind)
}

/// The question before an order is cancelled.
pub fn cancel_question(order: &Order) -> Question {
    let draft = &order.draft;
    let what = format!("{} {}", draft.side.as_str(), title(order));
    let filled = format!("filled so far: {}", format::quantity(order.filled));
    Question {
        title: "Cancel order".into(),
        lines: [
            format!("{} in account {}", draft.mode.word(), draft.account.short()),
            what,
            filled,
        ]
        .map(Into::into)
        .to_vec(),
        yes: "cancel the order".into(),
        dangerous: false,
        then: Answer::Send(Box::new(Request::CancelOrder {
            id: order.id.clone(),
        })),
    }
}

fn facts_of(order: &Order, context: &PaneContext<'_>) -> Vec<Fact> {
    let draft = &order.draft;
    let connection = context.replica.connection_of(&draft.account);
    let title = connection.map_or("", |connection| connection.title.as_str());
    let mut facts = vec![
        state_fact(&order.state),
        Fact::new("Filled", filled(order)),
        Fact::new("Account", format!("{title} {}", draft.account.short())),
        Fact::new(
            "Created",
            format::date_and_time(order.created, context.zone),
        ),
        Fact::new(
            "Updated",
            format::date_and_time(order.updated, context.zone),
        ),
        Fact::new("Our id", order.id.as_str()),
        Fact::new(
            "Venue's id",
            order
                .provider_id
                .as_ref()
                .map_or(format::UNKNOWN, |id| id.as_str()),
        ),
    ];
    if let OrderState::Unknown { why: reason, .. } | OrderState::Rejected { reason } = &order.state
    {
        facts.insert(1, Fact::new("Why", reason.as_str()).role(Role::Wrong));
    }
    facts.extend(exit_facts(&draft.exits));
    if let Some(replaces) = &order.replaces {
        facts.push(Fact::new("Replaces", replaces.as_str()));
    }
    if let Some(parent) = &order.parent {
        facts.push(Fact::new("Exit of", parent.as_str()));
    }
    facts
}

fn state_fact(state: &OrderState) -> Fact {
    let role = match state {
        OrderState::Unknown { .. } | OrderState::Rejected { .. } => Role::Wrong,
        OrderState::Asked { said: None, .. } => Role::Warn,
        OrderState::Filled => Role::Up,
        OrderState::Cancelled | OrderState::Expired | OrderState::Replaced => Role::Muted,
        OrderState::Asked { said: Some(_), .. }
        | OrderState::Sending
        | OrderState::Accepted
        | OrderState::Working
        | OrderState::CancelPending
        | OrderState::ReplacePending
        | OrderState::Other { .. } => Role::Accent,
    };
    Fact::new("State", state.word()).role(role)
}

fn filled(order: &Order) -> String {
    let wanted = format::or_unknown(order.quantity(), format::quantity);
    let filled = format!("{} of {wanted}", format::quantity(order.filled));
    match order.average_price {
        Some(price) => format!("{filled} @ {}", format::price(price)),
        None => filled,
    }
}

/// The exits of an order.
pub(super) fn exit_facts(exits: &Exits) -> Vec<Fact> {
    let profit = |price| Fact::new("Take profit", format::price(price));
    let loss = |loss: &crate::domain::StopLoss| {
        let limit = loss
            .limit
            .map(|limit| format!(" limit {}", format::price(limit)));
        Fact::new(
            "Stop loss",
            format!("{}{}", format::price(loss.stop), limit.unwrap_or_default()),
        )
    };
    match exits {
        Exits::None => Vec::new(),
        Exits::Bracket {
            take_profit,
            stop_loss,
        }
        | Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => {
            vec![profit(*take_profit), loss(stop_loss)]
        }
        Exits::TakeProfit { take_profit } => vec![profit(*take_profit)],
        Exits::StopLoss(stop_loss) => vec![loss(stop_loss)],
    }
}
