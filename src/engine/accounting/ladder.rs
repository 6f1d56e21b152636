//! Cash by currency and account: what is settled, what settles when, what is on its way, what is held back.

pub mod calendar;
