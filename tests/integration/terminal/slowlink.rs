//! A terminal that takes bytes slowly, or none: keys act all the same, nothing piles up, and what is seen next is new.

use super::cockpit::Cockpit;
use super::output::count;
use super::seat::{Ending, PATIENCE, Seat, Setting};
use rustix::process::Signal;
use std::time::Duration;
use tokio::time::Instant;

/// The key that reads everything again; what comes of it is counted at the far side.
const SYNC: &str = "S";

/// How often the far side was asked for the account.
fn asked(cockpit: &Cockpit) -> u64 {
    cockpit.0.sim.faults().seen("account", "get")
}

/// Presses the key and waits until the far side hears of it; how long that took.
fn act(cockpit: &Cockpit, seat: &mut Seat) -> Duration {
    let before = asked(cockpit);
    let pressed = Instant::now();
    seat.press(SYNC);
    while asked(cockpit) == before {
        assert!(pressed.elapsed() < PATIENCE, "the key did nothing");
        std::thread::sleep(Duration::from_micros(200)); // the far side tells nobody
    }
    pressed.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slowlink_that_takes_nothing_leaves_keys_alive() {
    let cockpit = Cockpit::connected().await;
    tokio::task::block_in_place(|| {
        let mut seat = cockpit.setting(&[]).start();
        cockpit.unlock(&mut seat);
        seat.until("it has figures", |screen, _| {
            screen.contents().contains("NVDA")
        });
        // From here on nobody reads; a screen drawn anew again and again fills whatever the system keeps.
        for _ in 0..3 {
            for _ in 0..4 {
                seat.press("\x0c");
            }
            act(&cockpit, &mut seat);
        }
        seat.press("?");
        see_the_newest(&mut seat);
        seat.signal(Signal::TERM);
        seat.check_restored(Ending::Killed(Signal::TERM));
    });
}

/// Waits for the help: what was asked for while nobody looked is what is seen next.
fn see_the_newest(seat: &mut Seat) {
    seat.until("the newest is seen", |screen, _| {
        screen.contents().contains("type to search")
    });
}

#[test]
fn slowlink_is_sent_whole_frames_only() {
    let mut seat = Setting::demo().size(50, 200).start();
    seat.shown();
    seat.frames_later(5);
    seat.press("q");
    seat.check_restored(Ending::Code(0));
    let (begun, ended) = ("\x1b[?2026h", "\x1b[?2026l");
    let frames: Vec<&[u8]> = split(&seat.written, begun.as_bytes());
    for frame in &frames[1..] {
        assert!(count(frame, ended) >= 1, "a frame was left open");
    }
}

fn split<'b>(bytes: &'b [u8], mark: &[u8]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(mark.len()).position(|it| it == mark) {
        pieces.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    pieces.push(rest);
    pieces
}

#[test]
fn slowlink_that_answers_nothing_is_not_asked_for_frames_in_pieces() {
    let mut seat = Setting::demo().mute().start();
    seat.shown();
    assert_eq!(
        count(&seat.written, "\x1b[?2026h"),
        0,
        "nobody said that it can"
    );
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

const MOST_LATENCY: Duration = Duration::from_millis(100);
const MOST_GROWTH: u64 = 5 << 10; // KiB
const MOST_BYTES: usize = 20 << 10; // a second

/// Memory in use, in KiB.
fn memory(seat: &Seat) -> u64 {
    let path = format!("/proc/{}/status", seat.pid().as_raw_pid());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

/// Presses a key every so often for a minute, reading `bytes` a second; the times from key to action, sorted.
fn a_minute(cockpit: &Cockpit, seat: &mut Seat, bytes: usize) -> Vec<Duration> {
    const BETWEEN: Duration = Duration::from_millis(2_500);
    let began = Instant::now();
    let mut times = Vec::new();
    let (mut taken, mut next_key) = (0, BETWEEN);
    while began.elapsed() < Duration::from_secs(60) {
        if began.elapsed() >= next_key {
            times.push(act(cockpit, seat));
            next_key += BETWEEN;
        }
        let due = usize::try_from(began.elapsed().as_millis()).unwrap() * bytes / 1_000;
        if taken > due {
            std::thread::sleep(Duration::from_millis(1));
        } else if let Ok(piece) = seat.output.recv_timeout(Duration::from_millis(1)) {
            taken += piece.len();
            seat.take_output(&piece);
        }
    }
    times.sort();
    times
}

fn nothing_for_a_minute(cockpit: &Cockpit, seat: &mut Seat) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..24 {
        times.push(act(cockpit, seat));
        std::thread::sleep(Duration::from_millis(2_500));
    }
    times.sort();
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes and wall-clock bounds"]
async fn slowlink_of_a_kilobyte_a_second_and_of_nothing() {
    let cockpit = Cockpit::connected().await;
    tokio::task::block_in_place(|| {
        let mut seat = cockpit.setting(&[]).pieces(256).size(50, 200).start();
        cockpit.unlock(&mut seat);
        seat.until("it has figures", |screen, _| {
            screen.contents().contains("NVDA")
        });
        seat.frames_later(60);
        let before = memory(&seat);
        let slow = a_minute(&cockpit, &mut seat, 1_024);
        let slow_memory = memory(&seat);
        let stopped = nothing_for_a_minute(&cockpit, &mut seat);
        let stopped_memory = memory(&seat);
        seat.press("?");
        let frames = count(&seat.written, "\x1b[?2026l");
        let resumed = Instant::now();
        see_the_newest(&mut seat);
        let frames = count(&seat.written, "\x1b[?2026l") - frames;
        let newest = resumed.elapsed();
        println!(
            "key to action at 1 KB/s: {} keys, median {:?}, slowest {:?}; reading nothing: {} keys, median {:?}, slowest {:?}; memory {before} KiB, then {slow_memory} and {stopped_memory}; newest seen after {newest:?} in {frames} frames",
            slow.len(),
            slow[slow.len() / 2],
            slow.last().unwrap(),
            stopped.len(),
            stopped[stopped.len() / 2],
            stopped.last().unwrap(),
        );
        assert!(slow.last() <= Some(&MOST_LATENCY) && stopped.last() <= Some(&MOST_LATENCY));
        assert!(slow_memory.max(stopped_memory) <= before + MOST_GROWTH);
        assert!(newest <= MOST_LATENCY, "{newest:?}");
        seat.signal(Signal::TERM);
        seat.check_restored(Ending::Killed(Signal::TERM));
    });
}

#[test]
#[ignore = "wall-clock bounds"]
fn slowlink_steady_screen_costs_little() {
    const SPAN: Duration = Duration::from_secs(20);
    let symbols = names()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let list = format!("watchlists=[{{name = \"all\", symbols = [{symbols}]}}]");
    let mut seat = Setting::of(&[super::seat::PROGRAM, "demo", "--set", &list])
        .size(50, 200)
        .start();
    seat.shown();
    seat.frames_later(60);
    let (began, before) = (Instant::now(), seat.written.len());
    while began.elapsed() < SPAN {
        seat.frames_later(1);
    }
    let each = (seat.written.len() - before) / usize::try_from(SPAN.as_secs()).unwrap();
    println!("{each} bytes a second at 200x50");
    assert!(each <= MOST_BYTES, "{each}");
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

/// The well-known symbols, and made-up ones, two hundred together.
fn names() -> impl Iterator<Item = String> {
    let known = [
        "AAPL", "MSFT", "NVDA", "TSLA", "SPY", "QQQ", "AMZN", "GOOGL", "META", "JPM",
    ];
    let known = known.into_iter().map(str::to_owned);
    known.chain((0..190).map(|number| format!("S{number:03}")))
}
