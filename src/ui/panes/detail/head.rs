//! The two lines above the chart: the price with everything that has to be known of it, and the book around it.

use crate::domain::quote::TradingStatus;
use crate::domain::{Level1, Price, Quantity, Symbol};
use crate::ui::format::{self, Trend};
use crate::ui::panes::PaneContext;
use crate::ui::panes::cells::{self, Freshness};
use crate::ui::theme::Role;
use crate::ui::widgets::pieces::{Line, Piece};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines it takes.
pub(super) const LINES: u16 = 2;

/// Draws the price and what surrounds it.
pub(super) fn draw(context: &PaneContext<'_>, symbol: &Symbol, area: Rect, buffer: &mut Buffer) {
    let line = context.replica.quote(symbol);
    let fresh = cells::freshness(context, line);
    let known = line.filter(|_| fresh != Freshness::Unknown);
    let lines = match known {
        Some(line) => [price(context, line, fresh), book(context, line, fresh)],
        None => [silence(context, symbol), Vec::new()],
    };
    for (y, mut left) in (area.y..area.bottom()).zip(lines) {
        if y == area.y {
            left.insert(0, name(context, symbol));
            left.extend(full_name(context, symbol));
        }
        let line = Line {
            left,
            gap: 2,
            ..Line::default()
        };
        line.draw(
            Rect {
                y,
                height: 1,
                ..area
            },
            buffer,
        );
    }
}

fn name(context: &PaneContext<'_>, symbol: &Symbol) -> Piece {
    let strong = context.theme.style(Role::Strong);
    Piece::text(0, cells::symbol_name(symbol), strong)
}

fn full_name(context: &PaneContext<'_>, symbol: &Symbol) -> Option<Piece> {
    let instrument = context.replica.instruments.get(symbol)?;
    let muted = context.theme.style(Role::Muted);
    Some(Piece::name(9, instrument.name.as_str(), muted))
}

fn silence(context: &PaneContext<'_>, symbol: &Symbol) -> Vec<Piece> {
    let (words, role) = cells::silence(context, symbol);
    let unknown = context.theme.style(Role::Muted);
    vec![
        Piece::text(0, format::UNKNOWN, unknown),
        Piece::text(1, words, context.theme.style(role)),
    ]
}

/// The price, beside it what is not as it seems, and the change of the day.
fn price(context: &PaneContext<'_>, line: &Level1, fresh: Freshness) -> Vec<Piece> {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let is_stale = matches!(fresh, Freshness::Stale(_));
    let style = if is_stale {
        muted
    } else {
        cells::price_style(context, line)
    };
    let mut price = vec![(format::or_unknown(line.mark(), cells::market_price), style)];
    let mark = cells::feed_mark(line);
    if !mark.is_empty() {
        price.push((format!(" {mark}"), style));
    }
    let mut pieces = vec![Piece::new(0, price)];
    if let TradingStatus::Halted(reason) = &line.status {
        let warn = theme.style(Role::Warn);
        let short = vec![("halted".into(), warn)];
        pieces.push(Piece::text(3, format!("halted {reason}"), warn).or(0, short));
    }
    pieces.extend(match fresh {
        Freshness::Stale(age) => Some(Piece::text(
            0,
            format!("stale {}", format::age(age)),
            theme.style(Role::Warn),
        )),
        Freshness::Old(age) => Some(Piece::text(1, format::age(age), muted)),
        Freshness::Live | Freshness::Unknown => None,
    });
    if let Some((trend, text)) = line.day_change().map(format::change) {
        let style = if is_stale { muted } else { theme.trend(trend) };
        let text = match trend {
            Trend::Level => format!("{}%", text.trim_start()),
            Trend::Up | Trend::Down => format!("{text}%"),
        };
        pieces.push(Piece::text(2, text, style));
    }
    pieces
}

/// Bid and ask with their sizes, volume, and the close before.
fn book(context: &PaneContext<'_>, line: &Level1, fresh: Freshness) -> Vec<Piece> {
    let theme = context.theme;
    let muted = theme.style(Role::Muted);
    let side = |price: Option<Price>, size: Option<Quantity>| match (price, size) {
        (Some(price), Some(size)) => {
            format!(
                "{} ({})",
                cells::market_price(price),
                format::quantity(size)
            )
        }
        (price, _) => format::or_unknown(price, cells::market_price),
    };
    let quote = format!(
        "{} × {}",
        side(line.bid, line.bid_size),
        side(line.ask, line.ask_size)
    );
    let bare = format!("{} × {}", side(line.bid, None), side(line.ask, None));
    let style = match fresh {
        Freshness::Stale(_) => muted,
        Freshness::Live | Freshness::Old(_) | Freshness::Unknown => theme.style(Role::Text),
    };
    let mut pieces = vec![Piece::text(2, quote, style).or(1, vec![(bare, style)])];
    pieces.extend(
        line.volume
            .map(|volume| Piece::text(4, format!("volume {}", format::quantity(volume)), muted)),
    );
    pieces.extend(
        line.previous_close
            .map(|close| Piece::text(3, format!("close {}", cells::market_price(close)), muted)),
    );
    pieces
}
