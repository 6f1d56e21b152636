//! Passphrase to key: Argon2id, with its cost bounded both ways before any memory is taken.

use std::fs;

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};

use super::error::VaultError;
use super::seal::Key;
use super::secret::Passphrase;

/// What one guess costs. Stored in the vault, so that a copy opens on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

/// RFC 9106 section 4, second choice.
const FLOOR: KdfCost = KdfCost {
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

const LEAST_FOR_NEW: KdfCost = if cfg!(debug_assertions) {
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

    /// Whether a cost read from a vault may be spent at all.
    pub(super) fn check_stored(self) -> Result<(), VaultError> {
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

    fn at_least(self, least: Self) -> bool {
        self.memory_kib >= least.memory_kib
            && self.passes >= least.passes
            && self.lanes >= least.lanes
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

/// Stretches a passphrase. Blocks for as long as the cost says: up to a second or two.
pub(super) fn stretch(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    context: &[u8; 32],
    cost: KdfCost,
) -> Result<Key, VaultError> {
    cost.check_stored()?;
    cost.check_memory(free_memory_kib())?;
    let params = ParamsBuilder::new()
        .m_cost(cost.memory_kib)
        .t_cost(cost.passes)
        .p_cost(cost.lanes)
        .data(AssociatedData::new(context).expect("32 bytes is what Argon2 takes at most"))
        .output_len(Key::LENGTH)
        .build()
        .expect("check_stored keeps to Argon2's bounds");
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Key::filled(|key| {
        argon
            .hash_password_into(passphrase.bytes(), salt, key)
            .map_err(|_| VaultError::NotEnoughMemory {
                needed_mib: u64::from(cost.memory_kib).div_ceil(1024),
                free_mib: free_memory_kib().unwrap_or(0) / 1024,
            })
    })
}

/// What the kernel would still hand out without swapping: an allocation that succeeds is no promise on
/// Linux, the process is killed when it touches the memory.
fn free_memory_kib() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let available = available_in(&meminfo)?;
    let group_limit = fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|limit| limit.trim().parse::<u64>().ok());
    Some(group_limit.map_or(available, |limit| available.min(limit / 1024)))
}

fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
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
    fn free_memory_is_read_from_the_kernels_table() {
        let table = "MemTotal:  9000 kB\nMemFree: 100 kB\nMemAvailable:    5000 kB\n";
        assert_eq!(available_in(table), Some(5000));
        assert_eq!(available_in("MemTotal: 9000 kB\n"), None);
        assert_eq!(available_in("MemAvailable: lots kB\n"), None);
    }

    #[test]
    fn salt_context_and_passphrase_all_matter() {
        let small = cost(32, 1, 1);
        let stretched = |typed: &str, salt: u8, context: u8| {
            let passphrase = Passphrase::new(typed).ok().unwrap();
            let key = stretch(&passphrase, &[salt; 16], &[context; 32], small)
                .ok()
                .unwrap();
            *key.bytes()
        };
        let first = stretched("a", 1, 1);
        assert_eq!(first, stretched("a", 1, 1));
        assert_ne!(first, stretched("b", 1, 1));
        assert_ne!(first, stretched("a", 2, 1));
        assert_ne!(first, stretched("a", 1, 2));
    }
}
