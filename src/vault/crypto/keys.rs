//! The two keys that everything in the vault is sealed under.

use super::super::error::VaultError;
use super::super::format::header::Header;
use super::super::format::record::Domain;
use super::key::{Key, Use};
use super::seal::{Binding, Lock, Purpose};

/// Random and independent: whoever has only the view key cannot open what is kept for trading.
pub(in crate::vault) struct Keys {
    pub(super) view: Key,
    /// A viewer has none.
    pub(super) trade: Option<Key>,
}

impl Keys {
    pub(in crate::vault) fn random() -> Result<Self, VaultError> {
        let view = Key::random()?;
        let trade = Some(Key::random()?);
        Ok(Self { view, trade })
    }

    /// # Errors
    /// [`VaultError::NeedsTrader`] to a viewer.
    pub(in crate::vault) fn trade(&self) -> Result<&Key, VaultError> {
        self.trade.as_ref().ok_or(VaultError::NeedsTrader)
    }

    /// Whether they open what is sealed for this domain.
    pub(in crate::vault) fn opens(&self, domain: Domain) -> bool {
        match domain {
            Domain::View => true,
            Domain::Trade => self.may_trade(),
        }
    }

    pub(in crate::vault) fn may_trade(&self) -> bool {
        self.trade.is_some()
    }

    /// # Errors
    /// [`VaultError::NeedsTrader`] where a viewer asks for what is kept for trading.
    pub(in crate::vault) fn for_records(
        &self,
        domain: Domain,
        epoch: u32,
    ) -> Result<Key, VaultError> {
        Ok(match domain {
            Domain::View => self.view.subkey(Use::ViewRecords, epoch),
            Domain::Trade => self.trade()?.subkey(Use::TradeRecords, epoch),
        })
    }

    pub(in crate::vault) fn for_manifest(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Manifest, epoch)
    }

    pub(in crate::vault) fn for_places(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Places, epoch)
    }

    pub(in crate::vault) fn for_anchor(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Anchor, epoch)
    }

    pub(in crate::vault) fn for_backup(&self, epoch: u32) -> Key {
        self.view.subkey(Use::Backup, epoch)
    }

    /// # Errors
    /// [`VaultError::NeedsTrader`] where a viewer asks for the journal's.
    pub(in crate::vault) fn outside(
        &self,
        purpose: Purpose,
        binding: Binding,
    ) -> Result<Lock, VaultError> {
        let key = match purpose {
            Purpose::Journal => self.trade()?.subkey(Use::Journal, binding.epoch),
            Purpose::Ledger => self.view.subkey(Use::Ledger, binding.epoch),
        };
        Ok(Lock { key, binding })
    }

    /// # Errors
    /// [`VaultError::NeedsTrader`]: a viewer changes no header.
    pub(in crate::vault) fn authenticate(&self, header: &mut Header) -> Result<(), VaultError> {
        let trade = self.trade()?.subkey(Use::HeaderTrade, header.epoch);
        let view = self.view.subkey(Use::HeaderView, header.epoch);
        header.authenticate(&view, &trade);
        Ok(())
    }

    /// Whether the header is as one of both keys wrote it, as far as the keys at hand can tell.
    pub(in crate::vault) fn vouch_for(&self, header: &Header) -> bool {
        let view = self.view.subkey(Use::HeaderView, header.epoch);
        let trade = self.trade.as_ref();
        let trade = trade.map(|key| key.subkey(Use::HeaderTrade, header.epoch));
        header.is_authentic(&view, trade.as_ref())
    }

    pub(in crate::vault) fn same_as(&self, other: &Self) -> bool {
        let trade = match (&self.trade, &other.trade) {
            (Some(one), Some(other)) => one.same_as(other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        trade && self.view.same_as(&other.view)
    }

    /// What somebody with a viewer's passphrase has of them.
    #[cfg(test)]
    pub(in crate::vault) fn for_viewing(&self) -> Self {
        Self {
            view: self.view.copy(),
            trade: None,
        }
    }
}
