//! What is listed: forty well-known US names with prices of their order of magnitude, and as many
//! invented ones as are asked for.

use crate::domain::Symbol;

/// One listed instrument.
#[derive(Clone, Debug)]
pub struct Listing {
    /// In our spelling.
    pub symbol: Symbol,
    /// Its full name.
    pub name: String,
    /// Where it is listed, in the data vendors' word.
    pub exchange: &'static str,
    /// What its price is made of.
    pub price: PriceSource,
}

/// Where the prices of a listing come from.
#[derive(Clone, Debug)]
pub enum PriceSource {
    /// A wave around a base.
    Seeded(Shape),
    /// A recording.
    Recorded,
}

/// The character of a seeded price.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The price the wave swings around, in cents.
    pub base_cents: i64,
    /// How far it swings, in percent of a calm large company's swings.
    pub swing: i64,
    /// The usual distance of bid and ask, in cents.
    pub spread_cents: i64,
    /// Units traded on a usual day.
    pub daily_volume: u64,
    /// Dividend a quarter, in cents; zero for none.
    pub dividend_cents: i64,
}

/// The well-known: symbol, exchange, base in cents, swing, spread in cents, thousands traded a day,
/// dividend in cents, name.
const KNOWN: &str = "\
AAPL  NASDAQ   22850  100   1   52000   26  Apple Inc. Common Stock
MSFT  NASDAQ   43120   90   2   21000   83  Microsoft Corporation Common Stock
NVDA  NASDAQ   13440  170   1  210000    1  NVIDIA Corporation Common Stock
AMZN  NASDAQ   20560  120   1   38000    0  Amazon.com, Inc. Common Stock
GOOGL NASDAQ   17830  110   1   27000   20  Alphabet Inc. Class A Common Stock
META  NASDAQ   56410  130   8   13000   53  Meta Platforms, Inc. Class A Common Stock
TSLA  NASDAQ   32970  220   5   92000    0  Tesla, Inc. Common Stock
AVGO  NASDAQ   17260  150   4   25000   59  Broadcom Inc. Common Stock
AMD   NASDAQ   13870  180   1   42000    0  Advanced Micro Devices, Inc. Common Stock
INTC  NASDAQ    2460  160   1   71000    0  Intel Corporation Common Stock
NFLX  NASDAQ   87350  140  30    3400    0  Netflix, Inc. Common Stock
COST  NASDAQ   93680   80  35    1900  116  Costco Wholesale Corporation Common Stock
CSCO  NASDAQ    5790   80   1   18000   40  Cisco Systems, Inc. Common Stock
PEP   NASDAQ   16120   60   2    6100  135  PepsiCo, Inc. Common Stock
COIN  NASDAQ   29840  260  12    9800    0  Coinbase Global, Inc. Class A Common Stock
PLTR  NASDAQ    6240  250   1   66000    0  Palantir Technologies Inc. Class A Common Stock
JPM   NYSE     24310   80   3    9200  125  JPMorgan Chase & Co. Common Stock
BAC   NYSE      4620   90   1   34000   26  Bank of America Corporation Common Stock
BRK.B NYSE     46980   60   7    3600    0  Berkshire Hathaway Inc. Class B
V     NYSE     31040   70   4    6300   59  Visa Inc. Class A Common Stock
UNH   NYSE     54700  110  22    4500  210  UnitedHealth Group Incorporated Common Stock
JNJ   NYSE     15480   50   1    7400  124  Johnson & Johnson Common Stock
XOM   NYSE     11790   90   1   15000   99  Exxon Mobil Corporation Common Stock
CVX   NYSE     15930   90   2    7800  163  Chevron Corporation Common Stock
KO    NYSE      6380   45   1   14000   48  The Coca-Cola Company Common Stock
PG    NYSE     17210   50   2    6500  100  The Procter & Gamble Company Common Stock
DIS   NYSE     11460  100   1   10500    0  The Walt Disney Company Common Stock
BA    NYSE     15040  140   4    9900    0  The Boeing Company Common Stock
CAT   NYSE     39450  100  14    2900  141  Caterpillar Inc. Common Stock
GE    NYSE     17880  100   4    5100   28  GE Aerospace Common Stock
F     NYSE      1110  120   1   49000   15  Ford Motor Company Common Stock
T     NYSE      2260   60   1   33000   28  AT&T Inc. Common Stock
PFE   NYSE      2570   80   1   41000   42  Pfizer Inc. Common Stock
SPY   ARCA     58930   55   1   48000  175  SPDR S&P 500 ETF Trust
VOO   ARCA     54170   55   2    5600  164  Vanguard S&P 500 ETF
IVV   ARCA     59250   55   3    4900  188  iShares Core S&P 500 ETF
DIA   ARCA     43480   50   3    3200   60  SPDR Dow Jones Industrial Average ETF Trust
IWM   ARCA     23540   85   1   27000   70  iShares Russell 2000 ETF
GLD   ARCA     25120   60   1    8100    0  SPDR Gold Shares
TLT   NASDAQ    9050   55   1   39000   30  iShares 20+ Year Treasury Bond ETF
XLF   ARCA      4890   70   1   36000   17  Financial Select Sector SPDR Fund
QQQ   NASDAQ   50420   80   1   31000   68  Invesco QQQ Trust, Series 1";

/// Every listing of a universe of `size` symbols; never fewer than the well-known ones.
pub(super) fn listings(size: usize) -> Vec<Listing> {
    let known = KNOWN.lines().map(known);
    let invented = (0..size.saturating_sub(KNOWN.lines().count())).map(invented);
    known.chain(invented).collect()
}

/// A symbol of which only a recording is known.
pub(super) fn recorded(symbol: Symbol) -> Listing {
    Listing {
        name: format!("{symbol} (recorded)"),
        symbol,
        exchange: "ARCA",
        price: PriceSource::Recorded,
    }
}

fn known(row: &'static str) -> Listing {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let number = |place: usize| fields[place].parse::<u32>().expect("the table has numbers");
    let name = fields[7..].join(" ");
    Listing {
        symbol: Symbol::new(fields[0]),
        name,
        exchange: fields[1],
        price: PriceSource::Seeded(Shape {
            base_cents: number(2).into(),
            swing: number(3).into(),
            spread_cents: number(4).into(),
            daily_volume: u64::from(number(5)) * 1000,
            dividend_cents: number(6).into(),
        }),
    }
}

/// The `number`th invented company: `ZAAA`, `ZAAB`, …
fn invented(number: usize) -> Listing {
    let letters = [number / 676, number / 26, number]
        .map(|place| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place % 26]));
    let spread = i64::try_from(number * 7_919 % 19_000).unwrap_or_default();
    Listing {
        symbol: Symbol::new(&format!("Z{}", letters.iter().collect::<String>())),
        name: format!("Invented Company {} Inc.", number + 1),
        exchange: ["NASDAQ", "NYSE", "ARCA"][number % 3],
        price: PriceSource::Seeded(Shape {
            base_cents: 1_000 + spread,
            swing: 70 + spread % 160,
            spread_cents: 1 + spread % 4,
            daily_volume: 400_000,
            dividend_cents: 0,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_universe_has_the_size_asked_for_and_no_symbol_twice() {
        for (size, listed) in [(0, 42), (42, 42), (43, 43), (800, 800)] {
            let listings = listings(size);
            let symbols: HashSet<_> = listings.iter().map(|listing| &listing.symbol).collect();
            assert_eq!((listings.len(), symbols.len()), (listed, listed));
        }
        let apple = &listings(0)[0];
        assert_eq!((apple.symbol.as_str(), apple.exchange), ("AAPL", "NASDAQ"));
        assert_eq!(apple.name, "Apple Inc. Common Stock");
    }
}
