//! The ticket's form: its fields, which of them are shown, and what they say.

use super::Of;
use super::check::{ExitKind, Kind, Typed};
use crate::domain::{Account, Side, Symbol, TimeInForce};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::form::{Field, Form};

/// Longest number that can be typed.
const LONGEST_NUMBER: usize = 24;

/// The form of a new ticket.
pub(super) fn form(
    accounts: &[&Account],
    account: usize,
    side: Side,
    symbol: &str,
    context: &PaneContext<'_>,
) -> Form<Of> {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let number = |of, label| Field::text(of, label, "", LONGEST_NUMBER);
    let names = accounts
        .iter()
        .map(|account| account_name(account, context))
        .collect();
    let mut form = Form::new(vec![
        Field::choice(Of::Account, "Account", names, account),
        Field::choice(
            Of::Side,
            "Side",
            words(&["buy", "sell"]),
            usize::from(side == Side::Sell),
        ),
        Field::text(Of::Symbol, "Symbol", symbol, Symbol::LONGEST).required(),
        Field::choice(Of::SizeBy, "Size by", words(&["quantity", "amount"]), 0),
        number(Of::Size, "Size").hint("units").required(),
        Field::choice(Of::Kind, "Type", words(&Kind::ALL.map(|(_, word)| word)), 0),
        number(Of::Stop, "Stop").required(),
        number(Of::Limit, "Limit").required(),
        Field::choice(Of::TrailBy, "Trail by", words(&["price", "percent"]), 0),
        number(Of::Trail, "Trail").required(),
        Field::choice(
            Of::Time,
            "In force",
            words(&TimeInForce::ALL.map(TimeInForce::as_str)),
            0,
        ),
        Field::choice(Of::Hours, "Hours", words(&["regular", "extended"]), 0),
        Field::choice(
            Of::Exits,
            "Exits",
            words(&ExitKind::ALL.map(|(_, word)| word)),
            0,
        ),
        number(Of::TakeProfit, "Take profit").required(),
        number(Of::StopLoss, "Stop loss").required(),
        number(Of::StopLossLimit, "Its limit").hint("optional"),
    ]);
    show_what_applies(&mut form, "");
    form.focus(if symbol.is_empty() {
        Of::Symbol
    } else {
        Of::Size
    });
    form
}

/// An account as a choice names it: `Alpaca …4821 PAPER`.
pub(super) fn account_name(account: &Account, context: &PaneContext<'_>) -> String {
    let connection = context.replica.connection_of(&account.id);
    let title = connection.map_or(account.provider.as_str(), |connection| {
        connection.title.as_str()
    });
    let mode = crate::domain::Mode::from(account.environment).word();
    format!("{title} {} {mode}", account.id.short())
}

/// Shows the fields that the choices ask for; a hidden one keeps what was typed.
pub(super) fn show_what_applies(form: &mut Form<Of>, currency: &str) {
    let typed = read(form);
    form.show(Of::Limit, typed.kind.has_limit());
    form.show(Of::Stop, typed.kind.has_stop());
    form.show(Of::TrailBy, typed.kind == Kind::Trailing);
    form.show(Of::Trail, typed.kind == Kind::Trailing);
    form.show(Of::TakeProfit, typed.exits.has_profit());
    form.show(Of::StopLoss, typed.exits.has_loss());
    form.show(Of::StopLossLimit, typed.exits.has_loss());
    form.set_hint(Of::Size, if typed.by_amount { currency } else { "units" });
    form.set_hint(Of::Trail, if typed.by_percent { "%" } else { "" });
}

/// What the form says.
pub(super) fn read(form: &Form<Of>) -> Typed {
    let text = |of| form.text(of).to_owned();
    Typed {
        side: if form.chosen(Of::Side) == 0 {
            Side::Buy
        } else {
            Side::Sell
        },
        symbol: text(Of::Symbol),
        by_amount: form.chosen(Of::SizeBy) == 1,
        size: text(Of::Size),
        kind: Kind::ALL[form.chosen(Of::Kind)].0,
        limit: text(Of::Limit),
        stop: text(Of::Stop),
        by_percent: form.chosen(Of::TrailBy) == 1,
        trail: text(Of::Trail),
        time_in_force: TimeInForce::ALL[form.chosen(Of::Time)],
        extended_hours: form.chosen(Of::Hours) == 1,
        exits: ExitKind::ALL[form.chosen(Of::Exits)].0,
        take_profit: text(Of::TakeProfit),
        stop_loss: text(Of::StopLoss),
        stop_loss_limit: text(Of::StopLossLimit),
    }
}

/// Every field that something can be wrong with.
pub(super) const CHECKED: [Of; 11] = [
    Of::Account,
    Of::Symbol,
    Of::Size,
    Of::Limit,
    Of::Stop,
    Of::Trail,
    Of::Hours,
    Of::TakeProfit,
    Of::StopLoss,
    Of::StopLossLimit,
    Of::Exits,
];
