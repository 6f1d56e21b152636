//! Why the journal said no, in words that tell what to do next; and of the ledger, which costs no order, the bare cause.

use crate::domain::ClientOrderId;
use crate::vault::VaultError;

/// What went wrong with the journal or the ledger. Whatever it is: what was asked for did not happen. Of the journal
/// that means that the order is not to be sent; of the ledger it is told by its [`cause`](Self::cause).
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(
        "the order journal is damaged ({0}); accounts can be looked at, but no order can be sent until journal.redb is restored from a backup or moved away"
    )]
    Damaged(&'static str),
    #[error(
        "the order journal was sealed by another vault; no order can be sent until journal.redb is restored or moved away"
    )]
    Foreign,
    #[error(
        "the order journal was written by a newer tradedeck (format {0}); update tradedeck, nothing was changed"
    )]
    NewerFormat(u8),
    #[error("another process has the order journal open")]
    InUse,
    #[error("an order with the id {0} is in the journal already; it was not sent again")]
    Repeated(ClientOrderId),
    #[error("the journal knows no order with the id {0}")]
    NoSuchOrder(ClientOrderId),
    #[error("the order {id} is {from} and cannot become {to}")]
    IllegalStep {
        id: ClientOrderId,
        from: &'static str,
        to: &'static str,
    },
    #[error("an entry of the order journal may have at most {limit} bytes, this one has {found}")]
    TooLarge { limit: usize, found: usize },
    #[error("the order journal is full ({limit} orders {what}); {next}")]
    Full {
        limit: u64,
        what: &'static str,
        next: &'static str,
    },
    #[error("an entry is of another account than its page; nothing of the page was kept")]
    OfAnother,
    #[error("there is no run {0}; nothing was kept")]
    NoSuchRun(u64),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(
        "the order journal failed ({0}); no order can be sent until tradedeck is started again"
    )]
    Failed(String),
}

impl LedgerError {
    /// The bare cause, for a file that costs no order.
    pub fn cause(&self) -> String {
        match self {
            Self::Damaged(what) => (*what).to_owned(),
            Self::Foreign => "it was sealed by another vault".to_owned(),
            Self::NewerFormat(format) => format!("it is of a newer tradedeck, format {format}"),
            Self::InUse => "another process has it open".to_owned(),
            Self::TooLarge { limit, found } => format!("{found} bytes are more than {limit}"),
            Self::Full { limit, what, .. } => format!("{limit} {what}"),
            Self::Vault(error) => error.to_string(),
            Self::Failed(why) => why.clone(),
            Self::Repeated(_)
            | Self::NoSuchOrder(_)
            | Self::IllegalStep { .. }
            | Self::OfAnother
            | Self::NoSuchRun(_) => self.to_string(),
        }
    }
}
