//! DXLink: one connection with channels in it, as dxFeed's specification has it.

use super::super::{Host, Shared};
use super::channel::Channel;
use super::read;
use crate::sim::socket::{Gone, Line};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// How long this side may be silent, in seconds, and the other one unless it says otherwise.
const TIMEOUT: u64 = 60;
/// How often what has changed is said.
const PERIOD: Duration = Duration::from_millis(100);
/// Most channels of a connection.
const MOST_CHANNELS: usize = 100;

struct Session {
    line: Line,
    shared: Arc<Shared>,
    host: Host,
    set_up: bool,
    authorized: bool,
    channels: BTreeMap<u64, Channel>,
    /// Longest silence of the client, as it promised.
    client_silence: Duration,
    /// Longest silence of ours, as the client accepts it.
    own_silence: Duration,
    heard_at: Instant,
    said_at: Instant,
}

pub(super) async fn run(shared: Arc<Shared>, host: Host, line: Line) {
    let now = Instant::now();
    let mut session = Session {
        line,
        shared,
        host,
        set_up: false,
        authorized: false,
        channels: BTreeMap::new(),
        client_silence: Duration::from_secs(TIMEOUT),
        own_silence: Duration::from_secs(TIMEOUT),
        heard_at: now,
        said_at: now,
    };
    // Both ways out are an end.
    drop(session.live().await);
}

impl Session {
    async fn live(&mut self) -> Result<(), Gone> {
        let mut feed = self.shared.feed.subscribe();
        let mut period = interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = self.line.hear() => {
                    let heard = heard?;
                    if let Some(request) = read(&heard) {
                        self.heard_at = Instant::now();
                        self.take(&request.unwrap_or(Value::Null)).await?;
                    }
                }
                ticks = feed.recv() => match ticks {
                    Ok(ticks) => self.note(&ticks),
                    // What a slow client misses is conflated, as every contract but STREAM has it.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Err(Gone),
                },
                _ = period.tick(), if !self.channels.is_empty() => self.say_data().await?,
                () = sleep_until(self.said_at + self.own_silence / 2) => {
                    self.say("keepalive", json!({"type": "KEEPALIVE", "channel": 0})).await?;
                }
                () = sleep_until(self.heard_at + self.client_silence) => {
                    self.error(0, "TIMEOUT", "No keepalive within the announced timeout.").await?;
                    self.line.close("timeout").await;
                    return Err(Gone);
                }
            }
        }
    }

    fn note(&mut self, ticks: &[crate::sim::market::Tick]) {
        if self.channels.is_empty() {
            return;
        }
        let world = self.shared.world();
        let now = self.shared.clock.now();
        for channel in self.channels.values_mut() {
            channel.note(ticks, &world.market, now);
        }
    }

    async fn say_data(&mut self) -> Result<(), Gone> {
        let channels = self.channels.values_mut();
        let messages: Vec<Value> = channels.flat_map(Channel::say).collect();
        for message in messages {
            let verb = match message["type"].as_str() {
                Some("FEED_DATA") => "message",
                _ => "config",
            };
            self.say(verb, message).await?;
        }
        Ok(())
    }

    async fn say(&mut self, verb: &str, message: Value) -> Result<(), Gone> {
        self.said_at = Instant::now();
        self.line.say(verb, &message).await
    }

    async fn error(&mut self, channel: u64, code: &str, words: &str) -> Result<(), Gone> {
        let error = json!({"type": "ERROR", "channel": channel, "error": code, "message": words});
        self.say("error", error).await
    }

    async fn take(&mut self, request: &Value) -> Result<(), Gone> {
        let (kind, channel) = (request["type"].as_str(), request["channel"].as_u64());
        let (Some(kind), Some(channel)) = (kind, channel) else {
            let words = "The message has no type or no channel.";
            return self.error(0, "INVALID_MESSAGE", words).await;
        };
        match (kind, channel) {
            ("SETUP", 0) => self.setup(request).await,
            ("KEEPALIVE" | "ERROR", _) => Ok(()),
            _ if !self.set_up => {
                let words = "The first message has to be a setup.";
                self.error(0, "UNSUPPORTED_PROTOCOL", words).await
            }
            ("AUTH", 0) => self.authorize(request).await,
            _ if !self.authorized => {
                let words = "Authorization is required.";
                self.error(channel, "UNAUTHORIZED", words).await
            }
            ("CHANNEL_REQUEST", _) => self.open(channel, request).await,
            _ => self.channel_message(kind, channel, request).await,
        }
    }

    async fn setup(&mut self, request: &Value) -> Result<(), Gone> {
        let seconds = |name: &str| {
            let seconds = request[name].as_u64().unwrap_or(TIMEOUT);
            Duration::from_secs(seconds.clamp(1, TIMEOUT))
        };
        self.client_silence = seconds("keepaliveTimeout");
        self.own_silence = seconds("acceptKeepaliveTimeout");
        self.set_up = true;
        let answer = json!({
            "type": "SETUP",
            "channel": 0,
            "keepaliveTimeout": TIMEOUT,
            "acceptKeepaliveTimeout": TIMEOUT,
            "version": "0.1-simulated",
        });
        self.say("setup", answer).await?;
        self.say_state().await
    }

    async fn say_state(&mut self) -> Result<(), Gone> {
        let mut state = json!({"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"});
        if self.authorized {
            state["state"] = "AUTHORIZED".into();
            state["userId"] = "simulated".into();
        }
        self.say("auth", state).await
    }

    async fn authorize(&mut self, request: &Value) -> Result<(), Gone> {
        let token = request["token"].as_str().unwrap_or_default();
        let now = self.shared.clock.now();
        self.authorized = self.shared.is_feed_token(self.host, token, now);
        if !self.authorized {
            let words = "The token is invalid or has expired.";
            self.error(0, "UNAUTHORIZED", words).await?;
        }
        self.say_state().await
    }

    async fn open(&mut self, channel: u64, request: &Value) -> Result<(), Gone> {
        if channel.is_multiple_of(2) {
            let words = "Protocol violation with an even channel usage.";
            return self.error(0, "BAD_ACTION", words).await;
        }
        let known = self.channels.contains_key(&channel);
        if known || self.channels.len() >= MOST_CHANNELS || request["service"] != "FEED" {
            let words = "The channel cannot be opened.";
            return self.error(channel, "BAD_ACTION", words).await;
        }
        let contract = request["parameters"]["contract"].as_str();
        let contract = contract.unwrap_or("AUTO").to_owned();
        let answer = json!({
            "type": "CHANNEL_OPENED",
            "channel": channel,
            "service": "FEED",
            "parameters": {"contract": contract, "subFormat": "LIST"},
        });
        let opened = Channel::new(channel);
        self.channels.insert(channel, opened);
        self.say("channel", answer).await
    }

    async fn channel_message(
        &mut self,
        kind: &str,
        number: u64,
        request: &Value,
    ) -> Result<(), Gone> {
        let Some(channel) = self.channels.get_mut(&number) else {
            let words = "There is no such channel.";
            return self.error(number, "BAD_ACTION", words).await;
        };
        match kind {
            "FEED_SETUP" => {
                let config = channel.set_up(request);
                self.say("config", config).await
            }
            "FEED_SUBSCRIPTION" => {
                let world = self.shared.world();
                channel.subscribe(request, &world.market, self.shared.clock.now());
                Ok(())
            }
            "CHANNEL_CANCEL" => {
                self.channels.remove(&number);
                let closed = json!({"type": "CHANNEL_CLOSED", "channel": number});
                self.say("channel", closed).await
            }
            _ => {
                let words = "The message is of no known type.";
                self.error(number, "INVALID_MESSAGE", words).await
            }
        }
    }
}
