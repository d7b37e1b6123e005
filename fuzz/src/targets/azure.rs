//! What Microsoft Entra and the platforms with managed identities answer.

use tokenex::azure::{AgentBlueprint, AgentUser, ClientSecret, Entra, ManagedIdentity, Platform};
use tokenex::core::sources::Closure;

use crate::exchange::{Ends, Place, exchange, jwt, workload};
use crate::oracle;

const SCOPE: &str = "https://management.azure.com/.default";

pub(super) fn federated(data: &[u8]) {
    exchange(data, Ends::Always, |_| Entra::federated("contoso.example", "client", workload()).build()?.token(SCOPE));
}

pub(super) fn client_secret(data: &[u8]) {
    let source = Closure::plain(|_| Ok(ClientSecret::new("client", oracle::password())));
    exchange(data, Ends::Always, |_| Entra::client_secret("contoso.example", source).build()?.token(SCOPE));
}

/// An agent as itself, as its account, and on behalf of a person. The first answer is that to its blueprint.
pub(super) fn agent(data: &[u8]) {
    let entra = || Entra::federated("contoso.example", "client", workload()).build();
    let agent = |place: &Place| AgentBlueprint::new(entra()?).agent(&place.scheduler, "agent");
    exchange(data, Ends::Always, |place| agent(place)?.token(SCOPE));
    let account = AgentUser::principal_name("anna@contoso.example");
    exchange(data, Ends::Always, |place| agent(place)?.user(&place.scheduler, account)?.token(SCOPE));
    let person = Closure::plain(|_| Ok(jwt("client")));
    exchange(data, Ends::Always, |place| agent(place)?.on_behalf_of(person)?.token(SCOPE));
}

/// The same answer at each platform: they differ in how they say when a token ends, and in what they refuse with.
pub(super) fn managed_identity(data: &[u8]) {
    for platform in [
        Platform::Imds,
        Platform::AppService,
        Platform::Arc,
        Platform::ServiceFabric,
        Platform::CloudShell,
        Platform::MachineLearning,
    ] {
        exchange(data, Ends::Always, |_| {
            ManagedIdentity::builder().platform(platform).variables(variable).build()?.token(SCOPE)
        });
    }
}

fn variable(name: &str) -> Option<String> {
    Some(match name {
        "IDENTITY_ENDPOINT" | "MSI_ENDPOINT" => "http://127.0.0.1:1/token".to_owned(),
        "IDENTITY_HEADER" | "MSI_SECRET" => oracle::password().to_owned(),
        _ => return None,
    })
}
