//! One file per provider: the adapter against its simulator.
mod alpaca;
mod ibkr;
mod schwab;
mod story;
mod tastytrade;
