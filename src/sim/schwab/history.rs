//! `/pricehistory`: candles.

use super::answer::{Answer, ApiError, number, ok};
use super::instruments::{find, spelled};
use super::site::Call;
use crate::domain::Timestamp;
use crate::sim::market::{Frame, MarketBar};
use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};
use serde_json::{Value, json};

/// Days that minutes reach back.
const MINUTE_DAYS: i64 = 48;

/// A period's kind: its word, the numbers allowed, the number where none is given, the kinds of candles
/// allowed, the kind where none is given.
struct PeriodRule {
    word: &'static str,
    periods: &'static [u32],
    period: u32,
    frames: &'static [&'static str],
    frame: &'static str,
}

const RULES: [PeriodRule; 4] = [
    PeriodRule {
        word: "day",
        periods: &[1, 2, 3, 4, 5, 10],
        period: 10,
        frames: &["minute"],
        frame: "minute",
    },
    PeriodRule {
        word: "month",
        periods: &[1, 2, 3, 6],
        period: 1,
        frames: &["daily", "weekly"],
        frame: "weekly",
    },
    PeriodRule {
        word: "year",
        periods: &[1, 2, 3, 5, 10, 15, 20],
        period: 1,
        frames: &["daily", "weekly", "monthly"],
        frame: "monthly",
    },
    PeriodRule {
        word: "ytd",
        periods: &[1],
        period: 1,
        frames: &["daily", "weekly"],
        frame: "weekly",
    },
];

/// `GET /pricehistory`.
pub(super) fn get(call: &Call<'_>) -> Answer {
    let market = &call.world.market;
    let symbol = call.query.need("symbol")?;
    let listing = find(market, symbol)
        .ok_or_else(|| ApiError::not_found(format!("Symbol {symbol} not found")))?;
    let rule = rule(call)?;
    let frame = frame(call, rule)?;
    let (start, end) = span(call, rule, frame)?;
    let bars = market.bars(listing, frame, start..end, false, call.now);
    let candles: Vec<Value> = bars.map(|bar| candle(&bar)).collect();
    let mut body = json!({
        "empty": candles.is_empty(),
        "candles": candles,
        "symbol": spelled(&market.listings()[listing].symbol),
    });
    if call.query.flag("needPreviousClose") == Some(true)
        && let Some(close) = market.previous_close(listing, call.now)
    {
        let calendar = market.calendar();
        let day = calendar.previous(calendar.latest_open(call.now).date);
        body["previousClose"] = number(close.0);
        body["previousCloseDate"] = day.close.millis().into();
    }
    ok(&body)
}

fn rule(call: &Call<'_>) -> Result<&'static PeriodRule, ApiError> {
    let word = call.query.get("periodType").unwrap_or("day");
    RULES.iter().find(|rule| rule.word == word).ok_or_else(|| {
        ApiError::parameter("periodType", format!("{word} is not a valid periodType"))
    })
}

fn frame(call: &Call<'_>, rule: &PeriodRule) -> Result<Frame, ApiError> {
    let word = call.query.get("frequencyType").unwrap_or(rule.frame);
    if !rule.frames.contains(&word) {
        let words = format!("{word} is not a valid frequencyType for {}", rule.word);
        return Err(ApiError::parameter("frequencyType", words));
    }
    let every = call.query.parsed::<u32>("frequency")?.unwrap_or(1);
    let allowed: &[u32] = if word == "minute" {
        &[1, 5, 10, 15, 30]
    } else {
        &[1]
    };
    if !allowed.contains(&every) {
        let words = format!("{every} is not a valid frequency for {word}");
        return Err(ApiError::parameter("frequency", words));
    }
    Ok(match word {
        "minute" => Frame::Minutes(every),
        "daily" => Frame::Day,
        "weekly" => Frame::Week,
        _ => Frame::Months(1),
    })
}

fn span(
    call: &Call<'_>,
    rule: &PeriodRule,
    frame: Frame,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let moment = |name| {
        let millis = call.query.parsed::<i64>(name)?;
        Ok::<_, ApiError>(millis.and_then(Timestamp::from_millis))
    };
    let period = call.query.parsed::<u32>("period")?.unwrap_or(rule.period);
    if !rule.periods.contains(&period) {
        let words = format!("{period} is not a valid period for {}", rule.word);
        return Err(ApiError::parameter("period", words));
    }
    let end = moment("endDate")?.unwrap_or(call.now).min(call.now);
    let start = match moment("startDate")? {
        Some(start) => start,
        None => earlier(call, end, rule.word, period),
    };
    let reach = std::time::Duration::from_secs(86_400 * MINUTE_DAYS.unsigned_abs());
    let start = match frame {
        Frame::Minutes(_) => start.max(call.now.minus(reach)),
        Frame::Hours(_) | Frame::Day | Frame::Week | Frame::Months(_) => start,
    };
    if start > end {
        return Err(ApiError::parameter(
            "startDate",
            "startDate must not be after endDate",
        ));
    }
    Ok((start, end))
}

/// The start of a period that ends at `end`; trading days count, not days.
fn earlier(call: &Call<'_>, end: Timestamp, word: &str, period: u32) -> Timestamp {
    let calendar = call.world.market.calendar();
    let today = calendar.latest_open(end);
    let back = |span: Span| today.date.checked_sub(span).unwrap_or(today.date);
    let number = i64::from(period);
    let first: Date = match word {
        "day" => {
            let mut day = today;
            for _ in 1..period {
                day = calendar.previous(day.date);
            }
            return day.pre_open;
        }
        "month" => back(number.months()),
        "year" => back(number.years()),
        _ => date(today.date.year(), 1, 1),
    };
    calendar.at(first, jiff::civil::time(0, 0, 0, 0))
}

fn candle(bar: &MarketBar) -> Value {
    json!({
        "open": number(bar.open.0),
        "high": number(bar.high.0),
        "low": number(bar.low.0),
        "close": number(bar.close.0),
        "volume": bar.volume,
        "datetime": bar.start.millis(),
    })
}
