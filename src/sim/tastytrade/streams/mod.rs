//! WebSockets: the account streamer and DXLink market data.

mod account;
mod candles;
mod channel;
mod dxlink;
mod events;

use super::{Host, Shared};
use crate::sim::socket::{Line, Nonsense, Socket};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_tungstenite::tungstenite::Message;

/// Where the account streamer is.
pub(super) const ACCOUNT_PATH: &str = "/streamer";

/// Which of the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Orders, positions, balances.
    Account,
    /// Market data of a path.
    Feed(&'static str),
}

impl Stream {
    /// Market data of the sandbox.
    pub(super) const DELAYED: &'static str = "/delayed";
    /// Market data of production.
    pub(super) const REALTIME: &'static str = "/realtime";

    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            ACCOUNT_PATH => Some(Self::Account),
            Self::DELAYED => Some(Self::Feed(Self::DELAYED)),
            Self::REALTIME => Some(Self::Feed(Self::REALTIME)),
            _ => None,
        }
    }

    /// The name by which cues know it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Account => "account_stream",
            Self::Feed(_) => "data_stream",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Account => ACCOUNT_PATH,
            Self::Feed(path) => path,
        }
    }

    fn nonsense(self) -> Nonsense {
        match self {
            Self::Account => Nonsense {
                error: |_| json!({"status": "error", "action": "heartbeat", "message": "failed"}),
                unknown: || json!({"type": "Surprise", "data": {}, "timestamp": 1}),
            },
            Self::Feed(_) => Nonsense {
                error: |_| json!({"type": "ERROR", "channel": 0, "error": "UNKNOWN", "message": "internal error"}),
                unknown: || json!({"type": "SURPRISE", "channel": 0}),
            },
        }
    }
}

/// Runs a socket until it closes.
pub(super) async fn run(stream: Stream, shared: Arc<Shared>, host: Host, socket: Socket) {
    let names = ([stream.name(), "streams"], stream.path());
    let write = |value: &Value| Message::text(value.to_string());
    let faults = shared.faults.clone();
    let line = Line::new(socket, faults, names, write, stream.nonsense());
    match stream {
        Stream::Account => account::run(shared, host, line).await,
        Stream::Feed(_) => dxlink::run(shared, host, line).await,
    }
}

/// A message of a client as JSON; `None` for pings and the like.
fn read(message: &Message) -> Option<Result<Value, serde_json::Error>> {
    match message {
        Message::Text(text) => Some(serde_json::from_str(text.as_str())),
        Message::Binary(data) => Some(serde_json::from_slice(data)),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}
