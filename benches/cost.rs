//! What a quote costs from the socket to the replica, beside a bare WebSocket-and-parse loop on the same stream, and
//! what a drawn frame costs in time and bytes. CPU time of the measuring thread; compare ratios, not machines.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use futures_util::{SinkExt, StreamExt};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tradedeck::auth::oauth1::Entropy;
use tradedeck::config::Config;
use tradedeck::domain::{Clock, ConnectionId, Environment, ProviderId, Symbol, Timestamp};
use tradedeck::engine::input::{Channel, Input, Profile, StreamChange};
use tradedeck::engine::{Engine, Settings};
use tradedeck::link::{Hub, Replica, Request, ScreenId, VaultStatus};
use tradedeck::net::socket::{Options, Socket, Target};
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::net::{Dialer, install_tls_provider};
use tradedeck::providers;
use tradedeck::providers::provider::{Opening, StreamCommand, StreamEvent, StreamName, StreamSpec};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::ui::app::{App, Effect};
use tradedeck::ui::footer::LinkFigures;
use tradedeck::ui::terminal::Encoder;
use tradedeck::ui::theme::{Depth, Look, Themes};

const QUOTES: usize = 400_000;
const BATCH: usize = 4;
const SYMBOLS: usize = 500;
const ROUNDS: usize = 5;

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        now.tv_sec.try_into().unwrap(),
        now.tv_nsec.try_into().unwrap(),
    )
}

fn symbols() -> Vec<Symbol> {
    (0..SYMBOLS)
        .map(|number| Symbol::new(&format!("S{number:03}")))
        .collect()
}

/// The frames that every client is sent, in the words of the feed.
fn frames() -> Vec<String> {
    let quote = |number: usize| {
        let (symbol, cents) = (number % SYMBOLS, number % 90 + 10);
        format!(
            r#"{{"T":"q","S":"S{symbol:03}","bx":"U","bp":187.{cents},"bs":100,"ax":"Q","ap":188.{cents},"as":400,"t":"2026-02-22T15:51:45.335689322Z","c":["R"],"z":"C"}}"#
        )
    };
    let frame = |start: usize| {
        (start..start + BATCH)
            .map(quote)
            .collect::<Vec<_>>()
            .join(",")
    };
    (0..QUOTES)
        .step_by(BATCH)
        .map(|start| format!("[{}]", frame(start)))
        .collect()
}

/// A far side that greets as the feed does, then sends everything as fast as the socket takes it.
async fn serve(listener: TcpListener, frames: Arc<Vec<String>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let frames = frames.clone();
        tokio::spawn(async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let mut say = async |text: &str| socket.send(Message::text(text)).await;
            say(r#"[{"T":"success","msg":"connected"}]"#).await.unwrap();
            socket.next().await;
            socket
                .send(Message::text(r#"[{"T":"success","msg":"authenticated"}]"#))
                .await
                .unwrap();
            socket.next().await;
            let names: Vec<String> = symbols()
                .iter()
                .map(|symbol| format!("\"{symbol}\""))
                .collect();
            let ack = format!(
                r#"[{{"T":"subscription","trades":[],"quotes":[{}],"bars":[]}}]"#,
                names.join(",")
            );
            socket.send(Message::text(ack)).await.unwrap();
            for frame in frames.iter() {
                if socket.feed(Message::text(frame.as_str())).await.is_err() {
                    return;
                }
            }
            socket.flush().await.ok();
            while let Some(Ok(_)) = socket.next().await {}
        });
    }
}

#[derive(Deserialize)]
struct Bare<'a> {
    #[serde(rename = "T")]
    kind: &'a str,
    #[serde(rename = "S", default)]
    symbol: &'a str,
    #[serde(borrow, default)]
    bp: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow, default)]
    ap: Option<&'a serde_json::value::RawValue>,
}

/// A bare loop: receive, parse, keep the latest text of each symbol.
async fn bare(address: SocketAddr) -> Duration {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/"), stream)
        .await
        .unwrap();
    socket.send(Message::text("{}")).await.unwrap();
    socket.send(Message::text("{}")).await.unwrap();
    let mut latest: HashMap<String, (String, String)> = HashMap::new();
    let (mut seen, start) = (0, cpu());
    while seen < QUOTES {
        let Some(Ok(Message::Text(text))) = socket.next().await else {
            break;
        };
        for quote in serde_json::from_str::<Vec<Bare<'_>>>(&text).unwrap_or_default() {
            let (Some(bid), Some(ask)) = (quote.bp, quote.ap) else {
                continue;
            };
            seen += usize::from(quote.kind == "q");
            let line = latest.entry(quote.symbol.to_owned()).or_default();
            line.0.clear();
            line.0.push_str(bid.get());
            line.1.clear();
            line.1.push_str(ask.get());
        }
    }
    cpu() - start
}

fn engine() -> (Engine, ConnectionId) {
    let settings = Settings {
        refresh: Duration::from_secs(60),
        read_only: false,
        demo: false,
        lock_after: None,
        seed: 1,
    };
    let mut engine = Engine::new(settings, vec![], VaultStatus::Absent);
    let id = ConnectionId::new("alpaca");
    let profile = Profile {
        id: id.clone(),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment: Environment::Paper,
        has_quotes: true,
        by_browser: false,
        simulated: true,
    };
    let now = SystemClock.now();
    engine.handle(now, Input::Opened(profile));
    engine.handle(
        now,
        Input::Request(ScreenId(0), Request::Watch { symbols: symbols() }),
    );
    engine.handle(
        now,
        Input::Stream(id.clone(), Channel::Quotes, StreamChange::Up("IEX".into())),
    );
    (engine, id)
}

/// The market-data stream of a connection, as the product opens it.
fn stream() -> StreamSpec {
    let spec = providers::find("alpaca").unwrap();
    let opening = Opening {
        way: spec.way(None).unwrap(),
        bearer: None,
        connection: ConnectionId::new("alpaca"),
        environment: Environment::Paper,
        secrets: BTreeMap::from([
            ("key".to_owned(), "PKABCDEFGHIJKLMNOPQR".to_owned().into()),
            ("secret".to_owned(), "x".repeat(40).into()),
        ]),
        addresses: spec
            .addresses
            .iter()
            .map(|(key, it)| ((*key).to_owned(), (*it).to_owned()))
            .collect(),
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        clock: Arc::new(SystemClock),
        entropy: Entropy::new(|bytes| bytes.fill(7)),
    };
    let provider = (spec.open)(opening).unwrap_or_else(|error| panic!("{error}"));
    let mut streams = provider.streams(&[]).into_iter();
    streams
        .find(|stream| stream.name == StreamName::Quotes)
        .unwrap()
}

/// The product's own way: session, engine, hub, mailbox, replica.
async fn product(address: SocketAddr) -> Duration {
    let mut opening = (stream().start)()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let target = Target {
        url: format!("ws://{address}/").parse().unwrap(),
        headers: vec![],
    };
    let socket = Socket::connect(&Dialer::from_system().unwrap(), &target)
        .await
        .unwrap();
    let (commands, mut inbox) = mpsc::channel(4);
    commands
        .send(StreamCommand::Watch(symbols()))
        .await
        .unwrap();
    let (mut engine, id) = engine();
    let (hub, _requests) = Hub::new();
    let (screen, mut replica) = (hub.attach(), Replica::default());
    let cancel = CancellationToken::new();
    let (mut seen, start) = (0, cpu());
    let mut sink = |events: &mut Vec<StreamEvent>| {
        let market: Vec<_> = events
            .drain(..)
            .filter_map(|event| {
                if let StreamEvent::Market(event) = event {
                    Some(event)
                } else {
                    None
                }
            })
            .collect();
        seen += market.len();
        engine.handle(SystemClock.now(), Input::Market(id.clone(), market));
        hub.publish_quotes(&engine.take_quotes());
        for update in screen.drain() {
            replica.apply(update);
        }
        if seen >= QUOTES {
            cancel.cancel();
        }
    };
    socket
        .run(
            &mut opening.session,
            &mut inbox,
            &mut sink,
            Options::default(),
            &cancel,
        )
        .await;
    cpu() - start
}

fn median(mut figures: Vec<Duration>) -> Duration {
    figures.sort();
    figures[figures.len() / 2]
}

fn per(total: Duration, count: usize) -> u128 {
    total.as_nanos() / count as u128
}

async fn ingest() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let frames = Arc::new(frames());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve_on(listener, frames));
    });
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(bare(address).await);
        ours.push(product(address).await);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("quote, socket to replica:   {} ns CPU", per(ours, QUOTES));
    println!("quote, bare loop:           {} ns CPU", per(theirs, QUOTES));
    println!(
        "ratio:                      {} %",
        ours.as_nanos() * 100 / theirs.as_nanos()
    );
}

async fn serve_on(listener: std::net::TcpListener, frames: Arc<Vec<String>>) {
    serve(TcpListener::from_std(listener).unwrap(), frames).await;
}

/// Frames of the demo's screen while a tenth of its symbols change.
async fn frame(width: u16, height: u16) {
    const FRAMES: usize = 300;
    let look = Look {
        depth: Depth::True,
        swap_up_down: false,
    };
    let app = App::new(
        Config::default(),
        Themes::embedded(),
        look,
        Arc::new(SystemClock),
        Box::new(|| [7; 16]),
    );
    let mut app = app.unwrap_or_else(|error| panic!("{error}"));
    app.resize(width, height);
    let (mut engine, id) = engine();
    let (hub, _requests) = Hub::new();
    let screen = hub.attach();
    let area = Rect::new(0, 0, width, height);
    let (mut shown, mut next) = (Buffer::empty(area), Buffer::empty(area));
    let (mut encoder, mut bytes, mut spent) = (Encoder::default(), 0, Duration::ZERO);
    for number in 0..FRAMES {
        let trade = |symbol: &str| {
            let price = format!("{}.{:02}", 180 + number % 7, number % 100)
                .parse()
                .unwrap();
            let size = "100".parse().unwrap();
            let time = Timestamp::EPOCH;
            tradedeck::domain::MarketEvent::Trade(tradedeck::domain::Trade {
                symbol: Symbol::new(symbol),
                price,
                size,
                time,
            })
        };
        engine.handle(
            SystemClock.now(),
            Input::Market(id.clone(), vec![trade("AAPL"), trade("MSFT")]),
        );
        hub.publish_quotes(&engine.take_quotes());
        let start = cpu();
        let _: Vec<Effect> = app.update(screen.drain());
        next.reset();
        app.draw(SystemClock.now(), LinkFigures::default(), &mut next);
        let mut out = Vec::new();
        encoder.encode(&shown, &next, None, &mut out);
        spent += cpu() - start;
        bytes += if number > 0 { out.len() } else { 0 };
        std::mem::swap(&mut shown, &mut next);
    }
    println!(
        "frame at {width}x{height}:  {} us CPU, {} bytes",
        spent.as_micros() / FRAMES as u128,
        bytes / (FRAMES - 1)
    );
}

fn main() {
    install_tls_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        ingest().await;
        for (width, height) in [(80, 24), (120, 40), (200, 50)] {
            frame(width, height).await;
        }
    });
}
