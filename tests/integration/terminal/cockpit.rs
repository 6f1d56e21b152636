//! The cockpit on a vault and a simulated provider of a test's own.

use super::seat::{PROGRAM, Seat, Setting};
use crate::cli::machine::{Machine, PASSPHRASE};

/// A machine with the first paper customer connected.
pub(super) struct Cockpit(pub(super) Machine);

impl Cockpit {
    pub(super) async fn connected() -> Self {
        Self(Machine::connected().await)
    }

    /// The program's words that open the cockpit on it.
    pub(super) fn words(&self) -> Vec<String> {
        let addresses = self.0.addresses().into_iter().flat_map(|(key, address)| {
            [
                "--set".to_owned(),
                format!("providers.alpaca.{key}={address}"),
            ]
        });
        [PROGRAM.to_owned()].into_iter().chain(addresses).collect()
    }

    pub(super) fn at_home(&self, mut setting: Setting) -> Setting {
        let command = self.0.command();
        for (name, value) in command.get_envs().filter(|(name, _)| *name != "HOME") {
            setting = setting.variable(name.to_str().unwrap(), value.unwrap());
        }
        setting.size(40, 140)
    }

    /// The cockpit in a terminal, with more of the program's words.
    pub(super) fn setting(&self, more: &[&str]) -> Setting {
        let words = self.words();
        let words: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
            .collect();
        self.at_home(Setting::of(&words))
    }

    /// The same below a shell that keeps a hang-up's signal from it.
    pub(super) fn deaf_setting(&self) -> Setting {
        let words = super::hangup::deaf(&self.words().join(" "));
        self.at_home(Setting::of(&words.each_ref().map(String::as_str)))
    }

    /// Types the passphrase and waits for the first figures.
    pub(super) fn unlock(&self, seat: &mut Seat) {
        self.unlock_with(seat, PASSPHRASE);
    }

    /// The same with any passphrase that opens the vault.
    pub(super) fn unlock_with(&self, seat: &mut Seat, passphrase: &str) {
        seat.until("it asks", |screen, _| {
            screen.contents().contains("Passphrase")
        });
        seat.press(passphrase);
        seat.until("it stands there", |screen, _| {
            screen.contents().contains("••••")
        });
        seat.press("\r");
        seat.until("it is open", |screen, _| {
            let contents = screen.contents();
            !contents.contains("Passphrase") && contents.contains("Positions")
        });
    }

    /// That the vault opens, and the connection that is sealed in it works.
    pub(super) fn check_vault(&self) {
        let accounts = self.0.open(&["accounts", "--json"]).expect(0).items();
        assert_eq!(accounts[0]["account"], self.0.customer().account_number);
    }
}
