//! No secret is in anything that comes out of the program: a whole run of it, with everything that goes wrong.

mod canaries;
mod far_side;
mod run;
mod watch;

use super::output::count;
use super::seat::{Ending, PROGRAM, Seat};
use super::tmux::Tmux;
use run::{KEY_FILE_NAME, NEW, PASSPHRASE, Run, TALKATIVE, VIEWER, WRONG, made_up, ways};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use watch::Samples;

const OPEN: &str = "--passphrase-fd 0";
const CHANGE: &str = "--passphrase-fd 0 --new-passphrase-fd 0";

/// Where nobody listens.
const NOWHERE: &str = "127.0.0.1:1";

/// How much of it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Short,
    Whole,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leak_canary() {
    let mut run = Run::begin().await;
    tokio::task::block_in_place(|| leaks(&mut run, Extent::Short));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "every command in every way: two minutes"]
async fn leak_canary_whole() {
    let mut run = Run::begin().await;
    tokio::task::block_in_place(|| leaks(&mut run, Extent::Whole));
}

fn leaks(run: &mut Run, extent: Extent) {
    let samples = Samples::take();
    make_and_connect(run);
    read(run, extent);
    refused_everywhere(run, extent);
    at_the_cockpit(run);
    refused_at_the_cockpit(run, extent);
    defects(run);
    asked_at_a_terminal(run);
    in_tmux(run);
    new_keys(run, extent);
    run.watch.look_at_seen(samples);
    let folder = run.machine().folder().to_path_buf();
    run.watch.look_at_files(&folder, KEY_FILE_NAME);
    println!("looked at {}", run.watch.summary());
    for kind in [
        "stdout",
        "stderr",
        "terminal output",
        "terminal text",
        "screen",
        "command line",
        "log",
        "journal or ledger",
        "backup",
        "anchor",
        "vault",
    ] {
        assert!(run.watch.count(kind) > 0, "no {kind} was looked at");
    }
    let found = run.watch.found();
    assert!(found.is_empty(), "{found:#?}");
}

fn make_and_connect(run: &mut Run) {
    run.say(&format!("vault init --json {OPEN}"), &[PASSPHRASE])
        .expect(0);
    let customer = run.machine().customer();
    let key = format!("key={}", customer.key);
    let secret = format!("secret={}", customer.secret);
    let line = format!("connect alpaca --json --secret-fd 0 {OPEN}");
    run.say(&line, &[PASSPHRASE, &key, &secret]).expect(0);
    let line = format!("vault slots add --role viewer --new-key-file {KEY_FILE_NAME} {CHANGE}");
    run.say(&line, &[PASSPHRASE, VIEWER]).expect(0);
}

/// Commands that only read, in words and as JSON; and a passphrase that is wrong.
fn read(run: &mut Run, extent: Extent) {
    let commands = match extent {
        Extent::Short => &["accounts --json", "status", "doctor"][..],
        Extent::Whole => &[
            "accounts",
            "accounts --json",
            "positions",
            "positions --json",
            "orders --all",
            "orders --all --json",
            "quotes AAPL BTC/USD --json",
            "connections",
            "connections --json",
            "status",
            "status --json",
            "doctor",
            "doctor --json",
            "vault slots list --json",
            "vault unlock --json",
            "vault check --json",
        ],
    };
    for command in commands {
        run.say(&format!("{command} {OPEN}"), &[PASSPHRASE]);
        if extent == Extent::Whole {
            run.say(&format!("{command} {OPEN}"), &[WRONG]);
        }
    }
    run.say(&format!("vault unlock {OPEN}"), &[WRONG]).expect(3);
    let line = format!("vault unlock --key-file {KEY_FILE_NAME} {OPEN}");
    run.say(&line, &[VIEWER]).expect(0);
}

/// Credentials handed to a far side that repeats them in whatever it answers, or to nobody.
fn refused_everywhere(run: &mut Run, extent: Extent) {
    let there = run.elsewhere(&run.far_side.address);
    let statuses = match extent {
        Extent::Short => &[401, 302][..], // a server in trouble is asked again: that takes a while
        Extent::Whole => &[
            401, 400, 403, 404, 422, 429, 301, 302, 303, 307, 308, 500, 502, 503,
        ],
    };
    for status in statuses {
        run.far_side.refuse_with(*status);
        let before = run.far_side.asked();
        hand_over(run, &there);
        let asked = run.far_side.asked() - before;
        assert!(asked >= ways().count(), "{status}: asked {asked} times");
    }
    hand_over(run, &run.elsewhere(NOWHERE));
    if extent == Extent::Whole {
        for status in [401, 403, 302, 500] {
            run.far_side.refuse_with(status);
            for command in ["accounts --json", "connections --json", "doctor"] {
                let line = format!("{command} {OPEN}");
                run.say_at(&line, &[PASSPHRASE], &there, &[]);
            }
        }
    }
    // A line without its name is the secret itself, and so is one that is too long.
    let secret = run.machine().customer().secret;
    let line = format!("connect alpaca --secret-fd 0 {OPEN}");
    let long = secret.repeat(200);
    for field in [&secret, &long] {
        run.say(&line, &[PASSPHRASE, field]).expect(2);
    }
}

/// Hands every provider's secrets over to whoever is at these places.
fn hand_over(run: &mut Run, places: &[String]) {
    for (provider, way) in ways() {
        let fields = made_up(provider, way).into_iter();
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let secrets: Vec<&str> = [PASSPHRASE]
            .into_iter()
            .chain(fields.iter().map(String::as_str))
            .collect();
        let line = format!(
            "connect {} --way {} --name other --secret-fd 0 {OPEN}",
            provider.id, way.id
        );
        let ended = run.say_at(&line, &secrets, places, &[]);
        assert_ne!(ended.code, 0, "{ended:?}");
    }
}

fn type_passphrase(seat: &mut Seat, passphrase: &str) {
    seat.until("it asks", |screen, _| {
        screen.contents().contains("Passphrase")
    });
    seat.press(passphrase);
    seat.until("it stands there", |screen, _| {
        screen.contents().contains("••••")
    });
    seat.press("\r");
}

/// Ends it without the question that working orders raise.
fn leave(seat: &mut Seat) {
    seat.signal(Signal::TERM);
    seat.check_restored(Ending::Killed(Signal::TERM));
}

/// What the screen asks before an order leaves.
const ORDER: &str = "Send this order?";

/// Whether no passphrase is taken yet, after one that was wrong.
fn is_waiting(contents: &str) -> bool {
    contents.contains("next attempt in")
}

/// A wrong passphrase, the right one, an order, the clipboard, locked and opened again.
fn at_the_cockpit(run: &mut Run) {
    let mut seat = run.sit_down_at_cockpit();
    type_passphrase(&mut seat, WRONG);
    seat.until("it is refused", |screen, _| {
        screen.contents().contains("does not open")
    });
    run.look_at(&seat);
    seat.until("it takes another", |screen, _| {
        !is_waiting(&screen.contents())
    });
    run.cockpit.unlock_with(&mut seat, PASSPHRASE);
    seat.press("2");
    seat.until("an order can be sent", |screen, _| {
        let contents = screen.contents();
        ["MSFT", "● 1", "orders live", "quotes live"]
            .iter()
            .all(|it| contents.contains(it))
    });
    run.look_at(&seat);
    seat.press("/msft\r");
    seat.frames_later(2);
    seat.press("yb");
    seat.until("a ticket is open", |screen, _| {
        screen.contents().contains("Ticket")
    });
    seat.press("3\r");
    seat.until("it asks", |screen, _| screen.contents().contains(ORDER));
    while seat.story().contains(ORDER) {
        seat.frames_later(5); // a yes counts after a moment without keys
        seat.press("y");
    }
    seat.until("the order is filled", |screen, _| {
        screen.contents().contains("bought 3 MSFT")
    });
    run.look_at(&seat);
    seat.press("\x1b\x1b");
    run.say("lock", &[]).expect(0);
    run.cockpit.unlock_with(&mut seat, PASSPHRASE);
    seat.until("it is connected", |screen, _| {
        screen.contents().contains("● 1")
    });
    run.say("accounts --json", &[]).expect(0);
    leave(&mut seat);
    run.look_back_at("the cockpit", &seat);
}

/// Credentials that are sealed are refused in words that repeat them.
fn refused_at_the_cockpit(run: &mut Run, extent: Extent) {
    let streams_only = run.simulated_but_for_streams();
    let nothing_works = run.elsewhere(&run.far_side.address);
    run.far_side.refuse_with(401);
    for (name, places) in [("streams", streams_only), ("everything", nothing_works)] {
        if extent == Extent::Short && name == "everything" {
            continue;
        }
        let before = run.far_side.asked();
        let mut seat = run.sit_down("", &places, &[]);
        run.cockpit.unlock_with(&mut seat, PASSPHRASE);
        while run.far_side.asked() < before + 2 {
            seat.frames_later(1);
        }
        for key in ["0", "1", "2", "3", "4", "5", "6", "7", "8"] {
            seat.press(key);
            seat.frames_later(1);
            run.look_at(&seat);
        }
        leave(&mut seat);
        run.look_back_at(name, &seat);
    }
}

/// A defect with everything in memory: in a command, and under the screen.
fn defects(run: &mut Run) {
    let Some(clock) = run.stopping_clock() else {
        return;
    };
    let clock: Vec<(&str, &Path)> = clock.iter().map(|(name, path)| (*name, &**path)).collect();
    let stopped = clock[1].1;
    let places = run.elsewhere(&run.far_side.address);
    let mut seat = run.sit_down("", &places, &clock);
    run.cockpit.unlock_with(&mut seat, PASSPHRASE);
    std::fs::write(stopped, "").unwrap();
    seat.press("1");
    seat.check_restored(Ending::Killed(Signal::ABORT));
    let written = String::from_utf8_lossy(&seat.written).into_owned();
    assert!(written.contains("a defect of its own"), "{written}");
    run.look_back_at("a defect", &seat);
    let line = format!("accounts {OPEN}");
    let ended = run.say_at(&line, &[PASSPHRASE], &places, &clock);
    assert!(ended.err.contains("a defect of its own"), "{ended:?}");
    std::fs::remove_file(stopped).unwrap();
}

/// Typed at the terminal where nothing is handed over: wrong at first, then right.
fn asked_at_a_terminal(run: &mut Run) {
    let mut seat = run.sit_down("vault unlock", &[], &[]);
    for (questions, passphrase) in [(1, WRONG), (2, PASSPHRASE)] {
        seat.until("it asks", |_, written| {
            count(written, "assphrase: ") == questions
        });
        run.look_at(&seat);
        seat.press(passphrase);
        seat.press("\r");
    }
    let ended = seat.end();
    assert_eq!(ended.code(), Some(0), "{}", seat.story());
    run.look_back_at("a question", &seat);
}

/// In a terminal that remembers everything.
fn in_tmux(run: &mut Run) {
    let command = run.machine().command();
    let variables = command.get_envs().map(|(name, value)| {
        let (name, value) = (name.to_str().unwrap(), value.unwrap().to_str().unwrap());
        format!("{name}={value}")
    });
    let talkative = TALKATIVE.map(|(name, value)| format!("{name}={value}"));
    let variables: Vec<String> = variables.chain(talkative).collect();
    let cockpit = run.cockpit.words().join(" ");
    let script = format!("{PROGRAM} vault unlock; {cockpit} -vv; echo ended $?; exec cat");
    let words: Vec<&str> = ["/usr/bin/env"]
        .into_iter()
        .chain(variables.iter().map(String::as_str))
        .chain(["/bin/sh", "-c", &script])
        .collect();
    let Some(tmux) = Tmux::start("tmux-256color", 40, 140, &words) else {
        return;
    };
    tmux.until("it asks", |contents| contents.contains("assphrase"));
    tmux.type_secret(PASSPHRASE);
    tmux.run(&["send-keys", "Enter"]);
    tmux.until("the cockpit asks", |contents| contents.contains("╮"));
    for passphrase in [WRONG, PASSPHRASE] {
        tmux.until("it asks", |contents| {
            contents.contains("Passphrase") && !is_waiting(contents)
        });
        tmux.type_secret(passphrase);
        tmux.until("it stands there", |contents| contents.contains("••••"));
        tmux.run(&["send-keys", "Enter"]);
        tmux.until("it answers", |contents| {
            contents.contains("does not open") || !contents.contains("Passphrase")
        });
        run.watch
            .look("tmux history", "the cockpit", &tmux.history());
    }
    tmux.until("it is open", |contents| {
        contents.contains("Positions") && !contents.contains("Passphrase")
    });
    run.watch
        .look("tmux history", "the cockpit", &tmux.history());
    let shell = tmux.program().as_raw_pid();
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
    let cockpit = children.unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(cockpit).unwrap(), Signal::TERM).unwrap();
    tmux.until("it is over", |contents| contents.contains("ended 143"));
    let history = tmux.history();
    assert!(String::from_utf8_lossy(&history).contains("that opens the vault"));
    run.watch.look("tmux history", "the cockpit", &history);
}

/// Everything that changes what opens the vault.
fn new_keys(run: &mut Run, extent: Extent) {
    run.say(&format!("vault passwd {CHANGE}"), &[PASSPHRASE, NEW])
        .expect(0);
    let rotate = format!("vault rotate --yes {OPEN}");
    run.say(&format!("{rotate} --json"), &[NEW]).expect(0);
    run.say(&format!("vault backup {OPEN}"), &[NEW]).expect(0);
    run.say(&format!("vault check --json {OPEN}"), &[NEW]);
    if extent == Extent::Short {
        return;
    }
    run.say(&format!("{rotate} --cipher aes256"), &[NEW])
        .expect(0);
    run.say(&format!("vault recovery-code {OPEN}"), &[NEW])
        .expect(0);
    run.say(&format!("vault compromised --yes {OPEN}"), &[NEW])
        .expect(0);
    run.say(&format!("vault restore --yes {OPEN}"), &[NEW]);
    let recover = "vault recover --recovery-code-fd 0 --new-passphrase-fd 0";
    let code = run.last_code.clone();
    run.say(recover, &[&format!("{code}0"), PASSPHRASE]);
    run.say(recover, &[&code, PASSPHRASE]).expect(0);
    run.say(&format!("accounts --json {OPEN}"), &[PASSPHRASE])
        .expect(0);
}
