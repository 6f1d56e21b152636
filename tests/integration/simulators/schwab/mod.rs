//! The Charles Schwab simulator by itself, spoken to with nothing but bytes.

mod faults;
mod orders;
mod rest;
mod sign_in;
mod streams;

use super::{Answer, Socket, TEN_O_CLOCK, clock};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tradedeck::domain::Clock;
use tradedeck::sim::schwab::{Options, ReadyCustomer, Simulator};

/// A simulator in memory, the customer who speaks, the token they have and what stands for their account.
struct Far {
    simulator: Simulator,
    customer: ReadyCustomer,
    token: String,
    hash: String,
}

async fn far(options: Options) -> Far {
    far_for("margin", options).await
}

async fn far_for(name: &str, options: Options) -> Far {
    far_at(clock(TEN_O_CLOCK), name, options).await
}

async fn far_at(clock: Arc<dyn Clock>, name: &str, options: Options) -> Far {
    let simulator = Simulator::new(options, clock).unwrap();
    let mut customers = simulator.customers().into_iter();
    let customer = customers.find(|one| one.name == name).unwrap();
    let mut far = Far {
        simulator,
        customer,
        token: String::new(),
        hash: String::new(),
    };
    let answer = far.refresh().await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    far.token = answer.body["access_token"].as_str().unwrap().to_owned();
    far.hash = far.hash_of(&far.customer.account_number).await;
    far
}

/// Every hour of the year before the start: all that can be asked for.
const YEAR: &str = "2025-11-24T00:00:00.000Z";
const TOMORROW: &str = "2026-11-25T00:00:00.000Z";

impl Far {
    fn basic(&self) -> String {
        let ReadyCustomer {
            client_id,
            client_secret,
            ..
        } = &self.customer;
        STANDARD.encode(format!("{client_id}:{client_secret}"))
    }

    /// Asks for an access token with the refresh token that was granted.
    async fn refresh(&self) -> Answer {
        let token = &self.customer.refresh_token;
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        self.token(&form, &format!("Authorization: Basic {}\r\n", self.basic()))
            .await
    }

    async fn token(&self, form: &str, headers: &str) -> Answer {
        self.raw("POST", "/v1/oauth/token", headers, form)
            .await
            .unwrap()
    }

    async fn hash_of(&self, number: &str) -> String {
        let rows = self.trader("accounts/accountNumbers").await.body;
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|row| row["accountNumber"] == number).unwrap();
        row["hashValue"].as_str().unwrap().to_owned()
    }

    async fn trader(&self, path: &str) -> Answer {
        self.call("GET", &format!("/trader/v1/{path}"), "").await
    }

    async fn data(&self, path: &str) -> Answer {
        self.call("GET", &format!("/marketdata/v1/{path}"), "")
            .await
    }

    /// A call below the account's own path.
    async fn account(&self, method: &str, path: &str, body: &str) -> Answer {
        let path = format!("/trader/v1/accounts/{}/{path}", self.hash);
        self.call(method, &path, body).await
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\n", self.token);
        self.raw(method, path, &headers, body).await.unwrap()
    }

    /// Sends a request and reads until the connection closes; `None` when nothing came at all.
    async fn raw(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: far\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = self.simulator.connect();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (head, raw) = text.split_once("\r\n\r\n")?;
        Some(Answer {
            status: head.split(' ').nth(1)?.parse().ok()?,
            head: head.to_owned(),
            body: serde_json::from_str(raw).unwrap_or(Value::Null),
            raw: raw.to_owned(),
        })
    }

    async fn transactions(&self, types: &str) -> Answer {
        let path = format!("transactions?startDate={YEAR}&endDate={TOMORROW}&types={types}");
        self.account("GET", &path, "").await
    }

    /// Places an order; its number.
    async fn place(&self, order: &Value) -> u64 {
        let answer = self.account("POST", "orders", &order.to_string()).await;
        assert_eq!((answer.status, answer.raw.as_str()), (201, ""));
        number_of(&answer)
    }

    async fn order(&self, number: u64) -> Value {
        let answer = self.account("GET", &format!("orders/{number}"), "").await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        answer.body
    }

    /// The order once it has that status.
    async fn wait_for(&self, number: u64, status: &str) -> Value {
        for _ in 0..100 {
            let order = self.order(number).await;
            if order["status"] == status {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{number} never became {status}");
    }

    async fn bid(&self, symbol: &str) -> f64 {
        let body = self.data(&format!("quotes?symbols={symbol}")).await.body;
        body[symbol]["quote"]["bidPrice"].as_f64().unwrap()
    }

    async fn socket(&self) -> Socket {
        let request = "ws://far/ws".into_client_request().unwrap();
        let stream = self.simulator.connect();
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Socket(socket)
    }
}

/// The number at the end of an answer's `Location`.
fn number_of(answer: &Answer) -> u64 {
    let mut lines = answer.head.lines();
    let location = lines
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap();
    location.rsplit('/').next().unwrap().parse().unwrap()
}

fn order(symbol: &str, instruction: &str, quantity: u32) -> Value {
    json!({
        "orderType": "MARKET", "session": "NORMAL", "duration": "DAY", "orderStrategyType": "SINGLE",
        "orderLegCollection": [{
            "instruction": instruction, "quantity": quantity,
            "instrument": {"symbol": symbol, "assetType": "EQUITY"},
        }],
    })
}

fn limit(symbol: &str, instruction: &str, quantity: u32, price: f64) -> Value {
    let mut order = order(symbol, instruction, quantity);
    order["orderType"] = "LIMIT".into();
    order["price"] = format!("{price:.2}").into();
    order
}
