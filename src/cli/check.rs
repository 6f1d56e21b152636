//! What the screens have against a configuration, told at the key where it is written.

use crate::config::{Complaint, Config};
use crate::ui::keymap::{Keymap, KeymapError};

/// Whether every key of the configuration is one, belongs to a command, and to no other.
///
/// # Errors
/// The first that does not.
pub(super) fn check_keys(config: &Config) -> Result<(), Complaint> {
    let Err(error) = Keymap::new(&config.keys) else {
        return Ok(());
    };
    let problem = error.to_string();
    let name = match error {
        KeymapError::UnknownCommand { name } | KeymapError::NotAKey { name, .. } => name,
        // The built-in keys do not meet one another, so one of the two is the person's own.
        KeymapError::Conflict { first, second, .. } => match config.keys.contains_key(second) {
            true => second.to_owned(),
            false => first.to_owned(),
        },
    };
    Err(Complaint {
        key: format!("keys.{name}"),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::parse_checked;

    fn refused(text: &str) -> String {
        parse_checked("c.toml", text, &[], check_keys)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn two_commands_on_one_key_are_named_where_it_is_written() {
        assert_eq!(
            refused("[keys]\nlock = 'ctrl-q'\nquit = 'ctrl-q'"),
            "c.toml, line 3, column 1: keys.quit: ctrl-q is the key of both lock and quit"
        );
        let default = refused("[keys]\nquit = 'tab'");
        assert!(
            default.starts_with("c.toml, line 2, column 1: keys.quit: "),
            "{default}"
        );
        assert!(default.contains("focus-next"), "{default}");
    }

    #[test]
    fn what_is_no_command_and_what_is_no_key_have_their_line() {
        let command = refused("[keys]\nfly = 'f'");
        assert!(
            command.starts_with("c.toml, line 2, column 1: keys.fly: "),
            "{command}"
        );
        let key = refused("[keys]\nquit = 'ctrl-'");
        assert!(
            key.starts_with("c.toml, line 2, column 1: keys.quit: "),
            "{key}"
        );
    }
}
