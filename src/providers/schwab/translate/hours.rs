//! Opening hours, day by day.

use crate::domain::{MarketClock, Timestamp};
use crate::providers::fields::Unreadable;
use crate::providers::schwab::wire::{ByText, Hours};
use std::time::Duration;

/// From New York's clock to UTC in winter. In summer its day begins an hour earlier than we take it to; a day that is
/// not over is asked for either way.
const NEW_YORK: Duration = Duration::from_secs(5 * 60 * 60);

/// The answer for one kind of market: its products by name, under its own name.
pub(in crate::providers::schwab) type Markets<'a> =
    ByText<'a, Option<ByText<'a, Option<Hours<'a>>>>>;

/// Opening and close of a session.
pub(in crate::providers::schwab) type Span = (Timestamp, Timestamp);

/// The date in New York at a moment, as their calls write it.
pub(in crate::providers::schwab) fn date(now: Timestamp) -> String {
    now.minus(NEW_YORK).to_string().chars().take(10).collect()
}

/// Regular sessions of a day, in order.
pub(in crate::providers::schwab) fn sessions(
    markets: &Markets<'_>,
) -> Result<Vec<Span>, Unreadable> {
    let mut found = Vec::new();
    for hours in markets
        .values()
        .flatten()
        .flat_map(|it| it.values().flatten())
    {
        let spans = hours.session_hours.iter();
        for span in spans.flat_map(|it| it.regular_market.iter().flatten()) {
            let start = span.start.time()?.ok_or(Unreadable("the opening"))?;
            let end = span.end.time()?.ok_or(Unreadable("the close"))?;
            if hours.is_open.is_true() {
                found.push((start, end));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The clock by sessions from today on; `None` while they do not reach far enough.
pub(in crate::providers::schwab) fn clock(
    sessions: &[Span],
    now: Timestamp,
) -> Option<MarketClock> {
    let next_open = sessions.iter().map(|it| it.0).find(|start| *start > now)?;
    let next_close = sessions.iter().map(|it| it.1).find(|end| *end > now)?;
    Some(MarketClock {
        market: "NYSE".into(),
        is_open: sessions
            .iter()
            .any(|(start, end)| *start <= now && now < *end),
        next_open,
        next_close,
    })
}
