//! `/v2/stocks/{bars,quotes,trades}`: the past, paged over all symbols together.

use super::answer::{Answer, ApiError, text};
use super::prices::{bad_request, bar, check_feed};
use super::site::Call;
use super::streams::messages::{quote_fields, trade_fields};
use crate::domain::{Symbol, Timestamp};
use crate::sim::market::Frame;
use jiff::civil::time;
use serde_json::Value;
use std::ops::Range;

/// Items of a page where no number is asked for, and at most.
const PAGE: (usize, usize) = (1000, 10_000);

/// What there is a series of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    Bars,
    Quotes,
    Trades,
}

impl Series {
    fn word(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Quotes => "quotes",
            Self::Trades => "trades",
        }
    }
}

/// `GET /v2/stocks/bars` and its like; with a symbol in the path, `GET /v2/stocks/{symbol}/bars`.
pub(super) fn list(call: &Call<'_>, series: Series, only: Option<&str>) -> Answer {
    check_feed(call)?;
    let page = read(call, only)?;
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    let mut left = page.limit;
    let mut next = None;
    for symbol in &page.symbols {
        let Some(listing) = call.world.market.find(symbol) else {
            continue;
        };
        let from = match &page.token {
            Some((last, _)) if symbol < last => continue,
            Some((last, time)) if symbol == last => Some(*time),
            _ => None,
        };
        let is_new = |start: Timestamp| match (from, page.newest_first) {
            (None, _) => true,
            (Some(from), false) => start > from,
            (Some(from), true) => start < from,
        };
        let items = items(call, series, listing, &page);
        let mut last = from;
        let mut shown = Vec::new();
        for (time, item) in items.filter(|(time, _)| is_new(*time)).take(left) {
            last = Some(time);
            shown.push(item);
        }
        left -= shown.len();
        if !shown.is_empty() {
            lists.push((symbol.as_str().to_owned(), shown));
        }
        if left == 0 {
            next = last.map(|time| token(symbol, time));
            break;
        }
    }
    let next = next.map_or_else(|| "null".to_owned(), |token| Value::from(token).to_string());
    text(written(series, &lists, &next, only))
}

/// The items of one symbol with their times, in the order asked for.
fn items<'a>(
    call: &'a Call<'_>,
    series: Series,
    listing: usize,
    page: &'a Page,
) -> Box<dyn Iterator<Item = (Timestamp, String)> + 'a> {
    let market = &call.world.market;
    let (span, newest_first) = (
        page.span.start..page.span.end.min(call.now),
        page.newest_first,
    );
    let braced = |write: &dyn Fn(&mut String)| {
        let mut out = String::from("{");
        write(&mut out);
        out.push('}');
        out
    };
    match series {
        Series::Bars => Box::new(
            market
                .bars(listing, page.frame, span, newest_first, call.now)
                .map(|found| (found.start, bar(&found))),
        ),
        Series::Quotes => Box::new(
            market
                .past_quotes(listing, span, newest_first)
                .map(move |quote| (quote.time, braced(&|out| quote_fields(out, &quote)))),
        ),
        Series::Trades => Box::new(market.past_trades(listing, span, newest_first).map(
            move |(number, trade)| (trade.time, braced(&|out| trade_fields(out, &trade, number))),
        )),
    }
}

fn written(
    series: Series,
    lists: &[(String, Vec<String>)],
    next: &str,
    only: Option<&str>,
) -> String {
    let word = series.word();
    if let Some(symbol) = only {
        let items = lists.first().map(|(_, items)| items.join(","));
        let items = items.unwrap_or_default();
        let symbol = Value::from(symbol);
        return format!("{{\"symbol\":{symbol},\"{word}\":[{items}],\"next_page_token\":{next}}}");
    }
    let lists: Vec<String> = lists
        .iter()
        .map(|(symbol, items)| format!("{}:[{}]", Value::from(symbol.as_str()), items.join(",")))
        .collect();
    format!(
        "{{\"{word}\":{{{}}},\"next_page_token\":{next}}}",
        lists.join(",")
    )
}

/// What a request for a series asks for.
struct Page {
    symbols: Vec<Symbol>,
    frame: Frame,
    span: Range<Timestamp>,
    limit: usize,
    newest_first: bool,
    /// Symbol and time of the last item of the page before.
    token: Option<(Symbol, Timestamp)>,
}

fn read(call: &Call<'_>, only: Option<&str>) -> Result<Page, ApiError> {
    let query = call.query;
    let calendar = call.world.market.calendar();
    let mut symbols: Vec<Symbol> = match only {
        Some(symbol) => vec![Symbol::new(symbol)],
        None => query.list("symbols").into_iter().map(Symbol::new).collect(),
    };
    symbols.sort_unstable();
    symbols.dedup();
    if symbols.is_empty() {
        return Err(bad_request("symbols is required"));
    }
    let frame = query.get("timeframe").unwrap_or("1Day");
    let frame = frame_of(frame).ok_or_else(|| bad_request("invalid timeframe"))?;
    let midnight = calendar.at(calendar.date_of(call.now), time(0, 0, 0, 0));
    let start = query
        .moment("start")
        .map_err(|_| bad_request("invalid start"))?;
    let end = query
        .moment("end")
        .map_err(|_| bad_request("invalid end"))?;
    let end = end.unwrap_or(call.now);
    let start = start.unwrap_or(midnight);
    if start > end {
        return Err(bad_request("end should not be before start"));
    }
    let token = query
        .get("page_token")
        .map(|text| read_token(text).ok_or_else(|| bad_request("invalid page_token")))
        .transpose()?;
    Ok(Page {
        symbols,
        frame,
        // The end belongs to the span.
        span: start..end.plus(std::time::Duration::from_nanos(1)),
        limit: query
            .limit("limit", PAGE.0, PAGE.1)
            .map_err(|_| bad_request("invalid limit"))?,
        newest_first: query.word("sort", &["asc", "desc"])? == Some("desc"),
        token,
    })
}

fn frame_of(text: &str) -> Option<Frame> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = if digits == 0 {
        1
    } else {
        text[..digits].parse().ok()?
    };
    match &text[digits..] {
        "Min" | "T" if (1..=59).contains(&number) => Some(Frame::Minutes(number)),
        "Hour" | "H" if (1..=23).contains(&number) => Some(Frame::Hours(number)),
        "Day" | "D" if number == 1 => Some(Frame::Day),
        "Week" | "W" if number == 1 => Some(Frame::Week),
        "Month" | "M" if [1, 2, 3, 4, 6, 12].contains(&number) => Some(Frame::Months(number)),
        _ => None,
    }
}

/// A token says where the page before ended; in hexadecimal, so that nobody takes it apart.
fn token(symbol: &Symbol, time: Timestamp) -> String {
    let text = format!("{symbol}|{time}");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_token(token: &str) -> Option<(Symbol, Timestamp)> {
    let bytes: Option<Vec<u8>> = token
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let text = String::from_utf8(bytes?).ok()?;
    let (symbol, time) = text.split_once('|')?;
    Some((Symbol::new(symbol), Timestamp::parse(time).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_manual() {
        let cases = [
            ("1Min", Some(Frame::Minutes(1))),
            ("59T", Some(Frame::Minutes(59))),
            ("60Min", None),
            ("23Hour", Some(Frame::Hours(23))),
            ("1Day", Some(Frame::Day)),
            ("2Day", None),
            ("1Week", Some(Frame::Week)),
            ("6Month", Some(Frame::Months(6))),
            ("5Month", None),
            ("Fortnight", None),
        ];
        for (text, frame) in cases {
            assert_eq!(frame_of(text), frame, "{text}");
        }
    }

    #[test]
    fn a_token_says_where_the_page_ended() {
        let (symbol, time) = (Symbol::new("EUR/USD"), Timestamp::EPOCH);
        assert_eq!(read_token(&token(&symbol, time)), Some((symbol, time)));
        for wrong in ["", "zz", "41", "é"] {
            assert_eq!(read_token(wrong), None, "{wrong}");
        }
    }
}
