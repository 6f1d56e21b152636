//! Flows across all layers: real HTTP and WebSocket code on loopback, the vault on disk, the simulator beyond.

pub(crate) mod deck;
mod keys;
mod orders;
mod vault;
