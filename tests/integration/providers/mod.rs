//! One file per provider: the adapter against its simulator.
mod alpaca;
mod schwab;
mod story;
mod tastytrade;
