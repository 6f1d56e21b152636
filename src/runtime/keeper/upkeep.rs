//! How a vault is made and kept: its backups, and what may be wrong with it.

use super::{Door, Strongroom};
use crate::domain::{Text, Timestamp};
use crate::link::VaultTrouble;
use crate::vault::{NewVault, Vault, VaultError};

impl Strongroom {
    pub(super) fn new_vault(&self) -> NewVault {
        NewVault {
            anchor: self.anchor.clone(),
            ..self.cost.into()
        }
    }

    /// Makes a backup of an open vault where one is due.
    pub(crate) fn back_up(&self, now: Timestamp) -> Result<(), Text> {
        match &self.door {
            Door::Open(vault) => back_up(vault, now),
            Door::Absent(_) | Door::Locked(_) | Door::Broken(..) | Door::Moving => Ok(()),
        }
    }
}

pub(super) fn back_up(vault: &Vault, now: Timestamp) -> Result<(), Text> {
    match vault.back_up_if_due(seconds(now)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Text::new(&format!(
            "the vault could not be backed up: {error}"
        ))),
    }
}

/// Since 1970, as the vault counts.
pub(super) fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.millis() / 1_000).unwrap_or(0)
}

pub(super) fn kind_of(error: &VaultError) -> VaultTrouble {
    let is_damage = matches!(
        error,
        VaultError::Damaged(_)
            | VaultError::HostileCost { .. }
            | VaultError::OlderThanAnchor { .. }
            | VaultError::ForkedFromAnchor { .. }
            | VaultError::AnchorOfAnother(_)
            | VaultError::AnchorBroken(_)
            | VaultError::BackupDamaged(_)
    );
    if matches!(error, VaultError::NewerFormat { .. }) {
        VaultTrouble::Newer
    } else if is_damage {
        VaultTrouble::Damaged
    } else {
        VaultTrouble::Machine
    }
}
