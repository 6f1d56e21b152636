//! Market data sockets: `v2/iex`, `v2/sip`, `v2/delayed_sip`, `v2/test`.

use super::messages::{Batch, Format};
use super::wanted::Wanted;
use super::{as_pack, as_text, format_of, read};
use crate::domain::{MarketEvent, Price, Quantity, Quote, Symbol, Trade};
use crate::sim::alpaca::{Host, Shared, gate};
use crate::sim::market::{Speed, Tick};
use crate::sim::socket::{Gone, Line, Nonsense, Socket};
use http::HeaderMap;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

/// How long a client has to say who it is.
const AUTH_TIME: Duration = Duration::from_secs(10);
/// Rows of a recording in one frame when it is played without gaps.
const ROWS_PER_FRAME: usize = 64;
/// The only symbol of the test feed.
const TEST_SYMBOL: &str = "FAKEPACA";

/// The feeds by their paths.
pub(in crate::sim::alpaca) const FEEDS: [&str; 4] =
    ["/v2/iex", "/v2/sip", "/v2/delayed_sip", "/v2/test"];

/// One data socket.
struct Session {
    line: Line,
    shared: Arc<Shared>,
    format: Format,
    feed: String,
    customer: Option<usize>,
    slot: Option<(String, String)>,
    wanted: Wanted,
    /// For each listing, one bit for each channel that is wanted.
    mask: Vec<u16>,
    replayed: HashSet<Symbol>,
    feed_of_market: broadcast::Receiver<Arc<Batch>>,
}

/// Runs a data socket until it closes.
pub(in crate::sim::alpaca) async fn run(
    shared: Arc<Shared>,
    feed: String,
    socket: Socket,
    headers: HeaderMap,
) {
    let format = format_of(&headers);
    let listeners = shared.listeners(format);
    let count = Arc::clone(&listeners);
    count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let nonsense = Nonsense {
        error: error_of,
        unknown: || json!([{"T": "zz", "S": "AAPL", "v": 1}]),
    };
    let write = match format {
        Format::Json => as_text,
        Format::Pack => as_pack,
    };
    let names = (["data_stream", "streams"], feed.as_str());
    let line = Line::new(socket, shared.faults.clone(), names, write, nonsense);
    let mut session = Session {
        line,
        shared: Arc::clone(&shared),
        format,
        feed,
        customer: None,
        slot: None,
        wanted: Wanted::default(),
        mask: Vec::new(),
        replayed: HashSet::new(),
        feed_of_market: shared.feed.subscribe(),
    };
    // Both ways out are an end: the socket is gone, or it was closed with its reason.
    drop(session.live(&headers).await);
    if let Some(slot) = session.slot.take() {
        shared.release(&slot);
    }
    count.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
}

impl Session {
    async fn live(&mut self, headers: &HeaderMap) -> Result<(), Gone> {
        self.line
            .say("connected", &json!([{"T": "success", "msg": "connected"}]))
            .await?;
        if let Some((key, secret)) = gate::credentials(headers) {
            self.authenticate(key, secret).await?;
        }
        let deadline = Instant::now() + AUTH_TIME;
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                heard = self.line.hear() => self.take(&heard?).await?,
                () = sleep_until(deadline), if self.customer.is_none() => {
                    return self.end(404, "auth timeout").await;
                }
                batch = self.feed_of_market.recv(), if self.customer.is_some() => match batch {
                    Ok(batch) => self.pass_on(&batch).await?,
                    Err(RecvError::Lagged(_)) => return self.end(407, "slow client").await,
                    Err(RecvError::Closed) => return Err(Gone),
                },
                _ = seconds.tick(), if self.feed == "/v2/test" => self.tell_test().await?,
            }
        }
    }

    async fn take(&mut self, message: &Message) -> Result<(), Gone> {
        if matches!(message, Message::Ping(_) | Message::Pong(_)) {
            return Ok(());
        }
        let Some(request) = read(message, self.format) else {
            return self.error(400, "invalid syntax").await;
        };
        let action = request["action"].as_str().unwrap_or_default();
        match (action, self.customer) {
            ("auth", Some(_)) => self.error(403, "already authenticated").await,
            ("auth", None) => {
                let field = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
                self.authenticate(&field("key"), &field("secret")).await
            }
            ("subscribe" | "unsubscribe", None) => self.error(401, "not authenticated").await,
            ("subscribe", Some(customer)) => self.subscribe(&request, customer).await,
            ("unsubscribe", Some(_)) => self.unsubscribe(&request).await,
            _ => self.error(400, "invalid syntax").await,
        }
    }

    async fn authenticate(&mut self, key: &str, secret: &str) -> Result<(), Gone> {
        let recognised = {
            let world = self.shared.world();
            let customer = gate::recognise(&world.customers, Host::Data, key, secret);
            customer.map(|index| (index, world.customers[index].profile.free))
        };
        let Ok((customer, free)) = recognised else {
            return self.end(402, "auth failed").await;
        };
        if free && self.feed == "/v2/sip" {
            return self.end(409, "insufficient subscription").await;
        }
        let slot = (key.to_owned(), self.feed.clone());
        if !self.shared.claim(&slot) {
            return self.end(406, "connection limit exceeded").await;
        }
        self.slot = Some(slot);
        self.customer = Some(customer);
        self.line
            .say("auth", &json!([{"T": "success", "msg": "authenticated"}]))
            .await
    }

    async fn subscribe(&mut self, request: &Value, customer: usize) -> Result<(), Gone> {
        if ["orderbooks", "news"]
            .iter()
            .any(|channel| request.get(channel).is_some())
        {
            return self
                .error(410, "invalid subscribe action for this feed")
                .await;
        }
        let mut wanted = self.wanted.clone();
        wanted.add(request);
        let free = self.shared.world().customers[customer].profile.free;
        if free && self.feed == "/v2/iex" && wanted.exceeds_free_plan() {
            return self.error(405, "symbol limit exceeded").await;
        }
        let before = std::mem::replace(&mut self.wanted, wanted);
        self.acknowledge().await?;
        self.catch_up(&before).await
    }

    async fn unsubscribe(&mut self, request: &Value) -> Result<(), Gone> {
        self.wanted.remove(request);
        self.acknowledge().await
    }

    async fn acknowledge(&mut self) -> Result<(), Gone> {
        self.mask = self.wanted.mask(&self.shared);
        let text = self.wanted.acknowledgement();
        let frame = match self.format {
            Format::Json => Message::text(text),
            Format::Pack => {
                let value = serde_json::from_str(&text).expect("written above");
                self.line.frame(&value)
            }
        };
        self.line.send("subscription", frame).await
    }

    /// Brings a new subscriber of recorded symbols up to date: with every row where the recording is
    /// played without gaps, else with the newest quote and trade.
    async fn catch_up(&mut self, before: &Wanted) -> Result<(), Gone> {
        let shared = Arc::clone(&self.shared);
        let (ticks, listings) = {
            let world = shared.world();
            let market = &world.market;
            let recorded: Vec<usize> = (0..market.listings().len())
                .filter(|listing| market.is_recorded(*listing))
                .filter(|listing| {
                    let symbol = market.listings()[*listing].symbol.as_str();
                    self.wanted.newly_has(before, symbol)
                })
                .collect();
            let replays: HashSet<usize> = match market.speed() {
                Speed::Max => recorded
                    .iter()
                    .copied()
                    .filter(|listing| {
                        self.replayed
                            .insert(market.listings()[*listing].symbol.clone())
                    })
                    .collect(),
                Speed::Times(_) => HashSet::new(),
            };
            let newest = recorded
                .iter()
                .filter(|listing| !replays.contains(listing))
                .flat_map(|listing| market.newest(*listing))
                .collect::<Vec<_>>();
            (newest, replays)
        };
        self.pass_on(&Batch::write(&ticks, |format| format == self.format))
            .await?;
        if !listings.is_empty() {
            self.play_all(&listings).await?;
            // What the market said meanwhile is older than the end of the recording.
            self.feed_of_market = shared.feed.subscribe();
        }
        Ok(())
    }

    /// Sends every recorded row of some listings, as fast as the socket takes them.
    async fn play_all(&mut self, listings: &HashSet<usize>) -> Result<(), Gone> {
        let shared = Arc::clone(&self.shared);
        let start = shared.clock.now();
        let rows = shared.world().market.recording().rows.len();
        for first in (0..rows).step_by(ROWS_PER_FRAME) {
            let ticks: Vec<Tick> = {
                let world = shared.world();
                (first..rows.min(first + ROWS_PER_FRAME))
                    .flat_map(|row| world.market.recorded_ticks(row, start))
                    .filter(|tick| listings.contains(&tick.listing))
                    .collect()
            };
            self.pass_on(&Batch::write(&ticks, |format| format == self.format))
                .await?;
        }
        Ok(())
    }

    async fn pass_on(&mut self, batch: &Batch) -> Result<(), Gone> {
        let wanted = |listing: usize, channel: usize| {
            self.mask
                .get(listing)
                .is_some_and(|mask| mask & (1 << channel) != 0)
        };
        let frame = match self.format {
            Format::Json => batch.text(wanted).map(Message::text),
            Format::Pack => batch.packed(wanted).map(Message::binary),
        };
        match frame {
            Some(frame) if self.feed != "/v2/test" => self.line.send("message", frame).await,
            _ => Ok(()),
        }
    }

    /// The test feed: one quote and one trade a second of a symbol that does not exist.
    async fn tell_test(&mut self) -> Result<(), Gone> {
        let now = self.shared.clock.now();
        let cents = 13_000 + now.millis() / 1000 % 97;
        let (symbol, price) = (Symbol::new(TEST_SYMBOL), |cents| {
            Price(Decimal::new(cents, 2))
        });
        let quote = Quote {
            symbol: symbol.clone(),
            bid: Some(price(cents)),
            ask: Some(price(cents + 2)),
            bid_size: Some(Quantity(Decimal::ONE_HUNDRED)),
            ask_size: Some(Quantity(Decimal::ONE_HUNDRED)),
            time: now,
        };
        let trade = Trade {
            symbol,
            price: price(cents + 1),
            size: Quantity(Decimal::TEN),
            time: now,
        };
        let events = [MarketEvent::Quote(quote), MarketEvent::Trade(trade)];
        let number = now.millis().unsigned_abs() / 1000;
        let ticks = events.map(|event| Tick {
            listing: 0,
            number,
            event,
        });
        let batch = Batch::write(&ticks, |format| format == self.format);
        let wanted = |_, channel: usize| self.wanted.has(channel, TEST_SYMBOL);
        let frame = match self.format {
            Format::Json => batch.text(wanted).map(Message::text),
            Format::Pack => batch.packed(wanted).map(Message::binary),
        };
        match frame {
            Some(frame) => self.line.send("message", frame).await,
            None => Ok(()),
        }
    }

    async fn error(&mut self, code: u16, words: &str) -> Result<(), Gone> {
        let error = json!([{"T": "error", "code": code, "msg": words}]);
        self.line.say("error", &error).await
    }

    async fn end(&mut self, code: u16, words: &'static str) -> Result<(), Gone> {
        self.error(code, words).await?;
        self.line.close(words).await;
        Err(Gone)
    }
}

/// The documented words of an error code.
fn error_of(code: u16) -> Value {
    let words = match code {
        400 => "invalid syntax",
        401 => "not authenticated",
        402 => "auth failed",
        403 => "already authenticated",
        404 => "auth timeout",
        405 => "symbol limit exceeded",
        406 => "connection limit exceeded",
        407 => "slow client",
        408 => "v2 not enabled",
        409 => "insufficient subscription",
        410 => "invalid subscribe action for this feed",
        411 => "insufficient scope",
        _ => "internal error",
    };
    json!([{"T": "error", "code": code, "msg": words}])
}
