//! `/v2/stocks/bars`, paged over all symbols together.

use super::answer::{Answer, ApiError, text};
use super::prices::{bad_request, bar, check_feed};
use super::site::Call;
use crate::domain::{Symbol, Timestamp};
use crate::sim::market::Frame;
use jiff::civil::time;
use serde_json::Value;
use std::ops::Range;

/// Bars of a page where no number is asked for, and at most.
const PAGE: (usize, usize) = (1000, 10_000);

/// `GET /v2/stocks/bars` and, with a symbol in the path, `GET /v2/stocks/{symbol}/bars`.
pub(super) fn list(call: &Call<'_>, only: Option<&str>) -> Answer {
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
        let mut bars = call
            .world
            .market
            .bars(listing, page.frame, page.span.clone(), page.newest_first, call.now)
            .filter(|bar| is_new(bar.start));
        let mut last = from;
        let mut shown = Vec::new();
        for found in bars.by_ref().take(left) {
            last = Some(found.start);
            shown.push(bar(&found));
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
    text(written(&lists, &next, only))
}

fn written(lists: &[(String, Vec<String>)], next: &str, only: Option<&str>) -> String {
    if let Some(symbol) = only {
        let bars = lists.first().map(|(_, bars)| bars.join(","));
        let bars = bars.unwrap_or_default();
        let symbol = Value::from(symbol);
        return format!("{{\"symbol\":{symbol},\"bars\":[{bars}],\"next_page_token\":{next}}}");
    }
    let lists: Vec<String> = lists
        .iter()
        .map(|(symbol, bars)| format!("{}:[{}]", Value::from(symbol.as_str()), bars.join(",")))
        .collect();
    format!("{{\"bars\":{{{}}},\"next_page_token\":{next}}}", lists.join(","))
}

/// What a request for bars asks for.
struct Page {
    symbols: Vec<Symbol>,
    frame: Frame,
    span: Range<Timestamp>,
    limit: usize,
    newest_first: bool,
    /// Symbol and time of the last bar of the page before.
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
    let start = query.moment("start").map_err(|_| bad_request("invalid start"))?;
    let end = query.moment("end").map_err(|_| bad_request("invalid end"))?;
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
    let number: u32 = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
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
