//! Market data as the provider writes it, as JSON text and as MessagePack; `T` is always the first key.

use crate::domain::quote::DaySummary;
use crate::domain::{Bar, MarketEvent, Quantity, Quote, Timestamp, Trade, TradingStatus};
use crate::sim::market::{MarketBar, Tick};
use rmp::encode;
use rust_decimal::Decimal;
use serde_json::Value;
use std::fmt::Write as _;
use std::ops::Range;

/// What can be subscribed to, in the order of an acknowledgement.
pub(super) const CHANNELS: [&str; 10] = [
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
    "imbalances",
];
pub(super) const TRADES: usize = 0;
pub(super) const QUOTES: usize = 1;
const BARS: usize = 2;
const DAILY_BARS: usize = 4;
const STATUSES: usize = 5;

/// Messages made once for every socket that wants them.
#[derive(Debug, Default)]
pub(in crate::sim::alpaca) struct Batch {
    entries: Vec<Entry>,
    json: String,
    pack: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    listing: usize,
    channel: usize,
    json: Range<usize>,
    pack: Range<usize>,
}

/// One form of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim::alpaca) enum Format {
    /// Text.
    Json,
    /// MessagePack.
    Pack,
}

impl Batch {
    /// Writes ticks, in the forms that somebody listens to.
    pub(in crate::sim::alpaca) fn write<'a>(
        ticks: impl IntoIterator<Item = &'a Tick>,
        wants: impl Fn(Format) -> bool,
    ) -> Self {
        let (json, pack) = (wants(Format::Json), wants(Format::Pack));
        let mut batch = Self::default();
        for tick in ticks {
            let Some(channel) = channel_of(&tick.event) else {
                continue;
            };
            let starts = (batch.json.len(), batch.pack.len());
            if json {
                write_json(&mut batch.json, tick);
            }
            if pack {
                write_pack(&mut batch.pack, tick);
            }
            batch.entries.push(Entry {
                listing: tick.listing,
                channel,
                json: starts.0..batch.json.len(),
                pack: starts.1..batch.pack.len(),
            });
        }
        batch
    }

    /// One text frame of the messages that `wanted` takes by listing and channel.
    pub(super) fn text(&self, wanted: impl Fn(usize, usize) -> bool) -> Option<String> {
        let mut frame = String::from("[");
        for entry in self
            .entries
            .iter()
            .filter(|entry| wanted(entry.listing, entry.channel))
        {
            if frame.len() > 1 {
                frame.push(',');
            }
            frame.push_str(&self.json[entry.json.clone()]);
        }
        frame.push(']');
        (frame.len() > 2).then_some(frame)
    }

    /// One binary frame of the same.
    pub(super) fn packed(&self, wanted: impl Fn(usize, usize) -> bool) -> Option<Vec<u8>> {
        let mut count = 0;
        let mut body = Vec::new();
        for entry in self
            .entries
            .iter()
            .filter(|entry| wanted(entry.listing, entry.channel))
        {
            count += 1;
            body.extend_from_slice(&self.pack[entry.pack.clone()]);
        }
        let mut frame = Vec::with_capacity(body.len() + 5);
        infallible(encode::write_array_len(&mut frame, count));
        frame.extend_from_slice(&body);
        (count > 0).then_some(frame)
    }
}

fn channel_of(event: &MarketEvent) -> Option<usize> {
    match event {
        MarketEvent::Trade(_) => Some(TRADES),
        MarketEvent::Quote(_) => Some(QUOTES),
        MarketEvent::Bar(_) => Some(BARS),
        MarketEvent::Day(DaySummary { today: Some(_), .. }) => Some(DAILY_BARS),
        MarketEvent::Day(_) => None,
        MarketEvent::Status(..) => Some(STATUSES),
    }
}

fn write_json(out: &mut String, tick: &Tick) {
    match &tick.event {
        MarketEvent::Quote(quote) => {
            open(out, "q", quote.symbol.as_str());
            quote_fields(out, quote);
        }
        MarketEvent::Trade(trade) => {
            open(out, "t", trade.symbol.as_str());
            trade_fields(out, trade, tick.number);
        }
        MarketEvent::Bar(bar) => bar_message(out, "b", bar),
        MarketEvent::Day(DaySummary {
            today: Some(bar), ..
        }) => bar_message(out, "d", bar),
        MarketEvent::Day(_) => return,
        MarketEvent::Status(symbol, status) => {
            open(out, "s", symbol.as_str());
            let (code, words, reason_code, reason) = status_words(status);
            let reason = Value::from(reason);
            put(
                out,
                format_args!(
                    "\"sc\":\"{code}\",\"sm\":\"{words}\",\"rc\":\"{reason_code}\",\"rm\":{reason},\"z\":\"C\""
                ),
            );
        }
    }
    out.push('}');
}

fn bar_message(out: &mut String, kind: &str, bar: &Bar) {
    open(out, kind, bar.symbol.as_str());
    bar_fields(out, &MarketBar::from(bar));
}

fn open(out: &mut String, kind: &str, symbol: &str) {
    let plain = symbol
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"./-".contains(&byte));
    match plain {
        true => put(out, format_args!("{{\"T\":\"{kind}\",\"S\":\"{symbol}\",")),
        false => put(
            out,
            format_args!("{{\"T\":\"{kind}\",\"S\":{},", Value::from(symbol)),
        ),
    }
}

/// The fields of a quote, without braces.
pub(in crate::sim::alpaca) fn quote_fields(out: &mut String, quote: &Quote) {
    let price = |price: Option<crate::domain::Price>| price.unwrap_or_default().0;
    let size = |size: Option<Quantity>| size.unwrap_or_default().0;
    put(
        out,
        format_args!(
            "\"bx\":\"{}\",\"bp\":{},\"bs\":{},\"ax\":\"{}\",\"ap\":{},\"as\":{},\"t\":\"{}\",\"c\":[\"R\"],\"z\":\"C\"",
            exchange(quote.bid.is_some()),
            price(quote.bid),
            size(quote.bid_size),
            exchange(quote.ask.is_some()),
            price(quote.ask),
            size(quote.ask_size),
            quote.time,
        ),
    );
}

/// A side without a price has no exchange either.
fn exchange(known: bool) -> &'static str {
    if known { "V" } else { " " }
}

/// The fields of a trade, without braces.
pub(in crate::sim::alpaca) fn trade_fields(out: &mut String, trade: &Trade, number: u64) {
    put(
        out,
        format_args!(
            "\"i\":{number},\"x\":\"V\",\"p\":{},\"s\":{},\"t\":\"{}\",\"c\":[\"@\"],\"z\":\"C\"",
            trade.price, trade.size, trade.time,
        ),
    );
}

/// The fields of a bar, without braces.
pub(in crate::sim::alpaca) fn bar_fields(out: &mut String, bar: &MarketBar) {
    put(
        out,
        format_args!(
            "\"o\":{},\"h\":{},\"l\":{},\"c\":{},\"v\":{},\"t\":\"{}\",\"n\":{},\"vw\":{}",
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            bar.start,
            bar.trades,
            bar.average.0.round_dp(6),
        ),
    );
}

fn status_words(status: &TradingStatus) -> (&str, &str, &str, &str) {
    match status {
        TradingStatus::Trading => ("T", "Trading Resumption", "C11", "Trade Halt Concluded"),
        TradingStatus::Halted(reason) => ("H", "Trading Halt", "T12", reason.as_str()),
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
}

fn write_pack(out: &mut Vec<u8>, tick: &Tick) {
    match &tick.event {
        MarketEvent::Quote(quote) => pack_quote(out, quote),
        MarketEvent::Trade(trade) => pack_trade(out, trade, tick.number),
        MarketEvent::Bar(bar) => pack_bar(out, "b", bar),
        MarketEvent::Day(DaySummary {
            today: Some(bar), ..
        }) => pack_bar(out, "d", bar),
        MarketEvent::Day(_) => {}
        MarketEvent::Status(symbol, status) => {
            let (code, words, reason_code, reason) = status_words(status);
            head(out, 7, "s", symbol.as_str());
            for (name, text) in [
                ("sc", code),
                ("sm", words),
                ("rc", reason_code),
                ("rm", reason),
            ] {
                pair(out, name, text);
            }
            pair(out, "z", "C");
        }
    }
}

fn pack_quote(out: &mut Vec<u8>, quote: &Quote) {
    head(out, 11, "q", quote.symbol.as_str());
    pair(out, "bx", exchange(quote.bid.is_some()));
    float(out, "bp", quote.bid.unwrap_or_default().0);
    whole(out, "bs", quote.bid_size.unwrap_or_default().0);
    pair(out, "ax", exchange(quote.ask.is_some()));
    float(out, "ap", quote.ask.unwrap_or_default().0);
    whole(out, "as", quote.ask_size.unwrap_or_default().0);
    time(out, quote.time);
    words(out, "c", &["R"]);
    pair(out, "z", "C");
}

fn pack_trade(out: &mut Vec<u8>, trade: &Trade, number: u64) {
    head(out, 9, "t", trade.symbol.as_str());
    name(out, "i");
    infallible(encode::write_uint(out, number));
    pair(out, "x", "V");
    float(out, "p", trade.price.0);
    whole(out, "s", trade.size.0);
    time(out, trade.time);
    words(out, "c", &["@"]);
    pair(out, "z", "C");
}

fn pack_bar(out: &mut Vec<u8>, kind: &str, bar: &Bar) {
    let bar_of_market = MarketBar::from(bar);
    head(out, 10, kind, bar.symbol.as_str());
    float(out, "o", bar.open.0);
    float(out, "h", bar.high.0);
    float(out, "l", bar.low.0);
    float(out, "c", bar.close.0);
    whole(out, "v", bar.volume.0);
    time(out, bar.start);
    name(out, "n");
    infallible(encode::write_uint(out, bar_of_market.trades));
    float(out, "vw", bar_of_market.average.0);
}

fn head(out: &mut Vec<u8>, fields: u32, kind: &str, symbol: &str) {
    infallible(encode::write_map_len(out, fields));
    pair(out, "T", kind);
    pair(out, "S", symbol);
}

fn name(out: &mut Vec<u8>, name: &str) {
    infallible(encode::write_str(out, name));
}

fn pair(out: &mut Vec<u8>, field: &str, text: &str) {
    name(out, field);
    infallible(encode::write_str(out, text));
}

fn words(out: &mut Vec<u8>, field: &str, words: &[&str]) {
    name(out, field);
    infallible(encode::write_array_len(
        out,
        u32::try_from(words.len()).unwrap_or(0),
    ));
    for word in words {
        infallible(encode::write_str(out, word));
    }
}

/// The provider packs prices as binary floats; the digits are those of the decimal, read once.
fn float(out: &mut Vec<u8>, field: &str, amount: Decimal) {
    name(out, field);
    let nearest = amount.to_string().parse().unwrap_or(0.0);
    infallible(encode::write_f64(out, nearest));
}

fn whole(out: &mut Vec<u8>, field: &str, amount: Decimal) {
    match u64::try_from(amount) {
        Ok(number) if amount.fract().is_zero() => {
            name(out, field);
            infallible(encode::write_uint(out, number));
        }
        _ => float(out, field, amount),
    }
}

/// The timestamp extension in its 64-bit form: nanoseconds above seconds.
fn time(out: &mut Vec<u8>, time: Timestamp) {
    name(out, "t");
    let seconds = u64::try_from(time.nanos().div_euclid(1_000_000_000)).unwrap_or(0);
    let nanos = u64::try_from(time.nanos().rem_euclid(1_000_000_000)).unwrap_or(0);
    infallible(encode::write_ext_meta(out, 8, -1));
    out.extend_from_slice(&(nanos << 34 | seconds).to_be_bytes());
}

/// Any JSON value as MessagePack: what a control message is in a binary stream.
pub(super) fn pack_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => infallible(encode::write_nil(out)),
        Value::Bool(flag) => infallible(encode::write_bool(out, *flag)),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => infallible(encode::write_uint(out, number)),
            (None, Some(number)) => infallible(encode::write_sint(out, number)),
            (None, None) => infallible(encode::write_f64(out, number.as_f64().unwrap_or(0.0))),
        },
        Value::String(text) => infallible(encode::write_str(out, text)),
        Value::Array(items) => {
            let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
            infallible(encode::write_array_len(out, length));
            for item in items {
                pack_value(out, item);
            }
        }
        Value::Object(fields) => {
            let length = u32::try_from(fields.len()).unwrap_or(u32::MAX);
            infallible(encode::write_map_len(out, length));
            for (field, item) in fields {
                name(out, field);
                pack_value(out, item);
            }
        }
    }
}

fn infallible<T, E: std::fmt::Debug>(written: Result<T, E>) {
    written.map(drop).expect("a Vec takes everything");
}
