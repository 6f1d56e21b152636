//! Decisions: an input and the time go in, values that say what to do come out. No I/O, no clock.

pub mod risk;
