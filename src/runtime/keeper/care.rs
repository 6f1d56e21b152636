//! The care of an open vault: what it is, who may open it, its keys, its backups, and whether it is whole.
//!
//! What the person is told is what the vault itself says.

use super::{Door, NOT_OPEN, Strongroom, upkeep};
use crate::domain::{Text, Timestamp};
use crate::ledger::{Journal, LedgerError};
use crate::link::vault::{
    AnchorFacts, BackupContent, BackupFacts, CheckFacts, Cipher, FindingFacts, Opener,
    RotatedFacts, SlotFacts, SlotRole, VaultFacts,
};
use crate::link::{VaultAnswer, VaultRequest};
use crate::runtime::{credentials, revoking};
use crate::vault::{
    self, BackupInfo, CheckReport, Compromised, KdfCost, KeyFile, NewSlot, Part, Passphrase,
    Purpose, RecoveryCode, Role, Rotated, SlotInfo, Suite, Vault, VaultError,
};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

const LOCKED: &str = "the vault is locked";

/// What came of a request: for the screen that asked, and for the log.
pub(crate) struct Served {
    pub(crate) answers: Vec<VaultAnswer>,
    pub(crate) note: Option<Text>,
}

/// What a person typed, ready to be tried.
pub(super) struct Typed {
    passphrase: Passphrase,
    key_file: Option<KeyFile>,
}

impl Typed {
    pub(super) fn read(opener: &Opener) -> Result<Self, VaultError> {
        let key_file = opener.key_file.as_deref().map(KeyFile::read).transpose()?;
        Ok(Self {
            passphrase: Passphrase::new(opener.passphrase.expose_secret())?,
            key_file,
        })
    }

    pub(super) fn opener(&self) -> vault::Opener<'_> {
        vault::Opener {
            passphrase: &self.passphrase,
            key_file: self.key_file.as_ref(),
        }
    }
}

impl Strongroom {
    /// Does what a screen asks of the vault, and says what the vault is then.
    pub(crate) fn serve(&mut self, request: VaultRequest, now: Timestamp) -> Served {
        let changed = self.act(request, now);
        let mut answers = match changed {
            Ok(answers) => answers,
            Err(Refusal(why)) => vec![VaultAnswer::Refused { why }],
        };
        let note = answers.iter().find_map(note_of);
        answers.push(self.described());
        Served { answers, note }
    }

    fn described(&self) -> VaultAnswer {
        match &self.door {
            Door::Open(vault) => VaultAnswer::Open(Box::new(facts(vault, self.anchor.is_some()))),
            Door::Absent(_) | Door::Locked(_) | Door::Broken(..) | Door::Moving => {
                VaultAnswer::Shut(self.shut())
            }
        }
    }

    fn act(&mut self, request: VaultRequest, now: Timestamp) -> Result<Vec<VaultAnswer>, Refusal> {
        match request {
            VaultRequest::Describe => Ok(Vec::new()),
            VaultRequest::ChangePassphrase { current, new } => self.change(now, |vault, cost| {
                let (current, new) = (Typed::read(&current)?, Typed::read(&new)?);
                let changed = vault.change_passphrase(current.opener(), new.opener(), cost);
                Ok(vec![done(changed, "the passphrase was changed")?])
            }),
            VaultRequest::AddSlot {
                role,
                label,
                opener,
            } => self.change(now, |vault, cost| {
                Ok(vec![add_slot(vault, role, label.as_str(), &opener, cost)?])
            }),
            VaultRequest::RemoveSlot { slot } => self.change(now, |vault, _| {
                let removed = vault.remove_slot(slot).map(|_| ());
                Ok(vec![done(removed, &format!("slot {slot} was removed"))?])
            }),
            VaultRequest::RenewRecoveryCode => self.change(now, |vault, _| {
                let code = shown(&vault.renew_recovery_code()?);
                Ok(vec![code, done(Ok(()), "there is a new recovery code")?])
            }),
            VaultRequest::Rotate { cipher, current } => self.rotate(cipher, &current, now),
            VaultRequest::Compromised { current } => self.compromised(&current, now),
            VaultRequest::BackUp => {
                let made = self.open()?.back_up(upkeep::seconds(now));
                Ok(vec![done(made, "a backup was made")?])
            }
            VaultRequest::Check => Ok(vec![checked(self.open()?.check())]),
        }
    }

    /// Changes who may open the vault.
    fn change(
        &mut self,
        now: Timestamp,
        change: impl FnOnce(&mut Vault, KdfCost) -> Result<Vec<VaultAnswer>, VaultError>,
    ) -> Result<Vec<VaultAnswer>, Refusal> {
        let cost = self.cost;
        let answers = change(self.open()?, cost)?;
        Ok(self.with_backup(answers, now))
    }

    /// After a change of who may open it a backup is due.
    fn with_backup(&self, mut answers: Vec<VaultAnswer>, now: Timestamp) -> Vec<VaultAnswer> {
        if let Err(problem) = self.back_up(now) {
            for answer in &mut answers {
                match answer {
                    VaultAnswer::Done { warning, .. } => {
                        warning.get_or_insert(problem.clone());
                    }
                    VaultAnswer::Rotated(rotated) => rotated.warnings.push(problem.clone()),
                    VaultAnswer::Open(_)
                    | VaultAnswer::Shut(_)
                    | VaultAnswer::Refused { .. }
                    | VaultAnswer::Checked(_)
                    | VaultAnswer::RecoveryCode(_) => {}
                }
            }
        }
        answers
    }

    fn rotate(
        &mut self,
        cipher: Cipher,
        current: &Opener,
        now: Timestamp,
    ) -> Result<Vec<VaultAnswer>, Refusal> {
        let typed = Typed::read(current)?;
        let rotated = self.open()?.rotate(suite(cipher), typed.opener())?;
        let facts = rotated_facts(&rotated, self.take_new_keys());
        let answers = vec![shown(&rotated.recovery), facts];
        Ok(self.with_backup(answers, now))
    }

    fn compromised(
        &mut self,
        current: &Opener,
        now: Timestamp,
    ) -> Result<Vec<VaultAnswer>, Refusal> {
        let typed = Typed::read(current)?;
        let vault = self.open()?;
        let connections = credentials::load(vault)?.0;
        let Compromised {
            rotated,
            revoke,
            backups,
        } = vault.compromised(typed.opener(), upkeep::seconds(now))?;
        let warnings = backups.map(|error| Text::new(&error.to_string()));
        let warnings = warnings.into_iter().chain(self.take_new_keys());
        let mut facts = rotated_facts(&rotated, warnings);
        if let VaultAnswer::Rotated(facts) = &mut facts {
            let revoke = revoke
                .iter()
                .map(|name| revoking::facts(name, &connections));
            facts.revoke = Some(revoke.collect());
        }
        Ok(vec![shown(&rotated.recovery), facts])
    }

    /// Journal and ledger go on under the new keys; what keeps the journal from that keeps orders from being sent.
    fn take_new_keys(&mut self) -> Vec<Text> {
        let of_ledger = self.give_ledger_new_keys();
        let of_journal = self.give_journal_new_keys();
        of_journal.into_iter().chain(of_ledger).collect()
    }

    fn give_journal_new_keys(&mut self) -> Option<Text> {
        let Door::Open(vault) = &self.door else {
            return Some(NOT_OPEN.into());
        };
        let sealer = vault.sealer(Purpose::Journal).map_err(LedgerError::from);
        self.journal = Err(NOT_OPEN.into()); // its file is closed before it is opened again
        let opened = sealer.and_then(|sealer| Journal::open(&self.folder, sealer));
        self.journal = opened.map_err(|error| Text::new(&error.to_string()));
        let problem = self.journal.as_ref().err();
        problem.map(|why| format!("orders cannot be sent: {why}").into())
    }

    fn open(&mut self) -> Result<&mut Vault, Refusal> {
        self.open_vault().map_err(|_| Refusal(LOCKED.into()))
    }
}

/// Why nothing was done.
struct Refusal(Text);

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        Self(Text::new(&error.to_string()))
    }
}

/// A recovery code on its way to the one screen that shows it.
pub(super) fn shown(code: &RecoveryCode) -> VaultAnswer {
    VaultAnswer::RecoveryCode(code.reveal(|text| SecretString::from(text)))
}

fn note_of(answer: &VaultAnswer) -> Option<Text> {
    match answer {
        VaultAnswer::Done { what, .. } => Some(format!("vault: {what}").into()),
        VaultAnswer::Rotated(_) => Some("vault: all its keys were changed".into()),
        VaultAnswer::Open(_)
        | VaultAnswer::Shut(_)
        | VaultAnswer::Refused { .. }
        | VaultAnswer::Checked(_)
        | VaultAnswer::RecoveryCode(_) => None,
    }
}

/// What is in the vault, but not noted beside it, is done all the same.
fn done(outcome: Result<(), VaultError>, what: &str) -> Result<VaultAnswer, VaultError> {
    let warning = match outcome {
        Ok(()) => None,
        Err(error @ VaultError::NotAnchored(_)) => Some(Text::new(&error.to_string())),
        Err(error) => return Err(error),
    };
    Ok(VaultAnswer::Done {
        what: what.into(),
        warning,
    })
}

fn add_slot(
    vault: &mut Vault,
    role: SlotRole,
    label: &str,
    opener: &Opener,
    cost: KdfCost,
) -> Result<VaultAnswer, VaultError> {
    let typed = Typed::read(opener)?;
    let new = NewSlot {
        role: match role {
            SlotRole::Viewer => Role::Viewer,
            SlotRole::Trader => Role::Trader,
            SlotRole::Recovery => Role::Recovery,
        },
        label,
        opener: typed.opener(),
        cost,
    };
    let added = vault.add_slot(&new).map(|_| ());
    done(added, &format!("a {} was added", role.name()))
}

fn facts(vault: &Vault, is_anchored: bool) -> VaultFacts {
    let own = vault.slot();
    let anchor = match vault.unanchored() {
        Some(why) => AnchorFacts::Failed(Text::new(why)),
        None if is_anchored => AnchorFacts::Kept,
        None => AnchorFacts::None,
    };
    VaultFacts {
        cipher: cipher(vault.suite()),
        generation: vault.generation(),
        epoch: vault.epoch(),
        records: vault.list().len(),
        role: role(vault.role()),
        slots: vault
            .slots()
            .iter()
            .map(|slot| slot_facts(slot, own))
            .collect(),
        backups: backups(vault.folder()),
        anchor,
    }
}

fn slot_facts(slot: &SlotInfo, own: u8) -> SlotFacts {
    SlotFacts {
        id: slot.id,
        role: role(slot.role),
        label: Text::new(&slot.label),
        key_file: slot.key_file,
        is_own: slot.id == own,
        memory_mib: slot.cost.memory_mib(),
        passes: slot.cost.passes(),
        lanes: slot.cost.lanes(),
    }
}

/// The backups in the folder, the newest first.
pub(super) fn backups(folder: &Path) -> Vec<BackupFacts> {
    let facts = |backup: &BackupInfo| {
        let content = backup.found.as_ref().map(|found| BackupContent {
            made: i64::try_from(found.made)
                .ok()
                .and_then(|seconds| seconds.checked_mul(1_000))
                .and_then(Timestamp::from_millis)
                .unwrap_or(Timestamp::EPOCH),
            generation: found.generation,
            epoch: found.epoch,
            records: found.records,
        });
        BackupFacts {
            which: backup.which,
            found: content.map_err(|error| Text::new(&error.to_string())),
        }
    };
    vault::backups(folder).iter().map(facts).collect()
}

fn rotated_facts(rotated: &Rotated, warnings: impl IntoIterator<Item = Text>) -> VaultAnswer {
    let unanchored = rotated.unanchored.as_ref();
    let unanchored = unanchored.map(|error| Text::new(&error.to_string()));
    VaultAnswer::Rotated(Box::new(RotatedFacts {
        dropped: rotated
            .dropped
            .iter()
            .map(|slot| slot_facts(slot, 0))
            .collect(),
        revoke: None,
        warnings: unanchored.into_iter().chain(warnings).collect(),
    }))
}

fn checked(report: CheckReport) -> VaultAnswer {
    let finding = |finding: vault::Finding| FindingFacts {
        part: part(&finding.part),
        is_damage: finding.is_damage,
        says: Text::new(&finding.says),
    };
    VaultAnswer::Checked(Box::new(CheckFacts {
        records: report.records,
        sealed: report.sealed,
        backups: report.backups,
        findings: report.findings.into_iter().map(finding).collect(),
    }))
}

fn part(part: &Part) -> Text {
    match part {
        Part::Store => "store".into(),
        Part::Header => "header".into(),
        Part::Manifest => "list".into(),
        Part::Record(name) => Text::new(&format!("record {name}")),
        Part::Anchor => "anchor".into(),
        Part::Backup(Some(which)) => format!("backup {which}").into(),
        Part::Backup(None) => "backups".into(),
    }
}

fn role(role: Role) -> SlotRole {
    match role {
        Role::Viewer => SlotRole::Viewer,
        Role::Trader => SlotRole::Trader,
        Role::Recovery => SlotRole::Recovery,
    }
}

fn cipher(suite: Suite) -> Cipher {
    match suite {
        Suite::XChaCha20Poly1305 => Cipher::XChaCha20Poly1305,
        Suite::Xaes256Gcm => Cipher::Aes256,
    }
}

fn suite(cipher: Cipher) -> Suite {
    match cipher {
        Cipher::XChaCha20Poly1305 => Suite::XChaCha20Poly1305,
        Cipher::Aes256 => Suite::Xaes256Gcm,
    }
}
