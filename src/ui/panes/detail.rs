//! Detail: everything about the selected symbol: price, chart, holdings, working orders.

use super::asks::Asks;
use super::{Pane, PaneContext, PaneId, PaneSpec, cells};
use crate::domain::{Bar, Symbol, Timeframe, Timestamp};
use crate::ui::app::Action;
use crate::ui::command::Command;
use crate::ui::format;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::line_chart::{Chart, Series};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

mod head;
mod lines;

/// How the registry makes it.
pub(super) const SPEC: PaneSpec = PaneSpec {
    id: PaneId::Detail,
    title: "Detail",
    make: || Box::new(Detail::default()),
};

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
struct Detail {
    timeframe: usize,
    asks: Asks,
}

impl Detail {
    fn timeframe(&self) -> Timeframe {
        TIMEFRAMES[self.timeframe].0
    }

    /// Which feed the price is from, and how long a bar is.
    fn info(&self, context: &PaneContext<'_>) -> String {
        let bars = TIMEFRAMES[self.timeframe].1;
        let symbol = context.selection.symbol.as_ref();
        let line = symbol.and_then(|symbol| context.replica.quote(symbol));
        match line.filter(|line| !line.source.is_empty()) {
            Some(line) => format!("{} · {bars}", cells::feed_name(line)),
            None => bars.into(),
        }
    }

    fn draw_chart(
        &self,
        context: &PaneContext<'_>,
        symbol: &Symbol,
        area: Rect,
        buffer: &mut Buffer,
    ) {
        let timeframe = self.timeframe();
        let bars = context.replica.bars.get(&(symbol.clone(), timeframe));
        let empty = match bars {
            Some(_) => "nothing traded",
            None => "no history yet",
        };
        let bars = bars.map_or(&[][..], Vec::as_slice);
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
            decimals: decimals(bars),
            marked: close
                .filter(|_| timeframe != Timeframe::Day)
                .map(|price| price.0),
            label: &|index| label(context, bars.get(index), timeframe),
            empty,
        };
        chart.draw(context.theme, area, buffer);
    }
}

/// Decimals that tell the prices of `bars` apart.
fn decimals(bars: &[Bar]) -> u32 {
    let prices = bars.iter().flat_map(|bar| [bar.high, bar.low, bar.close]);
    prices.map(cells::price_decimals).max().unwrap_or(2)
}

fn label(context: &PaneContext<'_>, bar: Option<&Bar>, timeframe: Timeframe) -> String {
    let Some(bar) = bar else { return String::new() };
    match timeframe {
        Timeframe::Day => format::date(bar.start, context.zone),
        Timeframe::Minute | Timeframe::FiveMinutes | Timeframe::Hour => {
            cells::moment(context, bar.start)
        }
    }
}

/// What is inside of the frame, a blank column at each side.
fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 1.min(area.width),
        width: area.width.saturating_sub(2),
        ..area
    }
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
        let info = self.info(context);
        let frame = cells::frame(context, (7, SPEC.title), &info);
        let inside = inside(frame.draw(context.theme, area, buffer));
        let Some(symbol) = &context.selection.symbol else {
            let text = "select a symbol in positions, quotes or orders";
            dialog::line(context.theme, Role::Muted, text, inside, buffer);
            return;
        };
        head::draw(context, symbol, inside, buffer);
        let below = dialog::below(inside, head::LINES);
        let most = usize::from(below.height / 3).min(MOST_LINES);
        let lines = lines::few(lines::lines(context, symbol), most);
        let chart = Rect {
            height: below.height - u16::try_from(lines.len()).unwrap_or(below.height),
            ..below
        };
        self.draw_chart(context, symbol, chart, buffer);
        let area = dialog::below(below, chart.height);
        lines.iter().fold(area, |area, (role, text)| {
            dialog::line(context.theme, *role, text, area, buffer)
        });
    }

    fn wants(&mut self, context: &PaneContext<'_>) -> Option<Action> {
        let symbol = context.selection.symbol.as_ref()?;
        if context.replica.quotes.is_empty() {
            return None;
        }
        self.asks.due(context.now, symbol, self.timeframe())
    }

    fn wants_at(&self) -> Option<Timestamp> {
        self.asks.next()
    }

    fn hints(&self) -> &'static [Command] {
        &[Command::NextView, Command::Buy, Command::Sell]
    }

    fn shows_time(&self, _context: &PaneContext<'_>) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
