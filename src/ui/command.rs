//! Everything a person can make the screen do: one line each, from which palette, help and key map are made.

use crate::ui::panes::PaneId;

/// Something to do, without any particulars: those come from what is focused and selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Gives a pane the keys.
    Focus(PaneId),
    /// Gives the next pane the keys.
    FocusNext,
    /// Gives the pane before the keys.
    FocusPrevious,
    /// Moves the selection up.
    Up,
    /// Moves the selection down.
    Down,
    /// Moves left.
    Left,
    /// Moves right.
    Right,
    /// Moves the selection a page up.
    PageUp,
    /// Moves the selection a page down.
    PageDown,
    /// Moves the selection to the first row.
    Top,
    /// Moves the selection to the last row.
    Bottom,
    /// Opens what is selected.
    Open,
    /// Takes back the last step: a filter, a zoom, a notice.
    Back,
    /// Gives the focused pane the whole screen, and back.
    Zoom,
    /// The arrangement after this one.
    LayoutNext,
    /// The arrangement before this one.
    LayoutPrevious,
    /// Types a filter for the focused pane.
    Filter,
    /// Sorts by the next column.
    SortNext,
    /// Turns the order round.
    SortReverse,
    /// Groups rows another way.
    Group,
    /// Shows the next view of the pane: a watchlist, a kind of entry, a timeframe.
    NextView,
    /// Finds a command by name.
    Palette,
    /// Shows every key.
    Help,
    /// Reads the selected account, or all of the selected connection, with its history.
    Sync,
    /// Reads every connection with the histories of its accounts.
    SyncAll,
    /// Stops reading histories.
    StopSync,
    /// Adds a connection, or starts the selected one again.
    Connect,
    /// Stops the selected connection.
    Disconnect,
    /// Opens a ticket to buy the selected symbol.
    Buy,
    /// Opens a ticket to sell the selected symbol.
    Sell,
    /// Changes the selected order.
    Change,
    /// Cancels the selected order, or takes the selected symbol off its list.
    Cancel,
    /// Adds a symbol to the list shown.
    AddSymbol,
    /// Switches between paper and live.
    ToggleMode,
    /// Blocks new orders and cancels the working ones.
    KillSwitch,
    /// Hides amounts, and shows them again.
    HideAmounts,
    /// Shows the vault: who may open it, its keys, its backups.
    Vault,
    /// Locks the vault.
    Lock,
    /// Copies what is selected.
    Copy,
    /// Picks a theme.
    Themes,
    /// Draws the whole screen anew.
    Redraw,
    /// Puts the program to sleep; `fg` wakes it.
    Suspend,
    /// Leaves the program.
    Quit,
}

/// Under which heading the help lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Getting about.
    Move,
    /// What is shown.
    View,
    /// Connections and data.
    Data,
    /// Orders.
    Orders,
    /// The program itself.
    Program,
}

impl Section {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::View => "View",
            Self::Data => "Connections and data",
            Self::Orders => "Orders",
            Self::Program => "Program",
        }
    }
}

/// A command's line in the list.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// What it does.
    pub command: Command,
    /// Its name in the palette and in the configuration: `sync-all`.
    pub name: &'static str,
    /// One or two words for a key hint: `sync all`.
    pub hint: &'static str,
    /// What it does, in one sentence for the help.
    pub help: &'static str,
    /// Where the help lists it.
    pub section: Section,
    /// The keys that run it, as [`crate::ui::key::Key::parse`] reads them; the first is the one shown.
    pub keys: &'static [&'static str],
}

const fn spec(
    command: Command,
    name: &'static str,
    hint: &'static str,
    help: &'static str,
    section: Section,
    keys: &'static [&'static str],
) -> CommandSpec {
    CommandSpec {
        command,
        name,
        hint,
        help,
        section,
        keys,
    }
}

use Command as C;
use Section as S;

/// Every command, in the order of the help.
#[rustfmt::skip] // a table
pub const COMMANDS: &[CommandSpec] = &[
    spec(C::Focus(PaneId::Accounts), "accounts", "accounts", "Go to the accounts", S::Move, &["1"]),
    spec(C::Focus(PaneId::Positions), "positions", "positions", "Go to the positions", S::Move, &["2"]),
    spec(C::Focus(PaneId::Quotes), "quotes", "quotes", "Go to the quotes", S::Move, &["3"]),
    spec(C::Focus(PaneId::Orders), "orders", "orders", "Go to the orders", S::Move, &["4"]),
    spec(C::Focus(PaneId::Activity), "activity", "activity", "Go to the activity", S::Move, &["5"]),
    spec(C::Focus(PaneId::Health), "health", "health", "Go to the health of the connections", S::Move, &["6"]),
    spec(C::Focus(PaneId::Detail), "detail", "detail", "Go to the chart and details of the selected symbol", S::Move, &["7"]),
    spec(C::FocusNext, "focus-next", "next pane", "Go to the next pane", S::Move, &["tab"]),
    spec(C::FocusPrevious, "focus-previous", "pane before", "Go to the pane before", S::Move, &["shift-tab"]),
    spec(C::Up, "up", "up", "Move up", S::Move, &["k", "up"]),
    spec(C::Down, "down", "down", "Move down", S::Move, &["j", "down"]),
    spec(C::Left, "left", "left", "Move left", S::Move, &["h", "left"]),
    spec(C::Right, "right", "right", "Move right", S::Move, &["l", "right"]),
    spec(C::PageUp, "page-up", "page up", "Move a page up", S::Move, &["pgup", "ctrl-u"]),
    spec(C::PageDown, "page-down", "page down", "Move a page down", S::Move, &["pgdn", "ctrl-d"]),
    spec(C::Top, "top", "top", "Move to the first row", S::Move, &["g", "home"]),
    spec(C::Bottom, "bottom", "bottom", "Move to the last row", S::Move, &["G", "end"]),
    spec(C::Open, "open", "open", "Open what is selected", S::Move, &["enter"]),
    spec(C::Back, "back", "back", "Take back the last step: a notice, a filter, a zoom", S::Move, &["esc"]),
    spec(C::Zoom, "zoom", "zoom", "Give the pane the whole screen, and back", S::View, &["z"]),
    spec(C::LayoutPrevious, "layout-previous", "layout", "Use the arrangement before this one", S::View, &["["]),
    spec(C::LayoutNext, "layout-next", "layout", "Use the next arrangement of panes", S::View, &["]"]),
    spec(C::Filter, "filter", "filter", "Filter the rows; start with ! to hide what matches", S::View, &["/"]),
    spec(C::SortNext, "sort", "sort", "Sort by the next column", S::View, &["o"]),
    spec(C::SortReverse, "sort-reverse", "reverse", "Turn the order round", S::View, &["O"]),
    spec(C::Group, "group", "group", "Group positions by account, by symbol, or not at all", S::View, &["i"]),
    spec(C::NextView, "next-view", "view", "Show the next watchlist, kind of entry or timeframe", S::View, &["w"]),
    spec(C::HideAmounts, "hide-amounts", "hide", "Hide amounts, and show them again", S::View, &["p"]),
    spec(C::Themes, "themes", "theme", "Pick a theme", S::View, &["t"]),
    spec(C::Sync, "sync", "sync", "Read the selected account again, with its history", S::Data, &["s"]),
    spec(C::SyncAll, "sync-all", "sync all", "Read every account again, with its history", S::Data, &["S"]),
    spec(C::StopSync, "stop-sync", "stop sync", "Stop reading histories; what was read is kept", S::Data, &["ctrl-x"]),
    spec(C::Connect, "connect", "connect", "Add a connection, or start the selected one again", S::Data, &["c"]),
    spec(C::Disconnect, "disconnect", "disconnect", "Stop the selected connection", S::Data, &["d"]),
    spec(C::AddSymbol, "add", "add", "Add a symbol to the list shown", S::Data, &["a"]),
    spec(C::Copy, "copy", "copy", "Copy what is selected to the clipboard", S::Data, &["y"]),
    spec(C::Buy, "buy", "buy", "Buy the selected symbol", S::Orders, &["b"]),
    spec(C::Sell, "sell", "sell", "Sell the selected symbol", S::Orders, &["x"]),
    spec(C::Change, "change", "change", "Change the selected order", S::Orders, &["e"]),
    spec(C::Cancel, "cancel", "cancel", "Cancel the selected order, or take the selected symbol off the list", S::Orders, &["del"]),
    spec(C::ToggleMode, "mode", "paper/live", "Switch between paper and live", S::Orders, &["ctrl-t"]),
    spec(C::KillSwitch, "kill", "kill switch", "Block new orders and cancel the working ones", S::Orders, &["ctrl-k"]),
    spec(C::Palette, "palette", "command", "Find a command by name", S::Program, &[":", "ctrl-p"]),
    spec(C::Help, "help", "help", "Show every key", S::Program, &["?", "f1"]),
    spec(C::Vault, "vault", "vault", "Look after the vault: passphrase, who may open it, keys, backups", S::Program, &["V"]),
    spec(C::Lock, "lock", "lock", "Lock the vault", S::Program, &["L"]),
    spec(C::Redraw, "redraw", "redraw", "Draw the whole screen anew", S::Program, &["ctrl-l"]),
    spec(C::Suspend, "suspend", "suspend", "Put the program to sleep; fg wakes it", S::Program, &["ctrl-z"]),
    spec(C::Quit, "quit", "quit", "Leave the program", S::Program, &["q", "ctrl-c"]),
];

impl Command {
    /// Its line in [`COMMANDS`].
    pub fn spec(self) -> &'static CommandSpec {
        COMMANDS
            .iter()
            .find(|spec| spec.command == self)
            .expect("a test checks that every command is listed")
    }

    /// Whether it leads to an order or a credential, and so takes a trader.
    pub fn needs_trader(self) -> bool {
        matches!(
            self,
            C::Buy
                | C::Sell
                | C::Change
                | C::ToggleMode
                | C::KillSwitch
                | C::Connect
                | C::Disconnect
        )
    }

    /// Its line in the help; to a viewer without what takes a trader.
    pub fn help(self, for_viewing: bool) -> &'static str {
        match for_viewing && self == C::Cancel {
            true => "Take the selected symbol off the list",
            false => self.spec().help,
        }
    }

    /// What can be done: everything, or by a viewer only what takes no trader.
    pub fn offered(for_viewing: bool) -> Vec<Self> {
        let all = COMMANDS.iter().map(|spec| spec.command);
        all.filter(|command| !for_viewing || !command.needs_trader())
            .collect()
    }

    /// The command of that name.
    pub fn named(name: &str) -> Option<Self> {
        let spec = COMMANDS.iter().find(|spec| spec.name == name)?;
        Some(spec.command)
    }
}
