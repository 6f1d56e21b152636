//! The streamer: one WebSocket a person, requests in, responses, heartbeats and data out.

mod activity;
mod derived;
mod level;
mod wanted;

use super::Shared;
use super::shared::News;
use crate::domain::{Bar, MarketEvent};
use crate::sim::market::Tick;
use crate::sim::schwab::answer::{number, whole};
use crate::sim::schwab::instruments::spelled;
use crate::sim::socket::{Gone, Line, Nonsense, Socket};
use level::Service;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use wanted::{Refused, Subscriptions};

/// How often the streamer says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often prices are made that are no listing's own.
const SECOND: Duration = Duration::from_secs(1);
/// How long a connection may be without a subscription.
const IDLE: Duration = Duration::from_secs(60);

/// Codes of responses.
const SUCCESS: u16 = 0;
const LOGIN_DENIED: u16 = 3;
const SERVICE_NOT_AVAILABLE: u16 = 11;
const CLOSE_CONNECTION: u16 = 12;
const REACHED_SYMBOL_LIMIT: u16 = 19;
const NOT_LOGGED_IN: u16 = 20;
const BAD_COMMAND_FORMAT: u16 = 21;
const STOP_STREAMING: u16 = 30;

/// One connection.
struct Session {
    line: Line,
    shared: Arc<Shared>,
    person: Option<usize>,
    /// The word that another connection of the same person ends this one with.
    ended: CancellationToken,
    wanted: Subscriptions,
    /// Number of the next message of each service whose messages are all delivered.
    sequence: u64,
    idle_until: Instant,
    feed: broadcast::Receiver<Arc<Vec<Tick>>>,
    news: broadcast::Receiver<Arc<News>>,
}

/// Runs a connection until it closes.
pub(super) async fn run(shared: Arc<Shared>, socket: Socket) {
    let nonsense = Nonsense {
        error: |code| json!({"notify": [{"service": "ADMIN", "content": {"code": code, "msg": words(code)}}]}),
        unknown: || json!({"surprise": [{"service": "SURPRISES", "content": []}]}),
    };
    let names = (["streamer", "streams"], super::site::STREAMER);
    let write = |value: &Value| Message::text(value.to_string());
    let line = Line::new(socket, shared.faults.clone(), names, write, nonsense);
    let mut session = Session {
        line,
        person: None,
        ended: CancellationToken::new(),
        wanted: Subscriptions::default(),
        sequence: 1,
        idle_until: Instant::now() + IDLE,
        feed: shared.feed.subscribe(),
        news: shared.news.subscribe(),
        shared,
    };
    // Both ways out are an end: the socket is gone, or it was closed with its reason.
    drop(session.live().await);
}

impl Session {
    async fn live(&mut self) -> Result<(), Gone> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut seconds = tokio::time::interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = self.ended.clone();
        let mut ended = Box::pin(ended.cancelled_owned());
        loop {
            tokio::select! {
                heard = self.line.hear() => {
                    let before = self.person;
                    self.take(&heard?).await?;
                    if self.person != before {
                        ended = Box::pin(self.ended.clone().cancelled_owned());
                    }
                }
                () = &mut ended => return self.stop(CLOSE_CONNECTION).await,
                () = sleep_until(self.idle_until), if self.wanted.is_empty() => {
                    return self.stop(STOP_STREAMING).await;
                }
                _ = heartbeat.tick(), if self.person.is_some() => self.beat().await?,
                _ = seconds.tick(), if self.person.is_some() => self.pass_on_derived().await?,
                ticks = self.feed.recv() => match ticks {
                    Ok(ticks) => self.pass_on(&ticks).await?,
                    Err(RecvError::Lagged(_)) => return self.stop(STOP_STREAMING).await,
                    Err(RecvError::Closed) => return Err(Gone),
                },
                news = self.news.recv() => match news {
                    Ok(news) => self.tell(&news).await?,
                    Err(RecvError::Lagged(_)) => return self.stop(STOP_STREAMING).await,
                    Err(RecvError::Closed) => return Err(Gone),
                },
            }
        }
    }

    async fn beat(&mut self) -> Result<(), Gone> {
        let now = self.now().to_string();
        self.line
            .say("heartbeat", &json!({"notify": [{"heartbeat": now}]}))
            .await
    }

    fn now(&self) -> i64 {
        self.shared.clock.now().millis()
    }

    async fn take(&mut self, message: &Message) -> Result<(), Gone> {
        let Message::Text(text) = message else {
            return Ok(());
        };
        let Ok(heard) = serde_json::from_str::<Value>(text.as_str()) else {
            return self.respond(&Value::Null, BAD_COMMAND_FORMAT, None).await;
        };
        // A request may come in its envelope or bare.
        let requests = match heard.get("requests") {
            Some(Value::Array(requests)) => requests.clone(),
            Some(_) => return self.respond(&Value::Null, BAD_COMMAND_FORMAT, None).await,
            None => vec![heard],
        };
        for request in requests {
            self.obey(&request).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, request: &Value) -> Result<(), Gone> {
        let word = |name: &str| request[name].as_str().unwrap_or_default();
        match (word("service"), word("command")) {
            ("ADMIN", "LOGIN") => self.log_in(request).await,
            _ if self.person.is_none() => self.respond(request, NOT_LOGGED_IN, None).await,
            _ if !self.is_known(request) => self.respond(request, NOT_LOGGED_IN, None).await,
            ("ADMIN", "LOGOUT") => {
                self.respond(request, SUCCESS, Some("SUCCESS")).await?;
                self.line.close("logged out").await;
                Err(Gone)
            }
            (service, command @ ("SUBS" | "ADD" | "UNSUBS" | "VIEW")) => {
                self.subscribe(request, service, command).await
            }
            _ => self.respond(request, BAD_COMMAND_FORMAT, None).await,
        }
    }

    /// Whether a request carries the name that the streamer knows its person by.
    fn is_known(&self, request: &Value) -> bool {
        let person = self.person.map(|person| &self.shared.people[person]);
        person
            .is_some_and(|person| request["SchwabClientCustomerId"] == person.streamer_id.as_str())
    }

    async fn log_in(&mut self, request: &Value) -> Result<(), Gone> {
        let parameters = &request["parameters"];
        let token = parameters["Authorization"].as_str().unwrap_or_default();
        let person = self.shared.bearer(token).filter(|person| {
            let id = self.shared.people[*person].streamer_id.as_str();
            request["SchwabClientCustomerId"] == id
        });
        let Some(person) = person else {
            self.respond(request, LOGIN_DENIED, None).await?;
            self.line.close("login denied").await;
            return Err(Gone);
        };
        self.person = Some(person);
        self.ended = self.shared.claim_stream(person);
        self.idle_until = Instant::now() + IDLE;
        self.respond(request, SUCCESS, Some("server=s0001sim-1;status=PN"))
            .await
    }

    async fn subscribe(
        &mut self,
        request: &Value,
        service: &str,
        command: &str,
    ) -> Result<(), Gone> {
        let Some(service) = Service::parse(service) else {
            return self.respond(request, SERVICE_NOT_AVAILABLE, None).await;
        };
        if let Err(refused) = self.wanted.change(service, command, &request["parameters"]) {
            let code = match refused {
                Refused::Format => BAD_COMMAND_FORMAT,
                Refused::TooMany => REACHED_SYMBOL_LIMIT,
            };
            return self.respond(request, code, None).await;
        }
        self.idle_until = Instant::now() + IDLE;
        let msg = format!("{command} command succeeded");
        self.respond(request, SUCCESS, Some(&msg)).await?;
        match (service, command) {
            (_, "UNSUBS") => Ok(()),
            (Service::AccountActivity, _) => self.greet().await,
            _ => self.catch_up(service).await,
        }
    }

    async fn respond(&mut self, request: &Value, code: u16, msg: Option<&str>) -> Result<(), Gone> {
        let response = json!({
            "service": request["service"].as_str().unwrap_or_default(),
            "command": request["command"].as_str().unwrap_or_default(),
            "requestid": request["requestid"].as_str().unwrap_or_default(),
            "SchwabClientCorrelId": request["SchwabClientCorrelId"],
            "timestamp": self.now(),
            "content": {"code": code, "msg": msg.unwrap_or(words(code))},
        });
        self.line
            .say("response", &json!({"response": [response]}))
            .await
    }

    /// Says why and closes.
    async fn stop(&mut self, code: u16) -> Result<(), Gone> {
        let note = json!({
            "service": "ADMIN",
            "timestamp": self.now(),
            "content": {"code": code, "msg": words(code)},
        });
        self.line.say("notify", &json!({"notify": [note]})).await?;
        self.line.close("stopped").await;
        Err(Gone)
    }

    async fn data(&mut self, service: Service, content: Vec<Value>) -> Result<(), Gone> {
        if content.is_empty() {
            return Ok(());
        }
        let data = json!({
            "service": service.word(),
            "timestamp": self.now(),
            "command": "SUBS",
            "content": content,
        });
        self.line.say("message", &json!({"data": [data]})).await
    }

    /// Everything that is known of what was just subscribed to.
    async fn catch_up(&mut self, service: Service) -> Result<(), Gone> {
        let content = {
            let world = self.shared.world();
            self.wanted
                .changes(service, &world.market, self.shared.clock.now(), None)
        };
        self.data(service, content).await
    }

    /// What changed with the market's ticks.
    async fn pass_on(&mut self, ticks: &[Tick]) -> Result<(), Gone> {
        if self.wanted.has(Service::Equities) {
            let moved: Vec<usize> = ticks.iter().map(|tick| tick.listing).collect();
            let content = {
                let world = self.shared.world();
                let now = self.shared.clock.now();
                self.wanted
                    .changes(Service::Equities, &world.market, now, Some(&moved))
            };
            self.data(Service::Equities, content).await?;
        }
        if self.wanted.has(Service::Chart) {
            let content = self.candles(ticks);
            self.data(Service::Chart, content).await?;
        }
        Ok(())
    }

    async fn pass_on_derived(&mut self) -> Result<(), Gone> {
        for service in Service::DERIVED {
            if self.wanted.has(service) {
                self.catch_up(service).await?;
            }
        }
        Ok(())
    }

    fn candles(&mut self, ticks: &[Tick]) -> Vec<Value> {
        let mut content = Vec::new();
        for tick in ticks {
            if let MarketEvent::Bar(bar) = &tick.event
                && self.wanted.wants(Service::Chart, &spelled(&bar.symbol))
            {
                content.push(candle(bar, self.sequence));
                self.sequence += 1;
            }
        }
        content
    }

    /// The first message of a subscription to account activity.
    async fn greet(&mut self) -> Result<(), Gone> {
        let key = self.wanted.label();
        let content = json!({"seq": 0, "key": key, "1": "", "2": "SUBSCRIBED", "3": ""});
        self.data(Service::AccountActivity, vec![content]).await
    }

    async fn tell(&mut self, news: &News) -> Result<(), Gone> {
        let Some(person) = self
            .person
            .filter(|_| self.wanted.has(Service::AccountActivity))
        else {
            return Ok(());
        };
        let events = {
            let world = self.shared.world();
            activity::events(&world, &self.shared.people[person], news)
        };
        let key = self.wanted.label().to_owned();
        let mut content = Vec::new();
        for event in events {
            content.push(json!({
                "seq": self.sequence,
                "key": key,
                "1": event.account,
                "2": event.kind,
                "3": event.body.to_string(),
            }));
            self.sequence += 1;
        }
        self.data(Service::AccountActivity, content).await
    }
}

/// A minute's candle, by the fields as they really are.
fn candle(bar: &Bar, sequence: u64) -> Value {
    let day = bar.start.millis().div_euclid(86_400_000);
    json!({
        "seq": sequence,
        "key": spelled(&bar.symbol),
        "1": sequence,
        "2": number(bar.open.0),
        "3": number(bar.high.0),
        "4": number(bar.low.0),
        "5": number(bar.close.0),
        "6": whole(bar.volume.0),
        "7": bar.start.millis(),
        "8": day,
    })
}

/// The documented words of a code.
fn words(code: u16) -> &'static str {
    match code {
        LOGIN_DENIED => "Login Denied.: token is invalid or has expired.",
        SERVICE_NOT_AVAILABLE => "Service not available",
        CLOSE_CONNECTION => "Maximum connections reached",
        REACHED_SYMBOL_LIMIT => "Symbol limit reached",
        NOT_LOGGED_IN => "Stream connection not found",
        BAD_COMMAND_FORMAT => "Bad command format",
        STOP_STREAMING => "Stop streaming due to empty subscription",
        _ => "Unknown failure",
    }
}
