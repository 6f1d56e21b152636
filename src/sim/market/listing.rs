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

/// Symbol, name, exchange, base in cents, swing, spread in cents, thousands traded a day, dividend in cents.
type Row = (&'static str, &'static str, &'static str, i64, i64, i64, u64, i64);

const KNOWN: [Row; 42] = [
    ("AAPL", "Apple Inc. Common Stock", "NASDAQ", 22_850, 100, 1, 52_000, 26),
    ("MSFT", "Microsoft Corporation Common Stock", "NASDAQ", 43_120, 90, 2, 21_000, 83),
    ("NVDA", "NVIDIA Corporation Common Stock", "NASDAQ", 13_440, 170, 1, 210_000, 1),
    ("AMZN", "Amazon.com, Inc. Common Stock", "NASDAQ", 20_560, 120, 1, 38_000, 0),
    ("GOOGL", "Alphabet Inc. Class A Common Stock", "NASDAQ", 17_830, 110, 1, 27_000, 20),
    ("META", "Meta Platforms, Inc. Class A Common Stock", "NASDAQ", 56_410, 130, 8, 13_000, 53),
    ("TSLA", "Tesla, Inc. Common Stock", "NASDAQ", 32_970, 220, 5, 92_000, 0),
    ("AVGO", "Broadcom Inc. Common Stock", "NASDAQ", 17_260, 150, 4, 25_000, 59),
    ("AMD", "Advanced Micro Devices, Inc. Common Stock", "NASDAQ", 13_870, 180, 1, 42_000, 0),
    ("INTC", "Intel Corporation Common Stock", "NASDAQ", 2_460, 160, 1, 71_000, 0),
    ("NFLX", "Netflix, Inc. Common Stock", "NASDAQ", 87_350, 140, 30, 3_400, 0),
    ("COST", "Costco Wholesale Corporation Common Stock", "NASDAQ", 93_680, 80, 35, 1_900, 116),
    ("CSCO", "Cisco Systems, Inc. Common Stock", "NASDAQ", 5_790, 80, 1, 18_000, 40),
    ("PEP", "PepsiCo, Inc. Common Stock", "NASDAQ", 16_120, 60, 2, 6_100, 135),
    ("COIN", "Coinbase Global, Inc. Class A Common Stock", "NASDAQ", 29_840, 260, 12, 9_800, 0),
    ("PLTR", "Palantir Technologies Inc. Class A Common Stock", "NASDAQ", 6_240, 250, 1, 66_000, 0),
    ("JPM", "JPMorgan Chase & Co. Common Stock", "NYSE", 24_310, 80, 3, 9_200, 125),
    ("BAC", "Bank of America Corporation Common Stock", "NYSE", 4_620, 90, 1, 34_000, 26),
    ("BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", 46_980, 60, 7, 3_600, 0),
    ("V", "Visa Inc. Class A Common Stock", "NYSE", 31_040, 70, 4, 6_300, 59),
    ("UNH", "UnitedHealth Group Incorporated Common Stock", "NYSE", 54_700, 110, 22, 4_500, 210),
    ("JNJ", "Johnson & Johnson Common Stock", "NYSE", 15_480, 50, 1, 7_400, 124),
    ("XOM", "Exxon Mobil Corporation Common Stock", "NYSE", 11_790, 90, 1, 15_000, 99),
    ("CVX", "Chevron Corporation Common Stock", "NYSE", 15_930, 90, 2, 7_800, 163),
    ("KO", "The Coca-Cola Company Common Stock", "NYSE", 6_380, 45, 1, 14_000, 48),
    ("PG", "The Procter & Gamble Company Common Stock", "NYSE", 17_210, 50, 2, 6_500, 100),
    ("DIS", "The Walt Disney Company Common Stock", "NYSE", 11_460, 100, 1, 10_500, 0),
    ("BA", "The Boeing Company Common Stock", "NYSE", 15_040, 140, 4, 9_900, 0),
    ("CAT", "Caterpillar Inc. Common Stock", "NYSE", 39_450, 100, 14, 2_900, 141),
    ("GE", "GE Aerospace Common Stock", "NYSE", 17_880, 100, 4, 5_100, 28),
    ("F", "Ford Motor Company Common Stock", "NYSE", 1_110, 120, 1, 49_000, 15),
    ("T", "AT&T Inc. Common Stock", "NYSE", 2_260, 60, 1, 33_000, 28),
    ("PFE", "Pfizer Inc. Common Stock", "NYSE", 2_570, 80, 1, 41_000, 42),
    ("SPY", "SPDR S&P 500 ETF Trust", "ARCA", 58_930, 55, 1, 48_000, 175),
    ("VOO", "Vanguard S&P 500 ETF", "ARCA", 54_170, 55, 2, 5_600, 164),
    ("IVV", "iShares Core S&P 500 ETF", "ARCA", 59_250, 55, 3, 4_900, 188),
    ("DIA", "SPDR Dow Jones Industrial Average ETF Trust", "ARCA", 43_480, 50, 3, 3_200, 60),
    ("IWM", "iShares Russell 2000 ETF", "ARCA", 23_540, 85, 1, 27_000, 70),
    ("GLD", "SPDR Gold Shares", "ARCA", 25_120, 60, 1, 8_100, 0),
    ("TLT", "iShares 20+ Year Treasury Bond ETF", "NASDAQ", 9_050, 55, 1, 39_000, 30),
    ("XLF", "Financial Select Sector SPDR Fund", "ARCA", 4_890, 70, 1, 36_000, 17),
    ("QQQ", "Invesco QQQ Trust, Series 1", "NASDAQ", 50_420, 80, 1, 31_000, 68),
];

/// Every listing of a universe of `size` symbols; never fewer than the well-known ones.
pub(super) fn listings(size: usize) -> Vec<Listing> {
    let known = KNOWN.iter().map(known);
    let invented = (0..size.saturating_sub(KNOWN.len())).map(invented);
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

fn known(row: &Row) -> Listing {
    let (symbol, name, exchange, base_cents, swing, spread_cents, thousands, dividend_cents) = *row;
    Listing {
        symbol: Symbol::new(symbol),
        name: name.to_owned(),
        exchange,
        price: PriceSource::Seeded(Shape {
            base_cents,
            swing,
            spread_cents,
            daily_volume: thousands * 1000,
            dividend_cents,
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
