//! MSAL for Python, unmodified and with documented arguments only, takes the twin for Entra; and Entra's refusals reach it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::twins::azure::App;

use crate::world::{STORAGE, SUBJECT, World, claims};

const EXCHANGE: &str = "api://AzureADTokenExchange/.default";

/// A script beside this file that prints what MSAL answers, given this question.
pub(crate) async fn answer(name: &str, question: &Value, adjust: impl FnOnce(PythonScript) -> PythonScript) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/python").join(name);
    let script = PythonScript::new(script).unwrap().input(question.to_string());
    let end = adjust(script).run().await.unwrap();
    assert!(end.succeeded(), "{}", end.stderr());
    serde_json::from_str(end.stdout()).unwrap()
}

/// The claims of the token that MSAL got.
pub(crate) fn claims_of(answer: &Value) -> Value {
    let token = answer["access_token"].as_str();
    claims(token.unwrap_or_else(|| panic!("no token: {} {}", answer["error"], answer["error_description"])))
}

/// MSAL got this code instead of a token.
pub(crate) fn assert_refused(answer: &Value, code: u64) {
    assert_eq!(answer["error_codes"], json!([code]), "{}", answer["error_description"]);
    let text = answer["error_description"].as_str().unwrap();
    assert!(text.starts_with(&format!("AADSTS{code}: ")), "{text}");
    assert!(answer.get("access_token").is_none());
}

/// MSAL's answers to one client that asks for each of the paths, with a workload's assertion about this subject.
async fn by_assertion(world: &World, app: &App, subject: &str, scope: &str, paths: &[Option<&str>]) -> Value {
    by_this_assertion(world, app, &world.assertion(subject), scope, paths).await
}

/// As [`by_assertion`], with any assertion.
pub(crate) async fn by_this_assertion(
    world: &World,
    app: &App,
    assertion: &str,
    scope: &str,
    paths: &[Option<&str>],
) -> Value {
    let question = json!({
        "authority": world.authority(),
        "client_id": app.client_id(),
        "assertion": assertion,
        "scopes": [scope],
        "paths": paths,
    });
    answer("client_assertion.py", &question, |script| script.trust(world.certificates.ca_pem())).await
}

fn blueprint_with_two_agents(world: &World) -> (App, [App; 2]) {
    let blueprint = world.trusting(world.tenant.blueprint("assistants"));
    let agents = ["one", "two"].map(|name| blueprint.agent(name));
    (blueprint, agents)
}

#[tokio::test]
async fn msal_gets_a_token_for_an_assertion_and_reads_its_times() {
    let world = World::new().await;
    world.entra.refresh_in(Duration::from_secs(1800));
    let app = world.app();

    let answers = by_assertion(&world, &app, SUBJECT, STORAGE, &[None, None]).await;

    let claims = claims_of(&answers[0]);
    assert_eq!((&claims["aud"], &claims["appid"]), (&json!("https://storage.azure.com"), &json!(app.client_id())));
    assert_eq!(
        (&answers[0]["token_source"], &answers[1]["token_source"]),
        (&json!("identity_provider"), &json!("cache"))
    );
    assert_eq!(answers[0]["expires_in"], 3599);
    assert!(answers[0]["refresh_on"].is_number(), "{answers}");
    assert_eq!(world.entra.exchanges().len(), 1);
}

#[tokio::test]
async fn msal_is_refused_with_the_wrong_subject() {
    let world = World::new().await;
    let app = world.app();
    for (subject, code) in [("somebody", 700_213), (&SUBJECT.to_uppercase(), 7_002_138)] {
        let answers = by_assertion(&world, &app, subject, STORAGE, &[None]).await;
        assert_refused(&answers[0], code);
        assert!(answers[0]["error_description"].as_str().unwrap().contains(subject), "{answers}");
    }
}

#[tokio::test]
async fn msal_gets_one_exchange_token_of_a_blueprint_for_each_agent() {
    let world = World::new().await;
    let (blueprint, agents) = blueprint_with_two_agents(&world);
    let paths = agents.each_ref().map(|agent| Some(agent.client_id()));

    let answers = by_assertion(&world, &blueprint, SUBJECT, EXCHANGE, &paths).await;

    for (answer, agent) in answers.as_array().unwrap().iter().zip(&agents) {
        let claims = claims_of(answer);
        let path = format!("/eid1/c/pub/t/{}/a/{}/{}", world.tenant.id(), blueprint.client_id(), agent.client_id());
        assert_eq!((&claims["azp"], &claims["sub"]), (&json!(blueprint.client_id()), &json!(path)));
    }
    let stranger = by_assertion(&world, &blueprint, "somebody", EXCHANGE, &paths[..1]).await;
    assert_refused(&stranger[0], 700_213);
}

#[tokio::test]
async fn msal_acts_as_the_user_of_an_agent() {
    let world = World::new().await;
    let (blueprint, [agent, other]) = blueprint_with_two_agents(&world);
    let user = agent.agent_user("assistant@contoso.onmicrosoft.com");
    let legs = async |subject, agent: &App| {
        let question = json!({
            "authority": world.authority(),
            "blueprint": blueprint.client_id(),
            "agent": agent.client_id(),
            "assertion": world.assertion(subject),
            "username": user.principal_name(),
            "scopes": ["https://graph.microsoft.com/.default"],
        });
        answer("agent_user.py", &question, |script| script.trust(world.certificates.ca_pem())).await
    };

    let claims = claims_of(&legs(SUBJECT, &agent).await[2]);
    assert_eq!((&claims["upn"], &claims["idtyp"]), (&json!(user.principal_name()), &json!("user")));
    assert_eq!((&claims["oid"], &claims["xms_sub_fct"]), (&json!(user.object_id()), &json!("13")));

    // Another agent of the same blueprint gets a token of its own, and does not become this user.
    let of_other = legs(SUBJECT, &other).await;
    claims_of(&of_other[1]);
    assert_refused(&of_other[2], 65_001);
    let of_stranger = legs("somebody", &agent).await;
    assert_refused(&of_stranger[0], 700_213);
    assert_eq!(of_stranger.as_array().unwrap().len(), 1, "it ends at the first leg");
}

#[tokio::test]
async fn msal_acts_for_a_person_who_signed_in_at_the_blueprint_of_an_agent() {
    let world = World::new().await;
    let (blueprint, [agent, _]) = blueprint_with_two_agents(&world);
    let person = world.tenant.user("mira@contoso.onmicrosoft.com");
    let on_behalf = async |user_token: String| {
        let question = json!({
            "authority": world.authority(),
            "blueprint": blueprint.client_id(),
            "agent": agent.client_id(),
            "assertion": world.assertion(SUBJECT),
            "user_token": user_token,
            "scopes": ["https://graph.microsoft.com/.default"],
        });
        answer("on_behalf_of.py", &question, |script| script.trust(world.certificates.ca_pem())).await
    };

    let claims = claims_of(&on_behalf(person.token_for(&blueprint)).await);
    assert_eq!((&claims["oid"], &claims["appid"]), (&json!(person.object_id()), &json!(agent.client_id())));
    // Somebody who signed in elsewhere is not the blueprint's to act for.
    let elsewhere = on_behalf(person.token_for(&world.tenant.app("shop"))).await;
    assert_refused(&elsewhere, 500_131);
}
