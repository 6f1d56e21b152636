//! tradedeck: every account a person owns, in one terminal.
//!
//! # Bird's eye
//!
//! A person's credentials lie sealed in a vault on their own machine. The [`runtime`] opens them and speaks with
//! brokers through [`providers`]; what it hears goes through the [`engine`], which decides; what was decided reaches
//! the [`ui`] over a [`link`] of plain values. A key press travels the same way back:
//!
//! ```text
//!  ui ──Request──▶ link ──▶ runtime ──Input──▶ engine        decides, does nothing
//!   ▲                          │  ▲               │
//!   └──── Update ◀── link ◀────┘  └── Output ◀────┘
//!                              │
//!                              ├── vault, ledger             secrets and order intents, sealed on disk
//!                              └── providers ── net ──▶ the broker, or sim on this machine
//! ```
//!
//! # The folders
//!
//! | folder | what it is for | may use |
//! |---|---|---|
//! | [`domain`] | the words of the trade: plain data | nothing of ours |
//! | [`link`] | what passes between runtime and screens | `domain` |
//! | [`engine`] | decisions: `(now, input)` → outputs | `domain`, `link` |
//! | [`paper`] | a pretend venue, pure as well | `domain` |
//! | [`vault`] | everything sealed at rest | nothing of ours |
//! | [`ledger`] | what happened, kept: order intents, entries of accounts, sync runs | `domain`, `vault` |
//! | [`auth`] | signing in by OAuth, and staying signed in | `domain`, `net` |
//! | [`net`] | sockets and HTTP for any protocol | nothing of ours |
//! | [`providers`] | one folder a provider: their protocol ⇄ our words | `domain`, `net`, `auth`, `engine::risk::Approved` |
//! | [`sim`] | the far side of every provider, from its manual | `domain`, `paper` |
//! | [`runtime`] | the shell: tasks, channels, clock, disk | all above but `sim` |
//! | [`ui`] | screens: a replica to read, requests to send | `domain`, `link`, `config` |
//! | [`cli`] | commands: text or JSON, decides nothing | everything |
//! | [`start`] | the composition root: who is put together with whom, and the demo | everything |
//!
//! [`config`] reads the configuration; [`start`] knows everybody.
//!
//! # What always holds
//!
//! * The engine does no I/O and reads no clock; time, randomness and ids are arguments.
//! * Money, prices and quantities are exact decimals from text to screen.
//! * Only `engine::risk` makes an `Approved` order, and no provider takes anything else.
//! * An order's intent is on the disk before its first byte leaves; no order is sent twice by itself.
//! * Order and account events are numbered and never dropped; quotes may be overtaken, and that is counted.
//! * Text from outside is [cleaned](domain::text) before it can reach a terminal.
//! * Secrets have no `Debug`, are in no update, log or argument, and leave memory on lock.
//! * There is a limit on everything that grows.
//!
//! # Where do I put …
//!
//! * a provider: a folder in `providers`, its far side in `sim`, two lines in `providers/mod.rs`;
//! * a pane: a file in `ui/panes`, two lines in its `mod.rs`;
//! * a command of the cockpit: a line in `ui/command.rs` and the arm where it acts;
//! * something a screen may ask or learn: [`link::Request`] or [`link::Event`];
//! * something that can happen or be done: `engine::Input` or `engine::Output`;
//! * a subcommand: a file in `cli`.

pub mod auth;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod ledger;
pub mod link;
pub mod net;
pub mod paper;
pub mod providers;
pub mod runtime;
pub mod sim;
pub mod start;
pub mod ui;
pub mod vault;
