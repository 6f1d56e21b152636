//! Orders: unknown ones first, then working, then what is done.

use super::{Filter, Pane, PaneContext, PaneId, PaneSpec, Rows, Selection, cells};
use crate::domain::{ClientOrderId, Mode, Order, OrderSize, OrderState, Side};
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::overlays::{Answer, Layer, Question};
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Align, Cell, Column, Note, Row, Table};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Orders,
    title: "Orders",
    make: || Box::new(Orders::default()),
};

const COLUMNS: [Column<'static>; 9] = [
    Column::new("Time", 8, 8).priority(5),
    Column::new("Side", 4, 4),
    Column::new("Qty", 5, 9).align(Align::Right),
    Column::new("Symbol", 6, 22),
    Column::new("Type", 16, 24).priority(2),
    Column::new("State", 9, 11),
    Column::new("Filled", 11, 18).priority(4),
    Column::new("Mode", 5, 5),
    Column::new("Acct", 5, 6).align(Align::Right).priority(1),
];

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
}

/// The pane.
#[derive(Default)]
pub(super) struct Orders {
    rows: Rows<ClientOrderId>,
    view: View,
    filter: Filter,
}

/// Where an order stands in the list: the more it wants attention, the higher.
fn rank(order: &Order) -> u8 {
    if matches!(order.state, OrderState::Unknown { .. }) {
        return 0;
    }
    1 + u8::from(order.state.is_final())
}

impl Orders {
    fn shown<'a>(&self, context: &PaneContext<'a>) -> Vec<&'a Order> {
        let orders = context.replica.orders.values();
        let mut orders: Vec<&Order> = orders
            .filter(|order| self.view.shows(order))
            .filter(|order| {
                let draft = &order.draft;
                let texts = [
                    draft.symbol.as_str(),
                    order.state.word(),
                    draft.account.connection.as_str(),
                ];
                self.filter.lets_through(&texts)
            })
            .collect();
        orders.sort_by(|a, b| {
            rank(a)
                .cmp(&rank(b))
                .then(b.updated.cmp(&a.updated))
                .then(a.id.cmp(&b.id))
        });
        orders
    }

    fn with_table<T>(
        &self,
        context: &PaneContext<'_>,
        act: impl FnOnce(&Table<'_>, &[&Order]) -> T,
    ) -> T {
        let orders = self.shown(context);
        let keys: Vec<ClientOrderId> = orders.iter().map(|order| order.id.clone()).collect();
        let notes = mode_note(context, &orders);
        let table = Table {
            columns: &COLUMNS,
            total: orders.len(),
            selected: (!keys.is_empty()).then(|| self.rows.index(&keys)),
            sorted: None,
            row: &|index| row(context, orders[index]),
            totals: None,
            notes: &notes,
            empty: "no orders; b buys, x sells",
        };
        act(&table, &orders)
    }

    fn keys(&self, context: &PaneContext<'_>) -> Vec<ClientOrderId> {
        self.shown(context)
            .iter()
            .map(|order| order.id.clone())
            .collect()
    }

    fn selected<'a>(&self, context: &PaneContext<'a>) -> Option<&'a Order> {
        let keys = self.keys(context);
        self.rows
            .selected(&keys)
            .and_then(|id| context.replica.orders.get(id))
    }
}

fn row(context: &PaneContext<'_>, order: &Order) -> Row {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let draft = &order.draft;
    let side = match draft.side {
        Side::Buy => Role::Up,
        Side::Sell => Role::Down,
    };
    let size = match draft.size {
        OrderSize::Quantity(quantity) => format::quantity(quantity),
        OrderSize::Notional(amount) => format!("${}", format::decimal(amount, 2)),
    };
    let mode = match draft.mode {
        Mode::Paper => Role::Paper,
        Mode::Live => Role::Live,
    };
    vec![
        Cell::number(
            format::when(order.updated, context.now, context.zone),
            muted,
        ),
        Cell::name(draft.side.as_str(), theme.style(side)),
        Cell::number(
            if context.hidden {
                cells::MASK.to_owned()
            } else {
                size
            },
            theme.style(Role::Text),
        ),
        Cell::name(draft.symbol.as_str(), theme.style(Role::Strong)),
        Cell::sentence(
            format!("{} {}", draft.kind, draft.time_in_force.as_str()),
            theme.style(Role::Text),
        ),
        state(context, order),
        filled(context, order),
        Cell::name(draft.mode.word(), theme.style(mode)),
        cells::account(context, &draft.account),
    ]
}

fn state(context: &PaneContext<'_>, order: &Order) -> Cell {
    let role = match &order.state {
        OrderState::Unknown { .. } | OrderState::Rejected { .. } => Role::Wrong,
        OrderState::Working if order.is_partly_filled() => Role::Warn,
        OrderState::Sending
        | OrderState::Accepted
        | OrderState::Working
        | OrderState::CancelPending
        | OrderState::ReplacePending
        | OrderState::Other { .. } => Role::Accent,
        OrderState::Filled => Role::Up,
        OrderState::Cancelled | OrderState::Expired | OrderState::Replaced => Role::Muted,
    };
    let is_partial = order.state == OrderState::Working && order.is_partly_filled();
    let word = if is_partial {
        "partial"
    } else {
        order.state.word()
    };
    Cell::name(word, context.theme.style(role))
}

fn filled(context: &PaneContext<'_>, order: &Order) -> Cell {
    let muted = context.theme.style(Role::Muted);
    if context.hidden {
        return Cell::number(cells::MASK, muted);
    }
    if let OrderState::Unknown { .. } = order.state {
        return Cell::sentence("looking up", context.theme.style(Role::Wrong));
    }
    match (
        order.state == OrderState::Filled,
        order.average_price,
        order.quantity(),
    ) {
        (true, Some(price), _) => {
            let text = format!(
                "{} @ {}",
                format::quantity(order.filled),
                format::price_to(price, 2)
            );
            Cell::number(text, context.theme.style(Role::Text))
        }
        (_, _, Some(quantity)) => Cell::number(
            format!(
                "{} / {}",
                format::quantity(order.filled),
                format::quantity(quantity)
            ),
            muted,
        ),
        (_, _, None) => Cell::number(format::quantity(order.filled), muted),
    }
}

/// What money the orders here may cost, in words.
fn mode_note(context: &PaneContext<'_>, orders: &[&Order]) -> Vec<Note> {
    let live = orders
        .iter()
        .filter(|order| order.draft.mode == Mode::Live)
        .count();
    let (text, role) = match (orders.len(), live) {
        (0, _) => return Vec::new(),
        (_, 0) => ("every order here is PAPER".to_owned(), Role::Paper),
        (all, live) if all == live => ("every order here is LIVE".to_owned(), Role::Live),
        (all, live) => (format!("{live} of {all} orders here are LIVE"), Role::Live),
    };
    vec![(text, context.theme.style(role))]
}

fn info(context: &PaneContext<'_>, view: View, filter: &Filter) -> String {
    let orders = || context.replica.orders.values();
    let working = orders()
        .filter(|it| !it.state.is_final() && !matches!(it.state, OrderState::Unknown { .. }))
        .count();
    let filled = orders().filter(|it| it.state == OrderState::Filled).count();
    let unknown = orders()
        .filter(|it| matches!(it.state, OrderState::Unknown { .. }))
        .count();
    let filter = if filter.is_set() {
        format!("/{} · ", filter.text())
    } else {
        String::new()
    };
    let unknown = if unknown > 0 {
        format!(" · unknown {unknown}")
    } else {
        String::new()
    };
    format!(
        "{filter}{}working {working} · filled {filled}{unknown}",
        view.words()
    )
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}

/// The question before a cancel.
fn cancel_question(order: &Order) -> Question {
    let draft = &order.draft;
    let line = format!(
        "{} {} {} {}, {} filled",
        draft.side.as_str(),
        draft.symbol,
        draft.kind,
        draft.time_in_force.as_str(),
        order.filled
    );
    Question {
        title: "Cancel order".into(),
        lines: vec![
            line.into(),
            format!("{} · {}", draft.mode.word(), draft.account.short()).into(),
        ],
        yes: "cancel the order".into(),
        dangerous: false,
        then: Answer::Send(Box::new(Request::CancelOrder {
            id: order.id.clone(),
        })),
    }
}

impl Pane for Orders {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns other panes does nothing here"
    )]
    fn update(&mut self, context: &PaneContext<'_>, command: Command) -> Option<Action> {
        let keys = self.keys(context);
        if self.rows.step(&keys, command, context.page) {
            return None;
        }
        if command == Command::NextView {
            self.view = self.view.next();
            return None;
        }
        let order = self.selected(context)?;
        match command {
            Command::Open => Some(Action::Open(Layer::Order(order.id.clone()))),
            Command::Change if !order.state.is_final() => {
                Some(Action::Open(Layer::Change(order.id.clone())))
            }
            Command::Cancel if !order.state.is_final() => {
                Some(Action::Open(Layer::Confirm(cancel_question(order))))
            }
            Command::Copy => order
                .provider_id
                .as_ref()
                .map(|id| Action::Copy(id.as_str().to_owned())),
            _ => None,
        }
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = info(context, self.view, &self.filter);
        let frame = Frame {
            number: Some(4),
            name: SPEC.title,
            info: &info,
            focused: context.focused,
            live: false,
        };
        let inside = frame.draw(context.theme, area, buffer);
        self.with_table(context, |table, _| {
            table.draw(context.theme, inside, context.focused, buffer)
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
        let row = self.with_table(context, |table, _| table.row_at(inside(area), at))?;
        self.rows.select(&self.keys(context), row);
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
        ]
    }
}
