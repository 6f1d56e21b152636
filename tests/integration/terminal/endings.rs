//! Ways out that a person takes.

use super::output::count;
use super::seat::{Ending, PROGRAM, Setting};
use rustix::process::{Signal, kill_process};

#[test]
fn quitting_restores_the_terminal() {
    let mut seat = Setting::demo().size(40, 140).start();
    seat.shown();
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

#[test]
fn what_a_killed_run_left_behind_is_reset() {
    let script = format!("{PROGRAM} demo; stty -a; {PROGRAM} reset; echo over");
    let mut seat = Setting::of(&["/bin/sh", "-c", &script])
        .size(40, 140)
        .start();
    seat.shown();
    assert!(!seat.is_as_before());
    kill_process(seat.first_child(), Signal::KILL).unwrap();
    seat.until("the shell goes on", |_, written| {
        count(written, "over") == 1
    });
    let modes = String::from_utf8_lossy(&seat.written);
    assert!(
        modes.contains("-icanon") && modes.contains("-echo "),
        "it was left raw"
    );
    seat.check_restored(Ending::Code(0));
}
