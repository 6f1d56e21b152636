//! From what is typed to an order that can be sent, or what is wrong, field by field.
//!
//! The engine checks every order again; here a person learns it before sending, under the field it concerns.

use super::Of;
use crate::domain::{
    Account, AssetClass, Environment, Exits, Instrument, OrderDraft, OrderKind, OrderSize, Price,
    Quantity, Side, StopLoss, Symbol, TimeInForce, TrailBy,
};
use crate::ui::overlays::number::{positive, positive_or_none};
use rust_decimal::Decimal;

/// The order types, in the order of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
    Trailing,
}

impl Kind {
    /// Every type with its word.
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Market, "market"),
        (Self::Limit, "limit"),
        (Self::Stop, "stop"),
        (Self::StopLimit, "stop-limit"),
        (Self::Trailing, "trailing"),
    ];

    pub(super) fn has_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    pub(super) fn has_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

/// Which exits are wanted, in the order of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExitKind {
    None,
    Bracket,
    TakeProfit,
    StopLoss,
}

impl ExitKind {
    /// Every choice with its words.
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::None, "none"),
        (Self::Bracket, "bracket"),
        (Self::TakeProfit, "take profit"),
        (Self::StopLoss, "stop loss"),
    ];

    pub(super) fn has_profit(self) -> bool {
        matches!(self, Self::Bracket | Self::TakeProfit)
    }

    pub(super) fn has_loss(self) -> bool {
        matches!(self, Self::Bracket | Self::StopLoss)
    }
}

/// What a ticket says, as it is typed.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) side: Side,
    pub(super) symbol: String,
    pub(super) by_amount: bool,
    pub(super) size: String,
    pub(super) kind: Kind,
    pub(super) limit: String,
    pub(super) stop: String,
    pub(super) by_percent: bool,
    pub(super) trail: String,
    pub(super) time_in_force: TimeInForce,
    pub(super) extended_hours: bool,
    pub(super) exits: ExitKind,
    pub(super) take_profit: String,
    pub(super) stop_loss: String,
    pub(super) stop_loss_limit: String,
}

/// What is wrong, and with which field.
pub(super) type Problems = Vec<(Of, String)>;

/// What an order is checked against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) account: Option<&'a Account>,
    pub(super) is_connected: bool,
    /// Whether its broker asks about another order.
    pub(super) is_asked: bool,
    pub(super) instrument: Option<&'a Instrument>,
}

impl Typed {
    /// The symbol in our spelling.
    pub(super) fn symbol(&self) -> Option<Symbol> {
        let text = self.symbol.trim();
        (!text.is_empty()).then(|| Symbol::new(text))
    }

    /// The order, or everything that is wrong with it.
    pub(super) fn draft(&self, facts: Facts<'_>) -> Result<OrderDraft, Problems> {
        let mut problems = Problems::new();
        let account = self.account(facts, &mut problems);
        let symbol = self.known_symbol(facts, &mut problems);
        let size = self.size(&mut problems);
        let kind = self.order_kind(facts.instrument, &mut problems);
        let exits = self.order_exits(facts.instrument, &mut problems);
        if let Some(size) = size {
            self.check_size(size, facts.instrument, &mut problems);
        }
        self.check_hours(&mut problems);
        let parts = (account, symbol, size, kind, exits);
        let (Some(account), Some(symbol), Some(size), Some(kind), Some(exits)) = parts else {
            return Err(problems);
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(OrderDraft {
            account: account.id.clone(),
            mode: account.environment.into(),
            class: class_of(&symbol, facts.instrument),
            symbol,
            side: self.side,
            size,
            kind,
            time_in_force: self.time_in_force,
            extended_hours: self.extended_hours,
            exits,
        })
    }

    fn account<'a>(&self, facts: Facts<'a>, problems: &mut Problems) -> Option<&'a Account> {
        let Some(account) = facts.account else {
            problems.push((
                Of::Account,
                "there is no account yet; press c to connect one".into(),
            ));
            return None;
        };
        if account.environment == Environment::Live {
            let problem = format!(
                "{} is a live account; this version sends orders to paper accounts only",
                account.id.short()
            );
            problems.push((Of::Account, problem));
        } else if !facts.is_connected {
            problems.push((
                Of::Account,
                "its connection is down; wait until it is live again".into(),
            ));
        } else if facts.is_asked {
            let problem = "the broker asks about another order here; answer that first, in Orders";
            problems.push((Of::Account, problem.into()));
        }
        Some(account)
    }

    fn known_symbol(&self, facts: Facts<'_>, problems: &mut Problems) -> Option<Symbol> {
        let symbol = self.symbol();
        if symbol.is_none() {
            problems.push((
                Of::Symbol,
                "type a symbol, such as AAPL, BRK.B or BTC/USD".into(),
            ));
        }
        if facts.instrument.is_some_and(|it| !it.tradable) {
            problems.push((Of::Symbol, "the broker does not trade this symbol".into()));
        }
        symbol
    }

    fn size(&self, problems: &mut Problems) -> Option<OrderSize> {
        let number = noted(positive(&self.size), Of::Size, problems)?;
        Some(if self.by_amount {
            OrderSize::Notional(number)
        } else {
            OrderSize::Quantity(Quantity(number))
        })
    }

    fn check_size(
        &self,
        size: OrderSize,
        instrument: Option<&Instrument>,
        problems: &mut Problems,
    ) {
        let plain = matches!(self.kind, Kind::Market | Kind::Limit);
        let day_market = self.kind == Kind::Market && self.time_in_force == TimeInForce::Day;
        let problem = match size {
            OrderSize::Quantity(quantity) if !quantity.0.fract().is_zero() => {
                let whole_only = instrument.is_some_and(|it| !it.fractionable);
                match (whole_only, plain) {
                    (true, _) => "this symbol trades in whole units only",
                    (false, false) => "a part of a unit takes a market or a limit order only",
                    (false, true) => return,
                }
            }
            OrderSize::Quantity(_) => return,
            OrderSize::Notional(amount) if amount.normalize().scale() > 2 => {
                "an amount has two decimals at most"
            }
            OrderSize::Notional(_) if !day_market => {
                "an amount takes a market order for the day only"
            }
            OrderSize::Notional(_) => return,
        };
        problems.push((Of::Size, problem.into()));
    }

    fn order_kind(
        &self,
        instrument: Option<&Instrument>,
        problems: &mut Problems,
    ) -> Option<OrderKind> {
        let mut price = |text: &str, of: Of| on_tick(positive(text), of, instrument, problems);
        let limit = if self.kind.has_limit() {
            price(&self.limit, Of::Limit)
        } else {
            None
        };
        let stop = if self.kind.has_stop() {
            price(&self.stop, Of::Stop)
        } else {
            None
        };
        match self.kind {
            Kind::Market => Some(OrderKind::Market),
            Kind::Limit => Some(OrderKind::Limit { limit: limit? }),
            Kind::Stop => Some(OrderKind::Stop { stop: stop? }),
            Kind::StopLimit => Some(OrderKind::StopLimit {
                stop: stop?,
                limit: limit?,
            }),
            Kind::Trailing => self
                .trail(problems)
                .map(|trail| OrderKind::TrailingStop { trail }),
        }
    }

    fn trail(&self, problems: &mut Problems) -> Option<TrailBy> {
        let distance = noted(positive(&self.trail), Of::Trail, problems)?;
        if self.by_percent && distance >= Decimal::ONE_HUNDRED {
            problems.push((Of::Trail, "less than 100 %".into()));
            return None;
        }
        Some(if self.by_percent {
            TrailBy::Percent(distance)
        } else {
            TrailBy::Price(Price(distance))
        })
    }

    fn order_exits(
        &self,
        instrument: Option<&Instrument>,
        problems: &mut Problems,
    ) -> Option<Exits> {
        let mut price = |text: &str, of: Of| on_tick(positive(text), of, instrument, problems);
        let take_profit = if self.exits.has_profit() {
            price(&self.take_profit, Of::TakeProfit)
        } else {
            None
        };
        let stop = if self.exits.has_loss() {
            price(&self.stop_loss, Of::StopLoss)
        } else {
            None
        };
        let limit = if self.exits.has_loss() {
            let limit = noted(
                positive_or_none(&self.stop_loss_limit),
                Of::StopLossLimit,
                problems,
            )?;
            match limit {
                Some(limit) => Some(on_tick(Ok(limit), Of::StopLossLimit, instrument, problems)?),
                None => None,
            }
        } else {
            None
        };
        let loss = |stop| StopLoss { stop, limit };
        match self.exits {
            ExitKind::None => Some(Exits::None),
            ExitKind::TakeProfit => Some(Exits::TakeProfit {
                take_profit: take_profit?,
            }),
            ExitKind::StopLoss => Some(Exits::StopLoss(loss(stop?))),
            ExitKind::Bracket => {
                let (take_profit, stop) = (take_profit?, stop?);
                let ordered = match self.side {
                    Side::Buy => take_profit > stop,
                    Side::Sell => take_profit < stop,
                };
                if !ordered {
                    problems.push((Of::TakeProfit, "on the wrong side of the stop loss".into()));
                }
                Some(Exits::Bracket {
                    take_profit,
                    stop_loss: loss(stop),
                })
            }
        }
    }

    fn check_hours(&self, problems: &mut Problems) {
        let stands = matches!(
            self.time_in_force,
            TimeInForce::Day | TimeInForce::GoodTilCancelled
        );
        if self.extended_hours && !(self.kind == Kind::Limit && stands) {
            problems.push((
                Of::Hours,
                "extended hours take limit orders, day or gtc, only".into(),
            ));
        }
    }
}

fn noted<T>(read: Result<T, String>, of: Of, problems: &mut Problems) -> Option<T> {
    read.map_err(|problem| problems.push((of, problem))).ok()
}

fn on_tick(
    read: Result<Decimal, String>,
    of: Of,
    instrument: Option<&Instrument>,
    problems: &mut Problems,
) -> Option<Price> {
    let price = Price(noted(read, of, problems)?);
    let tick = instrument.map_or(Decimal::ZERO, |it| it.tick);
    if !price.is_on_tick(tick) {
        problems.push((of, format!("not a multiple of the tick size {tick}")));
        return None;
    }
    Some(price)
}

/// What kind of thing a symbol is: what the broker says, else what its spelling tells.
pub(super) fn class_of(symbol: &Symbol, instrument: Option<&Instrument>) -> AssetClass {
    if let Some(instrument) = instrument {
        return instrument.class.clone();
    }
    let text = symbol.as_str();
    let is_option = text.len() > 15
        && text.as_bytes()[text.len() - 8..]
            .iter()
            .all(u8::is_ascii_digit)
        && matches!(text.as_bytes()[text.len() - 9], b'C' | b'P');
    match text {
        _ if text.contains('/') => AssetClass::Crypto,
        _ if is_option => AssetClass::Option,
        _ => AssetClass::Equity,
    }
}

#[cfg(test)]
mod tests;
