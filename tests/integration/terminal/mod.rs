//! The real program in a real terminal: what it writes, what it reads, and that whatever ends it the terminal is as it
//! was. Counts and wall-clock bounds of the long forms hold in `cargo test --release -- --ignored`.

#![expect(clippy::print_stdout, reason = "the long forms say what they measured")]

mod asked;
mod asleep;
mod canary;
mod cockpit;
mod endings;
mod escape;
mod hangup;
mod hardening;
mod leaks;
mod matrix;
mod needles;
mod output;
mod paste;
mod payloads;
mod restore;
mod seat;
mod shapes;
mod slowlink;
mod tmux;
