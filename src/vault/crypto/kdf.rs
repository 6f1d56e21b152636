//! Passphrase to key: Argon2id, with its cost bounded both ways before any memory is taken.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

use super::super::error::VaultError;
use super::calibrate::FreeMemory;
use super::key::Key;

/// What one guess costs. Stored in the vault, so that a copy opens on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// KiB of memory.
    pub(in crate::vault) memory_kib: u32,
    /// Passes over it.
    pub(in crate::vault) passes: u32,
    /// Lanes that may run side by side.
    pub(in crate::vault) lanes: u32,
}

/// RFC 9106 section 4, second choice.
pub(super) const FLOOR: KdfCost = KdfCost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};

/// The least that Argon2 itself accepts; lets tests run in seconds.
const LEAST_POSSIBLE: KdfCost = KdfCost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

/// More than an honest vault asks for: a header is read before anything proves where it came from.
const CEILING: KdfCost = KdfCost {
    memory_kib: 4 * 1024 * 1024,
    passes: 64,
    lanes: 64,
};

pub(in crate::vault) const LEAST_FOR_NEW: KdfCost = if cfg!(debug_assertions) {
    LEAST_POSSIBLE
} else {
    FLOOR
};

impl Default for KdfCost {
    /// 256 MiB, 3 passes, 4 lanes: about a second on two cores.
    fn default() -> Self {
        Self {
            memory_kib: 256 * 1024,
            passes: 3,
            lanes: 4,
        }
    }
}

impl KdfCost {
    /// A cost for a new vault.
    ///
    /// # Errors
    /// [`VaultError::CostNotAllowed`] below 64 MiB, 3 passes or 4 lanes (a build with debug assertions accepts
    /// less, for tests), or above 4 GiB, 64 or 64.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, VaultError> {
        let cost = Self {
            memory_kib,
            passes,
            lanes,
        };
        if cost.at_least(LEAST_FOR_NEW) && cost.check_stored().is_ok() {
            Ok(cost)
        } else {
            Err(VaultError::CostNotAllowed)
        }
    }

    /// A try at this cost, for whoever holds a stopwatch.
    ///
    /// # Errors
    /// [`VaultError::NotEnoughMemory`].
    pub fn try_out(self) -> Result<(), VaultError> {
        let typed = Typed {
            secret: b"how long does it take",
            key_file: None,
        };
        stretch(&typed, &[0; 16], &[0; 32], self).map(|_| ())
    }

    /// MiB of memory.
    #[must_use]
    pub fn memory_mib(self) -> u32 {
        self.memory_kib / 1024
    }

    /// How often it goes over that memory.
    #[must_use]
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// How many lanes may run side by side.
    #[must_use]
    pub fn lanes(self) -> u32 {
        self.lanes
    }

    /// What is cheaper than today's least in any part, raised in that part.
    pub(in crate::vault) fn raised_to(self, least: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(least.memory_kib),
            passes: self.passes.max(least.passes),
            lanes: self.lanes.max(least.lanes),
        }
    }

    /// The floor for a recovery slot, whose code needs no stretching to be out of reach of guessing.
    pub(in crate::vault) fn for_recovery(of: Self) -> Self {
        match of.at_least(FLOOR) {
            true => FLOOR,
            false => of,
        }
    }

    /// Whether a cost read from a vault may be spent at all.
    pub(in crate::vault) fn check_stored(self) -> Result<(), VaultError> {
        let possible = self.at_least(LEAST_POSSIBLE) && self.memory_kib / 8 >= self.lanes;
        if possible && CEILING.at_least(self) {
            return Ok(());
        }
        Err(VaultError::HostileCost {
            memory_mib: self.memory_kib / 1024,
            passes: self.passes,
            lanes: self.lanes,
        })
    }

    pub(in crate::vault) fn at_least(self, least: Self) -> bool {
        self.memory_kib >= least.memory_kib
            && self.passes >= least.passes
            && self.lanes >= least.lanes
    }

    #[cfg(test)]
    pub(in crate::vault) fn least_possible() -> Self {
        LEAST_POSSIBLE
    }

    #[cfg(test)]
    pub(in crate::vault) fn with_passes(self, passes: u32) -> Self {
        Self { passes, ..self }
    }

    fn check_memory(self, free_kib: Option<u64>) -> Result<(), VaultError> {
        match free_kib {
            Some(free) if free < u64::from(self.memory_kib) => Err(VaultError::NotEnoughMemory {
                needed_mib: u64::from(self.memory_kib).div_ceil(1024),
                free_mib: free / 1024,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

/// What is stretched: a passphrase or a recovery code, and the hash of a key file where there is one.
pub(in crate::vault) struct Typed<'a> {
    pub(in crate::vault) secret: &'a [u8],
    pub(in crate::vault) key_file: Option<&'a [u8; 32]>,
}

/// Stretches what was typed. Blocks for as long as the cost says: up to a second or two.
pub(in crate::vault) fn stretch(
    typed: &Typed<'_>,
    salt: &[u8; 16],
    context: &[u8; 32],
    cost: KdfCost,
) -> Result<Key, VaultError> {
    cost.check_stored()?;
    cost.check_memory(FreeMemory::now().kib())?;
    let params = ParamsBuilder::new()
        .m_cost(cost.memory_kib)
        .t_cost(cost.passes)
        .p_cost(cost.lanes)
        .data(AssociatedData::new(context).expect("32 bytes is what Argon2 takes at most"))
        .output_len(Key::LENGTH)
        .build()
        .expect("check_stored keeps to Argon2's bounds");
    let key_file = typed.key_file.map_or(&[][..], |hash| hash.as_slice());
    let argon = Argon2::new_with_secret(key_file, Algorithm::Argon2id, Version::V0x13, params)
        .expect("a secret of 32 bytes is within Argon2's bounds");
    Key::filled(|key| {
        argon
            .hash_password_into(typed.secret, salt, key)
            .map_err(|_| VaultError::NotEnoughMemory {
                needed_mib: u64::from(cost.memory_kib).div_ceil(1024),
                free_mib: FreeMemory::now().kib().unwrap_or(0) / 1024,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(memory_kib: u32, passes: u32, lanes: u32) -> KdfCost {
        KdfCost {
            memory_kib,
            passes,
            lanes,
        }
    }

    #[test]
    fn rfc_9106_section_5_3() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .output_len(32)
            .build()
            .unwrap();
        let argon =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        argon
            .hash_password_into(&[1; 32], &[2; 16], &mut tag)
            .unwrap();
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(blake3::Hash::from_bytes(tag).to_hex().as_str(), expected);
    }

    #[test]
    fn the_floor_for_new_vaults_is_checked_in_every_part() {
        let allowed = |given: KdfCost| given.at_least(FLOOR);
        assert!(allowed(cost(64 * 1024, 3, 4)));
        assert!(!allowed(cost(64 * 1024 - 1, 3, 4)));
        assert!(!allowed(cost(64 * 1024, 2, 4)));
        assert!(!allowed(cost(64 * 1024, 3, 3)));
        assert!(KdfCost::default().at_least(FLOOR));
        assert_eq!(LEAST_FOR_NEW == FLOOR, !cfg!(debug_assertions));
    }

    #[test]
    fn a_stored_cost_is_bounded_in_every_part() {
        let accepted = |given: KdfCost| given.check_stored().is_ok();
        assert!(accepted(cost(4 * 1024 * 1024, 64, 64)));
        assert!(!accepted(cost(4 * 1024 * 1024 + 1, 64, 64)));
        assert!(!accepted(cost(64 * 1024, 65, 4)));
        assert!(!accepted(cost(64 * 1024, 3, 65)));
        assert!(!accepted(cost(u32::MAX, u32::MAX, u32::MAX)));
        assert!(!accepted(cost(0, 0, 0)));
        assert!(!accepted(cost(31, 1, 4)), "8 KiB a lane is Argon2's least");
        assert!(accepted(cost(32, 1, 4)));
    }

    #[test]
    fn short_memory_is_said_and_not_found_out_by_being_killed() {
        let needed = cost(1024 * 1024, 3, 4);
        let told = needed.check_memory(Some(310 * 1024)).unwrap_err();
        let sentence = "this vault needs 1024 MiB of memory to open, 310 MiB are free";
        assert_eq!(told.to_string(), sentence);
        assert!(needed.check_memory(Some(1024 * 1024)).is_ok());
        assert!(needed.check_memory(None).is_ok());
    }

    #[test]
    fn salt_context_passphrase_and_key_file_all_matter() {
        let small = cost(32, 1, 1);
        let stretched = |secret: &[u8], key_file: Option<u8>, salt: u8, context: u8| {
            let hash = key_file.map(|byte| [byte; 32]);
            let typed = Typed {
                secret,
                key_file: hash.as_ref(),
            };
            let key = stretch(&typed, &[salt; 16], &[context; 32], small);
            *key.ok().unwrap().bytes()
        };
        let first = stretched(b"a", None, 1, 1);
        assert_eq!(first, stretched(b"a", None, 1, 1));
        let others = [
            stretched(b"b", None, 1, 1),
            stretched(b"a", Some(1), 1, 1),
            stretched(b"a", Some(2), 1, 1),
            stretched(b"a", None, 2, 1),
            stretched(b"a", None, 1, 2),
        ];
        for (case, other) in others.iter().enumerate() {
            assert_ne!(first, *other, "case {case}");
        }
        assert_ne!(others[1], others[2], "one key file is not like another");
    }
}
