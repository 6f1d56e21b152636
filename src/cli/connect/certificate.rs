//! The certificate of a program on this machine, which nobody vouches for: shown, and taken only after a yes.

use super::super::exit::{Exit, Failure};
use super::super::secret::prompt::Ask;
use super::super::session::{Session, unanswered};
use super::{ANSWER, Wish};
use crate::domain::Text;
use crate::link::{Addition, FINGERPRINT, SecretRequest};
use secrecy::{ExposeSecret, SecretString};

/// Asks for a connection; where its certificate is to be confirmed first, the person is asked and it is asked for again.
/// What came of it is the newest of the replica's additions.
///
/// # Errors
/// The other end went away, or nobody said yes.
pub(super) async fn add(
    session: &mut Session,
    wish: Wish,
    fingerprint: Option<String>,
    person: &mut dyn Ask,
) -> Result<(), Failure> {
    ask(session, &wish, fingerprint).await?;
    let Some(Addition::Certificate {
        address,
        fingerprint,
    }) = session.replica.additions.back().cloned()
    else {
        return Ok(());
    };
    confirm(person, &address, &fingerprint)?;
    session.replica.additions.clear();
    ask(session, &wish, Some(fingerprint.as_str().to_owned())).await
}

async fn ask(
    session: &mut Session,
    wish: &Wish,
    fingerprint: Option<String>,
) -> Result<(), Failure> {
    let confirmed = fingerprint.map(|it| (FINGERPRINT.to_owned(), SecretString::from(it)));
    let secrets = wish.secrets.iter().cloned().chain(confirmed);
    session.request_secret(SecretRequest::AddConnection {
        name: wish.name.clone(),
        provider: wish.provider.clone(),
        environment: wish.environment,
        way: wish.way.clone(),
        secrets: secrets.collect(),
    })?;
    let answered = session.until(ANSWER, |replica| !replica.additions.is_empty());
    answered.await.map(drop)
}

/// Shows a certificate's fingerprint and asks whether it is the right one. A script says so beforehand.
fn confirm(person: &mut dyn Ask, address: &Text, fingerprint: &Text) -> Result<(), Failure> {
    let question = format!(
        "nobody vouches for the certificate of {address}. Its SHA-256 is\n\n  {fingerprint}\n\n\
         Is that the program you started here yourself? [y/N]"
    );
    let answer = person.ask(&question, false);
    let answer = answer.map_err(|why| unanswered(why, "--fingerprint"))?;
    let said = answer.expose_secret().trim().to_ascii_lowercase();
    match ["y", "yes"].contains(&said.as_str()) {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Failed,
            "the certificate was not confirmed; nothing was kept",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::secret::prompt::Unanswered;
    use super::*;

    struct Says(&'static str);

    impl Ask for Says {
        fn ask(&mut self, label: &str, hidden: bool) -> Result<SecretString, Unanswered> {
            assert!(label.contains("a1b2c3d4") && label.contains("https://localhost:5000"));
            assert!(!hidden);
            Ok(self.0.into())
        }
    }

    #[test]
    fn only_a_yes_takes_a_certificate() {
        let (address, shown) = ("https://localhost:5000".into(), "a1b2c3d4 00".into());
        for (answer, is_yes) in [("y", true), ("YES", true), ("", false), ("sure", false)] {
            let said = confirm(&mut Says(answer), &address, &shown);
            assert_eq!(said.is_ok(), is_yes, "{answer}");
        }
    }
}
