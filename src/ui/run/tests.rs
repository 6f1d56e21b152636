//! The loop on a terminal of paper, in a time that moves only when everybody waits.

use super::*;
use crate::domain::{Level1, Sequence, Symbol, Timeframe, Timestamp};
use crate::link::{Hub, Inbound, Request, ScreenId, Snapshot, VERSION, VaultRole, VaultStatus};
use crate::ui::key::Key;
use ratatui::layout::Position;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::mpsc;

mod stop;

const FRAME_TIME: Duration = Duration::from_millis(33);

/// Symbols of the feed.
const SYMBOLS: usize = 200;

/// How often the feed says something, and how many quotes it says then.
const FEED_EVERY: Duration = Duration::from_millis(3);
const QUOTES_AT_ONCE: usize = 1_400;

/// When a frame was written, and which row it shows as selected.
type Frame = (Instant, String);

/// A terminal that keeps what is written; each frame is under way for a while.
struct Paper {
    events: mpsc::Receiver<TerminalEvent>,
    frames: Rc<RefCell<Vec<Frame>>>,
    shown: Buffer,
    takes: Duration,
    taken: Instant,
    stopped: Rc<Cell<u32>>,
}

impl Glass for Paper {
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }

    async fn next(&mut self) -> TerminalEvent {
        let event = self.events.recv().await;
        event.unwrap_or(TerminalEvent::HungUp)
    }

    fn ready_at(&self, now: Instant) -> Instant {
        now.max(self.taken)
    }

    fn is_ready(&self, now: Instant, _urgent: bool) -> bool {
        now >= self.taken
    }

    fn show(&mut self, now: Instant, next: &Buffer, _cursor: Option<Position>) -> usize {
        if *next == self.shown {
            return 0;
        }
        self.shown = next.clone();
        self.taken = now + self.takes;
        let line = |y| {
            (0..80)
                .map(move |x| next[(x, y)].symbol())
                .collect::<String>()
        };
        let marked = (0..24).map(line).find(|line| line.contains('▌'));
        let marked = marked.unwrap_or_default();
        let symbol = marked.split('▌').nth(1).and_then(|it| it.split(' ').next());
        let frame = (now, symbol.unwrap_or_default().to_owned());
        self.frames.borrow_mut().push(frame);
        1
    }

    fn forget_what_is_shown(&mut self) {}

    fn copy(&mut self, _text: &str) {}

    fn set_title(&mut self, _title: &str) {}

    fn suspend(&mut self) -> io::Result<()> {
        self.stopped.set(self.stopped.get() + 1);
        Ok(())
    }

    fn woken(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The tests' own time.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        let start = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        start.plus(self.0.elapsed())
    }
}

fn name(number: usize) -> String {
    format!("S{:03}", number % SYMBOLS)
}

/// Quotes of the feed, each symbol several times.
fn quotes(first: usize) -> Vec<Level1> {
    let quote = |number: usize| Level1 {
        last: Some(
            format!("100.{:02}", number / SYMBOLS % 100)
                .parse()
                .unwrap(),
        ),
        received: Some(Timestamp::parse("2026-11-23T14:32:07Z").unwrap()),
        ..Level1::unknown(Symbol::new(&name(number)))
    };
    (first..first + QUOTES_AT_ONCE).map(quote).collect()
}

/// A loop with everything around it.
struct Desk {
    stage: Stage<Paper>,
    hub: Hub,
    requests: mpsc::Receiver<Inbound>,
    keys: mpsc::Sender<TerminalEvent>,
    frames: Rc<RefCell<Vec<Frame>>>,
}

/// A screen that shows the quotes, on a line that takes so long for a frame.
fn desk(takes: Duration) -> Desk {
    let (hub, requests) = Hub::new();
    let screen = hub.attach();
    hub.send_snapshot(ScreenId(0), &snapshot());
    let (keys, events) = mpsc::channel(16);
    let frames = Rc::new(RefCell::new(Vec::new()));
    let now = Instant::now();
    let clock = Arc::new(Paused(now));
    let mut config = Config::default();
    config.watchlists.truncate(1);
    config.watchlists[0].symbols = (0..SYMBOLS).map(name).collect();
    let look = Look {
        depth: Depth::None,
        swap_up_down: false,
    };
    let app = App::new(
        config,
        Themes::embedded(),
        look,
        clock.clone(),
        Box::new(|| [7; 16]),
    );
    let mut app = app.unwrap_or_else(|error| panic!("{error}"));
    app.resize(80, 24);
    for key in Key::script("3").unwrap() {
        app.key(key);
    }
    let stage = Stage {
        terminal: Paper {
            events,
            frames: frames.clone(),
            shown: Buffer::default(),
            takes,
            taken: now,
            stopped: Rc::default(),
        },
        buffer: Buffer::empty(Rect::new(0, 0, 80, 24)),
        signals: Signals::default(),
        app,
        screen,
        clock,
        config_file: None,
        dirty: true,
        urgent: true,
        frame_time: FRAME_TIME,
        next_frame: now,
        next_look: now + LOOK_AT_CONFIG_EVERY,
        next_sign: now,
        stop_by: None,
        title: String::new(),
        rate: Rate::default(),
    };
    Desk {
        stage,
        hub,
        requests,
        keys,
        frames,
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        version: VERSION,
        at: Sequence(0),
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
        quotes: quotes(0),
    }
}

fn press(keys: &mpsc::Sender<TerminalEvent>, script: &str) {
    for key in Key::script(script).unwrap() {
        keys.try_send(TerminalEvent::Key(key)).unwrap();
    }
}

/// Presses `j` at odd moments while quotes pour in, and checks which frames show it.
async fn keys_under_load(takes: Duration) {
    const KEYS: usize = 8;
    let mut desk = desk(takes);
    let (frames, hub, keys) = (desk.frames.clone(), desk.hub.clone(), desk.keys.clone());
    let said = [quotes(0), quotes(SYMBOLS)];
    let mut count = 0;
    let mut pressed = Vec::new();
    let script = async {
        for number in 0..KEYS {
            for _ in 0..20 + number {
                hub.publish_quotes(&said[count % 2]);
                count += 1;
                tokio::time::sleep(FEED_EVERY).await;
            }
            pressed.push((frames.borrow().len(), Instant::now()));
            press(&keys, "j");
        }
        tokio::time::sleep(FRAME_TIME * 2 + takes * 2).await;
    };
    tokio::select! {
        outcome = desk.stage.play() => panic!("it ended: {outcome:?}"),
        () = script => {}
    }
    let frames = frames.borrow();
    let between = count * QUOTES_AT_ONCE / frames.len();
    assert!(between >= 10_000, "{between} quotes between two frames");
    for (number, (before, at)) in pressed.into_iter().enumerate() {
        let wanted = name(number + 1);
        let mut after = frames[before..].iter();
        let seen = after.position(|(_, shown)| *shown >= wanted);
        assert!(seen.is_some_and(|frame| frame < 2), "{wanted}: {seen:?}");
        let is_free = takes.is_zero();
        assert!(!is_free || frames[before].0 == at, "{wanted} had to wait");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_seen_within_two_frames_while_quotes_pour_in() {
    keys_under_load(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn and_on_a_line_that_takes_few_frames() {
    keys_under_load(FRAME_TIME * 4).await;
}

#[tokio::test(start_paused = true)]
async fn quotes_alone_are_drawn_at_the_pace_and_no_faster() {
    let mut desk = desk(Duration::ZERO);
    let hub = desk.hub.clone();
    let script = async {
        for round in 0..100 {
            hub.publish_quotes(&quotes(round * SYMBOLS));
            tokio::time::sleep(FEED_EVERY).await;
        }
    };
    tokio::select! {
        outcome = desk.stage.play() => panic!("it ended: {outcome:?}"),
        () = script => {}
    }
    let frames = desk.frames.borrow();
    let paces = frames.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(frames.len() >= 8, "{}", frames.len());
    for pace in paces {
        assert!(
            pace >= FRAME_TIME && pace <= FRAME_TIME + FEED_EVERY,
            "{pace:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_selection_that_rests_is_asked_for_though_nothing_comes() {
    let mut desk = desk(Duration::ZERO);
    let keys = desk.keys.clone();
    let start = Instant::now();
    let asked = async {
        press(&keys, "jj");
        loop {
            let inbound = desk.requests.recv().await;
            if let Some(Inbound::Request(_, Request::LoadBars { symbol, timeframe })) = inbound {
                return (symbol, timeframe);
            }
        }
    };
    let asked = tokio::select! {
        outcome = desk.stage.play() => panic!("it ended: {outcome:?}"),
        asked = tokio::time::timeout(Duration::from_secs(1), asked) => asked.ok(),
    };
    assert_eq!(asked, Some((Symbol::new("S002"), Timeframe::FiveMinutes)));
    let waited = start.elapsed();
    assert!(waited < Duration::from_millis(300), "{waited:?}");
}
