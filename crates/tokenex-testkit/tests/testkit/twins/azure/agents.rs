//! Agent identities: blueprint, agent, agent's user, on behalf of a person.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, UserAccount};

use super::support::{ASSERTION_TYPE, Answer, ISSUER, MANAGEMENT, SUBJECT, World};

const EXCHANGE: &str = "api://AzureADTokenExchange/.default";
const GRAPH: &str = "https://graph.microsoft.com/.default";
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

struct Agents {
    world: World,
    blueprint: App,
    agent: App,
    user: UserAccount,
}

impl Agents {
    fn new() -> Self {
        let world = World::new();
        let blueprint = world.tenant.blueprint("helpers");
        blueprint.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        let agent = blueprint.agent("first");
        let user = agent.agent_user("first@contoso.com");
        Self { world, blueprint, agent, user }
    }

    /// The blueprint's exchange token for this agent.
    fn t1(&self, agent: &App) -> Answer {
        let identity = self.world.identity().sign();
        let path = [("fmi_path", agent.client_id())];
        self.world.exchange_as(self.blueprint.client_id(), &identity, EXCHANGE, &path)
    }

    fn as_agent(&self, agent: &App, t1: &str, scope: &str) -> Answer {
        self.world.exchange_as(agent.client_id(), t1, scope, &[])
    }

    fn ask(&self, grant: &str, t1: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", grant),
            ("client_id", self.agent.client_id()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", t1),
        ];
        form.extend_from_slice(more);
        self.world.post(self.world.tenant.id(), &form)
    }
}

#[test]
fn a_blueprint_makes_an_exchange_token_for_its_own_agents_only() {
    let agents = Agents::new();
    let claims = agents.t1(&agents.agent).claims();
    let (tenant, blueprint, agent) = (agents.world.tenant.id(), agents.blueprint.client_id(), agents.agent.client_id());
    assert_eq!(claims["aud"], EXCHANGE_AUDIENCE_ID);
    assert_eq!(claims["azp"], blueprint);
    assert_eq!(claims["sub"], format!("/eid1/c/pub/t/{tenant}/a/{blueprint}/{agent}"));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3899);

    let others = agents.world.tenant.blueprint("others").agent("other");
    assert_eq!(agents.t1(&others).refusal().2, 82_002);
    let identity = agents.world.identity().sign();
    let for_itself = agents.world.exchange_as(blueprint, &identity, MANAGEMENT, &[]);
    assert_eq!(for_itself.refusal(), (400, "unauthorized_client", 82_001));
    let path = [("fmi_path", agent)];
    assert_eq!(agents.world.exchange_as(blueprint, &identity, MANAGEMENT, &path).refusal().2, 82_001);
    agents.world.app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let ordinary = agents.world.exchange_as(agents.world.app.client_id(), &identity, EXCHANGE, &path);
    assert_eq!(ordinary.refusal().2, 82_002);
}

#[test]
fn an_agent_shows_the_exchange_token_made_for_itself() {
    let agents = Agents::new();
    let t1 = agents.t1(&agents.agent);
    let claims = agents.as_agent(&agents.agent, t1.token(), MANAGEMENT).claims();
    assert_eq!(claims["appid"], agents.agent.client_id());
    assert_eq!(claims["oid"], agents.agent.object_id());
    assert_eq!(claims["xms_par_app_azp"], agents.blueprint.client_id());
    assert_eq!(claims["xms_act_fct"], "11");

    let second = agents.blueprint.agent("second");
    assert_eq!(agents.as_agent(&second, t1.token(), MANAGEMENT).refusal().2, 700_213);
    let workload = agents.world.identity().sign();
    assert_eq!(agents.as_agent(&agents.agent, &workload, MANAGEMENT).refusal().2, 70_025, "agents own no credentials");
    agents.world.advance(Duration::from_secs(3599 + 300));
    assert_eq!(agents.as_agent(&agents.agent, t1.token(), MANAGEMENT).refusal().2, 700_024);
}

#[test]
fn an_agent_of_another_tenant_wants_the_exchange_token_of_that_tenant() {
    let agents = Agents::new();
    let other = agents.world.entra.tenant("fabrikam.com");
    agents.blueprint.install_in(&other);
    let agent = agents.blueprint.agent_in(&other, "theirs");
    let identity = agents.world.identity().sign();
    let exchange = |tenant: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", agents.blueprint.client_id()),
            ("scope", EXCHANGE),
            ("fmi_path", agent.client_id()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", identity.as_str()),
        ];
        agents.world.post(tenant, &form)
    };
    assert_eq!(exchange(agents.world.tenant.id()).refusal().2, 82_002);
    let t1 = exchange(other.id());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", agent.client_id()),
        ("scope", MANAGEMENT),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", t1.token()),
    ];
    assert_eq!(agents.world.post(other.id(), &form).claims()["tid"], other.id());
}

#[test]
fn an_agent_acts_as_its_own_user_by_name_or_by_id() {
    let agents = Agents::new();
    let t1 = agents.t1(&agents.agent).token().to_owned();
    let t2 = agents.as_agent(&agents.agent, &t1, EXCHANGE).token().to_owned();
    let ask = |t2: &str, user: (&str, &str)| {
        let more = [("user_federated_identity_credential", t2), user, ("scope", GRAPH)];
        agents.ask("user_fic", &t1, &more)
    };
    for user in [("username", "first@contoso.com"), ("user_id", agents.user.object_id())] {
        let answer = ask(&t2, user);
        let claims = verify_with_jwks(&agents.world.tenant.jwks(), answer.token()).unwrap();
        assert_eq!((&claims["oid"], &claims["idtyp"]), (&json!(agents.user.object_id()), &json!("user")));
        assert_eq!(claims["appid"], agents.agent.client_id());
        assert_eq!(claims["xms_sub_fct"], "13");
        assert_eq!(agents.world.entra.exchanges().last().unwrap().user.as_deref(), Some(user.1));
    }
    agents.world.tenant.user("person@contoso.com");
    assert_eq!(ask(&t2, ("username", "person@contoso.com")).refusal().2, 65_001, "not the agent's user");
    assert_eq!(ask(&t2, ("username", "nobody@contoso.com")).refusal().2, 50_034);
    assert_eq!(ask(&t1, ("username", "first@contoso.com")).refusal().2, 700_213, "the first token for the second");
    let for_management = agents.as_agent(&agents.agent, &t1, MANAGEMENT).token().to_owned();
    assert_eq!(ask(&for_management, ("username", "first@contoso.com")).refusal().2, 700_212);
    assert_eq!(agents.ask("user_fic", &t1, &[("scope", GRAPH)]).refusal().2, 900_144);
}

#[test]
fn a_user_can_be_signed_in_and_renewed() {
    let agents = Agents::new();
    let t1 = agents.t1(&agents.agent).token().to_owned();
    let t2 = agents.as_agent(&agents.agent, &t1, EXCHANGE).token().to_owned();
    let scope = "https://graph.microsoft.com/User.Read openid profile offline_access";
    let more = [
        ("user_federated_identity_credential", t2.as_str()),
        ("username", "first@contoso.com"),
        ("scope", scope),
        ("client_info", "1"),
    ];
    let answer = agents.ask("user_fic", &t1, &more);
    assert_eq!(answer.claims()["scp"], "User.Read");
    let id = verify_with_jwks(&agents.world.tenant.jwks(), answer.body["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(id["aud"], agents.agent.client_id());
    assert_eq!(id["preferred_username"], "first@contoso.com");
    assert!(answer.body["client_info"].is_string());

    let refresh = answer.body["refresh_token"].as_str().unwrap();
    let renewed = agents.ask("refresh_token", &t1, &[("refresh_token", refresh)]);
    assert_eq!(renewed.claims()["oid"], agents.user.object_id());
    assert_eq!(agents.ask("refresh_token", &t1, &[("refresh_token", "made up")]).refusal().2, 70_000);
}

#[test]
fn an_agent_acts_for_a_person_who_signed_in_at_its_blueprint() {
    let agents = Agents::new();
    let person = agents.world.tenant.user("person@contoso.com");
    let t1 = agents.t1(&agents.agent).token().to_owned();
    let ask = |assertion: &str, token_use: &str| {
        let more = [("assertion", assertion), ("requested_token_use", token_use), ("scope", GRAPH)];
        agents.ask(ON_BEHALF_OF, &t1, &more)
    };
    let signed_in = person.token_for(&agents.blueprint);
    let claims = ask(&signed_in, "on_behalf_of").claims();
    assert_eq!((&claims["oid"], &claims["upn"]), (&json!(person.object_id()), &json!("person@contoso.com")));

    assert_eq!(ask(&signed_in, "").refusal().2, 900_144);
    let elsewhere = person.token_for(&agents.world.app);
    assert_eq!(ask(&elsewhere, "on_behalf_of").refusal(), (400, "invalid_grant", 500_131));
    let forged = agents.world.identity().sign();
    assert_eq!(ask(&forged, "on_behalf_of").refusal().2, 50_013);
    agents.world.advance(Duration::from_secs(3599 + 300));
    let t1 = agents.t1(&agents.agent).token().to_owned();
    let more = [("assertion", signed_in.as_str()), ("requested_token_use", "on_behalf_of"), ("scope", GRAPH)];
    assert_eq!(agents.ask(ON_BEHALF_OF, &t1, &more).refusal().2, 500_133);
}
