//! Contract ids: every listing has one, the same in every market, and the provider's own spelling.

use crate::domain::Symbol;
use crate::sim::market::{Listing, Market};
use std::collections::HashMap;

/// Contracts whose ids the manual names.
const KNOWN: [(&str, i64); 4] = [
    ("AAPL", 265_598),
    ("SPY", 756_733),
    ("QQQ", 320_227_571),
    ("AMD", 4_391),
];
/// Ids of all others begin here.
const FIRST_DERIVED: u64 = 400_000_000;
const DERIVED: u64 = 300_000_000;

/// Which contract id is of which listing.
#[derive(Debug)]
pub(super) struct Contracts {
    ids: Vec<i64>,
    listings: HashMap<i64, usize>,
}

impl Contracts {
    pub(super) fn new(market: &Market) -> Self {
        let mut contracts = Self {
            ids: Vec::new(),
            listings: HashMap::new(),
        };
        for (place, listing) in market.listings().iter().enumerate() {
            let mut id = conid_of(&listing.symbol);
            while contracts.listings.contains_key(&id) {
                id += 1;
            }
            contracts.ids.push(id);
            contracts.listings.insert(id, place);
        }
        contracts
    }

    /// A listing's contract id.
    pub(super) fn id(&self, listing: usize) -> i64 {
        self.ids[listing]
    }

    /// A symbol's contract id; -1 of what is not listed.
    pub(super) fn of(&self, market: &Market, symbol: &Symbol) -> i64 {
        market.find(symbol).map_or(-1, |listing| self.id(listing))
    }

    /// The listing of a contract id.
    pub(super) fn listing(&self, id: i64) -> Option<usize> {
        self.listings.get(&id).copied()
    }

    /// The listing of an id that may name its exchange too: `265598@SMART`.
    pub(super) fn parse(&self, text: &str) -> Option<usize> {
        let id = text.split('@').next().unwrap_or_default();
        self.listing(id.trim().parse().ok()?)
    }
}

fn conid_of(symbol: &Symbol) -> i64 {
    let known = KNOWN.iter().find(|(name, _)| *name == symbol.as_str());
    known.map_or_else(|| derived(symbol.as_str()), |(_, id)| *id)
}

/// An id that depends on nothing but a text, by FNV-1a.
pub(super) fn derived(text: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let id = FIRST_DERIVED + (hash ^ (hash >> 32)) % DERIVED;
    i64::try_from(id).unwrap_or_default()
}

/// Our symbol as the provider spells it: `BRK B`.
pub(super) fn spelled(symbol: &Symbol) -> String {
    symbol.as_str().replace('.', " ")
}

/// The provider's spelling as our symbol.
pub(super) fn symbol(spelled: &str) -> Symbol {
    Symbol::new(&spelled.trim().to_uppercase().replace(' ', "."))
}

/// A company's name in the provider's capitals: `APPLE INC`.
pub(super) fn company(listing: &Listing) -> String {
    let name = listing.name.replace(" Common Stock", "");
    let kept = name.chars().filter(|letter| !matches!(letter, '.' | ','));
    kept.collect::<String>().to_uppercase()
}

/// The listing exchange as orders and trades name it.
pub(super) fn exchange(listing: &Listing) -> &'static str {
    match listing.exchange {
        "NASDAQ" => "NASDAQ.NMS",
        other => other,
    }
}

/// Whether a listing is a fund.
pub(super) fn is_fund(listing: &Listing) -> bool {
    let words = ["ETF", "Trust", "Shares"];
    words.iter().any(|word| listing.name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::sim::calendar::MarketHours;
    use crate::sim::market::{MarketOptions, Speed};
    use std::sync::Arc;

    fn market(seed: u64, universe: usize) -> Market {
        let options = MarketOptions {
            seed,
            universe,
            quotes_per_second: 0,
            hours: MarketHours::Always,
            recording: Arc::default(),
            speed: Speed::Times(1),
        };
        Market::new(options, Timestamp::parse("2026-11-24T15:00:00Z").unwrap())
    }

    #[test]
    fn ids_are_stable_and_lead_back() {
        let (one, other) = (market(1, 0), market(2, 3_000));
        let contracts = Contracts::new(&one);
        let more = Contracts::new(&other);
        for (place, listing) in one.listings().iter().enumerate() {
            let id = contracts.id(place);
            assert_eq!(contracts.listing(id), Some(place));
            assert_eq!(more.of(&other, &listing.symbol), id, "{}", listing.symbol);
        }
        assert_eq!(contracts.of(&one, &Symbol::new("AAPL")), 265_598);
        assert_eq!(
            contracts.parse("756733@ARCA"),
            one.find(&Symbol::new("SPY"))
        );
        assert_eq!(contracts.parse("8314"), None, "it is not listed here");
    }

    #[test]
    fn names_are_the_provider_s() {
        let market = market(1, 0);
        let listing = |name| &market.listings()[market.find(&Symbol::new(name)).unwrap()];
        assert_eq!(company(listing("AAPL")), "APPLE INC");
        assert_eq!(spelled(&Symbol::new("BRK.B")), "BRK B");
        assert_eq!(symbol("brk b"), Symbol::new("BRK.B"));
        assert!(is_fund(listing("SPY")) && !is_fund(listing("AAPL")));
    }
}
