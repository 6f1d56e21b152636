//! What currencies cost on a day, as far as it was asked.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Ledger;
use super::entries::wire;
use super::error::LedgerError;
use super::store::{Order, Part, Rows};
use crate::domain::{Currency, ExchangeRate};

impl Ledger {
    /// Keeps exchange rates, in place of those that there were for the same days.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`], a full disk.
    pub fn keep_rates(&self, rates: &[ExchangeRate]) -> Result<(), LedgerError> {
        self.store.check_space()?;
        self.store.change(|change| {
            let mut rows = change.rows(Rows::RATES)?;
            for rate in rates {
                let key = key(&self.pair(rate.from, rate.to), rate.day);
                rows.put(&key, &wire::to_bytes(&rate.rate.serialize()))?;
            }
            Ok(())
        })
    }

    /// The rate of a day, or of the last day before it that there is one for.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`].
    pub fn rate(
        &self,
        from: Currency,
        to: Currency,
        day: Date,
    ) -> Result<Option<ExchangeRate>, LedgerError> {
        let pair = self.pair(from, to);
        let part = Part {
            from: pair.to_vec(),
            until: [&key(&pair, day)[..], &[0]].concat(),
        };
        let last = self
            .store
            .read()?
            .values(Rows::RATES, &part, Order::Falling, 1)?;
        let Some(row) = last.first() else {
            return Ok(None);
        };
        let day = day_of(&row.key).ok_or(LedgerError::Damaged("a rate has no day"))?;
        let rate = Decimal::deserialize(wire::from_bytes(row.value.expose())?);
        Ok(Some(ExchangeRate {
            from,
            to,
            day,
            rate,
        }))
    }

    fn pair(&self, from: Currency, to: Currency) -> [u8; 8] {
        let names = [b"r", from.as_str().as_bytes(), b"/", to.as_str().as_bytes()];
        self.digests.of(&names.concat())
    }
}

/// Rises with the day.
fn key(pair: &[u8; 8], day: Date) -> Vec<u8> {
    let year = day.year().cast_unsigned() ^ (1 << 15);
    let (month, date) = (day.month().cast_unsigned(), day.day().cast_unsigned());
    [&pair[..], &year.to_be_bytes(), &[month, date]].concat()
}

fn day_of(key: &[u8]) -> Option<Date> {
    let (year, [month, day]) = key.get(8..)?.split_first_chunk()? else {
        return None;
    };
    let year = (u16::from_be_bytes(*year) ^ (1 << 15)).cast_signed();
    Date::new(year, month.cast_signed(), day.cast_signed()).ok()
}

#[cfg(test)]
mod tests;
