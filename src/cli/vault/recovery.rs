//! The recovery code: what it opens, and another one.

use super::super::Run;
use super::super::args::{Opening, RecoverArguments};
use super::super::exit::{Exit, Failure};
use super::init::settle;
use super::opening;
use super::slots::needs_trader;
use super::tell::{self, Slot};
use super::writes;
use serde::Serialize;
use zeroize::Zeroizing;

/// Opens the vault with its recovery code, and sets a new passphrase.
///
/// # Errors
/// The code does not open it, or the vault says no.
pub(super) fn recover(
    mut run: Run<'_>,
    opening: &Opening,
    wanted: &RecoverArguments,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let locked = opening::locked(&run)?;
    let code = opening::code(&mut run)?;
    let new = opening::new_key(&mut run, &wanted.new)?;
    let cost = opening::cost(run.clock, opening)?;
    let opened = opening::recover(locked, &code, &new, cost, opening);
    let vault = opened.map_err(|refused| Failure::from(refused.error))?;
    settle(&vault, &run);
    let own = Slot::own(&vault);
    let text = format!(
        "{} has the new passphrase; the recovery code stays as it is\n",
        own.named()
    );
    tell::one(run, own, &text)
}

#[derive(Serialize)]
struct Renewed {
    #[serde(serialize_with = "tell::as_text")]
    recovery_code: Option<Zeroizing<String>>,
}

/// Makes a new recovery code.
///
/// # Errors
/// The vault does not open, or says no.
pub(super) fn renew(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, _) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let code = tell::code_text(&vault.renew_recovery_code()?);
    settle(&vault, &run);
    let text = tell::code_words(Some(&code));
    let renewed = Renewed {
        recovery_code: Some(code),
    };
    tell::one(run, renewed, &text)
}
