//! Charts of decimals: a line of braille dots, candles, and a sparkline of blocks. No float anywhere.

use crate::domain::{Bar, Price};
use crate::ui::format;
use crate::ui::theme::{Depth, Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;

/// A column filled from below by so many eighths.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Dots of a braille character, by row and column: Unicode 15, block U+2800.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The newest `width` values as blocks, the lowest one the smallest; a level line where all are equal.
pub fn sparkline(values: &[Decimal], width: usize) -> String {
    let values = &values[values.len().saturating_sub(width)..];
    let Some(span) = Span::of(values.iter().copied()) else {
        return String::new();
    };
    let block = |value: &Decimal| BLOCKS[usize::from(span.step(*value, 7))];
    values.iter().map(block).collect()
}

/// Lowest and highest of some values.
#[derive(Clone, Copy, Debug)]
struct Span {
    low: Decimal,
    high: Decimal,
}

impl Span {
    fn of(values: impl Iterator<Item = Decimal>) -> Option<Self> {
        values.fold(None, |span, value| {
            let span = span.unwrap_or(Self {
                low: value,
                high: value,
            });
            Some(Self {
                low: span.low.min(value),
                high: span.high.max(value),
            })
        })
    }

    /// Where `value` stands on a scale from 0 (lowest) to `steps` (highest); in the middle where all are equal.
    fn step(self, value: Decimal, steps: u16) -> u16 {
        let share = value.saturating_sub(self.low).checked_div(self.height());
        let step = share.map_or(Decimal::from(steps) / Decimal::TWO, |share| {
            share * Decimal::from(steps)
        });
        step.round().to_u16().unwrap_or(0).min(steps)
    }

    fn height(self) -> Decimal {
        self.high.saturating_sub(self.low)
    }

    fn holds(self, value: Decimal) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// The span with a marked value, unless that is so far away that it would press everything else flat.
    fn widened(self, marked: Option<Decimal>) -> Self {
        let margin = self.height() / Decimal::TWO;
        let near = Self {
            low: self.low.saturating_sub(margin),
            high: self.high.saturating_add(margin),
        };
        match marked.filter(|marked| near.holds(*marked)) {
            Some(marked) => Self {
                low: self.low.min(marked),
                high: self.high.max(marked),
            },
            None => self,
        }
    }

    /// The value at a step of the scale.
    fn value_at(self, step: u16, steps: u16) -> Decimal {
        let share = Decimal::from(step).checked_div(Decimal::from(steps));
        let above = self.height() * share.unwrap_or_default();
        self.low.saturating_add(above)
    }
}

/// What a chart draws.
#[derive(Clone, Copy, Debug)]
pub enum Series<'a> {
    /// A line through values, oldest first.
    Line(&'a [Decimal]),
    /// A candle for each bar, oldest first.
    Candles(&'a [Bar]),
}

/// A chart with its scale at the right and two times below.
#[derive(Clone, Copy)]
pub struct Chart<'a> {
    /// What is drawn; the newest that fit.
    pub series: Series<'a>,
    /// Decimals of the scale.
    pub decimals: u32,
    /// A value marked across the chart where it is near: the close before, an order's limit.
    pub marked: Option<Decimal>,
    /// What stands below the oldest and the newest value shown, by their index.
    pub label: &'a dyn Fn(usize) -> String,
    /// What is said where there is nothing to draw.
    pub empty: &'a str,
}

impl Chart<'_> {
    /// Draws the chart; without its scale where it is too narrow, without times where it is too low.
    pub fn draw(&self, theme: &Theme, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let Some(span) = self.span(self.shown(area.width)) else {
            let text = format::cut(self.empty, area.width.into());
            buffer.set_string(area.x, area.y, text, theme.style(Role::Muted));
            return;
        };
        let labels = if area.height >= 4 { 1 } else { 0 };
        let scale = self.scale_width(span, area.width);
        let plot = Rect {
            width: area.width - scale,
            height: area.height - labels,
            ..area
        };
        let shown = self.shown(plot.width);
        self.draw_scale(theme, span, plot, scale, buffer);
        match self.series {
            Series::Line(values) => draw_line(theme, &values[shown.clone()], span, plot, buffer),
            Series::Candles(bars) => draw_candles(theme, &bars[shown.clone()], span, plot, buffer),
        }
        if labels == 1 {
            self.draw_times(theme, shown, plot, buffer);
        }
    }

    /// The newest values that fit a width.
    fn shown(&self, width: u16) -> std::ops::Range<usize> {
        let (count, most) = match self.series {
            Series::Line(values) => (values.len(), usize::from(width) * 2),
            Series::Candles(bars) => (bars.len(), usize::from(width)),
        };
        count.saturating_sub(most)..count
    }

    fn span(&self, shown: std::ops::Range<usize>) -> Option<Span> {
        let span = match self.series {
            Series::Line(values) => Span::of(values[shown].iter().copied()),
            Series::Candles(bars) => {
                let ends = bars[shown].iter().flat_map(|bar| [bar.low.0, bar.high.0]);
                Span::of(ends)
            }
        };
        span.map(|span| span.widened(self.marked))
    }

    fn scale_width(&self, span: Span, width: u16) -> u16 {
        let texts = [span.low, span.high].map(|value| format::decimal(value, self.decimals));
        let widest = texts
            .iter()
            .map(|text| format::width(text) + 1)
            .max()
            .unwrap_or(0);
        u16::try_from(widest)
            .ok()
            .filter(|widest| *widest <= width / 2)
            .unwrap_or(0)
    }

    fn draw_scale(&self, theme: &Theme, span: Span, plot: Rect, scale: u16, buffer: &mut Buffer) {
        let lines = plot.height.saturating_sub(1);
        if let Some(marked) = self.marked.filter(|marked| span.holds(*marked)) {
            let y = plot.bottom() - 1 - span.step(marked, lines);
            for x in plot.left()..plot.right() {
                buffer.set_string(x, y, "┈", theme.style(Role::Border));
            }
        }
        if scale == 0 {
            return;
        }
        let every = (lines / 4).max(1);
        for step in (0..=lines).step_by(every.into()) {
            let text = format::decimal(span.value_at(step, lines), self.decimals);
            let width = u16::try_from(format::width(&text)).unwrap_or(scale);
            let x = plot.right() + scale - width;
            buffer.set_string(x, plot.bottom() - 1 - step, text, theme.style(Role::Muted));
        }
    }

    fn draw_times(
        &self,
        theme: &Theme,
        shown: std::ops::Range<usize>,
        plot: Rect,
        buffer: &mut Buffer,
    ) {
        let (first, last) = ((self.label)(shown.start), (self.label)(shown.end - 1));
        let (first_width, last_width) = (format::width(&first), format::width(&last));
        let room = usize::from(plot.width);
        if first_width <= room {
            buffer.set_string(plot.x, plot.bottom(), first, theme.style(Role::Muted));
        }
        if first_width + last_width < room {
            let x = plot.right() - u16::try_from(last_width).unwrap_or(0);
            buffer.set_string(x, plot.bottom(), last, theme.style(Role::Muted));
        }
    }
}

/// Joins values by dots, two columns and four lines of them in a character.
fn draw_line(theme: &Theme, values: &[Decimal], span: Span, plot: Rect, buffer: &mut Buffer) {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return;
    };
    let style = theme.style(if last < first { Role::Down } else { Role::Up });
    let highest = (plot.height * 4).saturating_sub(1);
    let columns = usize::from(plot.width) * 2;
    let height_at = |column: usize| span.step(value_between(values, column, columns), highest);
    let mut before = height_at(0);
    for column in 0..columns {
        let height = height_at(column);
        let joint = match height.cmp(&before) {
            Ordering::Greater => before + 1..=height,
            Ordering::Equal => height..=height,
            Ordering::Less => height..=before - 1,
        };
        for dot in joint {
            put_dot(column, highest - dot, plot, style, buffer);
        }
        before = height;
    }
}

/// The value a column of a line stands for, between the two values around it.
fn value_between(values: &[Decimal], column: usize, columns: usize) -> Decimal {
    let steps = (columns - 1).max(1);
    let position = column * (values.len() - 1);
    let (index, past) = (position / steps, position % steps);
    let (here, next) = (values[index], values[(index + 1).min(values.len() - 1)]);
    let share = Decimal::from(past) / Decimal::from(steps);
    here.saturating_add(next.saturating_sub(here) * share)
}

fn put_dot(column: usize, line: u16, plot: Rect, style: Style, buffer: &mut Buffer) {
    let x = plot.x + u16::try_from(column / 2).expect("within the plot");
    let cell = &mut buffer[(x, plot.y + line / 4)];
    let before = cell.symbol().chars().next().map_or(0, u32::from);
    let dots = if (0x2800..0x2900).contains(&before) {
        before - 0x2800
    } else {
        0
    };
    let dot = DOTS[usize::from(line % 4)][column % 2];
    let symbol = char::from_u32(0x2800 + (dots | dot)).expect("a braille pattern");
    cell.set_char(symbol).set_style(style);
}

/// What half a line of a candle shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Nothing,
    Wick,
    Body,
}

/// Two halves a line and one to three columns a candle, the newest at the right.
fn draw_candles(theme: &Theme, bars: &[Bar], span: Span, plot: Rect, buffer: &mut Buffer) {
    let highest = (plot.height * 2).saturating_sub(1);
    let every = (usize::from(plot.width) / bars.len().max(1)).clamp(1, 3);
    for (bar, x) in bars
        .iter()
        .rev()
        .zip((plot.left()..plot.right()).rev().step_by(every))
    {
        let at = |price: Price| span.step(price.0, highest);
        let body = at(bar.open.min(bar.close))..=at(bar.open.max(bar.close));
        let wick = at(bar.low)..=at(bar.high);
        let half = |step: u16| match step {
            _ if body.contains(&step) => Half::Body,
            _ if wick.contains(&step) => Half::Wick,
            _ => Half::Nothing,
        };
        let fell = bar.close < bar.open;
        let style = theme.style(if fell { Role::Down } else { Role::Up });
        for line in 0..plot.height {
            let above = highest - line * 2;
            let symbol = candle(
                [half(above), half(above.saturating_sub(1))],
                fell,
                theme.depth(),
            );
            if symbol != ' ' {
                buffer[(x, plot.y + line)].set_char(symbol).set_style(style);
            }
        }
    }
}

/// The character of two halves; without colour a candle that fell is drawn hollow.
fn candle(halves: [Half; 2], fell: bool, depth: Depth) -> char {
    let is_hollow = fell && depth == Depth::None;
    match halves {
        [Half::Body, Half::Body] if is_hollow => '║',
        [Half::Body, Half::Body] => '┃',
        [Half::Body, Half::Wick] => '╿',
        [Half::Wick, Half::Body] => '╽',
        [Half::Wick, Half::Wick] => '│',
        [Half::Body, Half::Nothing] => '╹',
        [Half::Nothing, Half::Body] => '╻',
        [Half::Wick, Half::Nothing] => '╵',
        [Half::Nothing, Half::Wick] => '╷',
        [Half::Nothing, Half::Nothing] => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Symbol, Timestamp};
    use crate::ui::theme::Look;

    fn decimals(texts: &[&str]) -> Vec<Decimal> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn bar(open: &str, high: &str, low: &str, close: &str) -> Bar {
        let price = |text: &str| text.parse::<Price>().unwrap();
        Bar {
            symbol: Symbol::new("AAPL"),
            start: Timestamp::EPOCH,
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: "1".parse().unwrap(),
        }
    }

    fn drawn(series: Series<'_>, marked: Option<&str>, width: u16, height: u16) -> Vec<String> {
        let theme = Theme::embedded(Look {
            depth: Depth::None,
            swap_up_down: false,
        });
        let chart = Chart {
            series,
            decimals: 2,
            marked: marked.map(|text| text.parse().unwrap()),
            label: &|index| format!("t{index}"),
            empty: "no history",
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        chart.draw(&theme, buffer.area, &mut buffer);
        let line = |y| {
            (0..width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn values_at_the_ends_of_what_fits_are_drawn_like_any_other() {
        let ends = [Decimal::MIN, Decimal::MAX];
        assert_eq!(sparkline(&ends, 2), "▁█");
        let span = Span::of(ends.into_iter()).unwrap();
        assert_eq!(span.value_at(0, 4), Decimal::MIN);
        assert_eq!(value_between(&ends, 0, 5), Decimal::MIN);
        assert_eq!(value_between(&ends, 4, 5), Decimal::MAX);
    }

    #[test]
    fn a_sparkline_spans_its_own_values() {
        let cases: [(&[&str], usize, &str); 5] = [
            (&["1", "2", "3", "4"], 4, "▁▃▆█"),
            (&["9", "1", "2"], 2, "▁█"),
            (&["5", "5"], 8, "▅▅"),
            (&[], 8, ""),
            (&["1"], 0, ""),
        ];
        for (values, width, expected) in cases {
            assert_eq!(sparkline(&decimals(values), width), expected, "{values:?}");
        }
    }

    #[test]
    fn a_line_rises_from_the_lowest_to_the_highest() {
        let values = decimals(&["1", "2", "3", "4", "5", "6", "7", "8"]);
        assert_eq!(
            drawn(Series::Line(&values), None, 14, 5),
            [
                "       ⡠⠊ 8.00",
                "    ⢀⠔⠉   5.67",
                "  ⣀⠔⠁     3.33",
                "⡠⠊        1.00",
                "t0     t7",
            ]
        );
    }

    #[test]
    fn candles_show_body_and_wick_and_a_fall_without_colour() {
        let bars = [
            bar("1", "8", "1", "4"),
            bar("8", "8", "1", "1"),
            bar("4", "6", "3", "5"),
        ];
        assert_eq!(
            drawn(Series::Candles(&bars), Some("4.5"), 12, 5),
            [
                "  │ ║   8.00",
                "┈┈│┈║┈╽ 5.67",
                "  ┃ ║ ╿ 3.33",
                "  ┃ ║   1.00",
                "t0   t2",
            ]
        );
    }

    #[test]
    fn a_mark_that_is_far_away_does_not_press_the_line_flat() {
        let values = decimals(&["10", "12", "14"]);
        let scale = |marked| {
            let drawn = drawn(Series::Line(&values), Some(marked), 14, 3);
            let ends =
                [&drawn[0], &drawn[2]].map(|line| line.split(' ').next_back().unwrap().to_owned());
            let is_marked = drawn.iter().any(|line| line.contains('┈'));
            (ends, is_marked)
        };
        let ends = |high: &str, low: &str| [high.to_owned(), low.to_owned()];
        assert_eq!(scale("16"), (ends("16.00", "10.00"), true));
        assert_eq!(scale("16.01"), (ends("14.00", "10.00"), false));
        assert_eq!(scale("8"), (ends("14.00", "8.00"), true));
        assert_eq!(scale("7.99"), (ends("14.00", "10.00"), false));
    }

    #[test]
    fn nothing_to_draw_says_so_and_no_room_is_no_panic() {
        assert_eq!(drawn(Series::Line(&[]), None, 12, 2)[0], "no history");
        let values = decimals(&["1", "2"]);
        let bars = [bar("1", "2", "1", "2")];
        for (width, height) in [(0, 0), (1, 1), (2, 1), (1, 9), (40, 1), (3, 4)] {
            drawn(Series::Line(&values), Some("1"), width, height);
            drawn(Series::Line(&values[..1]), None, width, height);
            drawn(Series::Candles(&bars), None, width, height);
        }
    }
}
