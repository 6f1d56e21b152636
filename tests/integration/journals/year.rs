//! A year of an investor's life, the same every time: shares in two currencies, shorts, options, splits, dividends,
//! mergers, futures and gifts, in two accounts.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use rust_decimal::Decimal;
use tradedeck::domain::entry::Trade;
use tradedeck::domain::{
    AccountId, AssetClass, CashCause, ConnectionId, Currency, Entry, EntryId, Holding, Money,
    OptionEnd, Price, Quantity, Side, Symbol, Timestamp, What,
};
use tradedeck::engine::accounting::rates::{Rate, Rates};

const FIRST: Date = date(2025, 1, 2);

pub(super) struct Year {
    pub(super) entries: Vec<Entry>,
    pub(super) rates: Rates,
}

/// Small numbers in a row that looks random and never changes.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn holding(symbol: &str) -> Holding {
    let (class, multiplier) = match symbol {
        _ if symbol.len() > 15 => (AssetClass::Option, 100),
        _ if symbol.starts_with('/') => (AssetClass::Future, 50),
        _ if symbol.contains('/') => (AssetClass::Crypto, 1),
        _ => (AssetClass::Equity, 1),
    };
    Holding {
        symbol: Symbol::new(symbol),
        class,
        multiplier: multiplier.into(),
        currency: currency(if symbol.ends_with(".DE") {
            "EUR"
        } else {
            "USD"
        }),
    }
}

struct Writing {
    entries: Vec<Entry>,
    numbers: Numbers,
}

impl Writing {
    fn add(&mut self, account: &str, day: Date, word: &str, what: What) {
        let at = self.entries.len();
        let account = AccountId {
            connection: ConnectionId::new("some-broker"),
            number: account.into(),
        };
        // A minute each, so that entries of a day stay in order.
        let time = format!("{day}T{:02}:{:02}:00Z", 15 + at % 300 / 60, at % 60);
        let last = self.entries.iter().rev().find(|it| it.account == account);
        let time = Timestamp::parse(&time).unwrap();
        let time = last.map_or(time, |last| {
            time.max(last.time.plus(std::time::Duration::from_secs(1)))
        });
        self.entries.push(Entry {
            account,
            id: EntryId::provider(&format!("e{at}")),
            time,
            settles: None,
            corrects: None,
            word: word.into(),
            description: "one; of (many), \"quoted\" | \\ *".into(),
            what,
        });
    }

    fn trade(
        &mut self,
        account: &str,
        day: Date,
        units: &str,
        symbol: &str,
        price: &str,
        fees: &str,
    ) {
        let units = number(units);
        let side = if units > Decimal::ZERO {
            Side::Buy
        } else {
            Side::Sell
        };
        let trade = Trade {
            holding: holding(symbol),
            side,
            quantity: Quantity(units.abs()),
            price: Price(number(price)),
            fees: number(fees),
            order: None,
        };
        self.add(account, day, "FILL", What::Trade(trade));
    }

    fn cash(
        &mut self,
        account: &str,
        day: Date,
        cause: CashCause,
        amount: &str,
        code: &str,
        symbol: Option<&str>,
    ) {
        let what = What::Cash {
            cause,
            amount: Money::new(number(amount), currency(code)),
            symbol: symbol.map(Symbol::new),
        };
        self.add(account, day, "CASH", what);
    }

    fn ended(&mut self, account: &str, day: Date, symbol: &str, how: OptionEnd, units: &str) {
        let what = What::OptionEnded {
            holding: holding(symbol),
            how,
            quantity: Quantity(number(units)),
        };
        self.add(account, day, "Receive Deliver", what);
    }

    /// A random trade or two a day, long and short, some across zero.
    fn some_trades(&mut self, day: Date) {
        for _ in 0..=self.numbers.below(2) {
            let symbol = ["AAPL", "BRK.B", "SAP.DE", "BTC/USD", "T"]
                [usize::try_from(self.numbers.below(5)).unwrap()];
            let account = if self.numbers.below(3) == 0 {
                "2"
            } else {
                "A-1 (main)"
            };
            let sign = if self.numbers.below(9) < 5 { "" } else { "-" };
            let units = match symbol {
                "BTC/USD" => format!("{sign}0.{:07}", 1 + self.numbers.below(9_999_999)),
                "AAPL" => format!("{sign}{}.5", 1 + self.numbers.below(30)),
                _ => format!("{sign}{}", 1 + self.numbers.below(40)),
            };
            let price = format!(
                "{}.{:04}",
                90 + self.numbers.below(30),
                self.numbers.below(10_000)
            );
            let fees = format!("0.{:02}", self.numbers.below(100));
            self.trade(account, day, &units, symbol, &price, &fees);
        }
    }

    fn what_is_special(&mut self, day: Date) {
        let one = "A-1 (main)";
        match (day.month(), day.day()) {
            (1, 6) => {
                self.cash(one, day, CashCause::Deposit, "100000", "USD", None);
                self.cash("2", day, CashCause::Deposit, "50000", "EUR", None);
                self.cash("2", day, CashCause::Conversion, "-10000", "EUR", None);
                self.cash("2", day, CashCause::Conversion, "10350.12", "USD", None);
            }
            (2, 3) => {
                self.trade(one, day, "-2", "KO250321P00050000", "1.25", "1.30");
                self.trade(one, day, "1", "KO250321C00055000", "0.80", "0.65");
                self.trade(one, day, "3", "PEP250417C00150000", "2.10", "1.95");
                self.trade("2", day, "-1", "KO250321C00060000", "0.40", "0.65");
            }
            (3, 21) | (4, 17) => self.options_end(day),
            (5, 5) => self.split(one, day, "AAPL", 1, 4),
            (5, 6) => self.split("2", day, "AAPL", 1, 4),
            (6, 2) => {
                self.trade("2", day, "100", "RVS", "1.37", "0.10");
                self.trade("2", day, "7", "RVS", "1.41", "0.10");
            }
            (6, 10) => {
                self.split("2", day, "RVS", 20, 1);
                self.cash("2", day, CashCause::InLieu, "9.11", "USD", Some("RVS"));
            }
            (7, 1) => self.gifts(day),
            (8, 4) => {
                self.trade(one, day, "2", "/ES", "5000.25", "4.50");
                self.cash(
                    one,
                    day,
                    CashCause::MarkToMarket,
                    "1250",
                    "USD",
                    Some("/ES"),
                );
                self.trade(one, day, "-1", "/ES", "5020.50", "2.25");
                self.cash(
                    one,
                    day,
                    CashCause::MarkToMarket,
                    "-237.5",
                    "USD",
                    Some("/ES"),
                );
            }
            (9, 8) => self.mergers(day),
            (_, 15) => {
                self.cash(one, day, CashCause::Dividend, "12.34", "USD", Some("KO"));
                self.cash(one, day, CashCause::Tax, "-1.85", "USD", Some("KO"));
                self.cash("2", day, CashCause::Interest, "-3.21", "EUR", None);
                self.cash("2", day, CashCause::Fee, "-5", "USD", None);
            }
            _ => {}
        }
    }

    fn options_end(&mut self, day: Date) {
        let one = "A-1 (main)";
        if day.month() == 3 {
            self.ended(one, day, "KO250321P00050000", OptionEnd::Assigned, "2");
            self.trade(one, day, "200", "KO", "50", "0");
            self.ended(one, day, "KO250321C00055000", OptionEnd::Expired, "-1");
            self.ended("2", day, "KO250321C00060000", OptionEnd::Expired, "1");
        }
        if day.month() == 4 {
            self.trade(one, day, "300", "PEP", "150", "0");
            self.ended(one, day, "PEP250417C00150000", OptionEnd::Exercised, "-3");
        }
    }

    fn split(&mut self, account: &str, day: Date, symbol: &str, from: i64, to: i64) {
        let what = What::Split {
            symbol: Symbol::new(symbol),
            from: from.into(),
            to: to.into(),
        };
        self.add(account, day, "SPLIT", what);
    }

    fn gifts(&mut self, day: Date) {
        for (symbol, cost) in [("GIFT", None), ("MOVED", Some("1234.56"))] {
            let what = What::Units {
                holding: holding(symbol),
                quantity: Quantity(number("30")),
                cost: cost.map(|cost| Money::new(number(cost), Currency::USD)),
            };
            self.add("2", day, "ACATS", what);
            self.trade("2", day, "-10", symbol, "50", "0.5");
        }
    }

    fn mergers(&mut self, day: Date) {
        self.trade("2", day, "9", "OLD", "11.11", "0.33");
        self.trade("2", day, "5", "OLD", "12.5", "0.33");
        let exchanged = What::Exchanged {
            from: holding("OLD"),
            gone: Quantity(number("14")),
            to: holding("NEW"),
            come: Quantity(number("6")),
            cash: Some(Money::new(number("20.20"), Currency::USD)),
        };
        self.add("2", day, "MERGER", exchanged);
        let spun_off = What::SpunOff {
            parent: Symbol::new("NEW"),
            child: holding("CHLD"),
            quantity: Quantity(number("2")),
            cost_share: Some(number("0.137")),
        };
        self.add("2", day, "SPINOFF", spun_off);
        self.trade("2", day, "-4", "NEW", "33", "0.1");
    }
}

pub(super) fn year() -> Year {
    let mut writing = Writing {
        entries: Vec::new(),
        numbers: Numbers(7),
    };
    let mut rates = Rates::default();
    let mut day = FIRST;
    while day.year() == FIRST.year() {
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            writing.some_trades(day);
            rates.add(Rate {
                from: currency("EUR"),
                to: Currency::USD,
                date: day,
                value: Decimal::new(10_400 + i64::from(day.day()) * 7, 4),
                source: "made up".into(),
            });
        }
        writing.what_is_special(day);
        day = day.checked_add(1.day()).unwrap();
    }
    Year {
        entries: writing.entries,
        rates,
    }
}
