//! Every kind of terminal at every size: nothing but our own words, whole screens, everything undone.

use super::output::{left_behind, strangers, take_apart};
use super::seat::{Ending, PROGRAM, Seat, Setting};
use super::tmux::Tmux;

/// Kinds of terminals, and whether they answer what they are asked.
const KINDS: [(&str, bool); 5] = [
    ("xterm-256color", true),
    ("tmux-256color", true),
    ("screen", true),
    ("linux", false),
    ("dumb", false),
];

/// Rows and columns, from too small to far more than needed.
const SIZES: [(u16, u16); 6] = [
    (10, 40),
    (24, 80),
    (16, 60),
    (40, 140),
    (50, 200),
    (100, 300),
];

/// What a screen of that size says at least.
fn wanted(rows: u16, cols: u16) -> &'static str {
    if rows < 16 || cols < 60 {
        "needs 60 x 16"
    } else {
        "PAPER"
    }
}

fn start(kind: &str, answers: bool) -> Seat {
    let setting = Setting::demo().size(24, 80).variable("TERM", kind);
    match answers {
        true => setting.start(),
        false => setting.mute().start(),
    }
}

#[test]
fn tmux_matrix_of_kinds_and_sizes() {
    for (kind, answers) in KINDS {
        let mut seat = start(kind, answers);
        seat.shown();
        for (rows, cols) in SIZES {
            seat.resize(rows, cols);
            let wanted = wanted(rows, cols);
            seat.until(&format!("{kind} at {cols}x{rows}"), |screen, _| {
                let contents = screen.contents();
                contents.contains(wanted) && is_whole(screen, rows)
            });
        }
        seat.press("q");
        seat.check_restored(Ending::Code(0));
        let all = take_apart(&seat.written);
        assert_eq!(strangers(&all), [], "{kind}");
        assert_eq!(left_behind(&all), [""; 0], "{kind}");
        assert!(!seat.screen.screen().contents().contains('\u{fffd}'));
    }
}

/// Whether it is drawn to its last line, or the screen is too small for any.
fn is_whole(screen: &vt100::Screen, rows: u16) -> bool {
    let contents = screen.contents();
    let lines: Vec<&str> = contents.lines().collect();
    contents.contains("needs 60 x 16") || lines.len() == usize::from(rows)
}

#[test]
fn tmux_matrix_asks_a_plain_terminal_nothing_that_it_would_print() {
    for (kind, answers) in [("linux", false), ("dumb", false)] {
        let mut seat = start(kind, answers);
        seat.shown();
        seat.press("q");
        seat.check_restored(Ending::Code(0));
        for sequence in ["\x1b[?2026$p", "\x1b]"] {
            let found = super::output::count(&seat.written, sequence);
            assert_eq!(found, 0, "{kind}: {sequence:?}");
        }
    }
}

#[test]
#[ignore = "a tmux for each of many terminals: minutes"]
fn tmux_matrix_in_a_real_tmux() {
    let mut seen = 0;
    for (kind, _) in KINDS {
        for (rows, cols) in SIZES {
            let script = format!("{PROGRAM} demo; echo over; read line");
            let Some(tmux) = Tmux::start(kind, rows, cols, &["/bin/sh", "-c", &script]) else {
                return;
            };
            let wanted = wanted(rows, cols);
            tmux.until(&format!("{kind} at {cols}x{rows}"), |contents| {
                contents.contains(wanted)
            });
            let contents = tmux.contents();
            let lines = contents.lines().count();
            assert_eq!(
                lines,
                usize::from(rows),
                "{kind} at {cols}x{rows}\n{contents}"
            );
            assert!(
                !contents.contains(['\x1b', '\u{fffd}']),
                "{kind} at {cols}x{rows}"
            );
            // Nothing that the program asked may have been shown, and nothing that tmux answered taken for a key.
            for rest in ["2026", "$p", "[?", "0n", "62;"] {
                assert!(
                    !contents.contains(rest),
                    "{kind} at {cols}x{rows}: {rest}\n{contents}"
                );
            }
            assert_eq!(tmux.says("alternate_on"), "1");
            tmux.run(&["send-keys", "q"]);
            tmux.until("it is gone", |contents| contents.contains("over"));
            for (what, expected) in [
                ("alternate_on", "0"),
                ("cursor_flag", "1"),
                ("mouse_any_flag", "0"),
                ("mouse_sgr_flag", "0"),
            ] {
                assert_eq!(tmux.says(what), expected, "{kind} at {cols}x{rows}: {what}");
            }
            let history = tmux.says("history_size");
            assert_eq!(
                history, "0",
                "{kind} at {cols}x{rows}: amounts in the history"
            );
            seen += 1;
        }
    }
    println!("{seen} terminals in tmux");
}
