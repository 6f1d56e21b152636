//! What a connection said when it was last read whole, as it is kept for the next start.

use crate::domain::{Account, Balance, ConnectionId, Environment, Position, ProviderId, Timestamp};
use serde::{Deserialize, Serialize};

/// Accounts, balances and positions of a connection, from one reading of everything. Every balance and position
/// carries the time of its own reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastKnown {
    /// Of which connection.
    pub connection: ConnectionId,
    /// At which provider.
    pub provider: ProviderId,
    /// Paper or live.
    pub environment: Environment,
    /// When all of it was last read.
    pub read: Timestamp,
    /// The accounts that its credentials reach.
    pub accounts: Vec<Account>,
    /// What they hold and may spend, where that was read.
    pub balances: Vec<Balance>,
    /// All that they hold.
    pub positions: Vec<Position>,
}
