//! The simulators by themselves, spoken to with nothing but bytes: what they say is the provider's manual,
//! so no adapter of ours may help them here.

mod faults;
mod ibkr;
mod replay;
mod rest;
mod schwab;
mod streams;
mod tastytrade;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tradedeck::domain::{Clock, Timestamp};
use tradedeck::sim::alpaca::{Host, Options, ReadyCustomer, Simulator};

/// A Tuesday at ten in New York.
const TEN_O_CLOCK: &str = "2026-11-24T15:00:00Z";

/// From a start on as the runtime's own time runs.
struct TestClock(Timestamp, Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.plus(self.1.elapsed())
    }
}

/// A simulator in memory and the customer who speaks.
struct Far {
    simulator: Simulator,
    customer: ReadyCustomer,
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
    raw: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, raw) = text.split_once("\r\n\r\n")?;
        Some(Self {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head: head.to_lowercase(),
            body: serde_json::from_str(raw).unwrap_or(Value::Null),
            raw: raw.to_owned(),
        })
    }
}

fn clock(start: &str) -> Arc<dyn Clock> {
    Arc::new(TestClock(Timestamp::parse(start).unwrap(), Instant::now()))
}

fn far(options: Options) -> Far {
    far_at(TEN_O_CLOCK, options)
}

fn far_at(start: &str, options: Options) -> Far {
    let simulator = Simulator::new(options, clock(start)).unwrap();
    let customer = simulator.customers().remove(0);
    Far {
        simulator,
        customer,
    }
}

impl Far {
    fn for_customer(mut self, name: &str) -> Self {
        let customers = self.simulator.customers();
        self.customer = customers.into_iter().find(|one| one.name == name).unwrap();
        self
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &body.to_string()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "").await
    }

    async fn data(&self, path: &str) -> Answer {
        self.raw(Host::Data, &self.request("GET", path, ""))
            .await
            .unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let host = match self.customer.paper {
            true => Host::Trading,
            false => Host::TradingLive,
        };
        self.raw(host, &self.request(method, path, body))
            .await
            .unwrap()
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let ReadyCustomer { key, secret, .. } = &self.customer;
        format!(
            "{method} {path} HTTP/1.1\r\nHost: far\r\nConnection: close\r\nAPCA-API-KEY-ID: {key}\r\n\
             APCA-API-SECRET-KEY: {secret}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Sends bytes and reads until the connection closes; `None` when nothing came at all.
    async fn raw(&self, host: Host, request: &str) -> Option<Answer> {
        let mut stream = self.simulator.connect(host);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::read(&bytes)
    }

    /// The order once it has that status.
    async fn wait_for(&self, id: &Value, status: &str) -> Value {
        let path = format!("/v2/orders/{}?nested=true", id.as_str().unwrap());
        for _ in 0..100 {
            let order = self.get(&path).await.body;
            if order["status"] == status {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} never became {status}");
    }

    async fn socket(&self, host: Host, path: &str, headers: &[(&'static str, &str)]) -> Socket {
        let mut request = format!("ws://far{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = self.simulator.connect(host);
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Socket(socket)
    }

    /// A data socket that is past its authentication.
    async fn data_socket(&self, path: &str) -> Socket {
        let mut socket = self.socket(Host::Data, path, &[]).await;
        assert_eq!(
            socket.hear().await,
            serde_json::json!([{"T": "success", "msg": "connected"}])
        );
        socket.say(&self.data_auth()).await;
        assert_eq!(socket.hear().await[0]["msg"], "authenticated");
        socket
    }

    fn data_auth(&self) -> Value {
        serde_json::json!({"action": "auth", "key": self.customer.key, "secret": self.customer.secret})
    }

    /// An event socket that listens to order updates.
    async fn event_socket(&self) -> Socket {
        let host = match self.customer.paper {
            true => Host::Trading,
            false => Host::TradingLive,
        };
        let mut socket = self.socket(host, "/stream", &[]).await;
        let ReadyCustomer { key, secret, .. } = &self.customer;
        let data = serde_json::json!({"key_id": key, "secret_key": secret});
        socket
            .say(&serde_json::json!({"action": "authenticate", "data": data}))
            .await;
        assert_eq!(socket.hear().await["data"]["status"], "authorized");
        let listen =
            serde_json::json!({"action": "listen", "data": {"streams": ["trade_updates"]}});
        socket.say(&listen).await;
        assert_eq!(socket.hear().await["stream"], "listening");
        socket
    }
}

struct Socket(WebSocketStream<DuplexStream>);

impl Socket {
    async fn say(&mut self, value: &Value) {
        self.0.send(Message::text(value.to_string())).await.unwrap();
    }

    /// The next message that is not a ping.
    async fn frame(&mut self) -> Option<Message> {
        loop {
            let message = self.0.next().await?.ok()?;
            if !matches!(message, Message::Ping(_) | Message::Pong(_)) {
                return Some(message);
            }
        }
    }

    async fn hear(&mut self) -> Value {
        let frame = self.frame().await.expect("the socket is open");
        serde_json::from_slice(&frame.into_data()).unwrap()
    }

    /// Whether the socket is closed, or says nothing for a minute.
    async fn is_closed(&mut self) -> bool {
        loop {
            match tokio::time::timeout(Duration::from_secs(60), self.frame()).await {
                Ok(None | Some(Message::Close(_))) => return true,
                Ok(Some(_)) => {}
                Err(_) => return false,
            }
        }
    }
}

fn order(symbol: &str, side: &str, qty: &str) -> Value {
    serde_json::json!({
        "symbol": symbol, "side": side, "qty": qty, "type": "market", "time_in_force": "day",
    })
}
