//! Making a vault, and trying what opens it.

use super::super::args::{InitArguments, Opening};
use super::super::exit::{Exit, Failure};
use super::super::{Run, tell as warn};
use super::opening::{self, first_key};
use super::tell::{self, Cost};
use super::writes;
use crate::start;
use crate::vault::{self, NewVault, Role, Suite, Vault, VaultError};
use serde::Serialize;
use zeroize::Zeroizing;

#[derive(Serialize)]
struct Made {
    folder: String,
    cipher: &'static str,
    kdf: Cost,
    #[serde(serialize_with = "tell::as_text")]
    recovery_code: Option<Zeroizing<String>>,
}

/// Makes a new vault.
///
/// # Errors
/// There is one already, another process has the folder, or the passphrase will not do.
pub(super) fn init(
    mut run: Run<'_>,
    opening: &Opening,
    wanted: &InitArguments,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let lock = start::take_lock(&run.setup)?;
    if vault::exists(lock.folder()) {
        return Err(VaultError::AlreadyExists(lock.folder().to_path_buf()).into());
    }
    let (passphrase, key_file) = first_key(&mut run, opening)?.into_parts();
    let cost = opening::cost(run.clock, opening)?;
    let new = NewVault {
        cost,
        suite: wanted.cipher.into(),
        key_file,
        recovery: !wanted.no_recovery_code,
        anchor: Some(run.setup.paths.state.clone()),
    };
    let mut vault = Vault::create(lock, &passphrase, new)?;
    let code = vault.take_recovery_code().as_ref().map(tell::code_text);
    let folder = vault.folder().display().to_string();
    settle(&vault, &run);
    let kdf = Cost::of(cost);
    let words = tell::code_words(code.as_ref());
    let text = Zeroizing::new(format!(
        "made a vault in {folder}; {}\n{}`tradedeck connect` fills it\n",
        kdf.words(),
        words.as_str()
    ));
    let made = Made {
        folder,
        cipher: tell::cipher(vault.suite()),
        kdf,
        recovery_code: code,
    };
    tell::one(run, made, &text)
}

/// After a change: the backup that is due, and what could not be noted. Neither undoes what was done.
pub(super) fn settle(vault: &Vault, run: &Run<'_>) {
    if let Some(problem) = vault.unanchored() {
        warn(&format!("tradedeck: {problem}"));
    }
    if let Err(problem) = vault.back_up_if_due(tell::seconds(run.clock)) {
        warn(&format!(
            "tradedeck: it is done, but no backup was made: {problem}; try `tradedeck vault backup`"
        ));
    }
}

#[derive(Serialize)]
struct Unlocked {
    slot: u8,
    #[serde(serialize_with = "tell::role_word")]
    role: Role,
    label: String,
    wrong_guesses: u32,
    generation: u64,
    epoch: u32,
    #[serde(serialize_with = "cipher_word")]
    cipher: Suite,
}

fn cipher_word<S: serde::Serializer>(suite: &Suite, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(tell::cipher(*suite))
}

/// Tries what is typed and says what it opens.
///
/// # Errors
/// It opens nothing, or the vault cannot be used.
pub(super) fn unlock(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    let (vault, _) = opening::open(&mut run, opening)?;
    let own = tell::Slot::own(&vault);
    let guesses = match vault.wrong_guesses() {
        0 => "no wrong guess".to_owned(),
        1 => "1 wrong guess".to_owned(),
        more => format!("{more} wrong guesses"),
    };
    let text = format!(
        "that opens the vault for a {}, {}; {guesses} before\n",
        tell::word_of(own.role),
        own.named()
    );
    let unlocked = Unlocked {
        slot: own.slot,
        role: own.role,
        label: own.label,
        wrong_guesses: vault.wrong_guesses(),
        generation: vault.generation(),
        epoch: vault.epoch(),
        cipher: vault.suite(),
    };
    tell::one(run, unlocked, &text)
}
