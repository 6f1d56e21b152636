//! How a ticket looks: the form with what the order would do beside or below it, the question, the wait.

use super::estimate::{Around, Estimate, doubts};
use super::{Sent, Ticket, connection_title, fields};
use crate::domain::{Currency, Level1, Mode, OrderDraft, OrderSize, Side, Symbol};
use crate::ui::format;
use crate::ui::overlays::confirm::draw_answers;
use crate::ui::overlays::facts::{Fact, draw_facts};
use crate::ui::panes::PaneContext;
use crate::ui::theme::Role;
use crate::ui::widgets::dialog;
use crate::ui::widgets::spinner::spinner;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rust_decimal::Decimal;

/// Narrowest screen with two columns.
const WIDE: u16 = 140;

/// Widest name of an instrument.
const NAME: usize = 22;

/// Columns of the form where there are two columns.
pub(super) const FORM: u16 = 66;

/// Lines of what the order would do, where it is below the form.
const BELOW: u16 = 8;

/// Whether form and facts stand side by side.
pub(super) fn is_wide(screen: Rect) -> bool {
    screen.width >= WIDE
}

fn is_wide_inside(inside: Rect) -> bool {
    inside.width > FORM + 20
}

/// The form's place: below the mode and the problem, above the footer.
pub(super) fn form_area(inside: Rect) -> Rect {
    if is_wide_inside(inside) {
        let body = dialog::below(inside, 3);
        return Rect {
            width: FORM,
            height: body.height.saturating_sub(2),
            ..body
        };
    }
    let body = dialog::below(inside, 2);
    Rect {
        height: body.height.saturating_sub(BELOW + 1),
        ..body
    }
}

fn facts_area(inside: Rect) -> Rect {
    let form = form_area(inside);
    if is_wide_inside(inside) {
        return Rect {
            x: form.right() + 3,
            width: inside.right().saturating_sub(form.right() + 3),
            ..form
        };
    }
    Rect {
        y: form.bottom() + 1,
        height: inside.bottom().saturating_sub(form.bottom() + 2),
        ..inside
    }
}

pub(super) fn fill(ticket: &Ticket, context: &PaneContext<'_>, inside: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    draw_mode(ticket, context, inside, buffer);
    if let Some(problem) = &ticket.problem {
        let line = Rect {
            height: inside.height.saturating_sub(1).min(1),
            ..dialog::below(inside, 1)
        };
        dialog::line(theme, Role::Wrong, problem, line, buffer);
    }
    ticket.form.draw(theme, form_area(inside), buffer);
    draw_facts(theme, &facts(ticket, context), facts_area(inside), buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let keys = [
        ("enter", "review"),
        ("tab", "next"),
        ("← →", "choose"),
        ("esc", "close"),
    ];
    ticket.form.draw_footer(theme, &keys, footer, buffer);
}

/// The badge and where the order goes, in words.
fn draw_mode(ticket: &Ticket, context: &PaneContext<'_>, inside: Rect, buffer: &mut Buffer) {
    let mode = ticket.mode(context);
    let (badge, words) = match mode {
        Mode::Paper => (Role::PaperBadge, Role::Paper),
        Mode::Live => (Role::LiveBadge, Role::Live),
    };
    let text = format!(" {} ", mode.word());
    let after = dialog::line(context.theme, badge, &text, inside, buffer);
    let width = u16::try_from(format::width(&text) + 1)
        .unwrap_or(0)
        .min(inside.width);
    let beside = Rect {
        x: inside.x + width,
        width: inside.width - width,
        y: inside.y,
        height: inside.height.min(after.height + 1),
    };
    dialog::line(
        context.theme,
        words,
        &destination(ticket, context),
        beside,
        buffer,
    );
}

fn destination(ticket: &Ticket, context: &PaneContext<'_>) -> String {
    let Some(account) = ticket.account(context) else {
        return "no account".into();
    };
    let title = connection_title(context, &account.id.connection);
    let (name, short) = (&account.name, account.id.short());
    match ticket.mode(context) {
        Mode::Paper => format!("{title} {short} {name} · simulated, no real money"),
        Mode::Live => {
            format!("{title} {short} {name} · real money, nothing is sent")
        }
    }
}

/// What is known of the symbol and what the order would do.
fn facts(ticket: &Ticket, context: &PaneContext<'_>) -> Vec<Fact> {
    let around = ticket.around(context);
    let symbol = fields::read(&ticket.form).symbol();
    let draft = ticket.entry(context);
    let estimate = draft
        .as_ref()
        .map_or(Estimate::default(), |draft| Estimate::of(draft, around));
    let currency = ticket
        .account(context)
        .map_or(Currency::USD, |account| account.currency);
    let mut facts = vec![
        instrument_fact(symbol.as_ref(), context),
        quote_fact(around),
    ];
    facts.extend(effect_facts(&estimate, around, currency, context.hidden));
    if let Some(draft) = &draft {
        let doubts = doubts(draft, &estimate, around, context.replica.orders.values());
        facts.extend(
            doubts
                .into_iter()
                .map(|doubt| Fact::new("Look again", doubt).role(Role::Warn)),
        );
    }
    facts
}

fn instrument_fact(symbol: Option<&Symbol>, context: &PaneContext<'_>) -> Fact {
    let Some(symbol) = symbol else {
        return Fact::new("Symbol", format::UNKNOWN).role(Role::Muted);
    };
    let Some(instrument) = context.replica.instruments.get(symbol) else {
        return Fact::new("Symbol", format!("{symbol}, not looked up yet")).role(Role::Muted);
    };
    let name = format::cut(instrument.name.as_str(), NAME);
    let units = if instrument.fractionable {
        "parts of units"
    } else {
        "whole units"
    };
    let tick = if instrument.tick.is_zero() {
        String::new()
    } else {
        format!(" · tick {}", instrument.tick.normalize())
    };
    Fact::new("Symbol", format!("{symbol} {name}{tick} · {units}")).role(Role::Strong)
}

/// `189.94 × 189.96  last 189.95 · 3 s · IEX`, with what is simulated, delayed or old said beside it.
fn quote_fact(around: Around<'_>) -> Fact {
    let Some(quote) = around.quote else {
        return Fact::new("Quote", format::UNKNOWN).role(Role::Muted);
    };
    let price = |price| format::or_unknown(price, format::price);
    let age = quote.received.map(|received| around.now.since(received));
    let age_text = format::or_unknown(age, format::age);
    let text = format!(
        "{} × {}  last {} · {age_text}{}",
        price(quote.bid),
        price(quote.ask),
        price(quote.last),
        origin(quote)
    );
    let is_old = age.is_none_or(|age| age >= around.stale_after);
    Fact::new("Quote", text).role(if is_old { Role::Muted } else { Role::Text })
}

fn origin(quote: &Level1) -> String {
    let mut text = String::new();
    if !quote.source.is_empty() {
        text.push_str(&format!(" · {}", quote.source));
    }
    if quote.simulated && quote.source.as_str() != "simulated" {
        text.push_str(" simulated");
    }
    if quote.delayed_minutes > 0 {
        text.push_str(&format!(" · delayed {} min", quote.delayed_minutes));
    }
    text
}

/// Position, cost and buying power, before and after.
fn effect_facts(
    estimate: &Estimate,
    around: Around<'_>,
    currency: Currency,
    hidden: bool,
) -> [Fact; 3] {
    let units = |units: Option<Decimal>| {
        format::or_unknown(units, |it| format::decimal(it, format::decimals_shown(it)))
    };
    let money = |amount: Option<Decimal>| {
        format::or_unknown(amount, |it| {
            format::decimal(it, format::decimals_of(currency))
        })
    };
    let masked = |text: String| {
        if hidden {
            format::MASK.to_owned()
        } else {
            text
        }
    };
    let buying_power = around.balance.and_then(|balance| balance.buying_power);
    let before_after =
        |before: String, after: String| format!("{} → {}", masked(before), masked(after));
    [
        Fact::new(
            "Position",
            before_after(units(around.held), units(estimate.held_after)),
        ),
        Fact::new("Estimate", format!("{} {currency}", money(estimate.cost))),
        Fact::new(
            "Buying power",
            before_after(money(buying_power), money(estimate.buying_power_after)),
        ),
    ]
}

/// Everything again, before it is sent.
pub(super) fn review(
    ticket: &Ticket,
    context: &PaneContext<'_>,
    draft: &OrderDraft,
    inside: Rect,
    buffer: &mut Buffer,
) {
    let theme = context.theme;
    draw_mode(ticket, context, inside, buffer);
    let around = ticket.around(context);
    let estimate = Estimate::of(draft, around);
    let currency = ticket
        .account(context)
        .map_or(Currency::USD, |account| account.currency);
    let rest = draw_order(context, draft, dialog::below(inside, 2), buffer);
    let mut facts = order_facts(draft);
    facts.extend(effect_facts(&estimate, around, currency, context.hidden));
    facts.push(quote_fact(around));
    let doubts = doubts(draft, &estimate, around, context.replica.orders.values());
    facts.extend(
        doubts
            .into_iter()
            .map(|doubt| Fact::new("Look again", doubt).role(Role::Warn)),
    );
    let body = dialog::below(rest, 1);
    let body = Rect {
        height: body.height.saturating_sub(2),
        ..body
    };
    draw_facts(theme, &facts, body, buffer);
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    let yes = format!("send the {} order", draft.mode.word());
    draw_answers(theme, &yes, draft.mode == Mode::Live, footer, buffer);
}

/// Side, size, symbol and type in one line.
fn draw_order(
    context: &PaneContext<'_>,
    draft: &OrderDraft,
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let side = match draft.side {
        Side::Buy => Role::Up,
        Side::Sell => Role::Down,
    };
    let word = draft.side.as_str();
    let below = dialog::line(context.theme, side, word, area, buffer);
    let shift = u16::try_from(word.len() + 1).unwrap_or(0).min(area.width);
    let beside = Rect {
        x: area.x + shift,
        width: area.width - shift,
        ..area
    };
    let text = format!("{} {} {}", size(draft), draft.symbol, draft.kind);
    dialog::line(context.theme, Role::Strong, &text, beside, buffer);
    below
}

fn size(draft: &OrderDraft) -> String {
    match draft.size {
        OrderSize::Quantity(quantity) => format::quantity(quantity),
        OrderSize::Notional(amount) => format!("{} worth of", format::decimal(amount, 2)),
    }
}

fn order_facts(draft: &OrderDraft) -> Vec<Fact> {
    let hours = if draft.extended_hours {
        "extended hours too"
    } else {
        "regular hours"
    };
    let mut facts = vec![Fact::new(
        "In force",
        format!("{}, {hours}", draft.time_in_force.as_str()),
    )];
    facts.extend(crate::ui::overlays::order::exit_facts(&draft.exits));
    facts
}

pub(super) fn sent(context: &PaneContext<'_>, sent: &Sent, inside: Rect, buffer: &mut Buffer) {
    let theme = context.theme;
    let rest = draw_order(context, &sent.draft, dialog::below(inside, 1), buffer);
    let rest = dialog::below(rest, 1);
    if sent.is_silent(context.now) {
        let sentence =
            "No word of it yet. It may have arrived: look at Orders before you send it again.";
        dialog::paragraph(theme, Role::Wrong, sentence, rest, buffer);
    } else {
        let text = format!(
            "{} sending the {} order",
            spinner(context.now),
            sent.draft.mode.word()
        );
        dialog::line(theme, Role::Accent, &text, rest, buffer);
    }
    let footer = dialog::below(inside, inside.height.saturating_sub(1));
    dialog::hints(
        theme,
        &[("esc", "close; the order goes on")],
        footer,
        buffer,
    );
}
