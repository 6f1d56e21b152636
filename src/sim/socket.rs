//! WebSockets of a simulator: taking a connection over, writing frames, and writing them wrong where a
//! cue says so.

use super::faults::{Fault, Faults, Subject};
use super::serve;
use axum::body::Body;
use futures_util::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// Largest message taken from a client; subscriptions of a whole market are below it.
const LARGEST_MESSAGE: usize = 1 << 20;
/// Size of a frame that is far more than anybody asked for.
const HUGE_FRAME: usize = 10_000_000;
/// Frames of a message in fragments.
const FRAGMENTS: usize = 200;

/// The socket is gone, or so it has to look.
#[derive(Debug)]
pub(super) struct Gone;

/// What sockets run in: the tasks that are waited for, and the word that ends them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lifetime {
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

/// Answers a handshake and hands the socket to `run`.
pub(super) fn upgrade<F>(
    lifetime: &Lifetime,
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
    let stop = lifetime.stop.clone();
    let upgraded = hyper::upgrade::on(&mut request);
    lifetime.tasks.spawn(async move {
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

/// What a stream says when it is told to say nonsense.
pub(super) struct Nonsense {
    /// An error of this code, in the stream's own form.
    pub(super) error: fn(u16) -> Value,
    /// A message of a type nobody knows.
    pub(super) unknown: fn() -> Value,
}

/// A socket, what leaves it, and what goes wrong with that.
pub(super) struct Line {
    socket: Socket,
    faults: Faults,
    names: [&'static str; 2],
    path: String,
    /// Puts a message into a frame.
    write: fn(&Value) -> Message,
    muted: bool,
    /// A message that waits for the next one to overtake it.
    held: Option<Message>,
    nonsense: Nonsense,
}

impl Line {
    /// A socket that cues know by `names`.
    pub(super) fn new(
        socket: Socket,
        faults: Faults,
        (names, path): ([&'static str; 2], &str),
        write: fn(&Value) -> Message,
        nonsense: Nonsense,
    ) -> Self {
        Self {
            socket,
            faults,
            names,
            path: path.to_owned(),
            write,
            muted: false,
            held: None,
            nonsense,
        }
    }

    /// The next message of the client; pings are answered on the way.
    pub(super) async fn hear(&mut self) -> Result<Message, Gone> {
        match self.socket.next().await {
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Gone),
            Some(Ok(message)) => Ok(message),
        }
    }

    /// Says a control message.
    pub(super) async fn say(&mut self, verb: &str, value: &Value) -> Result<(), Gone> {
        let message = self.frame(value);
        self.send(verb, message).await
    }

    /// Closes in order, because of what the client did or left undone.
    pub(super) async fn close(&mut self, reason: &'static str) {
        self.close_with(CloseCode::Policy, reason).await;
    }

    /// Closes in order, as if nothing were wrong.
    pub(super) async fn close_normally(&mut self) {
        self.close_with(CloseCode::Normal, "").await;
    }

    async fn close_with(&mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // The other side may be gone already, which is what closing is for.
        drop(self.socket.close(Some(frame)).await);
    }

    pub(super) fn frame(&self, value: &Value) -> Message {
        (self.write)(value)
    }

    /// Sends a frame, or what a cue makes of it.
    pub(super) async fn send(&mut self, verb: &str, message: Message) -> Result<(), Gone> {
        let fault = self.faults.meet(Subject {
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
