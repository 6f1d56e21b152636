//! What may be typed: commands and options, each with its line of help.

mod vault;

pub use vault::{
    AddArguments, Cipher, InitArguments, NewKeyArguments, Opening, RecoverArguments,
    RestoreArguments, SlotRole, SlotsCommand, VaultArguments, VaultCommand,
};

use crate::config::Setting;
use crate::domain::Environment;
use crate::sim::calendar::MarketHours;
use crate::sim::market::Speed;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Every account a person owns, in one terminal.
#[derive(Debug, Parser)]
#[command(name = "tradedeck", version, about, max_term_width = 100)]
#[command(
    after_help = "Without a command it opens the cockpit. `tradedeck demo` needs no account."
)]
pub struct Arguments {
    /// What goes for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the cockpit where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that go for every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration to read instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the vault instead of the usual one
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Any configuration key, for this run; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// Send, change and cancel nothing in this run
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Use no colour
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Write more to the log; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Read the vault's passphrase from a file descriptor, up to the end of its line
    #[arg(long, global = true, value_name = "N")]
    pub passphrase_fd: Option<u32>,
    /// The file that is asked for beside the vault's passphrase
    #[arg(long, global = true, value_name = "PATH")]
    pub key_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try everything on a simulated market, with simulated money
    Demo,
    /// The vault that keeps credentials: who opens it, its keys, its backups
    Vault(VaultArguments),
    /// Add an account's credentials, checked with its provider and sealed in the vault
    Connect(ConnectArguments),
    /// Sign in again to a connection, by browser
    SignIn {
        /// Which connection
        #[arg(value_name = "NAME")]
        connection: String,
    },
    /// Remove a connection: its access is given back where the provider can, and its credentials are forgotten
    Disconnect {
        /// Which connection
        #[arg(value_name = "NAME")]
        connection: String,
        /// Ask nothing before
        #[arg(long)]
        yes: bool,
    },
    /// Accounts and what is in them
    Accounts,
    /// What is held, in every account
    Positions,
    /// Live prices of symbols
    Quotes {
        /// As in AAPL, BRK.B, BTC/USD
        #[arg(required = true, value_name = "SYMBOL")]
        symbols: Vec<String>,
    },
    /// Working orders
    Orders {
        /// Finished ones as well
        #[arg(long)]
        all: bool,
    },
    /// Connections and how they are doing
    Connections,
    /// Read trades, dividends and fees of accounts into the ledger
    Sync(SyncArguments),
    /// Trades in the ledger, oldest first
    Trades(TradesArguments),
    /// Compare what brokers report with what the ledger adds up to
    Reconcile(AccountsArguments),
    /// Print the ledger for other programs: beancount, hledger, CSV, JSON Lines
    Export(ExportArguments),
    /// One line for a status bar
    Status,
    /// Run a provider's simulator on this machine
    Sim(SimArguments),
    /// Check terminal, files, clock and connections
    Doctor,
    /// Print every setting with its default, as a file to start from
    Config,
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Lock the vault of the running cockpit
    Lock,
    /// Restore a terminal that a program left broken
    Reset,
    /// Open the vault's store for the tradedeck that started this one
    #[command(hide = true)]
    KeepStore {
        /// Where the store lies
        folder: PathBuf,
    },
    /// Print a picture of the demo as SVG
    #[command(hide = true)]
    Picture,
}

/// Whose history is read, and which part of it.
#[derive(Clone, Debug, Args)]
pub struct SyncArguments {
    /// Accounts, by number, by connection or as CONNECTION/NUMBER; all where none is named
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// From this day or moment on, in UTC; as far back as the provider reaches where nothing is said
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,
    /// Until this day or moment, in UTC; now where nothing is said
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Read again what was read before
    #[arg(long)]
    pub full: bool,
}

/// Which accounts.
#[derive(Clone, Debug, Args)]
pub struct AccountsArguments {
    /// Accounts, by number, by connection or as CONNECTION/NUMBER; all where none is named
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
}

/// What is printed for another program.
#[derive(Clone, Debug, Args)]
pub struct ExportArguments {
    /// Accounts, by number, by connection or as CONNECTION/NUMBER; all where none is named
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// As what
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// What a table is of; a journal has all of it
    #[arg(long, value_enum, default_value_t = ExportSubject::Trades)]
    pub subject: ExportSubject,
    /// Which lots a sale takes first
    #[arg(long, value_enum, default_value_t = LotMethod::Fifo)]
    pub method: LotMethod,
}

/// How the ledger is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A journal for beancount.
    Beancount,
    /// A journal for hledger.
    Hledger,
    /// A table, comma-separated.
    Csv,
    /// A table, an object a line.
    Jsonl,
}

/// What a table is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportSubject {
    /// Executions.
    Trades,
    /// What is open.
    Lots,
    /// What became final.
    Realised,
}

/// Which lots a closing takes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LotMethod {
    /// The oldest.
    Fifo,
    /// The newest.
    Lifo,
    /// The dearest.
    Highest,
    /// None: their average.
    Average,
}

/// Which entries of the ledger are printed.
#[derive(Clone, Debug, Args)]
pub struct TradesArguments {
    /// Accounts, by number, by connection or as CONNECTION/NUMBER; all where none is named
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// Only of this instrument
    #[arg(long)]
    pub symbol: Option<String>,
    /// From this day or moment on, in UTC
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,
    /// Until this day or moment, in UTC
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Dividends, fees, transfers and everything else as well
    #[arg(long)]
    pub all: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// What a new connection is.
#[derive(Clone, Debug, Args)]
pub struct ConnectArguments {
    /// Which provider, as in `alpaca`
    #[arg(value_name = "PROVIDER")]
    pub provider: String,
    /// What to call it; the provider's name where nothing is said
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Whose money
    #[arg(long, value_enum, default_value_t = World::Paper)]
    pub environment: World,
    /// Which of the provider's ways to sign in; its first where nothing is said
    #[arg(long, value_name = "WAY")]
    pub way: Option<String>,
    /// The SHA-256 of the certificate that a program on this machine must have, instead of being asked
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Option<String>,
    /// Read the credentials from a file descriptor, as lines of name=value
    #[arg(long, value_name = "N")]
    pub secret_fd: Option<u32>,
}

/// Paper or live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum World {
    /// The provider's own simulation
    Paper,
    /// Real money
    Live,
}

impl From<World> for Environment {
    fn from(world: World) -> Self {
        match world {
            World::Paper => Self::Paper,
            World::Live => Self::Live,
        }
    }
}

/// How to simulate.
#[derive(Clone, Debug, Args)]
pub struct SimArguments {
    /// Which provider, as in `alpaca`
    #[arg(value_name = "NAME")]
    pub provider: String,
    /// Port on this machine; 0 picks one, and further addresses take the next ones
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Where every random thing comes from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Recordings to replay
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub replay: Vec<PathBuf>,
    /// How many times as fast as recorded, or `max`
    #[arg(long, default_value = "1", value_name = "N|max")]
    pub speed: Speed,
    /// When the market is open
    #[arg(long, value_enum, default_value_t = Hours::Always)]
    pub market_hours: Hours,
    /// What goes wrong, as in `orders.post:500-after:1`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub fault: Vec<String>,
    /// Quotes a second, over all symbols
    #[arg(long, default_value_t = 200)]
    pub rate: u32,
    /// Number of symbols; never fewer than the well-known ones
    #[arg(long, default_value_t = 0)]
    pub universe: usize,
}

/// When a simulated market is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hours {
    /// In the exchange's own hours
    Real,
    /// At any hour
    Always,
}

impl From<Hours> for MarketHours {
    fn from(hours: Hours) -> Self {
        match hours {
            Hours::Real => Self::Real,
            Hours::Always => Self::Always,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_its_line_of_help() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_arguments() {
                let id = argument.get_id();
                assert!(argument.get_help().is_some(), "{name} {id}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn options_for_every_command_go_before_or_after_it() {
        for line in [
            "tradedeck --json --set ui.theme=nord quotes AAPL BRK.B",
            "tradedeck quotes AAPL BRK.B --json --set ui.theme=nord",
        ] {
            let arguments = parse(line).unwrap();
            assert!(arguments.global.json, "{line}");
            assert_eq!(arguments.global.settings[0].key, "ui.theme");
            let Some(Command::Quotes { symbols }) = arguments.command else {
                panic!("{line}")
            };
            assert_eq!(symbols, ["AAPL", "BRK.B"]);
        }
        assert!(parse("tradedeck").unwrap().command.is_none());
    }

    #[test]
    fn a_simulator_takes_recordings_and_a_speed() {
        let line = "tradedeck sim alpaca --port 0 --replay a.csv b.csv --speed max --market-hours real --fault x:drop --fault y:429";
        let Some(Command::Sim(sim)) = parse(line).unwrap().command else {
            panic!("{line}")
        };
        assert_eq!(sim.replay.len(), 2);
        assert_eq!((sim.speed, sim.market_hours), (Speed::Max, Hours::Real));
        assert_eq!(sim.fault, ["x:drop", "y:429"]);
    }

    #[test]
    fn a_vault_command_takes_its_options_before_and_after() {
        for line in [
            "tradedeck vault --key-file k --yes rotate --cipher aes256",
            "tradedeck vault rotate --cipher aes256 --yes --key-file k",
        ] {
            let Arguments { global, command } = parse(line).unwrap();
            let Some(Command::Vault(vault)) = command else {
                panic!("{line}")
            };
            assert!(vault.opening.yes && global.key_file.is_some());
            let cipher = Some(Cipher::Aes256);
            assert_eq!(vault.command, VaultCommand::Rotate { cipher }, "{line}");
        }
    }

    #[test]
    fn secrets_of_a_vault_command_have_descriptors_of_their_own() {
        for (line, expected) in [
            ("vault passwd --new-passphrase-fd 4", (None, Some(4))),
            (
                "vault slots add --role viewer --new-passphrase-fd 4",
                (None, Some(4)),
            ),
            (
                "vault recover --recovery-code-fd 3 --new-passphrase-fd 4",
                (Some(3), Some(4)),
            ),
            ("vault restore 1 --recovery-code-fd 3", (Some(3), None)),
            ("vault check", (None, None)),
        ] {
            let parsed = parse(&format!("tradedeck {line}")).unwrap();
            let Some(Command::Vault(vault)) = parsed.command else {
                panic!("{line}")
            };
            assert_eq!(vault.command.descriptors(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_written_wrong_is_refused() {
        for line in [
            "tradedeck vault",
            "tradedeck vault init --cipher des",
            "tradedeck vault slots add --label x",
            "tradedeck vault slots add --role recovery",
            "tradedeck vault slots remove first",
            "tradedeck vault restore 2",
            "tradedeck quotes",
            "tradedeck sim alpaca --speed 0",
            "tradedeck --set ui.theme",
            "tradedeck connect alpaca --environment real",
            "tradedeck connect alpaca --secret-fd -1",
            "tradedeck frobnicate",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
