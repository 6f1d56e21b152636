//! WebSockets: taking a connection over, writing frames, and writing them wrong where a cue says so.

pub(super) mod data;
pub(super) mod messages;
pub(super) mod trading;
mod wanted;

use super::Shared;
use crate::sim::faults::{Fault, Subject};
use crate::sim::serve;
use axum::body::Body;
use futures_util::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use messages::Format;
use serde_json::Value;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Largest message taken from a client; subscriptions of a whole market are below it.
const LARGEST_MESSAGE: usize = 1 << 20;
/// Size of a frame that is far more than anybody asked for.
const HUGE_FRAME: usize = 10_000_000;
/// Frames of a message in fragments.
const FRAGMENTS: usize = 200;

/// The socket is gone, or so it has to look.
#[derive(Debug)]
struct Gone;

/// Answers a handshake and hands the socket to `run`.
pub(super) fn upgrade<F>(
    shared: &Arc<Shared>,
    mut request: Request<Incoming>,
    run: impl FnOnce(Socket, HeaderMap) -> F + Send + 'static,
) -> Response<Body>
where
    F: Future<Output = ()> + Send + 'static,
{
    let headers = request.headers().clone();
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let version = headers.get(SEC_WEBSOCKET_VERSION);
    let (Some(key), true) = (key, version.is_some_and(|version| version == "13")) else {
        return status(StatusCode::BAD_REQUEST);
    };
    let accept = derive_accept_key(key.as_bytes());
    let stop = shared.stop.clone();
    let upgraded = hyper::upgrade::on(&mut request);
    shared.tasks.spawn(async move {
        let Ok(upgraded) = upgraded.await else {
            return;
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .write_buffer_size(0);
        let stream = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        tokio::select! {
            () = run(socket, headers) => {}
            () = stop.cancelled() => {}
        }
    });
    let mut answer = status(StatusCode::SWITCHING_PROTOCOLS);
    let fields = answer.headers_mut();
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// Whether a handshake asks for MessagePack.
fn format_of(headers: &HeaderMap) -> Format {
    let kind = headers.get(CONTENT_TYPE);
    match kind.is_some_and(|kind| kind == "application/msgpack") {
        true => Format::Pack,
        false => Format::Json,
    }
}

/// What a stream says when it is told to say nonsense.
struct Nonsense {
    /// An error of this code, in the stream's own form.
    error: fn(u16) -> Value,
    /// A message of a type nobody knows.
    unknown: fn() -> Value,
}

/// A socket, what leaves it, and what goes wrong with that.
struct Line {
    socket: Socket,
    shared: Arc<Shared>,
    names: [&'static str; 2],
    path: String,
    format: Format,
    /// Whether text goes into binary frames.
    binary: bool,
    muted: bool,
    /// A message that waits for the next one to overtake it.
    held: Option<Message>,
    nonsense: Nonsense,
}

impl Line {
    /// The next message of the client; pings are answered on the way.
    async fn hear(&mut self) -> Result<Message, Gone> {
        match self.socket.next().await {
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
            Some(Ok(message)) => Ok(message),
        }
    }

    /// Says a control message.
    async fn say(&mut self, verb: &str, value: &Value) -> Result<(), Gone> {
        let message = self.frame(value);
        self.send(verb, message).await
    }

    /// Closes in order.
    async fn close(&mut self, reason: &'static str) {
        let frame = CloseFrame {
            code: CloseCode::Policy,
            reason: reason.into(),
        };
        // The other side may be gone already, which is what closing is for.
        drop(self.socket.close(Some(frame)).await);
    }

    fn frame(&self, value: &Value) -> Message {
        match self.format {
            Format::Json if self.binary => Message::binary(value.to_string().into_bytes()),
            Format::Json => Message::text(value.to_string()),
            Format::Pack => {
                let mut packed = Vec::new();
                messages::pack_value(&mut packed, value);
                Message::binary(packed)
            }
        }
    }

    /// Sends a frame, or what a cue makes of it.
    async fn send(&mut self, verb: &str, message: Message) -> Result<(), Gone> {
        let fault = self.shared.faults.meet(Subject {
            names: &self.names,
            verb,
            path: &self.path,
        });
        if self.muted {
            return Ok(());
        }
        let messages = match fault {
            None => vec![message],
            Some(Fault::Drop(_)) => return Err(Gone),
            Some(Fault::HalfOpen(_)) => return Err(self.ignore_all().await),
            Some(Fault::Silent) => {
                self.muted = true;
                return Ok(());
            }
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                vec![message]
            }
            Some(Fault::Cut) => return self.cut(&message).await,
            Some(Fault::Swap) => {
                self.held = Some(message);
                return Ok(());
            }
            Some(fault) => self.spoil(fault, message),
        };
        for message in messages.into_iter().chain(self.held.take()) {
            self.socket.send(message).await.map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// Reads what comes and answers nothing, not even pings, until the client ends the connection.
    async fn ignore_all(&mut self) -> Gone {
        let mut ignored = [0; 1_024];
        while let Ok(1..) = self.socket.get_mut().read(&mut ignored).await {}
        Gone
    }

    /// Half a frame, and then nothing more.
    async fn cut(&mut self, message: &Message) -> Result<(), Gone> {
        let data = message.clone().into_data();
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        // A text frame with its length in eight bytes.
        let mut half = vec![0x81, 127];
        half.extend_from_slice(&length.to_be_bytes());
        half.extend_from_slice(&data[..data.len() / 2]);
        let raw = self.socket.get_mut();
        raw.write_all(&half).await.map_err(|_| Gone)?;
        raw.flush().await.map_err(|_| Gone)?;
        Err(Gone)
    }

    fn spoil(&self, fault: Fault, message: Message) -> Vec<Message> {
        match fault {
            Fault::Gap => Vec::new(),
            Fault::Duplicate => vec![message.clone(), message],
            Fault::Error(code) | Fault::Status(code, _) => {
                vec![self.frame(&(self.nonsense.error)(code))]
            }
            Fault::UnknownType => vec![self.frame(&(self.nonsense.unknown)()), message],
            Fault::BadJson | Fault::Html => {
                vec![Message::text("[{\"T\":\"q\",\"S\":")]
            }
            Fault::Empty => vec![Message::text("")],
            Fault::Numbers => vec![self.changed(&message, serve::numbers)],
            Fault::WrongType => vec![self.changed(&message, serve::wrong_type)],
            Fault::Escape => vec![self.changed(&message, serve::escape)],
            Fault::Huge => vec![Message::text(format!("[{}]", " ".repeat(HUGE_FRAME)))],
            Fault::InvalidUtf8 => vec![Message::Frame(Frame::message(
                vec![b'[', 0xff, 0xfe, b']'],
                OpCode::Data(Data::Text),
                true,
            ))],
            Fault::Fragments => fragments(&message),
            Fault::Drop(_)
            | Fault::HalfOpen(_)
            | Fault::Silent
            | Fault::Slow(_)
            | Fault::Trickle(_)
            | Fault::Swap
            | Fault::Cut
            | Fault::Bomb
            | Fault::Wait(_)
            | Fault::Skew(_) => vec![message],
        }
    }

    fn changed(&self, message: &Message, change: fn(Value) -> Value) -> Message {
        let value = serde_json::from_slice(&message.clone().into_data()).unwrap_or(Value::Null);
        self.frame(&change(value))
    }
}

/// A message in many frames; most of them are empty.
fn fragments(message: &Message) -> Vec<Message> {
    let data = message.clone().into_data();
    let kind = match message.is_text() {
        true => Data::Text,
        false => Data::Binary,
    };
    let half = data.len() / 2;
    let frame = |part: &[u8], kind, last| {
        Message::Frame(Frame::message(part.to_vec(), OpCode::Data(kind), last))
    };
    let mut frames = vec![frame(&data[..half], kind, false)];
    frames.extend((0..FRAGMENTS).map(|_| frame(&[], Data::Continue, false)));
    frames.push(frame(&data[half..], Data::Continue, true));
    frames
}

/// A message of a client as JSON, whether it came as text, as JSON in a binary frame or as MessagePack.
fn read(message: &Message, format: Format) -> Option<Value> {
    match (message, format) {
        (Message::Text(text), _) => serde_json::from_str(text.as_str()).ok(),
        (Message::Binary(data), _) if data.first() == Some(&b'{') => {
            serde_json::from_slice(data).ok()
        }
        (Message::Binary(data), Format::Pack) => unpack(&mut data.as_ref(), 0),
        (Message::Binary(data), Format::Json) => serde_json::from_slice(data).ok(),
        (Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_), _) => None,
    }
}

/// Deepest MessagePack that is read.
const DEEPEST: u8 = 8;

fn unpack(input: &mut &[u8], depth: u8) -> Option<Value> {
    use rmp::Marker;
    if depth > DEEPEST {
        return None;
    }
    let mut ahead: &[u8] = input;
    match rmp::decode::read_marker(&mut ahead).ok()? {
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let length = rmp::decode::read_str_len(input).ok()? as usize;
            let (text, rest) = input.split_at_checked(length)?;
            *input = rest;
            Some(std::str::from_utf8(text).ok()?.into())
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let length = rmp::decode::read_array_len(input).ok()?;
            (0..length).map(|_| unpack(input, depth + 1)).collect()
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let length = rmp::decode::read_map_len(input).ok()?;
            let mut fields = serde_json::Map::new();
            for _ in 0..length {
                let name = unpack(input, depth + 1)?.as_str()?.to_owned();
                fields.insert(name, unpack(input, depth + 1)?);
            }
            Some(Value::Object(fields))
        }
        Marker::True | Marker::False => rmp::decode::read_bool(input).ok().map(Value::Bool),
        Marker::Null => rmp::decode::read_nil(input).ok().map(|()| Value::Null),
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::U64
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64 => rmp::decode::read_int::<i64, _>(input).ok().map(Value::from),
        Marker::Bin8
        | Marker::Bin16
        | Marker::Bin32
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32
        | Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::F32
        | Marker::F64
        | Marker::Reserved => None,
    }
}
