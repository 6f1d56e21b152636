//! Whatever ends the program, wherever it had got to, the terminal is as it was before.

use super::output::count;
use super::seat::{Ending, PROGRAM, Seat, Setting};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tradedeck::ui::terminal::{Options, Terminal, install_panic_hook};

/// Names what [`inside`] is to do.
const TASK: &str = "TRADEDECK_TEST_TASK";

/// What no terminal may ever show.
const CANARY: &str = "canary-5f3759df";

/// Limits that a start meets, one later than the other: open files, then memory for the threads' stacks.
const LIMITS: [&str; 7] = [
    "files 0", "files 1", "files 2", "files 3", "memory 0", "memory 3", "files 64",
];

#[test]
fn restore_after_every_signal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut seat = Setting::demo().start();
        seat.shown();
        seat.signal(signal);
        seat.check_restored(Ending::Killed(signal));
    }
}

#[test]
fn restore_says_the_signal_to_a_shell_as_its_number() {
    let script = format!("{PROGRAM} demo; echo ended $?");
    let mut seat = Setting::of(&["/bin/sh", "-c", &script]).start();
    seat.shown();
    let program = seat.first_child();
    rustix::process::kill_process(program, Signal::TERM).unwrap();
    seat.until("the shell says so", |_, written| {
        count(written, "ended 143") == 1
    });
    seat.check_restored(Ending::Code(0));
}

#[test]
fn restore_after_a_signal_while_the_terminal_reads_nothing() {
    // A first picture of this size does not fit what the system keeps for a terminal.
    let mut seat = Setting::demo().size(200, 400).start();
    seat.until("a picture has begun", |_, written| {
        count(written, "PAPER") > 0
    });
    seat.signal(Signal::TERM);
    // Its own thread takes one piece and waits for somebody to want the next.
    let status = seat.child.wait().unwrap();
    assert_eq!(Ending::of(&status), Ending::Killed(Signal::TERM));
    assert!(seat.is_as_before());
}

#[test]
fn restore_after_a_panic() {
    for (task, ending) in [
        ("panic unwinding", Ending::Code(101)),
        ("panic", Ending::Killed(Signal::ABORT)),
        ("panic in a task", Ending::Killed(Signal::ABORT)),
        ("panic in a thread", Ending::Killed(Signal::ABORT)),
    ] {
        let mut seat = perform(task);
        seat.check_restored(ending);
        assert_eq!(
            count(&seat.written, "\x1b[?1049h"),
            1,
            "{task}: never entered"
        );
        if task != "panic unwinding" {
            assert_eq!(count(&seat.written, "restore.rs:"), 1, "{task}: no place");
            assert_eq!(count(&seat.written, CANARY), 0, "{task}: its message");
        }
    }
}

#[test]
fn restore_after_a_start_that_fails_at_any_step() {
    let mut outcomes = Vec::new();
    for limit in LIMITS {
        let mut seat = perform(limit);
        seat.check_restored(Ending::Code(0));
        let failed = count(&seat.written, "it did not start") == 1;
        assert!(
            failed != (count(&seat.written, "it started") == 1),
            "{limit}"
        );
        outcomes.push(failed);
    }
    let last = outcomes.pop();
    assert_eq!(last, Some(false), "nothing ever starts here");
    assert!(outcomes.iter().all(|failed| *failed), "{outcomes:?}");
}

#[test]
fn restore_is_not_needed_where_there_is_no_screen() {
    let script = format!("{PROGRAM} demo | cat; echo over");
    let mut seat = Setting::of(&["/bin/sh", "-c", &script]).start();
    seat.check_restored(Ending::Code(0));
    assert_eq!(count(&seat.written, "the terminal cannot be used"), 1);
    assert_eq!(count(&seat.written, "\x1b"), 0);
}

#[test]
#[ignore = "the whole program at each of many limits: minutes"]
fn restore_after_a_start_of_the_whole_program_that_fails_at_any_step() {
    let mut started = 0;
    for files in 3..=48 {
        let script = format!("ulimit -n {files}; exec {PROGRAM} demo");
        let mut seat = Setting::of(&["/bin/sh", "-c", &script]).start();
        let is_shown = |seat: &Seat| {
            let contents = seat.screen.screen().contents();
            contents.contains("Positions")
        };
        while let Ok(bytes) = seat.output.recv_timeout(super::seat::PATIENCE) {
            seat.take_output(&bytes);
            if is_shown(&seat) {
                started += 1;
                seat.signal(Signal::INT);
                break;
            }
        }
        let status = seat.end();
        let left = super::output::left_behind(&super::output::take_apart(&seat.written));
        assert!(left.is_empty(), "{files} files: {left:?}, {status:?}");
        assert!(seat.is_as_before(), "{files} files: {status:?}");
    }
    println!("restored after 46 starts, {started} of which came to a screen");
    assert!((1..40).contains(&started), "{started} of 46 started");
}

/// This test program in a terminal, doing one thing to it.
fn perform(task: &str) -> Seat {
    let program = std::env::current_exe().unwrap();
    Setting::of(&[
        program.to_str().unwrap(),
        "terminal::restore::inside",
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ])
    .variable(TASK, task)
    .start()
}

#[test]
#[ignore = "what other tests run in a terminal of its own"]
fn inside() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    if let Some((limit, more)) = task.split_once(' ')
        && let Ok(more) = more.parse()
    {
        return start_within(limit, more);
    }
    if task != "panic unwinding" {
        install_panic_hook(&[]);
    }
    let _terminal = Terminal::enter(options()).unwrap();
    match task.as_str() {
        "panic unwinding" | "panic" => panic!("{CANARY}"),
        "panic in a task" => {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(async {
                tokio::spawn(async { panic!("{CANARY}") });
                std::future::pending::<()>().await;
            });
        }
        "panic in a thread" => {
            let thread = std::thread::spawn(|| panic!("{CANARY}"));
            assert!(thread.join().is_err());
            std::thread::park();
        }
        other => unreachable!("{other}"),
    }
}

fn options() -> Options {
    Options {
        mouse: true,
        max_kbps: 0,
        plain: false,
    }
}

fn start_within(limit: &str, more: u64) {
    let _plugs = plugs();
    let open = open_files().len() as u64;
    let (resource, most) = match limit {
        "files" => (Resource::Nofile, open + more),
        _ => (Resource::As, address_space() + (more << 20)),
    };
    let before = getrlimit(resource);
    let narrow = Rlimit {
        current: Some(most),
        ..before
    };
    setrlimit(resource, narrow).unwrap();
    let started = Terminal::enter(options());
    setrlimit(resource, before).unwrap();
    let said = match &started {
        Ok(_) => "it started",
        Err(_) => "it did not start",
    };
    drop(started);
    println!("{said}");
}

/// Files in every place below the last one that is taken: what a tester left open may leave places free.
fn plugs() -> Vec<std::fs::File> {
    let last = open_files().last().copied().unwrap();
    let plug = || std::fs::File::open("/dev/null").unwrap();
    let mut plugs = Vec::new();
    while open_files().len() <= last as usize {
        plugs.push(plug());
    }
    plugs
}

/// Numbers of the open files, without the one of this look.
fn open_files() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    let mut numbers: Vec<u32> = names
        .map(|name| name.to_str().unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    let is_open = |number: &u32| std::path::Path::new(&format!("/proc/self/fd/{number}")).exists();
    numbers.retain(is_open);
    numbers
}

/// Bytes of it in use.
fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmSize:"));
    let kilobytes: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kilobytes << 10
}
