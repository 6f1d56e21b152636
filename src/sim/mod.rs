//! The far side of every provider, in a box: for `demo`, for drills, for tests.
//!
//! One market and one world of customers, which each simulator shows in its provider's own words. A
//! simulator is written from the provider's manual, never from our adapter, and shares no wire type
//! with `providers/`: it would agree with our mistakes. What every provider needs is here; what one
//! provider says and hears is in the folder of its name.

pub mod alpaca;
pub mod calendar;
pub mod faults;
pub mod ibkr;
pub mod market;
pub mod oauth;
pub mod schwab;
pub mod serve;
mod socket;
pub mod tastytrade;
pub mod world;
