//! How a socket ended, and what follows from it.
use super::super::error::NetError;
use super::super::session::Ending;
use std::time::Duration;

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEnd {
    /// We were asked to stop, or nobody is left to command the session.
    Cancelled,
    /// The session wanted to end.
    Ended(Ending),
    /// The far side closed it.
    Closed {
        /// The WebSocket close code, where one was given.
        code: Option<u16>,
        /// The far side's words, cleaned.
        reason: String,
    },
    /// Nothing arrived for this long although the socket stands: it is half-open.
    Silent(Duration),
    /// It broke, or the far side broke a rule.
    Failed(NetError),
}

impl SocketEnd {
    pub(super) fn closed_without_a_word() -> Self {
        Self::Closed {
            code: None,
            reason: String::new(),
        }
    }

    /// Whether, and how soon, to connect again; `None` when we were asked to stop.
    pub fn ending(&self) -> Option<Ending> {
        match self {
            Self::Cancelled => None,
            Self::Ended(ending) => Some(ending.clone()),
            Self::Closed { .. } | Self::Silent(_) => Some(Ending::Retry),
            Self::Failed(error) => Some(Ending::from(error)),
        }
    }
}
