//! A screen without a screen: the replica that a command reads, from a running cockpit or from a run of its own.

use super::exit::{Exit, Failure};
use super::secret::prompt::{Ask, Unanswered};
use crate::domain::Text;
use crate::link::socket::{self, Attached, SocketError};
use crate::link::vault::Opener;
use crate::link::{
    Answer, DoorRequest, EntryKind, Level, Replica, Request, ScreenEnd, SecretRequest,
    SignInStatus, Update, VaultStatus, VaultTrouble, replica::Applied,
};
use crate::start::{self, Running, Setup};
use secrecy::SecretString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Longest wait for the first snapshot: nothing but this machine is asked.
const FIRST: Duration = Duration::from_secs(10);

/// Longest wait for a vault to open: deriving its key takes a second, on a busy machine several.
const OPENING: Duration = Duration::from_secs(120);

/// A replica and what keeps it up to date.
pub struct Session {
    /// What is known so far.
    pub replica: Replica,
    far: Far,
    /// Troubles of the run that stderr has already.
    told: usize,
}

/// Who is at the other end.
enum Far {
    /// A cockpit in another process.
    Cockpit(Attached),
    /// A run of our own, which ends with the command; in tests there is none behind the screen.
    Own(ScreenEnd, Option<Box<Running>>),
}

/// Where the vault's passphrase comes from.
pub struct Key<'k> {
    /// Handed over on a descriptor.
    pub handed: Option<SecretString>,
    /// The file that is asked for beside it.
    pub key_file: Option<PathBuf>,
    /// Whom to ask otherwise; nobody for a command that must not wait for a person.
    pub ask: Option<&'k mut dyn Ask>,
}

impl Session {
    /// Attaches to the running cockpit of this vault; else starts a run of its own. Then opens the vault.
    ///
    /// # Errors
    /// What keeps the vault closed, with the exit code that says so.
    pub async fn open(setup: &Setup, key: Key<'_>) -> Result<Self, Failure> {
        let mut session = Self::attach(setup).await?;
        session.unlock(key).await?;
        Ok(session)
    }

    /// The same, with the vault as it is.
    ///
    /// # Errors
    /// There is no other end; [`Exit::InUse`] when another process has the vault and is no cockpit.
    pub async fn attach(setup: &Setup) -> Result<Self, Failure> {
        match socket::connect(&setup.paths.socket()).await {
            Ok(attached) => {
                let mut session = Self::beside(attached);
                session.first().await?;
                Ok(session)
            }
            Err(SocketError::NotRunning) => Self::own(setup).await,
            Err(error) => Err(error.into()),
        }
    }

    /// A screen of the cockpit in another process.
    pub fn beside(attached: Attached) -> Self {
        Self {
            replica: Replica::default(),
            far: Far::Cockpit(attached),
            told: 0,
        }
    }

    /// A run of its own, whose vault is still locked or does not exist.
    ///
    /// # Errors
    /// Why it does not start; [`Exit::InUse`] when another process has the vault.
    pub async fn own(setup: &Setup) -> Result<Self, Failure> {
        let running = start::launch(setup, false)?;
        let mut session = Self::on(running.hub.attach(), Some(Box::new(running)));
        session.first().await?;
        session.tell_troubles();
        Ok(session)
    }

    /// A session on any screen.
    pub(super) fn on(screen: ScreenEnd, running: Option<Box<Running>>) -> Self {
        Self {
            replica: Replica::default(),
            far: Far::Own(screen, running),
            told: 0,
        }
    }

    /// Whether it reads what a cockpit in another process knows.
    pub fn is_beside(&self) -> bool {
        matches!(self.far, Far::Cockpit(_))
    }

    fn screen(&self) -> &ScreenEnd {
        match &self.far {
            Far::Cockpit(attached) => &attached.screen,
            Far::Own(screen, _) => screen,
        }
    }

    /// Asks the runtime for something.
    ///
    /// # Errors
    /// It does not keep up.
    pub fn request(&self, request: Request) -> Result<(), Failure> {
        let sent = self.screen().request(request);
        sent.map_err(|busy| Failure::new(Exit::Failed, busy.to_string()))
    }

    /// The same with a secret; only for a run of our own, for secrets do not travel.
    ///
    /// # Errors
    /// It does not keep up.
    pub fn request_secret(&self, request: SecretRequest) -> Result<(), Failure> {
        let sent = self.screen().request_secret(request);
        sent.map_err(|busy| Failure::new(Exit::Failed, busy.to_string()))
    }

    /// What was answered to this command's own attempt to sign in.
    pub fn sign_in(&self) -> Vec<SignInStatus> {
        let answers = self.screen().answers().into_iter();
        let status = |answer| match answer {
            Answer::SignIn(status) => Some(status),
            Answer::Vault(_) => None,
        };
        answers.filter_map(status).collect()
    }

    /// Takes in what comes next; whether a snapshot was among it.
    async fn next(&mut self) -> Result<bool, Failure> {
        match &mut self.far {
            Far::Own(screen, _) => screen.changed().await,
            Far::Cockpit(attached) => attached.changed().await?,
        }
        let mut started_over = false;
        for update in self.screen().drain() {
            started_over |= matches!(update, Update::Snapshot(_));
            if self.replica.apply(update) == Applied::Gap {
                self.request(Request::Snapshot)?;
            }
        }
        Ok(started_over)
    }

    /// Waits until `done`, at most for `limit`; whether it came about.
    ///
    /// # Errors
    /// The other end went away.
    pub async fn until(
        &mut self,
        limit: Duration,
        done: impl Fn(&Replica) -> bool,
    ) -> Result<bool, Failure> {
        let deadline = Instant::now() + limit;
        while !done(&self.replica) {
            match timeout_at(deadline, self.next()).await {
                Ok(taken) => taken?,
                Err(_) => return Ok(false),
            };
        }
        Ok(true)
    }

    pub(super) async fn first(&mut self) -> Result<(), Failure> {
        match self.until(FIRST, |replica| replica.ready).await? {
            true => Ok(()),
            false => Err(Failure::new(
                Exit::Failed,
                "the program does not answer; close it and start it again",
            )),
        }
    }

    /// Opens the vault of a run of our own, and waits until its connections are known.
    ///
    /// # Errors
    /// There is none, there is no passphrase, it is wrong, or the vault cannot be used.
    pub async fn unlock(&mut self, key: Key<'_>) -> Result<(), Failure> {
        let before = self.replica.vault.clone();
        match &before {
            Some(VaultStatus::Open { .. }) => return Ok(()),
            Some(VaultStatus::Absent) => {
                return Err(Failure::new(
                    Exit::Failed,
                    "there is no vault yet; make one with `tradedeck vault init`",
                ));
            }
            Some(VaultStatus::Broken { kind, problem }) => return Err(broken(*kind, problem)),
            Some(VaultStatus::Locked { .. } | VaultStatus::Unlocking) | None => {}
        }
        if self.is_beside() {
            return Err(Failure::new(
                Exit::Locked,
                "the running cockpit is locked; unlock it there",
            ));
        }
        let opener = key.turn()?;
        self.request_secret(SecretRequest::Door(DoorRequest::Unlock(opener)))?;
        self.opened(before).await?;
        // The vault is reported open before its connections are; the answer to this comes after both.
        self.request(Request::Snapshot)?;
        let deadline = Instant::now() + FIRST;
        while !matches!(
            timeout_at(deadline, self.next()).await,
            Ok(Ok(true)) | Err(_)
        ) {}
        self.tell_troubles();
        Ok(())
    }

    /// Says on stderr what a cockpit would show as a notice: the journal cannot be used.
    pub(super) fn tell_troubles(&mut self) {
        let lines = self.replica.activity.iter();
        let troubles = lines.filter(|it| it.kind == EntryKind::System && it.level == Level::Wrong);
        for trouble in troubles.skip(self.told) {
            // With stderr gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "tradedeck: {}", trouble.text);
            self.told += 1;
        }
    }

    /// Waits until the vault, which was as `before`, is open.
    ///
    /// # Errors
    /// It stays closed, and why.
    pub async fn opened(&mut self, before: Option<VaultStatus>) -> Result<(), Failure> {
        let settled = self
            .until(OPENING, |replica| {
                replica.vault != before && replica.vault != Some(VaultStatus::Unlocking)
            })
            .await?;
        match &self.replica.vault {
            Some(VaultStatus::Open { .. }) => Ok(()),
            Some(VaultStatus::Broken { kind, problem }) => Err(broken(*kind, problem)),
            Some(VaultStatus::Locked {
                problem: Some(problem),
                ..
            }) if settled => Err(Failure::new(Exit::Locked, problem.as_str())),
            _ => Err(Failure::new(
                Exit::Locked,
                "the vault did not open; try again",
            )),
        }
    }

    /// Ends a run of our own in good order.
    pub async fn close(self) {
        if let Far::Own(screen, Some(running)) = self.far {
            drop(screen);
            running.stop().await;
        }
    }
}

impl Key<'_> {
    fn turn(self) -> Result<Opener, Failure> {
        let key_file = self.key_file;
        if let Some(passphrase) = self.handed {
            return Ok(Opener {
                passphrase,
                key_file,
            });
        }
        let answer = match self.ask {
            Some(person) => person.ask("Passphrase", true),
            None => {
                return Err(Failure::new(
                    Exit::Locked,
                    "the vault is locked and no cockpit is running; start one with `tradedeck`, or hand the passphrase over with --passphrase-fd",
                ));
            }
        };
        let passphrase = answer.map_err(|why| unanswered(why, "--passphrase-fd"))?;
        Ok(Opener {
            passphrase,
            key_file,
        })
    }
}

fn broken(kind: VaultTrouble, problem: &Text) -> Failure {
    let exit = match kind {
        VaultTrouble::Damaged => Exit::Damaged,
        VaultTrouble::Newer => Exit::Newer,
        VaultTrouble::Machine => Exit::Failed,
    };
    Failure::new(exit, problem.as_str())
}

/// What it means that nobody answered; `option` is how a script would have.
pub(super) fn unanswered(why: Unanswered, option: &str) -> Failure {
    match why {
        Unanswered::NoTerminal => Failure::new(
            Exit::Locked,
            format!(
                "no cockpit is running and there is no terminal to ask at; hand it over with {option}"
            ),
        ),
        Unanswered::Cancelled => Failure::new(Exit::Signal(2), "nothing was done"),
        Unanswered::Io(error) => {
            Failure::new(Exit::Failed, format!("the terminal failed: {error}"))
        }
    }
}
