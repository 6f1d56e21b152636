//! bitflip
