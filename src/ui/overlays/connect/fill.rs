//! A provider's form: made from its offer, with the fields of the way that is chosen.

use super::{Page, sign_in};
use crate::domain::{ConnectionId, Environment, Text};
use crate::link::{Addition, FINGERPRINT, ProviderOffer, SecretRequest, SignInRequest, WayOffer};
use crate::ui::app::Action;
use crate::ui::key::Key;
use crate::ui::overlays::Layer;
use crate::ui::overlays::confirm::{Guard, Verdict};
use crate::ui::panes::PaneContext;
use crate::ui::widgets::form::{Field, Form};

/// Longest name of a connection, in characters.
const LONGEST_NAME: usize = 32;

/// A field of a provider's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Environment,
    Way,
    /// One of a way's secrets: the way's number, and its own.
    Secret(usize, usize),
    Name,
}

/// How many answers there are and the newest one.
pub(super) type Answers = (usize, Option<Addition>);

pub(super) fn answers(context: &PaneContext<'_>) -> Answers {
    let additions = &context.replica.additions;
    (additions.len(), additions.back().cloned())
}

/// A provider's form and what became of it so far.
pub(super) struct Fill {
    pub(super) offer: ProviderOffer,
    pub(super) form: Form<Of>,
    /// How the answers stood when the form was sent, until another one comes.
    pub(super) sent: Option<Answers>,
    pub(super) problem: Option<String>,
    /// The certificate that the person is asked about.
    pub(super) certificate: Option<Certificate>,
}

/// A certificate that nobody vouches for but the person.
pub(super) struct Certificate {
    pub(super) address: Text,
    pub(super) fingerprint: Text,
    guard: Guard,
}

impl Fill {
    pub(super) fn new(offer: ProviderOffer) -> Self {
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
            certificate: None,
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

    pub(super) fn way(&self) -> Option<&WayOffer> {
        self.offer.ways.get(self.chosen_way())
    }

    /// Shows the fields of the way that is chosen, and of no other.
    pub(super) fn show_way(&mut self) {
        let chosen = self.chosen_way();
        for (number, way) in self.offer.ways.iter().enumerate() {
            for index in 0..way.secrets.len() {
                self.form.show(Of::Secret(number, index), number == chosen);
            }
        }
    }

    pub(super) fn environment(&self) -> Environment {
        let chosen = self
            .offer
            .environments
            .get(self.form.chosen(Of::Environment));
        chosen.copied().unwrap_or(Environment::Paper)
    }

    /// What a key says to the question about a certificate.
    pub(super) fn certify(&mut self, context: &PaneContext<'_>, key: Key) -> Vec<Action> {
        let Some(asked) = &mut self.certificate else {
            return Vec::new();
        };
        match asked.guard.verdict(context.now, key) {
            Verdict::Nothing => Vec::new(),
            Verdict::No => {
                self.certificate = None;
                self.problem = Some("the certificate was not confirmed; nothing was kept".into());
                Vec::new()
            }
            Verdict::Yes => {
                let fingerprint = asked.fingerprint.clone();
                self.certificate = None;
                self.send(context, Some(&fingerprint))
            }
        }
    }

    pub(super) fn submit(&mut self, context: &PaneContext<'_>) -> Vec<Action> {
        self.send(context, None)
    }

    fn send(&mut self, context: &PaneContext<'_>, confirmed: Option<&Text>) -> Vec<Action> {
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
        let confirmed = confirmed.map(|it| (FINGERPRINT.to_owned(), it.as_str().to_owned().into()));
        let secrets = secrets.chain(confirmed);
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
    pub(super) fn hear(&mut self, context: &PaneContext<'_>) -> Option<Page> {
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
            Addition::Certificate {
                address,
                fingerprint,
            } => {
                self.certificate = Some(Certificate {
                    address,
                    fingerprint,
                    guard: Guard::new(context.now),
                });
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
