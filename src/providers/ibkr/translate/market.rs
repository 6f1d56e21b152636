//! Market data: fields by number, which are whole once and afterwards only what changed; bars; opening hours.

use super::{millis, number};
use crate::domain::quote::DaySummary;
use crate::domain::{
    Bar, Instrument, MarketClock, MarketEvent, Price, Quantity, Quote, Symbol, Timestamp, Trade,
    TradingStatus,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::ibkr::translate::symbol::Contract;
use crate::providers::ibkr::wire::{self, ByText};
use rust_decimal::Decimal;
use std::time::Duration;

/// Fields that are asked for: last, high, low, bid, ask size, ask, volume, bid size, availability, last size, open,
/// close of the day before, volume in full.
pub(in crate::providers::ibkr) const FIELDS: [&str; 13] = [
    "31", "70", "71", "84", "85", "86", "87", "88", "6509", "7059", "7295", "7741", "7762",
];

/// How far delayed data lag.
const DELAY: Duration = Duration::from_secs(15 * 60);

/// Whether data of a contract are live, by the first letter of field 6509.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::providers::ibkr) enum Availability {
    /// They are, or nothing is said.
    #[default]
    Live,
    /// They lag a quarter of an hour.
    Delayed,
    /// They stand as they were when the market closed.
    Frozen,
    /// They are not part of the login's subscriptions.
    NotSubscribed,
    /// An agreement is to be signed first.
    NotAgreed,
}

impl Availability {
    fn of(word: &str) -> Self {
        match word.as_bytes().first() {
            Some(b'D' | b'Y') => Self::Delayed,
            Some(b'Z') => Self::Frozen,
            Some(b'N') => Self::NotSubscribed,
            Some(b'O') => Self::NotAgreed,
            _ => Self::Live,
        }
    }

    /// Why data are not live; nothing when they are.
    pub(in crate::providers::ibkr) fn why(self) -> Option<&'static str> {
        match self {
            Self::Live => None,
            Self::Delayed => Some("delayed by 15 minutes: the login has no live subscription"),
            Self::Frozen => Some("frozen: as they were at the last close"),
            Self::NotSubscribed => Some("the login has no subscription for them"),
            Self::NotAgreed => {
                Some("the market-data agreement for the API is to be signed in Client Portal")
            }
        }
    }
}

/// Everything said of a contract so far.
#[derive(Clone, Debug, Default)]
pub(in crate::providers::ibkr) struct Prices {
    bid: Option<Decimal>,
    ask: Option<Decimal>,
    bid_size: Option<Decimal>,
    ask_size: Option<Decimal>,
    last: Option<Decimal>,
    last_size: Option<Decimal>,
    volume: Option<Decimal>,
    open: Option<Decimal>,
    high: Option<Decimal>,
    low: Option<Decimal>,
    close: Option<Decimal>,
    availability: Availability,
    is_halted: bool,
}

/// What a message changed.
#[derive(Clone, Copy, Debug, Default)]
struct Changed {
    quote: bool,
    trade: bool,
    day: bool,
    halt: bool,
}

impl Prices {
    /// Whether anything was said but what the contract is: the first snapshot of a contract says no more.
    pub(in crate::providers::ibkr) fn is_answer(row: &ByText<'_, Field<'_>>) -> bool {
        let mut fields = row.keys().map(AsRef::as_ref);
        fields.any(|key| key != "6509" && FIELDS.contains(&key))
    }

    /// Whether its data are live.
    pub(in crate::providers::ibkr) fn availability(&self) -> Availability {
        self.availability
    }

    /// Takes in a message and says what follows from it. A field that cannot be read leaves its neighbours alone; how
    /// many there were is the second part.
    pub(in crate::providers::ibkr) fn take(
        &mut self,
        row: &ByText<'_, Field<'_>>,
        symbol: &Symbol,
        heard: Timestamp,
    ) -> (Vec<MarketEvent>, usize) {
        let (mut changed, mut unreadable) = (Changed::default(), 0);
        for (key, field) in row {
            if self.set(key, *field, &mut changed).is_err() {
                unreadable += 1;
            }
        }
        let updated = row.get("_updated").copied().unwrap_or_default();
        let time = millis(updated).ok().flatten().unwrap_or(heard);
        let time = match self.availability {
            Availability::Delayed => time.minus(DELAY),
            Availability::Live
            | Availability::Frozen
            | Availability::NotSubscribed
            | Availability::NotAgreed => time,
        };
        (self.events(symbol, changed, time), unreadable)
    }

    fn set(
        &mut self,
        key: &str,
        field: Field<'_>,
        changed: &mut Changed,
    ) -> Result<(), Unreadable> {
        let (place, flag) = match key {
            "6509" => {
                self.availability = Availability::of(&field.text_or_empty());
                return Ok(());
            }
            "31" => return self.set_last(field, changed),
            "84" => (&mut self.bid, &mut changed.quote),
            "86" => (&mut self.ask, &mut changed.quote),
            "88" => (&mut self.bid_size, &mut changed.quote),
            "85" => (&mut self.ask_size, &mut changed.quote),
            "7059" => (&mut self.last_size, &mut changed.trade),
            "7762" => (&mut self.volume, &mut changed.day),
            // In short form, and said twice where the full one is there.
            "87" if self.volume.is_none() => (&mut self.volume, &mut changed.day),
            "70" => (&mut self.high, &mut changed.day),
            "71" => (&mut self.low, &mut changed.day),
            "7295" => (&mut self.open, &mut changed.day),
            "7741" => (&mut self.close, &mut changed.day),
            _ => return Ok(()),
        };
        *place = number(field)?;
        *flag = true;
        Ok(())
    }

    /// The last price; `C` before it says that it is the close of the day before, `H` that trading is halted.
    fn set_last(&mut self, field: Field<'_>, changed: &mut Changed) -> Result<(), Unreadable> {
        let price = number(field)?;
        let text = field.text_or_empty();
        let is_halted = text.starts_with('H');
        changed.halt = is_halted != self.is_halted;
        self.is_halted = is_halted;
        if text.starts_with('C') {
            self.close = price.or(self.close);
            changed.day = true;
        } else {
            self.last = price;
            changed.trade = true;
        }
        Ok(())
    }

    fn events(&self, symbol: &Symbol, changed: Changed, time: Timestamp) -> Vec<MarketEvent> {
        let mut events = Vec::new();
        if changed.halt {
            let status = match self.is_halted {
                true => TradingStatus::Halted("halted".into()),
                false => TradingStatus::Trading,
            };
            events.push(MarketEvent::Status(symbol.clone(), status));
        }
        if changed.quote {
            events.push(MarketEvent::Quote(self.quote(symbol, time)));
        }
        if let (true, Some(price)) = (changed.trade, self.last) {
            events.push(MarketEvent::Trade(Trade {
                symbol: symbol.clone(),
                price: Price(price),
                size: Quantity(self.last_size.unwrap_or_default()),
                time,
            }));
        }
        if changed.day {
            events.push(MarketEvent::Day(self.day(symbol, time)));
        }
        events
    }

    /// Bid and ask as they are now. Minus one and nothing stand for no price.
    pub(in crate::providers::ibkr) fn quote(&self, symbol: &Symbol, time: Timestamp) -> Quote {
        let size = |size: Option<Decimal>| size.map(Quantity);
        Quote {
            symbol: symbol.clone(),
            bid: self.bid.filter(is_price).map(Price),
            ask: self.ask.filter(is_price).map(Price),
            bid_size: size(self.bid_size),
            ask_size: size(self.ask_size),
            time,
        }
    }

    fn day(&self, symbol: &Symbol, time: Timestamp) -> DaySummary {
        let today = || {
            let close = self.last?;
            Some(Bar {
                symbol: symbol.clone(),
                start: time,
                open: Price(self.open.unwrap_or(close)),
                high: Price(self.high.unwrap_or(close)),
                low: Price(self.low.unwrap_or(close)),
                close: Price(close),
                volume: Quantity(self.volume?),
            })
        };
        DaySummary {
            symbol: symbol.clone(),
            today: today(),
            previous_close: self.close.map(Price),
        }
    }
}

fn is_price(value: &Decimal) -> bool {
    *value != Decimal::NEGATIVE_ONE && !value.is_zero()
}

/// A bar; `factor` is what a volume is to be multiplied by.
pub(in crate::providers::ibkr) fn bar(
    row: &wire::Candle<'_>,
    symbol: &Symbol,
    factor: Decimal,
) -> Result<Bar, Unreadable> {
    let price = |field: Field<'_>| {
        let price = number(field)?.ok_or(Unreadable("a price of a bar"))?;
        Ok(Price(price))
    };
    let volume = number(row.v)?.unwrap_or_default();
    Ok(Bar {
        symbol: symbol.clone(),
        start: millis(row.t)?.ok_or(Unreadable("the time of a bar"))?,
        open: price(row.o)?,
        high: price(row.h)?,
        low: price(row.l)?,
        close: price(row.c)?,
        volume: Quantity(volume.checked_mul(factor).unwrap_or_default().normalize()),
    })
}

/// The sessions of a schedule, each from when to when, in their order.
pub(in crate::providers::ibkr) fn sessions(
    schedule: &wire::Schedule<'_>,
) -> Result<Vec<(Timestamp, Timestamp)>, Unreadable> {
    let days = schedule
        .schedules
        .iter()
        .flat_map(|days| days.values().flatten());
    let hours = days.flat_map(|day| day.liquid_hours.iter().flatten());
    let sessions = hours.map(|hours| Ok((second(hours.opening)?, second(hours.closing)?)));
    let mut sessions: Vec<(Timestamp, Timestamp)> = sessions.collect::<Result<_, Unreadable>>()?;
    sessions.sort_unstable();
    Ok(sessions)
}

fn second(field: Field<'_>) -> Result<Timestamp, Unreadable> {
    let text = field.text().ok_or(Unreadable("opening hours"))?;
    let second: i64 = text.parse().map_err(|_| Unreadable("opening hours"))?;
    let millis = second.checked_mul(1_000).and_then(Timestamp::from_millis);
    millis.ok_or(Unreadable("opening hours"))
}

/// Whether the market is open, by its sessions; `None` where they say nothing of what is to come.
pub(in crate::providers::ibkr) fn clock(
    sessions: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> Option<MarketClock> {
    let running = sessions
        .iter()
        .find(|(open, close)| *open <= now && now < *close);
    let next = sessions.iter().find(|(open, _)| *open > now);
    let next_open = next.map(|(open, _)| *open);
    let next_close = running.or(next).map(|(_, close)| *close);
    Some(MarketClock {
        market: "NYSE".into(),
        is_open: running.is_some(),
        next_open: next_open.or(running.map(|(_, close)| *close))?,
        next_close: next_close?,
    })
}

/// What is known of a contract. A venue that asks before it takes an order is no reason to hold one back here.
pub(in crate::providers::ibkr) fn instrument(
    contract: &Contract,
    rules: &wire::Rules<'_>,
) -> Instrument {
    let tick = number(rules.increment).ok().flatten();
    let may_trade = rules.can_trade_acct_ids.as_deref();
    Instrument {
        symbol: contract.symbol.clone(),
        name: contract.name.clone(),
        class: contract.class.clone(),
        currency: contract.currency,
        tick: tick.unwrap_or_default(),
        lot: Decimal::ZERO,
        tradable: may_trade.is_none_or(|accounts| !accounts.is_empty()),
        fractionable: false,
        shortable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(prices: &mut Prices, text: &str) -> Vec<String> {
        let row: ByText<'_, Field<'_>> = serde_json::from_str(text).unwrap();
        let (events, unreadable) = prices.take(&row, &Symbol::new("SPY"), Timestamp::EPOCH);
        assert_eq!(unreadable, 0, "{text}");
        let told = |event: &MarketEvent| match event {
            MarketEvent::Quote(it) => {
                let shown = |price: Option<Price>| price.map(|it| it.to_string());
                format!("{:?}/{:?}", shown(it.bid), shown(it.ask))
            }
            MarketEvent::Trade(it) => format!("{} x {}", it.price, it.size),
            MarketEvent::Status(_, status) => format!("{status:?}"),
            MarketEvent::Day(it) => format!("before {:?}", it.previous_close.map(|it| it.0)),
            MarketEvent::Bar(_) => panic!("no bars"),
        };
        events.iter().map(told).collect()
    }

    #[test]
    fn what_changed_is_merged_with_what_was_said_before() {
        let mut prices = Prices::default();
        let whole = r#"{"conid":756733,"6509":"RpB","31":"655.89","84":"655.88","86":"655.90","7741":"659.1"}"#;
        let told = take(&mut prices, whole);
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], r#"Some("655.88")/Some("655.90")"#);
        assert_eq!(
            take(&mut prices, r#"{"86":"655.95"}"#),
            [r#"Some("655.88")/Some("655.95")"#]
        );
        assert_eq!(
            take(&mut prices, r#"{"31":"656","7059":"1,300"}"#),
            ["656 x 1300"]
        );
        assert_eq!(
            take(&mut prices, r#"{"84":"-1"}"#),
            [r#"None/Some("655.95")"#]
        );
        assert_eq!(take(&mut prices, r#"{"6119":"q6"}"#), [""; 0]);
    }

    #[test]
    fn a_price_with_a_letter_before_it_is_no_trade_or_a_halt() {
        let mut prices = Prices::default();
        assert_eq!(
            take(&mut prices, r#"{"31":"C655.89"}"#),
            ["before Some(655.89)"]
        );
        let halted = take(&mut prices, r#"{"31":"H650"}"#);
        assert_eq!(halted, [r#"Halted("halted")"#, "650 x 0"]);
        assert_eq!(take(&mut prices, r#"{"31":"651"}"#), ["Trading", "651 x 0"]);
    }

    #[test]
    fn delayed_prices_are_as_old_as_they_are() {
        let mut prices = Prices::default();
        let row = r#"{"6509":"DPB","84":"1","_updated":1775169600000}"#;
        let row: ByText<'_, Field<'_>> = serde_json::from_str(row).unwrap();
        let (events, _) = prices.take(&row, &Symbol::new("SPY"), Timestamp::EPOCH);
        let [MarketEvent::Quote(quote)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(quote.time.millis(), 1_775_169_600_000 - 900_000);
        assert!(prices.availability().why().unwrap().contains("15 minutes"));
        for (word, expected) in [
            ("RpB", Availability::Live),
            ("S", Availability::Live),
            ("ZB", Availability::Frozen),
            ("YB", Availability::Delayed),
            ("N", Availability::NotSubscribed),
            ("O", Availability::NotAgreed),
            ("?", Availability::Live),
        ] {
            assert_eq!(Availability::of(word), expected, "{word}");
        }
    }

    #[test]
    fn a_first_snapshot_that_names_the_contract_alone_is_no_answer() {
        for (text, expected) in [
            (r#"{"conid":265598,"conidEx":"265598"}"#, false),
            (r#"{"conid":265598,"6509":"R","6119":"q1"}"#, false),
            (r#"{"conid":265598,"31":"1"}"#, true),
        ] {
            assert_eq!(
                Prices::is_answer(&serde_json::from_str(text).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn hours_say_what_comes_next() {
        let text = r#"{"schedules":{"20260406":{"liquid_hours":[{"opening":1775482200,"closing":1775505600}]},
            "20260402":{"liquid_hours":[{"opening":1775136600,"closing":1775160000}]},"20260403":{}}}"#;
        let sessions = sessions(&serde_json::from_str(text).unwrap()).unwrap();
        let at = |second: i64| clock(&sessions, Timestamp::from_millis(second * 1_000).unwrap());
        let open = at(1_775_136_600).unwrap();
        assert!(open.is_open);
        assert_eq!(open.next_close.millis(), 1_775_160_000_000);
        assert_eq!(open.next_open.millis(), 1_775_482_200_000);
        let closed = at(1_775_160_000).unwrap();
        assert!(!closed.is_open);
        assert_eq!(closed.next_close.millis(), 1_775_505_600_000);
        assert_eq!(at(1_775_505_600), None);
    }
}
