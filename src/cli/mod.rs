//! The command line: what was typed becomes a run, a table, a line of JSON; nothing is decided here.
//!
//! A command reads a replica through a [`session::Session`], from the running cockpit where there is one and from a
//! run of its own otherwise, prints, and ends with an [`Exit`] and at most one sentence on stderr. Secrets come from
//! file descriptors or the terminal. A new command is a line in [`args`], an arm in [`perform`] and a file here.

pub mod args;
mod check;
mod connect;
mod doctor;
pub mod exit;
pub mod export;
mod ledger;
mod log;
pub mod picture;
pub mod process;
mod reset;
pub mod run;
pub mod secret;
pub mod session;
pub mod show;
mod sim;
mod vault;

pub use exit::{Exit, Failure};

use crate::config::{ConfigFile, ConfigPaths, DEFAULTS};
use crate::domain::Clock;
use crate::domain::text::clean;
use crate::link::vault::Opener;
use crate::start::{self, Setup};
use args::{Arguments, Command, Global};
use clap::{CommandFactory, Parser};
use picture::Picture;
use secret::prompt::{Ask, Terminal};
use secret::{Descriptors, Handed};
use session::Key;
use show::Subject;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};

/// The full-screen program, which the command line starts and does not know.
pub trait FullScreen {
    /// Opens the cockpit on the person's own vault, until they quit; what was handed over opens it.
    fn cockpit(
        &self,
        setup: Setup,
        file: ConfigFile,
        opener: Option<Opener>,
    ) -> impl Future<Output = Result<Exit, Failure>>;

    /// Opens the cockpit on a simulated world, until the person quits.
    fn demo(&self, setup: Setup, file: ConfigFile) -> impl Future<Output = Result<Exit, Failure>>;

    /// What the demo looks like after a while.
    fn picture(&self, setup: Setup) -> impl Future<Output = Result<Picture, Failure>>;
}

/// Longest line on stderr, in characters.
const LONGEST_LINE: usize = 1_024;

/// What a command works with.
struct Run<'r> {
    global: Global,
    setup: Setup,
    file: ConfigFile,
    handed: Handed,
    ask: &'r mut dyn Ask,
    out: &'r mut dyn Write,
    clock: &'r dyn Clock,
}

/// The whole program, in a process that was [hardened](process::harden).
pub fn main(
    arguments: impl IntoIterator<Item = OsString>,
    clock: &dyn Clock,
    screens: &impl FullScreen,
) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                tell(&error.render().to_string()); // it repeats what was typed
                return Exit::Usage;
            }
            let told = error.print(); // help and version
            return if told.is_err() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    match perform(arguments, clock, screens) {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&format!("tradedeck: {failure}"));
            failure.exit
        }
    }
}

/// Says something on stderr, whatever it repeats of what came from outside.
fn tell(text: &str) {
    let lines = text.lines().map(|line| clean(line, LONGEST_LINE) + "\n");
    // With stderr gone there is nobody left to tell.
    let _ = io::stderr().write_all(lines.collect::<String>().as_bytes());
}

fn perform(
    arguments: Arguments,
    clock: &dyn Clock,
    screens: &impl FullScreen,
) -> Result<Exit, Failure> {
    let Arguments { global, command } = arguments;
    let out = &mut io::stdout();
    let mut descriptors = Descriptors {
        passphrase: global.passphrase_fd,
        ..Descriptors::default()
    };
    match &command {
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            let mut definition = Arguments::command();
            clap_complete::generate(*shell, &mut definition, "tradedeck", &mut text);
            return print(out, &text);
        }
        Some(Command::Config) => return print(out, DEFAULTS.as_bytes()),
        Some(Command::Reset) => return reset::reset(out),
        Some(Command::KeepStore { folder }) => return vault::keep_store(folder),
        Some(Command::Connect(connect)) => descriptors.fields = connect.secret_fd,
        Some(Command::Vault(vault)) => {
            (descriptors.recovery_code, descriptors.new_passphrase) = vault.command.descriptors();
        }
        _ => {}
    }
    let handed = Handed::read(&descriptors)?;
    let (setup, file) = setup(&global)?;
    // One thread: sockets, engine and screen wake each other without waking another core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start: {error}")))?;
    let _log = log::start(&setup.paths.state, global.verbose);
    let run = Run {
        global,
        setup,
        file,
        handed,
        ask: &mut Terminal,
        out,
        clock,
    };
    let ended = runtime.block_on(dispatch(run, command, screens));
    // A task that still waits for a network must not keep the person waiting.
    runtime.shutdown_background();
    ended
}

async fn dispatch(
    run: Run<'_>,
    command: Option<Command>,
    screens: &impl FullScreen,
) -> Result<Exit, Failure> {
    let subject = match command {
        None => {
            let key_file = run.global.key_file;
            let opener = run.handed.passphrase.map(|passphrase| Opener {
                passphrase,
                key_file,
            });
            return screens.cockpit(run.setup, run.file, opener).await;
        }
        Some(Command::Demo) => return screens.demo(run.setup, run.file).await,
        Some(Command::Picture) => {
            let picture = screens.picture(run.setup).await?;
            return print(run.out, picture.svg().as_bytes());
        }
        Some(Command::Vault(arguments)) => return vault::perform(run, &arguments).await,
        Some(Command::Connect(arguments)) => return connect::connect(run, arguments).await,
        Some(Command::SignIn { connection }) => return connect::sign_in(run, &connection).await,
        Some(Command::Disconnect { connection, yes }) => {
            return connect::disconnect(run, &connection, yes).await;
        }
        Some(Command::Sync(arguments)) => return ledger::sync(run, arguments).await,
        Some(Command::Reconcile(arguments)) => return ledger::reconcile(run, arguments).await,
        Some(Command::Export(arguments)) => return ledger::export(run, arguments).await,
        Some(Command::Trades(arguments)) => return ledger::trades(run, arguments).await,
        Some(Command::Sim(arguments)) => return sim::simulate(run, arguments).await,
        Some(Command::Doctor) => return doctor::doctor(run).await,
        Some(Command::Lock) => return vault::lock(run).await,
        Some(Command::Accounts) => Subject::Accounts,
        Some(Command::Positions) => Subject::Positions,
        Some(Command::Quotes { symbols }) => Subject::Quotes(show::look::symbols(&symbols)?),
        Some(Command::Orders { all }) => Subject::Orders { all },
        Some(Command::Connections) => Subject::Connections,
        Some(Command::Status) => Subject::Status,
        Some(
            Command::Completions { .. }
            | Command::Config
            | Command::Reset
            | Command::KeepStore { .. },
        ) => {
            return Ok(Exit::Done); // done before a runtime was started
        }
    };
    show::look::look(run, subject).await
}

/// Where files lie and what they say.
fn setup(global: &Global) -> Result<(Setup, ConfigFile), Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error.to_string());
    let paths = ConfigPaths::find(global.data_dir.as_deref()).map_err(|error| wrong(&error))?;
    let path = global.config.clone().unwrap_or_else(|| paths.config_file());
    if global.config.is_some() && !path.exists() {
        let sentence = format!("{}: there is no such file", path.display());
        return Err(Failure::new(Exit::Usage, sentence));
    }
    let mut file = ConfigFile::new(path, global.settings.clone(), check::check_keys);
    let config = file.load().map_err(|error| wrong(&error))?;
    let setup = Setup {
        config,
        paths,
        read_only: global.read_only,
        no_colour: global.no_color,
        store_keeper: Some(start::store_keeper()),
    };
    Ok((setup, file))
}

impl Run<'_> {
    /// The vault's key, from the descriptor or the person.
    fn key(&mut self) -> Key<'_> {
        Key {
            handed: self.handed.passphrase.take(),
            key_file: self.global.key_file.clone(),
            ask: Some(self.ask),
        }
    }

    /// The vault's key where it was handed over; nobody is asked.
    fn handed_key(&mut self) -> Key<'_> {
        Key {
            handed: self.handed.passphrase.take(),
            key_file: self.global.key_file.clone(),
            ask: None,
        }
    }
}

/// Prints and is done; a reader that went away ends the command as its signal would.
fn print(out: &mut dyn Write, text: &[u8]) -> Result<Exit, Failure> {
    const SIGPIPE: u8 = 13;
    match out.write_all(text).and_then(|()| out.flush()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Signal(SIGPIPE)),
        Err(error) => Err(Failure::new(Exit::Failed, format!("cannot print: {error}"))),
    }
}
