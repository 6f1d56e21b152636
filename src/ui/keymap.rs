//! Keys to commands: the defaults of `COMMANDS` under the person's own.

use crate::ui::command::{COMMANDS, Command};
use crate::ui::key::{Key, NotAKey};
use std::collections::{BTreeMap, HashMap};

/// Which key runs which command.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    commands: HashMap<Key, Command>,
    keys: HashMap<Command, Vec<Key>>,
}

/// A key map that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// A name that no command has.
    #[error("keys.{name}: there is no such command")]
    UnknownCommand {
        /// The name.
        name: String,
    },
    /// A text that is no key.
    #[error("keys.{name}: {source}")]
    NotAKey {
        /// Of which command.
        name: String,
        /// What is wrong.
        source: NotAKey,
    },
    /// One key for two commands.
    #[error("{key} is the key of both {first} and {second}")]
    Conflict {
        /// The key.
        key: String,
        /// One command.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

impl Keymap {
    /// The defaults, with the keys of the named commands replaced. Several keys are separated by spaces.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, KeymapError> {
        if let Some(name) = own.keys().find(|name| Command::named(name).is_none()) {
            return Err(KeymapError::UnknownCommand { name: name.clone() });
        }
        let mut keymap = Self::default();
        for spec in COMMANDS {
            let texts: Vec<&str> = own.get(spec.name).map_or_else(
                || spec.keys.to_vec(),
                |own| own.split_whitespace().collect(),
            );
            for text in texts {
                let key = Key::parse(text).map_err(|source| KeymapError::NotAKey {
                    name: spec.name.to_owned(),
                    source,
                })?;
                keymap.bind(key, spec.command)?;
            }
        }
        Ok(keymap)
    }

    fn bind(&mut self, key: Key, command: Command) -> Result<(), KeymapError> {
        if let Some(first) = self.commands.insert(key, command)
            && first != command
        {
            return Err(KeymapError::Conflict {
                key: key.to_string(),
                first: first.spec().name,
                second: command.spec().name,
            });
        }
        self.keys.entry(command).or_default().push(key);
        Ok(())
    }

    /// What a key runs.
    pub fn command(&self, key: Key) -> Option<Command> {
        self.commands.get(&key).copied()
    }

    /// The keys that run a command; the first is the one to show.
    pub fn keys(&self, command: Command) -> &[Key] {
        self.keys.get(&command).map_or(&[], Vec::as_slice)
    }

    /// The key to show for a command, or nothing where it has none.
    pub fn shown(&self, command: Command) -> String {
        self.keys(command)
            .first()
            .map(Key::to_string)
            .unwrap_or_default()
    }
}
