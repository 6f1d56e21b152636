//! The streamer, as the manual has it.

use super::*;

/// A connection and the names that its requests carry.
struct Streamer {
    socket: Socket,
    customer: Value,
    correlation: Value,
    number: u32,
}

impl Streamer {
    async fn open(far: &Far) -> Self {
        let body = far.trader("userPreference").await.body;
        let info = &body["streamerInfo"][0];
        Self {
            socket: far.socket().await,
            customer: info["schwabClientCustomerId"].clone(),
            correlation: info["schwabClientCorrelId"].clone(),
            number: 0,
        }
    }

    /// A connection that is past its login.
    async fn logged_in(far: &Far) -> Self {
        let mut streamer = Self::open(far).await;
        let answer = streamer.login(&far.token).await;
        assert_eq!(answer["content"]["code"], 0, "{answer}");
        streamer
    }

    async fn login(&mut self, token: &str) -> Value {
        let parameters = json!({
            "Authorization": token,
            "SchwabClientChannel": "N9",
            "SchwabClientFunctionId": "APIAPP",
        });
        self.ask("ADMIN", "LOGIN", parameters).await
    }

    async fn subscribe(&mut self, service: &str, command: &str, keys: &str, fields: &str) -> u64 {
        let answer = self
            .ask(service, command, json!({"keys": keys, "fields": fields}))
            .await;
        answer["content"]["code"].as_u64().unwrap()
    }

    /// Sends a request; its response.
    async fn ask(&mut self, service: &str, command: &str, parameters: Value) -> Value {
        self.number += 1;
        let id = self.number.to_string();
        let request = json!({
            "requestid": id, "service": service, "command": command,
            "SchwabClientCustomerId": self.customer, "SchwabClientCorrelId": self.correlation,
            "parameters": parameters,
        });
        self.socket.say(&json!({"requests": [request]})).await;
        loop {
            let heard = self.socket.hear().await;
            if let Some(answer) = heard["response"].get(0) {
                assert_eq!(answer["requestid"], id.as_str());
                assert_eq!(answer["SchwabClientCorrelId"], self.correlation);
                return answer.clone();
            }
        }
    }

    /// The next content of a service.
    async fn data(&mut self, service: &str) -> Vec<Value> {
        loop {
            let heard = self.socket.hear().await;
            let data = &heard["data"][0];
            if data["service"] == service {
                return data["content"].as_array().unwrap().clone();
            }
        }
    }

    /// The next content of a service for a key.
    async fn data_of(&mut self, service: &str, key: &str) -> Value {
        loop {
            let content = self.data(service).await;
            if let Some(row) = content.iter().find(|row| row["key"] == key) {
                return row.clone();
            }
        }
    }

    /// The next note that is no heartbeat.
    async fn note(&mut self) -> Value {
        loop {
            let heard = self.socket.hear().await;
            let note = &heard["notify"][0];
            if note["content"].is_object() {
                return note.clone();
            }
        }
    }
}

const EQUITIES: &str = "LEVELONE_EQUITIES";

#[tokio::test(start_paused = true)]
async fn a_login_is_answered_and_a_wrong_one_ends_the_connection() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::open(&far).await;
    let early = streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0,1,2").await;
    assert_eq!(early, 20, "not logged in");
    let answer = streamer.login(&far.token).await;
    assert!(
        answer["content"]["msg"]
            .as_str()
            .unwrap()
            .ends_with("status=PN")
    );
    for token in ["wrong".to_owned(), format!("Bearer {}", far.token)] {
        let mut other = Streamer::open(&far).await;
        let denied = other.login(&token).await;
        assert_eq!(denied["content"]["code"], 3);
        let words = "Login Denied.: token is invalid or has expired.";
        assert_eq!(denied["content"]["msg"], words);
        assert!(other.socket.is_closed().await);
    }
    let mut stranger = Streamer::open(&far).await;
    stranger.customer = "somebody".into();
    assert_eq!(stranger.login(&far.token).await["content"]["code"], 3);
    let bye = streamer.ask("ADMIN", "LOGOUT", json!({})).await;
    assert_eq!(bye["content"]["code"], 0);
    assert!(streamer.socket.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn after_the_first_message_only_changes_come() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    assert_eq!(
        streamer
            .subscribe(EQUITIES, "SUBS", "AAPL,BRK/B", "0,1,2,3,15,33")
            .await,
        0
    );
    let first = streamer.data_of(EQUITIES, "AAPL").await;
    assert!(first["1"].as_f64().unwrap() < first["2"].as_f64().unwrap());
    assert_eq!(
        (&first["15"], &first["assetSubType"]),
        (&json!("APPLE INC."), &json!("COE"))
    );
    assert_eq!(first["delayed"], json!(false));
    assert!(first.get("8").is_none(), "nobody asked");
    let mut known = first.clone();
    for _ in 0..5 {
        let next = streamer.data_of(EQUITIES, "AAPL").await;
        assert!(
            next.get("15").is_none() && next.get("assetMainType").is_none(),
            "{next}"
        );
        for (field, value) in next
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "key")
        {
            assert_ne!(known.get(field), Some(value), "{field} did not change");
            known[field.as_str()] = value.clone();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_replaced_extended_and_ended() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0,3").await;
    assert_eq!(streamer.subscribe(EQUITIES, "ADD", "MSFT", "0,3").await, 0);
    assert!(streamer.data_of(EQUITIES, "MSFT").await["3"].is_f64());
    assert_eq!(streamer.subscribe(EQUITIES, "VIEW", "", "0,8").await, 0);
    assert!(streamer.data_of(EQUITIES, "MSFT").await["8"].is_u64());
    assert_eq!(streamer.subscribe(EQUITIES, "UNSUBS", "MSFT", "").await, 0);
    for _ in 0..5 {
        assert_eq!(streamer.data(EQUITIES).await[0]["key"], "AAPL");
    }
    streamer.subscribe(EQUITIES, "SUBS", "KO", "0,1").await;
    for _ in 0..5 {
        assert_eq!(streamer.data(EQUITIES).await[0]["key"], "KO");
    }
}

#[tokio::test(start_paused = true)]
async fn commands_have_their_codes() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    let many = (0..501)
        .map(|number| format!("S{number}"))
        .collect::<Vec<_>>();
    for (service, command, keys, fields, code) in [
        (EQUITIES, "SUBS", many.join(","), "0,1", 19),
        (EQUITIES, "SUBS", String::new(), "0,1", 21),
        (EQUITIES, "SUBS", "AAPL".to_owned(), "bid", 21),
        (EQUITIES, "GUESS", "AAPL".to_owned(), "0,1", 21),
        ("CHEESE", "SUBS", "AAPL".to_owned(), "0,1", 11),
        (EQUITIES, "SUBS", many[..500].join(","), "0,1", 0),
    ] {
        let answer = streamer.subscribe(service, command, &keys, fields).await;
        assert_eq!(answer, code, "{service} {command} {fields}");
    }
    streamer.customer = "somebody".into();
    assert_eq!(streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0").await, 20);
    streamer.socket.say(&json!({"requests": "cheese"})).await;
    let answer = streamer.socket.hear().await;
    assert_eq!(answer["response"][0]["content"]["code"], 21);
}

#[tokio::test(start_paused = true)]
async fn it_says_every_ten_seconds_that_it_lives() {
    let far = far(Options {
        rate: 0,
        ..Options::default()
    })
    .await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0,1").await;
    let mut beats = Vec::new();
    while beats.len() < 3 {
        let heard = streamer.socket.hear().await;
        if let Some(beat) = heard["notify"][0]["heartbeat"].as_str() {
            beats.push(beat.parse::<i64>().unwrap());
        }
    }
    assert!(
        beats
            .windows(2)
            .all(|two| (9_900..10_100).contains(&(two[1] - two[0]))),
        "{beats:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_subscription_is_ended() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    assert_eq!(streamer.note().await["content"]["code"], 30);
    assert!(streamer.socket.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_person_has_one_connection() {
    let far = far(Options::default()).await;
    let mut first = Streamer::logged_in(&far).await;
    first.subscribe(EQUITIES, "SUBS", "AAPL", "0,1").await;
    let other = far_for("small", Options::default()).await;
    let mut unrelated = Streamer::logged_in(&other).await;
    let mut second = Streamer::logged_in(&far).await;
    assert_eq!(first.note().await["content"]["code"], 12);
    assert!(first.socket.is_closed().await);
    for streamer in [&mut second, &mut unrelated] {
        assert_eq!(streamer.subscribe(EQUITIES, "SUBS", "KO", "0,1").await, 0);
        streamer.data(EQUITIES).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_outlives_its_token() {
    let far = far(Options {
        rate: 5,
        ..Options::default()
    })
    .await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0,1").await;
    far.simulator.oauth().expire_access();
    assert_eq!(far.trader("accounts").await.status, 401);
    assert_eq!(streamer.subscribe(EQUITIES, "ADD", "KO", "0,1").await, 0);
    streamer.data_of(EQUITIES, "KO").await;
}

#[tokio::test(start_paused = true)]
async fn a_halt_is_a_security_status() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer.subscribe(EQUITIES, "SUBS", "AAPL", "0,32").await;
    assert_eq!(streamer.data_of(EQUITIES, "AAPL").await["32"], "Normal");
    assert!(far.simulator.halt("AAPL", "news is coming", None));
    assert_eq!(streamer.data_of(EQUITIES, "AAPL").await["32"], "Halted");
    assert!(far.simulator.resume("AAPL"));
    assert_eq!(streamer.data_of(EQUITIES, "AAPL").await["32"], "Normal");
    assert!(!far.simulator.halt("NOSUCH", "", None));
}

#[tokio::test(start_paused = true)]
async fn options_futures_and_currencies_have_prices_too() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    for (service, key, bid, ask) in [
        ("LEVELONE_OPTIONS", "AAPL  271217C00200000", "2", "3"),
        ("LEVELONE_FUTURES", "/ESZ26", "1", "2"),
        ("LEVELONE_FOREX", "EUR/USD", "1", "2"),
    ] {
        let code = streamer
            .subscribe(service, "SUBS", &format!("{key},NOSUCH"), "0,1,2,3,20")
            .await;
        assert_eq!(code, 0);
        let content = streamer.data(service).await;
        assert_eq!(content.len(), 1, "nothing is known of the other");
        assert_eq!(content[0]["key"], key);
        assert!(
            content[0][bid].as_f64().unwrap() < content[0][ask].as_f64().unwrap(),
            "{content:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_ends_with_its_candle() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer
        .subscribe("CHART_EQUITY", "SUBS", "AAPL,KO", "0,1,2,3,4,5,6,7,8")
        .await;
    let mut numbers = Vec::new();
    for minute in 0..2 {
        for candle in streamer.data("CHART_EQUITY").await {
            assert!(candle["3"].as_f64().unwrap() >= candle["4"].as_f64().unwrap());
            assert_eq!(candle["7"], json!(1_795_532_400_000_i64 + minute * 60_000));
            assert_eq!(candle["1"], candle["seq"]);
            numbers.push(candle["seq"].as_u64().unwrap());
        }
    }
    assert_eq!(numbers.len(), 4);
    assert!(numbers.windows(2).all(|two| two[0] < two[1]));
}

/// A decimal as it is written on this stream.
fn decimal(value: &Value) -> f64 {
    let digits: f64 = value["lo"].as_str().map_or(0.0, |lo| lo.parse().unwrap());
    let scale = value["signScale"].as_u64().unwrap();
    let sign = if scale & 1 == 1 { -1.0 } else { 1.0 };
    sign * digits / 10_f64.powi(i32::try_from(scale >> 1).unwrap())
}

const ACTIVITY: &str = "ACCT_ACTIVITY";

/// Account activity until an event of a kind has come; every event with its JSON.
async fn events_until(streamer: &mut Streamer, kind: &str) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    loop {
        for row in streamer.data(ACTIVITY).await {
            let body = serde_json::from_str(row["3"].as_str().unwrap()).unwrap_or(Value::Null);
            events.push((row["2"].as_str().unwrap().to_owned(), body));
        }
        if events.iter().any(|(name, _)| name == kind) {
            return events;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn account_activity_tells_of_orders_in_nested_json() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer
        .subscribe(ACTIVITY, "SUBS", "Account Activity", "0,1,2,3")
        .await;
    let hello = streamer.data(ACTIVITY).await;
    assert_eq!(
        (&hello[0]["2"], &hello[0]["3"]),
        (&json!("SUBSCRIBED"), &json!(""))
    );
    assert_eq!(hello[0]["key"], "Account Activity");
    let number = far.place(&order("XLF", "BUY", 2)).await;
    let events = events_until(&mut streamer, "OrderFillCompleted").await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(&kinds[..2], ["OrderCreated", "OrderAccepted"]);
    let (_, fill) = events
        .iter()
        .find(|(kind, _)| kind == "OrderFillCompleted")
        .unwrap();
    assert_eq!(fill["SchwabOrderID"], number.to_string());
    assert_eq!(fill["AccountNumber"], far.customer.account_number.as_str());
    let info = &fill["BaseEvent"]["OrderFillCompletedEventOrderLegQuantityInfo"];
    assert!((decimal(&info["QuantityInfo"]["CumulativeQuantity"]) - 2.0).abs() < 1e-9);
    assert_eq!(
        info["QuantityInfo"]["LeavesQuantity"],
        json!({"signScale": 12})
    );
    let price = decimal(&info["ExecutionInfo"]["ExecutionPrice"]);
    let filled = far.wait_for(number, "FILLED").await;
    let booked = &filled["orderActivityCollection"][0]["executionLegs"][0]["price"];
    assert!((price - booked.as_f64().unwrap()).abs() < 1e-6);
}

#[tokio::test(start_paused = true)]
async fn account_activity_tells_of_ends_that_are_no_fills() {
    let far = far(Options::default()).await;
    let mut streamer = Streamer::logged_in(&far).await;
    streamer
        .subscribe(ACTIVITY, "SUBS", "mine", "0,1,2,3")
        .await;
    let bid = far.bid("KO").await;
    let number = far.place(&limit("KO", "BUY", 1, bid * 0.9)).await;
    far.wait_for(number, "WORKING").await;
    let path = format!("orders/{number}");
    let body = limit("KO", "BUY", 2, bid * 0.9).to_string();
    let second = number_of(&far.account("PUT", &path, &body).await);
    far.wait_for(second, "WORKING").await;
    let events = events_until(&mut streamer, "ChangeCreated").await;
    let created = &events
        .iter()
        .find(|(kind, _)| kind == "ChangeCreated")
        .unwrap()
        .1;
    assert_eq!(created["SchwabOrderID"], second.to_string());
    assert!(
        created
            .to_string()
            .contains(&format!("\"ParentSchwabOrderID\":\"{number}\""))
    );
    far.account("DELETE", &format!("orders/{second}"), "").await;
    let events = events_until(&mut streamer, "CancelAccepted").await;
    assert!(events.iter().any(|(kind, _)| kind == "CancelAccepted"));
    far.wait_for(second, "CANCELED").await;
    let rejected = far.place(&order("GE", "SELL", 1)).await;
    let out = loop {
        let events = events_until(&mut streamer, "OrderUROutCompleted").await;
        let mut outs = events
            .into_iter()
            .filter(|(kind, _)| kind == "OrderUROutCompleted");
        if let Some((_, out)) = outs.find(|(_, out)| out["SchwabOrderID"] == rejected.to_string()) {
            break out;
        }
    };
    let why = &out["BaseEvent"]["OrderUROutCompletedEvent"];
    assert_eq!(why["OutCancelType"], "SystemReject");
    let words = why["ValidationDetail"][0]["NgOMSRuleDescription"]
        .as_str()
        .unwrap();
    assert!(words.contains("own enough"), "{words}");
}
