//! A new connection: find a provider by name, fill in what it asks for, hear what came of it.
//!
//! The form is made from the provider's offer, so a new provider changes nothing here. What is typed stays until the
//! provider accepted it, so that one wrong character does not cost the whole form.

mod draw;

use crate::domain::{AccountId, ConnectionId, Environment};
use crate::link::{Addition, ProviderOffer, SecretRequest, SignInRequest, VaultStatus, WayOffer};
use crate::ui::app::Action;
use crate::ui::key::{Key, KeyCode};
use crate::ui::overlays::{Layer, Overlay, sign_in};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::dialog::{self, Dialog};
use crate::ui::widgets::form::{Field, Form, FormEvent};
use crate::ui::widgets::picker::{Picker, PickerEvent};
use crate::ui::widgets::spinner::TURN_MS;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Longest name of a connection, in characters.
const LONGEST_NAME: usize = 32;

/// Columns of the overlay, its frame included, and of its frame with the blank beside it.
const WIDTH: u16 = 92;
const AROUND: u16 = 6;

/// A field of a provider's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Environment,
    Way,
    /// One of a way's secrets: the way's number, and its own.
    Secret(usize, usize),
    Name,
}

/// What the overlay shows.
enum Page {
    /// The vault has to be opened first.
    Locked,
    /// The providers, by name.
    Pick(Picker),
    /// The form of one provider.
    Fill(Box<Fill>),
    /// It worked.
    Done {
        connection: ConnectionId,
        accounts: Vec<AccountId>,
    },
}

/// A provider's form and what became of it so far.
struct Fill {
    offer: ProviderOffer,
    form: Form<Of>,
    /// How the answers stood when the form was sent, until another one comes.
    sent: Option<Answers>,
    problem: Option<String>,
}

/// How many answers there are and the newest one.
type Answers = (usize, Option<Addition>);

/// The overlay of a new connection.
pub struct Connect {
    page: Page,
}

impl Connect {
    /// Starts with the providers, or with the vault where that is not open.
    pub fn new(context: &PaneContext<'_>) -> Self {
        Self {
            page: if is_open(context) {
                pick(context)
            } else {
                Page::Locked
            },
        }
    }

    fn dialog(&self, screen: Rect) -> Dialog<'static> {
        let (title, height) = match &self.page {
            Page::Locked => ("Connect", 9),
            Page::Pick(_) => ("Connect", 14),
            Page::Fill(fill) => {
                let fields = fill
                    .form
                    .height(WIDTH.min(screen.width).saturating_sub(AROUND));
                ("Connect", fields.saturating_add(11))
            }
            Page::Done { accounts, .. } => {
                let accounts = u16::try_from(accounts.len()).unwrap_or(u16::MAX);
                ("Connected", accounts.saturating_add(9))
            }
        };
        let is_live =
            matches!(&self.page, Page::Fill(fill) if fill.environment() == Environment::Live);
        Dialog {
            title,
            info: if is_live { "LIVE" } else { "" },
            width: WIDTH,
            height,
            live: is_live,
        }
    }

    fn inside(&self, screen: Rect) -> Rect {
        dialog::below(self.dialog(screen).inside(screen), 1)
    }

    fn key_in_list(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Pick(picker) = &mut self.page else {
            return Vec::new();
        };
        match picker.key(key) {
            PickerEvent::Picked(index) => {
                if let Some(offer) = context.replica.offers.get(index) {
                    self.page = Page::Fill(Box::new(Fill::new(offer.clone())));
                }
                Vec::new()
            }
            PickerEvent::Close => vec![Action::Close],
            PickerEvent::Moved | PickerEvent::NotMine => Vec::new(),
        }
    }

    fn key_in_form(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Page::Fill(fill) = &mut self.page else {
            return Vec::new();
        };
        if fill.sent.is_some() {
            let leaves = key.code == KeyCode::Escape;
            return if leaves {
                vec![Action::Close]
            } else {
                Vec::new()
            };
        }
        match fill.form.key(key) {
            FormEvent::Submit => fill.submit(context),
            FormEvent::Close => {
                self.page = pick(context);
                Vec::new()
            }
            FormEvent::Changed(Of::Way) => {
                fill.show_way();
                Vec::new()
            }
            FormEvent::Changed(_) | FormEvent::Left(_) | FormEvent::Taken | FormEvent::NotMine => {
                Vec::new()
            }
        }
    }
}

fn is_open(context: &PaneContext<'_>) -> bool {
    matches!(context.replica.vault, Some(VaultStatus::Open { .. }))
}

fn pick(context: &PaneContext<'_>) -> Page {
    let offers = context.replica.offers.iter();
    let texts = offers.map(|offer| format!("{} {} {}", offer.title, offer.provider, offer.gives));
    Page::Pick(Picker::new(texts.collect(), 0))
}

fn answers(context: &PaneContext<'_>) -> Answers {
    let additions = &context.replica.additions;
    (additions.len(), additions.back().cloned())
}

impl Fill {
    fn new(offer: ProviderOffer) -> Self {
        let environments: Vec<String> =
            offer.environments.iter().map(ToString::to_string).collect();
        let mut fields = vec![Field::choice(
            Of::Environment,
            "Environment",
            environments,
            0,
        )];
        if offer.ways.len() > 1 {
            let titles = offer.ways.iter().map(|way| way.title.to_string());
            fields.push(Field::choice(Of::Way, "Sign in by", titles.collect(), 0));
        }
        for (number, way) in offer.ways.iter().enumerate() {
            fields.extend(way.secrets.iter().enumerate().map(|(index, secret)| {
                let field = if secret.hidden {
                    Field::secret
                } else {
                    Field::visible_secret
                };
                field(Of::Secret(number, index), secret.label.as_str()).required()
            }));
        }
        fields.push(Field::text(Of::Name, "Name", "", LONGEST_NAME).hint("optional"));
        let mut form = Form::new(fields);
        let asks = offer
            .ways
            .first()
            .is_some_and(|way| !way.secrets.is_empty());
        if offer.environments.len() < 2 && offer.ways.len() < 2 && asks {
            form.focus(Of::Secret(0, 0));
        }
        let mut fill = Self {
            offer,
            form,
            sent: None,
            problem: None,
        };
        fill.show_way();
        fill
    }

    /// The number of the way that is chosen.
    fn chosen_way(&self) -> usize {
        match self.offer.ways.len() {
            0 | 1 => 0,
            _ => self.form.chosen(Of::Way),
        }
    }

    fn way(&self) -> Option<&WayOffer> {
        self.offer.ways.get(self.chosen_way())
    }

    /// Shows the fields of the way that is chosen, and of no other.
    fn show_way(&mut self) {
        let chosen = self.chosen_way();
        for (number, way) in self.offer.ways.iter().enumerate() {
            for index in 0..way.secrets.len() {
                self.form.show(Of::Secret(number, index), number == chosen);
            }
        }
    }

    fn environment(&self) -> Environment {
        let chosen = self
            .offer
            .environments
            .get(self.form.chosen(Of::Environment));
        chosen.copied().unwrap_or(Environment::Paper)
    }

    fn submit(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        self.problem = None;
        let name = self.form.text(Of::Name).to_owned();
        self.form.set_error(Of::Name, name_error(&name, context));
        let number = self.chosen_way();
        let Some(way) = self.offer.ways.get(number) else {
            return Vec::new();
        };
        for index in 0..way.secrets.len() {
            let field = Of::Secret(number, index);
            let is_empty = self.form.secret(field).is_none_or(|it| it.is_empty());
            let error = is_empty.then(|| "this is needed".to_owned());
            self.form.set_error(field, error);
        }
        if self.form.focus_first_error() {
            return Vec::new();
        }
        let secrets = way.secrets.iter().enumerate();
        let secrets = secrets.filter_map(|(index, field)| {
            let secret = self.form.secret(Of::Secret(number, index))?;
            Some((field.name.as_str().to_owned(), secret.copy()))
        });
        let (name, provider) = (
            (!name.is_empty()).then(|| ConnectionId::new(&name)),
            self.offer.provider.clone(),
        );
        let (environment, secrets) = (self.environment(), secrets.collect());
        if way.by_browser {
            let request = SignInRequest::New {
                name,
                provider,
                environment,
                way: way.way.clone(),
                secrets,
            };
            return vec![sign_in::ask(request), Action::Open(Layer::SignIn(None))];
        }
        let request = SecretRequest::AddConnection {
            name,
            provider,
            environment,
            way: way.way.clone(),
            secrets,
        };
        self.sent = Some(answers(context));
        vec![Action::SendSecret(request)]
    }

    /// Takes in an answer that came since the form was sent; returns the page that follows, if it is another one.
    fn hear(&mut self, context: &PaneContext<'_>) -> Option<Page> {
        let now = answers(context);
        if self.sent.as_ref().is_none_or(|before| *before == now) {
            return None;
        }
        self.sent = None;
        match now.1? {
            Addition::Added {
                connection,
                accounts,
            } => {
                return Some(Page::Done {
                    connection,
                    accounts,
                });
            }
            Addition::Refused { why } => {
                self.problem = Some(format!("{} refused: {why}", self.offer.title))
            }
            Addition::Unreachable { why } => {
                self.problem = Some(format!("{} did not answer: {why}", self.offer.title));
            }
            Addition::Failed { why } => self.problem = Some(why.to_string()),
        }
        None
    }
}

/// What is wrong with a connection's name; an empty one lets the runtime choose.
fn name_error(name: &str, context: &PaneContext<'_>) -> Option<String> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if !name.chars().all(is_plain) {
        return Some("letters, digits and - only".into());
    }
    let is_taken = context
        .replica
        .connections
        .contains_key(&ConnectionId::new(name));
    is_taken.then(|| format!("there is a connection called {name}"))
}

impl Overlay for Connect {
    fn name(&self) -> &'static str {
        "connect"
    }

    fn key(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        match (&self.page, key.code) {
            (Page::Locked, KeyCode::Enter) => vec![Action::Open(Layer::Unlock)],
            (Page::Locked, KeyCode::Escape)
            | (Page::Done { .. }, KeyCode::Escape | KeyCode::Enter) => {
                vec![Action::Close]
            }
            (Page::Locked | Page::Done { .. }, _) => Vec::new(),
            (Page::Pick(_), _) => self.key_in_list(context, key),
            (Page::Fill(_), _) => self.key_in_form(context, key),
        }
    }

    fn paste(&mut self, _context: &PaneContext<'_>, text: &str) -> Vec<Action> {
        match &mut self.page {
            Page::Pick(picker) => picker.paste(text),
            Page::Fill(fill) if fill.sent.is_none() => {
                fill.form.paste(text);
            }
            Page::Fill(_) | Page::Locked | Page::Done { .. } => {}
        }
        Vec::new()
    }

    fn click(&mut self, context: &PaneContext<'_>, area: Rect, at: Position) -> Vec<Action> {
        let inside = self.inside(area);
        if let Page::Pick(picker) = &mut self.page
            && let Some(row) = picker.row_at(inside, at)
            && picker.select_row(row)
        {
            return self.key_in_list(context, Key::plain(KeyCode::Enter));
        }
        Vec::new()
    }

    fn changed(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        let next = match &mut self.page {
            Page::Locked if is_open(context) => Some(pick(context)),
            Page::Fill(fill) => fill.hear(context),
            Page::Locked | Page::Pick(_) | Page::Done { .. } => None,
        };
        if let Some(page) = next {
            self.page = page;
        }
        Vec::new()
    }

    fn draw(&self, context: &PaneContext<'_>, area: Rect, buffer: &mut Buffer) {
        let inside = dialog::below(self.dialog(area).draw(context.theme, area, buffer), 1);
        match &self.page {
            Page::Locked => draw::locked(context, inside, buffer),
            Page::Pick(picker) => draw::offers(context, picker, inside, buffer),
            Page::Fill(fill) => draw::fill(context, fill, inside, buffer),
            Page::Done {
                connection,
                accounts,
            } => draw::done(context, connection, accounts, inside, buffer),
        }
    }

    fn cursor(&self, _context: &PaneContext<'_>, area: Rect) -> Option<Position> {
        let inside = self.inside(area);
        match &self.page {
            Page::Pick(picker) => Some(picker.cursor(inside)),
            Page::Fill(fill) if fill.sent.is_none() => fill.form.cursor(draw::fields(inside)),
            Page::Fill(_) | Page::Locked | Page::Done { .. } => None,
        }
    }

    fn hints(&self) -> Vec<(String, String)> {
        let hints: &[(&str, &str)] = match &self.page {
            Page::Pick(_) => &[("enter", "choose"), ("esc", "close")],
            Page::Fill(_) | Page::Locked | Page::Done { .. } => &[], // said inside
        };
        let owned = hints
            .iter()
            .map(|(key, hint)| ((*key).into(), (*hint).into()));
        owned.collect()
    }

    fn holds_secrets(&self) -> bool {
        true
    }

    fn next_change_ms(&self, _context: &PaneContext<'_>) -> Option<u64> {
        let is_waiting = matches!(&self.page, Page::Fill(fill) if fill.sent.is_some());
        is_waiting.then_some(TURN_MS)
    }
}

#[cfg(test)]
mod tests;
