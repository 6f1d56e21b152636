//! Prices of what the market does not list: options, futures and currencies, made of listings' prices
//! and of nothing else, so that they are the same wherever they are asked for.

use super::level::{Fields, Service};
use crate::domain::Timestamp;
use crate::sim::market::Market;
use crate::sim::schwab::answer::number;
use crate::sim::schwab::instruments::find;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// Futures: root, the listing they follow, how many times its price, the least step in hundredths, the
/// name.
const FUTURES: [(&str, &str, u32, i64, &str); 4] = [
    ("/ES", "SPY", 10, 25, "E-mini S&P 500"),
    ("/NQ", "QQQ", 40, 25, "E-mini Nasdaq-100"),
    ("/YM", "DIA", 100, 100, "E-mini Dow"),
    ("/RTY", "IWM", 10, 10, "E-mini Russell 2000"),
];
/// Currencies: the pair and its rate in hundred-thousandths.
const CURRENCIES: [(&str, i64); 4] = [
    ("EUR/USD", 108_420),
    ("GBP/USD", 126_310),
    ("USD/JPY", 15_034_000),
    ("AUD/USD", 65_870),
];

/// The fields of a key; `None` where there is no such thing.
pub(super) fn fields(
    service: Service,
    key: &str,
    market: &Market,
    now: Timestamp,
) -> Option<Fields> {
    match service {
        Service::Options => option(key, market, now),
        Service::Futures => future(key, market, now),
        Service::Forex => currency(key, now),
        Service::Equities | Service::Chart | Service::AccountActivity => None,
    }
}

/// Twenty-one characters: the root in six, the day in six, `C` or `P`, the strike in thousandths.
struct Contract<'a> {
    root: &'a str,
    expiry: Date,
    is_call: bool,
    strike: Decimal,
}

impl<'a> Contract<'a> {
    fn parse(key: &'a str) -> Option<Self> {
        if key.len() != 21 || !key.is_ascii() {
            return None;
        }
        let (root, rest) = key.split_at(6);
        let part = |from: usize| rest.get(from..from + 2)?.parse::<i8>().ok();
        let year = 2000 + i16::from(part(0)?);
        let (month, day) = (part(2)?, part(4)?);
        let kind = rest.get(6..7)?;
        Some(Self {
            root: root.trim_end(),
            expiry: Date::new(year, month, day).ok()?,
            is_call: match kind {
                "C" => true,
                "P" => false,
                _ => return None,
            },
            strike: Decimal::new(rest.get(7..)?.parse().ok()?, 3),
        })
    }
}

/// What a contract is worth, by rule of thumb.
struct Worth {
    value: Decimal,
    intrinsic: Decimal,
    delta: Decimal,
}

impl Contract<'_> {
    fn kind(&self) -> &'static str {
        if self.is_call { "C" } else { "P" }
    }

    fn worth(&self, spot: Decimal, days: i32) -> Option<Worth> {
        let distance = match self.is_call {
            true => spot - self.strike,
            false => self.strike - spot,
        };
        let intrinsic = distance.max(Decimal::ZERO);
        // A time value that shrinks with the distance from the strike and with the days that are left.
        let nearness = spot.checked_div(spot + distance.abs() * Decimal::from(8))?;
        let time_value = spot * nearness * Decimal::from(days + 1) / Decimal::from(4_000);
        let lean = distance.checked_div(spot)? * Decimal::from(5);
        let delta = (Decimal::ONE + lean.clamp(-Decimal::ONE, Decimal::ONE)) / Decimal::TWO;
        Some(Worth {
            value: (intrinsic + time_value).round_dp(2).max(Decimal::new(1, 2)),
            intrinsic,
            delta: if self.is_call { delta } else { -delta }.round_dp(4),
        })
    }

    /// The fields that do not change with the market.
    fn terms(&self, days: i32) -> [(u8, Value); 9] {
        let expiry = self.expiry;
        let day = expiry.strftime("%m/%d/%Y");
        let description = format!("{} {day} {:.2} {}", self.root, self.strike, self.kind());
        [
            (1, description.into()),
            (12, expiry.year().into()),
            (13, number(Decimal::ONE_HUNDRED)),
            (20, number(self.strike)),
            (21, self.kind().into()),
            (22, self.root.into()),
            (23, expiry.month().into()),
            (26, expiry.day().into()),
            (27, days.into()),
        ]
    }
}

fn option(key: &str, market: &Market, now: Timestamp) -> Option<Fields> {
    let contract = Contract::parse(key)?;
    let listing = find(market, contract.root)?;
    let spot = market.mark(listing)?.0;
    let time = market.line(listing).quote.time.millis();
    let today = market.calendar().date_of(now);
    let days = contract.expiry.since(today).ok()?.get_days().max(0);
    let worth = contract.worth(spot, days)?;
    let half_spread = Decimal::new(2, 2);
    let mut fields = prices(
        [2, 3, 4, 37],
        (worth.value - half_spread).max(Decimal::ZERO),
        worth.value + half_spread,
        worth.value,
    );
    fields.extend(contract.terms(days));
    fields.extend([
        (5, number(worth.value)),
        (6, number(worth.value)),
        (7, number(worth.value)),
        (8, 0.into()),
        (9, 1_000.into()),
        (10, number(Decimal::from(30))),
        (11, number(worth.intrinsic)),
        (16, 10.into()),
        (17, 10.into()),
        (18, 1.into()),
        (19, number(Decimal::ZERO)),
        (
            25,
            number((worth.value - worth.intrinsic).max(Decimal::ZERO)),
        ),
        (28, number(worth.delta)),
        (29, number(Decimal::new(1, 2))),
        (30, number(Decimal::new(-5, 2))),
        (31, number(Decimal::new(1, 1))),
        (32, number(Decimal::new(1, 2))),
        (33, "Normal".into()),
        (34, number(worth.value)),
        (35, number(spot)),
        (38, time.into()),
        (39, time.into()),
    ]);
    Some(fields)
}

fn future(key: &str, market: &Market, now: Timestamp) -> Option<Fields> {
    let known = FUTURES.iter().find(|(root, ..)| key.starts_with(root));
    let (root, listing, times, step, name) = known?;
    let listing = find(market, listing)?;
    let step = Decimal::new(*step, 2);
    let on_grid = |price: Decimal| (price / step).round() * step;
    let scaled = |price: Decimal| on_grid(price * Decimal::from(*times));
    let last = scaled(market.mark(listing)?.0);
    let close = market
        .previous_close(listing, now)
        .map_or(last, |close| scaled(close.0));
    let time = market.line(listing).quote.time.millis();
    let mut fields = prices([1, 2, 3, 24], last - step, last + step, last);
    fields.extend([
        (4, 11.into()),
        (5, 4.into()),
        (9, 1.into()),
        (10, time.into()),
        (11, time.into()),
        (12, number(last.max(close))),
        (13, number(last.min(close))),
        (14, number(close)),
        (16, (*name).into()),
        (18, number(close)),
        (19, number(last - close)),
        (22, "Normal".into()),
        (25, number(step)),
        (27, (*root).into()),
        (30, true.into()),
        (32, true.into()),
        (33, number(close)),
        (34, key.into()),
    ]);
    Some(fields)
}

fn currency(key: &str, now: Timestamp) -> Option<Fields> {
    let (_, base) = CURRENCIES.iter().find(|(pair, _)| *pair == key)?;
    // A wave of a few steps up and down, by the clock alone.
    let wave = (now.millis() / 1_000).rem_euclid(41) - 20;
    let step = base / 100_000;
    let rate = |steps: i64| Decimal::new(base + (wave.abs() + steps) * step.max(1), 5);
    let last = rate(0);
    let mut fields = prices([1, 2, 3, 29], rate(-1), rate(1), last);
    fields.extend([
        (4, 1_000_000.into()),
        (5, 1_000_000.into()),
        (8, now.millis().into()),
        (9, now.millis().into()),
        (10, number(rate(20))),
        (11, number(Decimal::new(*base, 5))),
        (12, number(Decimal::new(*base, 5))),
        (14, key.into()),
        (16, number(last - Decimal::new(*base, 5))),
        (19, 5.into()),
        (20, "Normal".into()),
        (25, true.into()),
    ]);
    Some(fields)
}

/// Bid, ask, last and mark under a service's numbers of them.
fn prices(numbers: [u8; 4], bid: Decimal, ask: Decimal, last: Decimal) -> Fields {
    let prices = [bid, ask, last, last].map(number);
    numbers.into_iter().zip(prices).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_contract_is_read_from_its_twenty_one_characters() {
        let contract = Contract::parse("AAPL  261218C00200500").unwrap();
        assert_eq!((contract.root, contract.is_call), ("AAPL", true));
        assert_eq!(contract.expiry, date(2026, 12, 18));
        assert_eq!(contract.strike, Decimal::new(2005, 1));
        for wrong in [
            "AAPL261218C00200500",
            "AAPL  261318C00200500",
            "AAPL  261218X00200500",
        ] {
            assert!(Contract::parse(wrong).is_none(), "{wrong}");
        }
    }
}
