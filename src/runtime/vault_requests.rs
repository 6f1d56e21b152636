//! What a screen asks about the vault itself: done on the keeper's thread, answered to that screen alone.

use crate::auth::Bearer;
use crate::domain::{ConnectionId, Text};
use crate::engine::Input;
use crate::engine::input::Note;
use crate::link::{
    Answer, DoorRequest, EntryKind, Level, ScreenId, VaultAnswer, VaultRequest, VaultStatus,
};
use crate::runtime::effects::Effects;
use crate::runtime::secrets::{GONE, report_vault};
use crate::runtime::{Happened, Runtime, revoking};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

impl Runtime {
    /// Makes, opens or mends the vault.
    pub(super) async fn at_the_door(&mut self, screen: ScreenId, request: DoorRequest) {
        self.handle(Input::Vault(VaultStatus::Unlocking)).await;
        let Effects { answers, keeper } = self.effects.clone();
        let now = self.clock.now();
        tokio::spawn(async move {
            let attempt = keeper.ask(move |room| room.attempt(request, now)).await;
            let Some(attempt) = attempt else {
                return report_vault(&answers, None).await;
            };
            // Screens learn first that it is open: a recovery code is shown above what is then there.
            report_vault(&answers, Some(attempt.opened)).await;
            tell(&answers, screen, attempt.answers, attempt.note).await;
        });
    }

    /// Looks at an open vault, or changes who may open it.
    pub(super) fn ask_vault(&self, screen: ScreenId, request: VaultRequest) {
        let Effects { answers, keeper } = self.effects.clone();
        let now = self.clock.now();
        let refusal = self.engine.refusal().filter(|_| request.changes_vault());
        if let Some(why) = refusal {
            return self
                .hub
                .answer(screen, Answer::Vault(VaultAnswer::Refused { why }));
        }
        let is_compromised = matches!(request, VaultRequest::Compromised { .. });
        let bearers = if is_compromised {
            self.bearers()
        } else {
            BTreeMap::new()
        };
        tokio::spawn(async move {
            let served = keeper.ask(move |room| room.serve(request, now)).await;
            let (told, note) = match served {
                Some(served) => (served.answers, served.note),
                None => (vec![VaultAnswer::Refused { why: GONE.into() }], None),
            };
            let (codes, told): (Vec<_>, Vec<_>) = told
                .into_iter()
                .partition(|answer| matches!(answer, VaultAnswer::RecoveryCode(_)));
            // A new code is shown at once: providers may take long, and without it the vault may be lost.
            tell(&answers, screen, codes, note).await;
            let told = revoking::give_all_back(told, bearers).await;
            tell(&answers, screen, told, None).await;
        });
    }

    fn bearers(&self) -> BTreeMap<ConnectionId, Option<Bearer>> {
        let connections = self.connections.iter();
        connections
            .map(|(id, connection)| (id.clone(), connection.bearer()))
            .collect()
    }
}

/// The loop is gone only when the program ends.
async fn tell(
    happened: &mpsc::Sender<Happened>,
    screen: ScreenId,
    answers: Vec<VaultAnswer>,
    note: Option<Text>,
) {
    if let Some(text) = note {
        let note = Input::Note(Note {
            kind: EntryKind::System,
            level: Level::Info,
            connection: None,
            text,
            announce: false,
        });
        let _ = happened.send(Happened::Input(note)).await;
    }
    for answer in answers {
        let _ = happened
            .send(Happened::Answered(screen, Answer::Vault(answer)))
            .await;
    }
}
