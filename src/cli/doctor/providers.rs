//! What providers are reached by: their addresses, and where a browser comes back to.

use super::{Finding, Verdict};
use crate::auth::Profile;
use crate::auth::redirect::{Listener, NotListening};
use crate::config::Config;
use crate::domain::{Environment, ProviderId};
use crate::link::ConnectionStatus;
use crate::net::http::Request;
use crate::net::transport::Transport;
use crate::providers;
use crate::providers::provider::Grant;
use crate::runtime::addresses_of;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use url::Url;

/// Longest wait for an address to answer anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Key of the address that leads to this machine.
const REDIRECT: &str = "oauth_redirect";

/// Every address that the connections there are use, and the places where browsers come back to.
pub(super) async fn providers<'c>(
    config: &Config,
    connections: impl Iterator<Item = &'c ConnectionStatus>,
    transport: &dyn Transport,
) -> Vec<Finding> {
    let used: BTreeSet<(ProviderId, Environment)> = connections
        .map(|it| (it.provider.clone(), it.environment))
        .collect();
    let mut findings = Vec::new();
    for (provider, environment) in used {
        let addresses = addresses_of(&config.providers, &provider);
        findings.push(reachable(&provider, environment, &addresses, transport).await);
    }
    for spec in providers::PROVIDERS {
        let provider = ProviderId::new(spec.id);
        if spec.ways.iter().any(|way| way.grant == Grant::Browser) {
            findings.push(redirect(&provider, &addresses_of(&config.providers, &provider)).await);
        }
    }
    findings
}

/// Origins of the addresses that an environment uses: a key with the ending `_live` is for live alone.
pub(super) fn origins(
    addresses: &BTreeMap<String, String>,
    environment: Environment,
) -> BTreeSet<String> {
    let is_used = |key: &str| match (key.strip_suffix("_live"), environment) {
        (Some(_), Environment::Paper) => false,
        (Some(_), Environment::Live) => true,
        (None, Environment::Paper) => true,
        (None, Environment::Live) => !addresses.contains_key(&format!("{key}_live")),
    };
    let used = addresses
        .iter()
        .filter(|(key, _)| *key != REDIRECT && is_used(key));
    used.filter_map(|(_, address)| origin(address)).collect()
}

/// Where HTTP answers for an address: streams begin as HTTP as well.
fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let scheme = match url.scheme() {
        "https" | "wss" => "https",
        "http" | "ws" => "http",
        _ => return None,
    };
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

async fn reachable(
    provider: &ProviderId,
    environment: Environment,
    addresses: &BTreeMap<String, String>,
    transport: &dyn Transport,
) -> Finding {
    let check = format!("reach {provider} {environment}");
    let origins = origins(addresses, environment);
    let asked = origins.iter().map(|origin| ask(origin, transport));
    let problems: Vec<String> = join_all(asked).await.into_iter().flatten().collect();
    match problems.is_empty() {
        true => {
            let hosts: Vec<&str> = origins.iter().map(String::as_str).collect();
            Finding::new(check, Verdict::Good, hosts.join(", "))
        }
        false => Finding::new(check, Verdict::Bad, problems.join("; ")),
    }
}

/// What keeps an address from answering; any answer is one.
async fn ask(origin: &str, transport: &dyn Transport) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    let request = Request::get(url);
    let answer = tokio::time::timeout(PATIENCE, transport.send(&request)).await;
    match answer {
        Ok(Ok(_)) => None,
        Ok(Err(problem)) => Some(format!("{origin}: {problem}")),
        Err(_) => Some(format!("{origin}: no answer in {} s", PATIENCE.as_secs())),
    }
}

async fn redirect(provider: &ProviderId, addresses: &BTreeMap<String, String>) -> Finding {
    let check = format!("redirect {provider}");
    let profile = match Profile::from_settings(addresses, Environment::Live) {
        Ok(profile) => profile,
        Err(problem) => return Finding::new(check, Verdict::Bad, problem),
    };
    let place = profile.redirect.as_registered().to_owned();
    match Listener::bind(profile.redirect.url(), PATIENCE).await {
        Ok(_) => Finding::new(check, Verdict::Good, format!("{place} is free")),
        Err(NotListening::Elsewhere) => Finding::new(
            check,
            Verdict::Warn,
            format!("{place} is not on this machine; the address has to be pasted"),
        ),
        Err(problem) => Finding::new(
            check,
            Verdict::Warn,
            format!("{place}: {problem}; end what has the port, or paste the address"),
        ),
    }
}
