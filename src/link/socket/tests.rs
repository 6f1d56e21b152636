//! Over real sockets in a temporary folder. That a process of another user is refused cannot be tested
//! without a second user; the check itself runs in every test.

use super::*;
use crate::domain::{Level1, Sequence, Symbol, Timestamp};
use crate::link::replica::{Applied, Replica};
use crate::link::{Event, Level, Snapshot, VaultRole, VaultStatus};
use std::os::unix::net::UnixListener as BlockingListener;
use tempfile::TempDir;

/// A runtime that answers requests for a snapshot and remembers the others.
struct Cockpit {
    hub: Hub,
    inbox: mpsc::Receiver<Inbound>,
    path: PathBuf,
    _folder: TempDir,
    _server: AbortOnDropHandle<()>,
}

fn socket_in(folder: &TempDir) -> PathBuf {
    folder.path().join("run").join("cockpit.sock")
}

fn cockpit() -> Cockpit {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_in(&folder);
    let (hub, inbox) = Hub::new();
    let server = tokio::spawn(serve(Listener::bind(&path).unwrap(), hub.clone()));
    Cockpit {
        hub,
        inbox,
        path,
        _folder: folder,
        _server: AbortOnDropHandle::new(server),
    }
}

fn snapshot(at: u64) -> Snapshot {
    Snapshot {
        version: VERSION,
        at: Sequence(at),
        time: Timestamp::EPOCH,
        demo: false,
        vault: VaultStatus::Open {
            failures: 0,
            role: VaultRole::Trader,
        },
        offers: vec![],
        connections: vec![],
        accounts: vec![],
        balances: vec![],
        positions: vec![],
        orders: vec![],
        clocks: vec![],
        activity: vec![],
        syncs: vec![],
        quotes: vec![],
    }
}

fn notice(number: u64) -> Event {
    Event::Notice {
        level: Level::Info,
        text: number.to_string().into(),
    }
}

impl Cockpit {
    /// The next request, its screen answered when it is for a snapshot.
    async fn next_request(&mut self) -> (ScreenId, Request) {
        let Some(Inbound::Request(screen, request)) = self.inbox.recv().await else {
            panic!("no request came");
        };
        (screen, request)
    }

    /// Attaches a client and starts it from snapshot `at`.
    async fn client(&mut self, at: u64) -> (Attached, Replica) {
        let client = connect(&self.path).await.unwrap();
        let (screen, request) = self.next_request().await;
        assert_eq!(request, Request::Snapshot);
        self.hub.send_snapshot(screen, &snapshot(at));
        let mut replica = Replica::default();
        while !replica.ready {
            take(&client, &mut replica).await;
        }
        (client, replica)
    }
}

async fn take(client: &Attached, replica: &mut Replica) {
    client.screen.changed().await;
    for update in client.screen.drain() {
        assert_eq!(replica.apply(update), Applied::Changed);
    }
}

#[tokio::test]
async fn a_client_starts_from_a_snapshot_and_misses_no_event() {
    let mut cockpit = cockpit();
    let (client, mut replica) = cockpit.client(7).await;
    for number in 8..=30 {
        cockpit.hub.publish(Sequence(number), &notice(number));
    }
    while replica.notices.len() < 23 {
        take(&client, &mut replica).await;
    }
    let texts: Vec<_> = replica.notices.iter().map(|it| it.1.to_string()).collect();
    let expected: Vec<_> = (8..=30).map(|number| number.to_string()).collect();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn requests_arrive_and_secrets_do_not_travel() {
    let mut cockpit = cockpit();
    let (client, _) = cockpit.client(0).await;
    let unlock = crate::link::SecretRequest::Unlock {
        passphrase: "open sesame".into(),
    };
    client.screen.request_secret(unlock).unwrap();
    let watch = Request::Watch {
        symbols: vec![Symbol::new("AAPL")],
    };
    client.screen.request(watch.clone()).unwrap();
    assert_eq!(cockpit.next_request().await.1, watch);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_to_the_latest_quotes() {
    const QUOTES: u32 = 20_000;
    let mut cockpit = cockpit();
    let mut stream = BufReader::new(UnixStream::connect(&cockpit.path).await.unwrap());
    let greeting = format!("{{\"link\":{VERSION}}}\n");
    stream.write_all(greeting.as_bytes()).await.unwrap();
    let (screen, _) = cockpit.next_request().await;
    cockpit.hub.send_snapshot(screen, &snapshot(0));

    let mut quote = Level1::unknown(Symbol::new("AAPL"));
    for price in 1..=QUOTES {
        quote.last = Some(crate::domain::Price(price.into()));
        cockpit.hub.publish_quotes(std::slice::from_ref(&quote));
        tokio::task::yield_now().await;
    }
    let newest = format!("\"last\":\"{QUOTES}\"");
    let mut lines = 0;
    let mut line = String::new();
    while !line.contains(&newest) {
        line.clear();
        assert!(
            stream.read_line(&mut line).await.unwrap() > 0,
            "it was cut off"
        );
        lines += 1;
    }
    assert!(lines < QUOTES / 4, "{lines} lines for {QUOTES} quotes");
}

#[tokio::test]
async fn clients_are_separate_screens_and_a_lost_one_is_forgotten() {
    let mut cockpit = cockpit();
    let (first, _) = cockpit.client(0).await;
    let (second, mut replica) = cockpit.client(3).await;
    drop(first);
    while cockpit.hub.departed().is_empty() {
        tokio::task::yield_now().await;
    }
    cockpit.hub.publish(Sequence(4), &notice(4));
    take(&second, &mut replica).await;
    assert_eq!(replica.notices.len(), 1);
}

#[tokio::test]
async fn another_version_is_a_sentence_at_both_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.sock");
    let old = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = old.accept().await.unwrap();
        stream.write_all(b"{\"link\":99}\n").await.unwrap();
        stream
    });
    let error = connect(&path).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the running cockpit speaks version 99 of the link and this program version 5; \
         restart the cockpit with this program"
    );
    drop(server);

    let cockpit = cockpit();
    let (reply, rest) = say(&cockpit, b"{\"link\":99}\n").await;
    assert_eq!((reply.as_str(), rest), ("{\"link\":5}", 0));
}

/// Says something to a cockpit by hand; returns its greeting and how many bytes follow before it closes.
async fn say(cockpit: &Cockpit, bytes: &[u8]) -> (String, usize) {
    let stream = UnixStream::connect(&cockpit.path).await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    let mut greeting = String::new();
    lines.read_line(&mut greeting).await.unwrap();
    // The cockpit may close while this is still being written.
    let _ = writer.write_all(bytes).await;
    let mut rest = Vec::new();
    let _ = lines.read_to_end(&mut rest).await;
    (greeting.trim_end().to_owned(), rest.len())
}

#[tokio::test]
async fn nonsense_and_endless_lines_close_the_connection() {
    let cockpit = cockpit();
    for nonsense in [&b"hello\n"[..], b"{}\n", b"{\"link\":1}\n{\"no\":1}\n"] {
        assert_eq!(say(&cockpit, nonsense).await.1, 0);
    }
    let endless = vec![b' '; MOST_LINE + 2];
    assert_eq!(say(&cockpit, &endless).await.1, 0);
}

#[tokio::test]
async fn an_endless_line_is_given_up_at_its_limit() {
    let plenty = 4 * u64::try_from(MOST_LINE).unwrap();
    let mut endless = BufReader::new(tokio::io::repeat(b' ').take(plenty));
    let error = read_line::<Greeting>(&mut endless, &mut Vec::new()).await;
    assert!(matches!(error, Err(SocketError::Oversize)));
    assert!(endless.get_ref().limit() > plenty / 2, "it was read on");
    let cut = read_line::<Greeting>(&mut &b"{\"link\":1}"[..], &mut Vec::new()).await;
    assert!(matches!(cut, Err(SocketError::Closed)));
}

#[tokio::test]
async fn too_many_clients_are_turned_away() {
    let cockpit = cockpit();
    let mut clients = Vec::new();
    for _ in 0..MOST_CLIENTS {
        clients.push(connect(&cockpit.path).await.unwrap());
    }
    assert!(matches!(
        connect(&cockpit.path).await,
        Err(SocketError::Closed | SocketError::Io(_))
    ));
}

#[tokio::test]
async fn the_end_of_the_cockpit_ends_the_client() {
    let mut cockpit = cockpit();
    let (mut client, _) = cockpit.client(0).await;
    drop(cockpit);
    for _ in 0..2 {
        assert!(matches!(client.changed().await, Err(SocketError::Closed)));
    }
}

#[tokio::test]
async fn only_the_person_reaches_the_socket() {
    let cockpit = cockpit();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&cockpit.path), 0o600);
    assert_eq!(mode(cockpit.path.parent().unwrap()), 0o700);

    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), Permissions::from_mode(0o755)).unwrap();
    let error = Listener::bind(&open.path().join("s.sock")).err().unwrap();
    assert!(
        error
            .to_string()
            .ends_with("is open to others; chmod it to 700")
    );

    let linked = open.path().join("link");
    std::os::unix::fs::symlink(cockpit.path.parent().unwrap(), &linked).unwrap();
    let error = Listener::bind(&linked.join("s.sock")).err().unwrap();
    assert!(
        error
            .to_string()
            .ends_with("must be a folder and not a link to one")
    );
}

#[tokio::test]
async fn a_living_socket_stays_and_a_dead_one_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = socket_in(&folder);
    assert!(matches!(connect(&path).await, Err(SocketError::NotRunning)));

    let living = Listener::bind(&path).unwrap();
    assert!(matches!(Listener::bind(&path), Err(SocketError::Taken)));
    assert!(path.exists());
    drop(living);
    assert!(!path.exists());

    drop(BlockingListener::bind(&path).unwrap()); // std leaves the file behind, as a killed process does
    assert!(matches!(connect(&path).await, Err(SocketError::NotRunning)));
    drop(Listener::bind(&path).unwrap());

    fs::write(&path, "notes").unwrap();
    let error = Listener::bind(&path).err().unwrap();
    assert!(error.to_string().ends_with("is not a socket; move it away"));
}

/// Texts of other kinds are cut short on the way in; a broker's question may not be.
#[test]
fn a_brokers_question_arrives_as_long_as_it_is() {
    use crate::domain::question::{About, LONGEST_SENTENCE, Question};
    let long = "y".repeat(LONGEST_SENTENCE + 9);
    let words = ["Are you sure?", &long, &long[..LONGEST_SENTENCE]];
    let question = Question::new("a-1", About::Placing, words, ["o163"]).unwrap();
    let sent = serde_json::to_string(&question).unwrap();
    let received: Question = serde_json::from_str(&sent).unwrap();
    assert_eq!(received, question);
    assert_eq!(received.missing(), 1);
    let nameless = sent.replace("a-1", "");
    assert!(serde_json::from_str::<Question>(&nameless).is_err());
}
