//! `/quotes`: what a symbol costs, what it is, and what is known of its company.

use super::answer::{Answer, ApiError, number, ok, percent, whole};
use super::instruments::{cusip, description, exchange, find, is_fund, number_of, spelled};
use super::site::Call;
use crate::domain::{Quantity, Timestamp, TradingStatus};
use crate::sim::market::{Frame, Market, MarketBar, PriceSource};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Most symbols of one request.
const MOST_SYMBOLS: usize = 500;
/// The parts of a quote.
const PARTS: [&str; 5] = ["quote", "reference", "extended", "fundamental", "regular"];

/// `GET /quotes`: what nobody knows is named beside what is known.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let parts = parts(call)?;
    let symbols = call.query.list("symbols");
    if symbols.is_empty() {
        return Err(ApiError::parameter(
            "symbols",
            "Search combination should have min of 1.",
        ));
    }
    if symbols.len() > MOST_SYMBOLS {
        return Err(ApiError::parameter(
            "symbols",
            "Search combination should have max of 500.",
        ));
    }
    let mut body = Map::new();
    let mut unknown = Vec::new();
    for symbol in symbols {
        match find(&call.world.market, symbol) {
            Some(listing) => {
                body.insert(symbol.to_uppercase(), shown(call, listing, &parts));
            }
            None => unknown.push(symbol),
        }
    }
    if !unknown.is_empty() {
        body.insert("errors".to_owned(), json!({"invalidSymbols": unknown}));
    }
    ok(&Value::Object(body))
}

/// `GET /{symbol}/quotes`.
pub(super) fn get(call: &Call<'_>, symbol: &str) -> Answer {
    let parts = parts(call)?;
    let listing = find(&call.world.market, symbol)
        .ok_or_else(|| ApiError::not_found(format!("Symbol {symbol} not found")))?;
    ok(&json!({symbol.to_uppercase(): shown(call, listing, &parts)}))
}

fn parts<'a>(call: &'a Call<'_>) -> Result<Vec<&'a str>, ApiError> {
    let asked = call.query.list("fields");
    if asked.is_empty() || asked.contains(&"all") {
        return Ok(PARTS.to_vec());
    }
    match asked.iter().find(|part| !PARTS.contains(part)) {
        Some(part) => Err(ApiError::parameter(
            "fields",
            format!("{part} is not a valid field"),
        )),
        None => Ok(asked),
    }
}

fn shown(call: &Call<'_>, listing: usize, parts: &[&str]) -> Value {
    let market = &call.world.market;
    let entry = &market.listings()[listing];
    let figures = Figures::of(market, listing, call.now);
    let mut body = json!({
        "assetMainType": "EQUITY",
        "assetSubType": if is_fund(entry) { "ETF" } else { "COE" },
        "quoteType": "NBBO",
        "realtime": true,
        "ssid": number_of(&entry.symbol),
        "symbol": spelled(&entry.symbol),
    });
    for part in parts {
        let value = match *part {
            "quote" => figures.quote(year_range(market, listing, call.now)),
            "reference" => reference(call, listing),
            "fundamental" => fundamental(call, listing),
            "regular" => figures.regular(),
            // Nothing trades apart from the regular session here.
            _ => continue,
        };
        body[*part] = value;
    }
    body
}

fn reference(call: &Call<'_>, listing: usize) -> Value {
    let entry = &call.world.market.listings()[listing];
    let (letter, name) = exchange(entry);
    json!({
        "cusip": cusip(&entry.symbol),
        "description": description(entry),
        "exchange": letter,
        "exchangeName": name,
        "isHardToBorrow": false,
        "isShortable": true,
        "htbQuantity": 9_000_000,
        "htbRate": 0.0,
    })
}

fn fundamental(call: &Call<'_>, listing: usize) -> Value {
    let market = &call.world.market;
    let dividend = yearly_dividend(market, listing);
    let price = market.mark(listing).unwrap_or_default().0;
    let volume = match market.listings()[listing].price {
        PriceSource::Seeded(shape) => shape.daily_volume,
        PriceSource::Recorded => 0,
    };
    json!({
        "avg10DaysVolume": number(volume.into()),
        "avg1YearVolume": number(volume.into()),
        "divAmount": number(dividend),
        "divFreq": if dividend.is_zero() { 0 } else { 4 },
        "divPayAmount": number(dividend / Decimal::from(4)),
        "divYield": percent(dividend, price),
        "fundLeverageFactor": 0.0,
    })
}

/// What a share pays in a year.
pub(super) fn yearly_dividend(market: &Market, listing: usize) -> Decimal {
    match market.listings()[listing].price {
        PriceSource::Seeded(shape) => Decimal::new(shape.dividend_cents * 4, 2),
        PriceSource::Recorded => Decimal::ZERO,
    }
}

/// Highest and lowest price of the past year.
pub(super) fn year_range(market: &Market, listing: usize, now: Timestamp) -> (Decimal, Decimal) {
    let span = now.minus(std::time::Duration::from_secs(365 * 86_400))..now;
    let months: Vec<MarketBar> = market
        .bars(listing, Frame::Months(1), span, false, now)
        .collect();
    let price = market.mark(listing).unwrap_or_default().0;
    let high = months.iter().map(|bar| bar.high.0).max();
    let low = months.iter().map(|bar| bar.low.0).min();
    (
        high.unwrap_or(price).max(price),
        low.unwrap_or(price).min(price),
    )
}

/// What a symbol costs, and everything that follows from it.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) bid: Decimal,
    pub(super) ask: Decimal,
    pub(super) last: Decimal,
    pub(super) bid_size: Decimal,
    pub(super) ask_size: Decimal,
    pub(super) last_size: Decimal,
    pub(super) close: Decimal,
    pub(super) open: Decimal,
    pub(super) high: Decimal,
    pub(super) low: Decimal,
    pub(super) volume: u64,
    pub(super) quoted: i64,
    pub(super) traded: i64,
    pub(super) status: &'static str,
}

impl Figures {
    pub(super) fn of(market: &Market, listing: usize, now: Timestamp) -> Self {
        let line = market.line(listing);
        let last = market.mark(listing).unwrap_or_default().0;
        let day = market.day_bar(listing, market.calendar().latest_open(now), now);
        let close = market.previous_close(listing, now);
        let trade = line.trade.as_ref();
        let size = |size: Option<Quantity>| size.unwrap_or_default().0;
        Self {
            bid: line.quote.bid.unwrap_or_default().0,
            ask: line.quote.ask.unwrap_or_default().0,
            last,
            bid_size: size(line.quote.bid_size),
            ask_size: size(line.quote.ask_size),
            last_size: size(trade.map(|trade| trade.size)),
            close: close.map_or(last, |close| close.0),
            open: day.as_ref().map_or(last, |day| day.open.0),
            high: day.as_ref().map_or(last, |day| day.high.0.max(last)),
            low: day.as_ref().map_or(last, |day| day.low.0.min(last)),
            volume: day.map_or(0, |day| day.volume),
            quoted: line.quote.time.millis(),
            traded: trade.map_or(line.quote.time, |trade| trade.time).millis(),
            status: match line.status {
                TradingStatus::Halted(_) => "Halted",
                _ => "Normal",
            },
        }
    }

    pub(super) fn change(&self) -> Decimal {
        self.last - self.close
    }

    fn quote(&self, (high, low): (Decimal, Decimal)) -> Value {
        let change = number(self.change());
        let percent = percent(self.change(), self.close);
        json!({
            "52WeekHigh": number(high),
            "52WeekLow": number(low),
            "askMICId": "ARCX",
            "askPrice": number(self.ask),
            "askSize": whole(self.ask_size),
            "askTime": self.quoted,
            "bidMICId": "ARCX",
            "bidPrice": number(self.bid),
            "bidSize": whole(self.bid_size),
            "bidTime": self.quoted,
            "closePrice": number(self.close),
            "highPrice": number(self.high),
            "lastMICId": "ARCX",
            "lastPrice": number(self.last),
            "lastSize": whole(self.last_size),
            "lowPrice": number(self.low),
            "mark": number(self.last),
            "markChange": change,
            "markPercentChange": percent,
            "netChange": change,
            "netPercentChange": percent,
            "openPrice": number(self.open),
            "postMarketChange": 0.0,
            "postMarketPercentChange": 0.0,
            "quoteTime": self.quoted,
            "securityStatus": self.status,
            "totalVolume": self.volume,
            "tradeTime": self.traded,
        })
    }

    fn regular(&self) -> Value {
        json!({
            "regularMarketLastPrice": number(self.last),
            "regularMarketLastSize": whole(self.last_size),
            "regularMarketNetChange": number(self.change()),
            "regularMarketPercentChange": percent(self.change(), self.close),
            "regularMarketTradeTime": self.traded,
        })
    }
}
