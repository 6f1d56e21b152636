//! Who may open the vault: its slots, and the passphrase of one's own.

use super::super::Run;
use super::super::args::{AddArguments, NewKeyArguments, Opening, SlotsCommand};
use super::super::exit::{Exit, Failure};
use super::super::show::table::Table;
use super::confirm::confirm;
use super::init::settle;
use super::opening::{self, TypedKey};
use super::tell::{self, Slot};
use super::writes;
use crate::vault::{NewSlot, Role, SlotInfo, VaultError};

/// Does what is asked with them.
///
/// # Errors
/// The vault does not open, or says no.
pub(super) fn slots(
    run: Run<'_>,
    opening: &Opening,
    command: &SlotsCommand,
) -> Result<Exit, Failure> {
    match command {
        SlotsCommand::List => list(run, opening),
        SlotsCommand::Add(added) => add(run, opening, added),
        SlotsCommand::Remove { slot } => remove(run, opening, *slot),
    }
}

fn list(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    let (vault, _) = opening::open(&mut run, opening)?;
    let own = Some(vault.slot());
    let slots: Vec<Slot> = vault.slots().iter().map(|it| Slot::of(it, own)).collect();
    let text = table(&slots);
    tell::many(run, slots, &text)
}

fn table(slots: &[Slot]) -> String {
    let mut table = Table::new(&[">SLOT", "ROLE", "LABEL", "KEY FILE", ">MIB", "THIS ONE"]);
    for slot in slots {
        table.row([
            slot.slot.to_string(),
            tell::word_of(slot.role).to_owned(),
            slot.label.clone(),
            if slot.key_file { "yes" } else { "" }.to_owned(),
            slot.kdf.memory_mib().to_string(),
            if slot.current { "yes" } else { "" }.to_owned(),
        ]);
    }
    table.finish("no slots")
}

fn add(mut run: Run<'_>, opening: &Opening, wanted: &AddArguments) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, _) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let new = opening::new_key(&mut run, &wanted.new)?;
    let slot = NewSlot {
        role: wanted.role.into(),
        label: &wanted.label,
        opener: new.opener(),
        cost: opening::cost(run.clock, opening)?,
    };
    let id = vault.add_slot(&slot)?;
    settle(&vault, &run);
    let added = vault.slots().into_iter().find(|it| it.id == id);
    let added = Slot::of(&added.expect("it was added above"), None);
    let text = format!("added {}\n", added.named());
    tell::one(run, added, &text)
}

fn remove(mut run: Run<'_>, opening: &Opening, id: u8) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, _) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let slots = vault.slots();
    let found: Option<&SlotInfo> = slots.iter().find(|it| it.id == id);
    let found = Slot::of(found.ok_or(VaultError::NoSuchSlot(id))?, None);
    let what = format!(
        "{} will open the vault no more; copies of the vault made before still open by it",
        found.named()
    );
    confirm(&mut run, opening.yes, &what)?;
    let removed = Slot::of(&vault.remove_slot(id)?, None);
    settle(&vault, &run);
    let text = format!(
        "removed {}; copies made before still open by it, `tradedeck vault rotate` makes them useless for what comes\n",
        removed.named()
    );
    tell::one(run, removed, &text)
}

/// Gives the slot that is opened another passphrase.
///
/// # Errors
/// The vault does not open, or says no.
pub(super) fn passwd(
    mut run: Run<'_>,
    opening: &Opening,
    wanted: &NewKeyArguments,
) -> Result<Exit, Failure> {
    writes(&run)?;
    let (mut vault, current) = opening::open(&mut run, opening)?;
    needs_trader(vault.role())?;
    let new = opening::new_key(&mut run, wanted)?;
    let cost = opening::cost(run.clock, opening)?;
    let asks_for_file = Slot::own(&vault).key_file;
    let new = kept_file(&new, &current, asks_for_file);
    vault.change_passphrase(current.opener(), new, cost)?;
    settle(&vault, &run);
    let own = Slot::own(&vault);
    let text = format!(
        "{} has a new passphrase; copies of the vault made before still open by the old one\n",
        own.named()
    );
    tell::one(run, own, &text)
}

/// The key file stays as it is where no other is given: it is not for a new passphrase to drop it.
fn kept_file<'k>(
    new: &'k TypedKey,
    current: &'k TypedKey,
    asks_for_file: bool,
) -> crate::vault::Opener<'k> {
    let mut opener = new.opener();
    if opener.key_file.is_none() && asks_for_file {
        opener.key_file = current.opener().key_file;
    }
    opener
}

/// Said before anybody types a new passphrase for nothing.
pub(super) fn needs_trader(role: Role) -> Result<(), VaultError> {
    match role {
        Role::Viewer => Err(VaultError::NeedsTrader),
        Role::Trader | Role::Recovery => Ok(()),
    }
}
