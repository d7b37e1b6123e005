//! Agents as their user accounts.

use tokenex_azure::AgentUser;
use tokenex_core::ErrorKind;

use crate::agents::office::{EXCHANGE, Office, claims, ready};
use crate::world::{ARM, GRAPH, field};

#[tokio::test(start_paused = true)]
async fn an_agent_acts_as_its_user_by_name_or_by_id() {
    let office = Office::new();
    let account = office.anna.agent_user("anna@contoso.example");
    let agent = office.agent(&office.anna);
    for user in [AgentUser::principal_name("anna@contoso.example"), AgentUser::object_id(account.object_id())] {
        let acting = agent.user(&office.world.scheduler, user).unwrap();
        let claims = claims(&*ready(&office.keep(acting.token(GRAPH).unwrap())).await);
        assert_eq!((claims["idtyp"].as_str(), claims["oid"].as_str()), (Some("user"), Some(account.object_id())));
        assert_eq!((&claims["xms_act_fct"], &claims["xms_sub_fct"]), (&"11".into(), &"13".into()));
    }
    let by: Vec<_> = office.asked_by(&office.anna).into_iter().filter_map(|exchange| exchange.user).collect();
    assert_eq!(by, ["anna@contoso.example", account.object_id()]);
}

#[tokio::test(start_paused = true)]
async fn the_agent_vouches_for_its_user_with_a_token_of_its_own() {
    let office = Office::new();
    office.anna.agent_user("anna@contoso.example");
    let user = AgentUser::principal_name("anna@contoso.example");
    let acting = office.agent(&office.anna).user(&office.world.scheduler, user).unwrap();
    ready(&office.keep(acting.token(GRAPH).unwrap())).await;

    let [made, vouching, asked] = &office.world.network.requests()[..] else { panic!("three requests") };
    let fields = ["grant_type", "client_id", "scope", "username", "requested_token_use"];
    let values = |request| fields.map(|name| field(request, name).unwrap_or_default());
    let (blueprint, anna) = (office.blueprint.client_id(), office.anna.client_id());
    assert_eq!(values(made), ["client_credentials", blueprint, EXCHANGE, "", ""]);
    assert_eq!(values(vouching), ["client_credentials", anna, EXCHANGE, "", ""]);
    assert_eq!(values(asked), ["user_fic", anna, GRAPH, "anna@contoso.example", "on_behalf_of"]);

    let (proof, vouched) = (field(asked, "client_assertion"), field(asked, "user_federated_identity_credential"));
    assert_eq!(proof, field(vouching, "client_assertion"), "the exchange token serves both");
    assert!(vouched.is_some() && vouched != proof);
}

#[tokio::test(start_paused = true)]
async fn several_scopes_of_a_user_share_both_tokens_and_stay_fresh() {
    let office = Office::new();
    office.anna.agent_user("anna@contoso.example");
    let user = AgentUser::principal_name("anna@contoso.example");
    let acting = office.agent(&office.anna).user(&office.world.scheduler, user).unwrap();
    let tokens = acting.tokens(&office.world.scheduler);
    let handles = [tokens.handle(GRAPH).unwrap(), tokens.handle(ARM).unwrap()];
    for handle in &handles {
        ready(handle).await;
    }
    assert_eq!((office.asked_by(&office.blueprint).len(), office.asked_by(&office.anna).len()), (1, 3));
    for _ in 0..12 * 60 {
        office.world.seconds(60).await;
        assert!(handles.iter().all(|handle| handle.peek().is_some()));
    }
    assert!(office.world.twin.exchanges().iter().all(|exchange| exchange.code().is_none()));
}

#[tokio::test(start_paused = true)]
async fn another_agent_of_the_blueprint_cannot_act_as_the_same_user() {
    let office = Office::new();
    office.anna.agent_user("anna@contoso.example");
    let acting = |agent| {
        let user = AgentUser::principal_name("anna@contoso.example");
        office.agent(agent).user(&office.world.scheduler, user).unwrap().token(GRAPH).unwrap()
    };
    let (anna, bert) = (office.keep(acting(&office.anna)), office.keep(acting(&office.bert)));
    ready(&anna).await;
    let error = bert.get().await.unwrap_err();
    assert_eq!((error.code(), error.step()), (Some("AADSTS65001"), Some("agent user token")));
}

#[tokio::test(start_paused = true)]
async fn who_is_no_user_is_refused_before_anything_is_sent() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    for bad in [AgentUser::principal_name("anna"), AgentUser::object_id(" ")] {
        let error = agent.user(&office.world.scheduler, bad).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("agent_user")));
    }
    let nobody = AgentUser::principal_name("nobody@contoso.example");
    let acting = agent.user(&office.world.scheduler, nobody).unwrap();
    assert_eq!(acting.token("User.Read").unwrap_err().code(), Some("scope"));
    let error = office.keep(acting.token(GRAPH).unwrap()).get().await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS50034"));
}
