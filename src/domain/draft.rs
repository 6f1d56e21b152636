//! What a person wants: an order before anybody checked or sent it, and changes of one that works.

use crate::domain::account::{AccountId, Environment};
use crate::domain::instrument::{AssetClass, Symbol};
use crate::domain::money::{Price, Quantity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether an order may cost money. Fixed when the order is created.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Goes to a paper venue.
    #[default]
    Paper,
    /// Goes to the broker.
    Live,
}

impl Mode {
    /// `PAPER` or `LIVE`, as it is always written on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Paper => "PAPER",
            Self::Live => "LIVE",
        }
    }
}

impl From<Environment> for Mode {
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Paper => Self::Paper,
            Environment::Live => Self::Live,
        }
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell, short where nothing is held.
    Sell,
}

impl Side {
    /// `buy` or `sell`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSize {
    /// A number of units.
    Quantity(Quantity),
    /// An amount of the account's currency.
    Notional(#[serde(with = "rust_decimal::serde::str")] Decimal),
}

/// How a trailing stop follows the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailBy {
    /// By a fixed distance in price.
    Price(Price),
    /// By a percentage: `1.5` is 1.5 %.
    Percent(#[serde(with = "rust_decimal::serde::str")] Decimal),
}

/// At what price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// At the market.
    Market,
    /// At `limit` or better.
    Limit {
        /// The worst price accepted.
        limit: Price,
    },
    /// At the market once `stop` trades.
    Stop {
        /// The trigger.
        stop: Price,
    },
    /// At `limit` or better once `stop` trades.
    StopLimit {
        /// The trigger.
        stop: Price,
        /// The worst price accepted.
        limit: Price,
    },
    /// A stop that follows the market.
    TrailingStop {
        /// By how much.
        trail: TrailBy,
    },
}

impl OrderKind {
    /// The limit price, where there is one.
    pub fn limit(&self) -> Option<Price> {
        match self {
            Self::Limit { limit } | Self::StopLimit { limit, .. } => Some(*limit),
            Self::Market | Self::Stop { .. } | Self::TrailingStop { .. } => None,
        }
    }

    /// The stop price, where there is one.
    pub fn stop(&self) -> Option<Price> {
        match self {
            Self::Stop { stop } | Self::StopLimit { stop, .. } => Some(*stop),
            Self::Market | Self::Limit { .. } | Self::TrailingStop { .. } => None,
        }
    }
}

impl fmt::Display for OrderKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Market => write!(out, "market"),
            Self::Limit { limit } => write!(out, "limit {limit}"),
            Self::Stop { stop } => write!(out, "stop {stop}"),
            Self::StopLimit { stop, limit } => write!(out, "stop {stop} limit {limit}"),
            Self::TrailingStop {
                trail: TrailBy::Price(distance),
            } => write!(out, "trail {distance}"),
            Self::TrailingStop {
                trail: TrailBy::Percent(percent),
            } => write!(out, "trail {percent}%"),
        }
    }
}

/// How long an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until the session ends.
    Day,
    /// Until cancelled.
    GoodTilCancelled,
    /// In the opening auction.
    AtTheOpen,
    /// In the closing auction.
    AtTheClose,
    /// What fills at once; the rest is cancelled.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
}

impl TimeInForce {
    /// Every time in force, in the order a form offers them.
    pub const ALL: [Self; 6] = [
        Self::Day,
        Self::GoodTilCancelled,
        Self::ImmediateOrCancel,
        Self::FillOrKill,
        Self::AtTheOpen,
        Self::AtTheClose,
    ];

    /// The trade's abbreviation: `day`, `gtc`, `opg`, `cls`, `ioc`, `fok`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::GoodTilCancelled => "gtc",
            Self::AtTheOpen => "opg",
            Self::AtTheClose => "cls",
            Self::ImmediateOrCancel => "ioc",
            Self::FillOrKill => "fok",
        }
    }
}

/// The loss-taking exit of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLoss {
    /// The trigger.
    pub stop: Price,
    /// The worst price accepted once triggered; `None` for a market exit.
    pub limit: Option<Price>,
}

/// Orders that close what this one opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exits {
    /// None: a simple order.
    #[default]
    None,
    /// Entry with both exits; one exit cancels the other.
    Bracket {
        /// Limit price of the profit-taking exit.
        take_profit: Price,
        /// The loss-taking exit.
        stop_loss: StopLoss,
    },
    /// Both exits of a position already held; one cancels the other.
    OneCancelsOther {
        /// Limit price of the profit-taking exit.
        take_profit: Price,
        /// The loss-taking exit.
        stop_loss: StopLoss,
    },
    /// Entry with a profit-taking exit.
    TakeProfit {
        /// Its limit price.
        take_profit: Price,
    },
    /// Entry with a loss-taking exit.
    StopLoss(StopLoss),
}

/// What a person wants, before any check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDraft {
    /// In which account.
    pub account: AccountId,
    /// Paper or live.
    pub mode: Mode,
    /// Of what.
    pub symbol: Symbol,
    /// What kind of thing.
    pub class: AssetClass,
    /// Which way.
    pub side: Side,
    /// How much.
    pub size: OrderSize,
    /// At what price.
    pub kind: OrderKind,
    /// How long.
    pub time_in_force: TimeInForce,
    /// Whether it may fill outside regular hours.
    pub extended_hours: bool,
    /// Orders that close what this one opens.
    pub exits: Exits,
}

/// What a person wants changed of a working order; `None` leaves it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderChange {
    /// New number of units.
    pub quantity: Option<Quantity>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
    /// New trailing distance.
    pub trail: Option<TrailBy>,
    /// New time in force.
    pub time_in_force: Option<TimeInForce>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_as_the_trade_writes_it() {
        let price = |text: &str| text.parse::<Price>().unwrap();
        let cases = [
            (OrderKind::Market, "market"),
            (
                OrderKind::Limit {
                    limit: price("189.90"),
                },
                "limit 189.90",
            ),
            (
                OrderKind::StopLimit {
                    stop: price("10"),
                    limit: price("9.5"),
                },
                "stop 10 limit 9.5",
            ),
            (
                OrderKind::TrailingStop {
                    trail: TrailBy::Percent(Decimal::new(15, 1)),
                },
                "trail 1.5%",
            ),
        ];
        for (kind, text) in cases {
            assert_eq!(kind.to_string(), text);
        }
    }
}
