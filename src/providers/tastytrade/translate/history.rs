//! What happened in an account. Types and sub-types are open sets: what is not known is noted with what it moves.
//!
//! `value` is the cash before fees and `net-value` the cash after them, each with its direction beside it. Whether units
//! come or go is said by `action`.

use super::execution::{Names, execution_id};
use super::symbol::{class, ours};
use super::{first_moment, number, price, quantity, side, signed};
use crate::domain::entry::Trade;
use crate::domain::{
    AccountId, AssetClass, CashCause, Currency, Entry, EntryId, Holding, Money, OptionEnd, Price,
    Quantity, Side, Symbol, Text, Timestamp, What,
};
use crate::providers::provider::told::{self, Half, Told};
use crate::providers::tastytrade::wire::{self, Field, Unreadable};
use rust_decimal::Decimal;

pub(in crate::providers::tastytrade) use told::joined;

/// One row of an account's history: mostly one entry, two where an option ended and cash moved.
pub(in crate::providers::tastytrade) fn entries(
    row: &wire::Transaction<'_>,
    account: &AccountId,
    names: &mut Names,
) -> Result<Vec<Told>, Unreadable> {
    let id = row.id.text().ok_or(Unreadable("the id of a transaction"))?;
    let row = Row::read(row)?;
    let happened = row.happened()?;
    let (first, corrects) = row.names(&id, names);
    let entry = |id, what| Entry {
        account: account.clone(),
        id,
        time: row.time,
        settles: None,
        corrects: corrects.clone(),
        word: row.word(),
        description: row.raw.description.text_or_empty().as_ref().into(),
        what,
    };
    let mut told = vec![Told {
        entry: entry(first, happened.what),
        half: happened.half,
    }];
    if let Some(cash) = happened.cash {
        let id = EntryId::provider(&format!("{id}:cash"));
        told.push(entry(id, cash).into());
    }
    Ok(told)
}

/// What a row says.
struct Happened {
    what: What,
    half: Option<Half>,
    cash: Option<What>,
}

impl From<What> for Happened {
    fn from(what: What) -> Self {
        Self {
            what,
            half: None,
            cash: None,
        }
    }
}

/// A row with its amounts read.
struct Row<'r, 'a> {
    raw: &'r wire::Transaction<'a>,
    kind: String,
    sub: String,
    time: Timestamp,
    /// Bought or sold, units that came or went; `None` where the row does not say it.
    side: Option<Side>,
    symbol: Option<Symbol>,
    currency: Currency,
    units: Option<Quantity>,
    price: Option<Price>,
    /// Cash before fees and after them.
    gross: Option<Decimal>,
    net: Option<Decimal>,
}

impl<'r, 'a> Row<'r, 'a> {
    fn read(raw: &'r wire::Transaction<'a>) -> Result<Self, Unreadable> {
        let sub = raw.transaction_sub_type.text_or_empty();
        let sides = [raw.action, raw.transaction_sub_type];
        let units = quantity(raw.quantity)?;
        Ok(Self {
            raw,
            kind: raw.transaction_type.text_or_empty().into_owned(),
            sub: sub.into_owned(),
            time: time(raw)?,
            side: sides.iter().find_map(|field| side(*field).ok()),
            symbol: ours(raw.symbol, raw.instrument_type).ok(),
            currency: currency(raw.currency)?,
            units: units.map(|units| Quantity(units.0.abs())),
            price: price(raw.price)?,
            gross: signed(raw.value, raw.value_effect)?,
            net: signed(raw.net_value, raw.net_value_effect)?,
        })
    }

    /// Their word for it: the sub-type, which says more.
    fn word(&self) -> Text {
        match self.sub.as_str() {
            "" => self.kind.as_str().into(),
            sub => sub.into(),
        }
    }

    /// By what the row is counted once, and what it takes back.
    fn names(&self, id: &str, names: &mut Names) -> (EntryId, Option<EntryId>) {
        let order: Text = self.raw.order_id.text_or_empty().as_ref().into();
        let execution = self.raw.ext_exec_id.text();
        let shared = execution
            .zip(self.symbol.as_ref().filter(|_| self.kind == "Trade"))
            .and_then(|(execution, symbol)| execution_id(&order, &execution, symbol));
        match self.raw.reverses_id.text() {
            None => (names.of(id, shared), None),
            Some(reversed) => (
                names.of(id, None),
                Some(names.of_reversed(&reversed, shared)),
            ),
        }
    }

    fn happened(&self) -> Result<Happened, Unreadable> {
        if self.raw.reverses_id.text().is_some() {
            return Ok(What::TakenBack.into());
        }
        match self.kind.as_str() {
            "Trade" => Ok(self.trade()?.into()),
            "Receive Deliver" => self.delivery(),
            "Money Movement" => Ok(self.movement().into()),
            _ => Ok(self.noted().into()),
        }
    }

    /// An execution; where price, units and cash do not say the same, what it moved.
    fn trade(&self) -> Result<What, Unreadable> {
        let (Some(side), Some(units), Some(price)) = (self.side, self.units, self.price) else {
            return Ok(self.noted());
        };
        let Some(holding) = self.holding() else {
            return Ok(self.noted());
        };
        let mut trade = Trade {
            holding,
            side,
            quantity: units,
            price,
            fees: Decimal::ZERO,
            order: self.raw.order_id.text().map(|id| id.as_ref().into()),
        };
        let net = match (self.net, self.gross.or(trade.cash())) {
            (Some(net), _) => Some(net),
            (None, Some(gross)) => gross.checked_sub(self.stated_fees()?),
            (None, None) => None,
        };
        Ok(
            match net.and_then(|net| told::fees(&trade, self.gross, net)) {
                Some(fees) => {
                    trade.fees = fees;
                    What::Trade(trade)
                }
                None => self.noted(),
            },
        )
    }

    /// The fees one by one, where the cash after them is not said.
    fn stated_fees(&self) -> Result<Decimal, Unreadable> {
        let row = self.raw;
        let fees = [
            (row.commission, row.commission_effect),
            (row.clearing_fees, row.clearing_fees_effect),
            (row.regulatory_fees, row.regulatory_fees_effect),
            (
                row.proprietary_index_option_fees,
                row.proprietary_index_option_fees_effect,
            ),
            (
                row.currency_conversion_fees,
                row.currency_conversion_fees_effect,
            ),
            (row.other_charge, row.other_charge_effect),
        ];
        let mut sum = Decimal::ZERO;
        for (amount, effect) in fees {
            let amount = number(amount)?.unwrap_or_default().abs();
            let paid = match effect.text().as_deref() {
                Some("Credit") => -amount,
                _ => amount,
            };
            sum = sum.checked_add(paid).ok_or(Unreadable("the fees"))?;
        }
        Ok(sum)
    }

    /// Units that came or went without an order.
    fn delivery(&self) -> Result<Happened, Unreadable> {
        if let Some(how) = self.option_end() {
            return self.ended(how);
        }
        let trades = ["Buy", "Sell", "Futures Settlement"];
        let moves_cash = self.cash().is_some();
        Ok(match self.sub.as_str() {
            sub if trades.iter().any(|it| sub.starts_with(it)) => self.trade()?.into(),
            "Dividend" | "Special Dividend" if moves_cash => self.trade()?.into(),
            "Dividend" | "Special Dividend" => self.received(self.cost()).into(),
            "Transfer" | "ACAT" if !moves_cash => self.received(None).into(),
            _ => Happened {
                half: self.half(),
                ..self.noted().into()
            },
        })
    }

    fn option_end(&self) -> Option<OptionEnd> {
        let is_option = self.holding()?.class == AssetClass::Option;
        let how = match self.sub.as_str() {
            "Expiration" => OptionEnd::Expired,
            "Exercise" | "Cash Settled Exercise" => OptionEnd::Exercised,
            "Assignment" | "Cash Settled Assignment" => OptionEnd::Assigned,
            _ => return None,
        };
        is_option.then_some(how)
    }

    /// An option's end. One that was settled in cash at a price is a trade at that price; other cash, as a fee for the
    /// exercise, is an entry of its own.
    fn ended(&self, how: OptionEnd) -> Result<Happened, Unreadable> {
        let is_priced = self.price.is_some_and(|price| !price.0.is_zero());
        let pays = self.gross.is_some_and(|gross| !gross.is_zero());
        if is_priced && pays {
            return Ok(self.trade()?.into());
        }
        // Written contracts are assigned and held ones are exercised, whether or not the row says which way.
        let side = self.side.or(match how {
            OptionEnd::Assigned => Some(Side::Buy),
            OptionEnd::Exercised => Some(Side::Sell),
            OptionEnd::Expired => None,
        });
        let (Some(side), Some(units), Some(holding)) = (side, self.units, self.holding()) else {
            return Ok(self.noted().into());
        };
        let cause = match pays {
            true => CashCause::Adjustment,
            false => CashCause::Fee,
        };
        Ok(Happened {
            what: What::OptionEnded {
                holding,
                how,
                quantity: change(side, units),
            },
            half: None,
            cash: self.cash().map(|amount| What::Cash {
                cause,
                amount,
                symbol: self.symbol.clone(),
            }),
        })
    }

    fn received(&self, cost: Option<Money>) -> What {
        match (self.holding(), self.change()) {
            (Some(holding), Some(quantity)) => What::Units {
                holding,
                quantity,
                cost,
            },
            _ => self.noted(),
        }
    }

    /// What shares cost that a dividend was paid in.
    fn cost(&self) -> Option<Money> {
        let cost = self.price?.times(self.units?)?;
        (!cost.is_zero()).then(|| Money::new(cost, self.currency))
    }

    fn movement(&self) -> What {
        let Some(amount) = self.cash() else {
            return self.noted();
        };
        let goes = amount.amount.is_sign_negative();
        let cause = match self.sub.as_str() {
            "Deposit" => CashCause::Deposit,
            "Withdrawal" => CashCause::Withdrawal,
            "ACAT" if goes => CashCause::Withdrawal,
            "ACAT" => CashCause::Deposit,
            "Dividend" | "Special Dividend" => CashCause::Dividend,
            "Credit Interest" | "Debit Interest" => CashCause::Interest,
            "Fee" => CashCause::Fee,
            "Transfer" => CashCause::Journal,
            "Balance Adjustment" => CashCause::Adjustment,
            "Mark to Market" => CashCause::MarkToMarket,
            _ => return self.noted(),
        };
        What::Cash {
            cause,
            amount,
            symbol: self.symbol.clone(),
        }
    }

    fn noted(&self) -> What {
        What::Noted {
            amount: self.cash(),
            symbol: self.symbol.clone(),
            quantity: self.change().filter(|_| self.kind != "Money Movement"),
        }
    }

    /// Units that went and units that came in their place are two rows of one moment.
    fn half(&self) -> Option<Half> {
        let is_pair = matches!(
            self.sub.as_str(),
            "Forward Split" | "Reverse Split" | "Symbol Change" | "Stock Merger"
        );
        let action = self.raw.action.text().filter(|_| is_pair)?;
        let holding = self.holding()?;
        let of = match self.sub.ends_with("Split") {
            true => holding.symbol.as_str(),
            false => "",
        };
        Some(Half {
            key: format!("{} {} {of} {:?}", self.sub, self.time, holding.class),
            quantity: self.change()?,
            amount: self.cash(),
            is_old: action.ends_with("to Close"),
            holding,
        })
    }

    /// Cash that moved, where it did.
    fn cash(&self) -> Option<Money> {
        let amount = self.net.or(self.gross).filter(|it| !it.is_zero())?;
        Some(Money::new(amount, self.currency))
    }

    /// Units that came, or went with a minus, where it is said which.
    fn change(&self) -> Option<Quantity> {
        let units = self.units.filter(|units| !units.0.is_zero())?;
        Some(change(self.side?, units))
    }

    fn holding(&self) -> Option<Holding> {
        let class = class(self.raw.instrument_type);
        let multiplier = match self.raw.instrument_type.text().as_deref() {
            Some("Equity Option") => Decimal::ONE_HUNDRED,
            Some("Future Option") => self.multiplier_of_cash().unwrap_or(Decimal::ONE),
            _ => Decimal::ONE,
        };
        Some(Holding {
            symbol: self.symbol.clone()?,
            class,
            multiplier,
            currency: self.currency,
        })
    }

    /// An option's size where no rule says it: what its cash is made of beside price and units.
    fn multiplier_of_cash(&self) -> Option<Decimal> {
        let one = self.price?.times(self.units?).filter(|it| !it.is_zero())?;
        let size = self.gross?.abs().checked_div(one)?.normalize();
        (size.is_integer() && !size.is_zero()).then_some(size)
    }
}

fn change(side: Side, units: Quantity) -> Quantity {
    match side {
        Side::Buy => units,
        Side::Sell => Quantity(-units.0),
    }
}

/// Rows that name no currency are in dollars.
fn currency(field: Field<'_>) -> Result<Currency, Unreadable> {
    match field.text() {
        None => Ok(Currency::USD),
        Some(code) => Currency::parse(&code).map_err(|_| Unreadable("the currency")),
    }
}

fn time(row: &wire::Transaction<'_>) -> Result<Timestamp, Unreadable> {
    if let Some(time) = first_moment(&[row.executed_at])? {
        return Ok(time);
    }
    let date = row.transaction_date.text();
    let start = date.and_then(|date| Timestamp::parse(&format!("{date}T00:00:00Z")).ok());
    start.ok_or(Unreadable("the time of a transaction"))
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
