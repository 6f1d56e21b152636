//! Parses arguments, starts what they ask for, prints the error.

fn main() {}
