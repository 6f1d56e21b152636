//! Accounts and what is in them: balances, positions, profit and loss, executions.

pub(super) mod accounts;
pub(super) mod balances;
pub(super) mod positions;
pub(super) mod trades;
