//! Fields of market data by number, as the provider words their values.

use super::super::answer::{grouped, price};
use super::super::contracts::{company, exchange, spelled};
use super::super::shared::Shared;
use crate::domain::{Timestamp, TradingStatus};
use crate::paper::Session;
use crate::sim::market::{Line, MarketBar};
use crate::sim::world::World;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Most fields of one question.
pub(in crate::sim::ibkr) const FIELDS_AT_MOST: usize = 50;
/// Who answers.
const SERVER: &str = "q0";

/// One contract at one moment, from which fields are read.
pub(in crate::sim::ibkr) struct Reading<'a> {
    shared: &'a Shared,
    world: &'a World,
    listing: usize,
    day: Option<MarketBar>,
    previous: Option<Decimal>,
    now: Timestamp,
    /// Whether it is for the stream, which writes a field or two otherwise.
    is_streamed: bool,
}

impl<'a> Reading<'a> {
    pub(in crate::sim::ibkr) fn new(
        (shared, world): (&'a Shared, &'a World),
        listing: usize,
        is_streamed: bool,
        now: Timestamp,
    ) -> Self {
        let market = &world.market;
        let today = market.calendar().latest_open(now);
        Self {
            shared,
            world,
            listing,
            day: market.day_bar(listing, today, now),
            previous: market.previous_close(listing, now).map(|close| close.0),
            now,
            is_streamed,
        }
    }

    /// What is told with every answer that has values.
    pub(in crate::sim::ibkr) fn heading(&self, is_delayed: bool) -> Value {
        let conid = self.shared.contracts.id(self.listing);
        json!({
            "conid": conid,
            "conidEx": conid.to_string(),
            "server_id": SERVER,
            "_updated": self.line().quote.time.millis(),
            "6119": SERVER,
            "6509": if is_delayed { "DPB" } else { "RpB" },
        })
    }

    fn line(&self) -> &Line {
        self.world.market.line(self.listing)
    }

    fn last(&self) -> Option<Decimal> {
        Some(self.world.market.mark(self.listing)?.0)
    }

    fn change(&self) -> Option<Decimal> {
        Some(self.last()? - self.previous?)
    }

    /// A field's value; `None` where there is none, in which case it is left out.
    pub(in crate::sim::ibkr) fn field(&self, field: &str) -> Option<Value> {
        let quote = &self.line().quote;
        let day = self.day.as_ref();
        let sized = |size: Option<crate::domain::Quantity>| size.map(|size| grouped(size.0));
        let text = match field {
            "31" => format!("{}{}", self.mark_of_last(), price(self.last()?)),
            "70" => price(day?.high.0),
            "71" => price(day?.low.0),
            "82" => price(self.change()?),
            "83" => return self.percent(),
            "84" => price(quote.bid?.0),
            "85" => sized(quote.ask_size)?,
            "86" => price(quote.ask?.0),
            "87" => abbreviated(day?.volume),
            "88" => sized(quote.bid_size)?,
            "7059" => grouped(self.line().trade.as_ref()?.size.0),
            "7295" => price(day?.open.0),
            "7296" | "7741" => price(self.previous?),
            "7635" => price(self.last()?),
            "7762" => day?.volume.to_string(),
            _ => return self.contract_field(field),
        };
        Some(text.into())
    }

    /// Fields that never change.
    fn contract_field(&self, field: &str) -> Option<Value> {
        let contract = &self.world.market.listings()[self.listing];
        let text = match field {
            "55" | "58" | "7219" => spelled(&contract.symbol),
            "6004" => "SMART".to_owned(),
            "6008" => return Some(self.shared.contracts.id(self.listing).into()),
            "6070" => "STK".to_owned(),
            "7051" => company(contract),
            "7057" | "7058" | "7068" => "Q".to_owned(),
            "7184" => "1".to_owned(),
            "7220" => format!("{} {}", spelled(&contract.symbol), exchange(contract)),
            "7221" => exchange(contract).to_owned(),
            _ => return None,
        };
        Some(text.into())
    }

    /// `C` before the close of a day that is over, `H` before the last price of what is halted.
    fn mark_of_last(&self) -> &'static str {
        match self.line().status {
            TradingStatus::Halted(_) => "H",
            _ if self.world.market.session(self.now) == Session::Closed => "C",
            _ => "",
        }
    }

    fn percent(&self) -> Option<Value> {
        let share = self.change()?.checked_div(self.previous?)?;
        let percent = (share * Decimal::ONE_HUNDRED).round_dp(2);
        Some(match self.is_streamed {
            true => super::super::answer::float(percent),
            false => format!("{percent:.2}%").into(),
        })
    }
}

/// A volume in thousands or millions: `52.1M`.
fn abbreviated(volume: u64) -> String {
    let volume = Decimal::from(volume);
    let (thousand, million) = (Decimal::from(1_000), Decimal::from(1_000_000));
    match volume {
        volume if volume >= million => format!("{:.1}M", volume / million),
        volume if volume >= thousand => format!("{:.1}K", volume / thousand),
        volume => volume.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_abbreviated() {
        assert_eq!(abbreviated(999), "999");
        assert_eq!(abbreviated(1_250), "1.2K");
        assert_eq!(abbreviated(52_130_000), "52.1M");
    }
}
