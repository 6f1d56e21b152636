//! What may keep the program from working: terminal, files, process, clock, connections.

mod files;
mod process;
mod providers;
mod vault;

use super::exit::{Exit, Failure};
use super::session::Session;
use super::show::json;
use super::{Run, print};
use crate::domain::Timestamp;
use crate::link::{ConnectionState, ConnectionStatus};
use crate::net::install_tls_provider;
use crate::net::transport::{Patience, WebTransport};
use crate::start::StartError;
use crate::ui::format::age;
use crate::ui::theme::Depth;
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Duration;

/// Longest wait for connections to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that is off by more cannot sign in everywhere and dates quotes wrongly.
const MOST_SKEW_MS: u64 = 5_000;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    Warn,
    Bad,
    Unchecked,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    check: String,
    verdict: Verdict,
    says: String,
}

impl Finding {
    fn new(check: impl Into<String>, verdict: Verdict, says: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict,
            says: says.into(),
        }
    }
}

/// Looks at everything and prints what it found.
///
/// # Errors
/// Something is bad; everything is printed all the same.
pub(super) async fn doctor(mut run: Run<'_>) -> Result<Exit, Failure> {
    let mut findings = terminal(|name| std::env::var(name).ok());
    findings.push(screen_size());
    findings.extend(process::process());
    findings.push(Finding::new(
        "configuration",
        Verdict::Good,
        run.file.path().display().to_string(), // it was read, or the command had ended
    ));
    findings.extend(files::files(&run.setup.paths));
    findings.extend(vault::vault(&run.setup.paths, run.clock.now()));
    findings.push(vault::cost(&run));
    let (told, connections) = connections(&mut run).await;
    findings.extend(told);
    install_tls_provider();
    let transport = WebTransport::new(Patience::default()).map_err(StartError::from)?;
    let reached = providers::providers(&run.setup.config, connections.iter(), &transport).await;
    findings.extend(reached);
    let text = match run.global.json {
        true => json::envelope(run.clock.now(), findings.iter().collect()),
        false => text(&findings),
    };
    let printed = print(run.out, text.as_bytes())?;
    match findings.iter().find(|it| it.verdict == Verdict::Bad) {
        Some(bad) => Err(Failure::new(
            Exit::Failed,
            format!("{}: {}", bad.check, bad.says),
        )),
        None => Ok(printed),
    }
}

fn text(findings: &[Finding]) -> String {
    let widest = findings.iter().map(|it| it.check.len()).max().unwrap_or(0);
    let lines = findings.iter().map(|finding| {
        let word = match finding.verdict {
            Verdict::Good => "good",
            Verdict::Warn => "WARN",
            Verdict::Bad => "BAD ",
            Verdict::Unchecked => "  — ",
        };
        let Finding { check, says, .. } = finding;
        format!("{word}  {check:widest$}  {says}\n")
    });
    lines.collect()
}

fn terminal(variable: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let term = variable("TERM").unwrap_or_default();
    let colours = match Depth::from_environment(&variable) {
        Depth::None => "no colour; paper and live are told apart by words",
        Depth::Sixteen => "16 colours",
        Depth::Indexed => "256 colours",
        Depth::True => "true colour",
    };
    let terminal = match term.is_empty() {
        true => Finding::new("terminal", Verdict::Warn, "TERM is not set"),
        false => Finding::new("terminal", Verdict::Good, format!("{term}, {colours}")),
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))
        .unwrap_or_default();
    let spelled = locale.to_ascii_lowercase().replace('-', "");
    let utf8 = match spelled.contains("utf8") {
        true => Finding::new("characters", Verdict::Good, locale),
        false => Finding::new(
            "characters",
            Verdict::Warn,
            "the locale is not UTF-8, so frames may look broken; try LANG=C.UTF-8",
        ),
    };
    let mut over = Vec::new();
    if variable("TMUX").is_some() {
        over.push("tmux");
    }
    if variable("SSH_CONNECTION").is_some() {
        over.push("SSH, fewer frames are drawn");
    }
    let way = match over.is_empty() {
        true => "direct".to_owned(),
        false => format!("over {}", over.join(" and ")),
    };
    vec![terminal, utf8, Finding::new("link", Verdict::Good, way)]
}

fn screen_size() -> Finding {
    let out = std::io::stdout();
    match rustix::termios::tcgetwinsize(&out) {
        Ok(size) if out.is_terminal() => {
            let says = format!("{}x{}", size.ws_col, size.ws_row);
            match size.ws_col >= 60 && size.ws_row >= 16 {
                true => Finding::new("size", Verdict::Good, says),
                false => Finding::new(
                    "size",
                    Verdict::Warn,
                    format!("{says} is too small, 60x16 is the least"),
                ),
            }
        }
        _ => Finding::new("size", Verdict::Unchecked, "stdout is not a terminal"),
    }
}

/// Connections as the running cockpit knows them, or as they answer now where the passphrase was handed over.
async fn connections(run: &mut Run<'_>) -> (Vec<Finding>, Vec<ConnectionStatus>) {
    let setup = run.setup.clone();
    let opened = Session::open(&setup, run.handed_key()).await;
    let mut session = match opened {
        Ok(session) => session,
        Err(failure) => {
            let unusable = [Exit::Damaged, Exit::Newer].contains(&failure.exit);
            let verdict = if unusable {
                Verdict::Bad
            } else {
                Verdict::Unchecked
            };
            let finding = Finding::new("connections", verdict, failure.sentence);
            return (vec![finding], Vec::new());
        }
    };
    let settled = |replica: &crate::link::Replica| {
        let mut connections = replica.connections.values();
        connections.all(|it| it.state != ConnectionState::Connecting)
    };
    let waited = session.until(PATIENCE, settled).await;
    let connections: Vec<_> = session.replica.connections.values().cloned().collect();
    let now = run.clock.now();
    let findings = connections.iter().flat_map(|it| connection(it, now));
    let findings = findings.collect();
    session.close().await;
    match waited {
        Ok(_) => (findings, connections),
        Err(failure) => {
            let finding = Finding::new("connections", Verdict::Bad, failure.sentence);
            (vec![finding], connections)
        }
    }
}

fn connection(status: &ConnectionStatus, now: Timestamp) -> Vec<Finding> {
    let check = format!("connection {}", status.id);
    let (verdict, says) = match &status.state {
        ConnectionState::Live => {
            let latency = status.latency_ms.map(|it| format!(", {it} ms"));
            let says = format!("{} answers{}", status.title, latency.unwrap_or_default());
            (Verdict::Good, says)
        }
        ConnectionState::Disconnected => (Verdict::Warn, "disconnected".to_owned()),
        ConnectionState::Sealed => (Verdict::Warn, "sealed for traders".to_owned()),
        ConnectionState::Connecting => (Verdict::Warn, "has not answered yet".to_owned()),
        ConnectionState::Retrying { why, .. } => (Verdict::Bad, format!("unreachable: {why}")),
        ConnectionState::NeedsSignIn { why } => (Verdict::Bad, format!("refused: {why}")),
        ConnectionState::Failed { why } => (Verdict::Bad, why.to_string()),
    };
    let mut findings = vec![Finding::new(&check, verdict, says)];
    for feed in &status.feeds {
        if let Some(problem) = &feed.problem {
            let says = format!("{}: {problem}", feed.name);
            findings.push(Finding::new(&check, Verdict::Warn, says));
        }
    }
    findings.extend(sign_in(status, now));
    if let Some(skew) = status.clock_skew_ms {
        let verdict = match skew.unsigned_abs() > MOST_SKEW_MS {
            true => Verdict::Bad,
            false => Verdict::Warn,
        };
        let says = format!(
            "this machine's clock is {} ms {} that of {}; set it by network time",
            skew.unsigned_abs(),
            if skew > 0 { "behind" } else { "ahead of" },
            status.title
        );
        findings.push(Finding::new("clock", verdict, says));
    }
    findings
}

/// Where the sign-in stands, for a connection that has one.
fn sign_in(status: &ConnectionStatus, now: Timestamp) -> Option<Finding> {
    let check = format!("sign-in {}", status.id);
    let failures = status.refresh_failures;
    if status.session_until.is_none() && status.sign_in_due.is_none() && failures == 0 {
        return None;
    }
    let ends = match status.sign_in_due {
        Some(due) => format!("good for {}", age(due.since(now))),
        None => "does not end".to_owned(),
    };
    let renewed = match status.session_until {
        Some(until) => format!(", its token is renewed in {}", age(until.since(now))),
        None => String::new(),
    };
    let mut verdict = Verdict::Good;
    let mut says = format!("{ends}{renewed}");
    if failures > 0 {
        verdict = Verdict::Warn;
        says = format!("{says}; {failures} renewals failed");
    }
    if status.ends_soon(now) {
        verdict = Verdict::Warn;
        says = format!("{says}; run `tradedeck sign-in {}`", status.id);
    }
    Some(Finding::new(check, verdict, says))
}

#[cfg(test)]
mod tests;
