//! An order to make: a form, a look at what it would do, and a question that repeats all of it.
//!
//! Nothing typed is ever changed. What cannot be sent says why under its field and stays. The order goes out once,
//! after a deliberate yes; the ticket stays until it is known what became of it, and comes back when it was refused.

mod check;
mod draw;
mod estimate;
mod fields;
mod outcome;

use crate::domain::{Account, AccountId, ConnectionId, Mode, OrderDraft, Side, Symbol};
use crate::link::{ConnectionState, Request};
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::Overlay;
use crate::ui::overlays::confirm::{Guard, Verdict};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::Dialog;
use crate::ui::widgets::form::{Form, FormEvent};
use crate::ui::widgets::spinner::TURN_MS;
use check::{ExitKind, Facts, Typed};
use estimate::Around;
use outcome::{Outcome, Sent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rust_decimal::Decimal;
use std::time::Duration;

/// Why nothing is sent while the kill switch is on.
const KILLED: &str = "the kill switch blocks new orders until tradedeck is started again";

/// A field of the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Account,
    Side,
    Symbol,
    SizeBy,
    Size,
    Kind,
    Stop,
    Limit,
    TrailBy,
    Trail,
    Time,
    Hours,
    Exits,
    TakeProfit,
    StopLoss,
    StopLossLimit,
}

/// Where the ticket stands.
enum Stage {
    /// It is filled in.
    Fill,
    /// Everything is repeated, and a yes sends it.
    Review(Box<OrderDraft>, Guard),
    /// It was sent; what became of it is not known yet.
    Sent(Box<Sent>),
}

/// The overlay of a new order.
pub struct Ticket {
    accounts: Vec<AccountId>,
    form: Form<Of>,
    stage: Stage,
    /// The symbol that was looked up and is watched.
    symbol: Option<Symbol>,
    is_looked_up: bool,
    /// Why the order before was not taken.
    problem: Option<String>,
}

impl Ticket {
    /// A ticket for what is selected; an account where none is, a paper one first.
    pub fn new(
        side: Side,
        symbol: Option<Symbol>,
        account: Option<&AccountId>,
        context: &PaneContext<'_>,
    ) -> Self {
        let mut accounts: Vec<&Account> = context.replica.accounts.values().collect();
        accounts.sort_by_key(|account| account.environment);
        let chosen = account.and_then(|id| accounts.iter().position(|account| account.id == *id));
        let text = symbol.as_ref().map_or("", Symbol::as_str);
        Self {
            form: fields::form(&accounts, chosen.unwrap_or(0), side, text, context),
            accounts: accounts.iter().map(|account| account.id.clone()).collect(),
            stage: Stage::Fill,
            symbol,
            is_looked_up: false,
            problem: None,
        }
    }

    fn account<'a>(&self, context: &'a PaneContext<'_>) -> Option<&'a Account> {
        let id = self.accounts.get(self.form.chosen(Of::Account))?;
        context.replica.accounts.get(id)
    }

    /// The mode of the order that is being made: the account's.
    fn mode(&self, context: &PaneContext<'_>) -> Mode {
        self.account(context)
            .map_or(Mode::Paper, |account| account.environment.into())
    }

    fn draft(&self, context: &PaneContext<'_>) -> Result<OrderDraft, check::Problems> {
        let typed = fields::read(&self.form);
        typed.draft(self.facts(&typed, context))
    }

    /// The order without its exits, as soon as that much of it is right: for the estimate.
    fn entry(&self, context: &PaneContext<'_>) -> Option<OrderDraft> {
        let typed = Typed {
            exits: ExitKind::None,
            ..fields::read(&self.form)
        };
        typed.draft(self.facts(&typed, context)).ok()
    }

    fn facts<'a>(&self, typed: &Typed, context: &'a PaneContext<'_>) -> Facts<'a> {
        let account = self.account(context);
        let connection = account.and_then(|account| context.replica.connection_of(&account.id));
        let symbol = typed.symbol();
        let is_asked = |account: &Account| context.replica.is_asked(&account.id);
        Facts {
            account,
            is_asked: account.is_some_and(is_asked),
            is_connected: connection.is_some_and(|it| it.state == ConnectionState::Live),
            instrument: symbol.and_then(|symbol| context.replica.instruments.get(&symbol)),
        }
    }

    /// What there is to know around an order.
    fn around<'a>(&self, context: &'a PaneContext<'_>) -> Around<'a> {
        let symbol = fields::read(&self.form).symbol();
        let id = self.account(context).map(|account| &account.id);
        let positions = id.and_then(|id| context.replica.positions.get(id));
        let held = positions.map(|positions| {
            let of_symbol = positions
                .iter()
                .filter(|position| Some(&position.symbol) == symbol.as_ref());
            of_symbol
                .map(|position| position.quantity.0)
                .sum::<Decimal>()
        });
        Around {
            now: context.now,
            quote: symbol
                .as_ref()
                .and_then(|symbol| context.replica.quote(symbol)),
            held,
            balance: id.and_then(|id| context.replica.balances.get(id)),
            clock: context.replica.clocks.values().next(),
            stale_after: Duration::from_secs(context.config.ui.stale_after_seconds.into()),
        }
    }

    fn key_in_form(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.form.key(key) {
            FormEvent::Changed(_) => {
                self.problem = None;
                let currency = self.account(context).map(|account| account.currency);
                let currency = currency.as_ref().map_or("", |currency| currency.as_str());
                fields::show_what_applies(&mut self.form, currency);
                Vec::new()
            }
            FormEvent::Left(Of::Symbol) => self.look_up(context),
            FormEvent::Submit => {
                self.review(context);
                self.look_up(context)
            }
            FormEvent::Close => vec![Action::Close],
            FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => Vec::new(),
        }
    }

    /// Asks what is known of the symbol, once for each.
    fn look_up(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let symbol = fields::read(&self.form).symbol();
        if symbol != self.symbol {
            self.symbol = symbol;
            self.is_looked_up = false;
        }
        let unknown = self
            .symbol
            .as_ref()
            .filter(|symbol| !context.replica.instruments.contains_key(*symbol));
        let Some(symbol) = unknown.filter(|_| !self.is_looked_up) else {
            return Vec::new();
        };
        self.is_looked_up = true;
        vec![Action::Send(Request::LookUp {
            symbol: symbol.clone(),
        })]
    }

    /// Goes on to the question, or shows what is wrong.
    fn review(&mut self, context: &PaneContext<'_>) {
        for of in fields::CHECKED {
            self.form.set_error(of, None);
        }
        self.problem = None;
        match self.draft(context) {
            Ok(_) if context.killed => {
                self.problem = Some(KILLED.into());
            }
            Ok(draft) => self.stage = Stage::Review(Box::new(draft), Guard::new(context.now)),
            Err(problems) => {
                for (of, problem) in problems.into_iter().rev() {
                    self.form.set_error(of, Some(problem));
                }
                self.form.focus_first_error();
            }
        }
    }

    fn key_in_review(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Stage::Review(draft, guard) = &mut self.stage else {
            return Vec::new();
        };
        match guard.verdict(context.now, key) {
            Verdict::Nothing => Vec::new(),
            Verdict::No => {
                self.stage = Stage::Fill;
                Vec::new()
            }
            Verdict::Yes if context.killed => {
                self.stage = Stage::Fill;
                self.problem = Some(KILLED.into());
                Vec::new()
            }
            Verdict::Yes => {
                let sent = Sent::new((**draft).clone(), context);
                let action = Action::Place(sent.draft.clone());
                self.stage = Stage::Sent(Box::new(sent));
                vec![action]
            }
        }
    }

    /// Takes in what became of the order that was sent.
    fn hear(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let Stage::Sent(sent) = &self.stage else {
            return Vec::new();
        };
        match sent.outcome(context) {
            Outcome::Waiting => Vec::new(),
            Outcome::Refused(problem) => {
                self.stage = Stage::Fill;
                self.problem = Some(problem);
                Vec::new()
            }
            Outcome::Told(level, sentence) => vec![Action::Notice(level, sentence), Action::Close],
        }
    }

    fn dialog(&self, context: &PaneContext<'_>, screen: Rect) -> Dialog<'static> {
        let mode = self.mode(context);
        let (title, width, height) = match &self.stage {
            Stage::Fill if draw::is_wide(screen) => {
                let fields = self.form.height(draw::FORM);
                ("Ticket", 138, fields.saturating_add(7).max(19))
            }
            Stage::Fill => ("Ticket", 80, 24),
            Stage::Review(..) => ("Send this order?", 72, 19),
            Stage::Sent(_) => ("Sending", 72, 9),
        };
        Dialog {
            title,
            info: mode.word(),
            width,
            height,
            live: mode == Mode::Live,
        }
    }
}

impl Overlay for Ticket {
    fn name(&self) -> &'static str {
        "ticket"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match &self.stage {
            Stage::Fill => self.key_in_form(context, key),
            Stage::Review(..) => self.key_in_review(context, key),
            Stage::Sent(_) if key.code == KeyCode::Escape => vec![Action::Close],
            Stage::Sent(_) => Vec::new(),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        if matches!(self.stage, Stage::Fill) {
            self.form.paste(text);
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Fill if self.symbol.is_some() && !self.is_looked_up => self.look_up(context),
            Stage::Fill | Stage::Review(..) => Vec::new(),
            Stage::Sent(_) => self.hear(context),
        }
    }

    fn symbols(&self) -> Vec<Symbol> {
        self.symbol.iter().cloned().collect()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = self.dialog(context, area).draw(context.theme, area, buffer);
        match &self.stage {
            Stage::Fill => draw::fill(self, context, inside, buffer),
            Stage::Review(draft, _) => draw::review(self, context, draft, inside, buffer),
            Stage::Sent(sent) => draw::sent(context, sent, inside, buffer),
        }
    }

    fn cursor(&self, context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let inside = self.dialog(context, area).inside(area);
        match self.stage {
            Stage::Fill => self.form.cursor(draw::form_area(inside)),
            Stage::Review(..) | Stage::Sent(_) => None,
        }
    }

    fn next_change_ms(&self, context: &PaneContext<'_>) -> Option<u64> {
        match &self.stage {
            Stage::Sent(sent) if !sent.is_silent(context.now) => Some(TURN_MS),
            Stage::Fill | Stage::Review(..) | Stage::Sent(_) => Some(1_000), // the quote's age
        }
    }
}

/// The name of the connection of an account, for a sentence.
fn connection_title<'a>(context: &'a PaneContext<'_>, connection: &'a ConnectionId) -> &'a str {
    let status = context.replica.connections.get(connection);
    status.map_or(connection.as_str(), |status| status.title.as_str())
}

#[cfg(test)]
mod tests;
