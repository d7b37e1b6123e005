//! Agents on behalf of people.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokenex_azure::{AgentBlueprint, ClientSecret, Entra};
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{ErrorKind, State};

use crate::agents::office::{Office, claims, ready};
use crate::world::{ARM, GRAPH, HOST, field};

const PERSON: &str = "person@contoso.example";

#[tokio::test(start_paused = true)]
async fn an_agent_acts_for_a_person_who_signed_in_at_the_blueprint() {
    let office = Office::new();
    let person = office.world.tenant.user(PERSON);
    let token = person.token_for(&office.blueprint);
    let acting = office.agent(&office.anna).on_behalf_of(StaticText::new(&*token)).unwrap();
    let claims = claims(&*ready(&office.keep(acting.token(GRAPH).unwrap())).await);
    assert_eq!(
        (claims["oid"].as_str(), claims["appid"].as_str()),
        (Some(person.object_id()), Some(office.anna.client_id()))
    );
    let request = office.world.network.requests().pop().unwrap();
    for (name, value) in [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", office.anna.client_id()),
        ("assertion", &token),
        ("requested_token_use", "on_behalf_of"),
        ("scope", GRAPH),
    ] {
        assert_eq!(field(&request, name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_agents_for_the_same_person_never_share_a_token() {
    let office = Office::new();
    let person = office.world.tenant.user(PERSON).token_for(&office.blueprint);
    let mut seen = Vec::new();
    for agent in [&office.anna, &office.bert] {
        let acting = office.agent(agent).on_behalf_of(StaticText::new(&*person)).unwrap();
        let tokens = acting.tokens(&office.world.scheduler);
        let token = ready(&tokens.handle(GRAPH).unwrap()).await;
        assert_eq!(claims(&token)["appid"], agent.client_id());
        seen.push(token.secret().expose().to_owned());
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_signed_in_elsewhere_is_refused_before_anything_is_sent() {
    let office = Office::new();
    let elsewhere = office.world.tenant.user(PERSON).token_for(&office.world.app);
    let acting = office.agent(&office.anna).on_behalf_of(StaticText::new(elsewhere)).unwrap();
    let error = office.keep(acting.token(GRAPH).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("wrong_audience")));
    assert_eq!((error.provider(), error.step()), (Some("azure"), Some("on-behalf-of token")));
    assert!(error.to_string().contains(office.blueprint.client_id()), "{error}");
    assert!(office.asked_by(&office.anna).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_source_of_the_persons_token_is_asked_for_the_blueprint_and_asked_anew() {
    let office = Office::new();
    let person = office.world.tenant.user(PERSON);
    let asked = Arc::new(AtomicUsize::new(0));
    let (blueprint, counted) = (office.blueprint.clone(), asked.clone());
    let source = Closure::plain(move |audience| {
        assert_eq!(audience.as_deref(), Some(blueprint.client_id()));
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(person.token_for(&blueprint))
    });
    let acting = office.agent(&office.anna).on_behalf_of(source).unwrap();
    let handle = office.keep(acting.token(GRAPH).unwrap());
    ready(&handle).await;
    for _ in 0..4 {
        office.world.seconds(3600).await;
        assert!(handle.peek().is_some());
    }
    assert_eq!(asked.load(Ordering::Relaxed), office.asked_by(&office.anna).len());
}

#[tokio::test(start_paused = true)]
async fn when_the_session_of_the_person_is_over_the_last_token_lives_to_its_end() {
    let office = Office::new();
    let person = office.world.tenant.user(PERSON).token_for(&office.blueprint);
    office.world.seconds(1800).await;
    let acting = office.agent(&office.anna).on_behalf_of(StaticText::new(person)).unwrap();
    let handle = office.keep(acting.token(GRAPH).unwrap());
    ready(&handle).await;

    // The person's token has run out for long, the one made of it has not.
    office.world.seconds(3300).await;
    assert!(handle.peek().is_some());
    let status = handle.status();
    assert_eq!(status.state, State::Degraded);
    assert_eq!(status.failing.unwrap().last.code(), Some("expired"));
    office.world.seconds(600).await;
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("expired")));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_of_a_person_is_shown_as_it_was_and_the_agents_own_stays() {
    let office = Office::new();
    let forged = office.world.issuer.token().subject("somebody").audience(office.blueprint.client_id()).sign();
    let acting = office.agent(&office.anna).on_behalf_of(StaticText::new(forged)).unwrap();
    let error = office.keep(acting.token(GRAPH).unwrap()).get().await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS50013"));
    assert_eq!(error.presented().unwrap().subject, "somebody");
    assert_eq!((office.asked_by(&office.blueprint).len(), office.asked_by(&office.anna).len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_newer_token_of_the_person_is_sent_in_the_same_attempt() {
    let office = Office::new();
    let person = office.world.tenant.user(PERSON);
    let forged = office.world.issuer.token().subject("somebody").audience(office.blueprint.client_id()).sign();
    let (asked, blueprint) = (AtomicUsize::new(0), office.blueprint.clone());
    let source = Closure::plain(move |_| {
        Ok(match asked.fetch_add(1, Ordering::Relaxed) {
            0 => forged.clone(),
            _ => person.token_for(&blueprint),
        })
    });
    let acting = office.agent(&office.anna).on_behalf_of(source).unwrap();
    let handle = office.keep(acting.token(GRAPH).unwrap());
    handle.get().await.unwrap();
    assert_eq!((handle.status().attempts, office.asked_by(&office.anna).len()), (1, 2));
    assert_eq!(office.asked_by(&office.blueprint).len(), 1, "the exchange token was not what was refused");
}

#[tokio::test(start_paused = true)]
async fn where_the_id_of_the_blueprint_comes_with_its_secret_the_audience_has_to_be_named() {
    let office = Office::new();
    let secret = office.blueprint.add_secret();
    let (id, value) = (office.blueprint.client_id().to_owned(), secret.value().to_owned());
    let source = Closure::plain(move |_| Ok(ClientSecret::new(&*id, &*value)));
    let client = Entra::client_secret(office.world.tenant.id(), source).build().unwrap();
    let blueprint = AgentBlueprint::new(client);
    let person = StaticText::new(office.world.tenant.user(PERSON).token_for(&office.blueprint));

    let agent = blueprint.agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    let error = agent.on_behalf_of(person.clone()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("user_audience")));
    assert!(error.to_string().contains("accept_user_audience"), "{error}");
    ready(&office.keep(agent.token(ARM).unwrap())).await;

    let blueprint = blueprint.accept_user_audience(office.blueprint.client_id());
    let agent = blueprint.agent(&office.world.scheduler, office.anna.client_id()).unwrap();
    ready(&office.keep(agent.on_behalf_of(person).unwrap().token(GRAPH).unwrap())).await;
    assert_eq!(office.world.network.count(HOST), 4);
}
