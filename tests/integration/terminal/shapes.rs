//! Sizes and colours.

use super::output::count;
use super::seat::{Ending, Setting};

#[test]
fn a_screen_that_shrinks_to_almost_nothing_and_grows_again_is_whole() {
    let mut seat = Setting::demo().size(40, 140).start();
    seat.shown();
    for (rows, cols, wanted) in [
        (5, 20, "needs 60 x 16"),
        (24, 80, "NVDA"),
        (50, 200, "Health"),
    ] {
        seat.resize(rows, cols);
        seat.until(wanted, |screen, _| screen.contents().contains(wanted));
    }
    seat.press("q");
    seat.check_restored(Ending::Code(0));
}

#[test]
fn without_colours_everything_is_still_said() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut seat = Setting::demo().size(40, 140).variable(name, value).start();
        seat.shown();
        seat.until("changes have arrows", |screen, _| {
            screen.contents().contains(['▲', '▼'])
        });
        let colours = count(&seat.written, "\x1b[38;2;") + count(&seat.written, "\x1b[38;5;");
        assert_eq!(colours, 0, "colours in spite of {name}={value}");
        assert!(seat.screen.screen().contents().contains("PAPER"));
        seat.press("q");
        seat.check_restored(Ending::Code(0));
    }
}
