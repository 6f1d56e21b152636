//! A terminal that goes away, with or without a signal that says so, ends the program; what is sealed stays whole.

use super::cockpit::Cockpit;
use super::seat::{Ending, PROGRAM, Seat, Setting};
use super::tmux::Tmux;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use std::process::Child;
use std::time::Duration;
use tokio::time::Instant;

/// How a run ends whose terminal went away.
const HUNG_UP: &str = "ended 129";

/// A shell that keeps its own from a hang-up's signal, runs a program, and writes down how it ended.
pub(super) fn deaf(command: &str) -> [String; 3] {
    let script = format!("trap '' HUP; {command}; echo ended $? > \"$HOME/ended\"");
    ["/bin/sh".into(), "-c".into(), script]
}

/// Takes the terminal away.
fn hang_up(seat: Seat) -> (tempfile::TempDir, Child) {
    let Seat {
        pty,
        child,
        keys,
        output,
        home,
        ..
    } = seat;
    drop((pty, keys, output));
    (home, child)
}

#[test]
fn hangup_ends_the_program() {
    let mut seat = Setting::demo().start();
    seat.shown();
    let (_home, mut child) = hang_up(seat);
    let status = child.wait().unwrap();
    assert_eq!(Ending::of(&status), Ending::Killed(Signal::HUP));
}

#[test]
fn hangup_that_no_signal_tells_ends_the_program() {
    let words = deaf(&format!("{PROGRAM} demo"));
    let mut seat = Setting::of(&words.each_ref().map(String::as_str)).start();
    seat.shown();
    let (home, mut shell) = hang_up(seat);
    shell.wait().unwrap();
    let ended = std::fs::read_to_string(home.path().join("ended")).unwrap();
    assert_eq!(ended.trim(), HUNG_UP);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hangup_leaves_the_vault_whole() {
    let cockpit = Cockpit::connected().await;
    tokio::task::block_in_place(|| {
        let mut seat = cockpit.deaf_setting().start();
        cockpit.unlock(&mut seat);
        let (home, mut shell) = hang_up(seat);
        shell.wait().unwrap();
        let ended = std::fs::read_to_string(home.path().join("ended")).unwrap();
        assert_eq!(ended.trim(), HUNG_UP);
    });
    cockpit.check_vault();
}

#[test]
fn hangup_of_a_tmux_session_ends_the_program() {
    let Some(tmux) = Tmux::start("xterm-256color", 24, 80, &[PROGRAM, "demo"]) else {
        return;
    };
    tmux.shown();
    let program = pidfd_open(tmux.program(), PidfdFlags::empty()).unwrap();
    tmux.run(&["kill-session"]);
    poll(&mut [PollFd::new(&program, PollFlags::IN)], None).unwrap();
}

/// The most of a core that a program may use whose terminal is gone, and how long it may take to go.
const MOST_TIME: Duration = Duration::from_secs(2);
const MOST_WORK: Duration = Duration::from_millis(100); // 5 % of it

/// How long a process still runs, and how much of that it works, both from now on.
fn what_is_left(program: Pid, end: impl FnOnce()) -> (Duration, Duration) {
    let handle = pidfd_open(program, PidfdFlags::empty()).unwrap();
    let before = work_of(program).unwrap();
    end();
    let began = Instant::now();
    let mut work = Duration::ZERO;
    let look = rustix::time::Timespec {
        tv_sec: 0,
        tv_nsec: 1_000_000,
    };
    while poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&look)).unwrap() == 0 {
        work = work_of(program).map_or(work, |now| now.saturating_sub(before));
        assert!(began.elapsed() < Duration::from_secs(30), "it does not end");
    }
    (began.elapsed(), work)
}

/// Time of a core that a process has used.
fn work_of(program: Pid) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/schedstat", program.as_raw_pid())).ok()?;
    let main = stat.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(main))
}

#[test]
#[ignore = "wall-clock bounds"]
fn hangup_is_over_soon_and_costs_little() {
    let mut worst = (Duration::ZERO, Duration::ZERO);
    let mut note = |name: &str, (time, work): (Duration, Duration)| {
        println!("{name}: gone after {time:?}, {work:?} of work");
        worst = (worst.0.max(time), worst.1.max(work));
    };
    for round in 0..10 {
        let mut seat = Setting::demo().start();
        seat.shown();
        let program = seat.pid();
        let (signalled, quiet) = (format!("signal {round}"), format!("no signal {round}"));
        let mut kept = None;
        note(
            &signalled,
            what_is_left(program, || kept = Some(hang_up(seat))),
        );

        let words = deaf(&format!("{PROGRAM} demo"));
        let mut seat = Setting::of(&words.each_ref().map(String::as_str)).start();
        seat.shown();
        let program = seat.first_child();
        note(&quiet, what_is_left(program, || kept = Some(hang_up(seat))));

        if let Some(tmux) = Tmux::start("xterm-256color", 24, 80, &[PROGRAM, "demo"]) {
            tmux.shown();
            let name = format!("tmux {round}");
            note(
                &name,
                what_is_left(tmux.program(), || tmux.run(&["kill-session"])),
            );
        }
    }
    assert!(worst.0 <= MOST_TIME && worst.1 <= MOST_WORK, "{worst:?}");
}
