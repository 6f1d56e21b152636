//! A symbol to add to the list shown.

use crate::domain::Symbol;
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::key::Key;
use crate::ui::overlays::Overlay;
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::{Field, Form, FormEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The overlay that asks for a symbol.
pub struct AddSymbol {
    form: Form<()>,
}

impl Default for AddSymbol {
    fn default() -> Self {
        let symbol = Field::text((), "Symbol", "", Symbol::LONGEST).required();
        Self {
            form: Form::new(vec![symbol]),
        }
    }
}

const DIALOG: Dialog<'static> = Dialog {
    title: "Add a symbol",
    info: "",
    width: 56,
    height: 8,
    live: false,
};

impl AddSymbol {
    fn symbol(&self) -> Option<Symbol> {
        let text = self.form.text(());
        (!text.is_empty()).then(|| Symbol::new(text))
    }

    fn submit(&mut self) -> Vec<Action> {
        match self.symbol() {
            Some(symbol) => vec![
                Action::Send(Request::LookUp {
                    symbol: symbol.clone(),
                }),
                Action::AddToWatchlist(symbol),
                Action::Close,
            ],
            None => {
                self.form.set_error(
                    (),
                    Some("type a symbol, such as AAPL, BRK.B or BTC/USD".into()),
                );
                Vec::new()
            }
        }
    }
}

impl Overlay for AddSymbol {
    fn name(&self) -> &'static str {
        "add-symbol"
    }

    fn key(&mut self, _context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match self.form.key(key) {
            FormEvent::Submit => self.submit(),
            FormEvent::Close => vec![Action::Close],
            FormEvent::Changed(())
            | FormEvent::Left(())
            | FormEvent::Taken
            | FormEvent::NotMine => Vec::new(),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        self.form.paste(text);
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = DIALOG.draw(context.theme, area, buffer);
        self.form
            .draw(context.theme, dialog::below(inside, 1), buffer);
        let known = self
            .symbol()
            .and_then(|symbol| context.replica.instruments.get(&symbol));
        if let Some(instrument) = known {
            let line = dialog::below(inside, 3);
            dialog::line(
                context.theme,
                Role::Muted,
                instrument.name.as_str(),
                line,
                buffer,
            );
        }
        let footer = dialog::below(inside, inside.height.saturating_sub(1));
        self.form.draw_footer(
            context.theme,
            &[("enter", "add"), ("esc", "close")],
            footer,
            buffer,
        );
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        self.form.cursor(dialog::below(DIALOG.inside(area), 1))
    }
}
