//! Every key of a vault, worked out from the vault's own header and a passphrase by the format's description alone.

use super::memory::Wanted;
use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fs;
use std::path::Path;

/// What the view key and the trade key derive.
const OF_VIEW: [&str; 7] = [
    "cred.view",
    "hdr.mac",
    "manifest",
    "places",
    "anchor.mac",
    "backup",
    "ledger",
];
const OF_TRADE: [&str; 3] = ["cred.trade", "hdr.mac.trade", "journal"];

const RECOVERY: u8 = 3;

/// The keys that a passphrase opens, and those that it is turned into on the way.
pub(super) struct Keys {
    /// `None` for a viewer.
    pub(super) trade: Option<[u8; 32]>,
    view: [u8; 32],
    stretched: [u8; 32],
    wrapping: [u8; 32],
    epoch: u32,
}

impl Keys {
    /// Those of the slot that the passphrase opens in the newest backup of a folder.
    pub(super) fn of(folder: &Path, passphrase: &str) -> Self {
        let header = newest_header(folder);
        let mut rest = Rest(&header);
        rest.take(8 + 2 + 2);
        let vault_id = rest.take(16);
        assert_eq!(rest.byte(), 1, "only the usual cipher is known here");
        let epoch = rest.number();
        rest.take(8);
        let slots = rest.byte();
        let mut slots = (0..slots).map(|_| Slot::read(&mut rest));
        let opened = slots.find_map(|slot| slot.open(vault_id, epoch, passphrase));
        opened.expect("the passphrase opens a slot")
    }

    /// Everything that only who may see has, and nothing that takes the trade key.
    pub(super) fn for_viewing(&self) -> Vec<Wanted> {
        wanted("K_view", &self.view, &OF_VIEW, self.epoch)
    }

    /// Everything that only who may trade has.
    pub(super) fn for_trading(&self) -> Vec<Wanted> {
        let trade = self.trade.expect("a trader's keys");
        wanted("K_trade", &trade, &OF_TRADE, self.epoch)
    }

    /// What the passphrase is turned into on the way to them.
    pub(super) fn on_the_way(&self) -> Vec<Wanted> {
        vec![
            Wanted::new("the stretched passphrase", self.stretched),
            Wanted::new("KEK", self.wrapping),
        ]
    }
}

fn wanted(name: &'static str, key: &[u8; 32], uses: &[&'static str], epoch: u32) -> Vec<Wanted> {
    let subkey = |label: &'static str| {
        let info = [b"tradedeck v1 ", label.as_bytes(), &epoch.to_be_bytes()].concat();
        Wanted::new(
            label,
            expanded(&Hkdf::from_prk(key.as_slice()).unwrap(), &info),
        )
    };
    let key = Wanted::new(name, key);
    std::iter::once(key)
        .chain(uses.iter().map(|label| subkey(label)))
        .collect()
}

fn expanded(from: &Hkdf<Sha256>, info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    from.expand(info, &mut key).unwrap();
    key
}

struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn short(&mut self) -> usize {
        usize::from(u16::from_be_bytes(self.take(2).try_into().unwrap()))
    }

    fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().unwrap())
    }
}

struct Slot<'b> {
    /// Its bytes before the wrapped keys.
    fields: &'b [u8],
    id: u8,
    role: u8,
    /// The derivation's number and its cost.
    cost: &'b [u8],
    salt: &'b [u8],
    commit: &'b [u8],
    wrapped: &'b [u8],
}

impl<'b> Slot<'b> {
    fn read(rest: &mut Rest<'b>) -> Self {
        let start = rest.0;
        let (id, role) = (rest.byte(), rest.byte());
        rest.byte();
        let label = rest.byte();
        rest.take(label.into());
        let (cost, salt, commit) = (rest.take(13), rest.take(16), rest.take(32));
        let fields = &start[..start.len() - rest.0.len()];
        let keys = if role == 1 { 32 } else { 64 };
        Self {
            fields,
            id,
            role,
            cost,
            salt,
            commit,
            wrapped: rest.take(24 + keys + 16),
        }
    }

    fn open(&self, vault_id: &[u8], epoch: u32, passphrase: &str) -> Option<Keys> {
        if self.role == RECOVERY {
            return None;
        }
        let stretched = self.stretched(vault_id, passphrase);
        let hkdf = Hkdf::new(None, &stretched);
        if expanded(&hkdf, b"commit") != self.commit {
            return None;
        }
        let wrapping = expanded(&hkdf, b"kek");
        let format_and_suite = [0, 1, 1];
        let place = [
            &b"TDSLOT"[..],
            vault_id,
            &epoch.to_be_bytes(),
            self.fields,
            &format_and_suite,
        ]
        .concat();
        let (nonce, text) = self.wrapped.split_at(24);
        let payload = Payload {
            msg: text,
            aad: &place,
        };
        let nonce = XNonce::try_from(nonce).unwrap();
        let cipher = XChaCha20Poly1305::new((&wrapping).into());
        let keys = cipher.decrypt(&nonce, payload).unwrap();
        let (view, trade) = keys.split_at(32);
        Some(Keys {
            view: view.try_into().unwrap(),
            trade: trade.try_into().ok(),
            stretched,
            wrapping,
            epoch,
        })
    }

    fn stretched(&self, vault_id: &[u8], passphrase: &str) -> [u8; 32] {
        let mut context = blake3::Hasher::new();
        context.update(b"tradedeck slot v1").update(vault_id);
        context.update(&[self.id, self.role]).update(self.cost);
        let mut cost = Rest(&self.cost[1..]);
        let params = ParamsBuilder::new()
            .m_cost(cost.number())
            .t_cost(cost.number())
            .p_cost(cost.number())
            .data(AssociatedData::new(context.finalize().as_bytes()).unwrap())
            .output_len(32)
            .build()
            .unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut stretched = [0; 32];
        let password = passphrase.as_bytes();
        argon
            .hash_password_into(password, self.salt, &mut stretched)
            .unwrap();
        stretched
    }
}

/// The header that counts in the newest backup.
fn newest_header(folder: &Path) -> Vec<u8> {
    let mut headers = Vec::new();
    for name in ["vault.bak.0", "vault.bak.1"] {
        let Ok(backup) = fs::read(folder.join(name)) else {
            continue;
        };
        let mut rest = Rest(&backup);
        rest.take(8 + 2 + 8 + 16 + 4 + 8 + 8);
        for _ in 0..rest.number() {
            let length = rest.short();
            let key = rest.take(length);
            let length = rest.short();
            let value = rest.take(length);
            if key.starts_with(b"hdr/") {
                headers.push(value.to_vec());
            }
        }
    }
    const GENERATION: usize = 8 + 2 + 2 + 16 + 1 + 4;
    let generation = |header: &Vec<u8>| header[GENERATION..][..8].to_vec();
    headers
        .into_iter()
        .max_by_key(generation)
        .expect("a backup")
}
