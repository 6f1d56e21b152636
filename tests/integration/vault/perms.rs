//! perms
