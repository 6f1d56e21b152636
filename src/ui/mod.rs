//! Screens: a replica to read, requests to send, nothing else.
//!
//! The program's face takes its terminal, keys, clock and link as arguments, so a test is one line: keys in, picture out.
//! It must not know the engine, a provider, the vault or the runtime; what it needs travels over `link`.
//! A new thing to look at is a pane, a new thing to fill in is an overlay, a new thing to do is a line in `command.rs`.

pub mod app;
pub mod command;
pub mod footer;
pub mod format;
pub mod fuzzy;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod overlays;
pub mod panes;
pub mod status_bar;
pub mod terminal;
pub mod theme;
pub mod widgets;

mod run;

pub use run::{Face, FaceError, Outcome, run};
