//! Flows across all layers: real HTTP and WebSocket code on loopback, the vault on disk, the simulator beyond.

pub(crate) mod deck;
mod demo;
mod faults;
mod keys;
mod load;
mod orders;
mod roles;
mod vault;
mod vault_care;
