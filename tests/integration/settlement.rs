//! Two calendars of one exchange, written apart: that of the simulators and that of the accounting.

use jiff::ToSpan;
use jiff::civil::date;
use tradedeck::engine::accounting::ladder::calendar::is_settlement_day;
use tradedeck::sim::calendar::Calendar;

#[test]
fn trades_settle_on_the_days_on_which_the_exchange_is_open() {
    let calendar = Calendar::default();
    // In the years before, Juneteenth was no holiday of the exchange; the simulators know it as one.
    let mut day = date(2022, 1, 1);
    let mut days = 0;
    while day < date(2031, 1, 1) {
        let is_open = calendar.day(day).is_some();
        // A day of mourning that no rule foresees: 9 January 2025.
        let is_mourning = day == date(2025, 1, 9);
        assert!(is_mourning || is_settlement_day(day) == is_open, "{day}");
        days += u32::from(is_settlement_day(day));
        day = day.checked_add(1.day()).unwrap();
    }
    assert!(days > 2_250);
}
