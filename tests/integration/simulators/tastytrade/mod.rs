//! The tastytrade simulator by itself, spoken to with nothing but bytes.

mod faults;
mod orders;
mod rest;
mod streams;

use super::{Answer, Socket, TEN_O_CLOCK, clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tradedeck::sim::tastytrade::{Host, Options, ReadyCustomer, Simulator};

/// A simulator in memory, the customer who speaks, and the token they have.
struct Far {
    simulator: Simulator,
    customer: ReadyCustomer,
    token: String,
}

async fn far(options: Options) -> Far {
    far_at(TEN_O_CLOCK, options, "margin").await
}

async fn far_for(name: &str) -> Far {
    far_at(TEN_O_CLOCK, Options::default(), name).await
}

async fn far_at(start: &str, options: Options, name: &str) -> Far {
    let simulator = Simulator::new(options, clock(start)).unwrap();
    let mut customers = simulator.customers().into_iter();
    let customer = customers.find(|one| one.name == name).unwrap();
    let mut far = Far {
        simulator,
        customer,
        token: String::new(),
    };
    far.sign_in().await;
    far
}

impl Far {
    /// Takes a new access token.
    async fn sign_in(&mut self) {
        let body = json!({
            "grant_type": "refresh_token",
            "refresh_token": self.customer.refresh_token,
            "client_secret": self.customer.client_secret,
        });
        let answer = self.call("POST", "/oauth/token", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        self.token = answer.body["access_token"].as_str().unwrap().to_owned();
    }

    fn host(&self) -> Host {
        match self.customer.paper {
            true => Host::Sandbox,
            false => Host::Live,
        }
    }

    /// A path of the customer's account.
    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.customer.account_number)
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    /// What is in the envelope.
    async fn data(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.raw);
        answer.body["data"].clone()
    }

    async fn items(&self, path: &str) -> Vec<Value> {
        let data = self.data(path).await;
        data["items"].as_array().unwrap().clone()
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.call_with(method, path, body, "User-Agent: test/1\r\n")
            .await
    }

    async fn call_with(&self, method: &str, path: &str, body: &str, headers: &str) -> Answer {
        let request = self.request(method, path, body, headers);
        self.raw(self.host(), &request).await.unwrap()
    }

    fn request(&self, method: &str, path: &str, body: &str, headers: &str) -> String {
        let bearer = match path {
            "/oauth/token" => String::new(),
            _ => format!("Authorization: Bearer {}\r\n", self.token),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: far\r\nConnection: close\r\n{bearer}{headers}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    async fn raw(&self, host: Host, request: &str) -> Option<Answer> {
        let mut stream = self.simulator.connect(host);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::read(&bytes)
    }

    async fn place(&self, order: &Value) -> Answer {
        let path = self.path("orders");
        self.call("POST", &path, &order.to_string()).await
    }

    /// Places an order that is taken; its number.
    async fn placed(&self, order: &Value) -> u64 {
        let answer = self.place(order).await;
        assert_eq!(answer.status, 201, "{}", answer.raw);
        answer.body["data"]["order"]["id"].as_u64().unwrap()
    }

    async fn order(&self, id: u64) -> Value {
        self.data(&self.path(&format!("orders/{id}"))).await
    }

    /// The order once it has that status.
    async fn wait_for(&self, id: u64, status: &str) -> Value {
        for _ in 0..100 {
            let order = self.order(id).await;
            if order["status"] == status {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} never became {status}");
    }

    async fn socket(&self, path: &str) -> Socket {
        let request = format!("ws://far{path}").into_client_request().unwrap();
        let stream = self.simulator.connect(self.host());
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Socket(socket)
    }
}

/// A limit order to buy far below the market.
fn resting(symbol: &str) -> Value {
    json!({
        "order-type": "Limit", "time-in-force": "Day", "price": "5.0", "price-effect": "Debit",
        "legs": [{"instrument-type": "Equity", "symbol": symbol, "action": "Buy to Open", "quantity": 3}],
    })
}

fn market(symbol: &str, action: &str, quantity: u32) -> Value {
    json!({
        "order-type": "Market", "time-in-force": "Day",
        "legs": [{"instrument-type": "Equity", "symbol": symbol, "action": action, "quantity": quantity}],
    })
}

/// Whether a value has every documented field, each of its documented kind.
fn expect_shape(name: &str, value: &Value) {
    let shapes = include_str!("../../../fixtures/tastytrade/shapes.json");
    let shapes: Value = serde_json::from_str(shapes).unwrap();
    for (field, kind) in shapes[name].as_object().unwrap() {
        let found = match &value[field] {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        };
        assert_eq!(found, kind, "{field} of a {name}: {value}");
    }
}
