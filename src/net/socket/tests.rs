use super::super::session::Ending;
use super::*;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::accept_async;

/// Repeats what it hears as events and says what it is told to.
#[derive(Default)]
struct Parrot {
    deadline: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Opened,
    Text(String),
    Binary(Vec<u8>),
    Tick,
}

impl Session for Parrot {
    type Event = Heard;
    type Command = String;

    fn opened(&mut self, _now: Instant, out: &mut Outbox<Heard>) {
        out.events.push(Heard::Opened);
        out.say("hello".into());
    }

    fn text(&mut self, _now: Instant, text: &str, out: &mut Outbox<Heard>) {
        out.events.push(Heard::Text(text.into()));
        if text == "end" {
            out.say("last words".into());
            out.end(Ending::RetryAfter(Duration::from_secs(3)));
        }
    }

    fn binary(&mut self, _now: Instant, bytes: &[u8], out: &mut Outbox<Heard>) {
        out.events.push(Heard::Binary(bytes.into()));
    }

    fn command(&mut self, _now: Instant, command: String, out: &mut Outbox<Heard>) {
        out.say(command);
    }

    fn tick(&mut self, _now: Instant, out: &mut Outbox<Heard>) {
        self.deadline = None;
        out.events.push(Heard::Tick);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

type Batches = Arc<Mutex<Vec<Vec<Heard>>>>;

/// A socket at work, and its far side.
struct Line {
    far: WebSocketStream<DuplexStream>,
    commands: mpsc::Sender<String>,
    cancel: CancellationToken,
    batches: Batches,
    running: tokio::task::JoinHandle<SocketEnd>,
}

fn target() -> Target {
    Target {
        url: Url::parse("ws://127.0.0.1/feed").unwrap(),
        headers: vec![(
            HeaderName::from_static("x-key"),
            HeaderText::Plain("k".into()),
        )],
    }
}

async fn shaken() -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (near, far) = duplex(1 << 20);
    let target = target();
    let (near, far) = tokio::join!(Socket::handshake(near, &target), accept_async(far));
    (near.unwrap(), far.unwrap())
}

impl Line {
    async fn open() -> Self {
        Self::with(Parrot::default(), |_taken| true).await
    }

    /// `takes` is told how many batches there were and says whether the next one is taken.
    async fn with(mut parrot: Parrot, takes: impl Fn(usize) -> bool + Send + 'static) -> Self {
        let (socket, far) = shaken().await;
        let (commands, mut receiver) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let batches = Batches::default();
        let (stop, record) = (cancel.clone(), batches.clone());
        let running = tokio::spawn(async move {
            let mut offered = 0;
            let mut sink = move |events: &mut Vec<Heard>| {
                offered += 1;
                if takes(offered) {
                    record.lock().unwrap().push(std::mem::take(events));
                }
            };
            let options = Options::default();
            socket
                .run(&mut parrot, &mut receiver, &mut sink, options, &stop)
                .await
        });
        Self {
            far,
            commands,
            cancel,
            batches,
            running,
        }
    }

    async fn say(&mut self, text: &str) {
        self.far.send(Message::text(text)).await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        self.far.next().await.unwrap().unwrap()
    }

    fn heard(&self) -> Vec<Heard> {
        self.batches.lock().unwrap().concat()
    }

    /// Writes bytes below the WebSocket, as a far side that breaks its rules would.
    async fn send_raw(&mut self, bytes: &[u8]) {
        self.far.get_mut().write_all(bytes).await.unwrap();
    }

    async fn end(self) -> SocketEnd {
        self.running.await.unwrap()
    }
}

fn text(text: &str) -> Heard {
    Heard::Text(text.into())
}

#[tokio::test(start_paused = true)]
async fn it_says_and_hears_and_stops_when_told() {
    let mut line = Line::open().await;
    assert_eq!(line.hear().await, Message::text("hello"));
    line.say("one").await;
    line.far.send(Message::binary(vec![1, 2])).await.unwrap();
    line.commands.send("two".into()).await.unwrap();
    assert_eq!(line.hear().await, Message::text("two"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        line.heard(),
        [Heard::Opened, text("one"), Heard::Binary(vec![1, 2])]
    );
    line.cancel.cancel();
    assert!(line.hear().await.is_close());
    assert_eq!(line.end().await, SocketEnd::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn what_arrived_together_is_delivered_together() {
    let mut line = Line::open().await;
    for n in 0..500 {
        line.far.feed(Message::text(n.to_string())).await.unwrap();
    }
    line.far.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(line.heard().len(), 501);
    let batches = line.batches.lock().unwrap().len();
    assert!(batches <= 4, "{batches}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_a_second_wake_it_a_few_hundred_times() {
    let mut line = Line::open().await;
    for n in 0..1_000_u32 {
        for _ in 0..10 {
            line.say(&n.to_string()).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(line.heard().len(), 10_001);
    let batches = line.batches.lock().unwrap().len();
    assert!(batches <= 255, "{batches}");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_it_after_its_last_words() {
    let mut line = Line::open().await;
    line.hear().await;
    line.say("end").await;
    assert_eq!(line.hear().await, Message::text("last words"));
    assert!(line.hear().await.is_close());
    let ending = Ending::RetryAfter(Duration::from_secs(3));
    assert_eq!(line.heard(), [Heard::Opened, text("end")]);
    assert_eq!(line.end().await, SocketEnd::Ended(ending));
}

#[tokio::test(start_paused = true)]
async fn a_half_open_socket_is_found_in_fifteen_seconds() {
    let line = Line::open().await;
    let Line { far, running, .. } = line;
    let start = Instant::now();
    let end = running.await.unwrap(); // `far` stands and says nothing, not even to a ping
    assert_eq!(end, SocketEnd::Silent(Duration::from_secs(15)));
    assert!(start.elapsed() < Duration::from_secs(17));
    assert_eq!(end.ending(), Some(Ending::Retry));
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_socket_whose_far_side_answers_pings_stands() {
    let line = Line::open().await;
    let Line {
        mut far,
        running,
        cancel,
        ..
    } = line;
    let answering = tokio::spawn(async move { while far.next().await.is_some() {} });
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(!running.is_finished());
    cancel.cancel();
    assert_eq!(running.await.unwrap(), SocketEnd::Cancelled);
    answering.abort();
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered() {
    let mut line = Line::open().await;
    line.hear().await;
    line.far.send(Message::Ping("?".into())).await.unwrap();
    assert_eq!(line.hear().await, Message::Pong("?".into()));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_session_is_kept() {
    let parrot = Parrot {
        deadline: Some(Instant::now() + Duration::from_secs(5)),
    };
    let line = Line::with(parrot, |_| true).await;
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    assert_eq!(line.heard(), [Heard::Opened]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(line.heard(), [Heard::Opened, Heard::Tick]);
}

#[tokio::test(start_paused = true)]
async fn while_events_are_not_taken_nothing_more_is_read() {
    // Refuses from the second batch on, for about two seconds: longer than a queue would hide.
    let mut line = Line::with(Parrot::default(), |offered| offered == 1 || offered > 500).await;
    for n in 0..3 {
        line.say(&n.to_string()).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(line.heard(), [Heard::Opened]);
    line.say("later").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let texts = ["0", "1", "2", "later"].map(text);
    assert_eq!(line.heard()[1..], texts);
    assert!(!line.running.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_reported_with_its_reason_cleaned() {
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
    let mut line = Line::open().await;
    line.say("before").await;
    let frame = CloseFrame {
        code: CloseCode::Policy,
        reason: "slow\u{1b}[2J client".into(),
    };
    line.far.send(Message::Close(Some(frame))).await.unwrap();
    let batches = line.batches.clone();
    let end = line.end().await;
    let (code, reason) = (Some(1008), "slow[2J client".into());
    assert_eq!(end, SocketEnd::Closed { code, reason });
    assert_eq!(batches.lock().unwrap().concat()[1], text("before"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_without_a_word_is_a_failure_to_retry() {
    let line = Line::open().await;
    let Line { far, running, .. } = line;
    drop(far);
    let end = running.await.unwrap();
    assert!(
        matches!(end, SocketEnd::Failed(NetError::Broken { .. })),
        "{end:?}"
    );
    assert_eq!(end.ending(), Some(Ending::Retry));
}

#[tokio::test(start_paused = true)]
async fn a_frame_or_message_too_large_ends_it_before_it_is_read() {
    let mut line = Line::open().await;
    let ten_megabytes = [&[0x82, 127][..], &(10_u64 << 20).to_be_bytes()].concat();
    line.send_raw(&ten_megabytes).await;
    let too_large = SocketEnd::Failed(NetError::TooLarge {
        what: "a message",
        limit: MESSAGE_LIMIT,
    });
    assert_eq!(line.end().await, too_large);

    let mut line = Line::open().await;
    let piece = vec![b'x'; 200 << 10];
    for start in [0x01, 0, 0, 0, 0, 0] {
        let header = [&[start, 127][..], &(piece.len() as u64).to_be_bytes()].concat();
        let frame = [header, piece.clone()].concat();
        if line.far.get_mut().write_all(&frame).await.is_err() {
            break;
        }
    }
    assert_eq!(line.end().await, too_large);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_fragments_ends_it() {
    let mut line = Line::open().await;
    line.send_raw(&[0x01, 0]).await;
    for _ in 0..FRAGMENT_LIMIT {
        line.send_raw(&[0x00, 0]).await;
    }
    let limit = FRAGMENT_LIMIT;
    assert_eq!(
        line.end().await,
        SocketEnd::Failed(NetError::Fragments { limit })
    );
}

#[tokio::test(start_paused = true)]
async fn broken_rules_end_it() {
    for (bytes, what) in [
        (&[0x81, 2, 0xff, 0xfe][..], "text that is not UTF-8"),
        (&[0xc1, 0], "reserved bits"),
        (&[0x80, 0], "a continuation of nothing"),
        (&[0x81, 0x81, 1, 2, 3, 4, 5], "masked by a server"),
        (&[b'H'; 100], "text where frames should be"),
    ] {
        let mut line = Line::open().await;
        line.send_raw(bytes).await;
        let end = line.end().await;
        assert!(matches!(end, SocketEnd::Failed(_)), "{what}: {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_far_side_that_takes_nothing_ends_it() {
    let line = Line::open().await;
    let commands = line.commands.clone();
    let flood =
        tokio::spawn(async move { while commands.send("x".repeat(100_000)).await.is_ok() {} });
    let Line { far, running, .. } = line;
    assert_eq!(running.await.unwrap(), SocketEnd::Failed(NetError::Backlog));
    drop((far, flood));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_is_left_to_command_it() {
    let line = Line::open().await;
    let Line {
        far,
        running,
        commands,
        ..
    } = line;
    drop(commands);
    assert_eq!(running.await.unwrap(), SocketEnd::Cancelled);
    drop(far);
}

/// The far side reads the request, writes `answer`, and closes or waits.
async fn shake_hands_with(answer: &'static [u8], then_close: bool) -> Option<NetError> {
    let (near, mut far) = duplex(1 << 20);
    let server = async move {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            far.read_buf(&mut request).await.unwrap();
        }
        far.write_all(answer).await.unwrap();
        if !then_close {
            std::future::pending::<()>().await;
        }
    };
    let target = target();
    let client = Socket::handshake(near, &target);
    let server = tokio::spawn(server);
    let outcome = client.await.err();
    server.abort();
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_handshake_answered_otherwise_is_refused_with_its_status() {
    for (answer, status) in [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>"[..],
            200,
        ),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", 401),
        (
            b"HTTP/1.1 301 Moved\r\nlocation: wss://evil.example\r\n\r\n",
            301,
        ),
        (b"HTTP/1.1 503 Busy\r\n\r\n", 503),
    ] {
        let retry_after = None;
        let expected = NetError::Handshake {
            status,
            retry_after,
        };
        assert_eq!(shake_hands_with(answer, false).await, Some(expected));
    }
    let answer = b"HTTP/1.1 429 Slow\r\nretry-after: 9\r\n\r\n";
    let error = shake_hands_with(answer, false).await.unwrap();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stops_at_any_step_is_an_error() {
    let whole =
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    for cut in [0, 1, 9, 30, whole.len()] {
        let closed = shake_hands_with(&whole[..cut], true).await.unwrap();
        assert!(closed.may_retry(), "{cut}: {closed}");
        let silent = shake_hands_with(&whole[..cut], false).await.unwrap();
        let step = Step::Handshake;
        let limit = HANDSHAKE_LIMIT;
        assert_eq!(silent, NetError::Timeout { step, limit }, "{cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_for_a_handshake_is_an_error() {
    for garbage in [
        &b"<html>hello</html>\r\n\r\n"[..],
        b"HTTP/1.1 101 X\r\n\r\n",
        b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n",
        b"\x16\x03\x01\x02\r\n\r\n",
    ] {
        let error = shake_hands_with(garbage, false).await.unwrap();
        assert!(matches!(error, NetError::Protocol { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn it_runs_over_a_real_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/feed", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut far = accept_async(tcp).await.unwrap();
        for n in 0..200 {
            far.send(Message::text(n.to_string())).await.unwrap();
        }
        far.send(Message::text("end")).await.unwrap();
        while far.next().await.is_some_and(|message| message.is_ok()) {}
    });
    let target = Target {
        url: Url::parse(&url).unwrap(),
        headers: Vec::new(),
    };
    let dialer = Dialer::from_system().unwrap();
    let socket = Socket::connect(&dialer, &target).await.unwrap();
    let (_commands, mut receiver) = mpsc::channel(1);
    let mut heard = Vec::new();
    let mut sink = |events: &mut Vec<Heard>| heard.append(events);
    let end = socket
        .run(
            &mut Parrot::default(),
            &mut receiver,
            &mut sink,
            Options::default(),
            &CancellationToken::new(),
        )
        .await;
    assert!(matches!(end, SocketEnd::Ended(_)), "{end:?}");
    assert_eq!(heard.len(), 202);
    server.await.unwrap();
}
