//! For tests: one overlay on an empty screen, with a small world to read.

use crate::config::Config;
use crate::domain::{
    Account, AccountId, AssetClass, Balance, ClientOrderId, ConnectionId, Currency, Environment,
    Exits, Instrument, Level1, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position,
    ProviderId, Side, Symbol, TimeInForce, Timestamp,
};
use crate::link::vault::Opener;
use crate::link::{
    ConnectionState, ConnectionStatus, DoorRequest, Entry, EntryKind, Level, ProviderOffer,
    Replica, SecretField, SecretRequest, SignInRequest, VaultRequest, VaultRole, VaultStatus,
    WayOffer,
};
use crate::ui::app::Action;
use crate::ui::key::Key;
use crate::ui::keymap::Keymap;
use crate::ui::overlays::Overlay;
use crate::ui::panes::{PaneContext, Selection};
use crate::ui::theme::{Depth, Look, Theme};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

/// Everything an overlay reads, and a clock that moves a second a key.
pub(in crate::ui::overlays) struct Stage {
    pub(in crate::ui::overlays) replica: Replica,
    pub(in crate::ui::overlays) now: Timestamp,
    pub(in crate::ui::overlays) hidden: bool,
    pub(in crate::ui::overlays) killed: bool,
    zone: TimeZone,
    pub(in crate::ui::overlays) theme: Theme,
    config: Config,
    keymap: Keymap,
    selection: Selection,
}

impl Stage {
    /// The small world: a paper and a live account, one position, one quote, one order.
    pub(in crate::ui::overlays) fn new() -> Self {
        let now = Timestamp::parse("2026-11-23T15:00:00Z").unwrap();
        Self {
            replica: world(now),
            now,
            hidden: false,
            killed: false,
            zone: TimeZone::UTC,
            theme: Theme::embedded(Look {
                depth: Depth::None,
                swap_up_down: false,
            }),
            config: Config::default(),
            keymap: Keymap::new(&Config::default().keys).unwrap(),
            selection: Selection::default(),
        }
    }

    pub(in crate::ui::overlays) fn context(&self) -> PaneContext<'_> {
        PaneContext {
            replica: &self.replica,
            now: self.now,
            theme: &self.theme,
            config: &self.config,
            zone: &self.zone,
            keymap: &self.keymap,
            mode: Mode::Paper,
            hidden: self.hidden,
            killed: self.killed,
            focused: true,
            page: 10,
            selection: &self.selection,
        }
    }

    /// Presses keys a second apart; returns what the last one asked for.
    pub(in crate::ui::overlays) fn press(
        &mut self,
        overlay: &mut dyn Overlay,
        keys: &str,
    ) -> Vec<String> {
        let mut actions = Vec::new();
        for key in Key::script(keys).unwrap() {
            self.now = self.now.plus(Duration::from_secs(1));
            actions = overlay.key(&self.context(), key);
        }
        actions.iter().map(told).collect()
    }

    /// Tells the overlay that the replica changed; returns what it asked for.
    pub(in crate::ui::overlays) fn changed(&self, overlay: &mut dyn Overlay) -> Vec<String> {
        overlay.changed(&self.context()).iter().map(told).collect()
    }

    /// What a screen of that size shows, without the blanks at the ends of lines.
    pub(in crate::ui::overlays) fn shown(
        &self,
        overlay: &dyn Overlay,
        (width, height): (u16, u16),
    ) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        overlay.draw(&self.context(), buffer.area, &mut buffer);
        let line = |y| {
            (0..width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        let lines: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned()).collect();
        lines.join("\n")
    }
}

/// An action in a few words, without its secrets.
fn told(action: &Action) -> String {
    match action {
        Action::Send(request) => format!("send {request:?}"),
        Action::Sync {
            connection,
            account,
        } => format!("sync {connection:?} {account:?}"),
        Action::SendSecret(SecretRequest::CreateVault { .. } | SecretRequest::Unlock { .. }) => {
            "a command's".into()
        }
        Action::SendSecret(SecretRequest::Door(request)) => told_door(request),
        Action::SendSecret(SecretRequest::Vault(request)) => told_vault(request),
        Action::SendSecret(SecretRequest::SignIn(request)) => told_sign_in(request),
        Action::SendSecret(SecretRequest::AddConnection {
            name,
            provider,
            environment,
            way,
            secrets,
        }) => {
            let name = name.as_ref().map_or("-", ConnectionId::as_str);
            let fields: Vec<&str> = secrets.iter().map(|(field, _)| field.as_str()).collect();
            format!(
                "add {name} {provider} {environment} {way} {}",
                fields.join(",")
            )
        }
        Action::SendSecret(SecretRequest::RemoveConnection { connection }) => {
            format!("remove {connection}")
        }
        Action::Place(draft) => format!("place {draft:?}"),
        Action::Replace { id, change } => format!("replace {id} {change:?}"),
        Action::Open(layer) => format!("open {layer:?}"),
        Action::Close => "close".into(),
        Action::Run(command) => format!("run {}", command.spec().name),
        Action::Copy(text) => format!("copy {text}"),
        Action::Notice(level, text) => format!("{level:?}: {text}"),
        Action::UseTheme(name) => format!("use {name}"),
        Action::PreviewTheme(name) => format!("preview {}", name.as_deref().unwrap_or("-")),
        Action::AddToWatchlist(symbol) => format!("watch {symbol}"),
        Action::RemoveFromWatchlist(symbol) => format!("unwatch {symbol}"),
        Action::Kill => "kill".into(),
        Action::Quit => "quit".into(),
        Action::LookAround => "look around".into(),
    }
}

fn told_door(request: &DoorRequest) -> String {
    let file = |opener: &Opener| match &opener.key_file {
        Some(path) => format!(" with {}", path.display()),
        None => String::new(),
    };
    match request {
        DoorRequest::Create { .. } => "create vault".into(),
        DoorRequest::Unlock(opener) => format!("unlock{}", file(opener)),
        DoorRequest::AcceptOlder(opener) => format!("accept older{}", file(opener)),
        DoorRequest::Recover { .. } => "recover".into(),
        DoorRequest::Restore { backup, opener } => format!("restore {backup}{}", file(opener)),
    }
}

fn told_sign_in(request: &SignInRequest) -> String {
    match request {
        SignInRequest::New { provider, way, .. } => format!("sign in {provider} {way}"),
        SignInRequest::Again { connection } => format!("sign in again {connection}"),
        SignInRequest::Pasted { .. } => "paste back".into(),
        SignInRequest::GiveUp => "give up".into(),
    }
}

fn told_vault(request: &VaultRequest) -> String {
    match request {
        VaultRequest::Describe => "describe".into(),
        VaultRequest::ChangePassphrase { .. } => "change passphrase".into(),
        VaultRequest::AddSlot { role, label, .. } => format!("add {} {label}", role.name()),
        VaultRequest::RemoveSlot { slot } => format!("remove slot {slot}"),
        VaultRequest::RenewRecoveryCode => "renew code".into(),
        VaultRequest::Rotate { cipher, .. } => format!("rotate to {}", cipher.name()),
        VaultRequest::Compromised { .. } => "compromised".into(),
        VaultRequest::BackUp => "back up".into(),
        VaultRequest::Check => "check".into(),
    }
}

pub(in crate::ui::overlays) fn account(number: &str) -> AccountId {
    AccountId {
        connection: ConnectionId::new(if number.starts_with("PA") {
            "alpaca"
        } else {
            "alpaca-live"
        }),
        number: number.into(),
    }
}

fn world(now: Timestamp) -> Replica {
    let mut replica = Replica::default();
    replica.ready = true;
    replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    });
    replica.offers = offers();
    for (number, environment) in [
        ("PA3R4QS34821", Environment::Paper),
        ("884217730", Environment::Live),
    ] {
        let id = account(number);
        replica.connections.insert(
            id.connection.clone(),
            connection(&id.connection, environment),
        );
        replica
            .accounts
            .insert(id.clone(), an_account(&id, environment));
        replica.balances.insert(id.clone(), balance(&id, now));
    }
    let aapl = Symbol::new("AAPL");
    replica
        .positions
        .insert(account("PA3R4QS34821"), vec![position(&aapl, now)]);
    replica.quotes.insert(aapl.clone(), quote(&aapl, now));
    replica.instruments.insert(aapl.clone(), instrument(&aapl));
    let order = order(now);
    replica.orders.insert(order.id.clone(), order);
    replica.activity.push_back(entry(now));
    replica
}

fn offers() -> Vec<ProviderOffer> {
    let field = |name: &str, label: &str, hidden| SecretField {
        name: name.into(),
        label: label.into(),
        hidden,
    };
    let offer = |id: &str, title: &str, gives: &str, secrets| ProviderOffer {
        provider: ProviderId::new(id),
        title: title.into(),
        gives: gives.into(),
        environments: vec![Environment::Paper, Environment::Live],
        ways: vec![WayOffer {
            way: "keys".into(),
            title: "API keys".into(),
            by_browser: false,
            secrets,
            hint: "from the broker's dashboard, under API keys".into(),
        }],
    };
    vec![
        offer(
            "alpaca",
            "Alpaca",
            "accounts, positions, orders, live quotes (IEX)",
            vec![
                field("key", "API key ID", false),
                field("secret", "Secret key", true),
            ],
        ),
        offer(
            "tastytrade",
            "tastytrade",
            "accounts, positions",
            vec![field("token", "Refresh token", true)],
        ),
    ]
}

fn connection(id: &ConnectionId, environment: Environment) -> ConnectionStatus {
    ConnectionStatus {
        id: id.clone(),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment,
        state: ConnectionState::Live,
        feeds: vec![],
        latency_ms: Some(48),
        calls: 10,
        errors: 0,
        requests_left: None,
        last_sync: None,
        next_sync: None,
        way: "keys".into(),
        by_browser: false,
        session_until: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: None,
    }
}

fn an_account(id: &AccountId, environment: Environment) -> Account {
    Account {
        id: id.clone(),
        provider: ProviderId::new("alpaca"),
        environment,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn balance(id: &AccountId, now: Timestamp) -> Balance {
    let exact = |text: &str| text.parse().unwrap();
    Balance {
        account: id.clone(),
        currency: Currency::USD,
        equity: exact("104331.20"),
        previous_equity: Some(exact("103900.00")),
        cash: exact("20000.00"),
        buying_power: Some(exact("40000.00")),
        as_of: now,
    }
}

fn position(symbol: &Symbol, now: Timestamp) -> Position {
    Position {
        account: account("PA3R4QS34821"),
        symbol: symbol.clone(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        quantity: "120".parse().unwrap(),
        available: None,
        average_price: Some("171.20".parse().unwrap()),
        multiplier: rust_decimal::Decimal::ONE,
        reported_price: None,
        previous_close: None,
        as_of: now,
    }
}

fn quote(symbol: &Symbol, now: Timestamp) -> Level1 {
    Level1 {
        source: "IEX".into(),
        bid: Some("189.94".parse().unwrap()),
        ask: Some("189.96".parse().unwrap()),
        last: Some("189.95".parse().unwrap()),
        received: Some(now),
        exchange_time: Some(now),
        ..Level1::unknown(symbol.clone())
    }
}

fn instrument(symbol: &Symbol) -> Instrument {
    Instrument {
        symbol: symbol.clone(),
        name: "Apple Inc.".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: "0.01".parse().unwrap(),
        lot: "1".parse().unwrap(),
        tradable: true,
        fractionable: false,
        shortable: true,
    }
}

pub(in crate::ui::overlays) fn draft() -> OrderDraft {
    OrderDraft {
        account: account("PA3R4QS34821"),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity("100".parse().unwrap()),
        kind: OrderKind::Limit {
            limit: "189.90".parse().unwrap(),
        },
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn order(now: Timestamp) -> Order {
    Order {
        id: ClientOrderId::new("0d9c"),
        provider_id: Some("61e69015".into()),
        draft: draft(),
        state: OrderState::Working,
        filled: "25".parse().unwrap(),
        average_price: Some("189.88".parse().unwrap()),
        created: now,
        updated: now,
        replaces: None,
        parent: None,
    }
}

fn entry(now: Timestamp) -> Entry {
    Entry {
        id: 7,
        time: now,
        kind: EntryKind::Sync,
        level: Level::Warn,
        connection: Some(ConnectionId::new("alpaca")),
        account: Some(account("PA3R4QS34821")),
        text: "214 trades read, 3 new, 0 duplicates".into(),
        detail: Some("page 4 answered 429; repeated after 2 s".into()),
        took_ms: Some(2_149),
        progress: None,
    }
}
