//! What several panes say in the same words: frames, marks, amounts that may be hidden, prices, changes, ages.

use crate::domain::order::TrailBy;
use crate::domain::quote::{Direction, TradingStatus};
use crate::domain::{
    AccountId, Currency, Level1, Mode, Order, OrderKind, OrderSize, Price, Symbol, Timestamp,
};
use crate::link::{ConnectionState, ConnectionStatus};
use crate::ui::format::{self, Trend};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::{Cell, Note};
use ratatui::layout::Rect;
use ratatui::style::Style;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::time::Duration;

/// Lines of a pane for each line under its table.
const ROWS_TO_A_NOTE: u16 = 5;

/// Columns that a count of the lines which do not fit takes.
const COUNTED: u16 = 10;

/// The frame of a pane, with what is shown at its right.
pub(super) fn frame<'a>(
    context: &PaneContext<'_>,
    (number, name): (u8, &'a str),
    info: &'a str,
) -> Frame<'a> {
    Frame {
        number: Some(number),
        name,
        info,
        focused: context.focused,
        live: context.mode == Mode::Live,
    }
}

/// What is inside of a frame.
pub(super) fn inside(area: Rect) -> Rect {
    let (width, height) = (area.width.saturating_sub(2), area.height.saturating_sub(2));
    Rect::new(area.x + 1, area.y + 1, width, height)
}

/// An amount of money in its currency's decimals, as text; masked where amounts are hidden.
pub(crate) fn amount_text(context: &PaneContext<'_>, value: Decimal, currency: Currency) -> String {
    if context.hidden {
        return format::MASK.into();
    }
    format::decimal(value, format::decimals_of(currency))
}

/// The same for a column.
pub(super) fn amount(
    context: &PaneContext<'_>,
    value: Option<Decimal>,
    currency: Currency,
    style: Style,
) -> Cell {
    match value {
        Some(value) => Cell::number(amount_text(context, value, currency), style),
        None => unknown(context),
    }
}

/// A profit: with its sign, in the colour of its direction, dim where it is old; masked where amounts are hidden.
pub(super) fn profit(
    context: &PaneContext<'_>,
    value: Option<Decimal>,
    currency: Currency,
    dim: bool,
) -> Cell {
    let Some(value) = value else {
        return unknown(context);
    };
    let muted = context.theme.style(Role::Muted);
    if context.hidden {
        return Cell::number(format::MASK, muted);
    }
    let decimals = format::decimals_of(currency);
    let style = context.theme.trend(Trend::of(value, decimals));
    let style = if dim { muted } else { style };
    Cell::number(format::signed(value, decimals), style)
}

/// A change in percent with its arrow, dim where it is old: `▲ 1.24`.
pub(super) fn change(context: &PaneContext<'_>, fraction: Option<Decimal>, dim: bool) -> Cell {
    let Some(fraction) = fraction else {
        return unknown(context);
    };
    let (trend, text) = format::change(fraction);
    let style = if dim {
        context.theme.style(Role::Muted)
    } else {
        context.theme.trend(trend)
    };
    Cell::number(text, style)
}

/// What stands where no connection is.
pub(super) fn nothing(context: &PaneContext<'_>) -> &'static str {
    match context.replica.is_for_viewing() {
        true => "nothing that a viewer may see was read yet",
        false => "nothing is connected; c connects",
    }
}

/// What is not known.
pub(super) fn unknown(context: &PaneContext<'_>) -> Cell {
    Cell::number(format::UNKNOWN, context.theme.style(Role::Muted))
}

/// A market's price with the digits that matter at its size: a coin's twentieth digit is no price anybody sees.
pub(super) fn market_price(price: Price) -> String {
    format::price_to(price, price_decimals(price))
}

/// How many of its decimals matter.
pub(super) fn price_decimals(price: Price) -> u32 {
    let most = match price.0.abs() {
        size if size >= Decimal::from(10_000) => 2,
        size if size >= Decimal::ONE_HUNDRED => 4,
        _ => 8,
    };
    format::decimals_shown(price.0).clamp(2, most)
}

/// An average of prices: cents, and more where cents would be too coarse to tell it from zero.
pub(super) fn average_price(price: Price) -> String {
    let most = match price.0.abs() {
        size if size >= Decimal::TEN => 2,
        size if size >= Decimal::ONE => 4,
        _ => 8,
    };
    format::price_to(price, format::decimals_shown(price.0).clamp(2, most))
}

/// A symbol as people read it: an option's date, strike and side spelled out, `SPY 19DEC25 600 C`.
///
/// Source: the OCC's option symbol, root + yymmdd + C or P + strike in thousandths.
pub(super) fn symbol_name(symbol: &Symbol) -> Cow<'_, str> {
    option_name(symbol.as_str()).map_or(Cow::Borrowed(symbol.as_str()), Cow::Owned)
}

fn option_name(symbol: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let (root, rest) = symbol.split_at_checked(symbol.len().checked_sub(15)?)?;
    let (date, rest) = rest.split_at_checked(6)?;
    let (side, strike) = rest.split_at_checked(1)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if root.is_empty() || !matches!(side, "C" | "P") || !is_digits(date) || !is_digits(strike) {
        return None;
    }
    let month = MONTHS.get(date[2..4].parse::<usize>().ok()?.checked_sub(1)?)?;
    let strike = Decimal::new(strike.parse().ok()?, 3).normalize();
    let (year, day) = (&date[..2], &date[4..]);
    Some(format!("{root} {day}{month}{year} {strike} {side}"))
}

/// The mark of a connection: shape and colour say the same.
pub(crate) fn mark(status: Option<&ConnectionStatus>) -> (&'static str, Role) {
    match status.map(|status| &status.state) {
        Some(ConnectionState::Live) => ("●", Role::Up),
        Some(ConnectionState::Connecting) => ("◐", Role::Accent),
        Some(ConnectionState::Retrying { .. }) => ("◐", Role::Warn),
        Some(ConnectionState::Disconnected | ConnectionState::Sealed) => ("○", Role::Muted),
        Some(ConnectionState::NeedsSignIn { .. } | ConnectionState::Failed { .. }) | None => {
            ("○", Role::Wrong)
        }
    }
}

/// What is wrong with a connection, the long way and the short; nothing where it is live.
pub(super) fn trouble(
    status: &ConnectionStatus,
    now: Timestamp,
) -> Option<(Cow<'static, str>, &'static str, Role)> {
    match &status.state {
        ConnectionState::Live => None,
        ConnectionState::Connecting => Some(("reading".into(), "reading", Role::Accent)),
        ConnectionState::Retrying { at, .. } => {
            let words = match at.since(now).as_secs() {
                0 => "retrying now".into(),
                _ => format!("retrying in {}", format::age(at.since(now))).into(),
            };
            Some((words, "retry", Role::Warn))
        }
        ConnectionState::Disconnected => Some(("off".into(), "off", Role::Muted)),
        ConnectionState::Sealed => {
            let age = status.last_sync.map(|at| format::age(now.since(at)));
            let words = age.map_or("unread".into(), |age| format!("{age} old").into());
            Some((words, "old", Role::Warn))
        }
        ConnectionState::NeedsSignIn { .. } => Some(("sign in".into(), "sign in", Role::Wrong)),
        ConnectionState::Failed { .. } => Some(("failed".into(), "failed", Role::Wrong)),
    }
}

/// How fresh a quote is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// As good as new.
    Live,
    /// Older than a live feed should be.
    Old(Duration),
    /// Too old to act on.
    Stale(Duration),
    /// Nothing was heard yet.
    Unknown,
}

/// How fresh a quote is, by the limits of the configuration.
pub(super) fn freshness(context: &PaneContext<'_>, line: Option<&Level1>) -> Freshness {
    let Some(received) = line.and_then(|line| line.received) else {
        return Freshness::Unknown;
    };
    let age = context.now.since(received);
    let limits = &context.config.ui;
    if age > Duration::from_secs(u64::from(limits.stale_after_seconds)) {
        Freshness::Stale(age)
    } else if age > Duration::from_secs(u64::from(limits.old_after_seconds)) {
        Freshness::Old(age)
    } else {
        Freshness::Live
    }
}

/// What stands right beside a price that is not a live one by its nature: `sim`, `15m`; nothing beside a live one.
pub(super) fn feed_mark(line: &Level1) -> Cow<'static, str> {
    match line {
        Level1 {
            simulated: true, ..
        } => "sim".into(),
        Level1 {
            delayed_minutes: 0, ..
        } => "".into(),
        line => format!("{}m", line.delayed_minutes).into(),
    }
}

/// The same in words: `simulated`, `15m delayed`.
pub(super) fn feed_words(line: &Level1) -> Option<Cow<'static, str>> {
    match line {
        Level1 {
            simulated: true, ..
        } => Some("simulated".into()),
        Level1 {
            delayed_minutes: 0, ..
        } => None,
        line => Some(format!("{}m delayed", line.delayed_minutes).into()),
    }
}

/// The feed by its name, and whether it is real and of now: `IEX`, `SIP 15m delayed`, `random walk simulated`.
pub(super) fn feed_name(line: &Level1) -> Cow<'_, str> {
    let source = line.source.as_str();
    match feed_words(line) {
        Some(words) if !source.contains(words.as_ref()) => format!("{source} {words}").into(),
        Some(_) | None => source.into(),
    }
}

/// Why nothing is known of a symbol.
pub(super) fn silence(context: &PaneContext<'_>, symbol: &Symbol) -> (&'static str, Role) {
    let connections = context.replica.connections.values();
    let feeds = || connections.clone().flat_map(|it| &it.feeds);
    if feeds().any(|feed| feed.not_live.contains(symbol)) {
        ("no feed has it", Role::Warn)
    } else if feeds().any(|feed| feed.live) {
        ("nothing yet", Role::Muted)
    } else {
        ("no feed", Role::Muted)
    }
}

/// The style of a price by the direction of its last change.
pub(crate) fn price_style(context: &PaneContext<'_>, line: &Level1) -> Style {
    let role = match (&line.status, line.direction) {
        (TradingStatus::Halted(_), _) => Role::Warn,
        (TradingStatus::Trading, Direction::Up) => Role::Up,
        (TradingStatus::Trading, Direction::Down) => Role::Down,
        (TradingStatus::Trading, Direction::Level) => Role::Text,
    };
    context.theme.style(role)
}

/// How much an order wants: units, or an amount in the account's currency; masked where amounts are hidden.
pub(super) fn order_size(context: &PaneContext<'_>, order: &Order) -> String {
    let amount = match order.draft.size {
        _ if context.hidden => return format::MASK.into(),
        OrderSize::Quantity(quantity) => return format::quantity(quantity),
        OrderSize::Notional(amount) => amount,
    };
    let account = context.replica.accounts.get(&order.draft.account);
    match account.map(|account| account.currency.as_str()) {
        Some("USD") => format!("${}", format::decimal(amount, 2)),
        Some(currency) => format!("{} {currency}", format::decimal(amount, 2)),
        None => format::decimal(amount, 2),
    }
}

/// At what price, as the trade writes it: `limit 189.90`, `stop 1,234.50 limit 1,230.00`.
pub(super) fn order_kind(kind: &OrderKind) -> String {
    let price = format::price;
    match kind {
        OrderKind::Market => "market".into(),
        OrderKind::Limit { limit } => format!("limit {}", price(*limit)),
        OrderKind::Stop { stop } => format!("stop {}", price(*stop)),
        OrderKind::StopLimit { stop, limit } => {
            format!("stop {} limit {}", price(*stop), price(*limit))
        }
        OrderKind::TrailingStop { trail } => match trail {
            TrailBy::Price(distance) => format!("trail {}", price(*distance)),
            TrailBy::Percent(percent) => format!("trail {}%", percent.normalize()),
        },
    }
}

/// The account as a column shows it: `…4821`.
pub(super) fn account(context: &PaneContext<'_>, id: &AccountId) -> Cell {
    Cell::name(id.short(), context.theme.style(Role::Muted))
}

/// A moment as short as it can be said: `09:12` today, else `22 Nov`.
pub(super) fn moment(context: &PaneContext<'_>, moment: Timestamp) -> String {
    let (then, today) = (
        moment.in_zone(context.zone),
        context.now.in_zone(context.zone),
    );
    let is_today = then.date() == today.date();
    let pattern = if is_today { "%H:%M" } else { "%d %b" };
    then.strftime(pattern).to_string()
}

/// What a viewer sees of a connection whose credential is sealed for traders.
pub(super) fn last_known(context: &PaneContext<'_>, status: &ConnectionStatus) -> String {
    match status.last_sync {
        Some(at) => format!("viewer: last known data of {}", moment(context, at)),
        None => "viewer: nothing is known of it yet".into(),
    }
}

/// What a filter adds to a pane's title.
pub(super) fn filter_words(filter: &super::Filter) -> String {
    if filter.is_set() {
        format!("/{} · ", filter.text())
    } else {
        String::new()
    }
}

/// Joins the last of `notes` so that they leave most of a pane with that inside to its rows; those that do not fit
/// are counted.
pub(super) fn few(mut notes: Vec<Note>, inside: Rect) -> Vec<Note> {
    let most = usize::from(inside.height / ROWS_TO_A_NOTE).max(1);
    if notes.len() <= most {
        return notes;
    }
    let mut rest = notes.split_off(most).into_iter().peekable();
    let Some((last, _)) = notes.last_mut() else {
        return notes;
    };
    let room = usize::from(inside.width.saturating_sub(1 + COUNTED));
    while let Some((text, _)) =
        rest.next_if(|(text, _)| format::width(last) + 3 + format::width(text) <= room)
    {
        last.push_str(" · ");
        last.push_str(&text);
    }
    let left = rest.count();
    if left > 0 {
        let count = format!(" · {left} more");
        let room =
            usize::from(inside.width.saturating_sub(1)).saturating_sub(format::width(&count));
        *last = format::cut(last, room) + &count;
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::panes::PANES;
    use crate::ui::panes::testing::Stage;

    #[test]
    fn a_hidden_amount_is_the_same_mask_in_every_pane() {
        let mut stage = Stage::new();
        stage.hidden = true;
        stage.selection.symbol = Some(Symbol::new("AAPL"));
        let mut masks = 0;
        for spec in PANES {
            let shown = stage.shown((spec.make)().as_ref(), (140, 40));
            for mask in shown.split(|it| it != '•').filter(|it| !it.is_empty()) {
                assert_eq!(mask, format::MASK, "{}", spec.title);
                masks += 1;
            }
        }
        assert!(masks > 20, "{masks}");
    }

    #[test]
    fn an_option_is_spelled_out_and_nothing_else_is() {
        let cases = [
            ("SPY251219C00600000", "SPY 19DEC25 600 C"),
            ("AAPL250620P00187500", "AAPL 20JUN25 187.5 P"),
            ("AAPL", "AAPL"),
            ("SPY251319C00600000", "SPY251319C00600000"),
            ("SPY251219X00600000", "SPY251219X00600000"),
            ("251219C00600000", "251219C00600000"),
            ("ÄÖÜ51219C00600000É", "ÄÖÜ51219C00600000É"),
        ];
        for (symbol, name) in cases {
            assert_eq!(symbol_name(&Symbol::new(symbol)), name);
        }
    }

    #[test]
    fn notes_leave_the_rows_their_room() {
        let cases: [(u16, u16, &[&str]); 6] = [
            (40, 15, &["first", "second", "third"]),
            (40, 14, &["first", "second · third"]),
            (40, 4, &["first · second · third"]),
            (30, 4, &["first · second · 1 more"]),
            (24, 4, &["first · 2 more"]),
            (11, 4, &["… · 2 more"]),
        ];
        let notes = ["first", "second", "third"].map(|text| (text.to_owned(), Style::new()));
        for (width, height, expected) in cases {
            let kept = few(notes.to_vec(), Rect::new(0, 0, width, height));
            let texts: Vec<&str> = kept.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(texts, expected, "{width} x {height}");
        }
        assert!(few(Vec::new(), Rect::default()).is_empty());
    }

    #[test]
    fn a_price_has_the_digits_that_matter_and_is_never_shown_as_zero() {
        let cases = [
            ("189.9", "189.90", "189.90"),
            ("122011.09751111286868", "122,011.10", "122,011.10"),
            ("250.12345", "250.1235", "250.12"),
            ("1.08412", "1.08412", "1.0841"),
            ("0.00001234", "0.00001234", "0.00001234"),
            ("3.1", "3.10", "3.10"),
            ("0", "0.00", "0.00"),
        ];
        for (text, market, average) in cases {
            let price = text.parse().unwrap();
            assert_eq!(market_price(price), market, "{text}");
            assert_eq!(average_price(price), average, "{text}");
        }
    }
}
