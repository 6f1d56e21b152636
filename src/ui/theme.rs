//! Styles by role.

/// Styles by role.
pub struct Theme;
