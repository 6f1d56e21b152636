//! Transactions. What one of them moves lies in its items: securities with their cost, and fees; `netAmount` is the cash
//! that is left of both. What the items do not explain of it is noted, so that no cash is lost.

use super::{instrument_symbol, price};
use crate::domain::entry::Trade;
use crate::domain::{
    AccountId, AssetClass, CashCause, Currency, Entry, EntryId, Holding, Money, OptionEnd,
    Quantity, Side, Symbol, Text, Timestamp, What,
};
use crate::providers::fields::Unreadable;
use crate::providers::provider::told;
use crate::providers::schwab::wire::{Instrument, Transaction, TransferItem};
use rust_decimal::Decimal;

/// What one transaction says. The first entry has its id; further ones have the id and their place.
pub(in crate::providers::schwab) fn entries(
    row: &Transaction<'_>,
    account: &AccountId,
) -> Result<Vec<Entry>, Unreadable> {
    let id = row.activity_id.text();
    let id = id.ok_or(Unreadable("the id of a transaction"))?;
    let word = row.r#type.text();
    let word = word.ok_or(Unreadable("the type of a transaction"))?;
    let time = match row.time.time()? {
        Some(time) => time,
        None => time_of_trade(row)?,
    };
    let status = row.status.text();
    let is_void = status.as_deref() == Some("INVALID");
    let whats = match status.as_deref() {
        Some("INVALID") => vec![What::TakenBack],
        None | Some("VALID") => Moves::read(row)?.whats(&word),
        // It is under way, or they do not know themselves.
        Some(_) => vec![Moves::read(row)?.noted()],
    };
    let entry = |(index, what)| Entry {
        account: account.clone(),
        id: match index {
            0 => EntryId::provider(&id),
            _ => EntryId::provider(&format!("{id}:{index}")),
        },
        time,
        settles: date(row),
        corrects: is_void.then(|| EntryId::provider(&id)),
        word: word.as_ref().into(),
        description: description(row),
        what,
    };
    Ok(whats.into_iter().enumerate().map(entry).collect())
}

fn time_of_trade(row: &Transaction<'_>) -> Result<Timestamp, Unreadable> {
    row.trade_date
        .time()?
        .ok_or(Unreadable("the time of a transaction"))
}

fn date(row: &Transaction<'_>) -> Option<jiff::civil::Date> {
    row.settlement_date.text()?.get(..10)?.parse().ok()
}

fn description(row: &Transaction<'_>) -> Text {
    let described = row.description.text_or_empty();
    let words = [row.activity_type.text(), row.status.text()];
    let odd = words.iter().flatten().find(|word| {
        !matches!(
            word.as_ref(),
            "VALID" | "EXECUTION" | "TRANSFER" | "ORDER_ACTION"
        )
    });
    match odd {
        None => described.as_ref().into(),
        Some(word) => {
            let word = word.to_lowercase().replace('_', " ");
            format!("{described} ({word})").trim_start().into()
        }
    }
}

/// A security in a transaction.
struct Security {
    holding: Holding,
    /// Change of units.
    units: Decimal,
    price: Option<crate::domain::Price>,
    /// Change of cash before fees.
    cost: Option<Decimal>,
}

/// Everything that a transaction moves.
struct Moves {
    securities: Vec<Security>,
    /// What was paid beside the securities, positive; negative for a rebate.
    fees: Decimal,
    /// Cash that is left of it all.
    net: Option<Decimal>,
    /// What it is about where it moves no units of it.
    symbol: Option<Symbol>,
    order: Option<Text>,
    description: String,
}

impl Moves {
    fn read(row: &Transaction<'_>) -> Result<Self, Unreadable> {
        let (mut securities, mut stated, mut symbol) = (Vec::new(), Decimal::ZERO, None);
        for item in row.transfer_items.iter().flatten() {
            if item.fee_type.text().is_some() {
                let cost = item.cost.decimal()?.unwrap_or_default().abs();
                stated = stated.checked_add(cost).ok_or(Unreadable("the fees"))?;
            } else if let Some(security) = security(item)? {
                symbol.get_or_insert_with(|| security.holding.symbol.clone());
                securities.push(security);
            }
        }
        let net = row.net_amount.decimal()?;
        Ok(Self {
            fees: fees(&securities, net).unwrap_or(stated),
            securities,
            net,
            symbol,
            order: row.order_id.text().map(|id| id.as_ref().into()),
            description: row.description.text_or_empty().to_uppercase(),
        })
    }

    fn whats(&self, word: &str) -> Vec<What> {
        let cause = self.cause(word);
        let what = match (word, cause) {
            ("TRADE" | "MONEY_MARKET", _) if !self.securities.is_empty() => self.trades(),
            ("RECEIVE_AND_DELIVER" | "JOURNAL", _) if !self.securities.is_empty() => {
                self.deliveries()
            }
            (_, Some(cause)) => self.cash(cause).into_iter().collect(),
            (_, None) => Vec::new(),
        };
        match what.is_empty() {
            true => vec![self.noted()],
            false => self.with_the_rest(what),
        }
    }

    /// Why cash moves in a transaction that moves no units.
    fn cause(&self, word: &str) -> Option<CashCause> {
        let goes = self.net?.is_sign_negative();
        Some(match word {
            "DIVIDEND_OR_INTEREST" => self.income(),
            "ACH_RECEIPT" | "CASH_RECEIPT" | "WIRE_IN" => CashCause::Deposit,
            "ACH_DISBURSEMENT" | "CASH_DISBURSEMENT" | "WIRE_OUT" => CashCause::Withdrawal,
            "ELECTRONIC_FUND" if goes => CashCause::Withdrawal,
            "ELECTRONIC_FUND" => CashCause::Deposit,
            "JOURNAL" => CashCause::Journal,
            // A trade without a security: a fee, or a correction of one.
            "TRADE" if self.net == Some(-self.fees) && !self.fees.is_zero() => CashCause::Fee,
            _ => return None,
        })
    }

    /// Dividend or interest is all that the type says; what speaks of neither interest nor tax is a dividend.
    fn income(&self) -> CashCause {
        let says = |names: &[&str]| {
            let mut words = self.description.split(|it: char| !it.is_alphanumeric());
            words.any(|word| names.contains(&word))
        };
        let is_bond = self
            .securities
            .iter()
            .any(|it| it.holding.class == AssetClass::Other("FIXED_INCOME".into()));
        if says(&["TAX", "NRA", "WITHHOLDING"]) {
            CashCause::Tax
        } else if is_bond || says(&["INT", "INTEREST"]) {
            CashCause::Interest
        } else {
            CashCause::Dividend
        }
    }

    fn cash(&self, cause: CashCause) -> Option<What> {
        Some(What::Cash {
            cause,
            amount: dollars(self.net?),
            symbol: self.symbol.clone(),
        })
    }

    /// An execution for each security, each with its share of the fees.
    fn trades(&self) -> Vec<What> {
        let shares = self.shares();
        let parts = self.securities.iter().zip(shares);
        parts
            .map(|(it, fees)| trade(it, fees, &self.order))
            .collect()
    }

    /// Fees in proportion to what each security costs, to the cent; what rounding leaves over is the last one's.
    fn shares(&self) -> Vec<Decimal> {
        let weight = |it: &Security| it.cost.unwrap_or(it.units).abs();
        let all: Decimal = self.securities.iter().map(weight).sum();
        let mut left = self.fees;
        let mut shares = Vec::with_capacity(self.securities.len());
        for (index, security) in self.securities.iter().enumerate() {
            let share = match index + 1 == self.securities.len() {
                true => left,
                false => self
                    .fees
                    .checked_mul(weight(security))
                    .and_then(|part| part.checked_div(all))
                    .map_or(Decimal::ZERO, |part| part.round_dp(2)),
            };
            left -= share;
            shares.push(share);
        }
        shares
    }

    /// Units that came or went without an order. Those with a price and a cost were paid for, as shares behind an option
    /// that was used.
    fn deliveries(&self) -> Vec<What> {
        let end = self.option_end();
        let shares = self.shares();
        let one = |(it, fees): (&Security, Decimal)| {
            let quantity = Quantity(it.units);
            let holding = it.holding.clone();
            let is_paid = it.cost.is_some_and(|cost| !cost.is_zero());
            match (end, is_paid) {
                (Some(how), false) if holding.class == AssetClass::Option => What::OptionEnded {
                    holding,
                    how,
                    quantity,
                },
                (_, true) => trade(it, fees, &self.order),
                (_, false) if self.changes_units() || holding.class == AssetClass::Option => {
                    noted(None, &holding, it.units)
                }
                (_, false) => What::Units {
                    holding,
                    quantity,
                    cost: None,
                },
            }
        };
        self.securities.iter().zip(shares).map(one).collect()
    }

    fn option_end(&self) -> Option<OptionEnd> {
        let ends = [
            ("EXPIR", OptionEnd::Expired),
            ("ASSIGN", OptionEnd::Assigned),
            ("EXERCISE", OptionEnd::Exercised),
        ];
        let found = ends
            .iter()
            .find(|(word, _)| self.description.contains(word));
        found.map(|(_, how)| *how)
    }

    /// Whether a description speaks of units that come for other units; how many for how many is not said.
    fn changes_units(&self) -> bool {
        let words = ["SPLIT", "MERGE", "SPIN", "EXCHANGE", "NAME CHANGE"];
        words.iter().any(|word| self.description.contains(word))
    }

    /// With what is left of the cash.
    fn with_the_rest(&self, mut whats: Vec<What>) -> Vec<What> {
        let told: Option<Decimal> = whats.iter().map(cash_of).sum();
        let rest = self.net.and_then(|net| net.checked_sub(told?));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            whats.push(What::Noted {
                amount: Some(dollars(rest)),
                symbol: self.symbol.clone(),
                quantity: None,
            });
        }
        whats
    }

    fn noted(&self) -> What {
        let only = match self.securities.as_slice() {
            [one] => Some(Quantity(one.units)),
            _ => None,
        };
        What::Noted {
            amount: self.net.filter(|net| !net.is_zero()).map(dollars),
            symbol: self.symbol.clone(),
            quantity: only.filter(|units| !units.0.is_zero()),
        }
    }
}

/// The fees that explain the cash that is left of the costs, where all of them are said.
fn fees(securities: &[Security], net: Option<Decimal>) -> Option<Decimal> {
    let moves_none = |it: &Security| it.holding.class == AssetClass::Future;
    if securities.is_empty() || securities.iter().any(moves_none) {
        return None;
    }
    let costs: Option<Decimal> = securities.iter().map(|it| it.cost).sum();
    costs?.checked_sub(net?)
}

/// Everything that is neither cash nor a fee.
fn security(item: &TransferItem<'_>) -> Result<Option<Security>, Unreadable> {
    let Some(instrument) = &item.instrument else {
        return Ok(None);
    };
    let kind = instrument.asset_type.text_or_empty();
    if kind == "CURRENCY" {
        return Ok(None);
    }
    let class = super::asset_class(&kind);
    Ok(Some(Security {
        holding: Holding {
            symbol: instrument_symbol(instrument)?,
            multiplier: multiplier(instrument, &class)?,
            class,
            currency: Currency::USD,
        },
        units: item.amount.decimal()?.unwrap_or_default(),
        price: price(item.price)?,
        cost: item.cost.decimal()?,
    }))
}

/// In transactions the size of an option has another name than in positions, and that of a future is said.
fn multiplier(instrument: &Instrument<'_>, class: &AssetClass) -> Result<Decimal, Unreadable> {
    let stated = match class {
        AssetClass::Option => instrument.option_premium_multiplier.decimal()?,
        AssetClass::Future => instrument.multiplier.decimal()?,
        AssetClass::Equity | AssetClass::Crypto | AssetClass::Forex | AssetClass::Other(_) => None,
    };
    match stated.filter(|size| !size.is_zero()) {
        Some(size) => Ok(size),
        None => super::multiplier(instrument, class),
    }
}

/// An execution; where price, units and cost do not say the same, what it moved.
fn trade(it: &Security, fees: Decimal, order: &Option<Text>) -> What {
    let moves_cash = it.holding.class != AssetClass::Future;
    let gross = it.cost.filter(|_| moves_cash);
    let net = gross.or_else(|| (!moves_cash).then_some(Decimal::ZERO));
    let net = net.and_then(|gross| gross.checked_sub(fees));
    let trade = it.price.map(|price| Trade {
        holding: it.holding.clone(),
        side: match it.units.is_sign_negative() {
            true => Side::Sell,
            false => Side::Buy,
        },
        quantity: Quantity(it.units.abs()),
        price,
        fees,
        order: order.clone(),
    });
    let paid = match (&trade, net) {
        (Some(trade), Some(net)) => told::fees(trade, gross, net),
        (Some(_), None) => Some(fees),
        (None, _) => None,
    };
    match trade.zip(paid).filter(|_| !it.units.is_zero()) {
        Some((trade, fees)) => What::Trade(Trade { fees, ..trade }),
        None => noted(net, &it.holding, it.units),
    }
}

fn noted(net: Option<Decimal>, holding: &Holding, units: Decimal) -> What {
    What::Noted {
        amount: net.filter(|net| !net.is_zero()).map(dollars),
        symbol: Some(holding.symbol.clone()),
        quantity: (!units.is_zero()).then_some(Quantity(units)),
    }
}

/// Change of cash that something tells; `None` where it does not fit a decimal.
fn cash_of(what: &What) -> Option<Decimal> {
    match what {
        What::Trade(trade) => trade.cash(),
        What::Cash { amount, .. } => Some(amount.amount),
        What::Noted { amount, .. } => Some(amount.map_or(Decimal::ZERO, |amount| amount.amount)),
        What::Units { .. }
        | What::OptionEnded { .. }
        | What::Split { .. }
        | What::Exchanged { .. }
        | What::SpunOff { .. }
        | What::TakenBack => Some(Decimal::ZERO),
    }
}

/// Accounts are kept in dollars.
fn dollars(amount: Decimal) -> Money {
    Money::new(amount, Currency::USD)
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
