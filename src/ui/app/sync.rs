//! Reading again: positions and orders, and the histories of accounts.

use super::App;
use super::action::Effect;
use crate::domain::{AccountId, ConnectionId, SyncAsk};
use crate::link::Request;

impl App {
    pub(super) fn stop_sync(&mut self) {
        let everywhere = Request::CancelSync { account: None };
        self.effects.push(Effect::Send(everywhere));
    }

    /// Reads positions and orders again, and what the histories have beyond the ledger.
    pub(super) fn sync(&mut self, connection: Option<ConnectionId>, account: Option<AccountId>) {
        let accounts = match (&connection, account) {
            (None, None) => vec![None],
            (_, Some(account)) => vec![Some(account)],
            (Some(connection), None) => {
                let known = self.view.replica.accounts.keys();
                let of_it = known.filter(|id| id.connection == *connection);
                of_it.cloned().map(Some).collect()
            }
        };
        let refresh = Request::Refresh { connection };
        self.effects.push(Effect::Send(refresh));
        let ask = SyncAsk::default();
        let syncs = accounts
            .into_iter()
            .map(|account| Effect::Send(Request::Sync { account, ask }));
        self.effects.extend(syncs);
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::SyncAsk;
    use crate::link::Request;
    use crate::ui::app::Effect;
    use crate::ui::app::testing::{app, press};

    fn asked(keys: &str) -> Vec<Request> {
        let mut requests = Vec::new();
        for effect in press(&mut app(), keys) {
            if let Effect::Send(request) = effect
                && request != Request::Present
            {
                requests.push(request);
            }
        }
        requests
    }

    #[test]
    fn sync_reads_positions_and_histories_and_can_be_stopped() {
        let ask = SyncAsk::default();
        let all = [
            Request::Refresh { connection: None },
            Request::Sync { account: None, ask },
        ];
        assert_eq!(asked("S"), all);
        let here = asked("1 s");
        assert!(
            matches!(
                &here[..],
                [
                    Request::Refresh { connection: Some(connection) },
                    Request::Sync { account: Some(account), .. },
                ] if account.connection == *connection
            ),
            "{here:?}"
        );
        assert_eq!(asked("<ctrl-x>"), [Request::CancelSync { account: None }]);
    }
}
