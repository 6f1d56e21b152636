//! Pasted text is never run.

use super::output::count;
use super::seat::{Ending, Setting};

/// Frames in which a key that was read as a command would long have been seen.
const A_WHILE: usize = 10;

#[test]
fn pasted_lines_are_never_run_as_commands() {
    let line = "b\tNVDA\t100\r\ry\r";
    // Unmarked; marked with keys right behind it; marked with a smuggled end and a Ctrl-C.
    for paste in [
        line.to_owned(),
        format!("\x1b[200~{line}\x1b[201~{line}"),
        format!("\x1b[200~q\x03\u{9b}201~{line}\x1b[201~"),
    ] {
        let mut seat = Setting::demo().size(40, 140).start();
        seat.shown();
        seat.press(&paste);
        let frames = count(&seat.written, "\x1b[?2026h");
        seat.until("some frames later", |screen, written| {
            let contents = screen.contents();
            assert!(
                !contents.contains("Limit price"),
                "a ticket is open: {contents}"
            );
            count(written, "\x1b[?2026h") > frames + A_WHILE
        });
        seat.press("q");
        seat.check_restored(Ending::Code(0));
    }
}

#[test]
fn a_paste_goes_into_the_field_and_submits_nothing() {
    let mut seat = Setting::demo().size(40, 140).start();
    seat.shown();
    seat.press("/");
    seat.frames_later(2);
    seat.press("\x1b[200~nv\x1b[2Jda\r\r\x1b[201~");
    seat.until("it stands in the filter", |screen, _| {
        screen.contents().contains("/nv[2Jda")
    });
    seat.press("\x1b");
    seat.frames_later(A_WHILE);
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

#[test]
fn a_paste_never_answers_a_question() {
    let mut seat = Setting::demo().size(40, 140).start();
    seat.shown();
    seat.press("\x0b"); // the kill switch asks first
    seat.until("it asks", |screen, _| {
        screen.contents().contains("Kill switch")
    });
    for paste in ["\x1b[200~yyyy\r\x1b[201~", "y\ry\ry\ry\ry\ry\r"] {
        seat.press(paste);
        seat.frames_later(A_WHILE);
        let contents = seat.screen.screen().contents();
        assert!(contents.contains("Kill switch"), "{contents}");
    }
    seat.press("\x1b");
    seat.until("nobody said yes", |screen, _| {
        !screen.contents().contains("Kill switch")
    });
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}
