//! Changes to a working order: what it is now stands in the form, and only what differs is sent.

use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, Mode, Order, OrderKind, OrderSize, Price, Quantity, TimeInForce, TrailBy,
};
use crate::ui::app::Action;
use crate::ui::format;
use crate::ui::key::Key;
use crate::ui::overlays::Overlay;
use crate::ui::overlays::confirm::{Guard, Verdict, draw_answers};
use crate::ui::overlays::facts::{Fact, draw_facts};
use crate::ui::overlays::number::positive;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::{Field, Form, FormEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rust_decimal::Decimal;

/// Longest number that can be typed.
const LONGEST_NUMBER: usize = 24;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Quantity,
    Limit,
    Stop,
    Trail,
    Time,
}

/// The overlay of a change.
pub struct Change {
    id: ClientOrderId,
    form: Form<Of>,
    numbers: Vec<Of>,
    problem: Option<String>,
    question: Option<(OrderChange, Guard)>,
}

impl Change {
    /// A change of that order; `None` where it is gone or nothing can be changed any more.
    pub fn new(id: ClientOrderId, context: &PaneContext<'_>) -> Option<Self> {
        let order = context
            .replica
            .orders
            .get(&id)
            .filter(|order| !order.state.is_final())?;
        let numbers = numbers(order);
        let mut fields: Vec<Field<Of>> = numbers
            .iter()
            .map(|(of, label, value)| {
                let text = value.to_string(); // as the venue has it: no separators, no rounding
                Field::text(*of, label, &text, LONGEST_NUMBER).required()
            })
            .collect();
        let times = TimeInForce::ALL
            .map(|time| time.as_str().to_owned())
            .to_vec();
        let time = TimeInForce::ALL
            .iter()
            .position(|time| *time == order.draft.time_in_force);
        fields.push(Field::choice(
            Of::Time,
            "In force",
            times,
            time.unwrap_or(0),
        ));
        Some(Self {
            id,
            form: Form::new(fields),
            numbers: numbers.into_iter().map(|(of, _, _)| of).collect(),
            problem: None,
            question: None,
        })
    }

    fn order<'a>(&self, context: &'a PaneContext<'_>) -> Option<&'a Order> {
        context.replica.orders.get(&self.id)
    }

    /// Goes on to the question, or says what is wrong.
    fn review(&mut self, context: &PaneContext<'_>) {
        let Some(order) = self.order(context) else {
            return;
        };
        let change = match self.change(order) {
            Some(change) => change,
            None => {
                self.form.focus_first_error();
                return;
            }
        };
        self.problem = problem(order, &change, context.killed);
        if self.problem.is_none() {
            self.question = Some((change, Guard::new(context.now)));
        }
    }

    /// What differs from the order; `None` where a field says no number.
    fn change(&mut self, order: &Order) -> Option<OrderChange> {
        let mut change = OrderChange::default();
        let mut is_right = true;
        for (of, _, before) in numbers(order)
            .into_iter()
            .filter(|(of, _, _)| self.numbers.contains(of))
        {
            match positive(self.form.text(of)) {
                Ok(number) if number == before => self.form.set_error(of, None),
                Ok(number) => {
                    self.form.set_error(of, None);
                    note(&mut change, of, number, order);
                }
                Err(problem) => {
                    is_right = false;
                    self.form.set_error(of, Some(problem));
                }
            }
        }
        let time = TimeInForce::ALL[self.form.chosen(Of::Time)];
        change.time_in_force = (time != order.draft.time_in_force).then_some(time);
        is_right.then_some(change)
    }

    fn answer(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Some((change, guard)) = &mut self.question else {
            return Vec::new();
        };
        match guard.verdict(context.now, key) {
            Verdict::Yes => {
                let replace = Action::Replace {
                    id: self.id.clone(),
                    change: change.clone(),
                };
                vec![Action::Close, replace]
            }
            Verdict::No => {
                self.question = None;
                Vec::new()
            }
            Verdict::Nothing => Vec::new(),
        }
    }

    fn dialog(&self, context: &PaneContext<'_>) -> Dialog<'static> {
        let mode = self
            .order(context)
            .map_or(Mode::Paper, |order| order.draft.mode);
        let title = if self.question.is_some() {
            "Change this order?"
        } else {
            "Change order"
        };
        Dialog {
            title,
            info: mode.word(),
            width: 72,
            height: 15,
            live: mode == Mode::Live,
        }
    }
}

/// The numbers of an order that can be changed.
fn numbers(order: &Order) -> Vec<(Of, &'static str, Decimal)> {
    let mut numbers = Vec::new();
    if let OrderSize::Quantity(quantity) = order.draft.size {
        numbers.push((Of::Quantity, "Quantity", quantity.0));
    }
    if let Some(stop) = order.draft.kind.stop() {
        numbers.push((Of::Stop, "Stop", stop.0));
    }
    if let Some(limit) = order.draft.kind.limit() {
        numbers.push((Of::Limit, "Limit", limit.0));
    }
    if let OrderKind::TrailingStop { trail } = order.draft.kind {
        numbers.push(match trail {
            TrailBy::Price(distance) => (Of::Trail, "Trail", distance.0),
            TrailBy::Percent(percent) => (Of::Trail, "Trail %", percent),
        });
    }
    numbers
}

fn note(change: &mut OrderChange, of: Of, number: Decimal, order: &Order) {
    match of {
        Of::Quantity => change.quantity = Some(Quantity(number)),
        Of::Limit => change.limit = Some(Price(number)),
        Of::Stop => change.stop = Some(Price(number)),
        Of::Trail => {
            let by_percent = matches!(
                order.draft.kind,
                OrderKind::TrailingStop {
                    trail: TrailBy::Percent(_)
                }
            );
            change.trail = Some(if by_percent {
                TrailBy::Percent(number)
            } else {
                TrailBy::Price(Price(number))
            });
        }
        Of::Time => {}
    }
}

/// Why a change cannot be asked for.
fn problem(order: &Order, change: &OrderChange, killed: bool) -> Option<String> {
    if killed {
        return Some("the kill switch blocks changes until tradedeck is started again".into());
    }
    if order.state.is_final() {
        return Some(format!(
            "the order is {}; nothing can be changed any more",
            order.state.word()
        ));
    }
    if *change == OrderChange::default() {
        return Some("nothing differs from the order as it is".into());
    }
    if change
        .quantity
        .is_some_and(|quantity| quantity <= order.filled)
    {
        let filled = format::quantity(order.filled);
        return Some(format!(
            "{filled} are filled already; the quantity must be more"
        ));
    }
    None
}

/// What changes, from what to what.
fn facts(order: &Order, change: &OrderChange) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut differs = |name, before: Option<String>, after: Option<String>| {
        if let Some(after) = after {
            facts.push(Fact::new(
                name,
                format!("{} → {after}", before.unwrap_or_default()),
            ));
        }
    };
    let trail = |trail: TrailBy| match trail {
        TrailBy::Price(distance) => format::price(distance),
        TrailBy::Percent(percent) => format!("{percent} %"),
    };
    let trail_before = match order.draft.kind {
        OrderKind::TrailingStop { trail: before } => Some(trail(before)),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => None,
    };
    let kind = &order.draft.kind;
    differs(
        "Quantity",
        order.quantity().map(format::quantity),
        change.quantity.map(format::quantity),
    );
    differs(
        "Stop",
        kind.stop().map(format::price),
        change.stop.map(format::price),
    );
    differs(
        "Limit",
        kind.limit().map(format::price),
        change.limit.map(format::price),
    );
    differs("Trail", trail_before, change.trail.map(trail));
    let time = |time: TimeInForce| time.as_str().to_owned();
    differs(
        "In force",
        Some(time(order.draft.time_in_force)),
        change.time_in_force.map(time),
    );
    facts
}

impl Overlay for Change {
    fn name(&self) -> &'static str {
        "change"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        if self.question.is_some() {
            return self.answer(context, key);
        }
        match self.form.key(key) {
            FormEvent::Submit => {
                self.review(context);
                Vec::new()
            }
            FormEvent::Close => vec![Action::Close],
            FormEvent::Changed(_) => {
                self.problem = None;
                Vec::new()
            }
            FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => Vec::new(),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if self.question.is_none() {
            self.form.paste(text);
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        match self.order(context) {
            None => vec![Action::Close],
            Some(order) if order.state.is_final() => {
                self.question = None;
                self.problem = problem(order, &OrderChange::default(), false);
                Vec::new()
            }
            Some(_) => Vec::new(),
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let theme = context.theme;
        let inside = self.dialog(context).draw(theme, area, buffer);
        let Some(order) = self.order(context) else {
            return;
        };
        let badge = match order.draft.mode {
            Mode::Paper => Role::PaperBadge,
            Mode::Live => Role::LiveBadge,
        };
        let word = format!(" {} ", order.draft.mode.word());
        let rest = dialog::line(theme, badge, &word, inside, buffer);
        let about = format!(
            "{} {}, {} in account {}",
            order.draft.side.as_str(),
            crate::ui::overlays::order::title(order),
            order.state.word(),
            order.draft.account.short()
        );
        let rest = dialog::line(theme, Role::Strong, &about, rest, buffer);
        if let Some(problem) = &self.problem {
            dialog::line(theme, Role::Wrong, problem, rest, buffer);
        }
        let footer = dialog::below(inside, inside.height.saturating_sub(1));
        if let Some((change, _)) = &self.question {
            draw_facts(theme, &facts(order, change), dialog::below(rest, 1), buffer);
            let yes = format!("change the {} order", order.draft.mode.word());
            draw_answers(theme, &yes, order.draft.mode == Mode::Live, footer, buffer);
            return;
        }
        self.form.draw(theme, form_area(inside), buffer);
        let keys = [("enter", "review"), ("tab", "next"), ("esc", "close")];
        self.form.draw_footer(theme, &keys, footer, buffer);
    }

    fn cursor(&self, context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        if self.question.is_some() {
            return None;
        }
        self.form
            .cursor(form_area(self.dialog(context).inside(area)))
    }
}

fn form_area(inside: Rect) -> Rect {
    let below = dialog::below(inside, 4);
    Rect {
        height: below.height.saturating_sub(2),
        ..below
    }
}

#[cfg(test)]
mod tests;
