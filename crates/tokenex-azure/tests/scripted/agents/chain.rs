//! The blueprint, its exchange tokens, and agents that act on their own.

use std::time::Duration;

use tokenex_core::ErrorKind;
use tokenex_testkit::canary::Canary;

use crate::agents::office::{EXCHANGE, Office, claims, ready};
use crate::world::{ARM, GRAPH, field};

#[tokio::test(start_paused = true)]
async fn an_agent_gets_its_tokens_by_an_exchange_token_that_was_made_for_it() {
    let office = Office::new();
    let token = ready(&office.keep(office.agent(&office.anna).token(ARM).unwrap())).await;

    let claims = claims(&token);
    assert_eq!(claims["appid"], office.anna.client_id());
    assert_eq!(claims["xms_par_app_azp"], office.blueprint.client_id());
    let made = office.world.twin.exchanges();
    let made: Vec<_> = made.iter().map(|e| (&*e.client_id, e.fmi_path.as_deref(), &*e.scope)).collect();
    let (blueprint, anna) = (office.blueprint.client_id(), office.anna.client_id());
    assert_eq!(made, [(blueprint, Some(anna), EXCHANGE), (anna, None, ARM)]);
}

#[tokio::test(start_paused = true)]
async fn all_scopes_of_an_agent_share_its_exchange_token() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    let tokens = agent.tokens(&office.world.scheduler);
    for scope in [ARM, GRAPH] {
        assert_eq!(ready(&tokens.handle(scope).unwrap()).await.scope().as_str(), scope);
    }
    ready(&office.keep(agent.clone().token(ARM).unwrap())).await;
    assert_eq!((office.asked_by(&office.blueprint).len(), office.asked_by(&office.anna).len()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn two_agents_of_one_blueprint_never_share_a_token() {
    let office = Office::new();
    let (anna, bert) = (office.agent(&office.anna), office.agent(&office.bert));
    let (anna, bert) = (anna.tokens(&office.world.scheduler), bert.tokens(&office.world.scheduler));
    for _ in 0..3 {
        for (tokens, who) in [(&anna, &office.anna), (&bert, &office.bert)] {
            let token = ready(&tokens.handle(GRAPH).unwrap()).await;
            assert_eq!(claims(&token)["oid"], who.object_id());
        }
        office.world.seconds(3000).await;
    }
    let names: Vec<_> = office.world.scheduler.status().await.into_iter().map(|status| status.name).collect();
    assert_eq!(names.len(), 4, "an exchange token and a token for each: {names:?}");
    for who in [&office.anna, &office.bert] {
        assert_eq!(names.iter().filter(|name| name.contains(who.client_id())).count(), 2, "{names:?}");
        let paths = office.asked_by(&office.blueprint).into_iter().map(|exchange| exchange.fmi_path.unwrap());
        assert!(paths.filter(|path| path == who.client_id()).count() >= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_stays_fresh_through_a_day() {
    let office = Office::new();
    let handle = office.keep(office.agent(&office.anna).token(ARM).unwrap());
    ready(&handle).await;
    for _ in 0..24 * 60 {
        office.world.seconds(60).await;
        assert!(handle.peek().is_some());
    }
    assert!(office.world.twin.exchanges().iter().all(|exchange| exchange.code().is_none()));
    // Of an hour, a bit more than a half is used: some 40 tokens a day.
    for client in [&office.blueprint, &office.anna] {
        let count = office.asked_by(client).len();
        assert!((36..=48).contains(&count), "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_exchange_token_goes_when_nothing_of_the_agent_is_in_use() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    let handle = office.keep(agent.token(ARM).unwrap());
    ready(&handle).await;
    drop(agent);
    office.world.seconds(1).await;
    assert_eq!(office.world.scheduler.status().await.len(), 2, "the token still needs it");
    drop(handle);
    office.world.seconds(2).await;
    assert_eq!(office.world.scheduler.status().await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_blueprint_that_is_not_trusted_is_what_its_agents_report() {
    let office = Office::new();
    let identity = office.world.issuer.token().subject("somebody else").audience("api://AzureADTokenExchange").sign();
    let client = tokenex_azure::Entra::federated(
        office.world.tenant.id(),
        office.blueprint.client_id(),
        tokenex_core::sources::StaticText::new(identity),
    );
    let blueprint = tokenex_azure::AgentBlueprint::new(client.build().unwrap());
    let agent = blueprint.agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    let error = office.keep(agent.token(ARM).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("AADSTS700213")));
    assert_eq!(error.step(), Some("agent exchange token"));
    assert_eq!(error.presented().unwrap().subject, "somebody else");
}

#[tokio::test(start_paused = true)]
async fn an_agent_of_another_blueprint_is_refused() {
    let office = Office::new();
    let stranger = office.world.tenant.blueprint("others").agent("stranger");
    let error = office.keep(office.agent(&stranger).token(ARM).unwrap()).get().await.unwrap_err();
    assert_eq!(error.step(), Some("agent exchange token"));
    assert!(!error.is_transient() && error.code().unwrap().starts_with("AADSTS"), "{error}");
    assert!(office.asked_by(&stranger).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_the_agent_may_not_have_is_the_agents_own_failure() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    let error = office.keep(agent.token("https://unknown.example/.default").unwrap()).get().await.unwrap_err();
    assert_eq!((error.code(), error.step()), (Some("AADSTS500011"), Some("agent token")));
    ready(&office.keep(agent.token(ARM).unwrap())).await;
}

#[tokio::test(start_paused = true)]
async fn no_token_of_the_chain_shows_anywhere() {
    let office = Office::new();
    let canary = Canary::new();
    let recording = canary.record();
    let person = office.world.tenant.user("person@contoso.example").token_for(&office.blueprint);
    let account = office.anna.agent_user("anna@contoso.example");
    let agent = office.agent(&office.anna);
    let acting = agent.user(&office.world.scheduler, tokenex_azure::AgentUser::object_id(account.object_id())).unwrap();
    let on_behalf_of = agent.on_behalf_of(tokenex_core::sources::StaticText::new(person)).unwrap();
    let providers = [agent.token(ARM), acting.token(GRAPH), on_behalf_of.token(GRAPH)].map(Result::unwrap);
    for provider in providers {
        canary.search_debug("provider", &provider);
        let handle = office.keep(provider);
        canary.watch("token", ready(&handle).await.secret().expose());
        canary.search_debug("handle and token", &(&handle, &*handle.get().await.unwrap()));
    }
    for request in office.world.network.requests() {
        for name in ["client_assertion", "assertion", "user_federated_identity_credential"] {
            if let Some(secret) = field(&request, name) {
                canary.watch(name, &secret);
            }
        }
        canary.search("address", format!("{}?{}", request.path(), request.query()));
    }
    // An endpoint that repeats what it was sent.
    office.world.answers(|request| {
        let said = format!("AADSTS50027: {}", String::from_utf8_lossy(request.body()));
        let body = serde_json::json!({"error": "invalid_request", "error_description": said, "error_codes": [50027]});
        crate::world::reply(400, &body)
    });
    for provider in [agent.token(GRAPH), acting.token(ARM), on_behalf_of.token(ARM)] {
        canary.search_error("refusal", &office.keep(provider.unwrap()).get().await.unwrap_err());
    }
    canary.search_debug("agent", &(&agent, &acting, &on_behalf_of));
    canary.search_debug("status", &office.world.scheduler.status().await);
    canary.search("shutdown", office.world.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    drop(recording);
    canary.assert_clean();
}
