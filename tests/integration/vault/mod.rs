//! The vault, tried in every way it can go wrong. What happens to it by chance (a kill, a power cut, a failing disk, a
//! flipped bit) comes in two forms: a short one for every run, and one with the full count, whose name ends in `full`,
//! for `cargo test --profile bar --test integration vault:: -- --ignored --nocapture --test-threads 1`. That profile is
//! optimised and yet makes vaults that are cheap to open; what is about the cost itself, `kdf_policy`, asks for
//! `--release`. A new kind of change to a vault is one more line in `changes.rs`, and then they all make it; a new way
//! for a file to be wrong is one more case of the kit, `tests/conformance/tdv1_kit.py`.

mod binary;
mod bitflip;
mod changes;
mod conformance;
mod crash;
mod disk_full;
mod faults;
mod files;
mod headers;
pub(crate) mod home;
mod kat;
mod kdf;
mod kill9;
mod kit;
mod lock2;
mod passphrases;
mod perms;
mod powercut;
pub(crate) mod preload;
mod process;
mod program;
mod raw_sled;
mod records;
mod round_trips;
mod swaps;
mod verdict;
mod xaes;
