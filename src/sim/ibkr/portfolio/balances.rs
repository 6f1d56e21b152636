//! Ledger, summaries, profit and loss, allocation.

use super::super::answer::{Answer, Reply, float, grouped, money, ok, text};
use super::super::site::Call;
use super::positions::mark;
use crate::domain::Timestamp;
use crate::sim::world::{Customer, Figures, World};
use http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// What all figures of an account are made from.
struct Account<'a> {
    customer: &'a Customer,
    figures: Figures,
    unrealized: Decimal,
    /// What the day made.
    day: Decimal,
}

impl<'a> Account<'a> {
    fn new(world: &'a World, account: usize, now: Timestamp) -> Self {
        let customer = &world.customers[account];
        let figures = customer.figures(&world.market);
        let holdings = customer.holdings.iter();
        let gain = |(symbol, holding): (_, &crate::sim::world::Holding)| {
            let price = mark(world, symbol).unwrap_or(holding.average.0);
            (price - holding.average.0) * holding.quantity
        };
        let calendar = world.market.calendar();
        let today = calendar.latest_open(now);
        let yesterday = calendar.previous(today.date).close;
        Self {
            customer,
            figures,
            unrealized: holdings.map(gain).sum(),
            day: figures.equity - customer.equity_at(&world.market, yesterday),
        }
    }

    fn stocks(&self) -> Decimal {
        self.figures.long_value + self.figures.short_value
    }

    fn excess(&self) -> Decimal {
        self.figures.equity - self.figures.maintenance_margin
    }

    fn available(&self) -> Decimal {
        self.figures.equity - self.figures.initial_margin
    }

    /// The line of one currency, or of all of them in the base currency.
    fn ledger(&self, currency: &str, now: Timestamp) -> Value {
        let mut line = json!({
            "settledcash": money(self.customer.cash),
            "exchangerate": 1,
            "sessionid": 1,
            "cashbalance": money(self.customer.cash),
            "netliquidationvalue": money(self.figures.equity),
            "unrealizedpnl": money(self.unrealized),
            "stockmarketvalue": money(self.stocks()),
            "currency": currency,
            "acctcode": self.customer.number,
            "key": "LedgerList",
            "timestamp": now.millis() / 1000,
            "severity": 0,
            "secondkey": currency,
            "endofbundle": 1,
        });
        let empty = [
            "commoditymarketvalue",
            "futuremarketvalue",
            "corporatebondsmarketvalue",
            "warrantsmarketvalue",
            "interest",
            "moneyfunds",
            "realizedpnl",
            "funds",
            "issueroptionsmarketvalue",
            "stockoptionmarketvalue",
            "futuresonlypnl",
            "tbondsmarketvalue",
            "futureoptionmarketvalue",
            "cashbalancefxsegment",
            "tbillsmarketvalue",
            "dividends",
            "cryptocurrencyvalue",
        ];
        for name in empty {
            line[name] = float(Decimal::ZERO);
        }
        line
    }

    /// Amounts of the summary by name.
    fn amounts(&self) -> [(&'static str, Decimal); 17] {
        let figures = &self.figures;
        [
            ("netliquidation", figures.equity),
            ("totalcashvalue", self.customer.cash),
            ("settledcash", self.customer.cash),
            ("buyingpower", figures.buying_power),
            ("availablefunds", self.available()),
            ("excessliquidity", self.excess()),
            ("equitywithloanvalue", figures.equity),
            (
                "grosspositionvalue",
                figures.long_value - figures.short_value,
            ),
            ("initmarginreq", figures.initial_margin),
            ("maintmarginreq", figures.maintenance_margin),
            ("fullinitmarginreq", figures.initial_margin),
            ("fullmaintmarginreq", figures.maintenance_margin),
            ("accruedcash", Decimal::ZERO),
            ("accrueddividend", Decimal::ZERO),
            ("lookaheadavailablefunds", self.available()),
            ("lookaheadexcessliquidity", self.excess()),
            ("sma", self.available()),
        ]
    }
}

/// `GET /portfolio/{id}/ledger`.
pub(in crate::sim::ibkr) fn ledger(call: &Call<'_>, account: usize) -> Answer {
    ok(&ledger_of(call.world, account, call.now))
}

/// Every currency's line, and that of all of them; the stream tells it too.
pub(in crate::sim::ibkr) fn ledger_of(world: &World, account: usize, now: Timestamp) -> Value {
    let account = Account::new(world, account, now);
    json!({"USD": account.ledger("USD", now), "BASE": account.ledger("BASE", now)})
}

/// `GET /portfolio/{id}/summary`: the whole account, its securities and its commodities.
pub(in crate::sim::ibkr) fn summary(call: &Call<'_>, account: usize) -> Answer {
    ok(&summary_of(call.world, account, call.now))
}

/// The summary; the stream tells it too.
pub(in crate::sim::ibkr) fn summary_of(world: &World, account: usize, now: Timestamp) -> Value {
    let account = Account::new(world, account, now);
    let mut summary = Map::new();
    let words = [
        ("accountcode", account.customer.number.as_str()),
        ("accountready", "true"),
        ("accounttype", "INDIVIDUAL"),
    ];
    for (name, word) in words {
        let row = row(Decimal::ZERO, None, Some(word.to_owned()), now);
        summary.insert(name.to_owned(), row);
    }
    for (name, amount) in account.amounts() {
        let amount = amount.round_dp(2);
        // The provider's own pages disagree on whether the text is there; here half the rows have it.
        let written = (name.len() % 2 == 0).then(|| text(amount));
        let whole = row(amount, Some("USD"), written, now);
        summary.insert(format!("{name}-s"), whole.clone());
        let none = row(Decimal::ZERO, Some("USD"), None, now);
        summary.insert(format!("{name}-c"), none);
        summary.insert(name.to_owned(), whole);
    }
    Value::Object(summary)
}

fn row(amount: Decimal, currency: Option<&str>, value: Option<String>, now: Timestamp) -> Value {
    json!({
        "amount": float(amount),
        "currency": currency,
        "isNull": false,
        "timestamp": now.millis(),
        "value": value,
        "severity": 0,
    })
}

/// `GET /iserver/account/{id}/summary`: plain numbers.
pub(in crate::sim::ibkr) fn brief(call: &Call<'_>, account: usize) -> Answer {
    let account = Account::new(call.world, account, call.now);
    let figures = &account.figures;
    let (cash, equity) = (money(account.customer.cash), money(figures.equity));
    ok(&json!({
        "accountType": "",
        "status": "",
        "balance": equity,
        "SMA": money(account.available()),
        "buyingPower": money(figures.buying_power),
        "availableFunds": money(account.available()),
        "excessLiquidity": money(account.excess()),
        "netLiquidationValue": equity,
        "equityWithLoanValue": equity,
        "regTLoan": float(Decimal::ZERO),
        "securitiesGVP": money(figures.long_value - figures.short_value),
        "totalCashValue": cash,
        "accruedInterest": float(Decimal::ZERO),
        "regTMargin": money(figures.initial_margin),
        "initialMargin": money(figures.initial_margin),
        "maintenanceMargin": money(figures.maintenance_margin),
        "cashBalances": [
            {"currency": "USD", "balance": cash, "settledCash": cash},
            {"currency": "Total (in USD)", "balance": cash, "settledCash": cash},
        ],
    }))
}

/// `GET /iserver/account/{id}/summary/{part}`: texts for people to read.
pub(in crate::sim::ibkr) fn part(call: &Call<'_>, account: usize, part: &str) -> Answer {
    let account = Account::new(call.world, account, call.now);
    let figures = &account.figures;
    let usd = |amount: Decimal| format!("{} USD", grouped(amount));
    let segments = |segment: &dyn Fn(bool) -> Value| {
        json!({
            "total": segment(true), "Crypto at Paxos": segment(false),
            "commodities": segment(false), "securities": segment(true),
        })
    };
    let if_any = |any: bool, amount| usd(if any { amount } else { Decimal::ZERO });
    ok(&match part {
        "margins" => segments(&|any| {
            let (initial, maintenance) = (figures.initial_margin, figures.maintenance_margin);
            json!({
                "current_initial": if_any(any, initial), "current_maint": if_any(any, maintenance),
                "look_ahead_initial": if_any(any, initial),
                "look_ahead_maint": if_any(any, maintenance), "RegT Margin": usd(Decimal::ZERO),
            })
        }),
        "balances" => segments(&|any| {
            json!({
                "net_liquidation": if_any(any, figures.equity), "cash": if_any(any, account.customer.cash),
                "settled_cash": if_any(any, account.customer.cash), "equity_with_loan": if_any(any, figures.equity),
            })
        }),
        "available_funds" => segments(&|any| {
            json!({
                "current_available": if_any(any, account.available()),
                "current_excess": if_any(any, account.excess()),
                "buying_power": if_any(any, figures.buying_power),
            })
        }),
        "market_value" => json!({"USD": {
            "total_cash": grouped(account.customer.cash), "stock": grouped(account.stocks()),
            "options": "0", "futures": "0", "net_liquidation": grouped(figures.equity),
            "unrealized_pnl": grouped(account.unrealized), "realized_pnl": "0",
        }}),
        _ => return Err(Reply::of_status(StatusCode::NOT_FOUND)),
    })
}

/// `GET /iserver/account/pnl/partitioned`.
pub(in crate::sim::ibkr) fn partitioned(call: &mut Call<'_>) -> Answer {
    call.trading()?;
    ok(&json!({"upnl": gains(call.world, &call.person.accounts, "el", call.now)}))
}

/// Profit and loss of accounts; the stream has another name for the excess.
pub(in crate::sim::ibkr) fn gains(
    world: &World,
    accounts: &[usize],
    excess: &str,
    now: Timestamp,
) -> Value {
    let mut gains = json!({});
    for account in accounts {
        let account = Account::new(world, *account, now);
        let mut row = json!({
            "rowType": 1,
            "dpl": money(account.day),
            "nl": money(account.figures.equity),
            "upl": money(account.unrealized),
            "mv": money(account.stocks()),
        });
        row[excess] = money(account.excess());
        gains[format!("{}.Core", account.customer.number)] = row;
    }
    gains
}

/// `GET /portfolio/{id}/allocation`.
pub(in crate::sim::ibkr) fn allocation(call: &Call<'_>, accounts: &[usize]) -> Answer {
    let of = |account: &usize| Account::new(call.world, *account, call.now);
    let all: Vec<Account<'_>> = accounts.iter().map(of).collect();
    let long: Decimal = all.iter().map(|it| it.figures.long_value).sum();
    let short: Decimal = all.iter().map(|it| it.figures.short_value).sum();
    let cash: Decimal = all.iter().map(|it| it.customer.cash).sum();
    let mut classes = json!({"long": {"STK": money(long), "CASH": money(cash)}, "short": {}});
    let mut others = json!({"long": {"Others": money(long)}, "short": {}});
    if !short.is_zero() {
        classes["short"]["STK"] = money(short);
        others["short"]["Others"] = money(short);
    }
    ok(&json!({"assetClass": classes, "sector": others, "group": others}))
}
