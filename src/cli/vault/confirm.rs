//! A person's word before something that cannot be undone.

use super::super::Run;
use super::super::exit::{Exit, Failure};
use super::super::secret::prompt::Ask;
use super::super::session::unanswered;
use secrecy::ExposeSecret;
use std::io::{IsTerminal, stdin};

/// Asks the person at the terminal whether to go on; `--yes` answers beforehand. A script is asked nothing.
///
/// # Errors
/// Nobody said yes: nothing was done.
pub(in super::super) fn confirm(run: &mut Run<'_>, yes: bool, what: &str) -> Result<(), Failure> {
    match stdin().is_terminal() {
        true => ask(Some(run.ask), yes, what),
        false => ask(None, yes, what),
    }
}

fn ask(person: Option<&mut dyn Ask>, yes: bool, what: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let Some(person) = person else {
        return Err(Failure::new(
            Exit::Usage,
            format!("{what}; nothing was done, say --yes if that is meant"),
        ));
    };
    let answer = person.ask(&format!("{what}. Go on? [y/N]"), false);
    let answer = answer.map_err(|why| unanswered(why, "--yes"))?;
    let said = answer.expose_secret().trim().to_ascii_lowercase();
    match ["y", "yes"].contains(&said.as_str()) {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Failed,
            "not confirmed; nothing was done",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::secret::prompt::Unanswered;
    use super::*;
    use secrecy::SecretString;

    struct Says(&'static str);

    impl Ask for Says {
        fn ask(&mut self, label: &str, hidden: bool) -> Result<SecretString, Unanswered> {
            assert_eq!((label, hidden), ("it goes. Go on? [y/N]", false));
            Ok(self.0.into())
        }
    }

    #[test]
    fn only_a_yes_is_one() {
        for (answer, is_yes) in [
            ("y", true),
            ("yes", true),
            (" YES ", true),
            ("", false),
            ("n", false),
            ("yesterday", false),
        ] {
            let outcome = ask(Some(&mut Says(answer)), false, "it goes");
            assert_eq!(outcome.is_ok(), is_yes, "{answer:?}");
        }
    }

    #[test]
    fn where_nobody_can_be_asked_it_wants_the_option() {
        assert_eq!(ask(None, true, "it goes"), Ok(()));
        let failure = ask(None, false, "it goes").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.sentence.contains("--yes"), "{failure}");
    }
}
