//! swaps
