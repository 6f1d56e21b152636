//! Vault commands at a terminal: what is secret is not shown, and what cannot be undone is asked before.

use super::seat::{Ending, PROGRAM, Seat, Setting};
use crate::cli::machine::{CHEAP, Machine, PASSPHRASE};

fn sit(machine: &Machine, line: &str) -> Seat {
    let words: Vec<&str> = [PROGRAM, "vault"]
        .into_iter()
        .chain(line.split_whitespace())
        .chain(CHEAP.iter().copied())
        .collect();
    let mut setting = Setting::of(&words);
    for (name, value) in machine.command().get_envs() {
        setting = setting.variable(name.to_str().unwrap(), value.unwrap());
    }
    setting.size(24, 100).start()
}

fn answer(seat: &mut Seat, question: &str, typed: &str) {
    seat.until(question, |screen, _| {
        screen.contents().trim_end().ends_with(question)
    });
    seat.press(typed);
    seat.press("\r");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_makes_a_vault_and_is_asked_before_it_is_rotated() {
    let machine = Machine::bare().await;
    let mut seat = sit(&machine, "init");
    answer(&mut seat, "New passphrase:", PASSPHRASE);
    answer(&mut seat, "The same again:", PASSPHRASE);
    seat.until("the code is shown", |screen, _| {
        screen.contents().contains("recovery code: ")
    });
    seat.check_restored(Ending::Code(0));
    assert!(!seat.story().contains(PASSPHRASE), "{}", seat.story());

    for (said, ending) in [("", 1), ("n", 1), ("y", 0)] {
        let mut seat = sit(&machine, "rotate");
        if said.is_empty() {
            // A slip of the finger costs a second, not the command.
            answer(&mut seat, "Passphrase:", "wrong");
            answer(&mut seat, "That does not open it. Passphrase:", PASSPHRASE);
        } else {
            answer(&mut seat, "Passphrase:", PASSPHRASE);
        }
        answer(&mut seat, "Go on? [y/N]:", said);
        seat.check_restored(Ending::Code(ending));
        let was_done = seat.story().contains("recovery code: ");
        assert_eq!(was_done, ending == 0, "{}", seat.story());
    }
}
