//! The line at the bottom of the quotes: where the selected symbol's price came from.

use crate::domain::{Bar, Symbol, Timeframe};
use crate::ui::format;
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::line_chart::sparkline;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

/// Fewest columns of blocks that tell anything.
const NARROWEST: usize = 4;

/// Columns of the change at the right, the gap before it included.
const CHANGE: u16 = 9;

/// Draws the newest bars that fit, from when they are, and the change over them.
pub(super) fn draw(context: &PaneContext<'_>, symbol: &Symbol, area: Rect, buffer: &mut Buffer) {
    let muted = context.theme.style(Role::Muted);
    let name = cells::symbol_name(symbol);
    let key = (symbol.clone(), Timeframe::FiveMinutes);
    let bars = context.replica.bars.get(&key).map(Vec::as_slice);
    let Some(bars) = bars.filter(|bars| !bars.is_empty()) else {
        let text = match bars {
            Some(_) => format!("{name}: nothing traded"),
            None => format!("{name}: no history yet"),
        };
        let text = format::cut(&text, usize::from(area.width.saturating_sub(1)));
        buffer.set_string(area.x + 1, area.y, text, muted);
        return;
    };
    // Its width does not depend on the time it names.
    let label = |since: &str| format!("{name} since {since:<6} ");
    let label_width = u16::try_from(format::width(&label(""))).unwrap_or(area.width);
    let room = usize::from(area.width.saturating_sub(1 + label_width + CHANGE));
    if room < NARROWEST {
        return;
    }
    let shown = &bars[bars.len().saturating_sub(room)..];
    let since = cells::moment(context, shown[0].start);
    let closes: Vec<Decimal> = shown.iter().map(|bar| bar.close.0).collect();
    let x = area.x + 1;
    buffer.set_string(x, area.y, label(&since), muted);
    let line = sparkline(&closes, room);
    buffer.set_string(
        x + label_width,
        area.y,
        line,
        context.theme.style(Role::Accent),
    );
    draw_change(context, shown, area, buffer);
}

fn draw_change(context: &PaneContext<'_>, shown: &[Bar], area: Rect, buffer: &mut Buffer) {
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
        return;
    };
    let change = last.close.0.checked_sub(first.open.0);
    let Some(fraction) = change.and_then(|it| it.checked_div(first.open.0)) else {
        return;
    };
    let (trend, text) = format::change(fraction);
    let text = format::whole_or_nothing(&text, usize::from(CHANGE) - 1);
    let width = u16::try_from(format::width(text)).unwrap_or(CHANGE);
    let style = context.theme.trend(trend);
    buffer.set_string(area.right().saturating_sub(width), area.y, text, style);
}
