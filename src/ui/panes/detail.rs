//! Detail: everything about the selected symbol: price, chart, holdings, working orders.

use super::{Pane, PaneContext, PaneId, PaneSpec, cells};
use crate::domain::{Bar, Level1, Symbol, Timeframe, Timestamp};
use crate::link::Request;
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format::{self, Trend};
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::line_chart::{Chart, Series};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use std::collections::HashMap;
use std::time::Duration;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Detail,
    title: "Detail",
    make: || Box::new(Detail::default()),
};

/// How often the history of what is shown is asked for.
const HISTORY_EVERY: Duration = Duration::from_secs(60);

/// From this width a chart has candles.
const CANDLES_FROM: u16 = 60;

/// Lines of holdings and orders at most.
const MOST_LINES: usize = 6;

const TIMEFRAMES: [(Timeframe, &str); 4] = [
    (Timeframe::FiveMinutes, "5 minutes"),
    (Timeframe::Hour, "1 hour"),
    (Timeframe::Day, "1 day"),
    (Timeframe::Minute, "1 minute"),
];

/// The pane.
#[derive(Default)]
pub(super) struct Detail {
    timeframe: usize,
    asked: HashMap<(Symbol, Timeframe), Timestamp>,
}

impl Detail {
    fn timeframe(&self) -> Timeframe {
        TIMEFRAMES[self.timeframe].0
    }

    fn draw_chart(
        &self,
        context: &PaneContext<'_>,
        symbol: &Symbol,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let timeframe = self.timeframe();
        let none = Vec::new();
        let bars = context
            .replica
            .bars
            .get(&(symbol.clone(), timeframe))
            .unwrap_or(&none);
        let closes: Vec<Decimal> = bars.iter().map(|bar| bar.close.0).collect();
        let series = if area.width >= CANDLES_FROM {
            Series::Candles(bars)
        } else {
            Series::Line(&closes)
        };
        let close = context
            .replica
            .quote(symbol)
            .and_then(|line| line.previous_close);
        let chart = Chart {
            series,
            decimals: 2,
            marked: close
                .filter(|_| timeframe != Timeframe::Day)
                .map(|price| price.0),
            label: &|index| label(context, bars.get(index), timeframe),
            empty: "no history yet",
        };
        chart.draw(context.theme, area, buffer);
    }
}

fn label(context: &PaneContext<'_>, bar: Option<&Bar>, timeframe: Timeframe) -> String {
    let Some(bar) = bar else { return String::new() };
    match timeframe {
        Timeframe::Day => format::date(bar.start, context.zone),
        Timeframe::Minute | Timeframe::FiveMinutes | Timeframe::Hour => {
            format::when(bar.start, context.now, context.zone)
        }
    }
}

/// Draws the price and what surrounds it; returns the lines used.
fn draw_head(context: &PaneContext<'_>, symbol: &Symbol, area: Rect, buffer: &mut Buffer) -> u16 {
    let theme = context.theme;
    let name = context
        .replica
        .instruments
        .get(symbol)
        .map_or("", |it| it.name.as_str());
    let line = context.replica.quote(symbol);
    let price = line.and_then(Level1::mark);
    let (trend, change) = line
        .and_then(Level1::day_change)
        .map_or((Trend::Level, "—".into()), format::change);
    let pieces = [
        (symbol.to_string(), theme.style(Role::Strong)),
        (
            format::or_unknown(price, format::price),
            line.map_or(theme.style(Role::Muted), |it| {
                cells::price_style(context, it)
            }),
        ),
        (change, theme.trend(trend)),
        (name.to_owned(), theme.style(Role::Muted)),
    ];
    draw_pieces(&pieces, area, 0, buffer);
    let Some(line) = line else { return 1 };
    let side = |price, size| {
        format!(
            "{} ({})",
            format::or_unknown(price, format::price),
            format::or_unknown(size, format::quantity)
        )
    };
    let quote = format!(
        "{} × {}",
        side(line.bid, line.bid_size),
        side(line.ask, line.ask_size)
    );
    let volume = format!(
        "volume {}",
        format::or_unknown(line.volume, format::quantity)
    );
    let close = format!(
        "close {}",
        format::or_unknown(line.previous_close, format::price)
    );
    let muted = theme.style(Role::Muted);
    draw_pieces(
        &[
            (quote, theme.style(Role::Text)),
            (volume, muted),
            (close, muted),
        ],
        area,
        1,
        buffer,
    );
    2
}

/// Draws pieces beside each other, as many as fit whole.
fn draw_pieces(
    pieces: &[(String, ratatui::style::Style)],
    area: Rect,
    line: u16,
    buffer: &mut Buffer,
) {
    let mut x = area.x;
    for (text, style) in pieces {
        let width = u16::try_from(format::width(text)).unwrap_or(u16::MAX);
        if line >= area.height || x.saturating_add(width) > area.right() {
            return;
        }
        buffer.set_string(x, area.y + line, text, *style);
        x += width + 2;
    }
}

/// Holdings and working orders of a symbol, a line each.
fn lines(context: &PaneContext<'_>, symbol: &Symbol) -> Vec<(Role, String)> {
    let replica = context.replica;
    let held = replica
        .all_positions()
        .filter(|position| position.symbol == *symbol)
        .map(|position| {
            let quantity = if context.hidden {
                format::MASK.to_owned()
            } else {
                format::quantity(position.quantity)
            };
            let average =
                format::or_unknown(position.average_price, |price| format::price_to(price, 2));
            (
                Role::Text,
                format!("holds {quantity} @ {average}  {}", position.account.short()),
            )
        });
    let working = replica
        .orders
        .values()
        .filter(|it| it.draft.symbol == *symbol && !it.state.is_final());
    let working = working.map(|order| {
        let draft = &order.draft;
        let (side, kind, mode) = (draft.side.as_str(), draft.kind, draft.mode.word());
        let text = format!(
            "{} {side} {kind} {}  {mode} {}",
            order.state.word(),
            draft.time_in_force.as_str(),
            draft.account.short()
        );
        (Role::Accent, text)
    });
    held.chain(working).take(MOST_LINES).collect()
}

impl Pane for Detail {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what concerns other panes does nothing here"
    )]
    fn update(&mut self, _context: &PaneContext<'_>, command: Command) -> Option<Action> {
        match command {
            Command::NextView | Command::Right => {
                self.timeframe = (self.timeframe + 1) % TIMEFRAMES.len()
            }
            Command::Left => {
                self.timeframe = (self.timeframe + TIMEFRAMES.len() - 1) % TIMEFRAMES.len()
            }
            _ => {}
        }
        None
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let info = TIMEFRAMES[self.timeframe].1;
        let frame = Frame {
            number: Some(7),
            name: SPEC.title,
            info,
            focused: context.focused,
            live: false,
        };
        let inside = frame.draw(context.theme, area, buffer);
        let Some(symbol) = &context.selection.symbol else {
            let text = "select a symbol in positions, quotes or orders";
            dialog::line(context.theme, Role::Muted, text, inside, buffer);
            return;
        };
        let head = draw_head(context, symbol, inside, buffer).min(inside.height);
        let lines = lines(context, symbol);
        let room = inside.height - head;
        let below = u16::try_from(lines.len()).unwrap_or(0).min(room / 3);
        let chart = Rect {
            y: inside.y + head,
            height: room - below,
            ..inside
        };
        self.draw_chart(context, symbol, chart, buffer);
        for (y, (role, text)) in (chart.bottom()..inside.bottom()).zip(lines) {
            dialog::line(
                context.theme,
                role,
                &text,
                Rect {
                    y,
                    height: 1,
                    ..inside
                },
                buffer,
            );
        }
    }

    fn wants(&mut self, context: &PaneContext<'_>) -> Option<Action> {
        let symbol = context.selection.symbol.clone()?;
        if context.replica.quotes.is_empty() {
            return None;
        }
        let key = (symbol.clone(), self.timeframe());
        let is_due = self
            .asked
            .get(&key)
            .is_none_or(|asked| context.now.since(*asked) >= HISTORY_EVERY);
        if !is_due {
            return None;
        }
        self.asked.insert(key, context.now);
        Some(Action::Send(Request::LoadBars {
            symbol,
            timeframe: self.timeframe(),
        }))
    }

    fn hints(&self) -> &'static [Command] {
        &[Command::NextView, Command::Buy, Command::Sell]
    }
}
