//! An exchange token that is refused is told to whoever keeps it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokenex_azure::AgentUser;
use tokenex_core::State;
use tokenex_core::sources::Closure;
use tokenex_testkit::issuer::OldKey;
use tokenex_testkit::twins::Twin as _;

use crate::agents::office::{Office, ready};
use crate::world::{ARM, GRAPH, reply};

/// After a key of Entra's own was withdrawn, all its older tokens are refused.
fn withdraw_keys(office: &Office) {
    office.world.tenant.rotate_keys(OldKey::Dropped);
}

#[tokio::test(start_paused = true)]
async fn an_agent_whose_exchange_token_is_refused_gets_a_new_one_in_the_same_attempt() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    ready(&office.keep(agent.token(ARM).unwrap())).await;
    withdraw_keys(&office);

    let handle = office.keep(agent.token(GRAPH).unwrap());
    handle.get().await.unwrap();
    assert_eq!(handle.status().attempts, 1);
    let codes: Vec<_> = office.asked_by(&office.anna).iter().map(|exchange| exchange.code()).collect();
    assert_eq!(codes, [None, Some(7_000_272), None]);
    assert_eq!(office.asked_by(&office.blueprint).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn so_does_a_user_whose_agent_has_to_vouch_anew() {
    let office = Office::new();
    office.anna.agent_user("anna@contoso.example");
    let user = AgentUser::principal_name("anna@contoso.example");
    let acting = office.agent(&office.anna).user(&office.world.scheduler, user).unwrap();
    ready(&office.keep(acting.token(ARM).unwrap())).await;
    withdraw_keys(&office);

    let handle = office.keep(acting.token(GRAPH).unwrap());
    handle.get().await.unwrap();
    assert_eq!(handle.status().attempts, 1);
    let asked = office.asked_by(&office.anna);
    let codes: Vec<_> = asked.iter().map(|exchange| (&*exchange.grant_type, exchange.code())).collect();
    let (itself, user, stale) = ("client_credentials", "user_fic", Some(7_000_272));
    // A new exchange token is not enough: what the agent vouches with was signed by the withdrawn key as well.
    assert_eq!(codes, [(itself, None), (user, None), (user, stale), (user, stale), (itself, None), (user, None)]);
    assert_eq!(office.asked_by(&office.blueprint).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn so_does_a_person_whose_own_token_is_still_good() {
    let office = Office::new();
    let person = office.world.tenant.user("person@contoso.example");
    let blueprint = office.blueprint.clone();
    let source = Closure::plain(move |_| Ok(person.token_for(&blueprint)));
    let acting = office.agent(&office.anna).on_behalf_of(source).unwrap();
    ready(&office.keep(acting.token(ARM).unwrap())).await;
    withdraw_keys(&office);

    let handle = office.keep(acting.token(GRAPH).unwrap());
    handle.get().await.unwrap();
    assert_eq!((handle.status().attempts, office.asked_by(&office.blueprint).len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn one_attempt_tells_once_and_reports_are_few() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    // Entra goes on making exchange tokens, and takes none of them.
    let (twin, anna) = (office.world.twin.clone(), office.anna.client_id().to_owned());
    let (made, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (makes, refuses) = (made.clone(), refused.clone());
    office.world.answers(move |request| {
        if !String::from_utf8_lossy(request.body()).contains(&format!("client_id={anna}")) {
            makes.fetch_add(1, Ordering::Relaxed);
            return twin.answer(request);
        }
        refuses.fetch_add(1, Ordering::Relaxed);
        reply(
            401,
            &json!({"error": "invalid_client", "error_description": "AADSTS700027: no", "error_codes": [700027]}),
        )
    });
    let handle = office.keep(agent.token(ARM).unwrap());
    let error = handle.get().await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS700027"));
    let counts = || (made.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
    assert_eq!((handle.status().attempts, counts()), (1, (2, 2)));

    office.world.seconds(3600).await;
    let (made, refused) = counts();
    let attempts = usize::try_from(handle.status().attempts).unwrap();
    assert!(attempts > 2 && refused <= 2 * attempts && made <= attempts + 3, "{attempts} {made} {refused}");
    assert_eq!(handle.status().state, State::Failing);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_no_new_exchange_token_mends_tells_nobody() {
    let office = Office::new();
    let agent = office.agent(&office.anna);
    let handle = office.keep(agent.token("https://unknown.example/.default").unwrap());
    handle.get().await.unwrap_err();
    assert_eq!((office.asked_by(&office.blueprint).len(), office.asked_by(&office.anna).len()), (1, 1));
}
