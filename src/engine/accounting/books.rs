//! Every account's book: rebuilt from entries in any order, or entry by entry.

use super::book::{AccountBook, Choice, Step};
use super::chronicle::{chronicle, chronicles};
use crate::domain::{AccountId, Entry};
use std::collections::BTreeMap;

/// How lots are chosen, everywhere and where it differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Where nothing else is said.
    pub usual: Choice,
    /// By account.
    pub accounts: BTreeMap<AccountId, Choice>,
}

impl Policy {
    /// How `account` chooses.
    pub fn of(&self, account: &AccountId) -> &Choice {
        self.accounts.get(account).unwrap_or(&self.usual)
    }
}

/// The books of all accounts.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// How lots are chosen.
    pub policy: Policy,
    /// By account.
    pub accounts: BTreeMap<AccountId, AccountBook>,
}

impl Books {
    /// Counts every entry; the order of arrival does not matter.
    pub fn rebuilt<'a>(policy: Policy, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let accounts = chronicles(entries).into_iter().map(|(account, chronicle)| {
            let choice = policy.of(account).clone();
            let book = AccountBook::rebuilt(account.clone(), choice, &chronicle);
            (account.clone(), book)
        });
        Self {
            accounts: accounts.collect(),
            policy,
        }
    }

    /// Counts one more entry. [`Step::Rebuild`] changes nothing: its account is to be rebuilt from all its entries.
    pub fn apply(&mut self, entry: &Entry) -> Step {
        let account = &entry.account;
        if let Some(book) = self.accounts.get_mut(account) {
            return book.apply(entry);
        }
        let mut book = AccountBook::new(account.clone(), self.policy.of(account).clone());
        let step = book.apply(entry);
        if step == Step::Counted {
            self.accounts.insert(account.clone(), book);
        }
        step
    }

    /// Counts one account anew, from all of its entries and no other's.
    pub fn rebuild<'a>(
        &mut self,
        account: &AccountId,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) {
        let own = entries
            .into_iter()
            .filter(|entry| entry.account == *account);
        let chronicle = chronicle(own.collect());
        let choice = self.policy.of(account).clone();
        let book = AccountBook::rebuilt(account.clone(), choice, &chronicle);
        self.accounts.insert(account.clone(), book);
    }
}
