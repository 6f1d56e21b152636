//! What vault commands print: a line for a person, or the object for a script.

use super::super::exit::{Exit, Failure};
use super::super::show::json;
use super::super::{Run, print};
use crate::domain::text::clean;
use crate::domain::{Clock, Timestamp};
use crate::vault::{KdfCost, RecoveryCode, Role, SlotInfo, Suite, Vault};
use serde::{Serialize, Serializer};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest label shown.
const LONGEST_LABEL: usize = 32;

/// Prints one thing, in the form that was asked for.
pub(super) fn one<T: Serialize>(run: Run<'_>, item: T, text: &str) -> Result<Exit, Failure> {
    many(run, vec![item], text)
}

/// Prints several things.
pub(super) fn many<T: Serialize>(run: Run<'_>, items: Vec<T>, text: &str) -> Result<Exit, Failure> {
    // What is printed may hold a recovery code.
    let printed = match run.global.json {
        true => Zeroizing::new(json::envelope(run.clock.now(), items)),
        false => Zeroizing::new(text.to_owned()),
    };
    print(run.out, printed.as_bytes())
}

/// A slot, as everybody may know it.
#[derive(Debug, Serialize)]
pub(super) struct Slot {
    pub(super) slot: u8,
    #[serde(serialize_with = "role_word")]
    pub(super) role: Role,
    pub(super) label: String,
    pub(super) key_file: bool,
    pub(super) kdf: Cost,
    /// Whether it opened the vault for this command.
    pub(super) current: bool,
}

impl Slot {
    pub(super) fn of(info: &SlotInfo, current: Option<u8>) -> Self {
        Self {
            slot: info.id,
            role: info.role,
            label: clean(&info.label, LONGEST_LABEL),
            key_file: info.key_file,
            kdf: Cost::of(info.cost),
            current: current == Some(info.id),
        }
    }

    /// Of those that a vault has, the one that opened it.
    pub(super) fn own(vault: &Vault) -> Self {
        let slots = vault.slots().into_iter();
        let mut own = slots.filter(|it| it.id == vault.slot());
        let own = own.next().expect("the slot that opened it is there");
        Self::of(&own, Some(vault.slot()))
    }

    /// `slot 2 (viewer, alice)`
    pub(super) fn named(&self) -> String {
        let Self {
            slot, role, label, ..
        } = self;
        match label.is_empty() {
            true => format!("slot {slot} ({})", word_of(*role)),
            false => format!("slot {slot} ({}, {label})", word_of(*role)),
        }
    }
}

/// What a guess costs.
#[derive(Debug, Serialize)]
pub(super) struct Cost {
    memory_mib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    pub(super) fn of(cost: KdfCost) -> Self {
        Self {
            memory_mib: cost.memory_mib(),
            passes: cost.passes(),
            lanes: cost.lanes(),
        }
    }

    pub(super) fn memory_mib(&self) -> u32 {
        self.memory_mib
    }

    /// In plain words.
    pub(super) fn words(&self) -> String {
        format!(
            "each guess takes {} MiB and {} passes over them",
            self.memory_mib, self.passes
        )
    }
}

pub(super) fn word_of(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Trader => "trader",
        Role::Recovery => "recovery",
    }
}

pub(super) fn role_word<S: Serializer>(role: &Role, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(word_of(*role))
}

/// As `--cipher` takes it.
pub(super) fn cipher(suite: Suite) -> &'static str {
    match suite {
        Suite::XChaCha20Poly1305 => "xchacha20",
        Suite::Xaes256Gcm => "aes256",
    }
}

/// The code for an object; wiped when it goes.
pub(super) fn code_text(code: &RecoveryCode) -> Zeroizing<String> {
    code.reveal(|text| Zeroizing::new(text.to_owned()))
}

pub(super) fn as_text<S: Serializer>(
    code: &Option<Zeroizing<String>>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match code {
        Some(code) => out.serialize_str(code),
        None => out.serialize_none(),
    }
}

/// The code for a person.
pub(super) fn code_words(code: Option<&Zeroizing<String>>) -> Zeroizing<String> {
    Zeroizing::new(match code {
        Some(code) => format!(
            "recovery code: {}\nIt opens the vault when the passphrase is lost. It is shown this once: write it down and keep it elsewhere.\n",
            code.as_str()
        ),
        None => String::new(),
    })
}

/// A moment that a backup says it was made at.
pub(super) fn moment(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

/// Seconds since 1970.
pub(super) fn seconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().millis() / 1_000).unwrap_or(0)
}
