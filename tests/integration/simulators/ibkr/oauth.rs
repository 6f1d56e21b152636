//! The door for programs that sign their requests: the handshake, signatures, and what is wrong with them.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::BoxedUint;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tradedeck::domain::Timestamp;
use tradedeck::sim::ibkr::Ready;

/// What a client knows of an RSA key.
struct Key {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl Key {
    /// Reads PKCS #8 as far as is needed here: the whole numbers of the key within.
    fn read(pem: &str) -> Self {
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        let mut numbers = Vec::new();
        // 26 bytes of wrapping and 4 of the inner sequence stand before the numbers of a key of 2048 bits.
        let mut rest = &der[30..];
        while let [2, tail @ ..] = rest {
            let (length, body) = length(tail);
            numbers.push(body[..length].to_vec());
            rest = &body[length..];
        }
        Self {
            modulus: numbers[1].clone(),
            exponent: numbers[3].clone(),
        }
    }

    fn apply(&self, block: &[u8]) -> Vec<u8> {
        power(block, &self.exponent, &self.modulus)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    fn sign(&self, message: &str) -> Vec<u8> {
        let mut info = hex("3031300d060960864801650304020105000420");
        info.extend_from_slice(&Sha256::digest(message));
        let mut block = vec![0, 1];
        block.resize(256 - info.len() - 1, 0xff);
        block.push(0);
        block.extend(info);
        self.apply(&block)
    }

    /// RSAES-PKCS1-v1_5.
    fn decrypt(&self, sealed: &str) -> Vec<u8> {
        let block = self.apply(&STANDARD.decode(sealed).unwrap());
        let end = block.iter().skip(2).position(|byte| *byte == 0).unwrap();
        block[end + 3..].to_vec()
    }
}

fn length(der: &[u8]) -> (usize, &[u8]) {
    match der[0] {
        short @ 0..=0x7f => (short.into(), &der[1..]),
        0x81 => (der[1].into(), &der[2..]),
        _ => (usize::from(der[1]) * 256 + usize::from(der[2]), &der[3..]),
    }
}

fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice_truncated(bytes, 2048);
    let modulus = number(modulus).to_odd().unwrap();
    number(base)
        .pow_mod(&number(exponent), &modulus)
        .to_be_bytes()
        .to_vec()
}

fn hex(text: &str) -> Vec<u8> {
    let text = if text.len() % 2 == 1 {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// As Python's `quote_plus` does.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
    let escaped = text.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// What a request is signed with.
enum Secret<'a> {
    Rsa(&'a Key, &'a str),
    Hmac(&'a [u8]),
}

/// A client at the door, and the fields it signs.
struct Client {
    far: Far,
    ready: Value,
    now: i64,
    nonce: u32,
    token: Vec<u8>,
}

impl Client {
    fn new() -> Self {
        let far = far_at(TEN_O_CLOCK, patient(), "margin");
        let ready = serde_json::to_value(Ready::of(&far.simulator, "gateway", "far")).unwrap();
        let now = Timestamp::parse(TEN_O_CLOCK).unwrap().millis() / 1000;
        Self {
            far,
            ready,
            now,
            nonce: 0,
            token: Vec::new(),
        }
    }

    fn key(&self, name: &str) -> Key {
        Key::read(self.ready[name].as_str().unwrap())
    }

    fn fields(&mut self, method: &str) -> Vec<(String, String)> {
        self.nonce += 1;
        let customer = &self.far.customer;
        let fields = [
            ("oauth_consumer_key", customer.consumer_key.clone()),
            ("oauth_nonce", format!("nonce{:011}", self.nonce)),
            ("oauth_signature_method", method.to_owned()),
            ("oauth_timestamp", self.now.to_string()),
            ("oauth_token", customer.access_token.clone()),
        ];
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
    }

    /// Signs and sends; the header's signature is escaped as its client does.
    async fn send(
        &self,
        (verb, path): (&str, &str),
        mut fields: Vec<(String, String)>,
        secret: Secret<'_>,
    ) -> Answer {
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        let mut signed = fields.clone();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        signed.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        signed.sort();
        let pairs: Vec<String> = signed
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let base = format!(
            "{verb}&{}&{}",
            quoted(&format!("http://far/v1/api/{bare}")),
            quoted(&pairs.join("&"))
        );
        let signature = match secret {
            Secret::Rsa(key, prepend) => key.sign(&format!("{prepend}{base}")),
            Secret::Hmac(token) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(token).unwrap();
                mac.update(base.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
        };
        fields.push((
            "oauth_signature".to_owned(),
            quoted(&STANDARD.encode(signature)),
        ));
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let header = format!(
            "Authorization: OAuth realm=\"limited_poa\", {}\r\n",
            fields.join(", ")
        );
        let request = request(verb, &format!("/v1/api/{path}"), "", &header);
        self.far.raw(Door::OAuth, &request).await.unwrap()
    }

    /// Agrees on a live session token, as the manual has it.
    async fn shake_hands(&mut self) {
        let prime = hex(self.ready["dh_prime"].as_str().unwrap());
        let secret = self
            .key("encryption_key")
            .decrypt(&self.far.customer.access_token_secret);
        let ours = [0x5a; 32];
        let challenge = to_hex(&power(&[2], &ours, &prime));
        let challenge = challenge.trim_start_matches('0').to_owned();
        let mut fields = self.fields("RSA-SHA256");
        fields.push(("diffie_hellman_challenge".to_owned(), challenge));
        let key = self.key("signing_key");
        let path = ("POST", "oauth/live_session_token");
        let prepend = to_hex(&secret);
        let answer = self.send(path, fields, Secret::Rsa(&key, &prepend)).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        let theirs = hex(answer.body["diffie_hellman_response"].as_str().unwrap());
        let agreed = power(&theirs, &ours, &prime);
        let agreed = agreed
            .strip_prefix(&[0][..])
            .map_or(agreed.clone(), <[u8]>::to_vec);
        let agreed = match agreed[0] {
            0x80.. => [&[0], agreed.as_slice()].concat(),
            _ => agreed,
        };
        self.token = sha1(&agreed, &secret);
        let proof = to_hex(&sha1(
            &self.token,
            self.far.customer.consumer_key.as_bytes(),
        ));
        assert_eq!(answer.body["live_session_token_signature"], proof);
        let ends = (self.now + 86_400) * 1000;
        assert!(
            (answer.body["live_session_token_expiration"]
                .as_i64()
                .unwrap()
                - ends)
                .abs()
                < 5_000
        );
    }

    async fn get(&mut self, path: &str) -> Answer {
        let fields = self.fields("HMAC-SHA256");
        self.send(("GET", path), fields, Secret::Hmac(&self.token))
            .await
    }

    async fn get_with(&mut self, name: &str, value: &str) -> Answer {
        let mut fields = self.fields("HMAC-SHA256");
        fields.iter_mut().find(|(key, _)| key == name).unwrap().1 = value.to_owned();
        self.send(("GET", "tickle"), fields, Secret::Hmac(&self.token))
            .await
    }
}

#[tokio::test(start_paused = true)]
async fn who_shakes_hands_is_let_in() {
    let mut client = Client::new();
    let early = client.get("tickle").await;
    assert_eq!(early.status, 401);
    client.shake_hands().await;
    let tickle = client.get("tickle").await;
    assert_eq!(tickle.status, 200, "{}", tickle.raw);
    assert!(tickle.body.get("ssoExpires").is_none() && tickle.body.get("userId").is_none());
    let accounts = client.get("portfolio/accounts").await;
    assert_eq!(accounts.body[0]["id"], client.far.customer.account_number);
    let stocks = client.get("trsrv/stocks?symbols=AAPL").await;
    assert_eq!(stocks.body["AAPL"][0]["contracts"][0]["conid"], AAPL);
    assert_eq!(client.get("sso/validate").await.status, 403);
    let fields = client.fields("HMAC-SHA256");
    let token = client.token.clone();
    let body = client
        .send(("POST", "logout"), fields, Secret::Hmac(&token))
        .await;
    assert_eq!(body.body, json!({"status": true}));
    assert_eq!(client.get("tickle").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_wrong_is_refused() {
    let mut client = Client::new();
    client.shake_hands().await;
    let error = |why: &str| json!({"error": format!("id: 92177, error: {why}"), "statusCode": 401});
    let late = (client.now - 301).to_string();
    for (name, value, why) in [
        ("oauth_consumer_key", "SIMNOBODY", "invalid consumer"),
        ("oauth_token", "0123456789abcdef0123", "invalid token"),
        ("oauth_signature_method", "HMAC-SHA1", "invalid signature"),
        ("oauth_timestamp", late.as_str(), "invalid timestamp"),
        ("oauth_nonce", "nonce00000000001", "invalid nonce"),
    ] {
        let answer = client.get_with(name, value).await;
        assert_eq!((answer.status, answer.body), (401, error(why)), "{name}");
    }
    let fields = client.fields("HMAC-SHA256");
    let wrong = client
        .send(("GET", "tickle"), fields, Secret::Hmac(&[0; 20]))
        .await;
    assert_eq!(wrong.body, error("invalid signature"));
    let mut fields = client.fields("RSA-SHA256");
    fields.push(("diffie_hellman_challenge".to_owned(), "4".to_owned()));
    let key = client.key("signing_key");
    let path = ("POST", "oauth/live_session_token");
    let unprefixed = client.send(path, fields, Secret::Rsa(&key, "")).await;
    assert_eq!(unprefixed.body, error("invalid signature"));
    let bare = request("GET", "/v1/api/tickle", "", "");
    let bare = client.far.raw(Door::OAuth, &bare).await.unwrap();
    assert_eq!(bare.body, error("invalid authorization header"));
}

#[tokio::test(start_paused = true)]
async fn a_live_session_token_lives_a_day() {
    let mut client = Client::new();
    client.shake_hands().await;
    tokio::time::sleep(Duration::from_secs(86_399)).await;
    client.now += 86_399;
    assert_eq!(client.get("tickle").await.status, 200);
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.now += 2;
    assert_eq!(client.get("tickle").await.status, 401);
    client.shake_hands().await;
    assert_eq!(client.get("tickle").await.status, 200);
    client.far.simulator.faults().cue("tickle:410").unwrap();
    assert_eq!(client.get("tickle").await.status, 410);
}

#[tokio::test(start_paused = true)]
async fn three_legs_lead_to_the_same_token() {
    let mut client = Client::new();
    let key = client.key("signing_key");
    let mut fields = client.fields("RSA-SHA256");
    fields.retain(|(name, _)| name != "oauth_token");
    fields.push(("oauth_callback".to_owned(), "oob".to_owned()));
    let path = ("POST", "oauth/request_token");
    let answer = client.send(path, fields, Secret::Rsa(&key, "")).await;
    let token = answer.body["oauth_token"].as_str().unwrap().to_owned();
    let exchange = async |client: &mut Client, verifier: &str| {
        let mut fields = client.fields("RSA-SHA256");
        fields.retain(|(name, _)| name != "oauth_token");
        fields.push(("oauth_token".to_owned(), token.clone()));
        fields.push(("oauth_verifier".to_owned(), verifier.to_owned()));
        let path = ("POST", "oauth/access_token");
        client.send(path, fields, Secret::Rsa(&key, "")).await
    };
    assert_eq!(exchange(&mut client, "guessed").await.status, 401);
    let page = request("GET", &format!("/authorize?oauth_token={token}"), "", "");
    let page = client.far.raw(Door::OAuth, &page).await.unwrap().raw;
    let verifier = page
        .split("oauth_verifier=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let granted = exchange(&mut client, verifier).await.body;
    assert_eq!(granted["oauth_token"], client.far.customer.access_token);
    assert_eq!(
        granted["oauth_token_secret"],
        client.far.customer.access_token_secret
    );
    assert_eq!(granted["is_paper"], true);
}

#[tokio::test(start_paused = true)]
async fn the_stream_asks_for_the_access_token() {
    let mut client = Client::new();
    client.shake_hands().await;
    let tickle = client.get("tickle").await;
    let cookie = format!("api={}", tickle.body["session"].as_str().unwrap());
    let path = format!(
        "/v1/api/ws?oauth_token={}",
        client.far.customer.access_token
    );
    let mut socket = client.far.connect(Door::OAuth, &path, Some(&cookie)).await;
    assert_eq!(socket.hear().await["topic"], "system");
    let mut without = client
        .far
        .connect(Door::OAuth, "/v1/api/ws", Some(&cookie))
        .await;
    assert!(without.0.is_closed().await);
}
