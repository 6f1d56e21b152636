//! Going to sleep and waking: the terminal is the shell's in between.

use super::output::count;
use super::seat::{Ending, PROGRAM, Setting};
use rustix::process::{Signal, kill_process};

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let script =
        format!("set -m; {PROGRAM} demo; stty -a; echo back; read line; fg; stty -a; echo end");
    let mut seat = Setting::of(&["/bin/sh", "-c", &script])
        .size(40, 140)
        .start();
    seat.shown();
    assert!(!seat.is_as_before());
    seat.press("\x1a");
    seat.until("the shell is back", |screen, written| {
        !screen.alternate_screen() && count(written, " icanon") == 1 && count(written, "back") == 1
    });
    seat.press("\n");
    seat.until("the cockpit is back", |screen, _| {
        screen.alternate_screen() && screen.contents().contains("NVDA")
    });
    assert!(!seat.is_as_before());
    seat.press("q");
    seat.until("the shell is back again", |screen, written| {
        !screen.alternate_screen() && count(written, " icanon") == 2 && count(written, "end") == 1
    });
    seat.check_restored(Ending::Code(0));
}

#[test]
fn a_stop_asked_for_from_outside_gives_the_terminal_back_first() {
    let script = format!("set -m; {PROGRAM} demo; stty -a; echo back; read line; fg; echo end");
    let mut seat = Setting::of(&["/bin/sh", "-c", &script])
        .size(40, 140)
        .start();
    seat.shown();
    kill_process(seat.first_child(), Signal::TSTP).unwrap();
    seat.until("the shell is back", |screen, written| {
        !screen.alternate_screen() && count(written, " icanon") == 1 && count(written, "back") == 1
    });
    seat.press("\n");
    seat.until("the cockpit is back", |screen, _| {
        screen.alternate_screen() && screen.contents().contains("NVDA")
    });
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

#[test]
fn without_a_shell_ctrl_z_does_nothing() {
    let mut seat = Setting::demo().start();
    seat.shown();
    seat.press("\x1a");
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

#[test]
fn a_program_stopped_and_woken_from_outside_takes_the_terminal_again() {
    let mut seat = Setting::demo().start();
    seat.shown();
    seat.signal(Signal::STOP);
    seat.signal(Signal::CONT);
    seat.until("it is entered a second time", |screen, written| {
        count(written, "\x1b[?1049h") == 2 && screen.contents().contains("NVDA")
    });
    assert!(!seat.is_as_before());
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}
