//! Orders and executions as the stream tells of them.

use super::{MOST_FILLS, Out, StreamerSession, read};
use crate::domain::{AccountId, Mode, Text};
use crate::net::json;
use crate::providers::ibkr::translate::activity;
use crate::providers::ibkr::translate::order::{self, Around};
use crate::providers::ibkr::wire::{Order, Trade, Unreadable};
use crate::providers::provider::StreamEvent;
use serde_json::value::RawValue;

impl StreamerSession {
    pub(super) fn order(&mut self, raw: &RawValue, out: Out<'_>) -> Result<(), Unreadable> {
        let whole = self.shared.known.merge(raw.get());
        let whole = whole.ok_or(Unreadable("the id of an order"))?;
        let row: Order<'_> =
            json::parse_object(whole.as_bytes()).map_err(|_| Unreadable("an order"))?;
        let account = self.account(order::account_of(&row))?;
        let named = order::conid_of(&row).and_then(|it| self.shared.contracts.named(it));
        let around = Around {
            account: &account,
            mode: Mode::from(self.shared.environment),
            named: named.as_ref(),
            heard: self.shared.rest.clock().now(),
        };
        let order = self.shared.known.renamed(order::order(&row, around)?);
        out.events.push(StreamEvent::Order(Box::new(order)));
        Ok(())
    }

    pub(super) fn execution(&mut self, raw: &RawValue, out: Out<'_>) -> Result<(), Unreadable> {
        let row: Trade<'_> = read(raw)?;
        let account = self.account(activity::account_of(&row))?;
        let named = activity::conid_of(&row).and_then(|it| self.shared.contracts.named(it));
        let order_of = |name: &str| self.shared.known.id_of(name);
        let executed = activity::execution(&row, &account, named.as_ref(), order_of)?;
        if self.is_news(&executed.activity.provider_id) {
            out.events
                .push(StreamEvent::Fill(Box::new(executed.activity)));
        }
        Ok(())
    }

    /// Which of our accounts a row is of; the only one where it does not say.
    fn account(&self, number: Option<Text>) -> Result<AccountId, Unreadable> {
        let account = match number {
            Some(number) => self.accounts.iter().find(|it| it.number == number),
            None if self.accounts.len() == 1 => self.accounts.first(),
            None => None,
        };
        account.cloned().ok_or(Unreadable("the account"))
    }

    /// Whether an execution is told of for the first time.
    fn is_news(&mut self, id: &Text) -> bool {
        if !self.told.insert(id.clone()) {
            return false;
        }
        self.oldest.push_back(id.clone());
        if self.oldest.len() > MOST_FILLS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.told.remove(&oldest);
        }
        true
    }

    /// Orders whose place others took while the socket was open: the venue itself does not tell of them.
    pub(super) fn tell_replaced(&self, out: Out<'_>) {
        let replaced = self.shared.known.untold().into_iter();
        out.events
            .extend(replaced.map(|order| StreamEvent::Order(Box::new(order))));
    }
}
