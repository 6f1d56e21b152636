//! Adding a connection: its credentials are asked for, checked with the provider, and sealed in the vault.

mod browser;
mod certificate;
mod change;

pub(super) use change::{disconnect, sign_in};

use super::args::ConnectArguments;
use super::exit::{Exit, Failure};
use super::secret::prompt::Ask;
use super::session::{Session, unanswered};
use super::show::json;
use super::vault::writes;
use super::{Run, print};
use crate::domain::{AccountId, ConnectionId, Environment, ProviderId, Text, Timestamp};
use crate::link::{Addition, ProviderOffer, SignInRequest, WayOffer};
use secrecy::SecretString;
use serde::Serialize;
use std::time::Duration;

/// Longest wait for a provider to accept or refuse credentials.
const ANSWER: Duration = Duration::from_secs(90);

/// A connection as it is asked for.
struct Wish {
    name: Option<ConnectionId>,
    provider: ProviderId,
    environment: Environment,
    way: Text,
    secrets: Vec<(String, SecretString)>,
}

/// Adds a connection.
///
/// # Errors
/// Credentials that are missing or refused, a provider that does not answer, a vault that does not open.
pub(super) async fn connect(mut run: Run<'_>, wanted: ConnectArguments) -> Result<Exit, Failure> {
    writes(&run)?;
    let setup = run.setup.clone();
    let mut session = Session::own(&setup).await?;
    let environment = Environment::from(wanted.environment);
    let offer = offer(&session.replica.offers, &wanted.provider, environment)?.clone();
    let way = way(&offer, wanted.way.as_deref())?.clone();
    let handed = run.handed.fields.take();
    if let Some(fields) = &handed {
        check_fields(&offer, &way, fields)?;
    }
    session.unlock(run.key()).await?;
    let secrets = match handed {
        Some(fields) => fields,
        None => ask_fields(&way, run.ask)?,
    };
    let name = wanted.name.as_deref().map(ConnectionId::new);
    let provider = offer.provider.clone();
    if way.by_browser {
        let request = SignInRequest::New {
            name,
            provider,
            environment,
            way: way.way.clone(),
            secrets,
        };
        browser::by_browser(&mut session, request, run.ask, run.clock).await?;
    } else {
        let wish = Wish {
            name,
            provider,
            environment,
            way: way.way.clone(),
            secrets,
        };
        certificate::add(&mut session, wish, wanted.fingerprint, run.ask).await?;
    }
    let addition = session.replica.additions.pop_back();
    session.close().await;
    let (connection, accounts) = reached(addition, &offer.title)?;
    let text = match run.global.json {
        true => json_of(run.clock.now(), &offer, environment, &connection, &accounts),
        false => text_of(environment, &connection, &accounts),
    };
    print(run.out, text.as_bytes())
}

fn offer<'o>(
    offers: &'o [ProviderOffer],
    provider: &str,
    environment: Environment,
) -> Result<&'o ProviderOffer, Failure> {
    let offer = offers.iter().find(|it| it.provider.as_str() == provider);
    let offer = offer.ok_or_else(|| {
        let known: Vec<&str> = offers.iter().map(|it| it.provider.as_str()).collect();
        let known = known.join(", ");
        usage(format!("no provider is called so; there are: {known}"))
    })?;
    match offer.environments.contains(&environment) {
        true => Ok(offer),
        false => Err(usage(format!(
            "{} has no {environment} environment",
            offer.title
        ))),
    }
}

fn way<'o>(offer: &'o ProviderOffer, wanted: Option<&str>) -> Result<&'o WayOffer, Failure> {
    let way = match wanted {
        None => offer.ways.first(),
        Some(wanted) => offer.ways.iter().find(|it| it.way.as_str() == wanted),
    };
    way.ok_or_else(|| {
        let known: Vec<&str> = offer.ways.iter().map(|it| it.way.as_str()).collect();
        let known = known.join(", ");
        usage(format!(
            "{} has these ways to sign in: {known}",
            offer.title
        ))
    })
}

fn usage(sentence: String) -> Failure {
    Failure::new(Exit::Usage, sentence)
}

/// Whether every field is there, once, and nothing else.
fn check_fields(
    offer: &ProviderOffer,
    way: &WayOffer,
    fields: &[(String, SecretString)],
) -> Result<(), Failure> {
    let wanted: Vec<&str> = way.secrets.iter().map(|it| it.name.as_str()).collect();
    let mut found: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = wanted.clone();
    found.sort_unstable();
    expected.sort_unstable();
    match found == expected {
        true => Ok(()),
        // What was handed over is not repeated: a line without its name may be the secret itself.
        false => Err(usage(format!(
            "{} asks for exactly these, each as a line name=value: {}",
            offer.title,
            wanted.join(", ")
        ))),
    }
}

fn ask_fields(
    way: &WayOffer,
    person: &mut dyn Ask,
) -> Result<Vec<(String, SecretString)>, Failure> {
    let fields = way.secrets.iter().map(|field| {
        let answer = person.ask(field.label.as_str(), field.hidden);
        let value = answer.map_err(|why| unanswered(why, "--secret-fd"))?;
        Ok((field.name.to_string(), value))
    });
    fields.collect()
}

/// What an addition came to; `title` is the provider's.
fn reached(
    addition: Option<Addition>,
    title: &Text,
) -> Result<(ConnectionId, Vec<AccountId>), Failure> {
    match addition {
        Some(Addition::Added {
            connection,
            accounts,
        }) => Ok((connection, accounts)),
        Some(Addition::Refused { why }) => Err(Failure::new(
            Exit::SignIn,
            format!(
                "{title} refused the credentials ({why}); nothing was kept, check them and the environment"
            ),
        )),
        Some(Addition::Unreachable { why }) => Err(Failure::new(
            Exit::Unreachable,
            format!("{title} does not answer ({why}); nothing was kept, try again later"),
        )),
        Some(Addition::Certificate { .. }) => Err(Failure::new(
            Exit::Failed,
            "its certificate was not confirmed; nothing was kept",
        )),
        Some(Addition::Failed { why }) => Err(Failure::new(Exit::Failed, why.as_str())),
        None => Err(Failure::new(
            Exit::OutcomeUnknown,
            format!(
                "{title} has not answered; look at `tradedeck connections` before trying again"
            ),
        )),
    }
}

#[derive(Serialize)]
struct Item<'c> {
    provider: &'c str,
    connection: &'c str,
    environment: &'static str,
    accounts: Vec<&'c str>,
}

fn json_of(
    now: Timestamp,
    offer: &ProviderOffer,
    environment: Environment,
    connection: &ConnectionId,
    accounts: &[AccountId],
) -> String {
    let item = Item {
        provider: offer.provider.as_str(),
        connection: connection.as_str(),
        environment: environment.as_str(),
        accounts: accounts.iter().map(|it| it.number.as_str()).collect(),
    };
    json::envelope(now, vec![item])
}

fn text_of(environment: Environment, connection: &ConnectionId, accounts: &[AccountId]) -> String {
    let numbers: Vec<String> = accounts.iter().map(AccountId::short).collect();
    let word = environment.as_str().to_uppercase();
    let reached = match numbers.is_empty() {
        true => "no account".to_owned(),
        false => numbers.join(", "),
    };
    format!("connected {connection} ({word}): {reached}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::SecretField;

    fn offers() -> Vec<ProviderOffer> {
        let field = |name: &str, hidden| SecretField {
            name: name.into(),
            label: format!("API {name}").into(),
            hidden,
        };
        vec![ProviderOffer {
            provider: ProviderId::new("alpaca"),
            title: "Alpaca".into(),
            gives: "everything".into(),
            environments: vec![Environment::Paper],
            ways: vec![WayOffer {
                way: "keys".into(),
                title: "API keys".into(),
                by_browser: false,
                secrets: vec![field("key", false), field("secret", true)],
                hint: "there".into(),
            }],
        }]
    }

    fn fields(names: &[&str]) -> Vec<(String, SecretString)> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), SecretString::from("hunter2")))
            .collect()
    }

    #[test]
    fn only_what_is_offered_can_be_connected() {
        let offers = offers();
        assert!(offer(&offers, "alpaca", Environment::Paper).is_ok());
        let other = offer(&offers, "alpacca", Environment::Paper).unwrap_err();
        assert_eq!(
            other.sentence,
            "no provider is called so; there are: alpaca"
        );
        let live = offer(&offers, "alpaca", Environment::Live).unwrap_err();
        assert_eq!(live.sentence, "Alpaca has no live environment");
        assert_eq!((other.exit, live.exit), (Exit::Usage, Exit::Usage));
    }

    #[test]
    fn every_field_once_and_nothing_else() {
        let offer = &offers()[0];
        let way = way(offer, None).unwrap();
        assert!(check_fields(offer, way, &fields(&["secret", "key"])).is_ok());
        for names in [
            &["key"][..],
            &["key", "secret", "more"],
            &["key", "key"],
            &["key", "Secret"],
        ] {
            let failure = check_fields(offer, way, &fields(names)).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{names:?}");
            assert!(!failure.sentence.contains("hunter2"));
        }
    }

    #[test]
    fn every_answer_has_its_number() {
        let offer = &offers()[0];
        let why = || "no".into();
        let cases = [
            (Some(Addition::Refused { why: why() }), Exit::SignIn),
            (
                Some(Addition::Unreachable { why: why() }),
                Exit::Unreachable,
            ),
            (Some(Addition::Failed { why: why() }), Exit::Failed),
            (None, Exit::OutcomeUnknown),
        ];
        for (addition, exit) in cases {
            assert_eq!(reached(addition, &offer.title).unwrap_err().exit, exit);
        }
    }

    #[test]
    fn what_was_connected_is_named() {
        let connection = ConnectionId::new("alpaca");
        let accounts = [AccountId {
            connection: connection.clone(),
            number: "PA3R4QS34821".into(),
        }];
        assert_eq!(
            text_of(Environment::Paper, &connection, &accounts),
            "connected alpaca (PAPER): …4821\n"
        );
        assert_eq!(
            json_of(
                Timestamp::EPOCH,
                &offers()[0],
                Environment::Paper,
                &connection,
                &accounts
            ),
            "{\"version\":1,\"as_of\":\"1970-01-01T00:00:00.000Z\",\"items\":[{\"provider\":\"alpaca\",\
             \"connection\":\"alpaca\",\"environment\":\"paper\",\"accounts\":[\"PA3R4QS34821\"]}]}\n"
        );
    }
}
