//! Who the customers of a broker are and what their year was like.

use super::Profile;
use std::iter::repeat_with;

/// Everybody who has an account at one broker. Two brokers of one market have two casts, so that a
/// person's accounts at both differ while their prices agree.
#[derive(Debug)]
pub struct Cast {
    pub(super) stories: &'static [Story],
    /// Keeps this cast's chances apart from those of another one of the same seed.
    pub(super) salt: u64,
    /// Whether the broker refuses an order that could deal with another one of the same account.
    pub(super) refuses_wash_trades: bool,
    /// Makes an account's number, of pretended money or real.
    pub(super) number: fn(&mut fastrand::Rng, bool) -> String,
}

impl Cast {
    /// Three accounts of pretended money and a live one, among them one that leaves a bracket and a
    /// trailing stop.
    pub const FIRST: &'static Self = &Self {
        stories: &STORIES,
        salt: 0x5eed_face,
        refuses_wash_trades: true,
        number: |random, paper| match paper {
            true => format!("PA3{}", letters(random, 9)),
            false => repeat_with(|| random.digit(10)).take(9).collect(),
        },
    };
    /// Three accounts of pretended money, two of them of one person, and a live one; simple orders.
    pub const SECOND: &'static Self = &Self {
        stories: &SECOND_STORIES,
        salt: 0x0ca5_7002,
        refuses_wash_trades: false,
        number: |random, _| {
            let digits: String = repeat_with(|| random.digit(10)).take(5).collect();
            format!("5W{}{digits}", random.uppercase())
        },
    };
    /// Four accounts of real money, two of them of one person; simple orders.
    pub const THIRD: &'static Self = &Self {
        stories: &THIRD_STORIES,
        salt: 0x05c4_ab03,
        refuses_wash_trades: false,
        number: |random, _| {
            let digits: String = repeat_with(|| random.digit(10)).take(7).collect();
            format!("{}{digits}", random.u8(1..10))
        },
    };
    /// Three accounts of pretended money, two of them of one person, and a live one; simple orders.
    pub const FOURTH: &'static Self = &Self {
        stories: &FOURTH_STORIES,
        salt: 0x01b0_4b04,
        refuses_wash_trades: false,
        number: |random, paper| {
            let digits: String = repeat_with(|| random.digit(10)).take(7).collect();
            format!("{}{digits}", if paper { "DU" } else { "U" })
        },
    };
}

/// Upper-case letters and digits, as in keys.
pub(super) fn letters(random: &mut fastrand::Rng, length: usize) -> String {
    repeat_with(|| random.alphanumeric().to_ascii_uppercase())
        .take(length)
        .collect()
}

/// What a customer's year was like.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) profile: Profile,
    pub(super) deposit: i64,
    pub(super) monthly: i64,
    pub(super) trades_a_week: u32,
    pub(super) symbols: &'static [&'static str],
    pub(super) short: Option<&'static str>,
    /// What was bought in the first week and never sold.
    pub(super) keeps: &'static [&'static str],
    /// Whether the account leaves a bracket and a trailing stop, and pays no fees.
    pub(super) elaborate: bool,
}

const STORIES: [Story; 4] = [
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
        keeps: &[],
        elaborate: true,
    },
    Story {
        profile: profile("ira", true, false, 1),
        deposit: 42_000,
        monthly: 600,
        trades_a_week: 1,
        symbols: &["VOO", "SPY", "TLT", "GLD", "JNJ", "KO", "PG"],
        short: None,
        keeps: &[],
        elaborate: false,
    },
    Story {
        profile: profile("small", true, true, 1),
        deposit: 2_500,
        monthly: 0,
        trades_a_week: 1,
        symbols: &["F", "INTC", "T", "PFE", "AMD"],
        short: None,
        keeps: &[],
        elaborate: false,
    },
    Story {
        profile: profile("live", false, false, 2),
        deposit: 60_000,
        monthly: 1_000,
        trades_a_week: 2,
        symbols: &["AAPL", "VOO", "COST", "V", "DIS", "CSCO", "XLF"],
        short: None,
        keeps: &[],
        elaborate: false,
    },
];

const SECOND_STORIES: [Story; 4] = [
    Story {
        profile: profile("margin", true, false, 2),
        deposit: 90_000,
        monthly: 0,
        trades_a_week: 3,
        symbols: &["NVDA", "MSFT", "AMD", "COIN", "PLTR", "DIS", "BA", "XLF"],
        short: Some("TSLA"),
        keeps: &["AAPL", "SPY", "BRK.B"],
        elaborate: false,
    },
    Story {
        profile: profile("ira", true, false, 1),
        deposit: 30_000,
        monthly: 500,
        trades_a_week: 1,
        symbols: &["IVV", "TLT", "GLD", "KO", "PEP"],
        short: None,
        keeps: &["VOO"],
        elaborate: false,
    },
    Story {
        profile: profile("small", true, true, 1),
        deposit: 3_000,
        monthly: 0,
        trades_a_week: 1,
        symbols: &["F", "T", "PFE", "INTC", "BAC"],
        short: None,
        keeps: &["F"],
        elaborate: false,
    },
    Story {
        profile: profile("live", false, false, 2),
        deposit: 45_000,
        monthly: 800,
        trades_a_week: 2,
        symbols: &["MSFT", "JPM", "V", "CSCO", "QQQ"],
        short: None,
        keeps: &["AAPL", "VOO"],
        elaborate: false,
    },
];

const THIRD_STORIES: [Story; 4] = [
    Story {
        profile: profile("margin", false, false, 2),
        deposit: 120_000,
        monthly: 0,
        trades_a_week: 3,
        symbols: &["AAPL", "GOOGL", "AMZN", "META", "UNH", "CAT", "CSCO", "DIA"],
        short: Some("NFLX"),
        keeps: &["MSFT", "SPY", "BRK.B"],
        elaborate: false,
    },
    Story {
        profile: profile("ira", false, false, 1),
        deposit: 38_000,
        monthly: 500,
        trades_a_week: 1,
        symbols: &["VOO", "TLT", "GLD", "JNJ", "PG"],
        short: None,
        keeps: &["IVV"],
        elaborate: false,
    },
    Story {
        profile: profile("small", false, true, 1),
        deposit: 2_800,
        monthly: 0,
        trades_a_week: 1,
        symbols: &["F", "INTC", "PFE", "T", "KO"],
        short: None,
        keeps: &["T"],
        elaborate: false,
    },
    Story {
        profile: profile("joint", false, false, 2),
        deposit: 52_000,
        monthly: 900,
        trades_a_week: 2,
        symbols: &["JPM", "V", "COST", "QQQ", "DIS"],
        short: None,
        keeps: &["AAPL", "VOO"],
        elaborate: false,
    },
];

const FOURTH_STORIES: [Story; 4] = [
    Story {
        profile: profile("margin", true, false, 2),
        deposit: 110_000,
        monthly: 0,
        trades_a_week: 3,
        symbols: &["AAPL", "SPY", "AVGO", "GE", "JNJ", "CVX", "PLTR", "IWM"],
        short: Some("INTC"),
        keeps: &["QQQ", "MSFT", "BRK.B"],
        elaborate: false,
    },
    Story {
        profile: profile("ira", true, false, 1),
        deposit: 34_000,
        monthly: 550,
        trades_a_week: 1,
        symbols: &["VOO", "TLT", "GLD", "PG", "KO"],
        short: None,
        keeps: &["SPY"],
        elaborate: false,
    },
    Story {
        profile: profile("small", true, true, 1),
        deposit: 2_600,
        monthly: 0,
        trades_a_week: 1,
        symbols: &["F", "BAC", "T", "PFE", "INTC"],
        short: None,
        keeps: &["F"],
        elaborate: false,
    },
    Story {
        profile: profile("live", false, false, 2),
        deposit: 55_000,
        monthly: 700,
        trades_a_week: 2,
        symbols: &["AAPL", "QQQ", "JPM", "V", "CAT"],
        short: None,
        keeps: &["SPY", "VOO"],
        elaborate: false,
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
