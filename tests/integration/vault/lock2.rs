//! lock2
