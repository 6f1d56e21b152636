//! Signing in by browser without a screen: the address on stderr, the answer by the listener or pasted at the terminal.

use super::super::exit::Failure;
use super::super::secret::prompt::Ask;
use super::super::session::{Session, unanswered};
use crate::domain::{Clock, Text, Timestamp};
use crate::link::{Replica, SecretRequest, SignInRequest, SignInStatus, Waiting};
use std::io::{self, Write as _};
use std::time::Duration;

/// How often a person's paste is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const PROMPT: &str = "Address (hidden)";

/// Asks for an attempt and sees it through; what came of it is among the replica's additions.
///
/// # Errors
/// The other end went away, or the person gave up.
pub(super) async fn by_browser(
    session: &mut Session,
    request: SignInRequest,
    person: &mut dyn Ask,
    clock: &dyn Clock,
) -> Result<(), Failure> {
    session.request_secret(SecretRequest::SignIn(request))?;
    let mut typing = None;
    let mut problem = None;
    loop {
        let is_answered = |replica: &Replica| !replica.additions.is_empty();
        if session.until(LOOK_EVERY, is_answered).await? {
            return Ok(());
        }
        for status in session.sign_in() {
            match status {
                SignInStatus::Waiting(waiting) if typing.is_none() => {
                    tell(&invitation(&waiting, clock.now()));
                    // Without a terminal the browser can still come back by itself.
                    typing = Some(person.begin(PROMPT, true).ok());
                }
                SignInStatus::Waiting(waiting) if waiting.problem != problem => {
                    problem = waiting.problem;
                    let text = problem.as_ref().map_or("", Text::as_str);
                    tell(&format!("\n{text}\n"));
                    typing = Some(person.begin(PROMPT, true).ok());
                }
                SignInStatus::Waiting(_) => {}
                SignInStatus::Exchanging => typing = Some(None),
            }
        }
        if let Some(Some(pending)) = &mut typing
            && let Some(address) = pending
                .poll()
                .map_err(|why| unanswered(why, "a terminal"))?
        {
            typing = Some(None);
            session.request_secret(SecretRequest::SignIn(SignInRequest::Pasted { address }))?;
        }
    }
}

/// What the person is told who signs in by browser.
fn invitation(waiting: &Waiting, now: Timestamp) -> String {
    let minutes = waiting.until.since(now).as_secs().div_ceil(60);
    let asked = match waiting.scopes.as_str() {
        "" => String::new(),
        scopes => format!(" to: {scopes}"),
    };
    let back = match (&waiting.not_listening, waiting.port) {
        (Some(why), _) => format!("{why}; paste the address that the browser ends at."),
        (None, Some(port)) => format!(
            "The browser comes back to {} by itself. If it runs on another machine, paste the address that it ends at,\n\
             or forward the port beforehand there: ssh -L {port}:127.0.0.1:{port} this-machine",
            waiting.redirect
        ),
        (None, None) => String::new(),
    };
    format!(
        "Open this address at {} within {minutes} minutes and say yes{asked}:\n\n{}\n\n{back}\n",
        waiting.host, waiting.address
    )
}

/// Says something beside the answer of the command, which goes to stdout.
fn tell(text: &str) {
    // With stderr gone there is nobody left to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Waiting {
        Waiting {
            title: "tastytrade".into(),
            address: "https://my.broker.example/auth?state=s".into(),
            host: "my.broker.example".into(),
            scopes: "read trade".into(),
            redirect: "http://127.0.0.1:8182/cb/tastytrade".into(),
            port: Some(8182),
            not_listening: None,
            until: Timestamp::EPOCH.plus(Duration::from_secs(300)),
            problem: None,
        }
    }

    #[test]
    fn the_person_is_told_where_to_go_what_is_asked_and_how_the_answer_comes_back() {
        let told = invitation(&waiting(), Timestamp::EPOCH);
        for part in [
            "at my.broker.example within 5 minutes and say yes to: read trade",
            "\n\nhttps://my.broker.example/auth?state=s\n\n",
            "ssh -L 8182:127.0.0.1:8182",
        ] {
            assert!(told.contains(part), "{told}");
        }
        let deaf = Waiting {
            port: None,
            not_listening: Some("the redirect address is not on this machine".into()),
            scopes: Text::default(),
            ..waiting()
        };
        let told = invitation(&deaf, Timestamp::EPOCH);
        assert!(
            told.contains("not on this machine; paste the address"),
            "{told}"
        );
        assert!(!told.contains("ssh") && told.contains("say yes:"), "{told}");
    }
}
