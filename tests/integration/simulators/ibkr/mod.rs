//! The Interactive Brokers simulator by itself, spoken to with nothing but bytes.

mod examples;
mod oauth;
mod orders;
mod rest;
mod sessions;
mod streams;

use super::{Answer, Socket, TEN_O_CLOCK, clock};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tradedeck::sim::ibkr::{Door, Options, ReadyCustomer, Simulator};

/// Apple's contract id.
const AAPL: i64 = 265_598;
/// That of a fund on the S&P 500.
const SPY: i64 = 756_733;

/// A simulator in memory and the customer who speaks, at the gateway.
struct Far {
    simulator: Simulator,
    customer: ReadyCustomer,
}

/// Nobody signed in yet.
fn far_at(start: &str, options: Options, name: &str) -> Far {
    let simulator = Simulator::new(options, clock(start)).unwrap();
    let mut customers = simulator.customers().into_iter();
    let customer = customers.find(|one| one.name == name).unwrap();
    Far {
        simulator,
        customer,
    }
}

/// A simulator that has all the time in the world.
fn patient() -> Options {
    Options {
        requests_a_second: 1_000_000,
        paced: false,
        ..Options::default()
    }
}

/// Signed in, with a brokerage session that knows its accounts.
async fn trading(options: Options) -> Far {
    let far = far_at(TEN_O_CLOCK, options, "margin");
    far.sign_in().await;
    far.begin().await;
    for path in ["iserver/accounts", "portfolio/accounts"] {
        assert_eq!(far.get(path).await.status, 200);
    }
    far
}

impl Far {
    async fn sign_in(&self) {
        let form = format!("user={}", self.customer.login);
        let answer = self
            .raw(Door::Gateway, &request("POST", "/sso/Login", &form, ""))
            .await;
        assert_eq!(answer.unwrap().raw, "Client login succeeds");
    }

    /// Begins a brokerage session, whoever has it.
    async fn begin(&self) {
        let body = json!({"publish": true, "compete": true});
        let status = self.post("iserver/auth/ssodh/init", body).await;
        assert_eq!(status.body["authenticated"], true, "{}", status.raw);
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    /// What a path answers, which has to be well.
    async fn data(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.raw);
        answer.body
    }

    /// The same of the customer's account.
    async fn account(&self, rest: &str) -> Value {
        self.data(&format!(
            "portfolio/{}/{rest}",
            self.customer.account_number
        ))
        .await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &body.to_string()).await
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = request(method, &format!("/v1/api/{path}"), body, "");
        self.raw(Door::Gateway, &request).await.unwrap()
    }

    /// Sends bytes and reads until the connection closes; `None` when nothing came at all.
    async fn raw(&self, door: Door, request: &str) -> Option<Answer> {
        let mut stream = self.simulator.connect(door);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::read(&bytes)
    }

    fn path(&self, rest: &str) -> String {
        format!("iserver/account/{}/{rest}", self.customer.account_number)
    }

    /// Places an order and answers every question with yes; the acknowledgement and the questions' ids.
    async fn place(&self, order: Value) -> (Value, Vec<String>) {
        let mut answer = self
            .post(&self.path("orders"), json!({"orders": [order]}))
            .await;
        let mut asked = Vec::new();
        while let Some(id) = answer.body[0]["id"].as_str().map(str::to_owned) {
            asked.push(answer.body[0]["messageIds"][0].as_str().unwrap().to_owned());
            let reply = format!("iserver/reply/{id}");
            answer = self.post(&reply, json!({"confirmed": true})).await;
        }
        assert_eq!(answer.status, 200, "{}", answer.raw);
        (answer.body, asked)
    }

    /// Places an order that is taken; its number.
    async fn placed(&self, order: Value) -> u64 {
        let (ack, _) = self.place(order).await;
        let id = ack[0]["order_id"].as_str();
        id.unwrap_or_else(|| panic!("{ack}")).parse().unwrap()
    }

    async fn order(&self, id: u64) -> Value {
        self.data(&format!("iserver/account/order/status/{id}"))
            .await
    }

    /// The order once it has that status.
    async fn wait_for(&self, id: u64, status: &str) -> Value {
        for _ in 0..100 {
            let order = self.order(id).await;
            if order["order_status"] == status {
                return order;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{id} never became {status}");
    }

    /// Every live order, past the empty first answer.
    async fn live(&self) -> Vec<Value> {
        self.data("iserver/account/orders").await;
        let orders = self.data("iserver/account/orders").await;
        orders["orders"].as_array().unwrap().clone()
    }

    /// A price that is so many percent of what a contract last cost.
    async fn percent_of(&self, conid: i64, percent: i64) -> Decimal {
        let path = format!("iserver/marketdata/snapshot?conids={conid}&fields=31");
        self.data(&path).await;
        let row = self.data(&path).await;
        (number(&row[0]["31"]) * Decimal::new(percent, 2)).round_dp(2)
    }

    async fn session(&self) -> String {
        let tickle = self.data("tickle").await;
        tickle["session"].as_str().unwrap().to_owned()
    }

    /// A socket at the gateway that is past its greeting.
    async fn socket(&self) -> Told {
        let cookie = format!("api={}", self.session().await);
        let mut socket = self
            .connect(Door::Gateway, "/v1/api/ws", Some(&cookie))
            .await;
        assert_eq!(socket.hear().await["topic"], "system");
        assert_eq!(socket.hear().await["topic"], "act");
        assert_eq!(socket.hear().await["topic"], "sts");
        socket
    }

    async fn connect(&self, door: Door, path: &str, cookie: Option<&str>) -> Told {
        let mut request = format!("ws://far{path}").into_client_request().unwrap();
        if let Some(cookie) = cookie {
            request
                .headers_mut()
                .insert("Cookie", cookie.parse().unwrap());
        }
        let stream = self.simulator.connect(door);
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Told(Socket(socket))
    }
}

/// A socket that is spoken to in topics.
struct Told(Socket);

impl Told {
    async fn say(&mut self, topic: &str) {
        use futures_util::SinkExt as _;
        self.0
            .0
            .send(Message::text(topic.to_owned()))
            .await
            .unwrap();
    }

    async fn hear(&mut self) -> Value {
        let frame = self.0.frame().await.expect("the socket is open");
        let text = frame.into_text().unwrap();
        serde_json::from_str(text.as_str()).unwrap_or_else(|_| Value::from(text.as_str()))
    }

    /// The next message of a topic.
    async fn next(&mut self, topic: &str) -> Value {
        for _ in 0..1_000 {
            let message = self.hear().await;
            if message["topic"] == topic {
                return message;
            }
        }
        panic!("nothing of {topic}");
    }
}

/// A number, or a text that is one.
fn number(value: &Value) -> Decimal {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.parse()
        .unwrap_or_else(|_| panic!("{value} is no number"))
}

fn request(method: &str, path: &str, body: &str, headers: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: far\r\nConnection: close\r\nUser-Agent: test/1\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn market(conid: i64, side: &str, quantity: u32) -> Value {
    json!({"conid": conid, "orderType": "MKT", "side": side, "tif": "DAY", "quantity": quantity})
}

fn limit(conid: i64, side: &str, quantity: u32, price: Decimal) -> Value {
    let price: Value = serde_json::from_str(&price.to_string()).unwrap();
    json!({
        "conid": conid, "orderType": "LMT", "price": price, "side": side, "tif": "DAY",
        "quantity": quantity, "outsideRTH": false,
    })
}
