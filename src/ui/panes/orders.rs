//! Orders: unknown ones first, then working, then what is done.

use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{ClientOrderId, Mode, Order, OrderState};
use crate::link::{Level, Request};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::{Answer, Layer, Question};
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Align, Column, Note, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

mod row;

use row::row;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Orders,
    title: "Orders",
    make: || Box::new(Orders::default()),
};

/// Lowest inside of the frame in which the table shows a note.
const LOWEST_WITH_NOTE: u16 = 5;

/// Which orders are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    #[default]
    All,
    Working,
    Filled,
    Failed,
}

impl View {
    fn next(self) -> Self {
        match self {
            Self::All => Self::Working,
            Self::Working => Self::Filled,
            Self::Filled => Self::Failed,
            Self::Failed => Self::All,
        }
    }

    fn shows(self, order: &Order) -> bool {
        match self {
            Self::All => true,
            Self::Working => !order.state.is_final(),
            Self::Filled => order.state == OrderState::Filled,
            Self::Failed => matches!(
                order.state,
                OrderState::Unknown { .. } | OrderState::Rejected { .. }
            ),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Working => "working only · ",
            Self::Filled => "filled only · ",
            Self::Failed => "rejected and unknown only · ",
        }
    }

    fn empty(self, for_viewing: bool) -> &'static str {
        match self {
            Self::All if for_viewing => "orders are for traders",
            Self::All => "no orders; b buys, x sells",
            Self::Working => "no order works",
            Self::Filled => "no order is filled",
            Self::Failed => "no order is rejected or unknown",
        }
    }
}

/// The columns. The mode stays at every width unless a line below says it of every order.
fn columns(is_mode_said_below: bool) -> [Column<'static>; 9] {
    let mode = if is_mode_said_below { 5 } else { 0 };
    [
        Column::new("Time", 8, 8).priority(4),
        Column::new("Side", 4, 4),
        Column::new("Qty", 5, 9).align(Align::Right).priority(1),
        Column::new("Symbol", 6, 22),
        Column::new("Type", 12, 32).priority(2),
        Column::new("State", 9, 11),
        Column::new("Filled", 12, 24).priority(3),
        Column::new("Mode", 5, 5).priority(mode),
        Column::new("Acct", 5, 6).align(Align::Right).priority(2),
    ]
}

/// The pane.
#[derive(Default)]
struct Orders {
    rows: Rows<ClientOrderId>,
    view: View,
    filter: Filter,
}

fn is_unknown(order: &Order) -> bool {
    matches!(order.state, OrderState::Unknown { .. })
}

/// Where an order stands in the list: the more it wants attention, the higher.
fn rank(order: &Order) -> u8 {
    if is_unknown(order) || order.is_asked() {
        0
    } else if order.state.is_final() {
        2
    } else {
        1
    }
}

impl Orders {
    fn lets_through(&self, order: &Order) -> bool {
        let draft = &order.draft;
        let name = cells::symbol_name(&draft.symbol);
        let texts = [
            draft.symbol.as_str(),
            &name,
            draft.side.as_str(),
            order.state.word(),
            draft.account.connection.as_str(),
        ];
        self.view.shows(order) && self.filter.lets_through(&texts)
    }

    fn shown<'a>(&self, context: &PaneContext<'a>) -> Vec<&'a Order> {
        let orders = context.replica.orders.values();
        let mut orders: Vec<&Order> = orders.filter(|it| self.lets_through(it)).collect();
        orders.sort_by(|a, b| {
            let by_attention = rank(a).cmp(&rank(b));
            let by_time = b.updated.cmp(&a.updated);
            by_attention.then(by_time).then_with(|| a.id.cmp(&b.id))
        });
        orders
    }

    /// A table for the inside of a frame that high, ready to draw or to be asked where its rows are.
    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        height: u16,
        act: impl FnOnce(&Table<'_>) -> T,
    ) -> T {
        let orders = self.shown(context);
        let keys = ids(&orders);
        let mode = only_mode(&orders);
        let notes = notes(context, &orders, mode);
        let columns = columns(mode.is_some() && height >= LOWEST_WITH_NOTE);
        let table = Table {
            columns: &columns,
            total: orders.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: None,
            row: &|index| row(context, orders[index]),
            totals: None,
            notes: &notes,
            empty: if self.filter.is_set() {
                "no order matches"
            } else {
                self.view.empty(context.replica.is_for_viewing())
            },
        };
        act(&table)
    }

    fn selected<'a>(&self, context: &PaneContext<'a>) -> Option<&'a Order> {
        let orders = self.shown(context);
        orders.get(self.rows.index(&ids(&orders))).copied()
    }

    fn info(&self, context: &PaneContext<'_>) -> String {
        let orders = || context.replica.orders.values();
        let unknown = orders().filter(|it| is_unknown(it)).count();
        let filled = orders().filter(|it| it.state == OrderState::Filled).count();
        let open = orders().filter(|it| !it.state.is_final()).count();
        let asked = orders().filter(|it| it.is_asked()).count();
        let working = open - unknown - asked;
        let filter = cells::filter_words(&self.filter);
        let view = self.view.words();
        let unknown = match unknown {
            0 => String::new(),
            unknown => format!(" · unknown {unknown}"),
        };
        let asked = match asked {
            0 => String::new(),
            asked => format!(" · asked {asked}"),
        };
        format!("{filter}{view}working {working} · filled {filled}{unknown}{asked}")
    }
}

fn ids(orders: &[&Order]) -> Vec<ClientOrderId> {
    orders.iter().map(|order| order.id.clone()).collect()
}

/// The mode of every one of them, where it is the same.
fn only_mode(orders: &[&Order]) -> Option<Mode> {
    let first = orders.first()?.draft.mode;
    let is_same = orders.iter().all(|order| order.draft.mode == first);
    is_same.then_some(first)
}

/// What money the orders here may cost, in words, and what is not here any more.
fn notes(context: &PaneContext<'_>, orders: &[&Order], mode: Option<Mode>) -> Vec<Note> {
    let theme = context.theme;
    let is_live = |order: &&&Order| order.draft.mode == Mode::Live;
    let mut notes = match mode {
        Some(Mode::Paper) => vec![("every order here is PAPER".into(), theme.style(Role::Paper))],
        Some(Mode::Live) => vec![("every order here is LIVE".into(), theme.style(Role::Live))],
        None if orders.is_empty() => Vec::new(),
        None => {
            let (live, all) = (orders.iter().filter(is_live).count(), orders.len());
            let text = format!("{live} of {all} orders here are LIVE");
            vec![(text, theme.style(Role::Live))]
        }
    };
    let dropped = context.replica.orders_dropped;
    if dropped > 0 {
        let text = format!("{} older orders are not kept here", format::count(dropped));
        notes.push((text, theme.style(Role::Muted)));
    }
    notes
}

/// The question before a cancel.
fn cancel_question(order: &Order) -> Question {
    let draft = &order.draft;
    let what = format!(
        "{} {} {}",
        draft.side.as_str(),
        cells::symbol_name(&draft.symbol),
        cells::order_kind(&draft.kind)
    );
    let filled = format::quantity(order.filled);
    let how = format!("{}, {filled} filled", draft.time_in_force.as_str());
    let account = draft.account.short();
    Question {
        title: "Cancel order".into(),
        lines: vec![
            format!("{what} {how}").as_str().into(),
            format!("{} · {account}", draft.mode.word()).as_str().into(),
        ],
        yes: "cancel the order".into(),
        dangerous: false,
        then: Answer::Send(Box::new(Request::CancelOrder {
            id: order.id.clone(),
        })),
    }
}

/// Opens a layer about an order that can still change; says so where it cannot.
fn while_open(order: &Order, layer: impl FnOnce() -> Layer) -> Action {
    if order.state.is_final() {
        let text = format!("the order is {} already", order.state.word());
        return Action::Notice(Level::Info, text);
    }
    Action::Open(layer())
}

impl Pane for Orders {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns no order is done elsewhere"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = ids(&self.shown(context));
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        if command == Command::NextView {
            self.view = self.view.next();
            return None;
        }
        let order = self.selected(context)?;
        match command {
            Command::Open if order.question().is_some() => {
                Some(Action::Open(Layer::Asked(order.id.clone())))
            }
            Command::Open => Some(Action::Open(Layer::Order(order.id.clone()))),
            Command::Change => Some(while_open(order, || Layer::Change(order.id.clone()))),
            Command::Cancel => Some(while_open(order, || Layer::Confirm(cancel_question(order)))),
            Command::Copy => {
                let venue = order.provider_id.as_ref().map(|id| id.as_str());
                Some(Action::Copy(venue.unwrap_or(order.id.as_str()).to_owned()))
            }
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = self.info(context);
        let frame = cells::frame(context, (4, SPEC.title), &info);
        let inside = frame.draw(context.theme, area, buffer);
        self.with_table(context, inside.height, |table| {
            table.draw(context.theme, inside, context.focused, buffer);
        });
    }

    fn selection(&self, context: &PaneContext<'_>) -> Selection {
        let order = self.selected(context);
        Selection {
            symbol: order.map(|order| order.draft.symbol.clone()),
            account: order.map(|order| order.draft.account.clone()),
            order: order.map(|order| order.id.clone()),
            ..Selection::default()
        }
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Option<Action> {
        let inside = cells::inside(area);
        let row = self.with_table(context, inside.height, |table| table.row_at(inside, at))?;
        self.rows.select(&ids(&self.shown(context)), row);
        None
    }

    fn filter_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn hints(&self) -> &'static [Command] {
        &[
            Command::Change,
            Command::Cancel,
            Command::Open,
            Command::NextView,
            Command::Filter,
        ]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true // how long an order has been looked up
    }
}

#[cfg(test)]
mod tests;
