//! How much work a passphrase should be on this machine, and how much memory there is to spend on it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::kdf::{FLOOR, KdfCost};

/// What an unlock should take.
const TARGET: Duration = Duration::from_secs(1);
/// More than this is not kept, whatever the estimate was.
const TOO_LONG: Duration = Duration::from_millis(1_500);
const MOST_MEMORY_KIB: u64 = 1024 * 1024;
/// Of what is free: other programs live here too, and the vault must still open on a worse day.
const SHARE: u64 = 4;
const STEP_KIB: u32 = 16 * 1024;
const MOST_TRIALS: usize = 6;
/// A trial may be cut short by luck, so one of them raises memory no further than this.
const FURTHEST: u32 = 4;

impl KdfCost {
    /// The cost for a new passphrase on this machine: memory is raised, and passes never, until an unlock takes
    /// about a second, or memory is a gibibyte or a quarter of what is free. Never below the floor.
    ///
    /// `measure` tries a cost out ([`KdfCost::try_out`]) and says how long it took, or `None` where it failed.
    #[must_use]
    pub fn calibrate(
        mut measure: impl FnMut(Self) -> Option<Duration>,
        memory: FreeMemory,
    ) -> Self {
        let most = memory.most_to_spend_kib();
        let (mut best, mut tried) = (FLOOR, FLOOR);
        for _ in 0..MOST_TRIALS {
            let took = match measure(tried) {
                Some(took) if took <= TOO_LONG => took,
                Some(_) | None => break,
            };
            best = tried;
            tried.memory_kib = scaled(best.memory_kib, took).min(most);
            // What is left to gain is less than one step: close enough.
            if tried.memory_kib < best.memory_kib + STEP_KIB {
                break;
            }
        }
        best
    }
}

/// Time grows with memory: the memory that would take the target, in whole steps.
fn scaled(memory_kib: u32, took: Duration) -> u32 {
    let furthest = memory_kib.saturating_mul(FURTHEST);
    let wanted = u128::from(memory_kib) * TARGET.as_nanos() / took.as_nanos().max(1);
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).min(furthest);
    wanted / STEP_KIB * STEP_KIB
}

/// What memory there is, in KiB; `None` where the system does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeMemory {
    /// What the kernel would still hand out without swapping.
    pub available_kib: Option<u64>,
    /// What the process's control group may use at most.
    pub group_limit_kib: Option<u64>,
}

impl FreeMemory {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        let read = |path: &Path| fs::read_to_string(path).ok();
        Self {
            available_kib: read(Path::new("/proc/meminfo")).and_then(|it| available_in(&it)),
            group_limit_kib: group_limit(read),
        }
    }

    /// What may be touched: an allocation that succeeds is no promise on Linux, the process is killed when it
    /// touches the memory.
    pub(super) fn kib(self) -> Option<u64> {
        let both = [self.available_kib, self.group_limit_kib];
        both.into_iter().flatten().min()
    }

    fn most_to_spend_kib(self) -> u32 {
        let share = self.kib().map_or(0, |free| free / SHARE);
        let most = share.clamp(FLOOR.memory_kib.into(), MOST_MEMORY_KIB);
        u32::try_from(most).expect("at most a gibibyte")
    }
}

fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The least limit of our control group and those around it.
fn group_limit(read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let groups = read(Path::new("/proc/self/cgroup"));
    let unified = groups.as_deref().and_then(|groups| {
        let mut lines = groups.lines();
        lines.find_map(|line| line.strip_prefix("0::/"))
    });
    let own = Path::new("/sys/fs/cgroup").join(unified.unwrap_or_default());
    let limits = own
        .ancestors()
        .take_while(|folder| folder.starts_with("/sys/fs/cgroup"));
    let limits = limits.filter_map(|folder| {
        let limit = read(&folder.join("memory.max"))?;
        limit.trim().parse::<u64>().ok()
    });
    limits.min().map(|bytes| bytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024;

    fn memory(available_mib: Option<u64>, limit_mib: Option<u64>) -> FreeMemory {
        FreeMemory {
            available_kib: available_mib.map(|mib| mib * MIB),
            group_limit_kib: limit_mib.map(|mib| mib * MIB),
        }
    }

    fn plenty() -> FreeMemory {
        memory(Some(64 * 1024), None)
    }

    /// A machine that takes this long for 64 MiB.
    fn machine(for_floor: Duration) -> impl FnMut(KdfCost) -> Option<Duration> {
        move |cost| Some(for_floor * (cost.memory_kib / FLOOR.memory_kib.div_ceil(4)) / 4)
    }

    #[test]
    fn memory_rises_until_an_unlock_takes_about_a_second() {
        for (ms_for_floor, memory_mib) in [
            (1, 1024),
            (62, 1024),
            (125, 512),
            (250, 256),
            (500, 128),
            (1_000, 64),
            (3_000, 64),
        ] {
            let found = KdfCost::calibrate(machine(Duration::from_millis(ms_for_floor)), plenty());
            assert_eq!(found.memory_mib(), memory_mib, "{ms_for_floor} ms");
            assert_eq!((found.passes, found.lanes), (FLOOR.passes, FLOOR.lanes));
        }
    }

    #[test]
    fn a_quarter_of_what_is_free_is_the_most_and_the_floor_the_least() {
        let fast = Duration::from_millis(1);
        for (memory, memory_mib) in [
            (memory(Some(2_048), None), 512),
            (memory(Some(8_192), Some(1_024)), 256),
            (memory(Some(100), None), 64),
            (memory(None, None), 64),
            (memory(None, Some(2_048)), 512),
        ] {
            let found = KdfCost::calibrate(machine(fast), memory);
            assert_eq!(found.memory_mib(), memory_mib, "{memory:?}");
        }
    }

    #[test]
    fn a_trial_that_fails_or_takes_too_long_is_not_kept() {
        let fails = |cost: KdfCost| (cost == FLOOR).then_some(Duration::from_millis(100));
        assert_eq!(KdfCost::calibrate(fails, plenty()), FLOOR);
        assert_eq!(KdfCost::calibrate(|_| None, plenty()), FLOOR);
        let busy = |cost: KdfCost| {
            Some(Duration::from_millis(if cost == FLOOR {
                100
            } else {
                9_000
            }))
        };
        assert_eq!(KdfCost::calibrate(busy, plenty()), FLOOR);
    }

    #[test]
    fn it_ends_whatever_is_measured() {
        let mut trials = 0;
        let nothing = |_| {
            trials += 1;
            Some(Duration::ZERO)
        };
        let found = KdfCost::calibrate(nothing, plenty());
        assert_eq!(found.memory_mib(), 1024);
        assert!(trials <= MOST_TRIALS);
    }

    #[test]
    fn free_memory_is_read_from_the_kernels_table() {
        let table = "MemTotal:  9000 kB\nMemFree: 100 kB\nMemAvailable:    5000 kB\n";
        assert_eq!(available_in(table), Some(5000));
        assert_eq!(available_in("MemTotal: 9000 kB\n"), None);
        assert_eq!(available_in("MemAvailable: lots kB\n"), None);
    }

    #[test]
    fn the_tightest_control_group_counts() {
        let files = |path: &Path| {
            let text = match path.to_str()? {
                "/proc/self/cgroup" => "1:name=systemd:/x\n0::/user.slice/app.scope\n",
                "/sys/fs/cgroup/user.slice/app.scope/memory.max" => "max\n",
                "/sys/fs/cgroup/user.slice/memory.max" => "2097152\n",
                "/sys/fs/cgroup/memory.max" => "4194304\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        assert_eq!(group_limit(files), Some(2048));
        assert_eq!(group_limit(|_| None), None);
        let container = |path: &Path| {
            (path == Path::new("/sys/fs/cgroup/memory.max")).then(|| "1048576".to_owned())
        };
        assert_eq!(group_limit(container), Some(1024));
    }
}
