//! Everything the engine can ask for; the runtime does it.

use crate::domain::order::Said;
use crate::domain::{
    AccountId, ClientOrderId, ConnectionId, LastKnown, Question, Sequence, Symbol, Text, Timestamp,
};
use crate::engine::input::Reading;
use crate::engine::risk::{Approved, ApprovedChange, Paper};
use crate::link::{Event, ScreenId, Snapshot};

/// Something to do.
#[derive(Debug)]
pub enum Output {
    /// Tell every screen.
    Publish(Sequence, Event),
    /// Give one screen everything.
    SendSnapshot(ScreenId, Box<Snapshot>),
    /// Read something; the answer comes back as [`Input::Read`](crate::engine::Input::Read).
    Read(ConnectionId, Reading),
    /// Open the streams of a connection, whose accounts are known now; those that are open or on their way stay.
    OpenStreams(ConnectionId, Vec<AccountId>),
    /// Close the streams of a connection.
    CloseStreams(ConnectionId),
    /// The symbols a connection's feed should carry.
    Watch(ConnectionId, Vec<Symbol>),
    /// Write the intent, durably, then send the order; the answer comes back as an input.
    Place(Approved<Paper>),
    /// Write the intent of the replacement, durably, then send the change.
    Replace {
        /// In which account.
        account: AccountId,
        /// The order that is changed: our name of it.
        original: ClientOrderId,
        /// The venue's id of it.
        provider_id: Text,
        /// What changes, under the replacement's name.
        change: ApprovedChange<Paper>,
        /// What the replacement will look like, for the journal.
        draft: Box<crate::domain::OrderDraft>,
    },
    /// Tell the venue, once, what the person said to its question; the answer comes back as an order's does.
    Answer {
        /// Our name of the order.
        id: ClientOrderId,
        /// In which account.
        account: AccountId,
        /// What was asked.
        question: Box<Question>,
        /// What the person said.
        said: Said,
    },
    /// Ask for a cancel.
    Cancel {
        /// Our name of it.
        id: ClientOrderId,
        /// In which account.
        account: AccountId,
        /// The venue's id of it.
        provider_id: Text,
    },
    /// Ask for a cancel of every working order of an account.
    CancelAll(AccountId),
    /// Ask the venue what it knows of an order.
    LookUp(AccountId, ClientOrderId),
    /// Write down where an order of ours stands.
    Record(ClientOrderId, JournalStep, Timestamp),
    /// Keep what was just read of a connection for the next start.
    Keep(Box<LastKnown>),
    /// Drop every key and token from memory.
    DropSecrets,
}

/// Where an order of ours stands, for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalStep {
    /// The venue has it, under its own id.
    Acknowledged(Text),
    /// The venue refused it, or it never left.
    Rejected(Text),
    /// It may or may not have arrived.
    Unknown(Text),
    /// Nothing more can happen to it.
    Closed(Text),
}
