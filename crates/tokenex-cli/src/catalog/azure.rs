//! Tables of Azure, as providers.

use tokenex::Scheduler;
use tokenex::azure::{AgentBlueprint, AgentToken, AgentUser, ClientSecret, Cloud, Entra, ManagedIdentity, Platform};
use tokenex::core::{AnySource, Attempt, Input, Result, Secret, Source};

use super::opening::{Inputs, misfit};
use crate::config::{Acting, AzureAgent, EntraClient, EntraProof, WhichManagedIdentity};

/// A client in Entra.
pub(super) fn client<'a>(spec: &'a EntraClient, inputs: &mut impl Inputs<'a>) -> Result<Entra> {
    let builder = match &spec.proof {
        EntraProof::Token(proof) => Entra::federated(&spec.tenant_id, &spec.client_id, inputs.proof(proof)?),
        EntraProof::ClientSecret(secret) => {
            let secret = OfClient { client_id: spec.client_id.clone(), secret: inputs.secret(secret)? };
            Entra::client_secret(&spec.tenant_id, secret)
        }
    };
    builder.cloud(cloud(spec)?).build()
}

fn cloud(spec: &EntraClient) -> Result<Cloud> {
    let mut cloud = match &spec.authority_host {
        Some(host) if spec.dangerous_allow_http => Cloud::dangerous_at_http(host)?,
        Some(host) => Cloud::at(host)?,
        None => Cloud::public(),
    };
    if let Some(audience) = &spec.audience {
        cloud = cloud.exchange_audience(audience);
    }
    if let Some(audience) = &spec.accept_audience {
        cloud = cloud.accept_audience(audience);
    }
    Ok(cloud)
}

/// A secret, and whose it is.
struct OfClient {
    client_id: String,
    secret: AnySource<Secret>,
}

impl Source<ClientSecret> for OfClient {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<ClientSecret>> {
        self.secret.fetch(cx).await?.try_map(|secret| Ok(ClientSecret::new(&self.client_id, secret)))
    }
}

/// The managed identity of this machine.
pub(super) fn managed_identity(which: &WhichManagedIdentity) -> Result<ManagedIdentity> {
    let mut builder = ManagedIdentity::builder();
    if let Some(id) = &which.client_id {
        builder = builder.client_id(id);
    }
    if let Some(id) = &which.object_id {
        builder = builder.object_id(id);
    }
    if let Some(id) = &which.resource_id {
        builder = builder.resource_id(id);
    }
    if let Some(word) = &which.platform {
        let known = PLATFORMS.iter().find(|(known, _)| known == word);
        let (_, platform) = known.ok_or_else(|| misfit(format!("there is no platform {word:?}")))?;
        builder = builder.platform(*platform);
    }
    builder.build()
}

/// The words for platforms in the file.
const PLATFORMS: [(&str, Platform); 6] = [
    ("app-service", Platform::AppService),
    ("arc", Platform::Arc),
    ("cloud-shell", Platform::CloudShell),
    ("imds", Platform::Imds),
    ("machine-learning", Platform::MachineLearning),
    ("service-fabric", Platform::ServiceFabric),
];

/// The token of an agent identity. From now on `scheduler` keeps the agent's exchange token.
pub(super) fn agent<'a>(
    spec: &'a AzureAgent,
    inputs: &mut impl Inputs<'a>,
    scheduler: &Scheduler,
) -> Result<AgentToken> {
    let blueprint = AgentBlueprint::new(client(&spec.client, inputs)?);
    let agent = match &spec.agent_tenant_id {
        Some(tenant) => blueprint.agent_in(scheduler, tenant, &spec.agent_id)?,
        None => blueprint.agent(scheduler, &spec.agent_id)?,
    };
    match &spec.acting {
        Acting::AsItself => agent.token(&spec.scope),
        Acting::UserObjectId(id) => agent.user(scheduler, AgentUser::object_id(id))?.token(&spec.scope),
        Acting::UserPrincipalName(name) => agent.user(scheduler, AgentUser::principal_name(name))?.token(&spec.scope),
        Acting::OnBehalfOf(person) => agent.on_behalf_of(inputs.proof(person)?)?.token(&spec.scope),
    }
}
