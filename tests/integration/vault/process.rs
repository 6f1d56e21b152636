//! Another process: this program started again, to change a vault until it is done, fails or is killed.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tradedeck::vault::NewVault;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::changes::{KEYS, Records, State, Workload, records_of, unlock_now};
use super::home::*;
use super::raw_sled;

const JOB: &str = "TRADEDECK_TEST_VAULT_JOB";

/// What it is to do.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) folder: PathBuf,
    pub(super) kind: Kind,
    /// Whether the store is opened by yet another process, as the program has it.
    pub(super) apart: bool,
    pub(super) workload: Workload,
    /// The number of the first change.
    pub(super) first: u64,
    /// How many changes.
    pub(super) count: u64,
    /// Opened when the vault is open and the changes begin.
    pub(super) arm: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opens the vault that is there.
    Open,
    /// Makes the vault.
    Create,
    /// No vault at all but sled alone, one value a change.
    RawSled,
    /// sled alone, a batch of 200 values of 4 KB a change.
    RawSledBatches,
}

const KINDS: [Kind; 4] = [
    Kind::Open,
    Kind::Create,
    Kind::RawSled,
    Kind::RawSledBatches,
];

impl Job {
    pub(super) fn changes(home: &Home, workload: Workload, first: u64, count: u64) -> Self {
        Self {
            folder: home.folder.clone(),
            kind: Kind::Open,
            apart: false,
            workload,
            first,
            count,
            arm: None,
        }
    }

    /// A process of its own group, with nothing in its environment but the job.
    pub(super) fn command(&self) -> Command {
        let kind = KINDS.iter().position(|&kind| kind == self.kind).unwrap();
        let keys = KEYS.iter().position(|&keys| keys == self.workload.keys);
        let keys = keys.unwrap();
        let numbers = [
            u64::try_from(kind).unwrap(),
            u64::from(self.apart),
            u64::from(self.workload.records),
            u64::try_from(self.workload.length).unwrap(),
            u64::try_from(keys).unwrap(),
            self.first,
            self.count,
        ];
        let mut words = numbers.map(|number| number.to_string()).to_vec();
        words.push(self.folder.display().to_string());
        words.extend(self.arm.iter().map(|path| path.display().to_string()));
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", "vault::process::child", "--nocapture"])
            .env_clear()
            .env(JOB, words.join(" "))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Where the machine remembers the vault.
    fn state(&self) -> PathBuf {
        self.folder.with_file_name("state")
    }

    fn from_environment() -> Option<Self> {
        let text = env::var(JOB).ok()?;
        let words: Vec<&str> = text.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        Some(Self {
            kind: KINDS[usize::try_from(number(0)).unwrap()],
            apart: number(1) == 1,
            workload: Workload {
                records: u16::try_from(number(2)).unwrap(),
                length: usize::try_from(number(3)).unwrap(),
                keys: KEYS[usize::try_from(number(4)).unwrap()],
            },
            first: number(5),
            count: number(6),
            folder: PathBuf::from(words[7]),
            arm: words.get(8).map(PathBuf::from),
        })
    }

    fn begin(&self) {
        if let Some(arm) = &self.arm {
            drop(fs::File::open(arm));
        }
        say("ready");
    }
}

/// The program that opens the store.
fn keeper() -> Keeper {
    Keeper {
        program: env!("CARGO_BIN_EXE_tradedeck").into(),
        arguments: vec!["keep-store".into()],
    }
}

/// One write, so that a kill leaves the line whole or out.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: what the other process does.
#[test]
fn child() {
    let Some(job) = Job::from_environment() else {
        return;
    };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // The test harness may have begun a line.
    say("");
    match job.kind {
        Kind::RawSled => raw_sled::write(&job.folder, job.first, job.count),
        Kind::RawSledBatches => raw_sled::write_batches(&job.folder, job.first, job.count),
        Kind::Open | Kind::Create => {
            if let Err(why) = change(&job) {
                say(&format!("failed {why}"));
            }
        }
    }
}

fn change(job: &Job) -> Result<(), VaultError> {
    let mut lock = InstanceLock::take(&job.folder, &holder())?;
    if job.apart {
        lock = lock.with_keeper(keeper());
    }
    let (mut vault, passphrase) = if job.kind == Kind::Create {
        job.begin();
        let mut new = NewVault::from(cost());
        new.anchor = Some(job.state());
        let vault = Vault::create(lock, &passphrase(RIGHT), new)?;
        say("created");
        (vault, 0)
    } else {
        let opened = LockedVault::open(lock)?.anchored_in(&job.state());
        let opened = unlock_now(opened)?;
        job.begin();
        opened
    };
    let mut state = State::of(&vault, passphrase)?;
    for step in job.first..job.first.saturating_add(job.count) {
        let after = job.workload.after(step, &state);
        let made = job.workload.change(step, &state).make(&mut vault, &state);
        if made.is_err() && records_of(&vault).is_ok_and(is_neither(&state, &after)) {
            say("neither");
        }
        made?;
        say(&format!("done {step}"));
        state = after;
    }
    Ok(())
}

fn is_neither(before: &State, after: &State) -> impl Fn(Records) -> bool {
    move |found| found != before.records && found != after.records
}

/// The other process, seen from here.
pub(super) struct Other {
    pub(super) child: Child,
    lines: BufReader<ChildStdout>,
    said: Said,
}

impl Other {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let said = Said::default();
        Self { child, lines, said }
    }

    /// Started, and its vault open.
    pub(super) fn ready(job: &Job) -> Self {
        let mut other = Self::start(job.command());
        while other.line().expect("it gets ready") != "ready" {}
        other
    }

    pub(super) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        self.said.hear(line.trim());
        (!line.is_empty()).then(|| line.trim().to_owned())
    }

    /// kill -9, of all that it started too.
    pub(super) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    /// All that it said, and whether it ended by itself within so many seconds. It waits a minute for a store that is
    /// opened by a process of its own, and needs far less itself.
    pub(super) fn end_in(mut self, seconds: i64) -> (Said, bool) {
        let patience = Timespec {
            tv_sec: seconds,
            tv_nsec: 0,
        };
        let pid = Pid::from_child(&self.child);
        let ends = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let mut waiting = [PollFd::new(&ends, PollFlags::IN)];
        let ended = poll(&mut waiting, Some(&patience)).unwrap() > 0;
        if !ended {
            self.kill();
        }
        (self.end(), ended)
    }

    /// All that it said, once it has ended.
    pub(super) fn end(mut self) -> Said {
        while self.line().is_some() {}
        self.child.wait().unwrap();
        self.said
    }
}

/// What the other process said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) ready: bool,
    pub(super) created: bool,
    /// The last change that was done.
    pub(super) done: Option<u64>,
    pub(super) failed: Option<String>,
    /// After the failure the open vault showed neither what was nor what was to be.
    pub(super) neither: bool,
}

impl Said {
    pub(super) fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("done", step)) => self.done = step.parse().ok(),
            Some(("failed", why)) => self.failed = Some(why.to_owned()),
            _ => {
                self.ready |= line == "ready";
                self.created |= line == "created";
                self.neither |= line == "neither";
            }
        }
    }
}
