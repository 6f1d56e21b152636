//! Who the customers are and what their year was like.

use super::Profile;

/// What a customer's year was like.
pub(super) struct Story {
    pub(super) profile: Profile,
    pub(super) deposit: i64,
    pub(super) monthly: i64,
    pub(super) trades_a_week: u32,
    pub(super) symbols: &'static [&'static str],
    pub(super) short: Option<&'static str>,
}

pub(super) const STORIES: [Story; 4] = [
    Story {
        profile: profile("margin", true, false, 2),
        deposit: 150_000,
        monthly: 0,
        trades_a_week: 4,
        symbols: &[
            "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "JPM", "XOM", "SPY", "QQQ", "AMD",
            "BRK.B",
        ],
        short: Some("TSLA"),
    },
    Story {
        profile: profile("ira", true, false, 1),
        deposit: 42_000,
        monthly: 600,
        trades_a_week: 1,
        symbols: &["VOO", "SPY", "TLT", "GLD", "JNJ", "KO", "PG"],
        short: None,
    },
    Story {
        profile: profile("small", true, true, 1),
        deposit: 2_500,
        monthly: 0,
        trades_a_week: 1,
        symbols: &["F", "INTC", "T", "PFE", "AMD"],
        short: None,
    },
    Story {
        profile: profile("live", false, false, 2),
        deposit: 60_000,
        monthly: 1_000,
        trades_a_week: 2,
        symbols: &["AAPL", "VOO", "COST", "V", "DIS", "CSCO", "XLF"],
        short: None,
    },
];

const fn profile(name: &'static str, paper: bool, free: bool, multiplier: u32) -> Profile {
    Profile {
        name,
        paper,
        free,
        multiplier,
    }
}
