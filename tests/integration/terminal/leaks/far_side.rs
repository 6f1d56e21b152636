//! A far side that repeats everything it is told, in every refusal.

use base64::Engine as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

#[derive(Clone)]
pub(super) struct FarSide {
    pub(super) address: String,
    status: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
}

impl FarSide {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far_side = Self {
            address: listener.local_addr().unwrap().to_string(),
            status: Arc::default(),
            asked: Arc::default(),
        };
        let this = far_side.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        far_side
    }

    /// Refuses with this status from now on.
    pub(super) fn refuse_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// How often a secret was shown to it.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut head = vec![0; 1 << 14];
        let length = loop {
            let length = stream.peek(&mut head).await.ok().filter(|it| *it > 0)?;
            if head[..length].windows(4).any(|it| it == b"\r\n\r\n") {
                break length;
            }
            tokio::task::yield_now().await;
        };
        let head = String::from_utf8_lossy(&head[..length]).into_owned();
        if head.to_lowercase().contains("upgrade: websocket") {
            return self.repeat_messages(stream, &head).await;
        }
        stream.read_exact(&mut vec![0; length]).await.ok()?;
        let answer = self.answer(&head);
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn answer(&self, request: &str) -> String {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let status = self.status.load(Ordering::SeqCst);
        // What is told comes first: long texts are cut.
        let mut told: Vec<&str> = request
            .lines()
            .filter(|line| line.to_lowercase().contains("apca-") || line.contains("uthorization"))
            .map(|line| line.split_once(": ").map_or(line, |(_, value)| value))
            .collect();
        told.push(request);
        let told = told.join(" ");
        let body = json!({ "code": 40_110_000, "message": told, "error": { "message": told } });
        let body = match status {
            502 => format!("<html>{told}</html>"),
            503 => told.clone(),
            _ => body.to_string(),
        };
        let mut place = url::Url::parse(&format!("http://{}/next", self.address)).unwrap();
        place.query_pairs_mut().append_pair("told", &told);
        let id = base64::engine::general_purpose::STANDARD.encode(&told);
        format!(
            "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nLocation: {place}\r\n\
             X-Request-Id: {id}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// A stream that refuses every log-in in the words of either of its kinds.
    async fn repeat_messages(&self, stream: TcpStream, head: &str) -> Option<()> {
        let mut stream = tokio_tungstenite::accept_async(stream).await.ok()?;
        let is_of_data = !head.starts_with("GET /stream ");
        if is_of_data {
            let greeting = json!([{ "T": "success", "msg": "connected" }]).to_string();
            stream.send(Message::text(greeting)).await.ok()?;
        }
        while let Some(Ok(message)) = stream.next().await {
            let Ok(told) = message.to_text() else {
                continue;
            };
            self.asked.fetch_add(1, Ordering::SeqCst);
            let data =
                json!({ "status": "unauthorized", "action": "authenticate", "message": told });
            let answer = match is_of_data {
                true => json!([{ "T": "error", "code": 402, "msg": told }]),
                false => json!({ "stream": "authorization", "data": data }),
            };
            stream.send(Message::text(answer.to_string())).await.ok()?;
        }
        Some(())
    }
}
