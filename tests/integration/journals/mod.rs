//! A simulated year as journals, read by independent accounting programs: they must accept it, and find the same
//! realised profit, cost and cash to the cent. Where a program is not installed its check says so and passes.

mod year;

use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tradedeck::cli::export::beancount::beancount;
use tradedeck::cli::export::hledger::hledger;
use tradedeck::cli::export::{Journal, journal};
use tradedeck::domain::EntryId;
use tradedeck::engine::accounting::books::{Books, Policy};
use tradedeck::engine::accounting::{Choice, Method};

const METHODS: [(&str, Method); 4] = [
    ("fifo", Method::Fifo),
    ("lifo", Method::Lifo),
    ("highest", Method::HighestCost),
    ("average", Method::AverageCost),
];

struct Exported {
    journal: Journal,
    books: Books,
}

fn exported(method: Method) -> Exported {
    let choice = Choice {
        method,
        picks: BTreeMap::new(),
    };
    let policy = Policy {
        usual: choice,
        accounts: BTreeMap::new(),
    };
    let year = year::year();
    Exported {
        journal: journal(&policy, &year.entries, &year.rates),
        books: Books::rebuilt(policy, &year.entries),
    }
}

type Sums = BTreeMap<String, Decimal>;

/// Realised profit by currency, cost by commodity and by currency, cash by currency.
#[derive(Default, serde::Serialize)]
struct Ours {
    realised: Sums,
    cost: Sums,
    cost_by_currency: Sums,
    cash: Sums,
}

fn ours(exported: &Exported) -> Ours {
    let mut ours = Ours::default();
    let mut add = |sums: fn(&mut Ours) -> &mut Sums, key: &str, amount: Decimal| {
        *sums(&mut ours).entry(key.to_owned()).or_default() += amount;
    };
    for book in exported.books.accounts.values() {
        for row in &book.realised {
            let profit = row.profit().unwrap_or_default();
            add(|it| &mut it.realised, row.currency.as_str(), profit);
        }
        for (symbol, position) in &book.positions {
            let cost = position.lots.iter().filter_map(|lot| lot.cost).sum();
            let currency = position.holding.currency;
            add(
                |it| &mut it.cost,
                &exported.journal.commodities[symbol],
                cost,
            );
            add(|it| &mut it.cost_by_currency, currency.as_str(), cost);
        }
        for (currency, cash) in &book.cash {
            add(|it| &mut it.cash, currency.as_str(), *cash);
        }
    }
    ours
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).output();
    ran.is_ok_and(|it| it.status.success())
}

/// A Python with beancount: the one that `BEANCOUNT_PYTHON` names, or the usual one.
fn beancount_python() -> Option<String> {
    let named = std::env::var("BEANCOUNT_PYTHON").ok();
    let mut pythons = named.into_iter().chain(["python3".to_owned()]);
    pythons.find(|python| runs(python, &["-c", "import beancount"]))
}

#[test]
fn the_year_has_everything_in_it() {
    let Exported { books, journal } = exported(Method::Fifo);
    let rows = books.accounts.values().flat_map(|book| &book.realised);
    assert!(rows.clone().count() > 100);
    assert!(rows.clone().any(|row| row.quantity < Decimal::ZERO));
    assert!(rows.clone().any(|row| row.profit().is_none()));
    assert!(books.accounts.values().all(|book| book.premiums.is_empty()));
    assert!(journal.transactions.len() > 300);
    let ids = journal
        .transactions
        .iter()
        .map(|it| (&it.account, &it.entry));
    let distinct: std::collections::BTreeSet<(_, &EntryId)> = ids.collect();
    assert_eq!(distinct.len(), journal.transactions.len());
}

#[test]
fn beancount_books_the_year_as_we_do() {
    let Some(python) = beancount_python() else {
        eprintln!("skipped: no python3 with beancount; BEANCOUNT_PYTHON names another one");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, method) in METHODS {
        let exported = exported(method);
        let write = |end: &str, text: String| {
            std::fs::write(folder.path().join(format!("{name}.{end}")), text).unwrap()
        };
        write("beancount", beancount(&exported.journal));
        write("json", serde_json::to_string(&ours(&exported)).unwrap());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/beancount_api.py");
    let ran = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let complained = String::from_utf8_lossy(&ran.stderr);
    eprintln!("{said}");
    assert!(ran.status.success(), "{said}\n{complained}");
}

#[test]
fn hledger_adds_the_year_up_as_we_do() {
    if !runs("hledger", &["--version"]) {
        eprintln!("skipped: hledger is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, method) in METHODS {
        let exported = exported(method);
        let path = folder.path().join(format!("{name}.journal"));
        std::fs::write(&path, hledger(&exported.journal)).unwrap();
        let ours = ours(&exported);
        let theirs = |leaf: &str| balances(&path, leaf);
        let minus = |sums: &Sums| sums.iter().map(|(it, sum)| (it.clone(), -*sum)).collect();
        assert_same(name, "Cash", &ours.cash, &theirs(":Cash$"));
        assert_same(
            name,
            "Holdings",
            &ours.cost_by_currency,
            &theirs(":Holdings$"),
        );
        assert_same(
            name,
            "Realised",
            &minus(&ours.realised),
            &theirs(":Realised$"),
        );
    }
}

/// What hledger says accounts hold, by currency, at cost.
fn balances(journal: &Path, accounts: &str) -> Sums {
    let arguments = [
        "balance",
        "--cost",
        "--layout=bare",
        "--output-format=csv",
        "--empty",
    ];
    let ran = Command::new("hledger")
        .arg("-f")
        .arg(journal)
        .args(arguments)
        .arg(accounts)
        .output()
        .unwrap();
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{complained}");
    let mut sums = Sums::new();
    for line in String::from_utf8(ran.stdout).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split("\",\"").map(|it| it.trim_matches('"')).collect();
        let [account, commodity, amount] = fields[..] else {
            panic!("not account, commodity and amount: {line}");
        };
        if account != "total" && ["USD", "EUR"].contains(&commodity) {
            let amount: Decimal = amount.replace(',', "").parse().unwrap();
            *sums.entry(commodity.to_owned()).or_default() += amount;
        }
    }
    sums
}

fn assert_same(method: &str, what: &str, ours: &Sums, theirs: &Sums) {
    for (currency, amount) in ours {
        let other = theirs.get(currency).copied().unwrap_or_default();
        let off = (amount - other).abs();
        assert!(
            off < Decimal::new(5, 3),
            "{method} {what} {currency}: {amount} and {other}"
        );
    }
}
