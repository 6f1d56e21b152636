//! The trading event socket, `/stream`: binary frames on the paper host, text on the live one.

use super::messages::Format;
use super::{as_binary, as_pack, as_text, format_of, read};
use crate::sim::alpaca::answer::decimal;
use crate::sim::alpaca::orders::json::plain;
use crate::sim::alpaca::{Host, Shared, gate};
use crate::sim::socket::{Gone, Line, Nonsense, Socket};
use crate::sim::world::{Notice, NoticeKind};
use http::HeaderMap;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::tungstenite::Message;

/// The only stream there is to listen to.
const UPDATES: &str = "trade_updates";

struct Session {
    line: Line,
    shared: Arc<Shared>,
    format: Format,
    /// Whether text goes into binary frames.
    binary: bool,
    host: Host,
    customer: Option<usize>,
    listening: bool,
}

/// Runs an event socket until it closes.
pub(in crate::sim::alpaca) async fn run(
    shared: Arc<Shared>,
    host: Host,
    socket: Socket,
    headers: HeaderMap,
) {
    let nonsense = Nonsense {
        error: |code| json!({"stream": "error", "data": {"code": code, "message": "internal error"}}),
        unknown: || json!({"stream": "surprises", "data": {"event": "surprise"}}),
    };
    let (format, binary) = (format_of(&headers), host == Host::Trading);
    let write = match format {
        Format::Json if binary => as_binary,
        Format::Json => as_text,
        Format::Pack => as_pack,
    };
    let names = (["trading_stream", "streams"], "/stream");
    let line = Line::new(socket, shared.faults.clone(), names, write, nonsense);
    let mut session = Session {
        line,
        shared,
        format,
        binary,
        host,
        customer: None,
        listening: false,
    };
    // Both ways out are an end.
    drop(session.live(&headers).await);
}

impl Session {
    async fn live(&mut self, headers: &HeaderMap) -> Result<(), Gone> {
        let mut updates = self.shared.updates.subscribe();
        if let Some((key, secret)) = gate::credentials(headers) {
            self.recognise(key, secret);
        }
        loop {
            tokio::select! {
                heard = self.line.hear() => self.take(&heard?).await?,
                notice = updates.recv() => match notice {
                    Ok(notice) => self.pass_on(&notice).await?,
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Gone),
                },
            }
        }
    }

    async fn take(&mut self, message: &Message) -> Result<(), Gone> {
        let Some(request) = read(message, self.format) else {
            return Ok(());
        };
        match request["action"].as_str() {
            Some("authenticate") => {
                let data = &request["data"];
                match data["oauth_token"].as_str() {
                    Some(token) => self.authenticate_by(token).await,
                    None => {
                        self.authenticate(&data["key_id"], &data["secret_key"])
                            .await
                    }
                }
            }
            Some("auth") => self.authenticate(&request["key"], &request["secret"]).await,
            Some("listen") => self.listen(&request["data"]["streams"]).await,
            _ => Ok(()),
        }
    }

    async fn authenticate(&mut self, key: &Value, secret: &Value) -> Result<(), Gone> {
        let (Some(key), Some(secret)) = (key.as_str(), secret.as_str()) else {
            let why = "must provide key_id and secret_key or oauth_token";
            return self.refuse("authenticate", Some(why)).await;
        };
        if !self.recognise(key, secret) {
            let why = "access key verification failed";
            return self.refuse("authenticate", Some(why)).await;
        }
        self.let_in().await
    }

    async fn authenticate_by(&mut self, token: &str) -> Result<(), Gone> {
        let recognised = {
            let world = self.shared.world();
            let people = &self.shared.people;
            people.recognise(&world.customers, self.host, token)
        };
        let Ok((customer, _)) = recognised else {
            return self.refuse("authenticate", Some("unauthorized")).await;
        };
        self.customer = Some(customer);
        self.let_in().await
    }

    async fn let_in(&mut self) -> Result<(), Gone> {
        let data = json!({"status": "authorized", "action": "authenticate"});
        self.say("auth", "authorization", data).await
    }

    fn recognise(&mut self, key: &str, secret: &str) -> bool {
        let recognised = {
            let world = self.shared.world();
            gate::recognise(&world.customers, self.host, key, secret)
        };
        self.customer = recognised.ok().or(self.customer);
        self.customer.is_some()
    }

    async fn refuse(&mut self, action: &str, why: Option<&str>) -> Result<(), Gone> {
        let mut data = json!({"status": "unauthorized", "action": action});
        if let Some(why) = why {
            data["message"] = why.into();
        }
        self.say("auth", "authorization", data).await
    }

    /// What is listened to from now on; what is not named is dropped, what is not known is left out.
    async fn listen(&mut self, streams: &Value) -> Result<(), Gone> {
        if self.customer.is_none() {
            return self.refuse("listen", None).await;
        }
        let names = streams.as_array().into_iter().flatten();
        self.listening = names.filter_map(Value::as_str).any(|name| name == UPDATES);
        let heard: &[&str] = if self.listening { &[UPDATES] } else { &[] };
        self.say("listening", "listening", json!({"streams": heard}))
            .await
    }

    async fn pass_on(&mut self, notice: &Notice) -> Result<(), Gone> {
        if !self.listening || self.customer != Some(notice.customer) {
            return Ok(());
        }
        self.say("message", UPDATES, update(notice)).await
    }

    async fn say(&mut self, verb: &str, stream: &str, data: Value) -> Result<(), Gone> {
        match self.format {
            // `stream` first, as the provider writes it.
            Format::Json => {
                let text = format!("{{\"stream\":\"{stream}\",\"data\":{data}}}");
                let message = match self.binary {
                    true => Message::binary(text.into_bytes()),
                    false => Message::text(text),
                };
                self.line.send(verb, message).await
            }
            Format::Pack => {
                let value = json!({"stream": stream, "data": data});
                self.line.say(verb, &value).await
            }
        }
    }
}

/// What the stream says of a notice.
fn update(notice: &Notice) -> Value {
    let mut data = json!({
        "event": event_word(&notice.kind),
        "order": plain(&notice.order),
        "timestamp": notice.time.to_string(),
    });
    if let NoticeKind::Filled {
        execution,
        price,
        quantity,
        position,
        ..
    } = &notice.kind
    {
        data["execution_id"] = execution.to_string().into();
        data["price"] = decimal(price.0);
        data["qty"] = decimal(quantity.0);
        data["position_qty"] = decimal(*position);
    }
    data
}

fn event_word(kind: &NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Accepted => "accepted",
        NoticeKind::Working => "new",
        NoticeKind::Filled { complete: true, .. } => "fill",
        NoticeKind::Filled { .. } => "partial_fill",
        NoticeKind::PendingCancel => "pending_cancel",
        NoticeKind::PendingReplace => "pending_replace",
        NoticeKind::Cancelled => "canceled",
        NoticeKind::Expired => "expired",
        NoticeKind::Replaced => "replaced",
        NoticeKind::Rejected => "rejected",
        NoticeKind::Resized => "restated",
        NoticeKind::CancelRejected => "order_cancel_rejected",
        NoticeKind::ReplaceRejected => "order_replace_rejected",
    }
}
