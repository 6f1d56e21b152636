//! Market data: prices, candles, hours, and what is listed.

pub(super) mod history;
pub(super) mod instruments;
pub(super) mod markets;
pub(super) mod quotes;
