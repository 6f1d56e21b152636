//! A provider's whole history against what it says of today: the sum of what happened is what is there.

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tradedeck::domain::{
    AccountId, Balance, Clock, Entry, EntryId, Position, Rejected, Span, Symbol, What,
};
use tradedeck::providers::provider::{Accounts, HistoryQuery, Provider};
use tradedeck::runtime::clock::SystemClock;

/// How far back a simulator's story reaches, and more.
const YEARS: Duration = Duration::from_secs(2 * 366 * 24 * 3_600);

/// Pages that no story fills.
const MOST_PAGES: usize = 100;

/// Every entry and every rejected row of an account, page by page as the provider's limits have it.
pub(super) async fn whole(
    accounts: &dyn Accounts,
    account: &AccountId,
) -> (Vec<Entry>, Vec<Rejected>) {
    let until = SystemClock.now().plus(Duration::from_secs(60));
    let from = until.minus(YEARS);
    let (mut entries, mut rejected, mut pages) = (Vec::new(), Vec::new(), 0);
    for span in (Span { from, until }).cut(accounts.history_limits().longest) {
        let mut cursor = None;
        loop {
            let query = HistoryQuery { span, cursor };
            let page = accounts.history(account, query).await.unwrap();
            entries.extend(page.items);
            rejected.extend(page.rejected);
            cursor = page.next;
            pages += 1;
            assert!(pages < MOST_PAGES, "it never ends");
            if cursor.is_none() {
                break;
            }
        }
    }
    (entries, rejected)
}

/// What an account holds now.
async fn today(accounts: &dyn Accounts, account: &AccountId) -> (Decimal, Vec<Position>) {
    let list = accounts.list().await.unwrap();
    let mine = list.into_iter().find(|(it, _)| it.id == *account).unwrap();
    let balance: Balance = mine.1.unwrap();
    (balance.cash, accounts.positions(account).await.unwrap())
}

fn units(positions: &[Position]) -> BTreeMap<Symbol, Decimal> {
    let pair = |it: &Position| (it.symbol.clone(), it.quantity.0);
    positions.iter().map(pair).collect()
}

/// Cash and units that an entry moves.
fn moves(entry: &Entry) -> (Decimal, Option<(Symbol, Decimal)>) {
    match &entry.what {
        What::Trade(trade) => {
            let symbol = trade.holding.symbol.clone();
            (trade.cash().unwrap(), Some((symbol, trade.units().0)))
        }
        What::Cash { amount, .. } => (amount.amount, None),
        What::Units { .. }
        | What::OptionEnded { .. }
        | What::Split { .. }
        | What::Exchanged { .. }
        | What::SpunOff { .. }
        | What::TakenBack
        | What::Noted { .. } => panic!("not in the story: {entry:?}"),
    }
}

/// Checks every account of a provider; returns the words of what happened, and the fees of all trades.
pub(super) async fn check(provider: &dyn Provider) -> (BTreeSet<String>, Decimal) {
    let accounts = provider.accounts().unwrap();
    let (mut words, mut fees) = (BTreeSet::new(), Decimal::ZERO);
    for (account, _) in accounts.list().await.unwrap() {
        let entries = settled(accounts, &account.id).await;
        for entry in entries {
            if let What::Trade(trade) = &entry.what {
                words.insert("Trade".to_owned());
                fees += trade.fees;
            } else if let What::Cash { cause, .. } = &entry.what {
                words.insert(format!("{cause:?}"));
            }
        }
    }
    (words, fees)
}

/// The history of an account in which nothing happened while it was read, once its sums are right.
async fn settled(accounts: &dyn Accounts, account: &AccountId) -> Vec<Entry> {
    for _ in 0..10 {
        let (cash, held) = today(accounts, account).await;
        let (entries, rejected) = whole(accounts, account).await;
        let (cash_after, held_after) = today(accounts, account).await;
        if (cash, units(&held)) != (cash_after, units(&held_after)) {
            continue;
        }
        assert_eq!(rejected, []);
        let ids: BTreeSet<&EntryId> = entries.iter().map(|entry| &entry.id).collect();
        assert_eq!(ids.len(), entries.len(), "each is told once");
        let mut sums: BTreeMap<Symbol, Decimal> = BTreeMap::new();
        let mut sum = Decimal::ZERO;
        for entry in &entries {
            let (cash, of) = moves(entry);
            sum += cash;
            if let Some((symbol, units)) = of {
                *sums.entry(symbol).or_default() += units;
            }
        }
        sums.retain(|_, units| !units.is_zero());
        assert_eq!(sums, units(&held), "{account:?}");
        assert_eq!(sum.round_dp(2), cash.round_dp(2), "{account:?}");
        return entries;
    }
    panic!("something happens all the time")
}
