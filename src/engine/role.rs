//! What the role that the vault was opened with allows. The keys decide; this says it before anything is tried.

use crate::domain::{ConnectionId, Text};
use crate::engine::Engine;
use crate::engine::output::Output;
use crate::engine::risk::READ_ONLY;
use crate::link::{ConnectionState, FOR_VIEWING, Level, VaultRole};

impl Engine {
    /// Why no order, and no credential that could trade, may be touched in this session.
    pub fn refusal(&self) -> Option<Text> {
        self.vault.is_for_viewing().then(|| FOR_VIEWING.into())
    }

    /// Why no order may be sent, changed or cancelled.
    pub(super) fn no_trading(&self) -> Option<Text> {
        let read_only = || self.settings.read_only.then(|| READ_ONLY.into());
        self.refusal().or_else(read_only)
    }

    /// Whether orders are out of reach; then the person is told why.
    pub(super) fn refuses_to_trade(&mut self) -> bool {
        self.tells(self.no_trading())
    }

    fn tells(&mut self, refusal: Option<Text>) -> bool {
        let is_refused = refusal.is_some();
        if let Some(why) = refusal {
            self.tell(Level::Warn, why);
        }
        is_refused
    }

    /// Whether a connection's credential is sealed for traders; then the person is told.
    pub(super) fn refuses_sealed(&mut self, id: &ConnectionId) -> bool {
        let session = self.sessions.get(id);
        let is_sealed = session.is_some_and(|it| it.status.state == ConnectionState::Sealed);
        is_sealed && self.tells(self.refusal())
    }

    /// Connections of an earlier session stand as the new one may use them; what it can open is opened next.
    pub(super) fn take_role(&mut self, role: VaultRole) {
        let mut changed = Vec::new();
        for (id, session) in &mut self.sessions {
            let was_sealed = session.status.state == ConnectionState::Sealed;
            match role {
                VaultRole::Viewer if !was_sealed => session.stop(ConnectionState::Sealed),
                VaultRole::Trader if was_sealed => session.stop(ConnectionState::Disconnected),
                VaultRole::Viewer | VaultRole::Trader => continue,
            }
            changed.push(id.clone());
        }
        for id in changed {
            self.out.push(Output::CloseStreams(id.clone()));
            self.publish_status(&id);
        }
    }
}
