//! What may be connected, as the registry of providers lists it.

use crate::domain::ProviderId;
use crate::link::{ProviderOffer, SecretField, WayOffer};
use crate::providers::PROVIDERS;
use crate::providers::provider::{Grant, ProviderSpec, SecretSpec, Way};

/// What may be connected, for screens.
pub fn offers() -> Vec<ProviderOffer> {
    let field = |secret: &SecretSpec| SecretField {
        name: secret.name.into(),
        label: secret.label.into(),
        hidden: secret.hidden,
    };
    let way = |way: &Way| WayOffer {
        way: way.id.into(),
        title: way.title.into(),
        by_browser: way.grant == Grant::Browser,
        secrets: way.secrets.iter().map(field).collect(),
        hint: way.hint.into(),
    };
    let offer = |spec: &ProviderSpec| ProviderOffer {
        provider: ProviderId::new(spec.id),
        title: spec.title.into(),
        gives: spec.gives.into(),
        environments: spec.environments.to_vec(),
        ways: spec.ways.iter().map(way).collect(),
    };
    PROVIDERS.iter().map(offer).collect()
}
