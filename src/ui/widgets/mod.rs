//! Drawing without decisions: tables, frames, forms, meters, charts, written straight into the buffer.
//!
//! A widget knows the theme and what it is handed; it must not know the replica, a pane or a command.
//! A new widget is one file here.

pub mod dialog;
pub mod form;
pub mod frame;
pub mod line_chart;
pub mod line_input;
pub mod meter;
pub mod picker;
pub mod pieces;
pub mod qr;
pub mod secret_input;
pub mod spinner;
pub mod table;
